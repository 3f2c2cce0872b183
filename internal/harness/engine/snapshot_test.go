package engine_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
)

func TestSnapshotsStandStill(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	tx := w.begin()
	queries := []string{
		"SELECT * FROM T", "SELECT * FROM T WHERE k = 1", "SELECT * FROM T WHERE k = 2", "SELECT * FROM T WHERE k = 5",
		"SELECT * FROM T WHERE spare = 1", "SELECT * FROM _ql_committed_T", "SELECT * FROM history(T)",
		"SELECT * FROM information_schema.user_tables",
		w.fill("SELECT * FROM T BY id WHERE id = '$k2'"),
		w.fill("SELECT * FROM history(T) AS h WHERE h.metadata.id = '$k2'"),
	}
	var before [][]string
	for _, q := range queries {
		before = append(before, exec(t, tx, q))
	}
	for _, s := range []string{
		"UPDATE T SET k = 5 WHERE k = 1", "UPDATE T SET k = 1 WHERE k = 2", "DELETE FROM T WHERE k = 3",
		"INSERT INTO T {'k':2,'spare':1}", "UPDATE T SET p = 0", "UPDATE T SET k = 2 WHERE k = 1",
		w.fill(`DROP INDEX "$index" ON T WITH (purge = true)`), "DELETE FROM T", "DROP TABLE T", "CREATE TABLE T",
	} {
		w.do(s)
		for i, q := range queries {
			wantRows(t, exec(t, tx, q), before[i]...)
			if t.Failed() {
				t.Fatalf("after %s: %s", s, q)
			}
		}
	}
	if err := commit(tx); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

func TestOwnWritesAreVisible(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	tx := w.begin()
	other := w.begin()
	exec(t, tx, "INSERT INTO T {'k':9,'p':9}")
	exec(t, tx, "UPDATE T SET p = 20, k = 9 WHERE k = 2")
	exec(t, tx, "DELETE FROM T WHERE k = 1")
	wantRows(t, exec(t, tx, "SELECT * FROM T"), "{k:9,p:20}", "{k:3,p:3}", "{k:9,p:9}")
	wantRows(t, exec(t, tx, "SELECT VALUE p FROM T WHERE k = 9"), "20", "9")
	wantRows(t, exec(t, tx, "SELECT * FROM T WHERE k = 2"))
	wantRows(t, exec(t, tx, "SELECT * FROM T WHERE k = 1"))
	// Neither the committed view nor history shows them.
	wantRows(t, exec(t, tx, "SELECT VALUE data.k FROM _ql_committed_T"), "1", "2", "3")
	wantRows(t, exec(t, tx, "SELECT VALUE data.p FROM history(T)"), "1", "10", "2", "3")
	wantRows(t, exec(t, other, "SELECT VALUE k FROM T"), "1", "2", "3")
	mustCommit(t, tx)
	wantRows(t, w.query("SELECT * FROM T"), "{k:9,p:20}", "{k:3,p:3}", "{k:9,p:9}")
}

func TestOneRevisionPerDocumentAndTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("INSERT INTO T {'k':1}", "UPDATE T SET k = 2", "UPDATE T SET k = 3", "INSERT INTO T {'k':4}",
		"DELETE FROM T WHERE k = 4")
	wantRows(t, w.query("SELECT data.k, metadata.version FROM history(T)"), "{k:3,version:0}")
	w.do("UPDATE T SET k = 5", "DELETE FROM T")
	wantRows(t, w.query("SELECT data.k, metadata.version FROM history(T)"),
		"{k:3,version:0}", "{version:1}")
}

// A failed statement has no effect of its own, and the transaction goes on.
func TestStatementsAreAtomic(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	tx := w.begin()
	exec(t, tx, "INSERT INTO T {'k':9,'p':0}")
	for _, s := range []string{
		"INSERT INTO T <<{'k':10}, 5>>", "UPDATE T SET p = 10 / (k - 3)", "SELECT * FROM Nope", "nonsense",
		"CREATE TABLE T", "INSERT INTO T ?",
	} {
		if _, _, err := try(t, tx, s); err == nil {
			t.Errorf("%s: got no error", s)
		} else {
			wantRefused(t, err, "")
		}
	}
	wantRows(t, exec(t, tx, "SELECT VALUE [k, p] FROM T"), "[1,10]", "[2,2]", "[3,3]", "[9,0]")
	mustCommit(t, tx)
	wantRows(t, w.query("SELECT VALUE [k, p] FROM T"), "[1,10]", "[2,2]", "[3,3]", "[9,0]")
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	tx, idle := w.begin(), w.begin()
	page, err := tx.Execute(t.Context(), "SELECT * FROM T AS a, T AS b, T AS c, T AS d, T AS e", nil)
	if err != nil || page.Next == "" {
		t.Fatalf("got %v and no token, want a second page", err)
	}
	w.clock.move(30 * time.Second)
	exec(t, tx, "SELECT * FROM T")
	w.clock.move(time.Millisecond)
	_, _, err1 := try(t, tx, "SELECT * FROM T")
	_, err2 := tx.Fetch(t.Context(), page.Next)
	for i, err := range []error{err1, err2, commit(tx), commit(tx), commit(idle)} {
		if expired, ok := errors.AsType[*engine.ExpiredError](err); !ok ||
			expired.Error() != "Transaction "+expired.TxID+" has expired" || len(expired.TxID) != 22 {
			t.Errorf("use %d: got %v, want an *ExpiredError", i, err)
		}
	}
	tx.Abort()
	if tx.Open() {
		t.Error("an expired transaction is open")
	}
	w.do("SELECT * FROM T")
}

func TestUseAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	aborted, done := w.begin(), w.begin()
	exec(t, aborted, "INSERT INTO T {'k':9}")
	aborted.Abort()
	mustCommit(t, done)
	for _, tx := range []*engine.Tx{aborted, done} {
		_, _, err := try(t, tx, "SELECT * FROM T")
		wantRefused(t, err, "No open transaction")
		wantRefused(t, commit(tx), "No open transaction")
	}
	wantRows(t, w.query("SELECT * FROM T WHERE k = 9"))
}

func TestCommitDigest(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	tx := w.begin()
	before := tx.Digest()
	exec(t, tx, "INSERT INTO T ?", "{k:9}")
	blocks := w.ledger.Blocks()
	wantRefused(t, tx.Commit(t.Context(), before), "Digests don't match")
	wantRefused(t, tx.Commit(t.Context(), nil), "Digests don't match")
	if w.ledger.Blocks() != blocks || !tx.Open() {
		t.Error("a wrong digest wrote a block or ended the transaction")
	}
	mustCommit(t, tx)
}

// Readers and writers at once: money moves between accounts, and no snapshot ever sees any of it missing.
func TestSnapshotIsolationUnderLoad(t *testing.T) {
	t.Parallel()
	const accounts, moves = 6, 40
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("CREATE INDEX ON T (n)")
	for i := range accounts {
		w.do(fmt.Sprintf("INSERT INTO T {'n':%d,'money':100}", i))
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range moves {
				from, to := (worker+i)%accounts, (worker+3*i+1)%accounts
				w.transfer(from, to, i)
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for range moves {
				tx := w.begin()
				for range 2 {
					rows, _, err := try(t, tx, "SELECT SUM(money) AS s FROM T")
					if err != nil || rows[0] != fmt.Sprintf("{s:%d}", 100*accounts) {
						t.Errorf("got %v, %v, want a sum of %d", rows, err, 100*accounts)
					}
				}
				tx.Abort()
			}
		})
	}
	wg.Wait()
	wantRows(t, w.query("SELECT SUM(money) AS s FROM T"), fmt.Sprintf("{s:%d}", 100*accounts))
	before := w.answers()
	w.crash(func(n int) int { return n - 1 }, indexDeleted)
	if got := w.answers(); got["digest"][0] != before["digest"][0] {
		t.Errorf("got digest %s, want %s", got["digest"][0], before["digest"][0])
	}
}

// transfer moves money, again after a conflict.
func (w *world) transfer(from, to, amount int) {
	if from == to {
		return
	}
	for {
		tx, err := w.ledger.Begin(w.t.Context(), nil)
		if err != nil {
			w.t.Error(err)
			return
		}
		for _, s := range []string{
			fmt.Sprintf("UPDATE T SET money = money - %d WHERE n = %d", amount, from),
			fmt.Sprintf("UPDATE T SET money = money + %d WHERE n = %d", amount, to),
		} {
			if _, _, err := try(w.t, tx, s); err != nil {
				w.t.Error(err)
				return
			}
		}
		if err := commit(tx); err == nil {
			return
		} else if !errors.Is(err, engine.ErrConflict) {
			w.t.Error(err)
			return
		}
	}
}

// A value that a document takes, leaves and takes again, while somebody still looks at what was before, must be found
// when the entries that nobody needs are removed.
func TestIndexEntryThatIsNeededAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("CREATE INDEX ON T (k)")
	w.do("INSERT INTO T {'k':1}")
	for _, back := range []string{"UPDATE T SET k = 1", "UPDATE T SET k = 1.0"} {
		reader := w.begin()
		w.do("UPDATE T SET k = 2")
		w.do(back)
		wantRows(t, exec(t, reader, "SELECT COUNT(*) FROM T WHERE k = 1"), "{_1:1}")
		reader.Abort()
		for range 2 {
			w.do("SELECT * FROM T") // removes
			wantRows(t, w.query("SELECT COUNT(*) FROM T WHERE k = 1"), "{_1:1}")
		}
	}
	reader := w.begin()
	w.do("UPDATE T SET k = 2")
	w.do("UPDATE T SET k = 1")
	late := w.begin()
	w.do("UPDATE T SET k = 3")
	reader.Abort()
	w.do("SELECT * FROM T") // removes for the first, not for the second
	wantRows(t, exec(t, late, "SELECT COUNT(*) FROM T WHERE k = 1"), "{_1:1}")
}
