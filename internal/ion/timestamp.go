package ion

import (
	"strconv"
	"strings"
	"time"
)

// A Precision is the finest part a timestamp states.
type Precision uint8

// The precisions. A Second may carry a fraction, whose digits count: 1.5 and 1.50 seconds differ.
const (
	Year Precision = iota + 1
	Month
	Day
	Minute
	Second
)

// A Timestamp is an instant together with how precisely and in which offset it was written. Timestamps that are the
// same value of the Ion data model are ==. The zero Timestamp is none; its Value is null.timestamp.
//
// packed holds, from the low bits: offset in minutes plus 1440, or 0 if unknown (12 bits); precision (3); second (6),
// minute (6), hour (5), day (5), month (4), year (14), all in UTC, as binary Ion has them. Parts finer than the
// precision are those of the instant where it begins.
type Timestamp struct {
	packed   uint64
	fraction string // digits after the decimal point of the second
}

const (
	offsetBits    = 12
	precisionBits = 3
	unknownOffset = 1 << 20 // beyond every offset, which lies within a day
)

// clock is a date and a time of day.
type clock struct{ year, month, day, hour, minute, second int }

// newTimestamp checks local time c, given with offset minutes. reason is "" or says what is wrong.
func newTimestamp(c clock, p Precision, offset int, fraction string) (t Timestamp, reason string) {
	if reason := c.check(); reason != "" {
		return Timestamp{}, reason
	}
	if p <= Day {
		offset = unknownOffset
	}
	shift := offset
	if offset == unknownOffset {
		shift = 0
	}
	if shift <= -1440 || shift >= 1440 {
		return Timestamp{}, "timestamp offset of a day or more"
	}
	c = c.plusMinutes(-shift)
	if c.year < 1 || c.year > 9999 {
		return Timestamp{}, "timestamp outside the years 1 to 9999 in UTC"
	}
	var stored uint64
	if offset != unknownOffset {
		stored = uint64(offset + 1440)
	}
	packed := uint64(c.year)
	packed = packed<<4 | uint64(c.month)
	packed = packed<<5 | uint64(c.day)
	packed = packed<<5 | uint64(c.hour)
	packed = packed<<6 | uint64(c.minute)
	packed = packed<<6 | uint64(c.second)
	packed = packed<<precisionBits | uint64(p)
	return Timestamp{packed: packed<<offsetBits | stored, fraction: fraction}, ""
}

func (c clock) check() string {
	switch {
	case c.year < 1 || c.year > 9999:
		return "timestamp year out of range"
	case c.month < 1 || c.month > 12:
		return "timestamp month out of range"
	case c.day < 1 || c.day > daysIn(c.year, c.month):
		return "timestamp day out of range"
	case c.hour > 23 || c.minute > 59 || c.second > 59:
		return "timestamp time of day out of range"
	default:
		return ""
	}
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// plusMinutes moves c by less than a day.
func (c clock) plusMinutes(n int) clock {
	n += c.hour*60 + c.minute
	switch {
	case n < 0:
		n += 1440
		c.day--
	case n >= 1440:
		n -= 1440
		c.day++
	}
	c.hour, c.minute = n/60, n%60
	switch {
	case c.day < 1:
		if c.month--; c.month < 1 {
			c.month = 12
			c.year--
		}
		c.day = daysIn(c.year, c.month)
	case c.day > daysIn(c.year, c.month):
		c.day = 1
		if c.month++; c.month > 12 {
			c.month = 1
			c.year++
		}
	}
	return c
}

// NewTimestamp is t cut to precision p and, for Second, to the given number of fraction digits (0 to 9). Its offset is
// that of t's location in whole minutes. Years outside 1 to 9999 and offsets of a day or more give the zero Timestamp.
//
// QLDB's own timestamps are NewTimestamp(t.UTC(), ion.Second, 3).
func NewTimestamp(t time.Time, p Precision, fractionDigits int) Timestamp {
	_, seconds := t.Zone()
	offset := seconds / 60
	t = t.In(time.FixedZone("", offset*60))
	c := clock{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second()}
	digits := ""
	if p == Second {
		digits = strconv.Itoa(1_000_000_000 + t.Nanosecond())[1:][:max(0, min(fractionDigits, 9))]
	}
	stamp, _ := newTimestamp(c.cut(p), p, offset, digits)
	return stamp
}

// cut sets what is finer than p to where it begins.
func (c clock) cut(p Precision) clock {
	if p < Month {
		c.month = 1
	}
	if p < Day {
		c.day = 1
	}
	if p < Minute {
		c.hour, c.minute = 0, 0
	}
	if p < Second {
		c.second = 0
	}
	return c
}

func (t Timestamp) utc() clock {
	p := t.packed >> (offsetBits + precisionBits)
	return clock{
		second: int(p & 63), minute: int(p >> 6 & 63), hour: int(p >> 12 & 31),
		day: int(p >> 17 & 31), month: int(p >> 22 & 15), year: int(p >> 26),
	}
}

func (t Timestamp) local() clock {
	offset, _ := t.Offset()
	return t.utc().plusMinutes(offset)
}

// Precision is the finest part t states, 0 for the zero Timestamp.
func (t Timestamp) Precision() Precision { return Precision(t.packed >> offsetBits & 7) }

// Offset is the local offset in minutes; known is false for -00:00 and for dates.
func (t Timestamp) Offset() (minutes int, known bool) {
	stored := int(t.packed & (1<<offsetBits - 1))
	if stored == 0 {
		return 0, false
	}
	return stored - 1440, true
}

// Fraction is the digits after the decimal point of the second, "" if none were given.
func (t Timestamp) Fraction() string { return t.fraction }

// Time is t as a time.Time in t's offset (UTC if unknown), without the digits beyond nanoseconds.
func (t Timestamp) Time() time.Time {
	if t.Precision() == 0 {
		return time.Time{}
	}
	offset, _ := t.Offset()
	zone := time.UTC
	if offset != 0 {
		zone = time.FixedZone("", offset*60)
	}
	nanoseconds, _ := strconv.Atoi((t.fraction + "000000000")[:9])
	c := t.utc()
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, nanoseconds, time.UTC).In(zone)
}

// Compare orders instants exactly, whatever their precision and offset: -1, 0 or 1. Timestamps that Compare as 0 may
// still differ as values.
func (t Timestamp) Compare(u Timestamp) int {
	a, b := t.packed>>(offsetBits+precisionBits), u.packed>>(offsetBits+precisionBits)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return strings.Compare(strings.TrimRight(t.fraction, "0"), strings.TrimRight(u.fraction, "0"))
	}
}

// Value is t as a Value.
func (t Timestamp) Value() Value {
	if t.Precision() == 0 {
		return Null(TimestampType)
	}
	return Value{kind: TimestampType, num: t.packed, text: t.fraction}
}

// String is t in Ion text: "2007-02-23T12:14:33.079-08:00".
func (t Timestamp) String() string { return string(t.appendText(nil)) }

func (t Timestamp) appendText(dst []byte) []byte {
	p := t.Precision()
	if p == 0 {
		return append(dst, "null.timestamp"...)
	}
	c := t.local()
	dst = appendPadded(dst, c.year, 4)
	if p >= Month {
		dst = appendPadded(append(dst, '-'), c.month, 2)
	}
	if p == Day { // without the T, as the service writes it
		return appendPadded(append(dst, '-'), c.day, 2)
	}
	if p > Day {
		dst = appendPadded(append(dst, '-'), c.day, 2)
	}
	dst = append(dst, 'T')
	if p < Day {
		return dst
	}
	dst = appendPadded(dst, c.hour, 2)
	dst = appendPadded(append(dst, ':'), c.minute, 2)
	if p == Second {
		dst = appendPadded(append(dst, ':'), c.second, 2)
		if t.fraction != "" {
			dst = append(append(dst, '.'), t.fraction...)
		}
	}
	offset, known := t.Offset()
	switch {
	case !known:
		return append(dst, "-00:00"...)
	case offset == 0:
		return append(dst, 'Z')
	case offset < 0:
		dst, offset = append(dst, '-'), -offset
	default:
		dst = append(dst, '+')
	}
	return appendPadded(append(appendPadded(dst, offset/60, 2), ':'), offset%60, 2)
}

// appendPadded writes n with the given number of digits, two or four.
func appendPadded(dst []byte, n, digits int) []byte {
	if digits == 4 {
		dst = append(dst, byte('0'+n/1000), byte('0'+n/100%10))
	}
	return append(dst, byte('0'+n/10%10), byte('0'+n%10))
}
