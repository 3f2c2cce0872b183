package engine

import (
	"context"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// writer is what the next block follows from. mu is held from the check for conflicts until the block is in the queue,
// so no two commits see the same tip; the order of the queue is the order of blocks.
type writer struct {
	mu        sync.Mutex
	tip       journal.Position // of the next block
	catalog   *catalog         // after the last block in the queue
	floor     time.Time        // no block may be earlier: times of revisions never go back
	conflicts conflicts        // writes of the last blocks, queued ones too
	queue     []*pending
}

// Commit makes the transaction's writes a block, durably, and ends it. digest is the client's commit digest.
//
// Errors: *BadRequestError for a wrong digest, after which the transaction is still open, and without an open
// transaction; *ExpiredError; ErrConflict; *FailedError.
func (t *Tx) Commit(ctx context.Context, digest []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.alive(ctx); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(digest, t.digest[:]) != 1 {
		return errDigest
	}
	if len(t.info) == 0 {
		t.end(committed)
		return t.ledger.usable()
	}
	// Held until the block is in the index: the keys may have to be given up at any moment, and a block that is in the
	// log but cannot be indexed would cost the ledger its engine. Without them the transaction stays open, undone.
	keys, err := t.ledger.cfg.Sealer.Hold(ctx)
	if err != nil {
		return err
	}
	defer keys.Release()
	p, err := t.ledger.enqueue(t, keys)
	// Not earlier: until it was checked, other commits must remember what was written since its snapshot.
	t.end(committed)
	if err != nil || p == nil {
		return err
	}
	return t.ledger.wait(p)
}

// enqueue checks for conflicts and queues the block of t; nil if it needs none.
func (l *Ledger) enqueue(t *Tx, keys Held) (*pending, error) {
	w := &l.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := l.usable(); err != nil {
		return nil, err
	}
	if w.conflicts.changed(t.reads, t.base.next) {
		return nil, ErrConflict
	}
	if l.cfg.OmitReadBlocks && len(t.order) == 0 && len(t.ddl) == 0 && len(t.redactions) == 0 {
		return nil, nil
	}
	tables, err := w.tables(t)
	if err != nil {
		return nil, err
	}
	now := l.now(w.floor)
	e := entry{places: t.places(uint64(w.tip.Address.SequenceNo)), documents: t.documents()}
	if tables != w.catalog {
		e.catalog = tables
	}
	if e.block, err = journal.Build(w.tip, t.commit(now, tables)); err != nil {
		return nil, err
	}
	p := &pending{entry: e, number: uint64(w.tip.Address.SequenceNo), keys: keys, done: make(chan struct{})}
	if p.sealed, err = keys.Seal(logPlace(p.number), e.encode()); err != nil {
		return nil, err
	}
	tokens, err := writtenBy(t, tables, keys)
	if err != nil {
		return nil, err
	}
	w.conflicts.record(p.number, tokens, l.snapshots.oldest(l.published.Load()))
	w.tip, w.catalog, w.floor = e.block.Next(), tables, e.block.Timestamp
	w.queue = append(w.queue, p)
	return p, nil
}

// now is the time of a new block. Times of blocks never go back, and never behind the beginning of a transaction.
func (l *Ledger) now(floor time.Time) time.Time {
	now := l.cfg.Clock()
	if begun := time.UnixMilli(l.begun.Load()); now.Before(begun) {
		now = begun
	}
	if now.Before(floor) {
		now = floor
	}
	return now
}

// tables is the catalog after t.
func (w *writer) tables(t *Tx) (*catalog, error) {
	if len(t.ddl) == 0 {
		return w.catalog, nil
	}
	c := w.catalog.clone()
	for _, d := range t.ddl {
		d.index.Status = plan.Online
		if err := c.make(d); err != nil {
			return nil, err
		}
	}
	// Tables created meanwhile under other names are no conflict, but may have taken the last place.
	if active, total := c.counts(); active > maxActiveTables || total > maxTables {
		return nil, ErrConflict
	}
	return c, nil
}

// places are the places of the written documents, in their order. New documents get theirs here.
func (t *Tx) places(block uint64) []place {
	places := make([]place, len(t.order))
	for i, id := range t.order {
		w := t.writes[id]
		places[i] = w.place
		if w.base == nil {
			places[i] = place{block: block, ordinal: uint16(i)}
		}
	}
	return places
}

// documents are the written documents as Ion binary, in their order.
func (t *Tx) documents() [][]byte {
	documents := make([][]byte, len(t.order))
	for i, id := range t.order {
		documents[i] = t.writes[id].encoded
	}
	return documents
}

// commit is what the journal keeps of t.
func (t *Tx) commit(now time.Time, tables *catalog) journal.Commit {
	c := journal.Commit{
		TransactionID: journal.TxID(t.id), TxTime: now, Timestamp: now,
		Info: journal.TransactionInfo{Statements: t.info}, Redactions: t.redactions,
	}
	for _, id := range t.order {
		w := t.writes[id]
		change := journal.Change{DocumentID: journal.DocumentID(id), Data: w.data}
		if w.base != nil {
			change.Version = w.base.version + 1
		}
		if w.deleted {
			change.Content = journal.Deletion
		}
		c.Changes = append(c.Changes, change)
		name := w.table.Name
		if known, ok := tables.byID(w.table.ID); ok {
			name = known.Name
		}
		c.Info.Documents = append(c.Info.Documents, journal.TouchedDocument{
			ID: change.DocumentID, TableName: name, TableID: journal.TableID(w.table.ID), Statements: w.statements,
		})
	}
	return c
}

// writtenBy is what t writes, as far as conflicts go. Indexes are those that tables have by now, not those that t has
// seen: an index may have been created meanwhile, and others already search in it.
func writtenBy(t *Tx, tables *catalog, keys Keys) ([]token, error) {
	var tokens []token
	r := reader{ctx: context.Background(), keys: keys} // no index is needed
	for _, id := range t.order {
		w := t.writes[id]
		tokens = append(tokens, token{kind: wholeTable, table: w.table.ID},
			token{kind: document, table: w.table.ID, key: id})
		known, ok := tables.byID(w.table.ID)
		if !ok {
			continue
		}
		for _, ix := range known.Indexes {
			for _, v := range []ion.Value{w.old, w.data} { // data is null in a deletion
				hash, ok, err := r.indexKey(ix, v)
				if err != nil {
					return nil, err
				}
				if ok {
					tokens = append(tokens, token{kind: indexRange, table: ix.ID, key: string(hash[:])})
				}
			}
		}
	}
	for _, d := range t.ddl {
		tokens = append(tokens, d.tokens()...)
	}
	for _, r := range t.redactions {
		tokens = append(tokens, token{kind: history, table: string(r.TableID)})
	}
	return tokens, nil
}
