package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
)

// conflictWorld has a table with an index on k and a field p without one, and a table with nothing to do with it.
func conflictWorld(t *testing.T) *world {
	w := newWorld(t)
	w.do("CREATE TABLE T", "CREATE TABLE Other")
	w.do("CREATE INDEX ON T (k)", "CREATE INDEX ON T (spare)")
	w.do("INSERT INTO T <<{'k':1,'p':1},{'k':2,'p':2},{'k':3,'p':3}>>")
	w.do("UPDATE T SET p = 10 WHERE k = 1") // so that there is something to redact
	w.do("CREATE TABLE Gone", "DROP TABLE Gone")
	return w
}

// fill puts ids into a statement: $k1 is the id of the document with k = 1, and so on.
func (w *world) fill(statement string) string {
	w.t.Helper()
	for i := 1; i <= 3; i++ {
		mark := fmt.Sprint("$k", i)
		if strings.Contains(statement, mark) {
			id := w.query("SELECT VALUE id FROM T BY id WHERE k = ?", fmt.Sprint(i))
			statement = strings.ReplaceAll(statement, mark, strings.Trim(id[0], `"`))
		}
	}
	for _, name := range []string{"T", "Gone"} {
		mark := "$id" + name
		if strings.Contains(statement, mark) {
			id := w.query("SELECT VALUE tableId FROM information_schema.user_tables WHERE name = ?", `"`+name+`"`)
			statement = strings.ReplaceAll(statement, mark, strings.Trim(id[0], `"`))
		}
	}
	if strings.Contains(statement, "$index") {
		row := w.query("SELECT VALUE indexes[1].indexId FROM information_schema.user_tables WHERE name = 'T'")
		statement = strings.ReplaceAll(statement, "$index", strings.Trim(row[0], `"`))
	}
	if strings.Contains(statement, "$block") {
		row := w.query("SELECT VALUE blockAddress FROM history(T) AS h WHERE h.data.k = 1 AND h.metadata.version = 0")
		statement = strings.ReplaceAll(statement, "$block", "`"+row[0]+"`")
	}
	return statement
}

// Transaction A executes a statement, B executes another and commits, then A commits.
//
// Rules: Amazon QLDB developer guide, "Amazon QLDB concurrency model"; the numbers are ours, from the list that the
// names of the cases spell out.
func TestConflicts(t *testing.T) {
	t.Parallel()
	const (
		scan     = "SELECT * FROM T"
		scanPart = "SELECT * FROM T WHERE p = 2"
		byKey    = "SELECT * FROM T WHERE k = 2"
		byNoKey  = "SELECT * FROM T WHERE k = 9"
		byID     = "SELECT * FROM T BY id WHERE id = '$k2'"
		insert   = "INSERT INTO T {'k':9}"
		redact   = "EXEC REDACT_REVISION $block, '$idT', '$k1'"
		ended    = "SELECT * FROM history(T, `2000T`, `2001T`)"
		one      = "SELECT * FROM history(T) AS h WHERE h.metadata.id = '$k1'"
		purge    = `DROP INDEX "$index" ON T WITH (purge = true)`
		set2     = "UPDATE T SET p = 5 WHERE k = 2"
		catalog  = "SELECT * FROM information_schema.user_tables"
	)
	for _, tc := range []struct {
		name string
		a, b string
		want bool // a conflict
	}{
		{"O2: a reader alone is checked as well", scan, "UPDATE T SET p = 0 WHERE k = 1", true},
		{"O3a: scan, insert", scan, insert, true},
		{"O3a: scan, delete", scan, "DELETE FROM T WHERE k = 3", true},
		{"O3a: scan that filters, another document", scanPart, "UPDATE T SET p = 0 WHERE k = 1", true},
		{"O3a: scan, another table", scan, "INSERT INTO Other {'k':1}", false},
		{"O3a: scan of the committed view", "SELECT * FROM _ql_committed_T", insert, true},
		{"O3a: count", "SELECT COUNT(*) FROM T", insert, true},
		{"O3b: index, same value inserted", byKey, "INSERT INTO T {'k':2}", true},
		{"O3b: index, equal value of another type inserted", byKey, "INSERT INTO T {'k':2.0}", true},
		{"O3b: index, document with the value changed", byKey, "UPDATE T SET p = 0 WHERE k = 2", true},
		{"O3b: index, document loses the value", byKey, "UPDATE T SET k = 7 WHERE k = 2", true},
		{"O3b: index, document gets the value", byKey, "UPDATE T SET k = 2 WHERE k = 3", true},
		{"O3b: index, document with the value deleted", byKey, "DELETE FROM T WHERE k = 2", true},
		{"O3b: index, other value inserted", byKey, insert, false},
		{"O3b: index, other document changed", byKey, "UPDATE T SET p = 0 WHERE k = 1", false},
		{"O3b: index, other document deleted", byKey, "DELETE FROM T WHERE k = 3", false},
		{"O3b: index, document without the field inserted", byKey, "INSERT INTO T {'p':2}", false},
		{"O3b: IN, one of the values", "SELECT * FROM T WHERE k IN (2, 9)", insert, true},
		{"O3b: IN, none of the values", "SELECT * FROM T WHERE k IN (2, 8)", insert, false},
		{"O3b: index of the committed view", "SELECT * FROM _ql_committed_T WHERE data.k = 9", insert, true},
		{"O3c: id, this document changed", byID, "UPDATE T SET p = 0 WHERE k = 2", true},
		{"O3c: id, this document deleted", byID, "DELETE FROM T WHERE k = 2", true},
		{"O3c: id, another document changed", byID, "UPDATE T SET p = 0 WHERE k = 1", false},
		{"O3c: id, insert", byID, "INSERT INTO T {'k':2}", false},
		{"O4: what was not there is inserted", byNoKey, insert, true},
		{"O5: two inserts", insert, insert, false},
		{"O5: insert, update", insert, "UPDATE T SET p = 0", false},
		{"O6: update of the same document by scan", "UPDATE T SET p = 5 WHERE p = 2", "UPDATE T SET p = 6 WHERE p = 2", true},
		{"O6: update of other documents by scan", "UPDATE T SET p = 5 WHERE p = 2", "UPDATE T SET p = 6 WHERE p = 3", true},
		{"O6: update of the same document by index", set2, "UPDATE T SET p = 6 WHERE k = 2", true},
		{"O6: update of other documents by index", set2, "UPDATE T SET p = 6 WHERE k = 3", false},
		{"O6: update and delete", set2, "DELETE FROM T WHERE k = 2", true},
		{"O6: update that finds nothing", "UPDATE T SET p = 5 WHERE k = 9", insert, true},
		{"O7: two readers", scan, scan, false},
		{"O9: history, insert", "SELECT * FROM history(T)", insert, true},
		{"O9: history, another table", "SELECT * FROM history(T)", "INSERT INTO Other {'k':1}", false},
		{"O9: history that ended", ended, insert, false},
		{"O9: history that ended, redaction", ended, redact, true},
		{"O9: history of one document, another changed", one, "UPDATE T SET p = 0 WHERE k = 2", false},
		{"O9: history of one document, this changed", one, "UPDATE T SET p = 0 WHERE k = 1", true},
		{"O9: catalog, new table", catalog, "CREATE TABLE New", true},
		{"O9: catalog, new index", catalog, "CREATE INDEX ON T (z)", true},
		{"O9: catalog, insert", catalog, insert, false},
		{"O10: same name twice", "CREATE TABLE New", "CREATE TABLE New", true},
		{"O10: different names", "CREATE TABLE New", "CREATE TABLE Newer", false},
		{"O10: insert into a table that is dropped", insert, "DROP TABLE T", true},
		{"O10: select from a table that is dropped", byKey, "DROP TABLE T", true},
		{"O10: another table is dropped", insert, "DROP TABLE Other", false},
		{"O10: insert, new index", insert, "CREATE INDEX ON T (z)", false},
		{"O10: scan, new index", scan, "CREATE INDEX ON T (z)", false},
		{"O10: new index, insert", "CREATE INDEX ON T (z)", insert, false},
		{"O10: two indexes on one table", "CREATE INDEX ON T (z)", "CREATE INDEX ON T (y)", true},
		{"O10: indexes on two tables", "CREATE INDEX ON T (z)", "CREATE INDEX ON Other (z)", false},
		{"O10: dropped twice", "DROP TABLE Other", "DROP TABLE Other", true},
		{"O10: undropped twice", `UNDROP TABLE "$idGone"`, `UNDROP TABLE "$idGone"`, true},
		{"O10: undropped, name taken", `UNDROP TABLE "$idGone"`, "CREATE TABLE Gone", true},
		{"O10: search in an index that is dropped", "SELECT * FROM T WHERE spare = 1", purge, true},
		{"O10: search in another index", byKey, purge, false},
		{"O14: one revision redacted twice", redact, redact, true},
		{"O14: redaction, update of another document", redact, "UPDATE T SET p = 0 WHERE k = 2", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := conflictWorld(t)
			statementA, statementB := w.fill(tc.a), w.fill(tc.b)
			a := w.begin()
			exec(t, a, statementA)
			b := w.begin()
			exec(t, b, statementB)
			mustCommit(t, b)
			err := commit(a)
			if tc.want && !errors.Is(err, engine.ErrConflict) || !tc.want && err != nil {
				t.Errorf("A: %s\nB: %s\ngot %v, want a conflict: %v", statementA, statementB, err, tc.want)
			}
		})
	}
}

// O1: the snapshot is taken when the transaction begins; O13: without a concurrent commit nothing conflicts.
func TestConflictsOnlyWithWhatCommittedSince(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	a := w.begin()
	exec(t, a, "SELECT * FROM T")
	b := w.begin()
	exec(t, b, "UPDATE T SET p = 0")
	mustCommit(t, a) // O7: before the writer
	mustCommit(t, b)
	for range 5 {
		w.do("SELECT * FROM T", "UPDATE T SET p = p + 1", "SELECT * FROM history(T)", "INSERT INTO T {'k':1,'p':1}")
	}
}

// O8: own writes do not conflict with own reads.
func TestOwnWritesDoNotConflict(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	w.do("SELECT * FROM T WHERE k = 9", "INSERT INTO T {'k':9}", "SELECT * FROM T WHERE k = 9", "UPDATE T SET p = 1",
		"SELECT * FROM T", "DELETE FROM T WHERE k = 9", "SELECT * FROM T")
}

// O4: the recipe for unique values.
func TestPhantomsAndTheRetry(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	a, b := w.begin(), w.begin()
	wantRows(t, exec(t, a, "SELECT * FROM T WHERE k = ?", `"x"`))
	wantRows(t, exec(t, b, "SELECT * FROM T WHERE k = ?", `"x"`))
	exec(t, a, "INSERT INTO T {'k':'x'}")
	exec(t, b, "INSERT INTO T {'k':'x'}")
	mustCommit(t, a)
	if err := commit(b); !errors.Is(err, engine.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	wantRefused(t, commit(b), "No open transaction") // it is over
	wantRows(t, w.query("SELECT * FROM T WHERE k = ?", `"x"`), `{k:"x"}`)
}

// An index that is created after a reader's scan must still let later readers of it see conflicts.
func TestIndexCreatedMeanwhile(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	writer := w.begin() // knows no index on p
	exec(t, writer, "INSERT INTO T {'p':77}")
	w.do("CREATE INDEX ON T (p)")
	reader := w.begin()
	wantRows(t, exec(t, reader, "SELECT * FROM T WHERE p = 77"))
	mustCommit(t, writer)
	if err := commit(reader); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	wantRows(t, w.query("SELECT * FROM T WHERE p = 77"), `{p:77}`)
}

// O15: blocks are in the order of commits.
func TestBlocksAreInTheOrderOfCommits(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	a, b := w.begin(), w.begin()
	exec(t, a, "INSERT INTO T {'k':100}")
	exec(t, b, "INSERT INTO T {'k':200}")
	before := w.ledger.Blocks()
	mustCommit(t, b)
	mustCommit(t, a)
	got := w.query("SELECT VALUE {'k': data.k, 'n': blockAddress.sequenceNo} " +
		"FROM _ql_committed_T WHERE data.k IN (100, 200)")
	wantRows(t, got, fmt.Sprintf("{k:100,n:%d}", before+1), fmt.Sprintf("{k:200,n:%d}", before))
}
