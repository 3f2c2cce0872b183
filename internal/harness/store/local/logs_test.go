package local_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// A named log outlives the store that it was opened in, and RemoveLog leaves nothing of it.
func TestNamedLogs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round, want := range []int{0, 1} {
		s, err := local.Open(t.Context(), dir, local.Options{})
		if err != nil {
			t.Fatal(err)
		}
		log, err := s.OpenLog(t.Context(), "trail-1")
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		err = log.Read(t.Context(), 0, func(uint64, []byte) error {
			got++
			return nil
		})
		if err != nil || got != want {
			t.Errorf("round %d: got %d blocks, %v, want %d", round, got, err, want)
		}
		term, next, err := log.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Append(t.Context(), term, next, [][]byte{[]byte("block")}); err != nil {
			t.Fatal(err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		if round == 1 {
			for range 2 {
				if err := s.RemoveLog("trail-1"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, "logs")); err != nil || len(left) != 0 {
		t.Errorf("after RemoveLog: %v, %v", left, err)
	}
}
