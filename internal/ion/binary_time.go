package ion

import "strings"

// timestamp reads the body of a timestamp: offset, then the parts in UTC as far as the precision goes, then the
// fraction of the second as exponent and coefficient.
func (r *binaryReader) timestamp(stop int) (Value, error) {
	size, negative, err := r.varInt(stop)
	if err != nil {
		return Value{}, err
	}
	offset := int(min(size, 1440))
	switch {
	case negative && size == 0:
		offset = unknownOffset
	case size >= 1440:
		return Value{}, r.fault("timestamp offset of a day or more")
	case negative:
		offset = -offset
	}
	c := clock{month: 1, day: 1}
	parts := 0
	for _, part := range []*int{&c.year, &c.month, &c.day, &c.hour, &c.minute, &c.second} {
		if r.pos == stop {
			break
		}
		n, err := r.varUint(stop)
		if err != nil {
			return Value{}, err
		}
		*part = int(min(n, 10000)) // out of range stays out of range
		parts++
	}
	var p Precision
	switch parts {
	case 0:
		return Value{}, r.fault("timestamp without a year")
	case 4:
		return Value{}, r.fault("timestamp with an hour but no minute")
	case 5, 6:
		p = Precision(parts - 1)
	default:
		p = Precision(parts)
	}
	fraction := ""
	if r.pos < stop {
		if fraction, err = r.fraction(stop); err != nil {
			return Value{}, err
		}
	}
	t, reason := fromUTC(c, p, offset, fraction)
	if reason != "" {
		return Value{}, r.fault(reason)
	}
	return t.Value(), nil
}

// fromUTC is newTimestamp for parts in UTC.
func fromUTC(c clock, p Precision, offset int, fraction string) (t Timestamp, reason string) {
	if reason := c.check(); reason != "" {
		return Timestamp{}, reason
	}
	if p >= Minute && offset != unknownOffset {
		c = c.plusMinutes(offset)
	}
	return newTimestamp(c, p, offset, fraction)
}

// fraction reads the fraction of a second as its digits. A zero coefficient whose exponent is not negative is none.
func (r *binaryReader) fraction(stop int) (string, error) {
	exponent, err := r.exponent(stop)
	if err != nil {
		return "", err
	}
	coefficient, negative := r.signed(stop)
	switch {
	case coefficient.isZero() && exponent >= 0:
		return "", nil
	case exponent >= 0 || negative && !coefficient.isZero():
		return "", r.fault("fraction of a second below 0 or above 1")
	case exponent < -maxFractionDigits:
		return "", &LimitError{Limit: "fraction digits", Max: maxFractionDigits}
	case len(coefficient.big) > maxFractionDigits/2:
		return "", r.fault("fraction of a second below 0 or above 1")
	}
	digits := string(coefficient.appendDigits(nil))
	if len(digits) > -int(exponent) {
		return "", r.fault("fraction of a second below 0 or above 1")
	}
	return strings.Repeat("0", -int(exponent)-len(digits)) + digits, nil
}

// appendTimestamp writes the body that timestamp reads.
func appendTimestamp(dst []byte, t Timestamp) []byte {
	offset, known := t.Offset()
	switch {
	case !known:
		dst = append(dst, 0xc0)
	case offset < 0:
		dst = appendVarInt(dst, uint64(-offset), true)
	default:
		dst = appendVarInt(dst, uint64(offset), false)
	}
	c, p := t.utc(), t.Precision()
	dst = appendVarUint(dst, uint64(c.year))
	if p >= Month {
		dst = append(dst, 0x80|byte(c.month))
	}
	if p >= Day {
		dst = append(dst, 0x80|byte(c.day))
	}
	if p >= Minute {
		dst = append(dst, 0x80|byte(c.hour), 0x80|byte(c.minute))
	}
	if p >= Second {
		dst = append(dst, 0x80|byte(c.second))
	}
	if t.fraction == "" {
		return dst
	}
	dst = appendVarInt(dst, uint64(len(t.fraction)), true)
	return appendSigned(dst, magnitudeOfDigits(t.fraction, 10), false)
}

// appendDecimal writes the body of a decimal: nothing for 0., else exponent and coefficient.
func appendDecimal(dst []byte, d Decimal) []byte {
	if d == (Decimal{}) {
		return dst
	}
	exponent := int64(d.exponent)
	if exponent < 0 {
		dst = appendVarInt(dst, uint64(-exponent), true)
	} else {
		dst = appendVarInt(dst, uint64(exponent), false)
	}
	return appendSigned(dst, d.coefficient, d.negative)
}

// appendMagnitude writes m big-endian without leading zeros: nothing for zero.
func appendMagnitude(dst []byte, m magnitude) []byte {
	if m.big != "" {
		return append(dst, m.big...)
	}
	for shift := 56; shift >= 0; shift -= 8 {
		if m.small>>shift != 0 {
			dst = append(dst, byte(m.small>>shift))
		}
	}
	return dst
}

// appendSigned writes an Int: nothing for zero, 0x80 for negative zero, else m with the sign in its highest bit.
func appendSigned(dst []byte, m magnitude, negative bool) []byte {
	start := len(dst)
	dst = append(dst, 0)
	dst = appendMagnitude(dst, m)
	if len(dst) > start+1 && dst[start+1] < 0x80 || m.isZero() && !negative {
		dst = append(dst[:start], dst[start+1:]...)
	}
	if negative {
		dst[start] |= 0x80
	}
	return dst
}

func appendVarUint(dst []byte, n uint64) []byte {
	for shift := 63; shift > 0; shift -= 7 {
		if n>>shift != 0 {
			dst = append(dst, byte(n>>shift)&0x7f)
		}
	}
	return append(dst, byte(n)|0x80)
}

func appendVarInt(dst []byte, n uint64, negative bool) []byte {
	var sign byte
	if negative {
		sign = 0x40
	}
	if n < 64 {
		return append(dst, 0x80|sign|byte(n))
	}
	start := len(dst)
	dst = appendVarUint(dst, n)
	if dst[start]&0x40 != 0 {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = 0
	}
	dst[start] |= sign
	return dst
}
