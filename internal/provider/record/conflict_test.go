package record_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// A meddler lets somebody else act right before a request that holds a word, the first time only.
type meddler struct {
	next http.RoundTripper
	word string
	once sync.Once
	act  func()
}

// RoundTrip implements http.RoundTripper.
func (m *meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Header.Get("User-Agent") != "acctest" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Contains(string(body), m.word) {
			m.once.Do(m.act)
		}
	}
	return m.next.RoundTrip(r)
}

// before lets somebody act right before the provider's first request that holds word.
func (b bench) before(word string, act func()) {
	b.Transport = &meddler{next: b.Transport, word: word, act: act}
}

// Another client's commit between the lookup and ours is a conflict. The driver runs the transaction again, and what it
// then sees decides.
func TestConflicts(t *testing.T) {
	t.Parallel()
	t.Run("an insert of the same key", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.run("CREATE INDEX ON Vehicle (VIN)")
		b.before("INSERT INTO", func() { b.run("INSERT INTO Vehicle {'VIN': '1N4', 'Doors': 2}") })
		_, said := b.Core().Apply(t.Context(), typeName, car(obj{"key_fields": []any{"VIN"}}), nil, nil)
		wants(t, said, "has a document with this key")
		if n := b.conflicts(); n != 1 {
			t.Errorf("%d conflicts, want 1", n)
		}
	})
	t.Run("an insert of another key", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.run("CREATE INDEX ON Vehicle (VIN)")
		b.before("INSERT INTO", func() { b.run("INSERT INTO Vehicle {'VIN': 'other'}") })
		_, said := b.Core().Apply(t.Context(), typeName, car(obj{"key_fields": []any{"VIN"}}), nil, nil)
		if n := b.conflicts(); len(said) > 0 || n != 0 {
			t.Errorf("%d conflicts\n%s", n, said)
		}
	})
	t.Run("an update of the same document", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		st, said := b.Core().Apply(t.Context(), typeName, car(nil), nil, nil)
		if len(said) > 0 {
			t.Fatal(said)
		}
		b.before("UPDATE", func() { b.run("UPDATE Vehicle SET Doors = 9") })
		_, said = b.Core().Apply(t.Context(), typeName, car(obj{"document": `{"VIN": "2"}`}), st, nil)
		wants(t, said, "changed since the plan: version 0 -> 1")
		if n := b.conflicts(); n != 1 {
			t.Errorf("%d conflicts, want 1", n)
		}
	})
	t.Run("an update of another document", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.run("INSERT INTO Vehicle {'VIN': 'other'}")
		st, said := b.Core().Apply(t.Context(), typeName, car(nil), nil, nil)
		if len(said) > 0 {
			t.Fatal(said)
		}
		b.before("UPDATE", func() { b.run("UPDATE Vehicle SET Doors = 9 WHERE VIN = 'other'") })
		st, said = b.Core().Apply(t.Context(), typeName, car(obj{"document": `{"VIN": "2"}`}), st, nil)
		if n := b.conflicts(); len(said) > 0 || st.Get("version") != "1" || n != 0 {
			t.Errorf("version %v, %d conflicts\n%s", st.Get("version"), n, said)
		}
	})
	t.Run("a search without an index meets every writer, and runs again", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.before("INSERT INTO", func() { b.run("INSERT INTO Vehicle {'VIN': 'other'}") })
		st, said := b.Core().Apply(t.Context(), typeName, car(obj{"key_fields": []any{"VIN"}}), nil, nil)
		wants(t, said, "Key fields of table \"Vehicle\" have no index")
		if n := b.conflicts(); said.Failed() || st.Get("version") != "0" || n != 1 {
			t.Errorf("version %v, %d conflicts\n%s", st.Get("version"), n, said)
		}
		if err := b.holds(`{VIN:"other"}`, `{VIN:"1N4",Doors:4}`)(nil); err != nil {
			t.Error(err)
		}
	})
}

// Of several records with the same key in one apply one creates the document; the others are told, without a conflict.
func TestOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run("CREATE INDEX ON Vehicle (VIN)")
	c := b.Core()
	const records = 40
	outcomes := make(chan acctest.Diagnostics, records)
	for n := range records {
		go func() {
			config := car(obj{"key_fields": []any{"VIN"}, "document": fmt.Sprintf(`{"VIN": "1N4", "Doors": %d}`, n)})
			_, said := c.Apply(t.Context(), typeName, config, nil, nil)
			outcomes <- said
		}()
	}
	made := 0
	for range records {
		said := <-outcomes
		if len(said) == 0 {
			made++
			continue
		}
		wants(t, said, "Error", "has a document with this key", "version 0")
	}
	if rows := b.run("SELECT VIN FROM Vehicle"); made != 1 || len(rows) != 1 || b.conflicts() != 0 {
		t.Errorf("%d creates went well, %d documents, %d conflicts; want 1, 1, 0", made, len(rows), b.conflicts())
	}
}

// An index on any of the key fields is enough: no search reads the whole table, and nothing is said.
func TestAnyKeyFieldIndexed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run("CREATE INDEX ON Vehicle (VIN)")
	b.run("INSERT INTO Vehicle << {'VIN': '1N4', 'Doors': 2}, {'VIN': 'KM8', 'Doors': 4} >>")
	b.before("INSERT INTO", func() { b.run("INSERT INTO Vehicle {'VIN': 'other', 'Doors': 4}") })
	st, said := b.apply(car(obj{"key_fields": []any{"Doors", "VIN"}}), nil, nil)
	if len(said) > 0 || st == nil || b.conflicts() != 0 {
		t.Errorf("%d conflicts\n%s", b.conflicts(), said)
	}
	_, said = b.apply(car(obj{"key_fields": []any{"Doors", "VIN"}}), nil, nil)
	wants(t, said, "has a document with this key")
}
