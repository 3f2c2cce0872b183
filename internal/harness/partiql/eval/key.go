package eval

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Key is the same for two values exactly when = finds them equal, whatever their types, precisions
// and annotations: 1, 1.0 and 1e0 have one key, 'a' and the symbol a, one instant in two offsets,
// structs with their fields in another order. ok is false for null, which equals nothing. An index
// entry under Key(document.Field(f)) therefore finds what a scan would.
//
// Keys are opaque and not ordered. They grow with the value.
//
// Source: PartiQL Specification, "Equality"; Amazon QLDB Developer Guide, "Managing indexes".
func Key(v ion.Value) (key string, ok bool) {
	if v.IsNull() {
		return "", false
	}
	return string(appendKey(nil, v, false)), true
}

// Tags of keys. Numbers of all types share one, as do texts.
const (
	keyNull = iota + 1
	keyBool
	keyNumber
	keyTime
	keyText
	keyClob
	keyBlob
	keyList
	keySexp
	keyBag
	keyStruct
)

func appendKey(dst []byte, v ion.Value, asBag bool) []byte {
	if v.IsNull() {
		return append(dst, keyNull)
	}
	switch v.Type() {
	case ion.BoolType:
		if v.Bool() {
			return append(dst, keyBool, 1)
		}
		return append(dst, keyBool, 0)
	case ion.IntType, ion.DecimalType, ion.FloatType:
		return appendNumberKey(append(dst, keyNumber), v)
	case ion.TimestampType:
		return appendTimeKey(append(dst, keyTime), v.Timestamp())
	case ion.StringType, ion.SymbolType:
		return append(append(dst, keyText), v.Text()...)
	case ion.ClobType:
		return append(append(dst, keyClob), v.Bytes()...)
	case ion.BlobType:
		return append(append(dst, keyBlob), v.Bytes()...)
	case ion.SexpType:
		return appendItemKeys(append(dst, keySexp), v.Items(), false)
	case ion.ListType:
		if asBag {
			return appendItemKeys(append(dst, keyBag), v.Items(), true)
		}
		return appendItemKeys(append(dst, keyList), v.Items(), false)
	default:
		return appendFieldKeys(append(dst, keyStruct), v.Fields())
	}
}

// appendPart makes the end of a part inside a container plain.
func appendPart(dst, part []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(part))), part...)
}

func appendItemKeys(dst []byte, items []ion.Value, sorted bool) []byte {
	keys := make([][]byte, len(items))
	for i, x := range items {
		keys[i] = appendKey(nil, x, false)
	}
	if sorted {
		slices.SortFunc(keys, slices.Compare)
	}
	for _, k := range keys {
		dst = appendPart(dst, k)
	}
	return dst
}

func appendFieldKeys(dst []byte, fields []ion.Field) []byte {
	keys := make([][]byte, len(fields))
	for i, f := range fields {
		keys[i] = appendKey(appendPart(nil, []byte(f.Name)), f.Value, false)
	}
	slices.SortFunc(keys, slices.Compare)
	for _, k := range keys {
		dst = appendPart(dst, k)
	}
	return dst
}

func appendTimeKey(dst []byte, t ion.Timestamp) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.Time().Unix()))
	return append(dst, strings.TrimRight(t.Fraction(), "0")...)
}

// appendNumberKey writes coefficient and exponent without trailing zeros, or the name of what is no number.
func appendNumberKey(dst []byte, v ion.Value) []byte {
	if v.Type() == ion.FloatType {
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return strconv.AppendFloat(dst, f, 'g', -1, 64)
		}
	}
	d := decimalOf(v)
	digits := d.coefficient.String()
	short := strings.TrimRight(digits, "0")
	if short == "" || short == "-" {
		return append(dst, '0')
	}
	dst = append(append(dst, short...), 'e')
	return strconv.AppendInt(dst, d.exponent+int64(len(digits)-len(short)), 10)
}

// decimalOf is the exact value of an int, a decimal or a finite float.
func decimalOf(v ion.Value) decimal {
	switch v.Type() {
	case ion.IntType:
		if n, ok := v.Int64(); ok {
			return decimal{coefficient: big.NewInt(n)}
		}
		return decimal{coefficient: v.BigInt()}
	case ion.DecimalType:
		d := v.Decimal()
		return decimal{coefficient: d.Coefficient(), exponent: int64(d.Exponent())}
	}
	fraction, exponent := math.Frexp(v.Float())
	n := big.NewInt(int64(fraction * (1 << 53)))
	exponent -= 53
	if exponent >= 0 {
		return decimal{coefficient: n.Lsh(n, uint(exponent))}
	}
	// n / 2^k = n * 5^k / 10^k; the trailing zeros of n in binary shorten k first.
	if z := n.TrailingZeroBits(); n.Sign() != 0 {
		z = min(z, uint(-exponent))
		n.Rsh(n, z)
		exponent += int(z)
	}
	five := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(-exponent)), nil)
	return decimal{coefficient: n.Mul(n, five), exponent: int64(exponent)}
}
