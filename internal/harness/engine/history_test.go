package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// redactions are the statements that redact one version of each document of a table.
func (w *world) redactions(table string, version int) []string {
	w.t.Helper()
	ids := w.query("SELECT VALUE tableId FROM information_schema.user_tables WHERE name = ?", `"`+table+`"`)
	rows := w.query(fmt.Sprintf("SELECT blockAddress, metadata.id FROM history(%s) AS h WHERE h.metadata.version = %d",
		table, version))
	var statements []string
	for _, row := range rows {
		v, _ := values(w.t, []string{row})[0].Field("blockAddress")
		statements = append(statements, fmt.Sprintf("EXEC REDACT_REVISION `%s`, '%s', '%s'", v, values(w.t, ids)[0].Text(),
			field(w.t, row, "id")))
	}
	return statements
}

// hourly makes one version of a document each hour from 16:00 on, 0 to 3, of which the last deletes it.
func hourly(t *testing.T) *world {
	w := newWorld(t)
	w.do("CREATE TABLE T")
	for _, s := range []string{"INSERT INTO T {'v':0}", "UPDATE T SET v = 1", "UPDATE T SET v = 2", "DELETE FROM T"} {
		w.clock.move(time.Hour)
		w.do(s)
	}
	w.clock.move(time.Hour)
	return w
}

func TestHistoryRanges(t *testing.T) {
	t.Parallel()
	w := hourly(t)
	for _, tc := range []struct {
		args string
		want []string
	}{
		{"", []string{"0", "1", "2", "3"}},
		{", `2021-08-30T16:50:00Z`", []string{"0", "1", "2", "3"}}, // to the millisecond
		{", `2021-08-30T17:20:00Z`", []string{"0", "1", "2", "3"}}, // written before, still current
		{", `2021-08-30T18:20:00Z`", []string{"1", "2", "3"}},
		{", `2021-08-30T20:00:00Z`", []string{"3"}}, // after the deletion
		{", `2021-08-30T18:20:00Z`, `2021-08-30T18:40:00Z`", []string{"1"}},
		{", `2021-08-30T18:20:00Z`, `2021-08-30T18:50:00Z`", []string{"1", "2"}}, // inclusive
		{", `2021-08-30T`, `2021-08-30T16:00:00Z`", nil},
		{", `2021T`, `2021-08-30T17:00:00Z`", []string{"0"}},
	} {
		got := w.query("SELECT VALUE metadata.version FROM history(T" + tc.args + ")")
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("history(T%s) (-want +got):\n%s", tc.args, diff)
		}
	}
	rows := w.query("SELECT * FROM history(T)")
	last := values(t, rows[3:])[0]
	if _, has := last.Field("data"); has {
		t.Errorf("got %v, want a deletion without data", last)
	}
	wantRows(t, w.query("SELECT * FROM T"))
	wantRows(t, w.query("SELECT * FROM _ql_committed_T"))
}

func TestHistoryOfDroppedTables(t *testing.T) {
	t.Parallel()
	w := hourly(t)
	w.do("INSERT INTO T {'v':9}", "CREATE INDEX ON T (v)")
	id := w.ledger.Tables()[0].ID
	w.do("DROP TABLE T")
	tx := w.begin()
	for _, s := range []string{
		"SELECT * FROM T", "SELECT * FROM _ql_committed_T", "SELECT * FROM history(T)", "INSERT INTO T {}",
	} {
		_, _, err := try(t, tx, s)
		wantRefused(t, err, "Semantic Error")
	}
	wantRows(t, exec(t, tx, "SELECT VALUE metadata.version FROM history('"+id+"')"), "0", "1", "2", "3", "0")
	w.do(`UNDROP TABLE "` + id + `"`)
	wantRows(t, w.query("SELECT VALUE v FROM T WHERE v = 9"), "9")
	wantRows(t, w.query("SELECT name, status FROM information_schema.user_tables"), `{name:"T",status:"ACTIVE"}`)
}

func TestCommittedView(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	id := field(t, w.do("INSERT INTO T {'k':1}")[0], "documentId")
	w.do("UPDATE T SET k = 2")
	row := values(t, w.query("SELECT * FROM _ql_committed_T"))[0]
	r, err := journal.ParseRevision(row)
	if err != nil {
		t.Fatal(err)
	}
	if r.Hash != journal.RevisionHash(r) || string(r.Metadata.ID) != id || r.Metadata.Version != 1 ||
		r.Address.SequenceNo != 3 || string(r.Address.StrandID) != w.ledger.StrandID() {
		t.Errorf("got revision %+v", r)
	}
	var names []string
	for _, f := range row.Fields() {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"blockAddress", "hash", "data", "metadata"}, names); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestRedaction(t *testing.T) {
	t.Parallel()
	w := hourly(t)
	w.do("INSERT INTO T {'v':10}")
	before, err := w.ledger.Digest()
	if err != nil {
		t.Fatal(err)
	}
	first, latest, deletion := w.redactions("T", 1)[0], w.redactions("T", 0)[1], w.redactions("T", 3)[0]
	for _, s := range []string{
		latest, deletion, first + "x", "EXEC REDACT_REVISION `{strandId:\"x\",sequenceNo:2}`, 'a', 'b'",
	} {
		tx := w.begin()
		_, _, err := try(t, tx, s)
		wantRefused(t, err, "")
	}
	old := w.query("SELECT * FROM history(T) AS h WHERE h.metadata.version = 1")[0]
	w.do(first)
	now := w.query("SELECT * FROM history(T) AS h WHERE h.metadata.version = 1")[0]
	was, err1 := journal.ParseRevision(values(t, []string{old})[0])
	is, err2 := journal.ParseRevision(values(t, []string{now})[0])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if diff := cmp.Diff(was.Redact(), is, cmp.Comparer(ion.Value.Equal)); diff != "" {
		t.Errorf("redacted revision (-want +got):\n%s", diff)
	}
	tx := w.begin()
	_, _, err = try(t, tx, first) // again
	wantRefused(t, err, "Revision is not eligible for redaction")
	w.prove(before.Tip, before.Hash)
	for _, fate := range []indexFate{indexLags, indexDeleted} {
		w.crash(crashfs.Oldest, fate)
		if got := w.query("SELECT * FROM history(T) AS h WHERE h.metadata.version = 1")[0]; got != now {
			t.Errorf("after a crash: got %s, want %s", got, now)
		}
		w.prove(before.Tip, before.Hash)
	}
}

// prove checks every block and revision against a digest.
func (w *world) prove(tip journal.BlockAddress, digest journal.Hash) {
	w.t.Helper()
	ctx := w.t.Context()
	for n := range tip.SequenceNo + 1 {
		at := journal.BlockAddress{StrandID: tip.StrandID, SequenceNo: n}
		b, proof, err := w.ledger.Block(ctx, at, &tip)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := b.Check(); err != nil {
			w.t.Errorf("block %d: %v", n, err)
		}
		if got := fold(b.BlockHash, proof); got != digest {
			w.t.Errorf("block %d: the proof leads to %x, want %x", n, got, digest)
		}
		for _, r := range b.Revisions {
			got, proof, err := w.ledger.Revision(ctx, at, r.Metadata.ID, &tip)
			if err != nil || fold(journal.RevisionHash(got), proof) != digest {
				w.t.Errorf("revision %s/%d: not proven, %v", r.Metadata.ID, r.Metadata.Version, err)
			}
		}
	}
}

func fold(hash journal.Hash, proof []journal.Hash) journal.Hash {
	for _, h := range proof {
		hash = ion.Dot(hash, h)
	}
	return hash
}

func TestAddressErrors(t *testing.T) {
	t.Parallel()
	w := hourly(t)
	d, err := w.ledger.Digest()
	if err != nil {
		t.Fatal(err)
	}
	at := func(n int64) journal.BlockAddress {
		return journal.BlockAddress{StrandID: d.Tip.StrandID, SequenceNo: n}
	}
	foreign := journal.BlockAddress{StrandID: "9DBeKfUQzbaKuOyVvEqGLM"}
	tip, early, beyond := at(d.Tip.SequenceNo), at(1), at(d.Tip.SequenceNo+1)
	for _, tc := range []struct {
		name string
		at   journal.BlockAddress
		tip  *journal.BlockAddress
		want string
	}{
		{"tip beyond", at(0), &beyond, "The sequence number of the provided digest tip address is beyond"},
		{"foreign strand", foreign, nil, "The Strand ID of the provided block address is not valid."},
		{"block beyond", beyond, nil, "The sequence number of the provided block address is beyond"},
		{"strands differ", at(0), &foreign, "The Strand ID of the provided block address must match"},
		{"after the tip", at(2), &early, "The sequence number of the provided block address must not be greater"},
		{"no such document", at(0), &tip, "The provided Document ID is not found"},
	} {
		_, _, err := w.ledger.Revision(t.Context(), tc.at, "9DBeKfUQzbaKuOyVvEqGLM", tc.tip)
		if err == nil || len(err.Error()) < len(tc.want) || err.Error()[:len(tc.want)] != tc.want {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}
