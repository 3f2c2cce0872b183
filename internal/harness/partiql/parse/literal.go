package parse

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// ionLength is the number of bytes before the backtick that ends the Ion text at the start of s.
// Backticks inside Ion's strings, symbols and comments do not end it.
func ionLength(s string) (n int, reason string) {
	for n < len(s) {
		rest := s[n:]
		switch {
		case rest[0] == '`':
			return n, ""
		case strings.HasPrefix(rest, "'''"):
			n = closing(s, n+3, "'''")
		case rest[0] == '\'' || rest[0] == '"':
			n = closing(s, n+1, rest[:1])
		case strings.HasPrefix(rest, "//"):
			n = after(s, n+2, "\n")
		case strings.HasPrefix(rest, "/*"):
			n = after(s, n+2, "*/")
		case strings.HasPrefix(rest, "{{"):
			n = lob(s, n+2)
		default:
			n++
		}
	}
	return 0, "Ion literal without closing backtick"
}

// closing is the index after the next delimiter in s from n on that no backslash escapes.
func closing(s string, n int, delimiter string) int {
	for n < len(s) {
		switch {
		case s[n] == '\\':
			n += 2
		case strings.HasPrefix(s[n:], delimiter):
			return n + len(delimiter)
		default:
			n++
		}
	}
	return len(s)
}

func after(s string, n int, delimiter string) int {
	i := strings.Index(s[min(n, len(s)):], delimiter)
	if i < 0 {
		return len(s)
	}
	return n + i + len(delimiter)
}

// lob is the index after a blob or the opening of a clob's text. Base64 may hold //, which is no comment there.
func lob(s string, n int) int {
	for n < len(s) && strings.IndexByte("}'\"`", s[n]) < 0 {
		n++
	}
	return n
}

// numberValue is the int or the decimal that text, a number token, denotes.
func numberValue(text string) (v ion.Value, reason string) {
	mantissa, exponent := text, int64(0)
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
		n, err := strconv.ParseInt(text[i+1:], 10, 32)
		if err != nil {
			return v, "exponent out of range"
		}
		exponent = n
	}
	whole, fraction, isDecimal := strings.Cut(mantissa, ".")
	coefficient, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return v, "not a number"
	}
	if !isDecimal && len(mantissa) == len(text) {
		return ion.BigInt(coefficient), ""
	}
	exponent -= int64(len(fraction))
	if exponent < math.MinInt32 {
		return v, "exponent out of range"
	}
	return ion.NewBigDecimal(coefficient, int32(exponent)).Value(), ""
}
