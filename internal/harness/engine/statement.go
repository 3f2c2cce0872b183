package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/eval"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Execute runs one statement and returns the first page of its rows. A statement that fails has no effect, and the
// transaction goes on; it is part of the commit digest all the same, since drivers count it before they send it.
//
// Errors: *BadRequestError for what the client did; *ExpiredError; *FailedError; those of allow, the index and ctx.
func (t *Tx) Execute(ctx context.Context, text string, params []ion.Value) (Page, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.alive(ctx); err != nil {
		return Page{}, err
	}
	s := &statement{
		tx: t, index: len(t.info), now: t.ledger.cfg.Clock(), writes: map[string]*write{}, catalog: t.catalog,
		created: t.created,
	}
	t.note(text, params, s)
	t.bytes += len(text) + statementOverhead
	if err := t.sized(s); err != nil {
		return Page{}, err
	}
	rows, err := s.run(ctx, text, params)
	if err != nil {
		return Page{}, refusal(err)
	}
	// The snapshot may have been given up while the statement ran beyond the transaction's time.
	if err := t.alive(ctx); err != nil {
		return Page{}, err
	}
	s.keep()
	return t.page(rows)
}

// note makes the statement part of the digest and of the block. The block keeps failed ones too, so that the commit
// digest can be made again from it.
func (t *Tx) note(text string, params []ion.Value, s *statement) {
	digest := journal.StatementDigest(text, params...)
	t.digest = t.digest.With(digest)
	t.info = append(t.info, journal.Statement{Text: text, StartTime: s.now, Digest: digest})
}

// A statement is one that is running: what it did so far, which becomes part of the transaction when it succeeds.
// It is the eval.Sink and the plan.Catalog of its evaluation.
type statement struct {
	tx         *Tx
	index      int // in the transaction
	now        time.Time
	reader     reader // of the index, while it runs
	reads      int64  // documents
	writes     map[string]*write
	order      []string
	created    uint16
	catalog    *catalog
	ddl        []ddl
	redactions []journal.RedactedRevision
}

// run evaluates the statement to its end, so that whatever is wrong is said now, and all pages show one state.
func (s *statement) run(ctx context.Context, text string, params []ion.Value) (*results, error) {
	tree, err := s.tx.ledger.statements.Statement(text)
	if err != nil {
		return nil, err
	}
	p, failed := plan.New(tree, s)
	for _, need := range p.Needs { // first: what failed is not for everybody to know
		if err := s.permit(need, p); err != nil {
			return nil, err
		}
	}
	if failed != nil {
		return nil, failed
	}
	out := &results{limits: s.tx.ledger.cfg}
	err = s.tx.ledger.view(ctx, func(r reader) error {
		s.reader = r
		return s.evaluate(ctx, p, params, out)
	})
	return out, err
}

// permit asks whether the statement of a plan may do what it needs.
func (s *statement) permit(n plan.Need, p *plan.Plan) error {
	if s.tx.allow == nil {
		return nil
	}
	need := Need{Need: n}
	if t, ok := s.catalog.byID(n.TableID); ok && n.Object == TableObject {
		need.Tags = t.tags
	}
	if create, ok := p.Tree.Statement.(*ast.CreateTable); ok {
		need.Tags = eval.Tags(create)
	}
	return s.tx.allow(need)
}

func (s *statement) evaluate(ctx context.Context, p *plan.Plan, params []ion.Value, out *results) error {
	src := &source{statement: s}
	defer src.close()
	rows, err := eval.Run(ctx, p, eval.Env{
		Catalog: s, Source: src, Sink: s, Params: params, TxID: s.tx.id,
		Authorize: func(n plan.Need) error { return s.permit(n, p) },
		Now:       ion.NewTimestamp(s.now.UTC(), ion.Second, 3),
	})
	if err != nil {
		return err
	}
	defer rows.Close()
	for {
		v, ok, err := rows.Next(ctx)
		if err != nil {
			return err
		}
		if !ok {
			out.finish(s.reads)
			return nil
		}
		out.add(v, s.reads)
	}
}

// keep makes the statement's writes the transaction's.
func (s *statement) keep() {
	t := s.tx
	for _, id := range s.order {
		w := s.writes[id]
		_, known := t.writes[id]
		switch {
		case w.gone():
			delete(t.writes, id)
			t.order = slices.DeleteFunc(t.order, func(other string) bool { return other == id })
		default:
			t.writes[id] = w
			if !known {
				t.order = append(t.order, id)
			}
		}
	}
	t.created = s.created
	t.ddl = append(t.ddl, s.ddl...)
	t.catalog = s.catalog
	t.redactions = append(t.redactions, s.redactions...)
}

// read notes that the transaction's outcome depends on a token.
func (t *Tx) read(tokens ...token) {
	for _, k := range tokens {
		t.reads[k] = struct{}{}
	}
}

// Table implements plan.Catalog.
func (s *statement) Table(name string) (plan.Table, bool) {
	s.tx.read(token{kind: tableName, table: name})
	t, ok := s.catalog.byName(name)
	if !ok {
		return plan.Table{}, false
	}
	return t.Table, true
}

// TableByID implements plan.Catalog.
func (s *statement) TableByID(id string) (plan.Table, bool) {
	s.tx.read(token{kind: tableID, table: id})
	t, ok := s.catalog.byID(id)
	if !ok {
		return plan.Table{}, false
	}
	return t.Table, true
}

// Counts implements plan.Catalog. The commit looks again.
func (s *statement) Counts() (active, total int) { return s.catalog.counts() }

// overlay is the writes of earlier statements to a table, in the order in which their documents were created.
func (s *statement) overlay(table string) []*write {
	var list []*write
	for _, w := range s.tx.writes {
		if w.table.ID == table {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b *write) int { return a.place.compare(b.place) })
	return list
}

// sized checks the limits on what a transaction writes, with what s has written so far.
//
// Source: Amazon QLDB developer guide, "Quotas and limits in Amazon QLDB".
func (t *Tx) sized(s *statement) error {
	documents, bytes := 0, t.bytes
	count := func(w *write) {
		if !w.gone() {
			documents++
			bytes += len(w.encoded) + revisionOverhead
		}
	}
	for id, w := range t.writes {
		if _, again := s.writes[id]; !again {
			count(w)
		}
	}
	for _, w := range s.writes {
		count(w)
	}
	switch {
	case documents > maxDocuments:
		return errDocumentCount
	case bytes > maxTransactionBytes:
		return errTransactionSize
	}
	return nil
}

// About what a block and the index keep beside each document and each statement's text, in bytes.
const (
	revisionOverhead  = 256
	statementOverhead = 128
)

var errMissingDocument = errors.New("the document to change is not in the snapshot")
