package eval

import (
	"bytes"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// equal is x = y. It never fails.
func equal(x, y value) value {
	if v, ok := anyUnknown(x, y); ok {
		return v
	}
	return boolean(same(x, y))
}

// same says whether two known values are equal. It agrees with Key, which decides where there is
// no shorter way.
func same(x, y value) bool {
	switch {
	case x.isText() && y.isText():
		return x.ion.Text() == y.ion.Text()
	case x.isNumber() && y.isNumber():
		return compareNumbers(x.ion, y.ion) == 0
	case x.kind != y.kind, x.ion.Type() != y.ion.Type():
		return false
	default:
		a := appendKey(nil, x.ion, x.kind == bagged)
		return bytes.Equal(a, appendKey(nil, y.ion, y.kind == bagged))
	}
}

// compare orders two known values of one family: numbers, texts, timestamps or booleans.
func compare(x, y value, pos ast.Pos) (int, error) {
	switch {
	case x.isNumber() && y.isNumber():
		return compareNumbers(x.ion, y.ion), nil
	case x.isText() && y.isText():
		return strings.Compare(x.ion.Text(), y.ion.Text()), nil
	case x.is(ion.TimestampType) && y.is(ion.TimestampType):
		return x.ion.Timestamp().Compare(y.ion.Timestamp()), nil
	case x.is(ion.BoolType) && y.is(ion.BoolType):
		switch {
		case x.ion.Bool() == y.ion.Bool():
			return 0, nil
		case y.ion.Bool():
			return -1, nil
		default:
			return 1, nil
		}
	}
	return 0, fault(pos, "cannot compare %s with %s", x.typeName(), y.typeName())
}

// ordered is x op y for the operators that order.
func ordered(op ast.Op2, x, y value, pos ast.Pos) (value, error) {
	if v, ok := anyUnknown(x, y); ok {
		return v, nil
	}
	c, err := compare(x, y, pos)
	if err != nil {
		return missing, err
	}
	switch op {
	case ast.Less:
		return boolean(c < 0), nil
	case ast.LessEqual:
		return boolean(c <= 0), nil
	case ast.Greater:
		return boolean(c > 0), nil
	default:
		return boolean(c >= 0), nil
	}
}

// Like matching: a pattern is split once into what each of its characters asks for.
type wildcard uint8

const (
	exactly wildcard = iota
	one
	many
)

type glyph struct {
	want wildcard
	char rune
}

func likePattern(pattern, escape string, pos ast.Pos) ([]glyph, error) {
	esc := rune(-1)
	if runes := []rune(escape); len(runes) == 1 {
		esc = runes[0]
	} else if len(runes) > 1 {
		return nil, fault(pos, "ESCAPE takes one character")
	}
	var glyphs []glyph
	escaped := false
	for _, c := range pattern {
		switch {
		case escaped && c != '%' && c != '_' && c != esc:
			return nil, fault(pos, "the escape character must stand before %%, _ or itself")
		case escaped:
			escaped = false
			glyphs = append(glyphs, glyph{char: c})
		case c == esc:
			escaped = true
		case c == '%':
			glyphs = append(glyphs, glyph{want: many})
		case c == '_':
			glyphs = append(glyphs, glyph{want: one})
		default:
			glyphs = append(glyphs, glyph{char: c})
		}
	}
	if escaped {
		return nil, fault(pos, "the pattern ends in the escape character")
	}
	return glyphs, nil
}

// likeMatch matches all of text. After a mismatch it lets the last % take one character more, so it
// needs no more than len(text) * len(pattern) steps.
func likeMatch(text []rune, pattern []glyph) bool {
	i, j := 0, 0
	star, from := -1, 0
	for i < len(text) {
		switch {
		case j < len(pattern) && pattern[j].want == many:
			star, from = j, i
			j++
		case j < len(pattern) && (pattern[j].want == one || pattern[j].char == text[i]):
			i++
			j++
		case star >= 0:
			from++
			i, j = from, star+1
		default:
			return false
		}
	}
	for j < len(pattern) && pattern[j].want == many {
		j++
	}
	return j == len(pattern)
}
