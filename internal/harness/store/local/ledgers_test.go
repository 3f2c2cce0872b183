package local_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// A ledger whose files are gone is not taken for one that was never opened; one that was removed may be made again.
func TestLedgerWhoseFilesAreGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, local.Options{Rand: rand.Reader})
	const id = "7CTfexCbNS4qOSlE0IFMwZ"
	for range 2 {
		kept, err := s.Ledger(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := kept.Close(); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(dir, "ledgers", id)
	for _, gone := range []string{filepath.Join(folder, "log", "000000000001.seg"), filepath.Join(folder, "log"), folder} {
		if err := os.RemoveAll(gone); err != nil {
			t.Fatal(err)
		}
		_, err := s.Ledger(t.Context(), id)
		corrupt, ok := errors.AsType[*local.CorruptError](err)
		if !ok || corrupt.File != filepath.Join(folder, "log") || !strings.Contains(corrupt.Reason, "missing") {
			t.Errorf("without %s: %v, want the log damaged", gone, err)
		}
	}
	if err := s.RemoveLedger(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	wantContent(t, s, map[string]string{})
	kept, err := s.Ledger(t.Context(), id)
	if err != nil {
		t.Fatalf("a ledger that was removed is not made again: %v", err)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
}
