package ion

// ParseTimestamp reads an Ion timestamp: "2007T", "2007-02-23T12:14:33.079-08:00". The error is a *SyntaxError or a
// *LimitError.
func ParseTimestamp(text string) (Timestamp, error) {
	v, err := parseNumber(text)
	if err != nil {
		return Timestamp{}, err
	}
	if v.kind != TimestampType {
		return Timestamp{}, &SyntaxError{Line: 1, Column: 1, Reason: "not a timestamp"}
	}
	return v.Timestamp(), nil
}

// atTimestamp says whether four digits and what only a timestamp has after them stand here.
func (r *textReader) atTimestamp() bool {
	for i := range 4 {
		if !isDigit(r.peek(i)) {
			return false
		}
	}
	return r.peek(4) == 'T' || r.peek(4) == '-'
}

func (r *textReader) timestamp() (Value, error) {
	start := r.pos
	c := clock{month: 1, day: 1}
	p, err := r.date(&c)
	if err != nil {
		return Value{}, err
	}
	offset, fraction := unknownOffset, ""
	if p == Day && isDigit(r.peek(0)) && r.in[r.pos-1] == 'T' {
		if p, fraction, err = r.timeOfDay(&c); err != nil {
			return Value{}, err
		}
		if offset, err = r.offset(); err != nil {
			return Value{}, err
		}
	}
	t, reason := newTimestamp(c, p, offset, fraction)
	if reason != "" {
		r.pos = start
		return Value{}, r.fault(reason)
	}
	return t.Value(), nil
}

// date reads a date of any precision and the T that ends it, which may be missing after a day.
func (r *textReader) date(c *clock) (p Precision, err error) {
	if c.year, err = r.fixed(4); err != nil {
		return 0, err
	}
	p = Year
	for _, part := range []*int{&c.month, &c.day} {
		if r.peek(0) != '-' {
			break
		}
		r.pos++
		if *part, err = r.fixed(2); err != nil {
			return 0, err
		}
		p++
	}
	switch {
	case r.peek(0) == 'T':
		r.pos++
	case p < Day:
		return 0, r.unexpected("'T'")
	}
	return p, nil
}

func (r *textReader) timeOfDay(c *clock) (p Precision, fraction string, err error) {
	if c.hour, err = r.fixed(2); err != nil {
		return 0, "", err
	}
	if c.minute, err = r.after(':'); err != nil {
		return 0, "", err
	}
	if r.peek(0) != ':' {
		return Minute, "", nil
	}
	if c.second, err = r.after(':'); err != nil {
		return 0, "", err
	}
	if r.peek(0) != '.' {
		return Second, "", nil
	}
	r.pos++
	start := r.pos
	for isDigit(r.peek(0)) {
		r.pos++
	}
	switch fraction = r.in[start:r.pos]; {
	case fraction == "":
		return 0, "", r.unexpected("a digit")
	case len(fraction) > maxFractionDigits:
		return 0, "", &LimitError{Limit: "fraction digits", Max: maxFractionDigits}
	}
	return Second, fraction, nil
}

// offset reads Z or ±hh:mm, where -00:00 means unknown.
func (r *textReader) offset() (int, error) {
	sign := r.peek(0)
	switch sign {
	case 'Z':
		r.pos++
		return 0, nil
	case '+', '-':
	default:
		return 0, r.unexpected("an offset")
	}
	r.pos++
	hours, err := r.fixed(2)
	if err != nil {
		return 0, err
	}
	minutes, err := r.after(':')
	switch {
	case err != nil:
		return 0, err
	case hours > 23 || minutes > 59:
		return 0, r.fault("timestamp offset out of range")
	case sign == '+':
		return hours*60 + minutes, nil
	case hours+minutes == 0:
		return unknownOffset, nil
	default:
		return -hours*60 - minutes, nil
	}
}

// after reads a separator and two digits.
func (r *textReader) after(separator byte) (int, error) {
	if r.peek(0) != separator {
		return 0, r.unexpected("'" + string(rune(separator)) + "'")
	}
	r.pos++
	return r.fixed(2)
}

// fixed reads a number of exactly that many digits.
func (r *textReader) fixed(digits int) (int, error) {
	n := 0
	for range digits {
		if !isDigit(r.peek(0)) {
			return 0, r.unexpected("a digit")
		}
		n = n*10 + int(r.peek(0)-'0')
		r.pos++
	}
	return n, nil
}
