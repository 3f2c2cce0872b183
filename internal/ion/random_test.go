package ion_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// TestRandomValues takes values of every shape through both encodings, and shuffles the fields of their structs, which
// must not matter, at every depth.
func TestRandomValues(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		v := randomValue(r, 4)
		roundTrip(t, []ion.Value{ion.List(v)})
		shuffled := shuffle(r, v)
		if !shuffled.Equal(v) || ion.Hash(shuffled) != ion.Hash(v) {
			t.Errorf("shuffled: got %s, want %s", shuffled, v)
		}
		if other := randomValue(r, 4); other.Equal(v) != (ion.Hash(other) == ion.Hash(v)) {
			t.Errorf("Equal and Hash disagree on %s and %s", v, other)
		}
	}
}

func shuffle(r *rand.Rand, v ion.Value) ion.Value {
	if v.IsNull() {
		return v
	}
	items := slices.Clone(v.Items())
	for i := range items {
		items[i] = shuffle(r, items[i])
	}
	fields := slices.Clone(v.Fields())
	for i := range fields {
		fields[i].Value = shuffle(r, fields[i].Value)
	}
	r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	switch v.Type() {
	case ion.ListType:
		return ion.List(items...).WithAnnotations(v.Annotations()...)
	case ion.SexpType:
		return ion.Sexp(items...).WithAnnotations(v.Annotations()...)
	case ion.StructType:
		return ion.Struct(fields...).WithAnnotations(v.Annotations()...)
	default:
		return v
	}
}

func randomValue(r *rand.Rand, depth int) ion.Value {
	v := randomBare(r, depth)
	if r.IntN(8) == 0 {
		v = v.WithAnnotations(randomTexts(r, 1+r.IntN(3))...)
	}
	return v
}

func randomBare(r *rand.Rand, depth int) ion.Value {
	kinds := 13
	if depth == 0 {
		kinds = 10
	}
	kind := ion.Type(r.IntN(kinds))
	if r.IntN(12) == 0 {
		return ion.Null(kind)
	}
	switch kind {
	case ion.BoolType:
		return ion.Bool(r.IntN(2) == 0)
	case ion.IntType:
		return ion.BigInt(randomInt(r))
	case ion.FloatType:
		return ion.Float(math.Float64frombits(r.Uint64()))
	case ion.DecimalType:
		if r.IntN(8) == 0 {
			return ion.NegativeZero(int32(r.IntN(20)) - 10).Value()
		}
		return ion.NewBigDecimal(randomInt(r), int32(r.Uint32())>>r.IntN(32)).Value()
	case ion.TimestampType:
		zone := time.FixedZone("", 60*(r.IntN(2879)-1439))
		at := time.Unix(r.Int64N(4_000_000_000)-2_000_000_000, r.Int64N(1_000_000_000)).In(zone)
		return ion.NewTimestamp(at, ion.Precision(1+r.IntN(5)), r.IntN(10)).Value()
	case ion.SymbolType:
		return ion.Symbol(randomTexts(r, 1)[0])
	case ion.StringType:
		return ion.String(string(randomRunes(r)))
	case ion.ClobType:
		return ion.Clob(randomInt(r).Bytes())
	case ion.BlobType:
		return ion.Blob(randomInt(r).Bytes())
	case ion.ListType, ion.SexpType:
		items := make([]ion.Value, r.IntN(6))
		for i := range items {
			items[i] = randomValue(r, depth-1)
		}
		if kind == ion.ListType {
			return ion.List(items...)
		}
		return ion.Sexp(items...)
	case ion.StructType:
		fields := make([]ion.Field, r.IntN(6))
		for i, name := range randomTexts(r, len(fields)) {
			fields[i] = ion.F(name, randomValue(r, depth-1))
		}
		return ion.Struct(fields...)
	default:
		return ion.Value{}
	}
}

// randomInt has up to 160 bits, often few, and a sign.
func randomInt(r *rand.Rand) *big.Int {
	n := new(big.Int)
	for range r.IntN(6) {
		n.Or(n.Lsh(n, 32), big.NewInt(int64(r.Uint32())))
	}
	n.Rsh(n, uint(r.IntN(32)))
	if r.IntN(2) == 0 {
		n.Neg(n)
	}
	return n
}

func randomTexts(r *rand.Rand, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		known := []string{"a", "b", "name", "$ion", "$ion_1_0", "null", "$10", "", ion.NoText, "it's", string(randomRunes(r))}
		texts[i] = known[r.IntN(len(known))]
	}
	return texts
}

func randomRunes(r *rand.Rand) []rune {
	runes := make([]rune, r.IntN(20))
	for i := range runes {
		runes[i] = rune(r.IntN(1 << r.IntN(17)))
		if 0xd800 <= runes[i] && runes[i] < 0xe000 {
			runes[i] = '\x0c'
		}
	}
	return runes
}
