package engine_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
)

// The recipe for unique values, by two clients at once: look, insert if there is none, again after a conflict.
// There must never be two, with an index or without, and each client ends up seeing the one.
//
// Source: Amazon QLDB developer guide, "Using indexes to limit OCC conflicts".
func TestUniqueInsertsUnderLoad(t *testing.T) {
	t.Parallel()
	for indexed, keys := range map[bool]int{true: 10_000, false: 60} {
		w := newWorld(t)
		w.do("CREATE TABLE T")
		if indexed {
			w.do("CREATE INDEX ON T (k)")
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for k := range keys {
					if err := w.insertUnique(fmt.Sprintf(`"%d"`, k)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got := w.query("SELECT VALUE k FROM T"); len(got) != keys {
			t.Errorf("with an index: %v: got %d documents, want %d", indexed, len(got), keys)
		}
	}
}

func (w *world) insertUnique(k string) error {
	for {
		tx, err := w.ledger.Begin(w.t.Context(), nil)
		if err != nil {
			return err
		}
		rows, _, err := try(w.t, tx, "SELECT * FROM T WHERE k = ?", k)
		if err == nil && len(rows) == 0 {
			_, _, err = try(w.t, tx, "INSERT INTO T {'k': ?}", k)
		}
		if err != nil {
			return err
		}
		if err := commit(tx); !errors.Is(err, engine.ErrConflict) {
			return err
		}
	}
}
