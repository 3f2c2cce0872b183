package ion

import (
	"encoding/base64"
	"math"
	"strings"
)

// String is v in Ion text, compact and on one line: person::{id:1,tags:["a",'b c']}.
func (v Value) String() string { return string(appendText(nil, v)) }

// EncodeText writes values as a stream of Ion text, each on its own line.
func EncodeText(values ...Value) []byte {
	var out []byte
	for _, v := range values {
		out = append(appendText(out, v), '\n')
	}
	return out
}

func appendText(dst []byte, v Value) []byte {
	for _, name := range v.Annotations() {
		dst = append(appendSymbol(dst, name), "::"...)
	}
	if v.IsNull() {
		dst = append(dst, "null"...)
		if v.kind != NullType {
			dst = append(append(dst, '.'), v.kind.String()...)
		}
		return dst
	}
	switch v.kind {
	case BoolType:
		if v.num == 1 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case IntType:
		if v.negative {
			dst = append(dst, '-')
		}
		return magnitude{v.num, v.text}.appendDigits(dst)
	case FloatType:
		return appendFloat(dst, math.Float64frombits(v.num))
	case DecimalType:
		return v.Decimal().appendText(dst, 'd')
	case TimestampType:
		return v.Timestamp().appendText(dst)
	case SymbolType:
		return appendSymbol(dst, v.text)
	case StringType:
		return appendQuoted(dst, v.text, '"')
	case ClobType:
		dst = append(dst, "{{"...)
		return append(appendClob(dst, v.text), "}}"...)
	case BlobType:
		dst = append(dst, "{{"...)
		return append(base64.StdEncoding.AppendEncode(dst, []byte(v.text)), "}}"...)
	default:
		return appendContainer(dst, v)
	}
}

func appendContainer(dst []byte, v Value) []byte {
	open, gap, end := byte('['), byte(','), byte(']')
	switch v.kind {
	case SexpType:
		open, gap, end = '(', ' ', ')'
	case StructType:
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i, item := range v.Items() {
		if i > 0 {
			dst = append(dst, gap)
		}
		dst = appendText(dst, item)
	}
	for i, f := range v.Fields() {
		if i > 0 {
			dst = append(dst, gap)
		}
		dst = append(appendSymbol(dst, f.Name), ':')
		dst = appendText(dst, f.Value)
	}
	return append(dst, end)
}

func appendSymbol(dst []byte, text string) []byte {
	switch {
	case text == NoText:
		return append(dst, "$0"...)
	case isIdentifier(text):
		return append(dst, text...)
	default:
		return appendQuoted(dst, text, '\'')
	}
}

// isIdentifier says whether a symbol needs no quotes: it looks like a name, and not like a keyword, a symbol number or
// a version marker.
func isIdentifier(text string) bool {
	switch text {
	case "", "null", "true", "false", "nan":
		return false
	}
	for i := range len(text) {
		if !isNameByte(text[i]) {
			return false
		}
	}
	return !isDigit(text[0]) && (text[0] != '$' || !isNumber(text[1:]) && !isVersion(text))
}

// isVersion says whether a word has the form of a version marker, of whatever version.
func isVersion(word string) bool {
	version, ok := strings.CutPrefix(word, "$ion_")
	major, minor, _ := strings.Cut(version, "_")
	return ok && isNumber(major) && isNumber(minor)
}

func isNumber(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' }) < 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '_' || c == '$'
}

// appendQuoted writes text between quotes, with escapes for the quote, the backslash and control characters.
func appendQuoted(dst []byte, text string, quote byte) []byte {
	dst = append(dst, quote)
	from := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != quote && c != '\\' && c != 0x7f {
			continue
		}
		dst = appendEscape(append(dst, text[from:i]...), c)
		from = i + 1
	}
	return append(append(dst, text[from:]...), quote)
}

func appendClob(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for i := range len(text) {
		if c := text[i]; c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			dst = append(dst, c)
		} else {
			dst = appendEscape(dst, c)
		}
	}
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\'', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	default:
		return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
}

const hexDigits = "0123456789abcdef"
