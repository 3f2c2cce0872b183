package ledgerlog_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

// Whatever block reading begins with, each block from there on comes once; and only the segments from there on are
// read, so that a late start costs little in a long log.
func TestReadFromEveryBlock(t *testing.T) {
	t.Parallel()
	fs := crashfs.New()
	written, _, err := history(t.Context(), fs) // with restarts between, and several blocks in some records
	if err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, fs)
	read := func(from uint64) error {
		next := from
		err := l.Read(t.Context(), from, func(n uint64, b []byte) error {
			if n != next || string(b) != string(block(n)) {
				t.Fatalf("from %d: got block %d, want %d as it was written", from, n, next)
			}
			next++
			return nil
		})
		if err == nil && next != max(written, from) {
			t.Errorf("from %d: got blocks to %d, want to %d", from, next, written)
		}
		return err
	}
	for from := range written + 2 {
		if err := read(from); err != nil {
			t.Fatalf("from %d: %v", from, err)
		}
	}
	files := fs.Files()
	names := slices.Sorted(maps.Keys(files))
	if len(names) < 4 {
		t.Fatalf("got %d segments, want more", len(names))
	}
	for name, seen := range map[string]map[uint64]bool{
		names[0]:            {0: true, written - 1: false},
		names[len(names)-1]: {0: true, 1: true, written - 1: true},
	} {
		damaged := slices.Clone(files[name])
		damaged[segment.SectorSize+20] ^= 1
		fs.WriteFile(name, damaged)
		for from, want := range seen {
			_, corrupt := errors.AsType[*segment.CorruptError](read(from))
			if corrupt != want {
				t.Errorf("%s is damaged, read from %d: refused is %v, want %v", name, from, corrupt, want)
			}
		}
		fs.WriteFile(name, files[name])
	}
}
