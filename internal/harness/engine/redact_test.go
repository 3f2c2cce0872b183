package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
)

// mark is in the data that are redacted, and nowhere else. Compression finds nothing in it to leave out.
const mark = "Zq7Yw1Xe9Vr2Ut8Ti3Sy6Ru4Qo5Pp0OaNsMdLfKg"

// inLog says whether the log's files hold the mark; inIndex the same of the index's. Nothing is sealed in these tests,
// so what they do not find no key opens.
func inLog(disk *crashfs.FS) bool {
	const sector, head = 512, 24 // as in package segment
	for _, content := range disk.Files() {
		var bodies []byte
		for off := sector; off+sector <= len(content); off += sector {
			bodies = append(bodies, content[off+head:off+sector]...)
		}
		if bytes.Contains(bodies, []byte(mark)) || bytes.Contains(content, []byte(mark)) {
			return true
		}
	}
	return false
}

func inIndex(t *testing.T, memory *vfs.MemFS) bool {
	t.Helper()
	for {
		found, err := searchIndex(memory)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the index replaced a file meanwhile: what was in it is in one that was not listed
		}
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
}

// searchIndex looks for the mark in every file. The error is that of a file that went away, or another one.
func searchIndex(memory *vfs.MemFS) (found bool, err error) {
	names, err := memory.List("/index")
	if err != nil {
		return false, err
	}
	for _, name := range names {
		f, err := memory.Open("/index/" + name)
		if err != nil {
			return false, err
		}
		content, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return false, err
		}
		found = found || bytes.Contains(content, []byte(mark))
	}
	return found, nil
}

// marked has a document whose first version has the mark, in an index too, between others, over several segments.
// flush is called at each step.
func marked(t *testing.T, flush func(w *world, step int)) *world {
	t.Helper()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("CREATE INDEX ON T (k)")
	filler := `{k:"` + strings.Repeat("f", 15<<10) + `"}`
	w.query("INSERT INTO T ?", filler)
	w.query("INSERT INTO T ?", `{k:"`+mark+`",p:1}`)
	w.query("INSERT INTO T ?", filler)
	flush(w, 0)
	w.query("UPDATE T SET k = 2 WHERE k = ?", `"`+mark+`"`)
	flush(w, 1)
	w.do("UPDATE T SET p = 5 WHERE k = 2")
	flush(w, 2)
	w.clock.move(time.Hour)
	return w
}

// flushed writes the index to its files.
func flushed(w *world, _ int) {
	w.t.Helper()
	if err := w.index.Flush(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// redaction is the statement that redacts the marked revision.
func (w *world) redaction() string {
	w.t.Helper()
	statements := w.redactions("T", 0)
	if len(statements) != 3 {
		w.t.Fatalf("got %d first versions, want 3", len(statements))
	}
	id := field(w.t, w.query("SELECT metadata.id FROM _ql_committed_T AS c WHERE c.data.k = 2")[0], "id")
	for _, s := range statements {
		if strings.Contains(s, id) {
			return s
		}
	}
	w.t.Fatal("the marked document has no first version")
	return ""
}

// After a redaction no file holds the data any more, however the index was written before. Digests and proofs from
// before hold, and the ledger is whole, also when the index is made anew.
func TestRedactedDataAreInNoFile(t *testing.T) {
	t.Parallel()
	for flushes := range 8 {
		w := marked(t, func(w *world, step int) {
			if flushes&(1<<step) != 0 {
				flushed(w, step)
			}
		})
		redaction := w.redaction()
		before, err := w.ledger.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if !inLog(w.disk) || flushes > 0 && !inIndex(t, w.memory) {
			t.Fatal("the mark is not found where it is: the search is worth nothing")
		}
		w.do(redaction)
		if inLog(w.disk) || inLog(w.disk.Crash(crashfs.Oldest)) {
			t.Errorf("flushes %b: the log holds what was redacted", flushes)
		}
		w.do("INSERT INTO T {'k':9}")
		answers := w.answers()
		for _, fate := range []indexFate{indexKept, indexLags, indexDeleted} {
			closed := w.memory
			w.crash(crashfs.Oldest, fate)
			if inIndex(t, closed) {
				t.Errorf("flushes %b, before fate %d: the index holds what was redacted", flushes, fate)
			}
			if diff := cmp.Diff(answers, w.answers()); diff != "" {
				t.Errorf("flushes %b, fate %d (-before +after):\n%s", flushes, fate, diff)
			}
			w.prove(before.Tip, before.Hash)
			if _, err := w.verify(); err != nil {
				t.Errorf("flushes %b, fate %d: %v", flushes, fate, err)
			}
			if inLog(w.disk) {
				t.Errorf("flushes %b, fate %d: the log holds what was redacted", flushes, fate)
			}
		}
		w.close()
		if inIndex(t, w.memory) {
			t.Errorf("flushes %b: the index holds what was redacted", flushes)
		}
	}
}

// A redaction that was cut short at any call of the disk is not there, or Open finishes it. What is between is whole.
func TestRedactionIsCutAtEveryCall(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(21, 22))
	choices := []crashfs.Choice{crashfs.Oldest, crashfs.Newest, random.IntN}
	finished := 0
	for n, done := 1, false; !done; n++ {
		last := []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied}[n%2]
		w := marked(t, flushed)
		tx := w.begin()
		exec(t, tx, w.redaction())
		before, err := w.ledger.Digest()
		if err != nil {
			t.Fatal(err)
		}
		blocks := w.ledger.Blocks()
		w.disk.SetHook(func(c crashfs.Call) crashfs.Outcome {
			switch {
			case c.N < n:
				return crashfs.Pass
			case c.N == n:
				return last
			}
			return crashfs.Fail
		})
		err = commit(tx)
		done = err == nil
		w.disk.SetHook(nil)
		for i, choose := range choices {
			what := fmt.Sprintf("call %d, outcome %d, choice %d", n, last, i)
			crashed := &world{t: t, disk: w.disk.Crash(choose), clock: w.clock, cfg: w.cfg}
			if (n+i)%3 == 0 {
				crashed.memory = vfs.NewCrashableMem()
			} else {
				crashed.memory = w.memory.CrashClone(vfs.CrashCloneCfg{})
			}
			crashed.verifyClosed(what)
			held := inLog(crashed.disk)
			crashed.open()
			there := crashed.ledger.Blocks() > blocks
			if err == nil && (!there || held) {
				t.Errorf("%s: acknowledged, but block there: %v, data there: %v", what, there, held)
			}
			if there && held {
				finished++
			}
			crashed.prove(before.Tip, before.Hash)
			if _, err := crashed.verify(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			crashed.close()
			if inLog(crashed.disk) == there || inIndex(t, crashed.memory) == there {
				t.Errorf("%s: redaction there: %v, in the log: %v, in the index: %v", what, there,
					inLog(crashed.disk), inIndex(t, crashed.memory))
			}
		}
	}
	if finished == 0 {
		t.Error("no crash left a redaction to be finished")
	}
}

// verifyClosed verifies what a crash left before a ledger is opened on it.
func (w *world) verifyClosed(what string) {
	w.t.Helper()
	ctx := context.Background()
	opened, err := ledgerlog.Open(ctx, "/log", logID, ledgerlog.Options{FS: w.disk, SegmentBytes: 32 << 10})
	if err != nil {
		w.t.Fatal(err)
	}
	derived, err := index.Open("/index", logID, index.Options{FS: w.memory})
	if err != nil {
		w.t.Fatal(err)
	}
	w.cfg.Log, w.cfg.Index = opened, derived
	if _, err := w.verify(); err != nil {
		w.t.Errorf("%s, not opened yet: %v", what, err)
	}
	if err := errors.Join(derived.Close(), opened.Close()); err != nil {
		w.t.Fatal(err)
	}
}

// An index that says that it knows of a redaction must not hold the data.
func TestVerifyNamesDataThatAreNotRedacted(t *testing.T) {
	t.Parallel()
	w := marked(t, flushed)
	redaction := w.redaction()
	var key, value []byte
	for _, k := range w.keys() {
		err := w.index.View(t.Context(), func(r store.IndexReader) error {
			v, _, err := r.Get([]byte(k))
			if k[0] == 'h' && bytes.Contains(v, []byte(mark)) {
				key, value = []byte(k), bytes.Clone(v)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.do(redaction)
	w.applyToIndex(store.Change{Op: store.OpPut, Key: key, Value: value})
	_, err := w.verify()
	if wrong, ok := errors.AsType[*engine.IndexError](err); !ok || !bytes.Equal(wrong.Key, key) {
		t.Errorf("got %v, want an *IndexError of key %x", err, key)
	}
}

// Statements and commits go on beside a redaction; none of them fails, and what it removes is gone all the same.
func TestRedactionBesideOthers(t *testing.T) {
	t.Parallel()
	w := marked(t, flushed)
	redaction := w.redaction()
	stop, failures := make(chan struct{}), make(chan error, 4)
	var others sync.WaitGroup
	for _, statement := range []string{
		"SELECT * FROM history(T)", "SELECT * FROM T", "INSERT INTO T {'k':3}", "INSERT INTO T {'k':4}",
	} {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				tx, err := w.ledger.Begin(t.Context(), nil)
				if err == nil {
					_, err = tx.Execute(t.Context(), statement, nil)
				}
				if err == nil {
					err = commit(tx)
				}
				if err != nil && !errors.Is(err, engine.ErrConflict) {
					failures <- fmt.Errorf("%s: %w", statement, err)
					return
				}
			}
		})
	}
	w.do(redaction)
	close(stop)
	others.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	if _, err := w.verify(); err != nil {
		t.Error(err)
	}
	w.close()
	if inLog(w.disk) || inIndex(t, w.memory) {
		t.Errorf("in the log: %v, in the index: %v", inLog(w.disk), inIndex(t, w.memory))
	}
}
