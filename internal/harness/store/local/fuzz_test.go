package local_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// FuzzPayload reads arbitrary payloads. What is accepted is the same after it went through a snapshot.
func FuzzPayload(f *testing.F) {
	f.Add([]byte("\x01\x01\x01a\x03one\x01\x01b\x00\x02\x01a"))
	f.Add([]byte("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a"))
	f.Add([]byte("\x01"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		first, size, err := local.Apply(payload)
		if err != nil {
			return
		}
		if size < 0 {
			t.Errorf("got a size of %d", size)
		}
		if len(first) == 0 {
			return
		}
		second, again, err := local.Apply(first[0])
		if err != nil || again != size || !cmp.Equal(first, second) {
			t.Errorf("got %q, %d, %v, want %q, %d", second, again, err, first, size)
		}
	})
}

// FuzzSecret reads arbitrary root secrets. Only what would be written is accepted.
func FuzzSecret(f *testing.F) {
	f.Add(local.EncodeSecret(make([]byte, 32)))
	f.Add([]byte("qldbkms-root-secret v1 \n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if secret, ok := local.DecodeSecret(b); ok && !bytes.Equal(local.EncodeSecret(secret), b) {
			t.Errorf("accepted %q", b)
		}
	})
}
