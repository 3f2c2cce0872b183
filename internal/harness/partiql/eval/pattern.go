package eval

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A symbol is a run of one letter in the pattern of TO_STRING and TO_TIMESTAMP, or text that stands for itself.
type symbol struct {
	letter  byte // 0 for text
	count   int
	literal string
}

// lengths are how often each letter may be repeated; 0 is any number of times.
//
// Source: Amazon QLDB Developer Guide, "Timestamp format strings".
var lengths = map[byte]int{'y': 4, 'M': 4, 'd': 2, 'a': 1, 'h': 2, 'H': 2, 'm': 2, 's': 2, 'S': 0, 'n': 0, 'X': 5}

// symbols splits a pattern. reason is "" or says what is wrong with it.
func symbols(pattern string) (list []symbol, reason string) {
	for pattern != "" {
		c := pattern[0]
		switch {
		case c == '\'':
			end := strings.IndexByte(pattern[1:], '\'')
			if end < 0 {
				return nil, "the pattern has a quote without end"
			}
			text := pattern[1 : 1+end]
			if text == "" {
				text = "'"
			}
			list = append(list, symbol{literal: text})
			pattern = pattern[end+2:]
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			n := len(pattern) - len(strings.TrimLeft(pattern, string(c)))
			limit, ok := lengths[c]
			if !ok || limit > 0 && n > limit || c == 'y' && n == 3 || c == 'S' && n > 100 {
				return nil, fmt.Sprintf("the pattern has %s, which means nothing", pattern[:n])
			}
			list = append(list, symbol{letter: c, count: n})
			pattern = pattern[n:]
		default:
			list = append(list, symbol{literal: pattern[:1]})
			pattern = pattern[1:]
		}
	}
	return list, ""
}

func toString(c *ast.Call, args []value) (value, error) {
	t, err := stamp(c, args, 0)
	if err != nil {
		return missing, err
	}
	pattern, err := text(c, args, 1)
	if err != nil {
		return missing, err
	}
	list, reason := symbols(pattern)
	if reason != "" {
		return missing, fault(c.Pos, "%s", reason)
	}
	var out []byte
	for _, s := range list {
		out = s.format(out, t)
	}
	return of(ion.String(string(out))), nil
}

func (s symbol) format(dst []byte, t ion.Timestamp) []byte {
	x := local(t)
	switch s.letter {
	case 0:
		return append(dst, s.literal...)
	case 'y':
		if s.count == 2 {
			return fmt.Appendf(dst, "%02d", x.Year()%100)
		}
		return fmt.Appendf(dst, "%0*d", s.count, x.Year())
	case 'M':
		switch s.count {
		case 3:
			return append(dst, x.Month().String()[:3]...)
		case 4:
			return append(dst, x.Month().String()...)
		}
		return fmt.Appendf(dst, "%0*d", s.count, x.Month())
	case 'd':
		return fmt.Appendf(dst, "%0*d", s.count, x.Day())
	case 'a':
		return x.AppendFormat(dst, "PM")
	case 'h':
		return fmt.Appendf(dst, "%0*d", s.count, (x.Hour()+11)%12+1)
	case 'H':
		return fmt.Appendf(dst, "%0*d", s.count, x.Hour())
	case 'm':
		return fmt.Appendf(dst, "%0*d", s.count, x.Minute())
	case 's':
		return fmt.Appendf(dst, "%0*d", s.count, x.Second())
	case 'S':
		return append(dst, (t.Fraction() + strings.Repeat("0", s.count))[:s.count]...)
	case 'n':
		return strconv.AppendInt(dst, int64(t.Time().Nanosecond()), 10)
	default:
		return s.offset(dst, t)
	}
}

// offset writes Z for UTC, as X does; the even counts leave out the colon.
func (s symbol) offset(dst []byte, t ion.Timestamp) []byte {
	minutes, _ := t.Offset()
	if minutes == 0 {
		return append(dst, 'Z')
	}
	sign := byte('+')
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	dst = fmt.Appendf(append(dst, sign), "%02d", minutes/60)
	switch {
	case s.count == 1 && minutes%60 == 0:
		return dst
	case s.count == 3 || s.count == 5:
		dst = append(dst, ':')
	}
	return fmt.Appendf(dst, "%02d", minutes%60)
}

func toTimestamp(c *ast.Call, args []value) (value, error) {
	s, err := text(c, args, 0)
	if err != nil {
		return missing, err
	}
	if len(args) == 1 {
		t, err := ion.ParseTimestamp(s)
		if err != nil {
			return missing, fault(c.Pos, "'%.50s' is not a timestamp", s)
		}
		return of(t.Value()), nil
	}
	pattern, err := text(c, args, 1)
	if err != nil {
		return missing, err
	}
	list, reason := symbols(pattern)
	if reason != "" {
		return missing, fault(c.Pos, "%s", reason)
	}
	r := reader{rest: s, month: 1, day: 1, offset: "-00:00"}
	for _, x := range list {
		if !r.read(x) {
			return missing, fault(c.Pos, "'%.50s' does not match the pattern '%.50s'", s, pattern)
		}
	}
	t, ok := r.timestamp()
	if r.rest != "" || !ok {
		return missing, fault(c.Pos, "'%.50s' does not match the pattern '%.50s'", s, pattern)
	}
	return of(t.Value()), nil
}

// A reader takes a timestamp apart as a pattern says.
type reader struct {
	rest                                   string
	precision                              ion.Precision
	year, month, day, hour, minute, second int
	fraction, offset                       string
	half                                   bool // hour counts to 12
	pm                                     bool
}

func (r *reader) saw(p ion.Precision) { r.precision = max(r.precision, p) }

// number reads up to most digits, and at least least.
func (r *reader) number(n *int, least, most int) bool {
	i := 0
	for i < len(r.rest) && i < most && r.rest[i] >= '0' && r.rest[i] <= '9' {
		i++
	}
	if i < least {
		return false
	}
	*n, _ = strconv.Atoi(r.rest[:i])
	r.rest = r.rest[i:]
	return true
}

// two reads one or two digits for a single letter, two for a doubled one.
func (r *reader) two(n *int, count int) bool { return r.number(n, count, 2) }

func (r *reader) read(s symbol) (ok bool) {
	switch s.letter {
	case 0:
		r.rest, ok = strings.CutPrefix(r.rest, s.literal)
		return ok
	case 'y':
		r.saw(ion.Year)
		return r.readYear(s.count)
	case 'M':
		r.saw(ion.Month)
		if s.count >= 3 {
			return r.monthName(s.count == 3)
		}
		return r.two(&r.month, s.count)
	case 'd':
		r.saw(ion.Day)
		return r.two(&r.day, s.count)
	case 'a':
		return r.readHalf()
	case 'h':
		r.saw(ion.Minute)
		r.half = true
		return r.two(&r.hour, s.count) && r.hour >= 1 && r.hour <= 12
	case 'H':
		r.saw(ion.Minute)
		return r.two(&r.hour, s.count)
	case 'm':
		r.saw(ion.Minute)
		return r.two(&r.minute, s.count)
	case 's':
		r.saw(ion.Second)
		return r.two(&r.second, s.count)
	case 'S', 'n':
		r.saw(ion.Second)
		return r.readFraction(s)
	default:
		return r.readOffset(s.count)
	}
}

func (r *reader) readYear(count int) bool {
	switch count {
	case 2:
		ok := r.number(&r.year, 2, 2)
		if r.year < 70 {
			r.year += 100
		}
		r.year += 1900
		return ok
	case 4:
		return r.number(&r.year, 4, 4)
	default:
		return r.number(&r.year, 1, 4)
	}
}

func (r *reader) monthName(short bool) bool {
	for m := time.January; m <= time.December; m++ {
		name := m.String()
		if short {
			name = name[:3]
		}
		if len(r.rest) >= len(name) && strings.EqualFold(r.rest[:len(name)], name) {
			r.month, r.rest = int(m), r.rest[len(name):]
			return true
		}
	}
	return false
}

func (r *reader) readHalf() bool {
	if len(r.rest) < 2 {
		return false
	}
	half := strings.ToUpper(r.rest[:2])
	r.rest = r.rest[2:]
	r.pm = half == "PM"
	return r.pm || half == "AM"
}

func (r *reader) readFraction(s symbol) bool {
	n := len(r.rest) - len(strings.TrimLeft(r.rest, "0123456789"))
	if s.letter == 'S' {
		n = min(n, s.count)
	}
	if n == 0 || s.letter == 'n' && n > 9 {
		return false
	}
	r.fraction = r.rest[:n]
	if s.letter == 'n' { // a count, not digits after the point
		r.fraction = strings.Repeat("0", 9-n) + r.fraction
	}
	r.rest = r.rest[n:]
	return true
}

func (r *reader) readOffset(count int) bool {
	if rest, ok := strings.CutPrefix(r.rest, "Z"); ok {
		r.rest, r.offset = rest, "Z"
		return true
	}
	if r.rest == "" || r.rest[0] != '+' && r.rest[0] != '-' {
		return false
	}
	sign := r.rest[:1]
	r.rest = r.rest[1:]
	hours, minutes := 0, 0
	if !r.number(&hours, 2, 2) {
		return false
	}
	if count == 3 || count == 5 {
		rest, ok := strings.CutPrefix(r.rest, ":")
		if !ok {
			return false
		}
		r.rest = rest
	}
	least := 2
	if count == 1 {
		least = 0
	}
	if !r.number(&minutes, least, 2) {
		return false
	}
	r.offset = fmt.Sprintf("%s%02d:%02d", sign, hours, minutes)
	return true
}

// timestamp checks what was read. A part that no coarser one leads to cannot stand alone.
func (r *reader) timestamp() (ion.Timestamp, bool) {
	if r.half {
		r.hour %= 12
	}
	if r.pm && r.half {
		r.hour += 12
	}
	x := time.Date(r.year, time.Month(r.month), r.day, r.hour, r.minute, r.second, 0, time.UTC)
	if x.Day() != r.day || int(x.Month()) != r.month ||
		x.Hour() != r.hour || x.Minute() != r.minute || x.Second() != r.second {
		return ion.Timestamp{}, false
	}
	return written(x, r.precision, r.offset, r.fraction)
}
