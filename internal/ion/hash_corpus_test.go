package ion_test

import (
	"bytes"
	"crypto/md5"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// hashCorpus is the public ion-hash-test data, beside the repository.
const hashCorpus = "../../../shared/corpora/ion-hash-test/"

// A digest appends the digest of data to dst.
type digest func(dst, data []byte) []byte

func identity(dst, data []byte) []byte { return append(dst, data...) }

func appendMD5(dst, data []byte) []byte {
	sum := md5.Sum(data)
	return append(dst, sum[:]...)
}

// TestHashCorpus checks the digests each case of ion_hash_tests.ion expects, in their order. The cases hash with the
// identity, so that the expectation is the serialised value itself, and with MD5.
func TestHashCorpus(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(hashCorpus + "ion_hash_tests.ion")
	if err != nil {
		t.Skipf("the ion-hash-test corpus is not beside the repository: %v", err)
	}
	cases, err := ion.Decode(data, ion.Options{})
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	compared := 0
	for _, c := range cases {
		v := hashInput(t, c)
		expect, _ := c.Field("expect")
		for name, sum := range map[string]digest{"identity": identity, "md5": appendMD5} {
			calls, ok := expect.Field(name)
			if !ok {
				continue
			}
			compared++
			want, all := wantDigests(t, calls)
			got := digests(v, sum)
			if !all {
				got = got[len(got)-1:]
			}
			if !cmp.Equal(got, want) {
				t.Errorf("%s: %s: got % x, want % x", v, name, got, want)
			}
		}
	}
	if want := 171; compared < want {
		t.Errorf("cases compared: got %d, want at least %d", compared, want)
	}
}

// digests hashes v with sum and returns every digest on the way, that of v last.
func digests(v ion.Value, sum digest) (all [][]byte) {
	serialized := ion.Serialize(v, func(dst, data []byte) []byte {
		all = append(all, sum(nil, data))
		return sum(dst, data)
	})
	return append(all, sum(nil, serialized))
}

// wantDigests are the digests that a case lists, either all or only the final one.
func wantDigests(t *testing.T, calls ion.Value) (want [][]byte, all bool) {
	t.Helper()
	for _, call := range calls.Items() {
		switch names := call.Annotations(); {
		case len(names) == 0:
			t.Fatalf("call without a name: %s", call)
		case names[0] == "final_digest":
			return [][]byte{sexpBytes(t, call)}, false
		case names[0] == "digest":
			want = append(want, sexpBytes(t, call))
		}
	}
	return want, true
}

// hashInput is the value of a case: the field ion, or the field 10n with the bytes of its binary encoding.
func hashInput(t *testing.T, c ion.Value) ion.Value {
	t.Helper()
	if v, ok := c.Field("ion"); ok {
		return v
	}
	encoded, ok := c.Field("10n")
	if !ok {
		t.Fatalf("case without input: %s", c)
	}
	v, err := ion.DecodeOne(append([]byte("\xe0\x01\x00\xea"), sexpBytes(t, encoded)...), ion.Options{})
	if err != nil {
		t.Fatalf("decode %s: %v", encoded, err)
	}
	return v
}

func sexpBytes(t *testing.T, v ion.Value) []byte {
	t.Helper()
	var out []byte
	for _, item := range v.Items() {
		n, ok := item.Int64()
		if !ok || n < 0 || n > 255 {
			t.Fatalf("not a byte: %s", item)
		}
		out = append(out, byte(n))
	}
	return out
}

// TestNaughtyStrings takes every line of the big list of naughty strings through both encodings, as string, symbol,
// field name, annotation and clob.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(hashCorpus + "big_list_of_naughty_strings.txt")
	if err != nil {
		t.Skipf("the ion-hash-test corpus is not beside the repository: %v", err)
	}
	for line := range bytes.Lines(data) {
		text := string(line)
		roundTrip(t, []ion.Value{
			ion.String(text), ion.Symbol(text).WithAnnotations(text, "a"), ion.Clob(line), ion.Blob(line),
			ion.Struct(ion.F(text, ion.Sexp(ion.Symbol(text), ion.String(text)))),
		})
	}
}
