package ion_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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

// hashVectors are values on which ion-hash-go and ion-hash-js agree, except the last one, where ion-hash-go rounds the
// fraction to nanoseconds.
var hashVectors = map[string]string{
	`"hello world"`:                      "82c4010bfc9cace7f645c0a951243b9b122cb5ba21b60b3f71ea79c513c39342",
	`{a:1}`:                              "f5d2d95c18463b4e3b9e5cf7d8e167299e31627c82c15b5e0b822b83ddadc4eb",
	`"x"`:                                "52fcb708306dac99324c4b5e4f326cb5fece61b9a110f9cca86891a2fd84737f",
	`"it''s"`:                            "fab41e1838e5706454f4ffefbf1352c0ce60fd056b2c68f80edf0a0555d31102",
	`null`:                               "0fb06b6183c21379529fdd45d6af4aba731ac6f081ef9e6c1c94b1fb26177304",
	`abc`:                                "c690af405818e2d876a4c2692f1210dbdd14ff6b238ff0a92222f3d71707ee1d",
	`0.1`:                                "302e93701acd27b2e131d606692ab70a8c0036f2903bbbd8150b6d65b686b3d1",
	`{{aGVsbG8=}}`:                       "da20f4be16236f28f09fb736dac5ef9b1c5bb403f2bcb6850d191a46926d0729",
	`[]`:                                 "1166d9e681e0664f6c6e150388d4c68174abc81629724afb8ba0381969b946c6",
	`{}`:                                 "dc3ff8e550c833236bbee92d163762698b7b0b7b68a1af1b060243580741b7a6",
	`(cons 1 2)`:                         "b9d63a51d5d9c2d975ae44e3ce2a0c4b80b999a2ce78e8ebb24f3583544ff3fd",
	`{a:1,a:1}`:                          "02025c2959432a61b3b0580a11cb78c18a9c75016b31f8fe0b1f330d56568c12",
	`annotation::1`:                      "1080987d0924d1aad95a8bac89ba0b1f30e410492f446c2483653f3c3ee0e4a1",
	`annotation::null.string`:            "4dc8a909ba93f5ad30b4a3b3dc916a66449c0f0a23574649187a9f953acc0597",
	`{a:annotation::{b:1}}`:              "692a9af81ca0e81c36cc18e4b2a9e5d89a0f02f9ff996c979c56ca715dd849d4",
	`2007-02-23T12:14:33.0791234567891Z`: "686180f518cd852143737e769a872b7747f6e4adbf8059e0b93afe02c10bcc56",
}

// ledgerVectors are values whose hashes stand in digests and proofs of a ledger.
var ledgerVectors = map[string]string{
	`null`:                     "D7BrYYPCE3lSn91F1q9KunMaxvCB755sHJSx+yYXcwQ=",
	`true`:                     "zuVEmdXzYrJy+9juZID/VHptxOLZ4SczRZ+CDnAwUBc=",
	`0`:                        "o8fe+Xs1s/s020aC//AC09o5NwEb03IpR/UqqUuNWTE=",
	`1`:                        "8In2TKc7mxYNM/GbB/jQyX1OjkIVwLa4uDbe3Ptlkpo=",
	`-1`:                       "5fdUx3sJ9iaXki239gLFdUsCG5Fgyvjbf1ig8+XGung=",
	`1.50`:                     "VyTyBj83EJzP6drIhvJQ9IYykexW95keJRgxb8Gt5lg=",
	`""`:                       "N7blrvIkKdRDOeJ4b5zNq3Fb9PrID26GDU55uWRiHdQ=",
	`"a"`:                      "rhrYdAYmQ/5lYRogyFlWiU58U4r72zLBuFh5k16Ebo4=",
	`a`:                        "Zb6U43UvwFYeX2hRTomThv85KT6NVX6bPqYEkObZb3s=",
	`{{AQID}}`:                 "vEjQundMmJikKjZyfC8rE2ExZxG4HWx+izLWpqODGEg=",
	`2021-08-30T16:48:55.600Z`: "G6AIlUhjjgBwQLKcjtw1Z7O2knlmrv4X3N/hmpykYIQ=",
	`[]`:                       "EWbZ5oHgZk9sbhUDiNTGgXSryBYpckr7i6A4GWm5RsY=",
	`[1,2]`:                    "aU/xWShlPa2sc1l770D4r2ZKWqHQMx5yGPTyVi6kRaY=",
	`{}`:                       "3D/45VDIMyNrvuktFjdiaYt7C3tooa8bBgJDWAdBt6Y=",
	`{a:1,b:2}`:                "gmAPybQOPFOS7op/jRSfDpbWt+b3Oaj1FtJxWge2zms=",
	`{b:2,a:1}`:                "gmAPybQOPFOS7op/jRSfDpbWt+b3Oaj1FtJxWge2zms=",
	`person::{a:1}`:            "KYwAP2y/oTW85UqVbYqJvTuuQAda2ltjAXVx0SsbDxk=",

	// A strand's id, whose hash stands before its first block.
	`"9DBeKfUQzbaKuOyVvEqGLM"`: "UtsOOo44Rg3doS3uWlqoCaS1UP2FSfp736oLXDlF/Io=",

	// Two revisions of the real service: data and metadata of each. Sources: test data of the QLDB key-value store
	// sample for Node.js; AWS CLI reference, qldb get-revision.
	`{_key:"myKey1",_val:"MyValue1"}`: "xlToHA0CNrpU3Mma1ICUKyEe4me6tPuvSlAnfNiGZK8=",
	`{id:"5vHoYG5m0OZCsqdYCs8XLH",version:13,txTime:2021-06-02T07:03:05.226Z,
		txId:"EVaGjT4dxspC4GUhHi4DDJ"}`: "R5f2f/fjwSotbU5K6oEclPHfrAeKk7nNtkAMvNiuZPg=",
	`{VIN:"1N4AL11D75C109151",LicensePlateNumber:"LEWISR261LL",State:"WA",PendingPenaltyTicketAmount:90.25,
		ValidFromDate:2017-08-21,ValidToDate:2020-05-11,Owners:{PrimaryOwner:{PersonId:"BFJKdXhnLRT27sXBnojNGW"},
		SecondaryOwners:[{PersonId:"CMVdR77XP8zAglmmFDGTvt"}]},City:"Everett"}`: "ykAB8EB0tXxIGmJ9Y9mwppjP1Z9S3Iw+vKN1L9ZXW3A=",
	`{id:"JUJgkIcNbhS2goq8RqLuZ4",version:3,txTime:2019-09-16T19:37:05.344Z,txId:"FnQeJBAicTX0Ah32ZnVtSX"}`: "vNbkf63AqIvow6E3VraH1FfPrZxyU0OkJucmJGWte1s=",

	// transactionInfo of that block, with the digest of its statement.
	`{statements:[{statement:` + updateText + `,startTime:2019-09-16T19:37:05.302Z,
		statementDigest:{{jcgPX2vsOJ0waum4qmDYtn1pCAT9xKNIzA+2k4R+mxA=}}}],
		documents:{JUJgkIcNbhS2goq8RqLuZ4:{tableName:"VehicleRegistration",tableId:"BFJKdXgzt9oF4wjMbuxy4G",
		statements:[0]}}}`: "TvTXygML1bMe6NvEZtGkX+KR+W/EJl4qD1mmV77KZQg=",
	updateText: "jcgPX2vsOJ0waum4qmDYtn1pCAT9xKNIzA+2k4R+mxA=",

	// A document and its metadata as this project's own ledgers keep them, and the record of its redaction.
	`{id:1,firstName:"Ada",lastName:"Lovelace",email:"Ada.Lovelace@email.com",street:"Main Street",postcode:"SW1A"}`: "XGQTKUh2eoenQYhH2K9bcykmXpBY2gsJ8/FO4lYjYe0=",
	`{id:"2r7pUnR9sKt3mLx8yWq0Aa",version:0,txTime:2021-08-30T15:51:00.250Z,txId:"TxAAAAAAAAAAAAAAAAAAA2"}`:          "f2TVoctr0p1eTTqO/HB2dMiyPfU+HZ4Mn7MIr97miyw=",
	`{id:"3s8qVoS0tLu4nMy9zXr1Bb",version:1,txTime:2021-08-30T15:54:00.250Z,txId:"TxAAAAAAAAAAAAAAAAAAA5"}`:          "HWcB3Ttj7Q0sRUI1f8L7RxwpdlPtfPfLg9CLuohHKgM=",
	`{revisions:[{blockAddress:{strandId:"9DBeKfUQzbaKuOyVvEqGLM",sequenceNo:2},tableId:"4hGqYKcV2BQ3Zc1lVt5zVw",
		documentId:"2r7pUnR9sKt3mLx8yWq0Aa",version:0}]}`: "0mubxVw4Jsb24LOqP7c1o9Tnvi5KQz841K+DlQIM4uU=",
	`"CREATE TABLE Test"`:         "89VgAlJp+5TPoatQ3bJY4KBFWGZq72gl6MjvhRq3UKE=",
	`"CREATE INDEX ON Test (id)"`: "OgBfVSnuJTSCfFzxzhXk5U39dVTtxEJyxGdItWkjZhs=",
	`{statements:[{statement:"CREATE TABLE Test",startTime:2021-08-30T15:50:00.100Z,
		statementDigest:{{89VgAlJp+5TPoatQ3bJY4KBFWGZq72gl6MjvhRq3UKE=}}}]}`: "tkm424gq5LpWEYpnH94aSQ5jcRNj+H3e1FM9vOj5lf8=",
}

// updateText is a statement of the real service as an Ion string.
const updateText = `"FROM VehicleRegistration AS r \nWHERE r.VIN = '1N4AL11D75C109151'\n` +
	`INSERT INTO r.Owners.SecondaryOwners\n    VALUE { 'PersonId' : 'CMVdR77XP8zAglmmFDGTvt' }"`

func TestHash(t *testing.T) {
	t.Parallel()
	for text, want := range hashVectors {
		if got := ion.Hash(parse(t, text)); hex.EncodeToString(got[:]) != want {
			t.Errorf("Hash(%s): got %x, want %s", text, got, want)
		}
	}
	for text, want := range ledgerVectors {
		if got := encoded(ion.Hash(parse(t, text))); got != want {
			t.Errorf("Hash(%s): got %s, want %s", text, got, want)
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
		"bytes are signed":           {fill(0), fill(0xff), "pd6bcUrM2K+qq/HL1uEBTJ0H/5XCrhVNkexoSFsx57U="},
		"smallest and largest":       {last(0x80), last(0x7f), "cDWUjZ1Z2p1q0g0Rs7xKHkw4bb5ob8rbCVr7a7Ri5uM="},
		"only the first byte":        {fill(0), [32]byte{1}, "y1koRBIdkm8co61OHW+52OJg7W4yFjYfdzLpdaDou/Y="},
		"equal":                      {fill(0), fill(0), "9aX9QtFqIDAnmO9u0wmXm0MAPSMg2fDo6pgxqSdZ+0s="},
		"two digests, as in Rust":    {sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2")), "lA7Zq937XvKABECFRrxQQ82jkSMrav4HJn+fjtK1AMk="},
		"revision of a Node.js test": {decoded(t, "xlToHA0CNrpU3Mma1ICUKyEe4me6tPuvSlAnfNiGZK8="), decoded(t, "R5f2f/fjwSotbU5K6oEclPHfrAeKk7nNtkAMvNiuZPg="), "DrFztoBrWKz+mCV+BnnMfEZRwfJcD+DNLRPLc16SidY="},
		"revision of the CLI manual": {decoded(t, "ykAB8EB0tXxIGmJ9Y9mwppjP1Z9S3Iw+vKN1L9ZXW3A="), decoded(t, "vNbkf63AqIvow6E3VraH1FfPrZxyU0OkJucmJGWte1s="), "mHVex/yjHAWjFPpwhBuH2GKXmKJjK2FBa9faqoUVNtg="},
		"block of the CLI manual":    {decoded(t, "l05LOsiKV14SDbuaYnH7uwXzUvqzIwUiRLXGbTyj/nY="), decoded(t, "7kewBXhpdbClcZKxhVmpoMHpUGOJtWQD0iY2LPfZkYA="), "NoChM92yKRuJAb/jeLd1VnYn4DHiWIf071ACfic9uHc="},
		"revision of our own":        {decoded(t, "XGQTKUh2eoenQYhH2K9bcykmXpBY2gsJ8/FO4lYjYe0="), decoded(t, "f2TVoctr0p1eTTqO/HB2dMiyPfU+HZ4Mn7MIr97miyw="), "WigEV5X8GIUk6x1lth4DCOXfWMuOGPP8yW+8U6xOd2o="},
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
