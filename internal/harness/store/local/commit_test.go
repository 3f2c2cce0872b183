package local_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
)

// stuck is a store of which one Update is held in the middle of its sync.
type stuck struct {
	*local.Store
	fs      *crashfs.FS
	first   chan error           // result of the held Update, which puts "first"
	outcome chan crashfs.Outcome // lets the sync go on
	syncs   atomic.Int32
}

func newStuck(t *testing.T) *stuck {
	t.Helper()
	s := &stuck{fs: prepared(), first: make(chan error, 1), outcome: make(chan crashfs.Outcome)}
	var err error
	if s.Store, err = local.Open(t.Context(), crashDir, local.Options{FS: s.fs}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	reached := make(chan struct{})
	s.fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
		if c.Op == "sync" && s.syncs.Add(1) == 1 {
			close(reached)
			return <-s.outcome
		}
		return crashfs.Pass
	})
	go func() { s.first <- tryPut(t.Context(), s.Store, "first", "1") }()
	<-reached
	return s
}

// start runs an Update and returns when its fn has begun. The one started before has been queued by then, as only
// one fn runs at a time.
func (s *stuck) start(t *testing.T, fn func(store.Writer) error) <-chan error {
	began, result := make(chan struct{}), make(chan error, 1)
	go func() {
		result <- s.Update(t.Context(), func(w store.Writer) error {
			close(began)
			return fn(w)
		})
	}()
	<-began
	return result
}

func TestWaitingTransactionsShareOneSync(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	var results []<-chan error
	for i := range 20 {
		results = append(results, s.start(t, func(w store.Writer) error { return w.Put(fmt.Sprint(i), nil) }))
	}
	wantContent(t, s.Store, map[string]string{}) // nothing is visible before it is durable
	s.outcome <- crashfs.Pass
	for _, r := range append(results, s.first) {
		if err := <-r; err != nil {
			t.Error(err)
		}
	}
	// The last one may have come too late for the group of the others.
	if got := s.syncs.Load(); got > 3 {
		t.Errorf("got %d syncs for 21 transactions, want at most 3", got)
	}
	if got := len(content(t, s.Store)); got != 21 {
		t.Errorf("got %d items, want 21", got)
	}
}

func TestWhatSawALostTransactionFailsWithIt(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	results := map[string]<-chan error{
		"write": s.start(t, func(w store.Writer) error { return w.Put("second", nil) }),
		"read": s.start(t, func(w store.Writer) error {
			if _, found, _ := w.Get("first"); !found {
				t.Error("a transaction does not see the one before it")
			}
			return nil
		}),
		"error": s.start(t, func(store.Writer) error { return errors.New("first is taken") }),
	}
	_ = s.start(t, func(store.Writer) error { return nil })
	s.outcome <- crashfs.Fail
	if failed, ok := errors.AsType[*local.FailedError](<-s.first); !ok || !failed.Uncertain {
		t.Errorf("first: got %v, want an uncertain *FailedError", failed)
	}
	for name, r := range results {
		if err := <-r; !errors.As(err, new(*local.FailedError)) {
			t.Errorf("%s: got %v, want a *FailedError", name, err)
		}
	}
	if got := s.syncs.Load(); got != 1 {
		t.Errorf("got %d syncs, want 1: nothing may be written after a failed one", got)
	}
	err := s.Update(t.Context(), func(store.Writer) error {
		t.Error("fn ran on a state that is not durable")
		return nil
	})
	if failed, ok := errors.AsType[*local.FailedError](err); !ok || failed.Uncertain {
		t.Errorf("later: got %v, want a certain *FailedError", err)
	}
	wantContent(t, s.Store, map[string]string{})
}

func TestReadOnlyUpdateWritesNothing(t *testing.T) {
	t.Parallel()
	fs := prepared()
	s := open(t, crashDir, small(fs))
	put(t, s, "a", "1")
	before := fs.Calls()
	err := s.Update(t.Context(), func(w store.Writer) error {
		_, _, err := w.Get("a")
		return errors.Join(err, w.Delete("not there"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := fs.Calls(); got != before {
		t.Errorf("got %d calls of the file system, want none", got-before)
	}
}

func TestWriterSeesItselfAndScansWhatWasThere(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), local.Options{NoSync: true})
	put(t, s, "a", "", "p/1", "x", "p/2", "y", "p/3", "z", "q", "")
	var escaped store.Writer
	err := s.Update(t.Context(), func(w store.Writer) error {
		escaped = w
		value := []byte("new")
		if err := w.Put("p/2", value); err != nil {
			return err
		}
		value[0] = 'X' // the store has its own copy
		var got []string
		err := w.Scan("p/", "p/1", func(k string, v []byte) (bool, error) {
			got = append(got, k+"="+string(v))
			return true, errors.Join(w.Delete(k), w.Put("p/4", nil))
		})
		if want := "p/2=new p/3=z"; strings.Join(got, " ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if err := w.Put("", nil); err == nil {
			t.Error("an empty key was taken")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, s, map[string]string{"a": "", "p/1": "x", "p/4": "", "q": ""})
	if err := escaped.Put("late", nil); err == nil {
		t.Error("a finished transaction took a write")
	}
	if _, _, err := escaped.Get("a"); err == nil {
		t.Error("a finished transaction answered a read")
	}
}

func TestViewKeepsItsSnapshot(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), local.Options{NoSync: true, SegmentBytes: 2048})
	put(t, s, "a", "1", "b", "1")
	err := s.View(t.Context(), func(r store.Reader) error {
		return r.Scan("", "", func(_ string, v []byte) (bool, error) {
			if string(v) != "1" {
				t.Errorf("got %q, want the value from before", v)
			}
			for i := range 50 { // enough to replace the log
				put(t, s, "a", fmt.Sprint(i), "b", fmt.Sprint(i), fmt.Sprint("c", i%3), "1")
			}
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestClosedStore(t *testing.T) {
	t.Parallel()
	s, err := local.Open(t.Context(), t.TempDir(), local.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for {
				if err := tryPut(t.Context(), s, fmt.Sprint(i), "x"); err != nil {
					if !errors.Is(err, local.ErrClosed) {
						t.Errorf("got %v, want ErrClosed", err)
					}
					return
				}
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := s.View(t.Context(), func(store.Reader) error { return nil }); !errors.Is(err, local.ErrClosed) {
		t.Errorf("View: got %v, want ErrClosed", err)
	}
}

func TestTransactionThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), local.Options{NoSync: true})
	big := make([]byte, 8<<20)
	err := s.Update(t.Context(), func(w store.Writer) error {
		for i := range 9 {
			if err := w.Put(fmt.Sprint(i), big); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "the limit is") {
		t.Errorf("got %v, want the limit", err)
	}
	err = s.Update(t.Context(), func(w store.Writer) error { return w.Put("one", big) })
	if err != nil {
		t.Error(err)
	}
	if got := len(content(t, s)["one"]); got != len(big) {
		t.Errorf("got %d bytes, want %d", got, len(big))
	}
}

func TestLogStaysInProportionToTheState(t *testing.T) {
	t.Parallel()
	fs := prepared()
	s := open(t, crashDir, small(fs))
	for i := range 500 {
		put(t, s, fmt.Sprint("k", i%10), strings.Repeat("v", 100))
	}
	var size int
	for _, name := range segments(fs) {
		size += len(fs.Files()[name])
	}
	if size > 12<<10 {
		t.Errorf("the log has %d bytes for a state of 1000, after 500 transactions", size)
	}
}
