package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Source of the numbers: Amazon QLDB developer guide, "Quotas and limits in Amazon QLDB".
func TestDocumentsPerTransaction(t *testing.T) {
	t.Parallel()
	const text = "Exceeded documents per transaction limit"
	w := newWorld(t)
	w.do("CREATE TABLE T")
	bag := func(n int) string { return "INSERT INTO T <<" + strings.Repeat("{'k':1},", n-1) + "{'k':1}>>" }

	tx := w.begin()
	exec(t, tx, bag(40))
	_, _, err := try(t, tx, "INSERT INTO T {'k':1}")
	wantRefused(t, err, text)
	exec(t, tx, "UPDATE T SET k = 2") // the same documents once more
	exec(t, tx, "SELECT * FROM T")
	mustCommit(t, tx)
	wantRows(t, w.query("SELECT COUNT(*) FROM T"), "{_1:40}")

	tx = w.begin()
	_, _, err = try(t, tx, bag(41))
	wantRefused(t, err, text)
	exec(t, tx, "INSERT INTO T {'k':3}")
	_, _, err = try(t, tx, "UPDATE T SET k = 4") // 40 old ones and the new one
	wantRefused(t, err, text)
	wantRows(t, exec(t, tx, "SELECT COUNT(*) FROM T WHERE k = 4"), "{_1:0}")
	exec(t, tx, "DELETE FROM T WHERE k = 3") // leaves nothing behind, and so makes room
	exec(t, tx, "DELETE FROM T")             // counts
	_, _, err = try(t, tx, "INSERT INTO T {'k':1}")
	wantRefused(t, err, text)
	mustCommit(t, tx)
	wantRows(t, w.query("SELECT COUNT(*) FROM T"), "{_1:0}")
}

// sized is a document that takes exactly n bytes as Ion binary.
func sized(n int) ion.Value {
	make := func(filler int) ion.Value {
		return ion.Struct(ion.F("k", ion.String(strings.Repeat("x", filler))))
	}
	return make(n - (len(ion.EncodeBinary(make(n))) - n))
}

func TestDocumentSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	tx := w.begin()
	for _, tc := range []struct {
		bytes int
		fits  bool
	}{{1 << 17, true}, {1<<17 + 1, false}} {
		document := sized(tc.bytes)
		if got := len(ion.EncodeBinary(document)); got != tc.bytes {
			t.Fatalf("made a document of %d bytes, want %d", got, tc.bytes)
		}
		_, err := tx.Execute(t.Context(), "INSERT INTO T ?", []ion.Value{document})
		if tc.fits && err != nil {
			t.Errorf("%d bytes: got %v", tc.bytes, err)
		}
		if !tc.fits {
			wantRefused(t, err, "Exceeded document size limit")
		}
	}
	_, _, err := try(t, tx, "UPDATE T SET k = k || 'y'")
	wantRefused(t, err, "Exceeded document size limit")
	mustCommit(t, tx)
	length := len(sized(1 << 17).Fields()[0].Value.Text())
	wantRows(t, w.query("SELECT CHAR_LENGTH(k) AS n FROM T"), fmt.Sprintf("{n:%d}", length))
}

func TestTransactionSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	tx := w.begin()
	var err error
	n := 0
	for ; err == nil && n < 40; n++ {
		_, err = tx.Execute(t.Context(), "INSERT INTO T ?", []ion.Value{sized(1 << 17)})
	}
	wantRefused(t, err, "Exceeded transaction size limit")
	if n != 32 {
		t.Errorf("document %d was refused, want 32: 31 and their metadata make less than 4 MiB", n)
	}
	mustCommit(t, tx)
	wantRows(t, w.query("SELECT COUNT(*) FROM T"), "{_1:31}")

	long := "SELECT * FROM T WHERE k = '" + strings.Repeat("x", 99_000) + "'"
	tx = w.begin()
	for n, err = 0, nil; err == nil && n < 50; n++ {
		_, _, err = try(t, tx, long)
	}
	wantRefused(t, err, "Exceeded transaction size limit")
}

func TestStatementLength(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx := w.begin()
	_, _, err := try(t, tx, "SELECT 1 FROM <<0>> -- "+strings.Repeat("x", 100_000))
	wantRefused(t, err, "Exceeded statement length limit")
	mustCommit(t, tx)
}

func TestTablesAndIndexes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx := w.begin()
	for i := range 20 {
		exec(t, tx, fmt.Sprintf("CREATE TABLE T%d", i))
	}
	_, _, err := try(t, tx, "CREATE TABLE T20")
	wantRefused(t, err, "Exceeded tables limit: Ledger has 20 active tables, and cannot create another.")
	for i := range 5 {
		exec(t, tx, fmt.Sprintf("CREATE INDEX ON T0 (f%d)", i))
	}
	_, _, err = try(t, tx, "CREATE INDEX ON T0 (f5)")
	wantRefused(t, err, "Exceeded indexes limit: Table has 5 indexes, and cannot create another.")
	_, _, err = try(t, tx, "CREATE INDEX ON T0 (f4)")
	wantRefused(t, err, "Index already exists: f4")
	_, _, err = try(t, tx, "CREATE TABLE T0")
	wantRefused(t, err, "Table with name: USER.T0 already exists")
	mustCommit(t, tx)

	// One more may be created by each of two transactions, but not by both.
	w.do("DROP TABLE T19")
	a, b := w.begin(), w.begin()
	exec(t, a, "CREATE TABLE A")
	exec(t, b, "CREATE TABLE B")
	mustCommit(t, a)
	if err := commit(b); err == nil {
		t.Error("got 21 active tables")
	}
	for i := range 19 {
		w.do(fmt.Sprintf("DROP TABLE T%d", i), fmt.Sprintf("CREATE TABLE T%d", i))
	}
	tx = w.begin()
	_, _, err = try(t, tx, "CREATE TABLE Further")
	wantRefused(t, err, "Exceeded tables limit: Ledger has 40 total tables, and cannot create another.")
}

func TestOneRedactionPerTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("INSERT INTO T <<{'k':1},{'k':2}>>")
	w.do("UPDATE T SET k = 3")
	statements := w.redactions("T", 0)
	tx := w.begin()
	exec(t, tx, statements[0])
	_, _, err := try(t, tx, statements[1])
	wantRefused(t, err, "Exceeded redactions per transaction limit")
	mustCommit(t, tx)
}

// What an Ion reader takes for a symbol table, or is nested deeper than a reader goes, could not be read back.
func TestWhatCannotBeReadBackIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	nested := func(depth int) []ion.Value {
		v := ion.Int(1)
		for range depth - 1 {
			v = ion.List(v)
		}
		return []ion.Value{ion.Struct(ion.F("d", v))}
	}
	tx := w.begin()
	table := ion.Struct().WithAnnotations("$ion_symbol_table")
	for _, params := range [][]ion.Value{{table}, nested(1025), nested(5000)} {
		_, err := tx.Execute(t.Context(), "INSERT INTO T VALUE ?", params)
		wantRefused(t, err, "Document cannot be stored")
	}
	if _, err := tx.Execute(t.Context(), "INSERT INTO T ?", nested(1024)); err != nil {
		t.Errorf("1024 levels: %v", err)
	}
	mustCommit(t, tx)
	w.crash(func(n int) int { return n - 1 }, indexDeleted)
	wantRows(t, w.query("SELECT COUNT(*) FROM T"), "{_1:1}")
}
