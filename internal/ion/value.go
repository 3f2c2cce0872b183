package ion

import (
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// A Type is one of Ion's thirteen types.
type Type uint8

// The types, in the order of the Ion specification.
const (
	NullType Type = iota
	BoolType
	IntType
	FloatType
	DecimalType
	TimestampType
	SymbolType
	StringType
	ClobType
	BlobType
	ListType
	SexpType
	StructType
)

var typeNames = [...]string{
	"null", "bool", "int", "float", "decimal", "timestamp", "symbol", "string", "clob", "blob", "list", "sexp", "struct",
}

// String is the type's name in Ion text: "int", "timestamp".
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "invalid"
}

// NoText is the name of symbol zero ($0), the one symbol without a text: as the text of a symbol, the name of a field
// or an annotation. It is not valid UTF-8, so no text equals it.
const NoText = "\xff"

// A Value is one Ion value with its annotations. The zero Value is null. Compare with Equal, not with ==.
//
// What the fields hold depends on the type:
//
//	bool            num: 0 or 1
//	int             num: magnitude below 2^64, else text: magnitude, big-endian; negative: sign
//	decimal         the same for the coefficient, and exponent
//	float           num: IEEE 754 bits, one pattern for nan
//	timestamp       num: Timestamp.packed, text: digits of the fraction
//	symbol, string  text
//	clob, blob      text: the bytes
//	list, sexp      nested.items
//	struct          nested.fields
type Value struct {
	kind     Type
	null     bool
	negative bool
	exponent int32
	num      uint64
	text     string
	nested   *nested // nil without annotations, items and fields; never changed once shared
}

type nested struct {
	annotations []string
	items       []Value
	fields      []Field
}

// A Field is one name and value of a struct.
type Field struct {
	Name  string
	Value Value
}

// F is a Field, for short literals: ion.Struct(ion.F("id", ion.Int(1))).
func F(name string, v Value) Field { return Field{Name: name, Value: v} }

// Null is the null of a type: Null(StringType) is null.string, Null(NullType) is null.
func Null(t Type) Value { return Value{kind: t, null: true} }

// Bool is true or false.
func Bool(b bool) Value {
	v := Value{kind: BoolType}
	if b {
		v.num = 1
	}
	return v
}

// Int is an integer.
func Int(n int64) Value {
	if n < 0 {
		return Value{kind: IntType, negative: true, num: -uint64(n)}
	}
	return Value{kind: IntType, num: uint64(n)}
}

// BigInt is an integer of any size. It copies n.
func BigInt(n *big.Int) Value { return intValue(magnitudeOf(n), n.Sign() < 0) }

func intValue(m magnitude, negative bool) Value {
	return Value{kind: IntType, negative: negative && !m.isZero(), num: m.small, text: m.big}
}

// Float is a 64-bit float.
func Float(f float64) Value {
	if math.IsNaN(f) {
		return Value{kind: FloatType, num: 0x7ff8000000000000}
	}
	return Value{kind: FloatType, num: math.Float64bits(f)}
}

// String is a string. Bytes of s that are not UTF-8 become U+FFFD, as in JSON.
func String(s string) Value { return Value{kind: StringType, text: strings.ToValidUTF8(s, "\uFFFD")} }

// Symbol is a symbol; Symbol(NoText) is $0. Bytes of s that are not UTF-8 become U+FFFD.
func Symbol(s string) Value { return Value{kind: SymbolType, text: symbolText(s)} }

func symbolText(s string) string {
	if s == NoText || utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Blob is bytes without meaning to Ion. It copies b.
func Blob(b []byte) Value { return Value{kind: BlobType, text: string(b)} }

// Clob is text of unknown encoding. It copies b.
func Clob(b []byte) Value { return Value{kind: ClobType, text: string(b)} }

// List is a list. It keeps items, which must not change afterwards.
func List(items ...Value) Value { return sequence(ListType, items) }

// Sexp is an S-expression. It keeps items, which must not change afterwards.
func Sexp(items ...Value) Value { return sequence(SexpType, items) }

func sequence(t Type, items []Value) Value {
	v := Value{kind: t}
	if len(items) > 0 {
		v.nested = &nested{items: items}
	}
	return v
}

// Struct is a struct; names may repeat. It keeps fields, which must not change afterwards.
func Struct(fields ...Field) Value {
	for i, f := range fields {
		if name := symbolText(f.Name); name != f.Name {
			fields[i].Name = name
		}
	}
	return structValue(fields)
}

func structValue(fields []Field) Value {
	v := Value{kind: StructType}
	if len(fields) > 0 {
		v.nested = &nested{fields: fields}
	}
	return v
}

// WithAnnotations is v with these annotations instead of its own; without arguments, v bare.
func (v Value) WithAnnotations(names ...string) Value {
	inner := nested{items: v.Items(), fields: v.Fields()}
	for _, name := range names {
		inner.annotations = append(inner.annotations, symbolText(name))
	}
	v.nested = &inner
	if len(names)+len(inner.items)+len(inner.fields) == 0 {
		v.nested = nil
	}
	return v
}

// annotated gives a value that nobody else has seen its annotations.
func (v Value) annotated(names []string) Value {
	switch {
	case len(names) == 0:
	case v.nested == nil:
		v.nested = &nested{annotations: names}
	default:
		v.nested.annotations = names
	}
	return v
}

// Type is the type of v, also if v is a null.
func (v Value) Type() Type { return v.kind }

// IsNull says whether v is null or the null of a type.
func (v Value) IsNull() bool { return v.null || v.kind == NullType }

// Annotations are the annotations of v in order. The slice must not be changed.
func (v Value) Annotations() []string {
	if v.nested == nil {
		return nil
	}
	return v.nested.annotations
}

// Bool is the value of a bool; false for everything else.
func (v Value) Bool() bool { return v.kind == BoolType && v.num == 1 }

// Int64 is the value of an int; ok is false for other types, for null.int and for what int64 cannot hold.
func (v Value) Int64() (n int64, ok bool) {
	if v.kind != IntType || v.null {
		return 0, false
	}
	return magnitude{v.num, v.text}.int64(v.negative)
}

// BigInt is the value of an int, nil for other types and for null.int. The caller owns the result.
func (v Value) BigInt() *big.Int {
	if v.kind != IntType || v.null {
		return nil
	}
	return magnitude{v.num, v.text}.bigInt(v.negative)
}

// Float is the value of a float; 0 for other types and for null.float.
func (v Value) Float() float64 {
	if v.kind != FloatType {
		return 0
	}
	return math.Float64frombits(v.num)
}

// Decimal is the value of a decimal, or of an int with exponent 0; zero for everything else.
func (v Value) Decimal() Decimal {
	if v.kind != DecimalType && v.kind != IntType {
		return Decimal{}
	}
	return Decimal{coefficient: magnitude{v.num, v.text}, negative: v.negative, exponent: v.exponent}
}

// Timestamp is the value of a timestamp; the zero Timestamp for everything else.
func (v Value) Timestamp() Timestamp {
	if v.kind != TimestampType {
		return Timestamp{}
	}
	return Timestamp{packed: v.num, fraction: v.text}
}

// Text is the text of a string or a symbol (NoText for $0); "" for everything else.
func (v Value) Text() string {
	if v.kind != StringType && v.kind != SymbolType {
		return ""
	}
	return v.text
}

// Bytes are the bytes of a blob or a clob, nil for everything else. The caller owns the result.
func (v Value) Bytes() []byte {
	if v.kind != BlobType && v.kind != ClobType || v.null {
		return nil
	}
	return []byte(v.text)
}

// Items are the values of a list or an S-expression. The slice must not be changed.
func (v Value) Items() []Value {
	if v.nested == nil {
		return nil
	}
	return v.nested.items
}

// Fields are the fields of a struct in their order. The slice must not be changed.
func (v Value) Fields() []Field {
	if v.nested == nil {
		return nil
	}
	return v.nested.fields
}

// Field is the value of the first field called name.
func (v Value) Field(name string) (Value, bool) {
	for _, f := range v.Fields() {
		if f.Name == name {
			return f.Value, true
		}
	}
	return Value{}, false
}

// Len is the number of items, of fields, or of bytes of a text, blob or clob; 0 for everything else.
func (v Value) Len() int {
	switch v.kind {
	case ListType, SexpType:
		return len(v.Items())
	case StructType:
		return len(v.Fields())
	case StringType, SymbolType, ClobType, BlobType:
		return len(v.text)
	default:
		return 0
	}
}
