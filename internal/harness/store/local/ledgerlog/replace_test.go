package ledgerlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

// secret is a block that is to go, with its mark in every sector.
func secret(i uint64) []byte { return []byte(strings.Repeat(fmt.Sprint("secret ", i, " "), 90)) }

// held are the blocks of a log.
func held(t *testing.T, l *ledgerlog.Log, what string) (blocks []string) {
	t.Helper()
	err := l.Read(t.Context(), 0, func(_ uint64, b []byte) error {
		blocks = append(blocks, string(b))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: read: %v", what, err)
	}
	return blocks
}

// secrets makes a log of 9 blocks in groups of three, over several segments.
func secrets(t *testing.T) (*crashfs.FS, *ledgerlog.Log, store.Term) {
	t.Helper()
	fs := crashfs.New()
	l := mustOpen(t, fs)
	term, _, err := l.Acquire(t.Context())
	for n := uint64(0); err == nil && n < 9; n += 3 {
		err = l.Append(t.Context(), term, n, [][]byte{secret(n), secret(n + 1), secret(n + 2)})
	}
	if err != nil {
		t.Fatal(err)
	}
	return fs, l, term
}

func with(block []byte) func([]byte) ([]byte, error) {
	return func([]byte) ([]byte, error) { return block, nil }
}

func wantNowhere(t *testing.T, fs *crashfs.FS, mark, what string) {
	t.Helper()
	for name, content := range fs.Files() {
		if bytes.Contains(content, []byte(mark)) {
			t.Fatalf("%s: %s still holds %q", what, name, mark)
		}
	}
}

// Whatever block is replaced, by a shorter or a longer one, before and after the log was opened again: no file holds
// the old one, the others stay, and the log goes on.
func TestReplace(t *testing.T) {
	t.Parallel()
	fs, l, term := secrets(t)
	want := held(t, l, "before")
	for i, number := range []uint64{4, 0, 8, 4, 2, 3, 7, 1, 5, 6} {
		block := []byte(fmt.Sprint("gone ", number, strings.Repeat("-", i%2*4000)))
		err := l.Replace(t.Context(), term, number, func(old []byte) ([]byte, error) {
			if string(old) != want[number] {
				t.Errorf("block %d: got %.20q, want %.20q", number, old, want[number])
			}
			return block, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want[number] = string(block)
		what := fmt.Sprint("block ", number)
		wantNowhere(t, fs, fmt.Sprint("secret ", number, " "), what)
		size := 0
		for _, content := range fs.Files() {
			size += len(content)
		}
		if got, err := l.Bytes(t.Context()); err != nil || got != int64(size) {
			t.Errorf("%s: got %d bytes, %v, want %d", what, got, err, size)
		}
		next := uint64(len(want))
		if err := l.Append(t.Context(), term, next, [][]byte{block}); err != nil {
			t.Fatal(err)
		}
		want = append(want, string(block))
		if got := held(t, l, what); strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: got %.30q, want %.30q", what, got, want)
		}
		fs = fs.Crash(crashfs.Oldest)
		l = mustOpen(t, fs)
		if term, next, err = l.Acquire(t.Context()); err != nil || next != uint64(len(want)) {
			t.Fatalf("%s: got next %d, %v, want %d", what, next, err, len(want))
		}
		if got := held(t, l, what); strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s, opened again: got %.30q, want %.30q", what, got, want)
		}
	}
}

// Whatever a replaced block leaves of the last segment, what comes next finds room.
func TestReplaceLeavesRoom(t *testing.T) {
	t.Parallel()
	for size := 100; size < 3500; size += 100 {
		fs := crashfs.New()
		l := mustOpen(t, fs)
		term, _, err := l.Acquire(t.Context())
		if err == nil {
			err = l.Append(t.Context(), term, 0, [][]byte{secret(0)})
		}
		if err == nil {
			err = l.Replace(t.Context(), term, 0, with(make([]byte, size)))
		}
		for n := uint64(1); err == nil && n < 6; n++ {
			err = l.Append(t.Context(), term, n, [][]byte{secret(n)})
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if got := held(t, mustOpen(t, fs.Crash(crashfs.Oldest)), "opened again"); len(got) != 6 || len(got[0]) != size {
			t.Errorf("%d bytes: got %d blocks, the first of %d bytes", size, len(got), len(got[0]))
		}
	}
}

func TestRefusedReplaces(t *testing.T) {
	t.Parallel()
	fs, l, old := secrets(t)
	term, _, err := l.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := fs.Files()
	gap := &store.GapError{}
	for _, tc := range []struct {
		name   string
		term   store.Term
		number uint64
		fn     func([]byte) ([]byte, error)
		want   func(error) bool
	}{
		{"older term", old, 1, with([]byte("x")), func(err error) bool { return errors.Is(err, store.ErrStaleTerm) }},
		{"no such block", term, 9, with([]byte("x")), func(err error) bool { return errors.As(err, &gap) }},
		{"nothing to do", term, 1, with(nil), func(err error) bool { return err == nil }},
		{"empty", term, 1, with([]byte{}), func(err error) bool { return err != nil }},
		{"too large", term, 1, with(make([]byte, segment.MaxPayload)), func(err error) bool { return err != nil }},
		{
			"refused by fn", term, 1, func([]byte) ([]byte, error) { return nil, errors.ErrUnsupported },
			func(err error) bool { return err == errors.ErrUnsupported },
		},
	} {
		err := l.Replace(t.Context(), tc.term, tc.number, tc.fn)
		if !tc.want(err) || errors.Is(err, store.ErrUncertain) {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
	for name, content := range fs.Files() {
		if !bytes.Equal(content, before[name]) {
			t.Errorf("%s was changed", name)
		}
	}
	if err := l.Append(t.Context(), term, 9, [][]byte{secret(9)}); err != nil {
		t.Errorf("append after refusals: %v", err)
	}
}

// Wherever the power is cut, or a call fails: either block is there, whole, and another Replace ends with the new one.
func TestReplaceIsCutAtEveryCall(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(11, 12))
	for _, number := range []uint64{1, 8} {
		for n, done := 1, false; !done; n++ {
			for i := range 4 {
				fs, l, term := secrets(t)
				last, off := []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied}[i%2], i < 2
				op := ""
				fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
					switch {
					case c.N < n || c.N > n && !off:
						return crashfs.Pass
					case c.N == n:
						op = c.Op
						return last
					}
					return crashfs.Fail
				})
				err := l.Replace(t.Context(), term, number, with([]byte("gone")))
				done = fs.Calls() < n
				fs.SetHook(nil)
				what := fmt.Sprintf("block %d, call %d, outcome %d, off %v", number, n, last, off)
				if !done && err == nil && op != "close" { // of a file that was only searched
					t.Errorf("%s: nobody noticed", what)
				}
				for _, choose := range []crashfs.Choice{crashfs.Oldest, crashfs.Newest, random.IntN} {
					replaced(t, fs.Crash(choose), number, err == nil, what)
				}
				if !off && err != nil { // the same process goes on
					if term, _, err = l.Acquire(t.Context()); err != nil {
						t.Fatalf("%s: acquire: %v", what, err)
					}
					if err := l.Replace(t.Context(), term, number, with([]byte("gone"))); err != nil {
						t.Fatalf("%s: again: %v", what, err)
					}
					replaced(t, fs.Crash(crashfs.Oldest), number, true, what)
				}
			}
		}
	}
}

// replaced checks what a Replace left behind, and does it again.
func replaced(t *testing.T, fs *crashfs.FS, number uint64, acknowledged bool, what string) {
	t.Helper()
	l, err := open(t.Context(), fs)
	if err != nil {
		t.Fatalf("%s: open: %v", what, err)
	}
	for again := range 2 {
		got := held(t, l, what)
		if len(got) != 9 {
			t.Fatalf("%s: got %d blocks, want 9", what, len(got))
		}
		for i, b := range got {
			if b == string(secret(uint64(i))) && (uint64(i) != number || !acknowledged && again == 0) {
				continue
			}
			if b != "gone" || uint64(i) != number {
				t.Fatalf("%s: block %d is %.20q", what, i, b)
			}
		}
		term, next, err := l.Acquire(t.Context())
		if err != nil || next != 9 {
			t.Fatalf("%s: got next %d, %v", what, next, err)
		}
		if err := l.Replace(t.Context(), term, number, with([]byte("gone"))); err != nil {
			t.Fatalf("%s: replace again: %v", what, err)
		}
		wantNowhere(t, fs, fmt.Sprint("secret ", number, " "), what)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A block that was replaced was durable before, so a crash cannot have taken a part of it.
func TestDamageToAReplacedBlockIsRefused(t *testing.T) {
	t.Parallel()
	fs, l, term := secrets(t)
	for _, number := range []uint64{4, 8} {
		if err := l.Replace(t.Context(), term, number, with(bytes.Repeat([]byte("gone"), 300))); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(13, 14))
	refused := func(name string, damaged []byte, what string) {
		t.Helper()
		fs.WriteFile(name, damaged)
		_, err := open(t.Context(), fs)
		if _, ok := errors.AsType[*segment.CorruptError](err); !ok {
			t.Fatalf("%s of %s: got %v, want a *CorruptError", what, name, err)
		}
	}
	for name, content := range fs.Files() {
		for i := random.IntN(17); i < len(content); i += 1 + random.IntN(33) {
			damaged := bytes.Clone(content)
			damaged[i] ^= 1 << random.IntN(8)
			refused(name, damaged, fmt.Sprintf("byte %d flipped", i))
		}
		for i := 0; i < len(content); i += segment.SectorSize {
			damaged := bytes.Clone(content)
			clear(damaged[i : i+segment.SectorSize])
			if !bytes.Equal(damaged, content) {
				refused(name, damaged, fmt.Sprintf("sector at %d zeroed", i))
			}
		}
		fs.WriteFile(name, content)
	}
	mustOpen(t, fs)
}
