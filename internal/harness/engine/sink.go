package engine

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/eval"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Insert implements eval.Sink.
func (s *statement) Insert(_ context.Context, t plan.Table, document ion.Value) (string, error) {
	id, err := s.tx.ledger.newID()
	if err != nil {
		return "", err
	}
	w := &write{document: id, table: t, place: place{block: ownBlock, ordinal: s.created}}
	s.created++
	return id, s.change(w, document)
}

// Replace implements eval.Sink.
func (s *statement) Replace(_ context.Context, t plan.Table, id string, document ion.Value) error {
	w, err := s.current(t, id)
	if err != nil {
		return err
	}
	return s.change(w, document)
}

// Delete implements eval.Sink.
func (s *statement) Delete(_ context.Context, t plan.Table, id string) error {
	w, err := s.current(t, id)
	if err != nil {
		return err
	}
	w.data, w.encoded, w.deleted = ion.Value{}, nil, true
	return s.record(w)
}

// change gives a document its new content.
func (s *statement) change(w *write, document ion.Value) error {
	w.data, w.encoded = document, ion.EncodeBinary(document)
	if len(w.encoded) > maxDocumentBytes {
		return errDocumentSize
	}
	// A document that cannot be read back would make its ledger unreadable. Ion has such values: a struct that is
	// annotated as a symbol table, for example.
	if again, err := ion.DecodeOne(w.encoded, storable); err != nil || !again.Equal(document) {
		return errDocument
	}
	return s.record(w)
}

// record keeps a write of this statement.
func (s *statement) record(w *write) error {
	if n := len(w.statements); n == 0 || w.statements[n-1] != s.index {
		w.statements = append(w.statements[:n:n], s.index)
	}
	if _, again := s.writes[w.document]; !again {
		s.order = append(s.order, w.document)
	}
	s.writes[w.document] = w
	return s.tx.sized(s)
}

// current is a copy of what the transaction has made of a document so far.
func (s *statement) current(t plan.Table, id string) (*write, error) {
	for _, writes := range []map[string]*write{s.writes, s.tx.writes} {
		if w, ok := writes[id]; ok && w.table.ID == t.ID {
			if w.deleted {
				return nil, fmt.Errorf("change document %s: %w", id, errMissingDocument)
			}
			next := *w
			return &next, nil
		}
	}
	s.tx.read(token{kind: document, table: t.ID, key: id})
	r, p, live, err := s.committed(t.ID, id)
	if err != nil {
		return nil, err
	}
	if !live {
		return nil, fmt.Errorf("change document %s: %w", id, errMissingDocument)
	}
	old, err := r.value()
	if err != nil {
		return nil, err
	}
	return &write{document: id, table: t, place: p, base: &r, old: old, data: old}, nil
}

// committed is the revision of a document that the snapshot has.
func (s *statement) committed(table, id string) (r row, p place, live bool, err error) {
	in, p, found, err := s.reader.locate(id)
	if err != nil || !found || in != table {
		return row{}, p, false, err
	}
	head, found, err := s.reader.row(headKey(table, p))
	if err != nil || !found {
		return row{}, p, false, err
	}
	r, live, err = s.reader.visible(table, p, head, s.tx.base.next)
	return r, p, live, err
}

// define makes a change of the catalog, visible to the transaction alone until its commit.
func (s *statement) define(d ddl) error {
	if len(s.ddl) == 0 {
		s.catalog = s.catalog.clone()
	}
	s.ddl = append(s.ddl, d)
	for _, t := range d.tokens() {
		if t.kind != wholeCatalog {
			s.tx.read(t) // whoever else changed the same thing first has won
		}
	}
	return s.catalog.make(d)
}

// CreateTable implements eval.Sink.
func (s *statement) CreateTable(_ context.Context, name string, tags map[string]string) (string, error) {
	id, err := s.tx.ledger.newID()
	if err != nil {
		return "", err
	}
	return id, s.define(ddl{kind: plan.CreateTable, table: plan.Table{ID: id, Name: name, Active: true}, tags: tags})
}

// DropTable implements eval.Sink.
func (s *statement) DropTable(_ context.Context, t plan.Table) error {
	return s.define(ddl{kind: plan.DropTable, table: t})
}

// UndropTable implements eval.Sink.
func (s *statement) UndropTable(_ context.Context, t plan.Table) error {
	return s.define(ddl{kind: plan.UndropTable, table: t})
}

// CreateIndex implements eval.Sink. The index is filled by the commit; until then the transaction scans.
func (s *statement) CreateIndex(_ context.Context, t plan.Table, field string) error {
	id, err := s.tx.ledger.newID()
	if err != nil {
		return err
	}
	ix := plan.Index{ID: id, Field: field, Status: plan.Building}
	return s.define(ddl{kind: plan.CreateIndex, table: t, index: ix})
}

// DropIndex implements eval.Sink.
func (s *statement) DropIndex(_ context.Context, t plan.Table, ix plan.Index) error {
	return s.define(ddl{kind: plan.DropIndex, table: t, index: ix})
}

// Redact implements eval.Sink. Only what a later revision has replaced can be redacted, and only once.
//
// Source: Amazon QLDB developer guide, "Redacting document revisions".
func (s *statement) Redact(_ context.Context, r eval.Redaction) (int64, error) {
	if len(s.tx.redactions)+len(s.redactions) > 0 {
		return 0, errRedactionCount
	}
	s.tx.read(token{kind: history, table: r.Table.ID})
	if r.StrandID != string(s.tx.ledger.strand) || r.SequenceNo < 0 || uint64(r.SequenceNo) >= s.tx.base.next {
		return 0, eval.ErrNotEligible
	}
	b, references, err := s.reader.skeleton(uint64(r.SequenceNo))
	if err != nil {
		return 0, err
	}
	for _, ref := range references {
		if ref.table != r.Table.ID {
			continue
		}
		old, found, err := s.reader.row(oldKey(ref.table, ref.place, ref.version))
		if err != nil {
			return 0, err
		}
		if !found || old.document != r.DocumentID || old.content != journal.Full {
			continue
		}
		if seen, _, live, err := s.committed(ref.table, r.DocumentID); err != nil {
			return 0, err
		} else if live && seen.version == ref.version {
			continue // replaced after the snapshot only
		}
		s.redactions = append(s.redactions, journal.RedactedRevision{
			Address: b.Address, TableID: journal.TableID(ref.table), DocumentID: journal.DocumentID(r.DocumentID),
			Version: ref.version,
		})
		return ref.version, nil
	}
	return 0, eval.ErrNotEligible
}
