package journal_test

import (
	"bytes"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
)

func TestUniqueID(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		raw  []byte
		want string
	}{
		{make([]byte, 16), "0000000000000000000000"},
		{append(make([]byte, 15), 61), "000000000000000000000Z"},
		{append(make([]byte, 15), 62), "0000000000000000000010"},
		{bytes.Repeat([]byte{0xff}, 16), "7N42dgm5tFLK9N8MT7fHC7"}, // 2^128-1
	} {
		if got := journal.UniqueID([16]byte(tc.raw)); got != tc.want {
			t.Errorf("UniqueID(%x): got %s, want %s", tc.raw, got, tc.want)
		}
	}
}
