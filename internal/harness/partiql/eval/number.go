package eval

import (
	"math"
	"math/big"
	"strconv"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const (
	// precision is the number of significant digits of a computed decimal.
	precision = 38
	// maxIntBits bounds computed integers, as Ion's readers bound written ones.
	maxIntBits = 8 * ion.DefaultMaxNumberBytes
)

// A decimal is coefficient * 10^exponent.
type decimal struct {
	coefficient *big.Int
	exponent    int64
}

func (d decimal) digits() int64 {
	text := new(big.Int).Abs(d.coefficient).Text(10)
	return int64(len(text))
}

func pow10(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

// scaled is d with a smaller exponent and the same value.
func (d decimal) scaled(exponent int64) decimal {
	if exponent >= d.exponent {
		return d
	}
	return decimal{new(big.Int).Mul(d.coefficient, pow10(d.exponent-exponent)), exponent}
}

// rounded is d with at most precision digits, half to even.
func (d decimal) rounded() decimal {
	if d.coefficient.BitLen() <= 3*precision { // 2^114 has 35 digits
		return d
	}
	surplus := d.digits() - precision
	if surplus <= 0 {
		return d
	}
	unit := pow10(surplus)
	q, rest := new(big.Int).QuoRem(d.coefficient, unit, new(big.Int))
	twice := rest.Abs(rest).Lsh(rest, 1)
	if c := twice.Cmp(unit); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(int64(d.coefficient.Sign())))
	}
	r := decimal{q, d.exponent + surplus}
	if r.digits() > precision { // 99...9 became 100...0
		r.coefficient.Quo(r.coefficient, big.NewInt(10))
		r.exponent++
	}
	return r
}

func (d decimal) add(e decimal) decimal {
	if d.exponent < e.exponent {
		d, e = e, d
	}
	// Where e lies far below the last digit that can matter, its sign alone decides the rounding. Without this,
	// 1d1000000000 + 1 would need a billion digits.
	const far = precision + 3
	if floor := d.exponent - far; d.coefficient.Sign() != 0 && e.digits()+e.exponent <= floor {
		d = d.scaled(floor)
		d.coefficient.Add(d.coefficient, big.NewInt(int64(e.coefficient.Sign())))
		return d.rounded()
	}
	if d.coefficient.Sign() == 0 {
		return e.rounded()
	}
	d = d.scaled(e.exponent)
	return decimal{new(big.Int).Add(d.coefficient, e.coefficient), e.exponent}.rounded()
}

func (d decimal) neg() decimal { return decimal{new(big.Int).Neg(d.coefficient), d.exponent} }

func (d decimal) mul(e decimal) decimal {
	return decimal{new(big.Int).Mul(d.coefficient, e.coefficient), d.exponent + e.exponent}.rounded()
}

// quo is d / e, exact if it fits. e must not be zero.
func (d decimal) quo(e decimal) decimal {
	wanted := d.exponent - e.exponent
	if d.coefficient.Sign() == 0 {
		return decimal{new(big.Int), wanted}
	}
	shift := max(0, precision+1+e.digits()-d.digits())
	n := new(big.Int).Mul(d.coefficient, pow10(shift))
	q, rest := n.QuoRem(n, e.coefficient, new(big.Int))
	exponent := wanted - shift
	ten := big.NewInt(10)
	if rest.Sign() != 0 {
		// A further digit that is neither 0 nor 5 keeps rounding from seeing a tie.
		q.Mul(q, ten).Add(q, big.NewInt(int64(d.coefficient.Sign()*e.coefficient.Sign())))
		return decimal{q, exponent - 1}.rounded()
	}
	for exponent < wanted {
		shorter, digit := new(big.Int).QuoRem(q, ten, new(big.Int))
		if digit.Sign() != 0 {
			break
		}
		q = shorter
		exponent++
	}
	return decimal{q, exponent}.rounded()
}

// rem is the remainder of the truncated quotient. ok is false if that has too many digits.
func (d decimal) rem(e decimal) (r decimal, ok bool) {
	if d.coefficient.Sign() == 0 || d.digits()+d.exponent < e.digits()+e.exponent {
		return d, true
	}
	low := min(d.exponent, e.exponent)
	if d.digits()+d.exponent-low > 10*precision {
		return r, false
	}
	d, e = d.scaled(low), e.scaled(low)
	return decimal{new(big.Int).Rem(d.coefficient, e.coefficient), low}.rounded(), true
}

func (d decimal) cmp(e decimal) int {
	ds, es := d.coefficient.Sign(), e.coefficient.Sign()
	if ds != es || ds == 0 {
		return ds - es
	}
	if a, b := d.digits()+d.exponent, e.digits()+e.exponent; a != b {
		if a > b {
			return ds
		}
		return -ds
	}
	// The magnitudes agree, so the exponents differ by no more than the digits there are.
	low := min(d.exponent, e.exponent)
	return d.scaled(low).coefficient.Cmp(e.scaled(low).coefficient)
}

func (d decimal) ion(pos ast.Pos) (value, error) {
	if d.exponent < math.MinInt32 || d.exponent > math.MaxInt32 {
		return missing, fault(pos, "the result is out of range")
	}
	return of(ion.NewBigDecimal(d.coefficient, int32(d.exponent)).Value()), nil
}

func float(v ion.Value) float64 {
	if v.Type() == ion.FloatType {
		return v.Float()
	}
	d := decimalOf(v)
	f, _ := strconv.ParseFloat(d.coefficient.String()+"e"+strconv.FormatInt(d.exponent, 10), 64)
	return f
}

// compareNumbers orders by numeric value; nan is below everything.
func compareNumbers(a, b ion.Value) int {
	x, xok := a.Int64()
	y, yok := b.Int64()
	if xok && yok {
		return compareOrdered(x, y)
	}
	af, bf := a.Type() == ion.FloatType, b.Type() == ion.FloatType
	if af && bf {
		return compareFloats(a.Float(), b.Float())
	}
	if f := a.Float(); af && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return compareFloats(f, 0)
	}
	if f := b.Float(); bf && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return compareFloats(0, f)
	}
	return decimalOf(a).cmp(decimalOf(b))
}

func compareFloats(x, y float64) int {
	switch {
	case math.IsNaN(x) && math.IsNaN(y):
		return 0
	case math.IsNaN(x):
		return -1
	case math.IsNaN(y):
		return 1
	default:
		return compareOrdered(x, y)
	}
}

func compareOrdered[T int64 | float64](x, y T) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	default:
		return 0
	}
}

// arithmetic is x op y for two known numbers.
func arithmetic(op ast.Op2, x, y ion.Value, pos ast.Pos) (value, error) {
	xt, yt := x.Type(), y.Type()
	if (op == ast.Divide || op == ast.Modulo) && isZero(y) {
		return missing, fault(pos, "division by zero")
	}
	switch {
	case xt == ion.FloatType || yt == ion.FloatType:
		return floats(op, float(x), float(y)), nil
	case xt == ion.IntType && yt == ion.IntType:
		return integers(op, x, y, pos)
	}
	d, e := decimalOf(x), decimalOf(y)
	switch op {
	case ast.Add:
		d = d.add(e)
	case ast.Subtract:
		d = d.add(e.neg())
	case ast.Multiply:
		d = d.mul(e)
	case ast.Divide:
		d = d.quo(e)
	default:
		var ok bool
		if d, ok = d.rem(e); !ok {
			return missing, fault(pos, "the quotient is out of range")
		}
	}
	return d.ion(pos)
}

func isZero(v ion.Value) bool {
	switch v.Type() {
	case ion.FloatType:
		return v.Float() == 0
	case ion.DecimalType:
		return v.Decimal().Sign() == 0
	default:
		n, ok := v.Int64()
		return ok && n == 0
	}
}

func floats(op ast.Op2, x, y float64) value {
	switch op {
	case ast.Add:
		x += y
	case ast.Subtract:
		x -= y
	case ast.Multiply:
		x *= y
	case ast.Divide:
		x /= y
	default:
		x = math.Mod(x, y)
	}
	return of(ion.Float(x))
}

func integers(op ast.Op2, x, y ion.Value, pos ast.Pos) (value, error) {
	n, m := x.BigInt(), y.BigInt()
	switch op {
	case ast.Add:
		n.Add(n, m)
	case ast.Subtract:
		n.Sub(n, m)
	case ast.Multiply:
		n.Mul(n, m)
	case ast.Divide:
		n.Quo(n, m)
	default:
		n.Rem(n, m)
	}
	if n.BitLen() > maxIntBits {
		return missing, fault(pos, "the result is out of range")
	}
	return of(ion.BigInt(n)), nil
}

// negate is -x for a known number.
func negate(x ion.Value, pos ast.Pos) (value, error) {
	switch x.Type() {
	case ion.FloatType:
		return of(ion.Float(-x.Float())), nil
	case ion.IntType:
		n := x.BigInt()
		return of(ion.BigInt(n.Neg(n))), nil
	default:
		return decimalOf(x).neg().ion(pos)
	}
}
