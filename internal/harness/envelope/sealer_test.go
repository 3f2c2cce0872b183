package envelope_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
)

func newSealer(t *testing.T, first byte, ledger string) *envelope.Sealer {
	t.Helper()
	s, err := envelope.NewSealer(append([]byte{first}, make([]byte, 31)...), ledger, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealedBytesOpenAtTheirPlaceAlone(t *testing.T) {
	t.Parallel()
	s := newSealer(t, 1, "one")
	sealed, err := s.Seal([]byte("log/7"), []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hello")) {
		t.Errorf("sealed bytes %x hold the plaintext", sealed)
	}
	if got, err := s.Open([]byte("log/7"), sealed); err != nil || string(got) != "hello" {
		t.Errorf("open: got %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another place":  func() ([]byte, error) { return s.Open([]byte("log/8"), sealed) },
		"another ledger": func() ([]byte, error) { return newSealer(t, 1, "two").Open([]byte("log/7"), sealed) },
		"another secret": func() ([]byte, error) { return newSealer(t, 2, "one").Open([]byte("log/7"), sealed) },
		"nothing":        func() ([]byte, error) { return s.Open([]byte("log/7"), nil) },
	} {
		if got, err := open(); !errors.Is(err, envelope.ErrSealed) {
			t.Errorf("%s: got %q, %v, want ErrSealed", name, got, err)
		}
	}
	for i := range sealed {
		flipped := bytes.Clone(sealed)
		flipped[i] ^= 1
		if got, err := s.Open([]byte("log/7"), flipped); !errors.Is(err, envelope.ErrSealed) {
			t.Errorf("byte %d flipped: got %q, %v, want ErrSealed", i, got, err)
		}
		if got, err := s.Open([]byte("log/7"), sealed[:i]); !errors.Is(err, envelope.ErrSealed) {
			t.Errorf("cut at %d: got %q, %v, want ErrSealed", i, got, err)
		}
	}
}

func TestEachSealingDiffers(t *testing.T) {
	t.Parallel()
	s, seen := newSealer(t, 1, "one"), map[string]bool{}
	for range 100 {
		sealed, err := s.Seal(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(sealed)] {
			t.Fatalf("sealed %x twice", sealed)
		}
		seen[string(sealed)] = true
	}
}

func TestHashIsKeyed(t *testing.T) {
	t.Parallel()
	value := []byte("x")
	if newSealer(t, 1, "one").Hash(value) != newSealer(t, 1, "one").Hash(value) {
		t.Error("the same key gave two hashes")
	}
	if newSealer(t, 1, "one").Hash(value) == newSealer(t, 2, "one").Hash(value) {
		t.Error("two keys gave the same hash")
	}
	if newSealer(t, 1, "one").Hash(value) == newSealer(t, 1, "two").Hash(value) {
		t.Error("two ledgers gave the same hash")
	}
}

func TestSecretHasItsLength(t *testing.T) {
	t.Parallel()
	if _, err := envelope.NewSealer(make([]byte, 16), "one", rand.Reader); err == nil {
		t.Error("a secret of 16 bytes: got no error")
	}
}
