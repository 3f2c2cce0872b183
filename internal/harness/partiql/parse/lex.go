package parse

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

type kind uint8

const (
	end    kind = iota
	bad         // text is the reason
	word        // unquoted identifier or keyword
	quoted      // "identifier": text without the quotes
	str         // 'string': text without the quotes
	number      // text as written
	ionLit      // `ion`: text between the backticks
	mark        // operator or punctuation
)

type token struct {
	kind  kind
	text  string
	upper string // of a word, in upper case
	pos   ast.Pos
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "end of statement"
	case quoted:
		return `"` + t.text + `"`
	case str:
		return "'" + t.text + "'"
	case ionLit:
		return "`" + t.text + "`"
	default:
		return t.text
	}
}

// marks longer than one byte, longest match first.
var longMarks = [...]string{"<<", ">>", "<=", ">=", "<>", "!=", "||"}

const shortMarks = "()[]{},.;?@:+-*/%=<>"

type lexer struct {
	text      string
	at        int
	line, col int
}

// lex splits text into tokens, the last of which is an end or a bad one.
func lex(text string) []token {
	l := lexer{text: text, line: 1, col: 1}
	tokens := make([]token, 0, len(text)/5+4)
	for {
		t := l.next()
		tokens = append(tokens, t)
		if t.kind == end || t.kind == bad {
			return tokens
		}
	}
}

func (l *lexer) pos() ast.Pos { return ast.Pos{Line: l.line, Column: l.col} }

// skip moves over n bytes.
func (l *lexer) skip(n int) {
	for _, r := range l.text[l.at : l.at+n] {
		if r == '\n' {
			l.line++
			l.col = 1
		} else {
			l.col++
		}
	}
	l.at += n
}

func (l *lexer) rest() string { return l.text[l.at:] }

func (l *lexer) next() token {
	if reason := l.space(); reason != "" {
		return token{kind: bad, text: reason, pos: l.pos()}
	}
	pos := l.pos()
	rest := l.rest()
	if rest == "" {
		return token{kind: end, pos: pos}
	}
	t, n := scan(rest)
	t.pos = pos
	if t.kind != bad {
		l.skip(n)
	}
	return t
}

// scan reads the token at the start of rest, which is not empty, and its length in bytes.
func scan(rest string) (token, int) {
	c := rest[0]
	switch {
	case isLetter(c):
		n := 1
		for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n])) {
			n++
		}
		return token{kind: word, text: rest[:n], upper: strings.ToUpper(rest[:n])}, n
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return scanNumber(rest)
	case c == '\'':
		return scanQuoted(rest, str)
	case c == '"':
		return scanQuoted(rest, quoted)
	case c == '`':
		n, reason := ionLength(rest[1:])
		if reason != "" {
			return token{kind: bad, text: reason}, 0
		}
		return token{kind: ionLit, text: rest[1 : 1+n]}, n + 2
	}
	for _, m := range longMarks {
		if strings.HasPrefix(rest, m) {
			return token{kind: mark, text: m}, len(m)
		}
	}
	if strings.IndexByte(shortMarks, c) >= 0 {
		return token{kind: mark, text: rest[:1]}, 1
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{kind: bad, text: fmt.Sprintf("unexpected character %q", r)}, 0
}

// space skips blanks and comments.
func (l *lexer) space() (reason string) {
	for l.at < len(l.text) {
		rest := l.rest()
		switch {
		case strings.IndexByte(" \t\r\n\v\f", rest[0]) >= 0:
			l.skip(1)
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.skip(n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return "comment without end"
			}
			l.skip(n + 4)
		default:
			return ""
		}
	}
	return ""
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// scanQuoted reads text in the quotes that rest begins with; a doubled quote stands for itself.
func scanQuoted(rest string, k kind) (token, int) {
	quote := rest[:1]
	for n := 1; ; {
		i := strings.Index(rest[n:], quote)
		if i < 0 {
			return token{kind: bad, text: "text without closing quote"}, 0
		}
		n += i + 1
		if !strings.HasPrefix(rest[n:], quote) {
			text := strings.ReplaceAll(rest[1:n-1], quote+quote, quote)
			return token{kind: k, text: text}, n
		}
		n++
	}
}

func scanNumber(rest string) (token, int) {
	n := digits(rest, 0)
	if n < len(rest) && rest[n] == '.' {
		n = digits(rest, n+1)
	}
	if n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		n++
		if n < len(rest) && (rest[n] == '+' || rest[n] == '-') {
			n++
		}
		m := digits(rest, n)
		if m == n {
			return token{kind: bad, text: "exponent without digits"}, 0
		}
		n = m
	}
	if n < len(rest) && isLetter(rest[n]) {
		return token{kind: bad, text: "letter in a number"}, 0
	}
	return token{kind: number, text: rest[:n]}, n
}

// digits is the index of the first byte of s from n on that is not a digit.
func digits(s string, n int) int {
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}
