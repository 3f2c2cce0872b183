package engine

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// apply brings the index from the state before a block to the one after it, and publishes that. applying is held, or
// nobody else knows the ledger yet. keys are held by whoever waits for the block.
func (l *Ledger) apply(ctx context.Context, e entry, keys Held) error {
	before := l.published.Load()
	number := uint64(e.block.Address.SequenceNo)
	if number != before.next {
		return fmt.Errorf("apply block %d to an index that has %d", number, before.next)
	}
	frontier, nodes := before.frontier.Append(e.block.BlockHash)
	after := &state{
		next: number + 1, catalog: before.catalog, frontier: frontier, last: e.block.Timestamp,
		replaced: make(chan struct{}),
	}
	if e.catalog != nil {
		after.catalog = e.catalog
	}
	var changes []store.Change
	err := l.viewWith(ctx, keys, func(r reader) error {
		a := &application{
			reader: r, keys: keys, ledger: l, number: number, entry: e, before: before.catalog, after: after.catalog,
		}
		for _, n := range nodes {
			a.put(nodeKey(n.ID.Level, n.ID.Index), n.Hash[:])
		}
		if err := a.run(); err != nil {
			return err
		}
		changes = a.changes
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply block %d: %w", number, err)
	}
	changes = append(changes, l.garbage.take(l.snapshots.oldest(before))...)
	if err := l.cfg.Index.Apply(ctx, after.next, changes); err != nil {
		return err
	}
	l.published.Store(after)
	close(before.replaced)
	return nil
}

// An application turns one entry into changes of the index.
type application struct {
	reader        reader // the index before the block
	keys          Held
	ledger        *Ledger
	number        uint64
	entry         entry
	before, after *catalog
	rows          map[string]map[place]row // by table: the rows of this block
	changes       []store.Change
	err           error // of sealing or hashing
}

func (a *application) run() error {
	tables := a.entry.tableOf()
	a.rows = map[string]map[place]row{}
	for i, r := range a.entry.block.Revisions {
		var data []byte
		switch {
		case r.Content != journal.Full:
		case a.entry.documents != nil:
			data = a.entry.documents[i]
		default:
			data = ion.EncodeBinary(r.Data)
		}
		if err := a.revision(tables[r.Metadata.ID], a.entry.places[i], r, data); err != nil {
			return err
		}
	}
	for _, r := range a.entry.block.Redactions {
		if err := a.redact(r); err != nil {
			return err
		}
	}
	a.block(tables)
	if a.entry.catalog != nil {
		if err := a.catalog(); err != nil {
			return err
		}
	}
	return a.err
}

// put seals a value.
func (a *application) put(key, value []byte) {
	sealed, err := a.keys.Seal(key, value)
	a.note(err)
	a.changes = append(a.changes, store.Change{Op: store.OpPut, Key: key, Value: sealed})
}

// note remembers the first error.
func (a *application) note(err error) {
	if a.err == nil {
		a.err = err
	}
}

// revision makes r the newest revision of its document; data is the document as Ion binary.
func (a *application) revision(table string, p place, r journal.Revision, data []byte) error {
	now := rowOf(r, data)
	if a.rows[table] == nil {
		a.rows[table] = map[place]row{}
	}
	a.rows[table][p] = now
	key, value := headKey(table, p), now.encode()
	a.put(key, value)
	var old ion.Value // null: not in any index
	if now.version == 0 {
		a.put(documentKey(now.document), p.append([]byte(table)))
	} else {
		head, found, err := a.reader.row(key)
		if err != nil {
			return err
		}
		if !found || head.document != now.document || head.version != now.version-1 {
			return fmt.Errorf("version %d of document %s does not follow what is in the index", now.version, now.document)
		}
		a.put(oldKey(table, p, head.version), head.encode())
		if old, err = head.value(); err != nil {
			return err
		}
	}
	if now.content == journal.Deletion {
		if err := a.bury(key, oldKey(table, p, now.version), value); err != nil {
			return err
		}
	}
	t, ok := a.before.byID(table)
	if !ok {
		return nil // it is new, and so are its indexes
	}
	for _, ix := range t.Indexes {
		a.index(ix, p, old, r.Data)
	}
	return nil
}

// bury moves a deletion to the older revisions once nobody needs it among the newest.
func (a *application) bury(head, old, value []byte) error {
	sealed, err := a.keys.Seal(old, value)
	if err != nil {
		return err
	}
	a.ledger.garbage.add(a.number,
		store.Change{Op: store.OpDelete, Key: head}, store.Change{Op: store.OpPut, Key: old, Value: sealed})
	return nil
}

// index puts a document under its new value. The entry for the old one stays for older snapshots.
func (a *application) index(ix plan.Index, p place, old, now ion.Value) {
	was, hadOld, err := a.reader.indexKey(ix, old)
	a.note(err)
	is, hasNow, err := a.reader.indexKey(ix, now)
	a.note(err)
	if hasNow {
		key := entryKey(ix.ID, is, p)
		a.ledger.garbage.keep(key)
		a.changes = append(a.changes, store.Change{Op: store.OpPut, Key: key})
	}
	if hadOld && !(hasNow && was == is) {
		a.ledger.garbage.addEntry(a.number, entryKey(ix.ID, was, p))
	}
}

// indexKey is the hash of a document's value under an index; ok is false for a document that is not in the index.
func (r reader) indexKey(ix plan.Index, document ion.Value) (hash [32]byte, ok bool, err error) {
	value, ok := document.Field(ix.Field)
	if !ok || value.IsNull() {
		return hash, false, nil
	}
	hash, err = r.keys.Hash(r.ctx, []byte(equalityKey(value)))
	return hash, err == nil, err
}

// block keeps the block, with references in place of its revisions, so that each document is kept once.
func (a *application) block(tables map[journal.DocumentID]string) {
	b := a.entry.block
	references := make([]ion.Value, len(b.Revisions))
	for i, r := range b.Revisions {
		p := a.entry.places[i]
		references[i] = ion.List(ion.String(tables[r.Metadata.ID]), ion.Int(r.Metadata.Version),
			ion.Int(int64(p.block)), ion.Int(int64(p.ordinal)))
	}
	b.Revisions = nil
	a.put(blockKey(a.number), ion.EncodeBinary(ion.Struct(
		ion.F("block", b.Ion()), ion.F("revisions", ion.List(references...)))))
}

// catalog keeps the new catalog, fills new indexes and gets rid of dropped ones.
func (a *application) catalog() error {
	a.put(catalogKey, ion.EncodeBinary(a.after.ion()))
	old, now := indexes(a.before), indexes(a.after)
	for id, at := range now {
		if _, ok := old[id]; !ok {
			if err := a.build(at.table, at.index); err != nil {
				return err
			}
		}
	}
	for id := range old {
		if _, ok := now[id]; !ok {
			start := prefix('x', id)
			a.ledger.garbage.add(a.number, store.Change{Op: store.OpDeleteRange, Key: start, Value: after(start)})
		}
	}
	return nil
}

type tableIndex struct {
	table string
	index plan.Index
}

func indexes(c *catalog) map[string]tableIndex {
	all := map[string]tableIndex{}
	for _, t := range c.tables {
		for _, ix := range t.Indexes {
			all[ix.ID] = tableIndex{t.ID, ix}
		}
	}
	return all
}

// build fills an index with the newest revisions of a table. Older ones are not needed: no snapshot is older than the
// index and knows it.
func (a *application) build(table string, ix plan.Index) error {
	start := headPrefix(table)
	c := a.reader.r.Scan(start, after(start))
	defer c.Close()
	for c.Next() {
		p, err := parsePlace(c.Key())
		if err != nil {
			return err
		}
		if _, changed := a.rows[table][p]; changed {
			continue
		}
		r, err := a.reader.rowAt(c)
		if err != nil {
			return err
		}
		if err := a.enter(ix, p, r); err != nil {
			return err
		}
	}
	for p, r := range a.rows[table] {
		if err := a.enter(ix, p, r); err != nil {
			return err
		}
	}
	return c.Err()
}

func (a *application) enter(ix plan.Index, p place, r row) error {
	document, err := r.value()
	if err != nil {
		return err
	}
	hash, ok, err := a.reader.indexKey(ix, document)
	if ok {
		a.changes = append(a.changes, store.Change{Op: store.OpPut, Key: entryKey(ix.ID, hash, p)})
	}
	return err
}
