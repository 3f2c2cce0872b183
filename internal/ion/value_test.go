package ion_test

import (
	stdcmp "cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

func bigInt(tb testing.TB, digits string) *big.Int {
	tb.Helper()
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		tb.Fatalf("not an integer: %q", digits)
	}
	return n
}

func timestamp(tb testing.TB, text string) ion.Timestamp {
	tb.Helper()
	t, err := ion.ParseTimestamp(text)
	if err != nil {
		tb.Fatalf("parse %q: %v", text, err)
	}
	return t
}

// TestConstructors compares each constructor's value with the text it stands for, both ways.
func TestConstructors(t *testing.T) {
	t.Parallel()
	huge := bigInt(t, "-340282366920938463463374607431768211456")
	at := time.Date(2007, 2, 23, 12, 14, 33, 79_000_000, time.FixedZone("", -8*3600))
	for want, v := range map[string]ion.Value{
		"null":                          {},
		"null.null":                     ion.Null(ion.NullType),
		"null.struct":                   ion.Null(ion.StructType),
		"true":                          ion.Bool(true),
		"false":                         ion.Bool(false),
		"0":                             ion.Int(0),
		"-9223372036854775808":          ion.Int(math.MinInt64),
		"9223372036854775807":           ion.Int(math.MaxInt64),
		huge.String():                   ion.BigInt(huge),
		"18446744073709551615":          ion.BigInt(bigInt(t, "18446744073709551615")),
		"-18446744073709551616":         ion.BigInt(bigInt(t, "-18446744073709551616")),
		"0e0":                           ion.Float(0),
		"-0e0":                          ion.Float(math.Copysign(0, -1)),
		"nan":                           ion.Float(math.Float64frombits(0xfff8000000000123)),
		"-inf":                          ion.Float(math.Inf(-1)),
		"1.5e-7":                        ion.Float(1.5e-7),
		"5e-324":                        ion.Float(math.SmallestNonzeroFloat64),
		"1.50":                          ion.NewDecimal(150, -2).Value(),
		"-0.00":                         ion.NegativeZero(-2).Value(),
		"0.":                            ion.Decimal{}.Value(),
		huge.String() + ".":             ion.NewBigDecimal(huge, 0).Value(),
		"2007-02-23T12:14:33.079-08:00": ion.NewTimestamp(at, ion.Second, 3).Value(),
		"2007-02-23T12:14-08:00":        ion.NewTimestamp(at, ion.Minute, 0).Value(),
		"2007-02-23":                    ion.NewTimestamp(at, ion.Day, 0).Value(),
		"2007-02T":                      ion.NewTimestamp(at, ion.Month, 0).Value(),
		"2007T":                         ion.NewTimestamp(at, ion.Year, 0).Value(),
		"null.timestamp":                ion.Timestamp{}.Value(),
		`"a\x00\"\u00e9"`:               ion.String("a\x00\"é"),
		`"a\ufffdb"`:                    ion.String("a\xffb"),
		`{'a\ufffdb':x::1}`:             ion.Struct(ion.F("a\xffb", ion.Int(1).WithAnnotations("x"))),
		`'\ufffd\ufffd'::'\ufffd'`:      ion.Symbol("\xfe").WithAnnotations("\ufffd\xfe"),
		"-0.":                           ion.NegativeZero(0).Value(),
		"0d1":                           ion.NewBigDecimal(new(big.Int), 1).Value(),
		"$0":                            ion.Symbol(ion.NoText),
		"'$0'":                          ion.Symbol("$0"),
		"'null'":                        ion.Symbol("null"),
		"'1a'":                          ion.Symbol("1a"),
		"'it\\'s'":                      ion.Symbol("it's"),
		"$1a":                           ion.Symbol("$1a"),
		`{{"\x00\xff\\"}}`:              ion.Clob([]byte("\x00\xff\\")),
		"{{AP8=}}":                      ion.Blob([]byte("\x00\xff")),
		"[]":                            ion.List(),
		"(+ 'a b')":                     ion.Sexp(ion.Symbol("+"), ion.Symbol("a b")),
		"{a:1,'':[2],a:1}": ion.Struct(
			ion.F("a", ion.Int(1)), ion.F("", ion.List(ion.Int(2))), ion.F("a", ion.Int(1)),
		),
		"a::'b c'::$0::null.int": ion.Null(ion.IntType).WithAnnotations("a", "b c", ion.NoText),
		"b::[1]":                 ion.List(ion.Int(1)).WithAnnotations("a").WithAnnotations("b"),
		"[1,2]":                  ion.List(ion.Int(1), ion.Int(2)).WithAnnotations("a").WithAnnotations(),
	} {
		parsed := parse(t, want)
		if !v.Equal(parsed) || !parsed.Equal(v) {
			t.Errorf("got %s, want %s", v, want)
		}
		if again := parse(t, v.String()); !again.Equal(v) {
			t.Errorf("text of %s: got %s", want, again)
		}
	}
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	v := parse(t, `x::{i:-5, big:18446744073709551616, f:1.5e0, d:-1.50, ts:2021-08-30T16:48:55.600Z, s:"é", y:sym,
		c:{{"ab"}}, b:{{AQID}}, l:[1,2], n:null.int, yes:true, i:6}`)
	field := func(name string) ion.Value {
		f, ok := v.Field(name)
		if !ok {
			t.Fatalf("no field %q", name)
		}
		return f
	}
	i, ok := field("i").Int64()
	_, bigFits := field("big").Int64()
	_, nullHasInt := field("n").Int64()
	coefficient, _ := field("d").Decimal().Coefficient64()
	got := []any{
		v.Annotations(), v.Type().String(), v.Len(), i, ok, bigFits, field("big").BigInt().String(), nullHasInt,
		field("n").BigInt() == nil, field("n").IsNull(), field("n").Type(), field("f").Float(), coefficient,
		field("d").Decimal().Exponent(), field("ts").Timestamp().Fraction(), field("s").Text(), field("y").Text(),
		string(field("c").Bytes()), field("b").Bytes(), len(field("l").Items()), field("yes").Bool(), v.Fields()[0].Name,
		field("i").Text(), field("s").Float(), field("s").Len(), field("i").Decimal().String(),
		field("f").Decimal() == ion.Decimal{}, field("i").Timestamp() == ion.Timestamp{}, field("s").Bytes() == nil,
	}
	want := []any{
		[]string{"x"}, "struct", 13, int64(-5), true, false, "18446744073709551616", false,
		true, true, ion.IntType, 1.5, int64(-150),
		int32(-2), "600", "é", "sym",
		"ab", []byte{1, 2, 3}, 2, true, "i",
		"", 0.0, 2, "-5.",
		true, true, true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accessors (-want +got):\n%s", diff)
	}
	if _, ok := v.Field("absent"); ok {
		t.Error("an absent field was found")
	}
}

func TestInt64Bounds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"9223372036854775807": true, "9223372036854775808": false, "18446744073709551616": false,
		"-9223372036854775808": true, "-9223372036854775809": false, "-18446744073709551616": false,
		"null.int": false, "1.": false,
	} {
		n, ok := parse(t, text).Int64()
		if ok != want || ok && strconv.FormatInt(n, 10) != text {
			t.Errorf("%s: got %d, %v, want %v", text, n, ok, want)
		}
	}
}

// TestValuesDoNotChange hands bytes and integers in and out and changes them afterwards.
func TestValuesDoNotChange(t *testing.T) {
	t.Parallel()
	data, n := []byte("abc"), bigInt(t, "99999999999999999999")
	blob, number := ion.Blob(data), ion.BigInt(n)
	before := ion.EncodeText(blob, number)
	data[0] = 'x'
	n.SetInt64(1)
	blob.Bytes()[0] = 'x'
	number.BigInt().SetInt64(1)
	if got := ion.EncodeText(blob, number); string(got) != string(before) {
		t.Errorf("got %s, want %s", got, before)
	}
	list := ion.List(ion.Int(1))
	_ = list.WithAnnotations("a")
	if len(list.Annotations()) != 0 {
		t.Errorf("annotating a copy annotated the original: %s", list)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"{a:1,b:{c:2,d:3}}", "{b:{d:3,c:2},a:1}", true},
		{"{a:1,a:2}", "{a:2,a:1}", true},
		{"{a:1,a:1}", "{a:1}", false},
		{"{a:1,a:1,b:2}", "{a:1,b:2,b:2}", false},
		{"[{a:1,b:2}]", "[{b:2,a:1}]", true},
		{"[1,2]", "[2,1]", false},
		{"[1]", "(1)", false},
		{"a::{x:1,y:2}", "a::{y:2,x:1}", true},
		{"a::b::1", "b::a::1", false},
		{"a::1", "1", false},
		{"1", "1.", false},
		{"1.", "1e0", false},
		{"1.0", "1.00", false},
		{"0.0", "-0.0", false},
		{"0e0", "-0e0", false},
		{"nan", "nan", true},
		{"null", "null.null", true},
		{"null.int", "null.string", false},
		{"null.list", "[]", false},
		{"[null.list]", "[[]]", false},
		{`"a"`, "a", false},
		{`{{"a"}}`, "{{YQ==}}", false},
		{"2017T", "2017-01T", false},
		{"2017-01-01T00:00Z", "2017-01-01T00:00-00:00", false},
		{"2017-01-01T00:00Z", "2017-01-01T01:00+01:00", false},
		{"2017-01-01T00:00:00.0Z", "2017-01-01T00:00:00.00Z", false},
		{"$0", "'$0'", false},
	} {
		a, b := parse(t, test.a), parse(t, test.b)
		if got := a.Equal(b); got != test.want {
			t.Errorf("Equal(%s, %s): got %v, want %v", a, b, got, test.want)
		}
		if got := ion.Hash(a) == ion.Hash(b); got != test.want {
			t.Errorf("Hash(%s) == Hash(%s): got %v, want %v", a, b, got, test.want)
		}
	}
}

func TestDecimalText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		coefficient int64
		exponent    int32
		ion, json   string
	}{
		{0, 0, "0.", "0"},
		{0, -2, "0.00", "0.00"},
		{0, 3, "0d3", "0e3"},
		{15, -1, "1.5", "1.5"},
		{15, -2, "0.15", "0.15"},
		{-15, -4, "-0.0015", "-0.0015"},
		{15, -8, "0.00000015", "0.00000015"},
		{15, -9, "15d-9", "0.000000015"},
		{0, -8, "0d-8", "0.00000000"},
		{-7, -309, "-7d-309", "-0." + strings.Repeat("0", 308) + "7"},
		{7, -310, "7d-310", "7e-310"},
		{-123450, 0, "-123450.", "-123450"},
		{5, 300, "5d300", "5e300"},
		{1, math.MinInt32, "1d-2147483648", "1e-2147483648"},
	} {
		d := ion.NewDecimal(test.coefficient, test.exponent)
		if got := d.String(); got != test.ion {
			t.Errorf("%d * 10^%d: got %s, want %s", test.coefficient, test.exponent, got, test.ion)
		}
		if got := string(ion.ToJSON(d.Value())); got != test.json {
			t.Errorf("%d * 10^%d as JSON: got %s, want %s", test.coefficient, test.exponent, got, test.json)
		}
		roundTrip(t, []ion.Value{d.Value()})
		if got, err := ion.ParseDecimal(test.ion); err != nil || got != d {
			t.Errorf("ParseDecimal(%s): got %v, %v, want %v", test.ion, got, err, d)
		}
	}
	for _, text := range []string{"", "a", "1e5", "1.5 ", "2007T", "1.5x", "-"} {
		if d, err := ion.ParseDecimal(text); err == nil {
			t.Errorf("ParseDecimal(%q): got %v, want an error", text, d)
		}
	}
}

func TestTimestampParts(t *testing.T) {
	t.Parallel()
	at := timestamp(t, "2007-02-23T23:14:33.0791234567891-08:30")
	offset, known := at.Offset()
	want := time.Date(2007, 2, 24, 7, 44, 33, 79123456, time.UTC)
	if got := at.Time(); !got.Equal(want) || got.Hour() != 23 {
		t.Errorf("Time: got %v, want %v at offset -08:30", got, want)
	}
	if offset != -510 || !known || at.Precision() != ion.Second || at.Fraction() != "0791234567891" {
		t.Errorf("got %d, %v, %d, %s", offset, known, at.Precision(), at.Fraction())
	}
	if _, known := timestamp(t, "2007-02-23T23:14-00:00").Offset(); known {
		t.Error("the offset -00:00 is known")
	}
	if got := (ion.Timestamp{}).Time(); !got.IsZero() {
		t.Errorf("zero Timestamp: got %v", got)
	}
	outside := ion.NewTimestamp(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), ion.Second, 3)
	if outside != (ion.Timestamp{}) {
		t.Errorf("year 10000: got %s", outside)
	}
}

// TestOffsetsMoveDays compares every day of common, leap and century years with package time, across midnight.
func TestOffsetsMoveDays(t *testing.T) {
	t.Parallel()
	for _, year := range []int{1900, 1999, 2000, 2023, 2024} {
		for day := time.Date(year, 1, 1, 0, 30, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
			for _, minutes := range []int{0, 1, 31, 90, 1439, -1, -90, -1410, -1439} {
				local := time.Date(year, day.Month(), day.Day(), 0, 30, 0, 0, time.FixedZone("", minutes*60))
				text := local.Format("2006-01-02T15:04:05Z07:00")
				got := timestamp(t, text)
				if !got.Time().Equal(local) || got.String() != text || got != ion.NewTimestamp(local, ion.Second, 0) {
					t.Errorf("%s: got %s, %s", text, got, got.Time())
				}
				if v, err := ion.DecodeOne(ion.EncodeBinary(got.Value()), ion.Options{}); err != nil || v.Timestamp() != got {
					t.Errorf("%s: decoded %s, %v", text, v, err)
				}
			}
		}
	}
	for _, hours := range []int{24, -24, 30} {
		zone := time.FixedZone("", hours*3600)
		if got := ion.NewTimestamp(time.Date(2000, 1, 1, 0, 0, 0, 0, zone), ion.Second, 0); got != (ion.Timestamp{}) {
			t.Errorf("offset of %d hours: got %s", hours, got)
		}
	}
}

func TestTimestampOrder(t *testing.T) {
	t.Parallel()
	ordered := []string{
		"0001T", "2006-12-31T23:59:59.999Z", "2007T", "2007-01-01T00:00:00.0001Z", "2007-01-01T00:00:00.01Z",
		"2007-01-01T00:30-00:00", "2007-01-01T00:30:01+00:00", "2007-01-01T00:30:00-00:01", "2007-01-02T00:00+23:00",
		"2007-01-02T", "2007-02T", "9999-12-31T23:59:59.9Z",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, want := timestamp(t, a).Compare(timestamp(t, b)), stdcmp.Compare(i, j); got != want {
				t.Errorf("Compare(%s, %s): got %d, want %d", a, b, got, want)
			}
		}
	}
}
