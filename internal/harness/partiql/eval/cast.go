package eval

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// maxIntDigits bounds the integers that CAST makes, about as maxIntBits does.
const maxIntDigits = maxIntBits * 3 / 10

// cast is CAST(v AS t).
//
// Source: Amazon QLDB Developer Guide, "CAST function in Amazon QLDB".
func cast(v value, t ast.Type, pos ast.Pos) (value, error) {
	switch {
	case v.unknown():
		return anyUnknown1(v), nil
	case hasType(v, t):
		return v, nil
	}
	var out value
	ok := false
	switch t {
	case ast.BoolType:
		out, ok = castBool(v)
	case ast.IntType:
		out, ok = castInt(v)
	case ast.DecimalType:
		out, ok = castDecimal(v)
	case ast.FloatType:
		out, ok = castFloat(v)
	case ast.StringType, ast.SymbolType:
		var s string
		if s, ok = castText(v); t == ast.SymbolType {
			out = of(ion.Symbol(s))
		} else {
			out = of(ion.String(s))
		}
	case ast.TimestampType:
		if v.isText() {
			stamp, err := ion.ParseTimestamp(v.ion.Text())
			out, ok = of(stamp.Value()), err == nil
		}
	case ast.ClobType, ast.BlobType:
		out, ok = castLob(v, t)
	case ast.ListType, ast.SexpType, ast.BagType:
		out, ok = castSequence(v, t)
	}
	if !ok {
		return missing, fault(pos, "cannot cast %s to %s", v.typeName(), t)
	}
	return out, nil
}

func castBool(v value) (value, bool) {
	switch {
	case v.isNumber():
		return boolean(!isZero(v.ion)), true
	case v.isText():
		return boolean(strings.EqualFold(v.ion.Text(), "true")), true
	}
	return missing, false
}

func castInt(v value) (value, bool) {
	switch {
	case v.is(ion.BoolType):
		return of(ion.Int(bit(v))), true
	case v.isText():
		s := strings.TrimPrefix(v.ion.Text(), "+")
		n, ok := new(big.Int), len(s) <= maxIntDigits && isDigits(strings.TrimPrefix(s, "-"))
		if ok {
			n, ok = n.SetString(s, 10)
		}
		if !ok {
			return missing, false
		}
		return of(ion.BigInt(n)), true
	case v.isNumber():
		if f := v.ion.Float(); math.IsInf(f, 0) || math.IsNaN(f) {
			return missing, false
		}
		d := decimalOf(v.ion)
		switch size := d.digits() + d.exponent; {
		case size > maxIntDigits && d.coefficient.Sign() != 0:
			return missing, false
		case size <= 0 || d.coefficient.Sign() == 0:
			return of(ion.Int(0)), true
		case d.exponent < 0:
			return of(ion.BigInt(new(big.Int).Quo(d.coefficient, pow10(-d.exponent)))), true
		}
		return of(ion.BigInt(d.scaled(0).coefficient)), true
	}
	return missing, false
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func bit(v value) int64 {
	if v.ion.Bool() {
		return 1
	}
	return 0
}

func castDecimal(v value) (value, bool) {
	switch {
	case v.is(ion.BoolType):
		return of(ion.NewDecimal(bit(v), 0).Value()), true
	case v.isText():
		return decimalText(v.ion.Text())
	case v.is(ion.FloatType):
		return decimalText(strconv.FormatFloat(v.ion.Float(), 'g', -1, 64)) // refuses inf and nan
	case v.isNumber():
		return of(v.ion.Decimal().Value()), true
	}
	return missing, false
}

// decimalText reads a number as PartiQL or Ion write it, and as casts to text write it.
func decimalText(s string) (value, bool) {
	if strings.ContainsAny(s, "_xXbB") {
		return missing, false
	}
	s = strings.TrimPrefix(s, "+")
	s = strings.NewReplacer("e+", "d", "E+", "d", "e", "d", "E", "d").Replace(s)
	d, err := ion.ParseDecimal(s)
	return of(d.Value()), err == nil
}

func castFloat(v value) (value, bool) {
	switch {
	case v.is(ion.BoolType):
		return of(ion.Float(float64(bit(v)))), true
	case v.isText():
		d, ok := decimalText(v.ion.Text())
		return of(ion.Float(float(d.ion))), ok
	case v.isNumber():
		return of(ion.Float(float(v.ion))), true
	}
	return missing, false
}

func castText(v value) (string, bool) {
	switch {
	case v.isText():
		return v.ion.Text(), true
	case v.is(ion.FloatType):
		s := strconv.FormatFloat(v.ion.Float(), 'g', -1, 64)
		if isDigits(strings.TrimPrefix(s, "-")) {
			s += ".0"
		}
		return s, true
	case v.is(ion.DecimalType):
		return strings.TrimSuffix(strings.Replace(v.ion.Decimal().String(), "d", "E", 1), "."), true
	case v.isNumber(), v.is(ion.BoolType), v.is(ion.TimestampType):
		return v.ion.WithAnnotations().String(), true
	}
	return "", false
}

func castLob(v value, t ast.Type) (value, bool) {
	if !v.is(ion.ClobType) && !v.is(ion.BlobType) {
		return missing, false
	}
	if t == ast.ClobType {
		return of(ion.Clob(v.ion.Bytes())), true
	}
	return of(ion.Blob(v.ion.Bytes())), true
}

func castSequence(v value, t ast.Type) (value, bool) {
	if !v.isSequence() {
		return missing, false
	}
	switch t {
	case ast.ListType:
		return of(ion.List(v.ion.Items()...)), true
	case ast.SexpType:
		return of(ion.Sexp(v.ion.Items()...)), true
	default:
		return bag(v.ion.Items()), true
	}
}
