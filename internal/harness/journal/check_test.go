package journal_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

func wantStep(t *testing.T, err error, want journal.Step) {
	t.Helper()
	var mismatch *journal.MismatchError
	if !errors.As(err, &mismatch) || mismatch.Step != want {
		t.Errorf("got %v, want a mismatch of %s", err, want)
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	position := journal.Genesis(strand)
	for _, b := range history(t) {
		if err := b.CheckAt(position); err != nil {
			t.Error(err)
		}
		position = b.Next()
	}
}

func TestCheckNamesTheStep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step journal.Step
		name string
		edit func(*journal.Block)
	}{
		{journal.StepRevisionAddress, "revision of another block", func(b *journal.Block) {
			b.Revisions[1].Address.SequenceNo = 2
		}},
		{journal.StepRevisionTx, "revision of another transaction", func(b *journal.Block) {
			b.Revisions[0].Metadata.TxID = tx(2)
		}},
		{journal.StepRevisionTx, "another transaction", func(b *journal.Block) { b.TransactionID = tx(2) }},
		{journal.StepRevisionTx, "revision after its block", func(b *journal.Block) {
			b.Timestamp = b.Timestamp.Add(-time.Second)
		}},
		{journal.StepRevisionHash, "data", func(b *journal.Block) { b.Revisions[1].Data = ion.Struct() }},
		{journal.StepRevisionHash, "version", func(b *journal.Block) { b.Revisions[1].Metadata.Version++ }},
		{journal.StepRevisionHash, "content", func(b *journal.Block) { b.Revisions[1].Content = journal.Deletion }},
		{journal.StepEntriesHashList, "statement", func(b *journal.Block) { b.Info.Statements[0].Text += " " }},
		{journal.StepEntriesHashList, "start time", func(b *journal.Block) {
			b.Info.Statements[0].StartTime = b.Timestamp
		}},
		{journal.StepEntriesHashList, "documents", func(b *journal.Block) { b.Info.Documents = nil }},
		{journal.StepEntriesHashList, "revision left out", func(b *journal.Block) { b.Revisions = b.Revisions[:1] }},
		{journal.StepEntriesHashList, "all left out", func(b *journal.Block) { b.Revisions = nil }},
		{journal.StepEntriesHashList, "redaction added", func(b *journal.Block) {
			b.Redactions = []journal.RedactedRevision{{Address: b.Address, TableID: table, DocumentID: d1}}
		}},
		{journal.StepEntriesHashList, "entry", func(b *journal.Block) { b.EntriesHashList[0][0] ^= 1 }},
		{journal.StepEntriesHash, "root", func(b *journal.Block) { b.EntriesHash[31] ^= 1 }},
		{journal.StepBlockHash, "block hash", func(b *journal.Block) { b.BlockHash[31] ^= 1 }},
		{journal.StepBlockHash, "previous", func(b *journal.Block) { b.PreviousBlockHash[0] ^= 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := vector(t)[3]
			c.edit(&b)
			wantStep(t, b.Check(), c.step)
		})
	}
}

func TestCheckAtNamesTheStep(t *testing.T) {
	t.Parallel()
	blocks := vector(t)
	position := blocks[2].Next()
	wantStep(t, blocks[2].CheckAt(position), journal.StepBlockAddress)
	wantStep(t, blocks[4].CheckAt(position), journal.StepBlockAddress)
	wantStep(t, blocks[0].CheckAt(journal.Genesis("AnotherStrand000000000")), journal.StepBlockAddress)
	position.PreviousBlockHash[0] ^= 1
	wantStep(t, blocks[3].CheckAt(position), journal.StepPreviousBlockHash)
	broken := blocks[3]
	broken.BlockHash[0] ^= 1
	wantStep(t, broken.CheckAt(blocks[2].Next()), journal.StepBlockHash)

	want := "block 9DBeKfUQzbaKuOyVvEqGLM/3: revision hash does not match for 2r7pUnR9sKt3mLx8yWq0Aa"
	blocks[3].Revisions[1].Data = ion.Struct()
	if got := blocks[3].Check().Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	whole := vector(t)[3]
	b, err := whole.Redact(d1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.CheckAt(vector(t)[2].Next()); err != nil {
		t.Errorf("after the redaction: %v", err)
	}
	if whole.Revisions[1].Content != journal.Full {
		t.Error("the block that was given changed")
	}
	r, _ := b.Revision(d1)
	if r.Content != journal.Redacted || !r.Data.IsNull() || r.DataHash != ion.Hash(whole.Revisions[1].Data) {
		t.Errorf("got %+v, want only the hash of the data", r)
	}
	if other, _ := b.Revision(d2); !other.Data.Equal(whole.Revisions[0].Data) {
		t.Error("another revision changed")
	}
	again, err := b.Redact(d1, 1)
	if diff := cmp.Diff(b, again); diff != "" || err != nil {
		t.Errorf("redacted twice: %v (-want +got):\n%s", err, diff)
	}
}

func TestRedactRefuses(t *testing.T) {
	t.Parallel()
	blocks := history(t)
	for name, redact := range map[string]func() (journal.Block, error){
		"another version":  func() (journal.Block, error) { return blocks[3].Redact(d1, 0) },
		"another document": func() (journal.Block, error) { return blocks[2].Redact(d2, 0) },
		"a deletion":       func() (journal.Block, error) { return blocks[5].Redact(d2, 1) },
	} {
		_, err := redact()
		var none *journal.NoRevisionError
		if !errors.As(err, &none) {
			t.Errorf("%s: got %v, want a *NoRevisionError", name, err)
		}
	}
	if _, ok := blocks[2].Revision(d2); ok {
		t.Error("found a revision that is not there")
	}
	if _, ok := blocks[2].RevisionProof(d2); ok {
		t.Error("proved a revision that is not there")
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	at := time.Date(2021, 8, 30, 15, 50, 0, 0, time.UTC)
	change := func(c journal.Change) []journal.Change { return []journal.Change{c} }
	touched := []journal.TouchedDocument{{ID: d1, TableName: "Test", TableID: table, Statements: []int{0}}}
	for name, c := range map[string]journal.Commit{
		"null data":      {Changes: change(journal.Change{DocumentID: d1})},
		"scalar data":    {Changes: change(journal.Change{DocumentID: d1, Data: ion.Int(1)})},
		"null struct":    {Changes: change(journal.Change{DocumentID: d1, Data: ion.Null(ion.StructType)})},
		"redacted new":   {Changes: change(journal.Change{DocumentID: d1, Content: journal.Redacted})},
		"no id":          {Changes: change(journal.Change{Data: ion.Struct()})},
		"version":        {Changes: change(journal.Change{DocumentID: d1, Version: -1, Data: ion.Struct()})},
		"late":           {TxTime: at.Add(time.Second), Changes: change(journal.Change{DocumentID: d1, Data: ion.Struct()})},
		"year":           {Timestamp: at.AddDate(9999, 0, 0)},
		"no transaction": {},
		"statement":      {Info: journal.TransactionInfo{Documents: touched}},
	} {
		if c.Timestamp.IsZero() {
			c.Timestamp = at
		}
		if name != "no transaction" {
			c.TransactionID = tx(0)
		}
		_, err := journal.Build(journal.Genesis(strand), c)
		var format *journal.FormatError
		if !errors.As(err, &format) {
			t.Errorf("%s: got %v, want a *FormatError", name, err)
		}
	}
}

// Times come from clocks with nanoseconds in any zone; a block has milliseconds in UTC.
func TestBuildCutsTimes(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 3600)
	at := time.Date(2021, 8, 30, 15, 50, 0, 999_999_999, zone)
	b, err := journal.Build(journal.Genesis(strand), journal.Commit{
		TransactionID: tx(0), TxTime: at, Timestamp: at,
		Info:    info(journal.Statement{Text: "x", StartTime: at}),
		Changes: []journal.Change{{DocumentID: d1, Data: ion.Struct()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2021, 8, 30, 14, 50, 0, 999_000_000, time.UTC)
	got := []time.Time{b.Timestamp, b.Revisions[0].Metadata.TxTime, b.Info.Statements[0].StartTime}
	if diff := cmp.Diff(slices.Repeat([]time.Time{want}, 3), got); diff != "" {
		t.Errorf("times (-want +got):\n%s", diff)
	}
	if _, err := journal.ParseBlock(b.Ion()); err != nil {
		t.Error(err)
	}
}
