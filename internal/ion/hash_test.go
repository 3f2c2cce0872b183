package ion_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// parse is the one value of text.
func parse(tb testing.TB, text string) ion.Value {
	tb.Helper()
	v, err := ion.ParseOne(text, ion.Options{})
	if err != nil {
		tb.Fatalf("parse %q: %v", text, err)
	}
	return v
}

func encoded(sum [32]byte) string { return base64.StdEncoding.EncodeToString(sum[:]) }

func decoded(tb testing.TB, text string) (sum [32]byte) {
	tb.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) != len(sum) {
		tb.Fatalf("not a digest: %q", text)
	}
	return [32]byte(data)
}

// TestHash reads values and their hashes from testdata/hashes.ion.
func TestHash(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/hashes.ion")
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := ion.Decode(data, ion.Options{})
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	if got, want := len(pairs), 47; got != want {
		t.Errorf("pairs: got %d, want %d", got, want)
	}
	for _, pair := range pairs {
		want, v := pair.Items()[0].Bytes(), pair.Items()[1]
		if got := ion.Hash(v); !bytes.Equal(got[:], want) {
			t.Errorf("Hash(%s): got %x, want %x", v, got, want)
		}
	}
}

// TestHashOfAnyEncoding hashes what other encodings of the same values decode to.
func TestHashOfAnyEncoding(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ binary, text string }{
		"as ion-js sends a struct":      {"e00100ea e7 81 83 d4 87 b2 81 61 d3 8a 21 01", `{a:1}`},
		"as ion-js sends a string":      {"e00100ea 81 78", `"x"`},
		"unused symbols":                {"e00100ea e9 81 83 d6 87 b4 81 7a 81 61 d3 8b 21 01", `{a:1}`},
		"padded int":                    {"e00100ea 23 000001", `1`},
		"explicit zero coefficient":     {"e00100ea 52 c1 00", `0.0`},
		"implicit zero coefficient":     {"e00100ea 51 c1", `0.0`},
		"negative zero coefficient":     {"e00100ea 52 c1 80", `-0.0`},
		"short float":                   {"e00100ea 44 3fc00000", `1.5e0`},
		"ordered struct with long size": {"e00100ea d1 83 84 21 01", `{name:1}`},
		"padding after the value":       {"e00100ea 21 01 00 01 ff", `1`},
	} {
		data, err := hex.DecodeString(strings.ReplaceAll(test.binary, " ", ""))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v, err := ion.DecodeOne(data, ion.Options{})
		if err != nil {
			t.Errorf("%s: decode: %v", name, err)
			continue
		}
		if want := parse(t, test.text); !v.Equal(want) || ion.Hash(v) != ion.Hash(want) {
			t.Errorf("%s: got %s, want %s", name, v, want)
		}
	}
}

func TestDot(t *testing.T) {
	t.Parallel()
	fill := func(b byte) (sum [32]byte) {
		for i := range sum {
			sum[i] = b
		}
		return sum
	}
	last := func(b byte) (sum [32]byte) {
		sum[31] = b
		return sum
	}
	for name, test := range map[string]struct {
		x, y [32]byte
		want string
	}{
		"bytes are signed":     {fill(0), fill(0xff), "pd6bcUrM2K+qq/HL1uEBTJ0H/5XCrhVNkexoSFsx57U="},
		"smallest and largest": {last(0x80), last(0x7f), "cDWUjZ1Z2p1q0g0Rs7xKHkw4bb5ob8rbCVr7a7Ri5uM="},
		"only the first byte":  {fill(0), [32]byte{1}, "y1koRBIdkm8co61OHW+52OJg7W4yFjYfdzLpdaDou/Y="},
		"equal":                {fill(0), fill(0), "9aX9QtFqIDAnmO9u0wmXm0MAPSMg2fDo6pgxqSdZ+0s="},
		"two digests, as in Rust": {
			sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2")),
			"lA7Zq937XvKABECFRrxQQ82jkSMrav4HJn+fjtK1AMk=",
		},
		"revision of a Node.js test": {
			decoded(t, "xlToHA0CNrpU3Mma1ICUKyEe4me6tPuvSlAnfNiGZK8="),
			decoded(t, "R5f2f/fjwSotbU5K6oEclPHfrAeKk7nNtkAMvNiuZPg="),
			"DrFztoBrWKz+mCV+BnnMfEZRwfJcD+DNLRPLc16SidY=",
		},
		"revision of the CLI manual": {
			decoded(t, "ykAB8EB0tXxIGmJ9Y9mwppjP1Z9S3Iw+vKN1L9ZXW3A="),
			decoded(t, "vNbkf63AqIvow6E3VraH1FfPrZxyU0OkJucmJGWte1s="),
			"mHVex/yjHAWjFPpwhBuH2GKXmKJjK2FBa9faqoUVNtg=",
		},
		"block of the CLI manual": {
			decoded(t, "l05LOsiKV14SDbuaYnH7uwXzUvqzIwUiRLXGbTyj/nY="),
			decoded(t, "7kewBXhpdbClcZKxhVmpoMHpUGOJtWQD0iY2LPfZkYA="),
			"NoChM92yKRuJAb/jeLd1VnYn4DHiWIf071ACfic9uHc=",
		},
		"revision of our own": {
			decoded(t, "XGQTKUh2eoenQYhH2K9bcykmXpBY2gsJ8/FO4lYjYe0="),
			decoded(t, "f2TVoctr0p1eTTqO/HB2dMiyPfU+HZ4Mn7MIr97miyw="),
			"WigEV5X8GIUk6x1lth4DCOXfWMuOGPP8yW+8U6xOd2o=",
		},
	} {
		if got := encoded(ion.Dot(test.x, test.y)); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
		if got := encoded(ion.Dot(test.y, test.x)); got != test.want {
			t.Errorf("%s, swapped: got %s, want %s", name, got, test.want)
		}
	}
}

// TestCommitDigest computes what every QLDB driver sends when it commits.
func TestCommitDigest(t *testing.T) {
	t.Parallel()
	text := func(s string) [32]byte { return ion.Hash(ion.String(s)) }
	start := text("I1pH6SCujBW0JYpPoLQT02")
	if got, want := encoded(start), "1MUXNMbN+vr2W7uYINo4DYM3qNVPLvZAE6NlIPDH7K0="; got != want {
		t.Errorf("without statements: got %s, want %s", got, want)
	}
	first := ion.Dot(ion.Dot(text("SELECT 1"), ion.Hash(parse(t, "{a:1}"))), text("x"))
	if got, want := hex.EncodeToString(first[:]),
		"4c5add3950bdb653980f01174a6e4f213a10543fa066e0234a99e7ffb70185e2"; got != want {
		t.Errorf("statement with parameters: got %s, want %s", got, want)
	}
	got := encoded(ion.Dot(ion.Dot(start, first), text("it''s")))
	if want := "F0P6uNLc0zKEa3sFWdQdNYpZF+/5Jzc3vukgtXIRqqc="; got != want {
		t.Errorf("two statements: got %s, want %s", got, want)
	}

	data := parse(t, `{id:1,firstName:"Ada",lastName:"Lovelace",email:"Ada.Lovelace@email.com",street:"Main Street",
		postcode:"SW1A"}`)
	insert := ion.Dot(text("INSERT INTO Test ?"), ion.Hash(data))
	if got, want := encoded(insert), "MCNH0ARLlFPs5Wry2asWrEzuc8CfRnhZ8yg1rXFMN8s="; got != want {
		t.Errorf("insert: got %s, want %s", got, want)
	}
	got = encoded(ion.Dot(text("TxAAAAAAAAAAAAAAAAAAA2"), insert))
	if want := "nBSnQ0eXGYCC+UNfJ+4Q60TQ9i0s0I3pQtHHgvBx1Hg="; got != want {
		t.Errorf("transaction: got %s, want %s", got, want)
	}
}

// document is 476 bytes as EncodeBinary writes it.
const document = `{VIN:"1N4AL11D75C109151",Type:"Sedan",Year:2011,Make:"Audi",Model:"A5",Color:"Silver",` +
	`Mileage:63521.5,Registered:2017-08-21T09:30:00.000Z,Active:true,Notes:null,` +
	`Owners:{PrimaryOwner:{PersonId:"BFJKdXhnLRT27sXBnojNGW",Since:2017-08-21},` +
	`SecondaryOwners:[{PersonId:"CMVdR77XP8zAglmmFDGTvt",Since:2018-01-01}]},` +
	`Address:{Street:"1219 Hudson Street",City:"Everett",State:"WA",PostalCode:"98201"},` +
	`Fees:[90.25,12.50,0.00],Plate:{{aGVsbG8gd29ybGQ=}},` +
	`Remarks:"second key kept by the dealer, tyres changed in the winter of 2018/19"}`

func BenchmarkHash(b *testing.B) {
	v := parse(b, document)
	if got, want := len(ion.EncodeBinary(v)), 476; got != want {
		b.Fatalf("document: got %d bytes, want %d", got, want)
	}
	b.ReportAllocs()
	for b.Loop() {
		ion.Hash(v)
	}
}

func BenchmarkDecodeBinaryThenHash(b *testing.B) {
	data := ion.EncodeBinary(parse(b, document))
	b.ReportAllocs()
	for b.Loop() {
		v, err := ion.DecodeOne(data, ion.Options{})
		if err != nil {
			b.Fatal(err)
		}
		ion.Hash(v)
	}
}

func BenchmarkDecodeBinary(b *testing.B) {
	data := ion.EncodeBinary(parse(b, document))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ion.DecodeOne(data, ion.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeBinary(b *testing.B) {
	v := parse(b, document)
	b.ReportAllocs()
	for b.Loop() {
		ion.EncodeBinary(v)
	}
}

func BenchmarkParseText(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ion.ParseOne(document, ion.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkString(b *testing.B) {
	v := parse(b, document)
	b.ReportAllocs()
	for b.Loop() {
		_ = v.String()
	}
}
