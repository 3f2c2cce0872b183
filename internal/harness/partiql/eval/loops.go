package eval

import (
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// An iterator sets the variables of one loop to their next values.
type iterator interface {
	next() (bool, error)
	close()
}

// loops are the nested loops of a query. The first is outermost; each is opened anew for every
// row of those before it, so a document that is read again is counted again.
type loops struct {
	run      *run
	query    *plan.Query
	open     []iterator
	started  bool
	finished bool
	turns    uint
}

func (r *run) loops(q *plan.Query) *loops { return &loops{run: r, query: q} }

func (l *loops) close() {
	for _, it := range l.open {
		it.close()
	}
	l.open = nil
	l.finished = true
}

// next moves to the next row for which every condition is true.
func (l *loops) next() (bool, error) {
	if l.finished {
		return false, nil
	}
	if !l.started {
		l.started = true
		if err := l.descend(); err != nil {
			return false, err
		}
	}
	for len(l.open) > 0 {
		// A join of literals can go on for ages without reading anything that would notice a cancelled context.
		if l.turns++; l.turns%64 == 0 {
			if err := l.run.ctx.Err(); err != nil {
				return false, err
			}
		}
		level := len(l.open) - 1
		ok, err := l.open[level].next()
		if err != nil {
			return false, err
		}
		if !ok {
			l.open[level].close()
			l.open = l.open[:level]
			continue
		}
		if ok, err = l.holds(l.query.Loops[level].Filters...); err != nil {
			return false, err
		}
		switch {
		case !ok:
		case level+1 < len(l.query.Loops):
			err = l.descend()
		case l.query.Where == nil:
			return true, nil
		default:
			if ok, err = l.holds(l.query.Where); ok {
				return true, nil
			}
		}
		if err != nil {
			return false, err
		}
	}
	l.finished = true
	return false, nil
}

// descend opens the next loop.
func (l *loops) descend() error {
	it, err := l.run.iterate(&l.query.Loops[len(l.open)])
	if err == nil {
		l.open = append(l.open, it)
	}
	return err
}

// holds says whether all conditions are true. A condition that is no boolean is an error.
func (l *loops) holds(conditions ...ast.Expr) (bool, error) {
	for _, c := range conditions {
		v, err := l.run.eval(c)
		switch {
		case err != nil:
			return false, err
		case v.unknown():
			return false, nil
		case !v.is(ion.BoolType):
			return false, fault(c.Position(), "a condition must be a boolean, not %s", v.typeName())
		case !v.ion.Bool():
			return false, nil
		}
	}
	return true, nil
}

func (r *run) iterate(l *plan.Loop) (iterator, error) {
	a := &l.Access
	it := &reading{run: r, loop: l}
	switch a.Kind {
	case plan.Scan:
		it.cursor = r.env.Source.Scan(a.Table, a.View)
	case plan.Tables:
		it.cursor = r.env.Source.Tables()
	case plan.History:
		h, none, err := r.historyRange(a)
		if err != nil || none {
			return it, err
		}
		it.cursor = r.env.Source.History(a.Table, h)
	case plan.ByIndex, plan.ByID:
		keys, err := r.keys(a)
		it.keys = keys
		return it, err
	default:
		return r.ranging(l)
	}
	return it, nil
}

// keys are what a lookup asks for: every known key once. Nothing equals an unknown one.
func (r *run) keys(a *plan.Access) ([]string, error) {
	values, err := r.evalAll(a.Keys)
	if err != nil {
		return nil, err
	}
	var keys []string
	seen := make(map[string]bool)
	for _, v := range values {
		key, ok := "", !v.unknown()
		switch {
		case !ok:
		case a.Kind == plan.ByIndex && v.kind == known:
			key, ok = Key(v.ion)
		default:
			key, ok = v.ion.Text(), v.isText()
		}
		if ok && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// clockSkew is how far in the future an end of history() may lie and still mean now: programs
// pass their own clock's time.
const clockSkew = time.Minute

// historyRange evaluates the arguments of history(). none is true if no document can match.
func (r *run) historyRange(a *plan.Access) (h HistoryRange, none bool, err error) {
	if h.Start, err = r.historyTime(a.Start); err != nil {
		return h, false, err
	}
	if h.End, err = r.historyTime(a.End); err != nil {
		return h, false, err
	}
	now := r.env.Now
	switch {
	case h.Start != nil && h.Start.Time().Sub(now.Time()) > clockSkew:
		return h, false, refused("The start time of history must not be in the future")
	case h.End != nil && h.End.Time().Sub(now.Time()) > clockSkew:
		return h, false, refused("The end time of history must not be in the future")
	case h.Start != nil && h.End != nil && h.Start.Compare(*h.End) > 0:
		return h, false, refused("The start time of history must not be after its end time")
	case h.End != nil && h.End.Compare(now) > 0:
		h.End = &now
	}
	if len(a.Keys) > 0 {
		v, err := r.eval(a.Keys[0])
		if err != nil || v.unknown() || !v.isText() || v.ion.Text() == "" {
			return h, true, err
		}
		h.ID = v.ion.Text()
	}
	return h, false, nil
}

func (r *run) historyTime(x ast.Expr) (*ion.Timestamp, error) {
	if x == nil {
		return nil, nil
	}
	v, err := r.eval(x)
	if err != nil {
		return nil, err
	}
	if !v.is(ion.TimestampType) {
		return nil, fault(x.Position(), "history takes timestamps, not %s", v.typeName())
	}
	return new(v.ion.Timestamp()), nil
}

// reading takes rows from the Source: of one cursor, or of one after the other for each key.
type reading struct {
	run    *run
	loop   *plan.Loop
	cursor Cursor
	keys   []string
	row    Row // that the variables stand on
}

func (it *reading) next() (bool, error) {
	a := &it.loop.Access
	for {
		if it.cursor == nil {
			if len(it.keys) == 0 {
				return false, nil
			}
			key := it.keys[0]
			it.keys = it.keys[1:]
			if a.Kind == plan.ByID {
				it.cursor = it.run.env.Source.Document(a.Table, a.View, key)
			} else {
				it.cursor = it.run.env.Source.Lookup(a.Table, a.View, a.Index, key)
			}
		}
		row, ok, err := it.cursor.Next(it.run.ctx)
		if err != nil {
			return false, err
		}
		if ok {
			it.bind(row)
			return true, nil
		}
		it.close()
		if len(it.keys) == 0 {
			return false, nil
		}
	}
}

func (it *reading) bind(row Row) {
	it.row = row
	it.run.slots[it.loop.Slot] = of(row.Value)
	if it.loop.By >= 0 {
		it.run.slots[it.loop.By] = of(ion.String(row.ID))
	}
	if it.loop.At >= 0 {
		it.run.slots[it.loop.At] = missing
	}
}

func (it *reading) close() {
	if it.cursor != nil {
		it.cursor.Close()
		it.cursor = nil
	}
}

// items ranges over values that are there.
type items struct {
	run      *run
	loop     *plan.Loop
	values   []value
	at       int
	position bool // AT has a meaning
}

// ranging evaluates what l ranges over: the members of a list, a bag or an S-expression, any other
// value as the only one, nothing for MISSING.
func (r *run) ranging(l *plan.Loop) (iterator, error) {
	it := &items{run: r, loop: l}
	if c, ok := l.Access.Expr.(*ast.Collection); ok { // evaluated here, since Ion cannot hold its MISSING
		values, err := r.evalAll(c.Items)
		it.values, it.position = values, !c.Bag
		return it, err
	}
	v, err := r.eval(l.Access.Expr)
	it.values = members(v, false)
	it.position = v.kind == known && v.isSequence()
	return it, err
}

func (it *items) next() (bool, error) {
	if it.at == len(it.values) {
		return false, nil
	}
	it.run.slots[it.loop.Slot] = it.values[it.at]
	if it.loop.At >= 0 {
		it.run.slots[it.loop.At] = missing
		if it.position {
			it.run.slots[it.loop.At] = of(ion.Int(int64(it.at)))
		}
	}
	it.at++
	return true, nil
}

func (it *items) close() {}
