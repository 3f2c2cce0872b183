package local_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
)

// damageable is a store with several segments, the last of which has records; closed.
func damageable(t *testing.T) *crashfs.FS {
	t.Helper()
	fs := prepared()
	s, err := local.Open(t.Context(), crashDir, small(fs))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		put(t, s, fmt.Sprint("key", i), strings.Repeat(fmt.Sprint(i), 450))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(segments(fs)); got != 3 {
		t.Fatalf("got %d segments, want 3", got)
	}
	return fs.Crash(crashfs.Newest)
}

// segments is the paths of the state's files in ascending order.
func segments(fs *crashfs.FS) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(fs.Files())) {
		if strings.HasSuffix(name, ".seg") {
			out = append(out, name)
		}
	}
	return out
}

// wantRefused checks that the store does not open because of file, and that nothing was changed. It returns the
// offset that the error names.
func wantRefused(t *testing.T, fs *crashfs.FS, file, what string) int64 {
	t.Helper()
	before := fs.Files()
	s, err := local.Open(t.Context(), crashDir, small(fs))
	if err == nil {
		t.Fatalf("%s: the store opened with %v", what, content(t, s))
	}
	corrupt, ok := errors.AsType[*local.CorruptError](err)
	if !ok || corrupt.File != file || !strings.HasPrefix(err.Error(), file+" is damaged at offset ") {
		t.Fatalf("%s: got %v, want a *CorruptError about %s", what, err, file)
	}
	if !maps.EqualFunc(before, fs.Files(), bytes.Equal) { // cmp.Diff takes too long for so many
		t.Fatalf("%s: files were changed", what)
	}
	return corrupt.Offset
}

func TestEachFlippedByteIsRefused(t *testing.T) {
	t.Parallel()
	fs := damageable(t)
	for name, good := range fs.Files() {
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << (i % 8)
			fs.WriteFile(name, bad)
			what := fmt.Sprintf("%s, byte %d", name, i)
			if got := wantRefused(t, fs, name, what); got/512 != int64(i)/512 {
				t.Errorf("%s: got offset %d, want the sector of the byte", what, got)
			}
		}
		fs.WriteFile(name, good)
	}
	wantOpens(t, fs, 6)
}

func wantOpens(t *testing.T, fs *crashfs.FS, items int) {
	t.Helper()
	s, err := local.Open(t.Context(), crashDir, small(fs))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(content(t, s)); got != items {
		t.Errorf("got %d items, want %d", got, items)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Only in the last record can a sector that turned into zeros be taken for one that a crash lost.
func TestEachLostSectorIsRefused(t *testing.T) {
	t.Parallel()
	fs := damageable(t)
	last, at := lastRecord(t, fs)
	for name, good := range fs.Files() {
		for off := 0; off < len(good); off += 512 {
			end := min(off+512, len(good))
			if bytes.Equal(good[off:end], make([]byte, end-off)) || name == last && off >= at {
				continue
			}
			bad := bytes.Clone(good)
			clear(bad[off:end])
			fs.WriteFile(name, bad)
			wantRefused(t, fs, name, fmt.Sprintf("%s, sector at %d", name, off))
		}
		fs.WriteFile(name, good)
	}
	wantOpens(t, fs, 7)
}

// A segment may come from another copy of the same directory, which went another way.
func TestSegmentOfAnotherHistoryIsRefused(t *testing.T) {
	t.Parallel()
	one := damageable(t)
	two := one.Crash(crashfs.Newest)
	for i, fs := range []*crashfs.FS{one, two} {
		s, err := local.Open(t.Context(), crashDir, small(fs))
		if err != nil {
			t.Fatal(err)
		}
		for k := range 4 {
			put(t, s, fmt.Sprint("more", k), strings.Repeat(fmt.Sprint(i), 900))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	names, files := segments(one), two.Files()
	last := names[len(names)-1]
	one.WriteFile(last, files[last])
	wantRefused(t, one, last, last+" of another history")
}

func TestEachOtherLengthIsRefused(t *testing.T) {
	t.Parallel()
	fs := damageable(t)
	for name, good := range fs.Files() {
		for n := range good {
			fs.WriteFile(name, good[:n:n])
			wantRefused(t, fs, name, fmt.Sprintf("%s cut to %d bytes", name, n))
		}
		for _, more := range []int{1, 511, 512, 2048, 1 << 16} {
			fs.WriteFile(name, append(bytes.Clone(good), make([]byte, more)...))
			wantRefused(t, fs, name, fmt.Sprintf("%s with %d more bytes", name, more))
		}
		fs.WriteFile(name, good)
	}
	wantOpens(t, fs, 6)
}

func TestMissingFilesAreRefused(t *testing.T) {
	t.Parallel()
	fs := damageable(t)
	files := fs.Files()
	for _, name := range segments(fs) {
		fs.WriteFile(name, nil)
		wantRefused(t, fs, name, name+" missing")
		fs.WriteFile(name, files[name])
	}
	for _, name := range segments(fs) {
		fs.WriteFile(name, nil)
	}
	wantRefused(t, fs, crashDir+"/state", "all segments missing")
	for name, b := range files {
		fs.WriteFile(name, b)
	}
	secret := crashDir + "/root.secret"
	fs.WriteFile(secret, nil)
	_, err := local.Open(t.Context(), crashDir, small(fs))
	if _, ok := errors.AsType[*local.MissingSecretError](err); !ok {
		t.Errorf("got %v, want a *MissingSecretError", err)
	}
	if _, made := fs.Files()[secret]; made {
		t.Error("a new root secret was made")
	}
	fs.WriteFile(secret, files[secret])
	wantOpens(t, fs, 6)
}

func TestMisplacedSegmentsAreRefused(t *testing.T) {
	t.Parallel()
	fs := damageable(t)
	names, files := segments(fs), fs.Files()
	for i, a := range names {
		for _, b := range names[i+1:] {
			fs.WriteFile(a, files[b])
			fs.WriteFile(b, files[a])
			wantRefused(t, fs, a, a+" swapped with "+b)
			fs.WriteFile(b, files[b])
			wantRefused(t, fs, a, b+" in the place of "+a)
			fs.WriteFile(a, files[a])
		}
	}
	other := damageable(t)
	for _, name := range names {
		fs.WriteFile(name, other.Files()[name])
		wantRefused(t, fs, name, name+" of another store")
		fs.WriteFile(name, files[name])
	}
	stray := filepath.Join(crashDir, "state", "7.seg")
	fs.WriteFile(stray, files[names[0]])
	wantRefused(t, fs, stray, "a segment under a wrong name")
	fs.WriteFile(stray, nil)
	fs.WriteFile(crashDir+"/root.secret", other.Files()[crashDir+"/root.secret"])
	wantRefused(t, fs, names[0], "root secret of another store")
}

// lastRecord writes one more record of four sectors and returns the file and offset it is at.
func lastRecord(t *testing.T, fs *crashfs.FS) (file string, offset int) {
	t.Helper()
	before := fs.Files()
	s, err := local.Open(t.Context(), crashDir, local.Options{FS: fs, SegmentBytes: 4096})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "last", strings.Repeat("z", 1500))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names := segments(fs)
	file = names[len(names)-1]
	if _, ok := before[file]; ok {
		t.Fatal("the last record has no segment to itself")
	}
	return file, 512
}

func TestTornRecordIsDiscarded(t *testing.T) {
	t.Parallel()
	fs := damageable(t)
	name, at := lastRecord(t, fs)
	good := fs.Files()[name]
	const sectors = 4
	for lost := 1; lost < 1<<sectors; lost++ {
		torn := bytes.Clone(good)
		for i := range sectors {
			if lost&(1<<i) != 0 {
				clear(torn[at+i*512:][:512])
			}
		}
		fs.WriteFile(name, torn)
		disk := fs.Crash(crashfs.Newest)
		wantOpens(t, disk, 6)
		// The remains are gone: another record of the same number is not mixed up with them.
		wantHistoryless(t, disk)

		for i := at + lost%7; i < at+sectors*512; i += 7 {
			bad := bytes.Clone(torn)
			bad[i] ^= 1 << (i % 8)
			fs.WriteFile(name, bad)
			wantRefused(t, fs, name, fmt.Sprintf("lost sectors %04b, byte %d", lost, i))
		}
	}
	// The same in a segment that is not the last, or with anything behind it, is damage.
	torn := bytes.Clone(good)
	clear(torn[at+512:][:512])
	copy(torn[at+sectors*512:], good[at:][:512])
	fs.WriteFile(name, torn)
	wantRefused(t, fs, name, "a sector behind a torn record")
}

func wantHistoryless(t *testing.T, fs *crashfs.FS) {
	t.Helper()
	s, err := local.Open(t.Context(), crashDir, small(fs))
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "next", "short")
	fs = fs.Crash(crashfs.Oldest)
	wantOpens(t, fs, 7)
}

func TestCheckReadsEverythingAndChangesNothing(t *testing.T) {
	t.Parallel()
	fs := damageable(t)
	name, at := lastRecord(t, fs)
	torn := fs.Files()[name]
	clear(torn[at+512:][:512])
	fs.WriteFile(name, torn)
	before := fs.Files()
	got, err := local.Check(t.Context(), crashDir, small(fs))
	if err != nil || got.Items != 6 || got.Records != 6 {
		t.Errorf("got %+v, %v, want 6 items in 6 records", got, err)
	}
	if diff := cmp.Diff(before, fs.Files()); diff != "" {
		t.Errorf("files were changed (-before +after):\n%s", diff)
	}
	torn[at] ^= 1
	fs.WriteFile(name, torn)
	_, err = local.Check(t.Context(), crashDir, small(fs))
	if corrupt, ok := errors.AsType[*local.CorruptError](err); !ok || corrupt.File != name {
		t.Errorf("got %v, want a *CorruptError about %s", err, name)
	}
	empty := prepared()
	if err := empty.Mkdir(crashDir); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Check(t.Context(), crashDir, small(empty)); !errors.Is(err, local.ErrEmpty) {
		t.Errorf("got %v, want ErrEmpty", err)
	}
}
