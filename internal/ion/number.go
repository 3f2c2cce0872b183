package ion

import (
	"math"
	"math/big"
	"strconv"
)

// A magnitude is an integer without its sign: small, or, from 2^64 on, big as big-endian bytes without leading zeros.
// The bytes are what both the binary encoding and the hash need, so big integers are never converted on the way.
type magnitude struct {
	small uint64
	big   string
}

func magnitudeOf(n *big.Int) magnitude {
	if n.BitLen() > 64 {
		return magnitude{big: string(n.Bytes())}
	}
	return magnitude{small: new(big.Int).Abs(n).Uint64()}
}

func magnitudeOfBytes(b string) magnitude {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) > 8 {
		return magnitude{big: b}
	}
	var m magnitude
	for i := range len(b) {
		m.small = m.small<<8 | uint64(b[i])
	}
	return m
}

// magnitudeOfDigits reads digits of base 2, 10 or 16, nothing else.
func magnitudeOfDigits(digits string, base int) magnitude {
	if n, err := strconv.ParseUint(digits, base, 64); err == nil {
		return magnitude{small: n}
	}
	n, _ := new(big.Int).SetString(digits, base)
	return magnitudeOf(n)
}

func (m magnitude) isZero() bool { return m.small == 0 && m.big == "" }

func (m magnitude) int64(negative bool) (n int64, ok bool) {
	switch {
	case m.big != "":
		return 0, false
	case negative:
		return -int64(m.small), m.small <= 1<<63
	default:
		return int64(m.small), m.small < 1<<63
	}
}

func (m magnitude) bigInt(negative bool) *big.Int {
	n := new(big.Int)
	if m.big == "" {
		n.SetUint64(m.small)
	} else {
		n.SetBytes([]byte(m.big))
	}
	if negative {
		n.Neg(n)
	}
	return n
}

func (m magnitude) appendDigits(dst []byte) []byte {
	if m.big == "" {
		return strconv.AppendUint(dst, m.small, 10)
	}
	return m.bigInt(false).Append(dst, 10)
}

// A Decimal is coefficient * 10^exponent, where 1.0, 1.00 and -0.0 differ from 1., 1.0 and 0.0. It does no arithmetic.
// Decimals that are the same value of the Ion data model are ==.
type Decimal struct {
	coefficient magnitude
	negative    bool
	exponent    int32
}

// NewDecimal is coefficient * 10^exponent: NewDecimal(150, -2) is 1.50.
func NewDecimal(coefficient int64, exponent int32) Decimal {
	v := Int(coefficient)
	return Decimal{coefficient: magnitude{small: v.num}, negative: v.negative, exponent: exponent}
}

// NewBigDecimal is coefficient * 10^exponent. It copies coefficient.
func NewBigDecimal(coefficient *big.Int, exponent int32) Decimal {
	return Decimal{coefficient: magnitudeOf(coefficient), negative: coefficient.Sign() < 0, exponent: exponent}
}

// NegativeZero is -0 * 10^exponent, which no coefficient of Go's integers can express.
func NegativeZero(exponent int32) Decimal { return Decimal{negative: true, exponent: exponent} }

// ParseDecimal reads an Ion decimal ("1.50", "15d-1") or integer ("15"). The error is a *SyntaxError or a *LimitError.
func ParseDecimal(text string) (Decimal, error) {
	v, err := parseNumber(text)
	if err != nil {
		return Decimal{}, err
	}
	if v.kind != DecimalType && v.kind != IntType {
		return Decimal{}, &SyntaxError{Line: 1, Column: 1, Reason: "not a decimal"}
	}
	return v.Decimal(), nil
}

// Coefficient is the coefficient with its sign; a negative zero is 0. The caller owns the result.
func (d Decimal) Coefficient() *big.Int { return d.coefficient.bigInt(d.negative) }

// Coefficient64 is the coefficient with its sign; ok is false if int64 cannot hold it.
func (d Decimal) Coefficient64() (n int64, ok bool) { return d.coefficient.int64(d.negative) }

// Exponent is the power of ten.
func (d Decimal) Exponent() int32 { return d.exponent }

// Sign is -1, 0 or 1; 0 for a negative zero.
func (d Decimal) Sign() int {
	switch {
	case d.coefficient.isZero():
		return 0
	case d.negative:
		return -1
	default:
		return 1
	}
}

// IsNegativeZero says whether d is -0 at some exponent.
func (d Decimal) IsNegativeZero() bool { return d.negative && d.coefficient.isZero() }

// Value is d as a Value.
func (d Decimal) Value() Value {
	return Value{
		kind: DecimalType, negative: d.negative, exponent: d.exponent,
		num: d.coefficient.small, text: d.coefficient.big,
	}
}

// String is d in Ion text: "1.50", "3d10".
func (d Decimal) String() string { return string(d.appendText(nil, 'd')) }

// maxIonZeros and maxJSONZeros are how many zeros stand at most between the point and the digits of a small decimal,
// which has an exponent beyond that. In JSON it would come back as a float, so there they go as far as floats do.
const (
	maxIonZeros  = 6
	maxJSONZeros = 308
)

// appendText writes d with the given exponent mark. Integers get a point in Ion ('d') and none in JSON ('e').
func (d Decimal) appendText(dst []byte, mark byte) []byte {
	maxZeros := maxIonZeros
	if mark == 'e' {
		maxZeros = maxJSONZeros
	}
	if d.negative {
		dst = append(dst, '-')
	}
	start := len(dst)
	dst = d.coefficient.appendDigits(dst)
	digits, places := len(dst)-start, -int(d.exponent)
	switch {
	case places == 0:
		if mark == 'd' {
			dst = append(dst, '.')
		}
	case places > 0 && places < digits: // 1.50
		dst = append(dst, 0)
		point := len(dst) - 1 - places
		copy(dst[point+1:], dst[point:len(dst)-1])
		dst[point] = '.'
	case places > 0 && places-digits <= maxZeros: // 0.0015
		lead := 2 + places - digits
		dst = append(dst, make([]byte, lead)...)
		copy(dst[start+lead:], dst[start:start+digits])
		for i := range lead {
			dst[start+i] = '0'
		}
		dst[start+1] = '.'
	default:
		dst = append(dst, mark)
		dst = strconv.AppendInt(dst, int64(d.exponent), 10)
	}
	return dst
}

// appendFloat writes f in Ion text: always with an exponent, the shortest digits that read back as f.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "+inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64) // 1.5e+00, 1e-07: at least two digits and a sign
	n := len(dst)
	for i := n - 1; i >= 0; i-- {
		if dst[i] != 'e' {
			continue
		}
		exponent, _ := strconv.Atoi(string(dst[i+1:]))
		return strconv.AppendInt(dst[:i+1], int64(exponent), 10)
	}
	return dst
}
