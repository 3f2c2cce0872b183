// Package eval answers a planned statement from a Source.
//
// It knows no storage: the engine hands it a snapshot to read from (Source), a
// buffer to write to (Sink) and the statement's parameters, and pulls rows out
// of it. Values are Ion values and MISSING. A statement that fails part way has
// told the Sink about some of its changes; dropping them is the engine's part.
package eval

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A Source is the snapshot a statement reads: the ledger as its transaction began
// plus, in the User view, the transaction's own writes of earlier statements.
//
// Every cursor counts one read for each row its Next returns and notes what was
// searched, whether or not anything was found, for the check at commit: that is
// the method and its arguments. Rows come in the order their documents were created.
// A cursor keeps answering from the state at its opening while the Sink is written to.
type Source interface {
	// Scan reads every live document of table.
	Scan(table plan.Table, view plan.View) Cursor
	// Lookup reads the live documents of table whose first field called ix.Field has this Key.
	Lookup(table plan.Table, view plan.View, ix plan.Index, key string) Cursor
	// Document reads the live document with this id, if any.
	Document(table plan.Table, view plan.View, id string) Cursor
	// History reads the committed revisions of table that were active at some moment of
	// h.Start to h.End, of one document if h.ID is set.
	History(table plan.Table, h HistoryRange) Cursor
	// Tables reads information_schema.user_tables; CatalogRow makes the rows.
	Tables() Cursor
}

// A HistoryRange limits history(). A nil Start is the beginning, a nil End is now
// and after.
type HistoryRange struct {
	ID         string // empty for all documents
	Start, End *ion.Timestamp
}

// A Cursor yields rows. Next returns false at the end. Close may be called at any time, also twice.
type Cursor interface {
	Next(ctx context.Context) (Row, bool, error)
	Close()
}

// A Row is one document or revision: in the User view the document, else the struct of
// the committed view. ID is the document's id.
type Row struct {
	ID    string
	Value ion.Value
}

// A Sink takes the changes of a statement, in order. Its errors end the statement and
// are returned as they are. It enforces sizes and counts of documents.
type Sink interface {
	Insert(ctx context.Context, table plan.Table, document ion.Value) (id string, err error)
	Replace(ctx context.Context, table plan.Table, id string, document ion.Value) error
	Delete(ctx context.Context, table plan.Table, id string) error

	CreateTable(ctx context.Context, name string, tags map[string]string) (id string, err error)
	DropTable(ctx context.Context, table plan.Table) error
	UndropTable(ctx context.Context, table plan.Table) error
	CreateIndex(ctx context.Context, table plan.Table, field string) error
	DropIndex(ctx context.Context, table plan.Table, ix plan.Index) error

	// Redact asks for the data of one revision to be removed and returns its version.
	// ErrNotEligible is for a revision that is not eligible.
	Redact(ctx context.Context, r Redaction) (version int64, err error)
}

// A Redaction names one revision.
type Redaction struct {
	StrandID   string
	SequenceNo int64
	Table      plan.Table
	DocumentID string
}

// An Env is everything a statement may see besides its text.
type Env struct {
	Catalog plan.Catalog
	Source  Source
	Sink    Sink // nil if the statement only reads
	Params  []ion.Value
	Now     ion.Timestamp // of UTCNOW()
	TxID    string        // of TXID()

	// Authorize is asked about the Need of a REDACT_REVISION, whose table is only known
	// while it runs; nil allows everything. Its error ends the statement.
	Authorize func(plan.Need) error
}

// Rows are the answer of a statement, made as they are asked for. A statement that
// writes has done so before its first row.
type Rows interface {
	Next(ctx context.Context) (ion.Value, bool, error)
	Close()
}
