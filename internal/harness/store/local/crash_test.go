package local_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
)

const crashDir = "/srv/data"

// small makes every few transactions start a new segment or replace the log by a snapshot.
func small(fs *crashfs.FS) local.Options { return local.Options{FS: fs, SegmentBytes: 2048} }

// step is transaction i of a history in which the state tells how far it has come.
func step(w store.Writer, i int) error {
	return errors.Join(
		w.Put("n", []byte(strconv.Itoa(i))),
		w.Put(fmt.Sprint("k", i%7), []byte(strings.Repeat("v", i*197%1900))),
		w.Delete(fmt.Sprint("k", (i+3)%7)),
	)
}

// stateAfter is the state after transactions 1 to n.
func stateAfter(n int) map[string]string {
	m := map[string]string{}
	for i := 1; i <= n; i++ {
		m["n"] = strconv.Itoa(i)
		m[fmt.Sprint("k", i%7)] = strings.Repeat("v", i*197%1900)
		delete(m, fmt.Sprint("k", (i+3)%7))
	}
	return m
}

// history runs transactions with a restart between, until one fails. acknowledged is how many returned nil.
func history(ctx context.Context, fs *crashfs.FS) (acknowledged int, err error) {
	for _, until := range []int{0, 9, 10, 24} {
		s, err := local.Open(ctx, crashDir, small(fs))
		if err != nil {
			return acknowledged, err
		}
		for acknowledged < until {
			if err := s.Update(ctx, func(w store.Writer) error { return step(w, acknowledged+1) }); err != nil {
				return acknowledged, errors.Join(err, s.Close())
			}
			acknowledged++
		}
		if err := s.Close(); err != nil {
			return acknowledged, err
		}
	}
	return acknowledged, nil
}

// wantHistory opens the store and checks that it holds the acknowledged transactions, or one more, whole; that it
// goes on working; and that what it acknowledges then survives too.
func wantHistory(t *testing.T, fs *crashfs.FS, acknowledged int, after string) {
	t.Helper()
	ctx := t.Context()
	s, err := local.Open(ctx, crashDir, small(fs))
	if err != nil {
		t.Fatalf("%s: open after %d transactions: %v", after, acknowledged, err)
	}
	got := content(t, s)
	n, _ := strconv.Atoi(got["n"])
	if n != acknowledged && n != acknowledged+1 {
		t.Fatalf("%s: got %d transactions, want %d or one more", after, n, acknowledged)
	}
	if diff := cmp.Diff(stateAfter(n), got); diff != "" {
		t.Fatalf("%s: state after %d transactions (-want +got):\n%s", after, n, diff)
	}
	for range 3 {
		n++
		if err := s.Update(ctx, func(w store.Writer) error { return step(w, n) }); err != nil {
			t.Fatalf("%s: transaction %d after reopening: %v", after, n, err)
		}
	}
	fs = fs.Crash(crashfs.Oldest)
	s, err = local.Open(ctx, crashDir, small(fs))
	if err != nil {
		t.Fatalf("%s: open after a second crash: %v", after, err)
	}
	if diff := cmp.Diff(stateAfter(n), content(t, s)); diff != "" {
		t.Fatalf("%s: state after a second crash (-want +got):\n%s", after, diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func prepared() *crashfs.FS {
	fs := crashfs.New()
	if err := fs.Mkdir("/srv"); err != nil {
		panic(err)
	}
	return fs.Crash(crashfs.Newest)
}

func TestPowerCutAtEveryCall(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	choices := []crashfs.Choice{crashfs.Oldest, crashfs.Newest, random.IntN, random.IntN, random.IntN}
	for n, done := 1, false; !done; n++ {
		for _, last := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
			fs := prepared()
			fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
				switch {
				case c.N < n:
					return crashfs.Pass
				case c.N == n:
					return last
				}
				return crashfs.Fail // the machine is off
			})
			acknowledged, err := history(t.Context(), fs)
			done = err == nil
			for _, choose := range choices {
				wantHistory(t, fs.Crash(choose), acknowledged, fmt.Sprintf("power cut at call %d, outcome %d", n, last))
			}
		}
	}
}

func TestEachCallFailsOnce(t *testing.T) {
	t.Parallel()
	for n, done := 1, false; !done; n++ {
		for _, how := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
			fs := prepared()
			var what crashfs.Call
			fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
				if c.N == n {
					what = c
					return how
				}
				return crashfs.Pass
			})
			acknowledged, err := history(t.Context(), fs)
			done = what.N == 0
			if !done && err == nil && what.Op != "lock" {
				t.Errorf("call %d (%s %s) failed, but nobody noticed", n, what.Op, what.Name)
			}
			fs.SetHook(nil)
			wantHistory(t, fs, acknowledged, fmt.Sprintf("call %d (%s %s), outcome %d", n, what.Op, what.Name, how))
		}
	}
}

func TestFailedSyncStopsWritingNotReading(t *testing.T) {
	t.Parallel()
	for _, how := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
		fs := prepared()
		s, err := local.Open(t.Context(), crashDir, small(fs))
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, "a", "1")
		syncs := 0
		fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
			if c.Op == "sync" {
				syncs++
				return how
			}
			return crashfs.Pass
		})
		failed, ok := errors.AsType[*local.FailedError](tryPut(t.Context(), s, "a", "2"))
		if !ok || !errors.Is(failed, store.ErrUncertain) || !errors.Is(failed, crashfs.ErrInjected) {
			t.Errorf("got %v, want an uncertain *FailedError with its cause", failed)
		}
		failed, ok = errors.AsType[*local.FailedError](tryPut(t.Context(), s, "a", "3"))
		if !ok || errors.Is(failed, store.ErrUncertain) {
			t.Errorf("got %v, want a certain *FailedError", failed)
		}
		if syncs != 1 {
			t.Errorf("got %d syncs, want 1: a failed sync must not be tried again", syncs)
		}
		wantContent(t, s, map[string]string{"a": "1"})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
