package engine

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/eval"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// source is the eval.Source of a running statement. Opening a cursor notes what is searched.
type source struct {
	*statement
	closers []eval.Cursor
}

// close closes what evaluation left open.
func (s *source) close() {
	for _, c := range s.closers {
		c.Close()
	}
}

// Scan implements eval.Source.
func (s *source) Scan(t plan.Table, view plan.View) eval.Cursor {
	s.tx.read(token{kind: wholeTable, table: t.ID})
	c := s.documents(t, view)
	start := headPrefix(t.ID)
	c.heads = s.reader.r.Scan(start, after(start))
	return c
}

// Lookup implements eval.Source.
func (s *source) Lookup(t plan.Table, view plan.View, ix plan.Index, key string) eval.Cursor {
	c := s.documents(t, view)
	c.atLeast = 1
	hash, err := s.reader.keys.Hash(s.reader.ctx, []byte(key))
	if err != nil {
		c.err = err
		return c
	}
	s.tx.read(token{kind: indexRange, table: ix.ID, key: string(hash[:])}, token{kind: indexDropped, table: ix.ID})
	c.match = func(document ion.Value) bool {
		value, ok := document.Field(ix.Field)
		return ok && hasKey(value, key)
	}
	start := entryPrefix(ix.ID, hash)
	c.heads, c.entries = s.reader.r.Scan(start, after(start)), true
	return c
}

// equalityKey is eval's key for a value that is not null.
func equalityKey(v ion.Value) string {
	key, _ := eval.Key(v)
	return key
}

func hasKey(v ion.Value, key string) bool {
	k, ok := eval.Key(v)
	return ok && k == key
}

// Document implements eval.Source.
func (s *source) Document(t plan.Table, view plan.View, id string) eval.Cursor {
	s.tx.read(token{kind: document, table: t.ID, key: id})
	c := s.documents(t, view)
	c.atLeast = 1
	c.overlay = nil
	if w, ok := s.tx.writes[id]; ok && view == plan.User && w.table.ID == t.ID {
		c.overlay = []*write{w}
		return c
	}
	table, p, found, err := s.reader.locate(id)
	if err != nil {
		c.err = err
	}
	if found && table == t.ID {
		key := headKey(t.ID, p)
		c.heads = s.reader.r.Scan(key, append(key, 0))
	}
	return c
}

// Tables implements eval.Source.
func (s *source) Tables() eval.Cursor {
	s.tx.read(token{kind: wholeCatalog})
	tables := make([]plan.Table, len(s.catalog.tables))
	for i, t := range s.catalog.tables {
		tables[i] = t.Table
	}
	return &tableRows{statement: s.statement, rest: tables}
}

// documents opens a cursor that has found nothing yet.
func (s *source) documents(t plan.Table, view plan.View) *documents {
	c := &documents{statement: s.statement, table: t.ID, view: view}
	if view == plan.User {
		c.overlay = s.overlay(t.ID)
	}
	s.closers = append(s.closers, c)
	return c
}

// documents is a cursor over the live documents of a table: those that heads leads to, as the snapshot sees them,
// merged with the transaction's own writes.
type documents struct {
	*statement
	table   string
	view    plan.View
	heads   store.Cursor // over newest revisions, or nil
	entries bool         // heads is over entries of an index instead
	overlay []*write     // own writes that have not come up yet
	match   func(ion.Value) bool
	atLeast int64 // reads that are charged even if nothing is found
	charged int64

	ahead *found // from heads, not handed out yet
	done  bool   // heads is at its end
	err   error
}

// A found is a document that heads led to.
type found struct {
	place place
	row   row
	data  ion.Value
}

// Next implements eval.Cursor.
func (c *documents) Next(ctx context.Context) (eval.Row, bool, error) {
	for {
		if err := ctx.Err(); err != nil {
			return eval.Row{}, false, err
		}
		if err := c.fill(); err != nil {
			return eval.Row{}, false, err
		}
		switch {
		case len(c.overlay) > 0 && (c.ahead == nil || c.overlay[0].place.compare(c.ahead.place) <= 0):
			w := c.overlay[0]
			c.overlay = c.overlay[1:]
			if !w.deleted && (c.match == nil || c.match(w.data)) {
				c.charge(1)
				return eval.Row{ID: w.document, Value: w.data}, true, nil
			}
		case c.ahead != nil:
			f := c.ahead
			c.ahead = nil
			c.charge(1)
			row, err := c.shape(f)
			return row, err == nil, err
		default:
			c.charge(max(0, c.atLeast-c.charged))
			return eval.Row{}, false, nil
		}
	}
}

func (c *documents) charge(n int64) {
	c.charged += n
	c.reads += n
}

// shape is the row in the cursor's view.
func (c *documents) shape(f *found) (eval.Row, error) {
	if c.view == plan.User {
		return eval.Row{ID: f.row.document, Value: f.data}, nil
	}
	r, err := f.row.revision(c.tx.ledger.strand)
	return eval.Row{ID: f.row.document, Value: r.Ion()}, err
}

// fill looks for the next document in heads, unless there is one already.
func (c *documents) fill() error {
	if c.err != nil || c.ahead != nil || c.heads == nil || c.done {
		return c.err
	}
	for c.heads.Next() {
		f, ok, err := c.resolve()
		if err != nil || ok {
			c.ahead, c.err = f, err
			return err
		}
	}
	c.done = true
	c.err = c.heads.Err()
	return c.err
}

// resolve is the document that heads stands on; ok is false if the snapshot does not have it, if it does not match,
// or if the transaction has written it, so that it comes from the overlay.
func (c *documents) resolve() (*found, bool, error) {
	p, err := parsePlace(c.heads.Key())
	if err != nil {
		return nil, false, err
	}
	var head row
	if c.entries {
		var there bool
		head, there, err = c.reader.row(headKey(c.table, p))
		if err == nil && !there { // deleted, and the entry is left over
			return nil, false, nil
		}
	} else {
		head, err = c.reader.rowAt(c.heads)
	}
	if err != nil {
		return nil, false, err
	}
	if c.view == plan.User {
		if _, own := c.tx.writes[head.document]; own {
			return nil, false, nil
		}
	}
	r, live, err := c.reader.visible(c.table, p, head, c.tx.base.next)
	if err != nil || !live {
		return nil, false, err
	}
	data, err := r.value()
	if err != nil || c.match != nil && !c.match(data) {
		return nil, false, err
	}
	return &found{p, r, data}, true, nil
}

// Close implements eval.Cursor.
func (c *documents) Close() {
	if c.heads != nil {
		c.heads.Close()
		c.heads = nil
	}
}

// tableRows is a cursor over the catalog.
type tableRows struct {
	*statement
	rest    []plan.Table
	charged bool
}

// Next implements eval.Cursor.
func (c *tableRows) Next(ctx context.Context) (eval.Row, bool, error) {
	if err := ctx.Err(); err != nil {
		return eval.Row{}, false, err
	}
	if len(c.rest) == 0 {
		if !c.charged {
			c.reads++
			c.charged = true
		}
		return eval.Row{}, false, nil
	}
	t := c.rest[0]
	c.rest, c.charged = c.rest[1:], true
	c.reads++
	return eval.Row{ID: t.ID, Value: eval.CatalogRow(t)}, true, nil
}

// Close implements eval.Cursor.
func (c *tableRows) Close() {}
