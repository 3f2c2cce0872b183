package query

import "strings"

// A refusal says why a statement is not one read-only SELECT.
type refusal string

const (
	notSelect  refusal = "It does not begin with SELECT. Only SELECT statements are run here, since all others write."
	several    refusal = "Something follows the semicolon. One statement is run."
	unfinished refusal = "A comment, a text, a quoted name or an Ion literal in it does not end."
	tooLong    refusal = "It is longer than 100,000 characters, which is the most the service takes."
)

// maxStatement is what the service takes, in characters.
//
// Source: QLDB developer guide, "Quotas".
const maxStatement = 100_000

// check accepts one SELECT, "" for none wrong. In PartiQL as QLDB speaks it a SELECT cannot change anything: it has
// neither nested DML nor procedures.
//
// Source: QLDB PartiQL reference, "SELECT".
func check(statement string) refusal {
	if len([]rune(statement)) > maxStatement {
		return tooLong
	}
	first, rest, ok := word(statement)
	switch {
	case !ok:
		return unfinished
	case !strings.EqualFold(first, "SELECT"):
		return notSelect
	}
	for rest != "" {
		at := strings.IndexAny(rest, "'\"`-/;")
		if at < 0 {
			return ""
		}
		rest = rest[at:]
		switch {
		case rest[0] == ';':
			after, ok := blank(rest[1:])
			if !ok {
				return unfinished
			}
			if after != "" {
				return several
			}
			return ""
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "/*"):
			rest, ok = blank(rest)
		case rest[0] == '-', rest[0] == '/':
			rest = rest[1:]
		case rest[0] == '`':
			rest, ok = ionLiteral(rest[1:])
		default: // a doubled quote reads as two texts side by side, which end at the same place
			_, rest, ok = strings.Cut(rest[1:], rest[:1])
		}
		if !ok {
			return unfinished
		}
	}
	return ""
}

// word is the first word of a statement, after blanks and comments.
func word(s string) (first, rest string, ok bool) {
	s, ok = blank(s)
	end := strings.IndexFunc(s, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], ok
}

// blank skips blanks and comments. ok is false if a comment does not end.
func blank(s string) (rest string, ok bool) {
	for {
		s = strings.TrimLeft(s, " \t\r\n\v\f")
		switch {
		case strings.HasPrefix(s, "--"):
			_, s, _ = strings.Cut(s, "\n")
		case strings.HasPrefix(s, "/*"):
			if _, s, ok = strings.Cut(s[2:], "*/"); !ok {
				return "", false
			}
		default:
			return s, true
		}
	}
}

// ionLiteral skips an Ion literal up to its backtick: one inside a text, a symbol or a comment of Ion is not the end.
func ionLiteral(s string) (rest string, ok bool) {
	for {
		at := strings.IndexAny(s, "`\"'/")
		if at < 0 {
			return "", false
		}
		opening := s[at:]
		switch {
		case opening[0] == '`':
			return opening[1:], true
		case strings.HasPrefix(opening, "//"):
			_, s, ok = strings.Cut(opening, "\n")
		case strings.HasPrefix(opening, "/*"):
			_, s, ok = strings.Cut(opening[2:], "*/")
		case opening[0] == '/':
			s, ok = opening[1:], true
		case strings.HasPrefix(opening, "'''"):
			s, ok = quoted(opening[3:], "'''")
		default:
			s, ok = quoted(opening[1:], opening[:1])
		}
		if !ok {
			return "", false
		}
	}
}

// quoted skips to behind an Ion text's closing quote; a backslash takes the meaning of the character after it.
func quoted(s, quote string) (rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], quote):
			return s[i+len(quote):], true
		}
	}
	return "", false
}
