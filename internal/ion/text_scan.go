package ion

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const longQuote = "'''"

// longString reads strings in long quotes and joins them.
func (r *textReader) longString() (string, error) {
	var parts []string
	for r.at(longQuote) {
		r.pos += len(longQuote)
		part, err := r.quoted(longQuote, false)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
		if err := r.skipSpace(); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, ""), nil
}

// quoted reads up to the closing quote and past it. A clob is made of bytes: ASCII, and \x for the rest.
func (r *textReader) quoted(quote string, clob bool) (string, error) {
	var out []byte // what was read before from, if it is not a plain piece of the input
	from := r.pos
	for r.pos < len(r.in) {
		c := r.in[r.pos]
		switch {
		case c == quote[0] && r.at(quote):
			text := r.in[from:r.pos]
			r.pos += len(quote)
			if out == nil {
				return text, nil
			}
			return string(append(out, text...)), nil
		case c == '\\':
			out = append(out, r.in[from:r.pos]...)
			var err error
			if out, err = r.escape(out, clob); err != nil {
				return "", err
			}
			from = r.pos
		case c == '\r' && quote == longQuote:
			out = append(append(out, r.in[from:r.pos]...), '\n')
			r.newline()
			from = r.pos
		case c == '\n' && quote == longQuote, c == '\t', c == '\v', c == '\f':
			r.pos++
		case c < ' ':
			return "", r.unexpected("a printable character")
		case clob && c >= utf8.RuneSelf:
			return "", r.unexpected("an ASCII character")
		default:
			r.pos++
		}
	}
	return "", r.unexpected("the closing " + quote)
}

// newline skips one line end: LF, CR or CRLF.
func (r *textReader) newline() {
	if r.at("\r\n") {
		r.pos++
	}
	r.pos++
}

// escape reads an escape and appends what it stands for.
func (r *textReader) escape(dst []byte, clob bool) ([]byte, error) {
	start := r.pos
	r.pos++
	c := r.peek(0)
	if c == '\n' || c == '\r' {
		r.newline()
		return dst, nil
	}
	r.pos++
	if i := strings.IndexByte("0abtnfrv\"'?\\/", c); i >= 0 && c != 0 {
		return append(dst, "\x00\a\b\t\n\f\r\v\"'?\\/"[i]), nil
	}
	digits := 0
	switch {
	case c == 'x':
		digits = 2
	case c == 'u' && !clob:
		digits = 4
	case c == 'U' && !clob:
		digits = 8
	}
	n, ok := r.hex(digits)
	switch {
	case !ok:
	case clob:
		return append(dst, byte(n)), nil
	case c == 'u' && 0xd800 <= n && n < 0xdc00 && r.at(`\u`):
		r.pos += 2
		if low, ok := r.hex(4); ok && 0xdc00 <= low && low < 0xe000 {
			return utf8.AppendRune(dst, rune(0x10000+(n-0xd800)<<10+(low-0xdc00))), nil
		}
	case n <= utf8.MaxRune && utf8.ValidRune(rune(n)):
		return utf8.AppendRune(dst, rune(n)), nil
	}
	r.pos = start
	return nil, r.fault("escape that does not exist")
}

// hex reads that many hexadecimal digits; ok is false for none.
func (r *textReader) hex(digits int) (n uint64, ok bool) {
	if digits == 0 || r.pos+digits > len(r.in) {
		return 0, false
	}
	text := r.in[r.pos : r.pos+digits]
	r.pos += digits
	n, err := strconv.ParseUint(text, 16, 32)
	return n, err == nil && text[0] != '+'
}

// lob reads a blob or a clob. Only white space may stand around its content, no comments.
func (r *textReader) lob() (Value, error) {
	r.pos += 2
	r.skipWhite()
	v := Value{kind: ClobType}
	var err error
	switch {
	case r.peek(0) == '"':
		r.pos++
		v.text, err = r.quoted(`"`, true)
		r.skipWhite()
	case r.at(longQuote):
		var parts []string
		for err == nil && r.at(longQuote) {
			r.pos += len(longQuote)
			var part string
			part, err = r.quoted(longQuote, true)
			parts = append(parts, part)
			r.skipWhite()
		}
		v.text = strings.Join(parts, "")
	default:
		v.kind = BlobType
		v.text, err = r.base64()
	}
	if err != nil {
		return Value{}, err
	}
	if !r.at("}}") {
		return Value{}, r.unexpected("'}}'")
	}
	r.pos += 2
	return v, nil
}

func (r *textReader) skipWhite() {
	for isSpace(r.peek(0)) {
		r.pos++
	}
}

func (r *textReader) base64() (string, error) {
	start := r.pos
	end := strings.IndexByte(r.in[start:], '}')
	if end < 0 {
		r.pos = len(r.in)
		return "", r.unexpected("'}}'")
	}
	compact := make([]byte, 0, end)
	for _, c := range []byte(r.in[start : start+end]) {
		if !isSpace(c) {
			compact = append(compact, c)
		}
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(compact)))
	n, err := base64.StdEncoding.Decode(out, compact)
	if err != nil {
		return "", r.fault("blob that is not base64")
	}
	r.pos += end
	return string(out[:n]), nil
}

// number reads an int, a float, a decimal or a timestamp, and checks that it ends here.
func (r *textReader) number() (Value, error) {
	v, err := r.anyNumber()
	if err != nil {
		return Value{}, err
	}
	if c := r.peek(0); r.pos < len(r.in) && !isSpace(c) && strings.IndexByte("{}[](),\"'", c) < 0 &&
		!r.at("//") && !r.at("/*") {
		return Value{}, r.unexpected("the end of a number")
	}
	return v, nil
}

func (r *textReader) anyNumber() (Value, error) {
	if r.atTimestamp() {
		return r.timestamp()
	}
	negative := r.peek(0) == '-'
	if negative {
		r.pos++
	}
	if r.peek(0) == '0' {
		switch r.peek(1) {
		case 'x', 'X':
			return r.radix(negative, 16, 2)
		case 'b', 'B':
			return r.radix(negative, 2, 8)
		}
	}
	start := r.pos
	whole, err := r.digits(10)
	if err != nil {
		return Value{}, err
	}
	if len(whole) > 1 && whole[0] == '0' {
		r.pos = start
		return Value{}, r.fault("number with leading zeros")
	}
	fraction, point := "", r.peek(0) == '.'
	if point {
		r.pos++
		if isDigit(r.peek(0)) {
			if fraction, err = r.digits(10); err != nil {
				return Value{}, err
			}
		}
	}
	switch r.peek(0) {
	case 'e', 'E':
		return r.float(negative, whole, fraction)
	case 'd', 'D':
		return r.decimal(negative, whole, fraction)
	}
	m, err := r.magnitude(whole+fraction, 10)
	if err != nil {
		return Value{}, err
	}
	if point {
		return Decimal{m, negative, -int32(len(fraction))}.Value(), nil
	}
	return intValue(m, negative), nil
}

// digits reads digits, between which single underscores may stand, and returns them without.
func (r *textReader) digits(base int) (string, error) {
	start, plain := r.pos, true
	for {
		if !isBaseDigit(r.peek(0), base) {
			return "", r.unexpected("a digit")
		}
		for isBaseDigit(r.peek(0), base) {
			r.pos++
		}
		if r.peek(0) != '_' {
			break
		}
		plain = false
		r.pos++
	}
	if text := r.in[start:r.pos]; plain {
		return text, nil
	}
	return strings.ReplaceAll(r.in[start:r.pos], "_", ""), nil
}

func isBaseDigit(c byte, base int) bool {
	switch base {
	case 2:
		return c == '0' || c == '1'
	case 10:
		return isDigit(c)
	default:
		return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
	}
}

// radix reads an int in base 2 or 16.
func (r *textReader) radix(negative bool, base, digitsPerByte int) (Value, error) {
	r.pos += 2
	digits, err := r.digits(base)
	if err != nil {
		return Value{}, err
	}
	if err := r.budget.number(len(strings.TrimLeft(digits, "0")) / digitsPerByte); err != nil {
		return Value{}, err
	}
	m := magnitudeOfDigits(digits, base)
	return intValue(m, negative), r.budget.number(len(m.big))
}

// magnitude checks the number of digits before it converts them, which takes time quadratic in it.
func (r *textReader) magnitude(digits string, base int) (magnitude, error) {
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return magnitude{}, nil
	}
	if err := r.budget.number(len(digits) / 5 * 2); err != nil { // 2.41 decimal digits a byte
		return magnitude{}, err
	}
	m := magnitudeOfDigits(digits, base)
	return m, r.budget.number(len(m.big))
}

func (r *textReader) exponent() (text string, err error) {
	r.pos++
	start := r.pos
	if c := r.peek(0); c == '+' || c == '-' {
		r.pos++
	}
	if !isDigit(r.peek(0)) {
		return "", r.unexpected("a digit")
	}
	for isDigit(r.peek(0)) {
		r.pos++
	}
	return r.in[start:r.pos], nil
}

// float rounds to the nearest float, which is an infinity for 1e999, as the specification has it.
func (r *textReader) float(negative bool, whole, fraction string) (Value, error) {
	exponent, err := r.exponent()
	if err != nil {
		return Value{}, err
	}
	f, _ := strconv.ParseFloat(whole+"."+fraction+"e"+exponent, 64)
	if negative {
		f = math.Copysign(f, -1)
	}
	return Float(f), nil
}

func (r *textReader) decimal(negative bool, whole, fraction string) (Value, error) {
	start := r.pos
	text, err := r.exponent()
	if err != nil {
		return Value{}, err
	}
	exponent, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		exponent -= int64(len(fraction))
	}
	if err != nil || exponent < math.MinInt32 || exponent > math.MaxInt32 {
		r.pos = start
		return Value{}, r.fault("exponent beyond 32 bits")
	}
	m, err := r.magnitude(whole+fraction, 10)
	return Decimal{m, negative, int32(exponent)}.Value(), err
}

// parseNumber reads text that is one number or timestamp and nothing else.
func parseNumber(text string) (Value, error) {
	r, err := newTextReader(text, Options{})
	if err != nil {
		return Value{}, err
	}
	if !isDigit(r.peek(0)) && !(r.peek(0) == '-' && isDigit(r.peek(1))) {
		return Value{}, r.unexpected("a number")
	}
	v, err := r.number()
	if err == nil && r.pos < len(text) {
		return Value{}, r.unexpected("the end of a number")
	}
	return v, err
}
