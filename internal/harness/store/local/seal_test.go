package local_test

import (
	"bytes"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

func TestSealer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := local.Open(t.Context(), dir, local.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	secret, place := []byte("key material"), []byte("111122223333/eu-west-2/key")
	sealed, err := s.Sealer().Seal(secret, place)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Sealer().Seal(secret, place)
	if err != nil || bytes.Equal(sealed, again) || bytes.Contains(sealed, secret) {
		t.Errorf("two seals are equal or show the secret: %x, %x, %v", sealed, again, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	sealer := open(t, dir, local.Options{NoSync: true}).Sealer()
	if got, err := sealer.Open(sealed, place); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("after reopening: got %q, %v, want %q", got, err, secret)
	}
	if _, err := sealer.Open(sealed, []byte("another place")); err == nil {
		t.Error("opened in another place")
	}
	if _, err := open(t, t.TempDir(), local.Options{NoSync: true}).Sealer().Open(sealed, place); err == nil {
		t.Error("opened under another root secret")
	}
	for i := range sealed {
		if _, err := sealer.Open(sealed[:i:i], place); err == nil {
			t.Errorf("opened when cut to %d bytes", i)
		}
		for _, b := range []byte{0, sealed[i] ^ 1} {
			bad := bytes.Clone(sealed)
			bad[i] = b
			if _, err := sealer.Open(bad, place); err == nil && !bytes.Equal(bad, sealed) {
				t.Errorf("opened with byte %d set to %d", i, b)
			}
		}
	}
	if got, err := sealer.Seal(nil, nil); err != nil {
		t.Error(err)
	} else if got, err := sealer.Open(got, nil); err != nil || len(got) != 0 {
		t.Errorf("empty secret: got %q, %v", got, err)
	}
}
