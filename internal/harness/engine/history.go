package engine

import (
	"bytes"
	"context"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/eval"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// History implements eval.Source. What the transaction itself wrote is not history yet. A range that ends before the
// snapshot cannot grow, so only redactions conflict with it.
func (s *source) History(t plan.Table, h eval.HistoryRange) eval.Cursor {
	s.tx.read(token{kind: history, table: t.ID})
	if h.End == nil || !h.End.Time().Before(s.tx.began.Truncate(time.Millisecond)) {
		changes := token{kind: wholeTable, table: t.ID}
		if h.ID != "" {
			changes = token{kind: document, table: t.ID, key: h.ID}
		}
		s.tx.read(changes)
	}
	c := &revisions{statement: s.statement, limits: h}
	heads, old := headPrefix(t.ID), oldPrefix(t.ID)
	if h.ID != "" {
		table, p, found, err := s.reader.locate(h.ID)
		if err != nil || !found || table != t.ID {
			c.err = err
			return c
		}
		heads, old = p.append(heads), p.append(old)
	}
	c.heads = peekable{Cursor: s.reader.r.Scan(heads, after(heads))}
	c.old = peekable{Cursor: s.reader.r.Scan(old, after(old))}
	s.closers = append(s.closers, c)
	return c
}

// revisions is a cursor over the revisions of one or all documents of a table: by document, then by version.
type revisions struct {
	*statement
	limits     eval.HistoryRange
	heads, old peekable
	ahead      *placed // the next revision
	err        error
}

// A placed is a revision with its document's place.
type placed struct {
	place place
	row   row
}

// Next implements eval.Cursor.
func (c *revisions) Next(ctx context.Context) (eval.Row, bool, error) {
	for {
		if err := ctx.Err(); err != nil {
			return eval.Row{}, false, err
		}
		now, next, err := c.step()
		if err != nil || now == nil {
			return eval.Row{}, false, err
		}
		if !c.active(now, next) {
			continue
		}
		r, err := now.row.revision(c.tx.ledger.strand)
		if err != nil {
			return eval.Row{}, false, err
		}
		c.reads++
		return eval.Row{ID: now.row.document, Value: r.Ion()}, true, nil
	}
}

// active reports whether a revision was the current one at some moment of the range. next is the one that follows in
// the cursor, perhaps of another document.
func (c *revisions) active(now, next *placed) bool {
	if c.limits.End != nil && now.row.txTime.After(c.limits.End.Time()) {
		return false
	}
	replaced := next != nil && next.place == now.place
	return c.limits.Start == nil || !replaced || !next.row.txTime.Before(c.limits.Start.Time())
}

// step returns the next revision of the snapshot, nil at the end, and the one after it.
func (c *revisions) step() (now, next *placed, err error) {
	if c.ahead == nil {
		if c.ahead, err = c.pull(); err != nil || c.ahead == nil {
			return nil, nil, err
		}
	}
	now = c.ahead
	c.ahead, err = c.pull()
	return now, c.ahead, err
}

// pull takes the next revision of the snapshot from either cursor.
func (c *revisions) pull() (*placed, error) {
	for c.err == nil {
		from, length := &c.old, placeLength+8
		if !c.old.peek() || c.heads.peek() && bytes.Compare(placeIn(c.heads.Key()), placeIn(c.old.Key())) < 0 {
			from, length = &c.heads, placeLength
		}
		if !from.peek() {
			c.err = firstError(c.old.fault(), c.heads.fault())
			return nil, c.err
		}
		key := from.Key()
		var p placed
		if p.place, c.err = parsePlace(key[:len(key)-length+placeLength]); c.err != nil {
			break
		}
		if p.row, c.err = c.reader.rowAt(from.Cursor); c.err != nil {
			break
		}
		from.take()
		if p.row.block < c.tx.base.next {
			return &p, nil
		}
	}
	return nil, c.err
}

// placeIn is the place in the key of a newest or an older revision.
func placeIn(key []byte) []byte { return key[1+journal.IDLength : 1+journal.IDLength+placeLength] }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Close implements eval.Cursor.
func (c *revisions) Close() {
	c.heads.close()
	c.old.close()
}

// peekable is a cursor that can be looked at before it is moved.
type peekable struct {
	store.Cursor // nil: nothing
	stands, ends bool
}

func (p *peekable) peek() bool {
	if p.Cursor != nil && !p.stands && !p.ends {
		p.stands = p.Next()
		p.ends = !p.stands
	}
	return p.stands
}

func (p *peekable) take() { p.stands = false }

func (p *peekable) fault() error {
	if p.Cursor == nil {
		return nil
	}
	return p.Err()
}

func (p *peekable) close() {
	if p.Cursor != nil {
		p.Cursor.Close()
		p.Cursor, p.stands, p.ends = nil, false, true
	}
}
