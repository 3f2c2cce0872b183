package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
)

// answers is everything that a ledger tells about itself.
func (w *world) answers() map[string][]string {
	w.t.Helper()
	got := map[string][]string{}
	digest, err := w.ledger.Digest()
	if err != nil {
		w.t.Fatal(err)
	}
	got["digest"] = []string{fmt.Sprintf("%x at %v", digest.Hash, digest.Tip)}
	err = w.ledger.Journal(context.Background(), 0, func(b journal.Block) (bool, error) {
		if err := b.Check(); err != nil {
			return false, err
		}
		got["journal"] = append(got["journal"], b.Ion().String())
		return true, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	tx := w.begin()
	defer tx.Abort()
	got["catalog"] = exec(w.t, tx, "SELECT * FROM information_schema.user_tables")
	for _, table := range w.ledger.Tables() {
		got["history of "+table.ID] = exec(w.t, tx, "SELECT * FROM history('"+table.ID+"')")
		if !table.Active {
			continue
		}
		got[table.Name] = exec(w.t, tx, "SELECT * FROM _ql_committed_"+table.Name)
		for k := range 8 {
			for _, f := range []string{"k", "p"} {
				query := fmt.Sprintf("SELECT * FROM %s WHERE %s = %d", table.Name, f, k)
				got[query] = exec(w.t, tx, query)
			}
		}
	}
	return got
}

// story is a history with everything that the index has to follow.
var story = [][]string{
	{"CREATE TABLE T"},
	{"INSERT INTO T <<{'k':1,'p':1},{'k':2,'p':2},{'k':3,'p':3}>>"},
	{"CREATE INDEX ON T (k)"},
	{"UPDATE T SET k = 4 WHERE k = 1", "INSERT INTO T {'k':1.0,'p':4}"},
	{"DELETE FROM T WHERE k = 2"},
	{"CREATE TABLE Other", "INSERT INTO Other {'k':5,'p':5}", "CREATE INDEX ON Other (k)"},
	{"UPDATE T SET k = 1 WHERE k = 4"},
	{"SELECT * FROM T"},
	{"CREATE INDEX ON T (p)", "UPDATE T SET p = 7 WHERE k = 3"},
	{"DROP TABLE Other"},
	{"INSERT INTO T <<{'k':6,'p':6},{'k':7}>>", "DELETE FROM T WHERE k = 7"},
	{"DELETE FROM T WHERE k = 3"},
}

// tell runs the story from block from on. The ledger of block n has run story[:n-1].
func (w *world) tell(from uint64) error {
	for _, statements := range story[from-1:] {
		tx, err := w.ledger.Begin(context.Background(), nil)
		if err != nil {
			return err
		}
		for _, s := range statements {
			if _, _, err := try(w.t, tx, s); err != nil {
				return err
			}
		}
		if err := commit(tx); err != nil {
			return err
		}
	}
	return nil
}

func TestIndexDeletedOrLaggingAnswersTheSame(t *testing.T) {
	t.Parallel()
	for _, fate := range []indexFate{indexKept, indexLags, indexDeleted} {
		w := newWorld(t)
		for n := range story {
			w.do(story[n]...)
			if n == 6 {
				if err := w.index.Flush(t.Context()); err != nil { // what lags, lags from here
					t.Fatal(err)
				}
			}
		}
		before := w.answers()
		w.crash(crashfs.Oldest, fate)
		if diff := cmp.Diff(before, w.answers()); diff != "" {
			t.Errorf("index fate %d (-before +after):\n%s", fate, diff)
		}
		w.do("INSERT INTO T {'k':8}", "UPDATE T SET p = 1 WHERE k = 8")
	}
}

// Without the index there is nothing but the log, so indexes and scans must agree after any crash.
func TestCrashAtEveryCallOfTheLog(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(9, 10))
	choices := []crashfs.Choice{crashfs.Oldest, crashfs.Newest, random.IntN}
	for n, done := 1, false; !done; n++ {
		for _, last := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
			w := newWorld(t)
			w.disk.SetHook(func(c crashfs.Call) crashfs.Outcome {
				switch {
				case c.N < n:
					return crashfs.Pass
				case c.N == n:
					return last
				}
				return crashfs.Fail
			})
			err := w.tell(1)
			done = err == nil
			if err != nil && !errors.Is(err, crashfs.ErrInjected) {
				t.Fatalf("call %d: got %v, want the injected failure", n, err)
			}
			acknowledged := w.ledger.Blocks()
			uncertain := errors.Is(err, store.ErrUncertain)
			for i, choose := range choices {
				fate := indexFate((n + i) % 3)
				crashed := &world{t: t, disk: w.disk.Crash(choose), memory: w.memory, clock: w.clock, cfg: w.cfg}
				if fate == indexDeleted {
					crashed.memory = vfs.NewCrashableMem()
				} else {
					crashed.memory = w.memory.CrashClone(vfs.CrashCloneCfg{})
				}
				crashed.open()
				got := crashed.ledger.Blocks()
				if got != acknowledged && !(uncertain && got == acknowledged+1) {
					t.Fatalf("call %d: got %d blocks, want %d (one more if uncertain: %v)", n, got, acknowledged, uncertain)
				}
				if err := crashed.tell(got); err != nil {
					t.Fatalf("call %d: the story does not go on: %v", n, err)
				}
				crashed.answers()
				crashed.close()
			}
			w.disk.SetHook(nil)
		}
	}
}

// After the disk failed nothing is acknowledged, reads go on where they can, and opening again finds out.
func TestFailedDiskStopsTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.disk.SetHook(func(c crashfs.Call) crashfs.Outcome {
		if c.Op == "sync" {
			return crashfs.Fail
		}
		return crashfs.Pass
	})
	tx := w.begin()
	exec(t, tx, "INSERT INTO T {'k':1}")
	err := commit(tx)
	if _, ok := errors.AsType[*engine.FailedError](err); !ok || !errors.Is(err, store.ErrUncertain) {
		t.Fatalf("got %v, want an uncertain *FailedError", err)
	}
	_, err = w.ledger.Begin(t.Context(), nil)
	if _, ok := errors.AsType[*engine.FailedError](err); !ok || errors.Is(err, store.ErrUncertain) {
		t.Fatalf("got %v, want a certain *FailedError", err)
	}
	w.disk.SetHook(nil)
	w.crash(crashfs.Oldest, indexKept)
	wantRows(t, w.query("SELECT * FROM T"))
	w.do("INSERT INTO T {'k':1}")
}

func TestStaleWriterCannotAppend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	tx := w.begin()
	exec(t, tx, "INSERT INTO T {'k':1}")
	if _, _, err := w.log.Acquire(t.Context()); err != nil { // another writer takes over
		t.Fatal(err)
	}
	if err := commit(tx); !errors.Is(err, store.ErrStaleTerm) || errors.Is(err, store.ErrUncertain) {
		t.Errorf("got %v, want ErrStaleTerm", err)
	}
}

func TestForeignIndexes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("CREATE TABLE U")
	other := newWorld(t, func(c *engine.Config) { c.Rand = &randomness{r: rand.NewChaCha8([32]byte{2})} })
	other.do("CREATE TABLE T")
	_, err := engine.Open(t.Context(), engine.Config{
		Log: other.log, Index: w.index, Clock: w.clock.read, Rand: w.cfg.Rand,
	})
	if ahead, ok := errors.AsType[*engine.IndexAheadError](err); !ok || ahead.Index != 3 || ahead.Log != 2 {
		t.Errorf("got %v, want an *IndexAheadError", err)
	}
	other.cfg.Index = other.index
	if other.ledger, err = engine.Open(t.Context(), other.cfg); err != nil { // it was taken over
		t.Fatal(err)
	}
	other.do("CREATE TABLE U")
	_, err = engine.Open(t.Context(), engine.Config{
		Log: other.log, Index: w.index, Clock: w.clock.read, Rand: w.cfg.Rand,
	})
	if !errors.Is(err, engine.ErrForeignIndex) {
		t.Errorf("got %v, want ErrForeignIndex", err)
	}
}

// What no snapshot needs is removed: an index that was dropped, entries for old values, deleted documents.
func TestNothingSuperfluousStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("CREATE INDEX ON T (k)")
	w.do("INSERT INTO T {'k':1}")
	before := w.keys()
	for i := range 4 {
		w.do(fmt.Sprintf("UPDATE T SET k = %d", i))
	}
	w.do("UPDATE T SET k = 1")
	w.do("INSERT INTO T {'k':5}")
	w.do("DELETE FROM T WHERE k = 5")
	w.do("SELECT * FROM T")
	count := func(keys []string, kind string) (n int) {
		for _, k := range keys {
			if strings.HasPrefix(k, kind) {
				n++
			}
		}
		return n
	}
	for _, kind := range []string{"x", "d"} {
		if got, want := count(w.keys(), kind), count(before, kind); got != want {
			t.Errorf("got %d keys of kind %s, want %d", got, kind, want)
		}
	}
	index := w.query("SELECT VALUE indexes[0].indexId FROM information_schema.user_tables")[0]
	w.do("DROP INDEX " + index + " ON T WITH (purge = true)")
	w.do("SELECT * FROM T")
	if got := count(w.keys(), "x"); got != 0 {
		t.Errorf("got %d entries of a dropped index, want none", got)
	}
}

// keys are the keys in the index.
func (w *world) keys() []string {
	w.t.Helper()
	var keys []string
	err := w.index.View(context.Background(), func(r store.IndexReader) error {
		c := r.Scan(nil, []byte{0xff})
		defer c.Close()
		for c.Next() {
			keys = append(keys, string(c.Key()))
		}
		return c.Err()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.Clip(keys)
}
