package local_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// open opens dir and closes it with the test.
func open(t testing.TB, dir string, o local.Options) *local.Store {
	t.Helper()
	s, err := local.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t testing.TB, s *local.Store, pairs ...string) {
	t.Helper()
	if err := tryPut(t.Context(), s, pairs...); err != nil {
		t.Fatal(err)
	}
}

func tryPut(ctx context.Context, s *local.Store, pairs ...string) error {
	return s.Update(ctx, func(w store.Writer) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := w.Put(pairs[i], []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
}

// content is everything in s.
func content(t testing.TB, s *local.Store) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := s.View(t.Context(), func(r store.Reader) error {
		return r.Scan("", "", func(k string, v []byte) (bool, error) {
			got[k] = string(v)
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantContent(t testing.TB, s *local.Store, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, content(t, s)); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

func TestReopenKeepsState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/a/b"
	want := map[string]string{}
	for round := range 3 {
		s, err := local.Open(t.Context(), dir, local.Options{})
		if err != nil {
			t.Fatal(err)
		}
		wantContent(t, s, want)
		k := fmt.Sprint("key", round)
		put(t, s, k, "one", "gone", "x")
		want[k] = "one"
		err = s.Update(t.Context(), func(w store.Writer) error { return w.Delete("gone") })
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wantContent(t, open(t, dir, local.Options{}), want)
}

func TestFailedTransactionWritesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), local.Options{NoSync: true})
	put(t, s, "a", "1")
	sentinel := errors.New("no")
	err := s.Update(t.Context(), func(w store.Writer) error {
		if err := w.Put("a", []byte("2")); err != nil {
			return err
		}
		return sentinel
	})
	if err != sentinel {
		t.Errorf("got %v, want the error of fn itself", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of fn was swallowed")
			}
		}()
		_ = s.Update(t.Context(), func(w store.Writer) error {
			if err := w.Delete("a"); err != nil {
				return err
			}
			panic("fn")
		})
	}()
	ctx, cancel := context.WithCancel(t.Context())
	err = s.Update(ctx, func(w store.Writer) error {
		cancel()
		return w.Put("a", []byte("3"))
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	wantContent(t, s, map[string]string{"a": "1"})
	put(t, s, "b", "2")
	wantContent(t, s, map[string]string{"a": "1", "b": "2"})
}

func TestConcurrentUpdatesAreSerialised(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 50
	dir := t.TempDir()
	s, err := local.Open(t.Context(), dir, local.Options{NoSync: true, SegmentBytes: 8192})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				err := s.Update(t.Context(), func(w store.Writer) error {
					v, _, err := w.Get("n")
					if err != nil {
						return err
					}
					return w.Put("n", append(v[:len(v):len(v)], 'x'))
				})
				if err != nil {
					t.Error(err)
				}
				err = s.View(t.Context(), func(r store.Reader) error {
					a, _, _ := r.Get("n")
					b, _, _ := r.Get("n")
					if len(a) != len(b) || len(a) == 0 {
						t.Errorf("one view read %d and %d bytes", len(a), len(b))
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, local.Options{NoSync: true})
	if got := len(content(t, s)["n"]); got != writers*each {
		t.Errorf("got %d increments, want %d", got, writers*each)
	}
}
