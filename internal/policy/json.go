package policy

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and arrays nest, and so the recursion of the reader. A policy needs six levels.
const maxDepth = 16

type kind byte

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// A node is one JSON value. Unlike encoding/json it remembers where it was, keeps members in order, and refuses two
// members of one name.
type node struct {
	kind    kind
	offset  int
	text    string // a string's decoded value; a number's or a boolean's literal
	items   []node
	members []member
}

type member struct {
	name   string
	offset int // of the name
	value  node
}

// scanner reads JSON text (RFC 8259).
type scanner struct {
	text  string
	pos   int
	depth int
}

func (s *scanner) errorf(offset int, format string, args ...any) error {
	return syntaxError(s.text, offset, fmt.Sprintf(format, args...))
}

// document reads the one value that is the whole text.
func (s *scanner) document() (node, error) {
	if err := s.charset(); err != nil {
		return node{}, err
	}
	n, err := s.value()
	if err != nil {
		return node{}, err
	}
	s.space()
	if s.pos < len(s.text) {
		return node{}, s.errorf(s.pos, "unexpected text after the policy")
	}
	return n, nil
}

// charset refuses characters that KMS does not take anywhere in a policy.
//
// Source: KMS API reference, PutKeyPolicy, Policy: printable ASCII, the printable characters of Latin-1 (through
// U+00FF), tab, line feed, carriage return.
func (s *scanner) charset() error {
	for i, r := range s.text {
		switch {
		case r >= 0x20 && r <= 0x7e, r >= 0xa0 && r <= 0xff, r == '\t', r == '\n', r == '\r':
		case r == utf8.RuneError && !strings.HasPrefix(s.text[i:], "\ufffd"):
			return s.errorf(i, "text is not valid UTF-8")
		default:
			return s.errorf(i, "character %U is not allowed: a key policy takes printable characters up to U+00FF", r)
		}
	}
	return nil
}

func (s *scanner) space() {
	for s.pos < len(s.text) && strings.IndexByte(" \t\n\r", s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// peek skips white space and returns the next byte, 0 at the end of the text.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

func (s *scanner) value() (node, error) {
	c := s.peek()
	n := node{offset: s.pos}
	var err error
	switch {
	case c == '{' || c == '[':
		if s.depth == maxDepth {
			return node{}, s.errorf(s.pos, "nested deeper than %d levels", maxDepth)
		}
		s.depth++
		if c == '{' {
			n.kind = kindObject
			n.members, err = s.object()
		} else {
			n.kind = kindArray
			n.items, err = s.array()
		}
		s.depth--
	case c == '"':
		n.kind = kindString
		n.text, err = s.string()
	case c == '-' || c >= '0' && c <= '9':
		n.kind = kindNumber
		n.text, err = s.number()
	case c == 0:
		err = s.errorf(s.pos, "unexpected end of the policy")
	default:
		n.kind, n.text, err = s.literal()
	}
	return n, err
}

func (s *scanner) literal() (kind, string, error) {
	for _, l := range [...]struct {
		word string
		kind kind
	}{{"true", kindBool}, {"false", kindBool}, {"null", kindNull}} {
		if strings.HasPrefix(s.text[s.pos:], l.word) {
			s.pos += len(l.word)
			return l.kind, l.word, nil
		}
	}
	return 0, "", s.unexpected("a JSON value")
}

// unexpected reports the next character, or the end of the text, where want should be.
func (s *scanner) unexpected(want string) error {
	if s.pos >= len(s.text) {
		return s.errorf(len(s.text), "unexpected end of the policy: expected %s", want)
	}
	r, _ := utf8.DecodeRuneInString(s.text[s.pos:])
	return s.errorf(s.pos, "unexpected character %q: expected %s", r, want)
}

func (s *scanner) array() ([]node, error) {
	s.pos++ // the bracket
	var items []node
	if s.peek() == ']' {
		s.pos++
		return items, nil
	}
	for {
		item, err := s.value()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		switch s.peek() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return items, nil
		default:
			return nil, s.unexpected("',' or ']'")
		}
	}
}

func (s *scanner) object() ([]member, error) {
	s.pos++ // the brace
	var members []member
	if s.peek() == '}' {
		s.pos++
		return members, nil
	}
	seen := names{}
	for {
		if s.peek() != '"' {
			return nil, s.unexpected("a member name in double quotes")
		}
		m := member{offset: s.pos}
		var err error
		if m.name, err = s.string(); err != nil {
			return nil, err
		}
		if !seen.add(m.name) {
			return nil, s.errorf(m.offset, "duplicate member %s", quote(m.name))
		}
		if s.peek() != ':' {
			return nil, s.unexpected("':'")
		}
		s.pos++
		if m.value, err = s.value(); err != nil {
			return nil, err
		}
		members = append(members, m)
		switch s.peek() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return members, nil
		default:
			return nil, s.unexpected("',' or '}'")
		}
	}
}

// names is a set of member names. Objects in policies have few members, so it starts as a list; an object with
// thousands must not cost the square of their number.
type names struct {
	few  []string
	many map[string]struct{}
}

func (n *names) add(name string) bool {
	const limit = 16
	if n.many == nil {
		for _, s := range n.few {
			if s == name {
				return false
			}
		}
		if n.few = append(n.few, name); len(n.few) > limit {
			n.many = make(map[string]struct{}, 4*limit)
			for _, s := range n.few {
				n.many[s] = struct{}{}
			}
		}
		return true
	}
	if _, ok := n.many[name]; ok {
		return false
	}
	n.many[name] = struct{}{}
	return true
}

// number reads a number and returns its literal.
func (s *scanner) number() (string, error) {
	start := s.pos
	s.accept("-")
	if !s.accept("0") && s.digits() == 0 {
		return "", s.unexpected("a digit")
	}
	if s.accept(".") && s.digits() == 0 {
		return "", s.unexpected("a digit")
	}
	if s.accept("eE") {
		s.accept("+-")
		if s.digits() == 0 {
			return "", s.unexpected("a digit")
		}
	}
	return s.text[start:s.pos], nil
}

func (s *scanner) accept(any string) bool {
	if s.pos < len(s.text) && strings.IndexByte(any, s.text[s.pos]) >= 0 {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) digits() int {
	n := 0
	for s.accept("0123456789") {
		n++
	}
	return n
}

// string reads a quoted string and returns its decoded value.
func (s *scanner) string() (string, error) {
	start := s.pos
	s.pos++ // the quotation mark
	if end := strings.IndexAny(s.text[s.pos:], "\"\\\t\n\r"); end >= 0 && s.text[s.pos+end] == '"' {
		plain := s.text[s.pos : s.pos+end]
		s.pos += end + 1
		return plain, nil
	}
	var b strings.Builder
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return b.String(), nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		case c < 0x20:
			return "", s.errorf(s.pos, "unescaped control character %U in a string", c)
		default:
			b.WriteByte(c)
			s.pos++
		}
	}
	return "", s.errorf(start, "string is not closed")
}

// escape reads one escape sequence. A surrogate without its other half is refused: it stands for no character, and
// replacing it would make different texts equal.
func (s *scanner) escape() (rune, error) {
	start := s.pos
	s.pos++ // the backslash
	if s.pos == len(s.text) {
		return 0, s.unexpected("an escape sequence")
	}
	c := s.text[s.pos]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		s.pos++
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if c != 'u' {
		return 0, s.errorf(start, "unknown escape sequence")
	}
	s.pos++
	r, ok := s.hex4()
	if !ok {
		return 0, s.errorf(start, `\u takes four hexadecimal digits`)
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if strings.HasPrefix(s.text[s.pos:], `\u`) {
		s.pos += 2
		low, ok := s.hex4()
		if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, s.errorf(start, "half of a surrogate pair")
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.text)-s.pos < 4 {
		return 0, false
	}
	var r rune
	for range 4 {
		c := s.text[s.pos]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
		s.pos++
	}
	return r, true
}
