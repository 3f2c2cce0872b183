package ledgerlog_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

var _ store.Log = (*ledgerlog.Log)(nil)

var id = [16]byte([]byte("log of the tests"))

// open opens the log with files so small that a few blocks fill one.
func open(ctx context.Context, fs *crashfs.FS) (*ledgerlog.Log, error) {
	return ledgerlog.Open(ctx, "/log", id, ledgerlog.Options{FS: fs, SegmentBytes: 2048})
}

func mustOpen(t *testing.T, fs *crashfs.FS) *ledgerlog.Log {
	t.Helper()
	l, err := open(t.Context(), fs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// block is block i of every history here.
func block(i uint64) []byte {
	return []byte(fmt.Sprint("block ", i, strings.Repeat(".", int(i*331%1500))))
}

func blocks(first, n uint64) [][]byte {
	b := make([][]byte, n)
	for i := range b {
		b[i] = block(first + uint64(i))
	}
	return b
}

// wantBlocks reads the log and checks every block; it returns how many there are.
func wantBlocks(t *testing.T, l *ledgerlog.Log, what string) uint64 {
	t.Helper()
	var n uint64
	err := l.Read(t.Context(), 0, func(number uint64, b []byte) error {
		if number != n || string(b) != string(block(n)) {
			t.Fatalf("%s: got block %d %.20q, want block %d", what, number, b, n)
		}
		n++
		return nil
	})
	if err != nil {
		t.Fatalf("%s: read: %v", what, err)
	}
	return n
}

func TestAppendAndRead(t *testing.T) {
	t.Parallel()
	fs := crashfs.New()
	l := mustOpen(t, fs)
	term, next, err := l.Acquire(t.Context())
	if err != nil || term != 1 || next != 0 {
		t.Fatalf("got term %d, next %d, %v, want 1, 0", term, next, err)
	}
	for _, n := range []uint64{1, 3, 2} {
		if err := l.Append(t.Context(), term, next, blocks(next, n)); err != nil {
			t.Fatal(err)
		}
		next += n
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, fs.Crash(crashfs.Oldest))
	if got := wantBlocks(t, l, "reopened"); got != 6 {
		t.Errorf("got %d blocks, want 6", got)
	}
	var got []uint64
	if err := l.Read(t.Context(), 4, func(n uint64, _ []byte) error { got = append(got, n); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint64{4, 5}, got); diff != "" {
		t.Errorf("blocks from 4 on (-want +got):\n%s", diff)
	}
	if term, next, err := l.Acquire(t.Context()); err != nil || term != 2 || next != 6 {
		t.Errorf("got term %d, next %d, %v, want 2, 6", term, next, err)
	}
}

func TestRefusedAppends(t *testing.T) {
	t.Parallel()
	l := mustOpen(t, crashfs.New())
	old, _, err := l.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	term, _, err := l.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	stale, gap := &store.StaleTermError{}, &store.GapError{}
	for _, tc := range []struct {
		name   string
		ctx    context.Context
		term   store.Term
		first  uint64
		blocks [][]byte
		want   func(error) bool
	}{
		{"older term", t.Context(), old, 0, blocks(0, 1), func(err error) bool { return errors.As(err, &stale) }},
		{"no term", t.Context(), 0, 0, blocks(0, 1), func(err error) bool { return errors.Is(err, store.ErrStaleTerm) }},
		{"gap", t.Context(), term, 1, blocks(1, 1), func(err error) bool { return errors.As(err, &gap) }},
		{"no blocks", t.Context(), term, 0, nil, func(err error) bool { return err != nil }},
		{"empty block", t.Context(), term, 0, [][]byte{block(0), {}}, func(err error) bool { return err != nil }},
		{
			"too large", t.Context(), term, 0, [][]byte{make([]byte, segment.MaxPayload)},
			func(err error) bool { return err != nil },
		},
	} {
		if err := l.Append(tc.ctx, tc.term, tc.first, tc.blocks); !tc.want(err) || errors.Is(err, store.ErrUncertain) {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
	if n := wantBlocks(t, l, "after refusals"); n != 0 {
		t.Errorf("got %d blocks, want none", n)
	}
	if err := l.Append(t.Context(), term, 0, blocks(0, 1)); err != nil {
		t.Errorf("append after refusals: %v", err)
	}
	if err := l.Append(ended, term, 1, blocks(1, 1)); err == nil {
		// The slot was free, so either outcome is allowed; what was acknowledged must be there.
		if n := wantBlocks(t, l, "ended context"); n != 2 {
			t.Errorf("got %d blocks, want 2", n)
		}
	}
}

// history appends with restarts between until something fails; it returns how many blocks were acknowledged and how
// many may be there because their Append was uncertain.
func history(ctx context.Context, fs *crashfs.FS) (acknowledged, possible uint64, err error) {
	for _, until := range []uint64{0, 5, 6, 20} {
		l, err := open(ctx, fs)
		if err != nil {
			return acknowledged, possible, err
		}
		term, next, err := l.Acquire(ctx)
		if err != nil {
			return acknowledged, possible, errors.Join(err, l.Close())
		}
		if next < acknowledged || next > possible {
			return acknowledged, possible, fmt.Errorf("got next %d, want %d to %d", next, acknowledged, possible)
		}
		for next < until {
			n := 1 + next%3
			possible = next + n
			if err := l.Append(ctx, term, next, blocks(next, n)); err != nil {
				if !errors.Is(err, store.ErrUncertain) {
					possible = next
				}
				return next, possible, errors.Join(err, l.Close())
			}
			next += n
			acknowledged, possible = next, next
		}
		if err := l.Close(); err != nil {
			return acknowledged, possible, err
		}
	}
	return acknowledged, possible, nil
}

// wantHistory checks what is there after a crash, and that the log goes on from it.
func wantHistory(t *testing.T, fs *crashfs.FS, acknowledged, possible uint64, what string) {
	t.Helper()
	l, err := open(t.Context(), fs)
	if err != nil {
		t.Fatalf("%s: open: %v", what, err)
	}
	n := wantBlocks(t, l, what)
	if n != acknowledged && n != possible {
		t.Fatalf("%s: got %d blocks, want %d or %d", what, n, acknowledged, possible)
	}
	term, next, err := l.Acquire(t.Context())
	if err != nil || next != n {
		t.Fatalf("%s: got next %d, %v, want %d", what, next, err, n)
	}
	if err := l.Append(t.Context(), term, next, blocks(next, 4)); err != nil {
		t.Fatalf("%s: append: %v", what, err)
	}
	l, err = open(t.Context(), fs.Crash(crashfs.Oldest))
	if err != nil {
		t.Fatalf("%s: open again: %v", what, err)
	}
	if got := wantBlocks(t, l, what); got != n+4 {
		t.Fatalf("%s: got %d blocks after a second crash, want %d", what, got, n+4)
	}
}

func TestPowerCutAtEveryCall(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	choices := []crashfs.Choice{crashfs.Oldest, crashfs.Newest, random.IntN, random.IntN}
	for n, done := 1, false; !done; n++ {
		for _, last := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
			fs := crashfs.New()
			fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
				switch {
				case c.N < n:
					return crashfs.Pass
				case c.N == n:
					return last
				}
				return crashfs.Fail // the machine is off
			})
			acknowledged, possible, err := history(t.Context(), fs)
			done = err == nil
			for _, choose := range choices {
				wantHistory(t, fs.Crash(choose), acknowledged, possible, fmt.Sprintf("power cut at call %d, outcome %d", n, last))
			}
		}
	}
}

func TestEachCallFailsOnce(t *testing.T) {
	t.Parallel()
	for n, done := 1, false; !done; n++ {
		for _, how := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
			fs := crashfs.New()
			hit := false
			fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
				if c.N == n {
					hit = true
					return how
				}
				return crashfs.Pass
			})
			acknowledged, possible, err := history(t.Context(), fs)
			done = !hit
			if hit && err == nil {
				t.Errorf("call %d failed, but nobody noticed", n)
			}
			fs.SetHook(nil)
			wantHistory(t, fs, acknowledged, possible, fmt.Sprintf("call %d fails, outcome %d", n, how))
		}
	}
}

func TestAcquireAfterFailedSync(t *testing.T) {
	t.Parallel()
	for _, how := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
		fs := crashfs.New()
		l := mustOpen(t, fs)
		term, _, err := l.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
			if c.Op == "sync" {
				return how
			}
			return crashfs.Pass
		})
		if err := l.Append(t.Context(), term, 0, blocks(0, 2)); !errors.Is(err, store.ErrUncertain) {
			t.Fatalf("got %v, want an uncertain error", err)
		}
		fs.SetHook(nil)
		if err := l.Append(t.Context(), term, 0, blocks(0, 2)); err == nil || errors.Is(err, store.ErrUncertain) {
			t.Errorf("got %v, want a refusal until Acquire", err)
		}
		term, next, err := l.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Append(t.Context(), term, next, blocks(next, 2)); err != nil {
			t.Errorf("append after Acquire: %v", err)
		}
		wantBlocks(t, mustOpen(t, fs.Crash(crashfs.Oldest)), "after a failed sync")
	}
}

func TestEveryFlippedByteIsRefused(t *testing.T) {
	t.Parallel()
	fs := crashfs.New()
	if _, _, err := history(t.Context(), fs); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 6))
	for name, content := range fs.Files() {
		for i := random.IntN(17); i < len(content); i += 1 + random.IntN(33) {
			damaged := append([]byte(nil), content...)
			damaged[i] ^= 1 << random.IntN(8)
			fs.WriteFile(name, damaged)
			_, err := open(t.Context(), fs)
			if _, ok := errors.AsType[*segment.CorruptError](err); !ok {
				t.Fatalf("byte %d of %s flipped: got %v, want a *CorruptError", i, name, err)
			}
		}
		fs.WriteFile(name, content)
	}
	mustOpen(t, fs)
}

func TestAnotherLedgersLogIsRefused(t *testing.T) {
	t.Parallel()
	fs := crashfs.New()
	if err := mustOpen(t, fs).Close(); err != nil {
		t.Fatal(err)
	}
	_, err := ledgerlog.Open(t.Context(), "/log", [16]byte{1}, ledgerlog.Options{FS: fs, SegmentBytes: 2048})
	if _, ok := errors.AsType[*segment.CorruptError](err); !ok {
		t.Errorf("got %v, want a *CorruptError", err)
	}
}

func TestClosedLog(t *testing.T) {
	t.Parallel()
	l := mustOpen(t, crashfs.New())
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Acquire(t.Context()); !errors.Is(err, ledgerlog.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
