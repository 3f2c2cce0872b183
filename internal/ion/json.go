package ion

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"unicode/utf8"
)

// ToJSON writes v as JSON by the rules of the Ion cookbook: every null is null, numbers keep their digits, nan and the
// infinities are null, timestamps and symbols are strings, a blob is base64, a clob is a string with one character per
// byte, S-expressions are arrays, annotations are left out. $0 is the string "$0". Fields keep their order, and names
// that repeat stay repeated, which few readers of JSON notice.
//
// Small decimals have no exponent unless they have more than 308 zeros after the point: FromJSON reads a number with an
// exponent as a float.
//
// Source: Amazon Ion Cookbook, "Down-converting to JSON".
func ToJSON(v Value) []byte { return appendJSON(nil, v) }

func appendJSON(dst []byte, v Value) []byte {
	if v.IsNull() {
		return append(dst, "null"...)
	}
	switch v.kind {
	case BoolType, IntType:
		v.nested = nil // the annotations
		return appendText(dst, v)
	case FloatType:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return append(dst, "null"...)
		}
		return appendFloat(dst, v.Float())
	case DecimalType:
		return v.Decimal().appendText(dst, 'e')
	case TimestampType:
		dst = v.Timestamp().appendText(append(dst, '"'))
		return append(dst, '"')
	case SymbolType, StringType:
		return appendJSONString(dst, v.text, false)
	case ClobType:
		runes := make([]rune, len(v.text))
		for i := range len(v.text) {
			runes[i] = rune(v.text[i])
		}
		return appendJSONString(dst, string(runes), true)
	case BlobType:
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), []byte(v.text))
		return append(dst, '"')
	case StructType:
		dst = append(dst, '{')
		for i, f := range v.Fields() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(append(appendJSONString(dst, f.Name, false), ':'), f.Value)
		}
		return append(dst, '}')
	default:
		dst = append(dst, '[')
		for i, item := range v.Items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, item)
		}
		return append(dst, ']')
	}
}

// appendJSONString escapes what JSON must and, as the cookbook has it for clobs, from 0x7f to 0xff.
func appendJSONString(dst []byte, text string, clob bool) []byte {
	if text == NoText && !clob {
		text = "$0"
	}
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c < ' ' || clob && c >= 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return append(dst, '"')
}

// FromJSON reads one JSON value as Ion: a number without point and exponent is an int, one with a point a decimal, one
// with an exponent a float; objects are structs with their fields in order. A float beyond 64 bits and a text with half
// a surrogate pair, which JSON allows, are refused. Errors are *SyntaxError, *LimitError and *CountError.
//
// Source: Amazon Ion Cookbook, "Up-converting from JSON".
func FromJSON(data []byte, o Options) (Value, error) {
	r, err := newTextReader(string(data), o)
	if err != nil {
		return Value{}, err
	}
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		var at *json.SyntaxError
		if errors.As(err, &at) {
			r.pos = max(0, min(int(at.Offset)-1, len(data)))
		}
		return Value{}, r.fault("not JSON: " + err.Error())
	}
	v, err := ParseOne(r.in, o) // all JSON is Ion
	if err == nil && hasInfinity(v) {
		return Value{}, r.fault("number beyond 64 bits")
	}
	return v, err
}

func hasInfinity(v Value) bool {
	return math.IsInf(v.Float(), 0) ||
		slices.ContainsFunc(v.Items(), hasInfinity) ||
		slices.ContainsFunc(v.Fields(), func(f Field) bool { return hasInfinity(f.Value) })
}
