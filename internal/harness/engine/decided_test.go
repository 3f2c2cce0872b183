package engine_test

import (
	"fmt"
	"strings"
	"testing"
)

// A row that cannot be evaluated fails its statement, though it would be on a page that nobody fetches.
func TestLaterRowFailsTheStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("INSERT INTO T {'l': [" + strings.Repeat("1, ", 300) + "'x']}")
	tx := w.begin()
	_, _, err := try(t, tx, "SELECT VALUE n + 1 FROM T AS t, t.l AS n")
	wantRefused(t, err, "")
	mustCommit(t, tx)
}

// A transaction that only read is in the journal too, with its statements and no revisions; one without a statement is
// not.
func TestReadersAreInTheJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	before := w.ledger.Blocks()
	mustCommit(t, w.begin())
	if got := w.ledger.Blocks(); got != before {
		t.Errorf("without a statement: got %d blocks, want %d", got, before)
	}
	w.do("SELECT * FROM T")
	if got := w.ledger.Blocks(); got != before+1 {
		t.Errorf("after a read: got %d blocks, want %d", got, before+1)
	}
}

// The ids that INSERT returns are in the order of the documents.
func TestIDsInTheOrderOfDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	for i, row := range w.do("INSERT INTO T <<{'k':0},{'k':1},{'k':2},{'k':3},{'k':4}>>") {
		id := field(t, row, "documentId")
		wantRows(t, w.query("SELECT VALUE k FROM T BY id WHERE id = '"+id+"'"), fmt.Sprint(i))
	}
}

// A table that comes back has its documents in the versions that they had.
func TestUndropChangesNoVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("INSERT INTO T {'k':1}")
	w.do("UPDATE T SET k = 2")
	before := w.query("SELECT * FROM _ql_committed_T")
	id := w.ledger.Tables()[0].ID
	w.do("DROP TABLE T")
	w.do(`UNDROP TABLE "` + id + `"`)
	wantRows(t, w.query("SELECT * FROM _ql_committed_T"), before...)
	wantRows(t, w.query("SELECT VALUE metadata.version FROM history(T)"), "0", "1")
}

// SELECT VALUE leaves a row out whose value is missing, for Ion has no such value; the document was read all the same.
func TestMissingValueIsNoRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("INSERT INTO T <<{'k':1},{'b':2},{'k':null}>>")
	tx := w.begin()
	rows, reads, err := try(t, tx, "SELECT VALUE k FROM T")
	if err != nil || reads != 3 {
		t.Errorf("got %d reads, %v, want 3", reads, err)
	}
	wantRows(t, rows, "1", "null")
	mustCommit(t, tx)
}
