package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

type fruit struct{ Colour string }

var fruits = store.Table[fruit]{Prefix: "fruit/"}

// orchard is a state with four fruits between other keys.
func orchard(t *testing.T) store.State {
	t.Helper()
	s, err := local.Open(t.Context(), t.TempDir(), local.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	err = s.Update(t.Context(), func(w store.Writer) error {
		return errors.Join(
			w.Put("fruit", []byte("before")), w.Put("fruit0", []byte("behind")),
			fruits.Put(w, "a/apple", fruit{"red"}), fruits.Put(w, "a/apricot", fruit{"orange"}),
			fruits.Put(w, "b/banana", fruit{"yellow"}), fruits.Put(w, "b/berry", fruit{"blue"}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTableScan(t *testing.T) {
	t.Parallel()
	s := orchard(t)
	stop := errors.New("stop")
	for _, tc := range []struct {
		name, prefix, after string
		limit               int
		err                 error
		want                string
	}{
		{name: "all", want: "a/apple=red a/apricot=orange b/banana=yellow b/berry=blue"},
		{name: "prefix", prefix: "b/", want: "b/banana=yellow b/berry=blue"},
		{name: "after a name", after: "a/apricot", want: "b/banana=yellow b/berry=blue"},
		{name: "after what is not there", prefix: "a/", after: "a/apq", want: "a/apricot=orange"},
		{name: "after the last", after: "b/berry"},
		{name: "after the prefix", prefix: "a/", after: "b"},
		{name: "before the prefix", prefix: "b/", after: "a/apple", want: "b/banana=yellow b/berry=blue"},
		{name: "until enough", limit: 2, want: "a/apple=red a/apricot=orange"},
		{name: "until an error", limit: 1, err: stop, want: "a/apple=red"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			err := s.View(t.Context(), func(r store.Reader) error {
				return fruits.Scan(r, tc.prefix, tc.after, func(name string, v fruit) (bool, error) {
					got = append(got, name+"="+v.Colour)
					more := tc.limit == 0 || len(got) < tc.limit
					if !more {
						return tc.err != nil, tc.err
					}
					return true, nil
				})
			})
			if !errors.Is(err, tc.err) {
				t.Errorf("got error %v, want %v", err, tc.err)
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTableGetAndDelete(t *testing.T) {
	t.Parallel()
	s := orchard(t)
	err := s.Update(t.Context(), func(w store.Writer) error {
		if got, found, err := fruits.Get(w, "a/apple"); !found || got.Colour != "red" || err != nil {
			t.Errorf("got %v, %v, %v, want a red one", got, found, err)
		}
		if err := errors.Join(fruits.Delete(w, "a/apple"), fruits.Delete(w, "not there")); err != nil {
			t.Error(err)
		}
		if got, found, err := fruits.Get(w, "a/apple"); found || err != nil {
			t.Errorf("got %v, %v, want none", got, err)
		}
		return w.Put("fruit/bad", []byte("{"))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), func(r store.Reader) error {
		_, _, err := fruits.Get(r, "bad")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "decode fruit/bad") {
		t.Errorf("got %v, want an error that names the key", err)
	}
}
