package ion_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// corpus is the public ion-tests data, beside the repository.
const corpus = "../../../shared/corpora/ion-tests/iontestdata"

// notUTF8 are good files in encodings that Ion 1.0 does not have any more ("A value stream in the text encoding must
// be a valid sequence of UTF-8 code points", Ion Text Encoding): refused as they are, read once converted.
var notUTF8 = map[string]func([]byte) []byte{
	"good/utf16.ion": func(data []byte) []byte {
		units := make([]uint16, len(data)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(data[2*i:])
		}
		return []byte(string(utf16.Decode(units)))
	},
	"good/utf32.ion": func(data []byte) []byte {
		runes := make([]rune, len(data)/4)
		for i := range runes {
			runes[i] = rune(binary.BigEndian.Uint32(data[4*i:]))
		}
		return []byte(string(runes))
	},
}

// needsTables are good files with symbols of shared tables that no corpus has: refused without them, because neither
// a hash nor a later reader could name the symbols, and read with tables of made-up texts.
var needsTables = map[string][]ion.SharedTable{
	"good/item1.10n": {madeUpTable("iopc", 1, 10), madeUpTable("iopg", 2, 0x37bb)},
}

func madeUpTable(name string, version, symbols int) ion.SharedTable {
	table := ion.SharedTable{Name: name, Version: version}
	for i := range symbols {
		table.Symbols = append(table.Symbols, fmt.Sprintf("%s-%d", name, i+1))
	}
	return table
}

// corpusFiles returns the files below a folder of the corpus by their path in it.
func corpusFiles(tb testing.TB, folder string) map[string][]byte {
	tb.Helper()
	if _, err := os.Stat(corpus); err != nil {
		tb.Skipf("the ion-tests corpus is not beside the repository: %v", err)
	}
	files := make(map[string][]byte)
	err := filepath.WalkDir(filepath.Join(corpus, folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(corpus, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		tb.Fatalf("read corpus: %v", err)
	}
	return files
}

func TestGoodFilesRoundTrip(t *testing.T) {
	t.Parallel()
	files := corpusFiles(t, "good")
	if got, want := len(files), 289; got < want {
		t.Errorf("good files: got %d, want at least %d", got, want)
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if convert, ok := notUTF8[name]; ok {
				if _, err := ion.Decode(data, ion.Options{}); err == nil {
					t.Error("text that is not UTF-8 was read")
				}
				data = convert(data)
			}
			if _, ok := needsTables[name]; ok {
				if _, err := ion.Decode(data, ion.Options{}); err == nil {
					t.Error("symbols without a text were read")
				}
			}
			values, err := ion.Decode(data, ion.Options{Tables: needsTables[name]})
			if err != nil {
				t.Fatalf("decode: %v", err)
			}
			roundTrip(t, values)
		})
	}
}

// roundTrip takes values through binary and text and back, both ways, and expects them and their hashes unchanged.
func roundTrip(tb testing.TB, values []ion.Value) {
	tb.Helper()
	encoded := ion.EncodeBinary(values...)
	fromBinary, err := ion.DecodeBinary(encoded, ion.Options{MaxBytes: 64 << 20})
	if err != nil {
		tb.Fatalf("decode own binary % x: %v", encoded, err)
	}
	sameValues(tb, "binary", fromBinary, values)
	if again := ion.EncodeBinary(fromBinary...); !bytes.Equal(again, encoded) {
		tb.Errorf("binary of decoded binary: got % x, want % x", again, encoded)
	}
	text := ion.EncodeText(fromBinary...)
	fromText, err := ion.ParseText(string(text), ion.Options{MaxBytes: 64 << 20})
	if err != nil {
		tb.Fatalf("parse own text %q: %v", text, err)
	}
	sameValues(tb, "text", fromText, values)
	if again := ion.EncodeText(fromText...); !bytes.Equal(again, text) {
		tb.Errorf("text of parsed text: got %q, want %q", again, text)
	}
}

// sameValues compares texts too: Equal goes by the hash where fields stand in another order, so that a fault in what
// the hash and the binary encoding share could hide from it.
func sameValues(tb testing.TB, how string, got, want []ion.Value) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Fatalf("%s: got %d values, want %d", how, len(got), len(want))
	}
	for i := range got {
		if !got[i].Equal(want[i]) || ion.Hash(got[i]) != ion.Hash(want[i]) ||
			got[i].String() != want[i].String() {
			tb.Errorf("%s: value %d: got %.200s, want %.200s", how, i, got[i], want[i])
		}
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	t.Parallel()
	files := corpusFiles(t, "bad")
	if got, want := len(files), 496; got < want {
		t.Errorf("bad files: got %d, want at least %d", got, want)
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := ion.Decode
			if strings.HasSuffix(name, ".10n") {
				read = ion.DecodeBinary
			}
			if values, err := read(data, ion.Options{}); err == nil {
				t.Errorf("was read as %v", values)
			}
		})
	}
}

// unknownText is the one document of the corpus that needs a shared table the corpus does not have.
const unknownText = "com.amazon.ion.tests"

// groups reads a file of equivalence sets: each list or S-expression is one. The items of an annotated set are whole
// documents as text; each becomes a list of its values.
func groups(t *testing.T, data []byte) [][]ion.Value {
	t.Helper()
	values, err := ion.Decode(data, ion.Options{})
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	var sets [][]ion.Value
	for _, set := range values {
		var items []ion.Value
		for _, item := range set.Items() {
			if len(set.Annotations()) == 0 {
				items = append(items, item)
				continue
			}
			document, err := ion.ParseText(item.Text(), ion.Options{})
			if err != nil {
				if strings.Contains(item.Text(), unknownText) {
					continue
				}
				t.Fatalf("parse %q: %v", item.Text(), err)
			}
			items = append(items, ion.List(document...))
		}
		for _, f := range set.Fields() {
			items = append(items, f.Value)
		}
		sets = append(sets, items)
	}
	return sets
}

func TestEquivalences(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"good/equivs", "good/non-equivs"} {
		want := folder == "good/equivs"
		for name, data := range corpusFiles(t, folder) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, set := range groups(t, data) {
					comparePairs(t, set, want)
				}
			})
		}
	}
}

func comparePairs(t *testing.T, set []ion.Value, want bool) {
	t.Helper()
	for i, v := range set {
		for j, w := range set {
			if want := want || i == j; v.Equal(w) != want {
				t.Errorf("Equal(%s, %s): got %v, want %v", v, w, !want, want)
			}
			if want := want || i == j; (ion.Hash(v) == ion.Hash(w)) != want {
				t.Errorf("Hash(%s) == Hash(%s): got %v, want %v", v, w, !want, want)
			}
		}
	}
}

func TestTimelineEquivalences(t *testing.T) {
	t.Parallel()
	for name, data := range corpusFiles(t, "good/timestamp/equivTimeline") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, set := range groups(t, data) {
				for _, v := range set {
					for _, w := range set {
						if got := v.Timestamp().Compare(w.Timestamp()); got != 0 {
							t.Errorf("Compare(%s, %s): got %d, want 0", v, w, got)
						}
					}
				}
			}
		})
	}
}
