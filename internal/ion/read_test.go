package ion_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

func unhex(tb testing.TB, text string) []byte {
	tb.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		tb.Fatalf("not hexadecimal: %q", text)
	}
	return data
}

// TestTextErrors fixes what a user reads when a literal is wrong.
func TestTextErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{a:1,\n b=2}":             `ion text, 2:3: '=' instead of ':'`,
		"[1, 2":                    `ion text, 1:6: end of text instead of ',' or ']'`,
		"[1 2]":                    `ion text, 1:4: '2' instead of ',' or ']'`,
		"(1":                       `ion text, 1:3: end of text instead of a value`,
		`"abc`:                     `ion text, 1:5: end of text instead of the closing "`,
		"'''abc":                   `ion text, 1:7: end of text instead of the closing '''`,
		`"a\qb"`:                   `ion text, 1:3: escape that does not exist`,
		`"\ud800\u0041"`:           `ion text, 1:2: escape that does not exist`,
		`"\U00110000"`:             `ion text, 1:2: escape that does not exist`,
		`"\x+1"`:                   `ion text, 1:2: escape that does not exist`,
		"\"a\nb\"":                 `ion text, 1:3: '\n' instead of a printable character`,
		`{{"é"}}`:                  `ion text, 1:4: 'é' instead of an ASCII character`,
		"{{ab}}":                   `ion text, 1:3: blob that is not base64`,
		"{{YQ==":                   `ion text, 1:7: end of text instead of '}}'`,
		"/* x":                     `ion text, 1:1: comment that does not end`,
		"é":                        `ion text, 1:1: 'é' instead of a value`,
		"a \xff":                   `ion text, 1:3: text that is not UTF-8`,
		"1a":                       `ion text, 1:2: 'a' instead of the end of a number`,
		"01":                       `ion text, 1:1: number with leading zeros`,
		"1_":                       `ion text, 1:3: end of text instead of a digit`,
		"1d9999999999":             `ion text, 1:2: exponent beyond 32 bits`,
		"0.1d-2147483648":          `ion text, 1:4: exponent beyond 32 bits`,
		"null.foo":                 `ion text, 1:6: null of a type that does not exist`,
		"{null:1}":                 `ion text, 1:2: keyword as a field name`,
		"[$10]":                    `ion text, 1:2: symbol $10 has no text here`,
		"$99999999999999999999999": `ion text, 1:1: symbol $999999999999999999999 has no text here`,
		"$ion_1_1 1":               `ion text, 1:1: version of Ion other than 1.0`,
		"2021-02-29":               `ion text, 1:1: timestamp day out of range`,
		"2021-01-01T25:00Z":        `ion text, 1:1: timestamp time of day out of range`,
		"2021-01-01T05:00+24:00":   `ion text, 1:23: timestamp offset out of range`,
		"2021-01-01T05:00":         `ion text, 1:17: end of text instead of an offset`,
		"0001-01-01T00:00+00:01":   `ion text, 1:1: timestamp outside the years 1 to 9999 in UTC`,
		"$ion_symbol_table::{symbols:[],symbols:[]}": `ion text, 1:1: symbol table with two symbols fields`,
	} {
		_, err := ion.ParseText(text, ion.Options{})
		var syntax *ion.SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestBinaryErrors(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"":                                    "ion binary, byte 0: no Ion 1.0 version marker",
		"e00101ea 0f":                         "ion binary, byte 0: no Ion 1.0 version marker",
		"e00100ea 0f e0":                      "ion binary, byte 5: not a version marker of Ion 1.0",
		"e00100ea 84 61":                      "ion binary, byte 5: value longer than what is left for it",
		"e00100ea 8e":                         "ion binary, byte 5: number that does not end",
		"e00100ea 8e 7f7f7f7f7f7f7f7f7fff":    "ion binary, byte 15: length or number beyond 63 bits",
		"e00100ea 81 ff":                      "ion binary, byte 6: string that is not UTF-8",
		"e00100ea 71 0a":                      "ion binary, byte 6: symbol $10 has no text here",
		"e00100ea 79 ffffffffffffffffff":      "ion binary, byte 14: symbol $18446744073709551615 has no text here",
		"e00100ea f1 00":                      "ion binary, byte 5: type code that Ion 1.0 does not have",
		"e00100ea 56 08 00 00 00 80 01":       "ion binary, byte 10: exponent beyond 32 bits",
		"e00100ea 67 80 80 81 81 80 80 80":    "ion binary, byte 12: timestamp year out of range",
		"e00100ea 66 80 81 80 81 80 80":       "ion binary, byte 11: timestamp month out of range",
		"e00100ea 68 0b a0 0f d1 81 81 80 80": "ion binary, byte 7: timestamp offset of a day or more",
		"e00100ea 68 4b a0 0f d1 81 81 80 80": "ion binary, byte 7: timestamp offset of a day or more",
		"e00100ea e3 81 84 e0":                "ion binary, byte 7: annotation wrapper inside another",
	} {
		_, err := ion.DecodeBinary(unhex(t, input), ion.Options{})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", input, err, want)
		}
	}
}

func TestOneValue(t *testing.T) {
	t.Parallel()
	for input, count := range map[string]int{
		"": 0, "// nothing": 0, "1 2": 2, "$ion_1_0": 0, "$ion_symbol_table::{}": 0,
		"\xe0\x01\x00\xea": 0, "\xe0\x01\x00\xea\x0f\x0f": 2, "\xe0\x01\x00\xea\x00": 0, "\xe0\x01\x00\xea\x71\x02": 0,
	} {
		_, err := ion.DecodeOne([]byte(input), ion.Options{})
		var wrong *ion.CountError
		if !errors.As(err, &wrong) || wrong.Count != count {
			t.Errorf("%q: got %v, want %d values", input, err, count)
		}
	}
	for _, input := range []string{"1", " 1 // one", "\xe0\x01\x00\xea\x21\x01\x00"} {
		if v, err := ion.DecodeOne([]byte(input), ion.Options{}); err != nil || !v.Equal(ion.Int(1)) {
			t.Errorf("%q: got %v, %v, want 1", input, v, err)
		}
	}
}

// TestLimits reads input at each limit, and input one beyond it.
func TestLimits(t *testing.T) {
	t.Parallel()
	small := ion.Options{MaxBytes: 60, MaxDepth: 3, MaxValues: 8, MaxNumberBytes: 16}
	largest := strings.Repeat("f", 32)
	for _, test := range []struct{ limit, fits, beyond string }{
		{"MaxBytes", strings.Repeat(" ", 60), strings.Repeat(" ", 61)},
		{"MaxDepth", "[[[1]]]", "[[[[1]]]]"},
		{"MaxDepth", "(((())))", "((((()))))"},
		{"MaxDepth", "{a:{b:{c:1}}}", "{a:{b:{c:{d:1}}}}"},
		{"MaxValues", "1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8 9"},
		{"MaxValues", "name::name::name::name::name::name::name::1", "name::name::name::name::name::name::name::name::1"},
		{"MaxValues", "[1,2,3,4,5,6,7]", "[1,2,3,4,5,6,7,8]"},
		{"MaxNumberBytes", "0x" + largest, "0x1" + largest},
		{"MaxNumberBytes", "340282366920938463463374607431768211455", "-340282366920938463463374607431768211456"},
		{"MaxNumberBytes", "3402823669209384634633746074317.68211455", "3402823669209384634633746074317.68211456"},
	} {
		values, err := ion.ParseText(test.fits, small)
		if err != nil {
			t.Errorf("%s: %q: %v", test.limit, test.fits, err)
		}
		binary := small // without the limits that a symbol table would meet first
		binary.MaxBytes = 0
		if test.limit == "MaxDepth" {
			binary.MaxValues = 0
		}
		if _, err := ion.DecodeBinary(ion.EncodeBinary(values...), binary); err != nil {
			t.Errorf("%s: binary of %q: %v", test.limit, test.fits, err)
		}
		_, err = ion.ParseText(test.beyond, small)
		wantLimit(t, test.beyond, err, test.limit)
		for _, v := range values {
			if err := small.Check(v); err != nil {
				t.Errorf("%s: check of %s: %v", test.limit, v, err)
			}
		}
		values, err = ion.ParseText(test.beyond, ion.Options{})
		if err != nil {
			t.Fatalf("%q: %v", test.beyond, err)
		}
		if test.limit != "MaxBytes" {
			whole := values[0]
			if len(values) > 1 {
				whole = ion.List(values...)
			}
			wantLimit(t, "check of "+test.beyond, small.Check(whole), test.limit)
			_, err = ion.DecodeBinary(ion.EncodeBinary(values...), binary)
			wantLimit(t, "binary of "+test.beyond, err, test.limit)
		}
	}
	_, err := ion.DecodeBinary(ion.EncodeBinary(ion.String(strings.Repeat("a", 60))), small)
	wantLimit(t, "long binary", err, "MaxBytes")
}

// TestStoredIsWide wraps a document at the limits in the way a block wraps it.
func TestStoredIsWide(t *testing.T) {
	t.Parallel()
	deepest := parse(t, strings.Repeat("[", ion.DefaultMaxDepth)+"1"+strings.Repeat("]", ion.DefaultMaxDepth))
	if err := (ion.Options{}).Check(deepest); err != nil {
		t.Errorf("deepest document: %v", err)
	}
	block := ion.EncodeBinary(ion.Struct(ion.F("revisions", ion.List(ion.Struct(ion.F("data", deepest))))))
	_, err := ion.DecodeOne(block, ion.Options{})
	wantLimit(t, "block with the defaults", err, "MaxDepth")
	if _, err := ion.DecodeOne(block, ion.Stored()); err != nil {
		t.Errorf("block: %v", err)
	}
}

func wantLimit(t *testing.T, what string, err error, limit string) {
	t.Helper()
	var beyond *ion.LimitError
	if !errors.As(err, &beyond) || beyond.Limit != limit {
		t.Errorf("%s: got %v, want a LimitError of %s", what, err, limit)
	}
}

// TestDefaultLimits feeds the readers what would cost them dearly without limits.
func TestDefaultLimits(t *testing.T) {
	t.Parallel()
	nulls := append([]byte("\xe0\x01\x00\xea"), []byte(strings.Repeat("\x0f", ion.DefaultMaxValues+1))...)
	deep := strings.Repeat("[", 1<<20)
	for _, test := range []struct{ name, limit, input string }{
		{"a million nulls", "MaxValues", string(nulls)},
		{"a million brackets", "MaxDepth", deep},
		{"a million braces", "MaxDepth", strings.Repeat("{a:", 1<<20)},
		{"a million digits", "MaxNumberBytes", strings.Repeat("9", 1<<20)},
		{"a million hexadecimal digits", "MaxNumberBytes", "0x" + strings.Repeat("f", 1<<20)},
		{"a million decimal places", "MaxNumberBytes", "0." + strings.Repeat("9", 1<<20)},
		{"a fraction of a million digits", "fraction digits", "2021-01-01T00:00:00." + strings.Repeat("0", 1<<20) + "Z"},
		{"a fraction of two billion zeros", "fraction digits",
			string(unhex(t, "e00100ea 6d 80 0fe5 81 81 80 80 80 47 7f 7f 7f")) + "\xff"},
		{"eight megabytes", "MaxBytes", strings.Repeat(" ", 8<<20)},
	} {
		_, err := ion.Decode([]byte(test.input), ion.Options{})
		wantLimit(t, test.name, err, test.limit)
	}
}

func TestFractionDigits(t *testing.T) {
	t.Parallel()
	longest := "2021-01-01T00:00:00." + strings.Repeat("09", 128) + "Z"
	roundTrip(t, []ion.Value{parse(t, longest), parse(t, strings.ReplaceAll(longest, "9", "0"))})
	_, err := ion.ParseTimestamp(strings.Replace(longest, "Z", "0Z", 1))
	wantLimit(t, "257 digits", err, "fraction digits")
}

// TestHugeImports declares symbol tables of billions of symbols, which must cost nothing.
func TestHugeImports(t *testing.T) {
	t.Parallel()
	table := `$ion_symbol_table::{imports:[{name:"a",max_id:9223372036854775000}],symbols:["x"]} `
	got, err := ion.ParseText(table+"$9223372036854775010 x", ion.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sameValues(t, "symbol behind the import", got, []ion.Value{ion.Symbol("x"), ion.Symbol("x")})
	if _, err := ion.ParseText(table+"$9223372036854775009", ion.Options{}); err == nil {
		t.Error("a symbol without a text was read")
	}
	two := `$ion_symbol_table::{imports:[{name:"a",max_id:9223372036854775807},{name:"b",max_id:9223372036854775807}]}`
	if _, err := ion.ParseText(two, ion.Options{}); err == nil {
		t.Error("more symbols than numbers were declared")
	}
}

func TestSymbolTables(t *testing.T) {
	t.Parallel()
	tables := []ion.SharedTable{
		{Name: "colours", Version: 1, Symbols: []string{"red", "green"}},
		{Name: "colours", Version: 2, Symbols: []string{"red", "green", "blue"}},
	}
	for _, test := range []struct{ text, want string }{
		{`$ion_symbol_table::{symbols:["a","b"]} $10 {$11:$10::1}`, `a {b:a::1}`},
		{`$ion_symbol_table::{symbols:["a"]} $10 $ion_1_0 $4`, `a name`},
		{`$ion_symbol_table::{symbols:["a"]} $ion_symbol_table::{imports:$ion_symbol_table,symbols:["b"]} $10 $11`, `a b`},
		{`$ion_symbol_table::{symbols:["a"]} $ion_symbol_table::{imports:other,symbols:["b"]} $10`, `b`},
		{`$ion_symbol_table::{symbols:["a"]} $ion_symbol_table::{imports:"$ion_symbol_table",symbols:["b"]} $10`, `b`},
		{`$ion_symbol_table::{symbols:["a"]} $ion_symbol_table::{imports:null.symbol,symbols:["b"]} $10`, `b`},
		{`$ion_symbol_table::{imports:[{name:"colours",version:2}],symbols:["a"]} $12 $13`, `blue a`},
		{`$ion_symbol_table::{imports:[{name:"colours",version:2,max_id:2}],symbols:["a"]} $11 $12`, `green a`},
		{`$ion_symbol_table::{imports:[{name:"colours",version:1,max_id:3}],symbols:["a"]} $11 $13`, `green a`},
		{`$ion_symbol_table::{imports:[{name:"colours"}],symbols:["a"]} $12`, `a`},
		{`$ion_symbol_table::{imports:[{name:"colours",version:-1,max_id:2}]} $11`, `green`},
		{`$ion_symbol_table::{imports:[{name:"$ion",max_id:9},{name:""},{name:null.string},7]} $ion`, `$ion`},
		{`{a:$ion_symbol_table::{symbols:["z"]}}`, `{a:$ion_symbol_table::{symbols:["z"]}}`},
		{`a::$ion_symbol_table::{symbols:["z"]}`, `a::$ion_symbol_table::{symbols:["z"]}`},
		{`$ion_symbol_table::null.struct`, `$ion_symbol_table::null.struct`},
		{`$ion_1_x $ion_x_0 $ion_1 $ion_ $ion_1_0x`, `$ion_1_x $ion_x_0 $ion_1 $ion_ $ion_1_0x`},
		{`$ion_2_0::1 $ion_2_0 /**/ :: 1 '$ion_2_0'`, `'$ion_2_0'::1 '$ion_2_0'::1 '$ion_2_0'`},
	} {
		got, err := ion.ParseText(test.text, ion.Options{Tables: tables})
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		var texts []string
		for _, v := range got {
			texts = append(texts, v.String())
		}
		if got := strings.Join(texts, " "); got != test.want {
			t.Errorf("%s: got %s, want %s", test.text, got, test.want)
		}
	}
	for _, text := range []string{
		`$ion_symbol_table::{imports:[{name:"colours",version:3}]}`, // not at hand, so its size is unknown
		`$ion_symbol_table::{imports:[{name:"colours",version:1,max_id:3}]} $12`,
		`$ion_symbol_table::{symbols:[null,"a"]} $10`,
		`$ion_symbol_table::{symbols:["a"]} $11`,
	} {
		if got, err := ion.ParseText(text, ion.Options{Tables: tables}); err == nil {
			t.Errorf("%s: got %v, want an error", text, got)
		}
	}
}

// TestEncodeBinary fixes the bytes, which are those of ion-js for the first two.
func TestEncodeBinary(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{a:1}":                         "e00100ea e7 81 83 d4 87 b2 81 61 d3 8a 21 01",
		`"x"`:                           "e00100ea 81 78",
		"":                              "e00100ea",
		"{name:$0}":                     "e00100ea d2 84 70",
		"name::-256":                    "e00100ea e5 81 84 32 01 00",
		"0.":                            "e00100ea 50",
		"-0.0":                          "e00100ea 52 c1 80",
		"1.28":                          "e00100ea 53 c2 00 80",
		"1d64":                          "e00100ea 53 00 c0 01",
		"0e0 -0e0":                      "e00100ea 40 48 80 00 00 00 00 00 00 00",
		"2011T":                         "e00100ea 63 c0 0f db",
		"2011-02-20T19:30:59.100-08:00": "e00100ea 6b 43 e0 0f db 82 95 83 9e bb c3 64",
		"[1,(true null.list)]":          "e00100ea b5 21 01 c2 11 bf",
		`"01234567890123"`:              "e00100ea 8e 8e 30 31 32 33 34 35 36 37 38 39 30 31 32 33",
		`b::a::b`:                       "e00100ea e9 81 83 d6 87 b4 81 62 81 61 e5 82 8a 8b 71 0a",
	} {
		values, err := ion.ParseText(text, ion.Options{})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(unhex(t, want), ion.EncodeBinary(values...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
