package ion_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// fuzzOptions keep one input from taking long.
var fuzzOptions = ion.Options{MaxBytes: 64 << 10, MaxValues: 10_000}

// seed adds the files of the corpus that end in ext, if the corpus is there.
func seed(f *testing.F, ext string, add func(data []byte)) {
	f.Helper()
	if _, err := os.Stat(corpus); err != nil {
		return
	}
	for _, folder := range []string{"good", "bad"} {
		for name, data := range corpusFiles(f, folder) {
			if filepath.Ext(name) == ext && len(data) < 4<<10 {
				add(data)
			}
		}
	}
}

// seedFuzzed adds what earlier fuzzing of a target found, from testdata/fuzzed.ion.
func seedFuzzed(f *testing.F, target string, add func(data []byte)) {
	f.Helper()
	data, err := os.ReadFile("testdata/fuzzed.ion")
	if err != nil {
		f.Fatal(err)
	}
	lists, err := ion.Decode(data, ion.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, list := range lists {
		if list.Annotations()[0] == target {
			for _, input := range list.Items() {
				add(input.Bytes())
			}
		}
	}
}

// check expects of whatever a reader made of input that it survives both encodings.
func check(t *testing.T, values []ion.Value, err error) {
	t.Helper()
	if err != nil {
		var syntax *ion.SyntaxError
		var limit *ion.LimitError
		if !errors.As(err, &syntax) && !errors.As(err, &limit) {
			t.Fatalf("error of another type: %v", err)
		}
		return
	}
	roundTrip(t, values)
	for _, v := range values {
		if data := ion.ToJSON(v); !json.Valid(data) {
			t.Errorf("%s as JSON: %s", v, data)
		}
	}
}

func FuzzDecodeBinary(f *testing.F) {
	f.Add(ion.EncodeBinary(parse(f, document)))
	for _, text := range fuzzTexts {
		f.Add(ion.EncodeBinary(parse(f, text)))
	}
	seed(f, ".10n", func(data []byte) { f.Add(data) })
	seedFuzzed(f, "FuzzDecodeBinary", func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := ion.DecodeBinary(data, fuzzOptions)
		check(t, values, err)
	})
}

func FuzzParseText(f *testing.F) {
	f.Add(document)
	for _, text := range fuzzTexts {
		f.Add(text)
	}
	seed(f, ".ion", func(data []byte) { f.Add(string(data)) })
	seedFuzzed(f, "FuzzParseText", func(data []byte) { f.Add(string(data)) })
	f.Fuzz(func(t *testing.T, text string) {
		values, err := ion.ParseText(text, fuzzOptions)
		check(t, values, err)
	})
}

// FuzzFromJSON expects that the reader of JSON and encoding/json agree on what is JSON, half surrogates, limits and
// infinities apart. What is read is written and read again as the same, unless it has room for hundreds of zeros: see
// maxJSONZeros.
func FuzzFromJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,-2.5,1e3,"\u00e9\ud83d\ude00",null,true]}`, `[]`, `"\ud800"`, `1e999`, `-0`, `0.00000000`} {
		f.Add([]byte(text))
	}
	seedFuzzed(f, "FuzzFromJSON", func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ion.FromJSON(data, fuzzOptions)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q was read as %s", data, v)
		}
		if len(data) > 300 {
			return
		}
		again, err := ion.FromJSON(ion.ToJSON(v), fuzzOptions)
		if err != nil || !again.Equal(v) {
			t.Errorf("%s: got %s, %v", v, again, err)
		}
	})
}

// fuzzTexts reach what the corpus does not: limits of fields, numbers of the system's symbols, every null.
var fuzzTexts = []string{
	`a::b::{a:$0,$0:[null.int,null.list,null.symbol,{{"\x00"}},{{AA==}}]}`,
	`(-170141183460469231731687303715884105728 340282366920938463463374607431768211456. -0d-2147483648 1d2147483647)`,
	`[0001-01-01T00:00:00.0Z,9999-12-31T23:59:59.99999999999999999999-00:00,2000-02-29T12:30+23:59,2000T,2000-02T]`,
	`$ion_symbol_table::1`, `'$ion_1_0'::name`, `[nan,+inf,-inf,-0e0,1.7976931348623157e308]`,
}
