package ion_test

import (
	"bytes"
	"crypto/md5"
	"os"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// hashCorpus is the public ion-hash-test data, beside the repository.
const hashCorpus = "../../../shared/corpora/ion-hash-test/"

func identity(dst, data []byte) []byte { return append(dst, data...) }

func appendMD5(dst, data []byte) []byte {
	sum := md5.Sum(data)
	return append(dst, sum[:]...)
}

// TestHashCorpus checks the last digest each case of ion_hash_tests.ion expects. The cases hash with the identity, so
// that the expectation is the serialised value itself, and with MD5.
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
	digests := 0
	for _, c := range cases {
		v := hashInput(t, c)
		expect, _ := c.Field("expect")
		if calls, ok := expect.Field("identity"); ok {
			if got, want := ion.Serialize(v, identity), lastDigest(t, calls); !bytes.Equal(got, want) {
				t.Errorf("%s: serialised: got % x, want % x", v, got, want)
			}
			digests++
		}
		if calls, ok := expect.Field("md5"); ok {
			got := appendMD5(nil, ion.Serialize(v, appendMD5))
			if want := lastDigest(t, calls); !bytes.Equal(got, want) {
				t.Errorf("%s: MD5: got % x, want % x", v, got, want)
			}
			digests++
		}
	}
	if want := 119; digests < want {
		t.Errorf("digests compared: got %d, want at least %d", digests, want)
	}
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

func lastDigest(t *testing.T, calls ion.Value) []byte {
	t.Helper()
	last := calls.Items()[calls.Len()-1]
	if name := last.Annotations()[0]; name != "digest" && name != "final_digest" {
		t.Fatalf("last call is %s", name)
	}
	return sexpBytes(t, last)
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
