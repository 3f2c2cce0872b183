package plan

import (
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// choose replaces scans by lookups where a condition that every row must meet says
// that a document's id or an indexed field equals something known when the loop starts.
// The conditions stay: a lookup only narrows what is read.
func (r *resolver) choose(q *Query) {
	if r.err != nil {
		return
	}
	must := conjuncts(nil, q.Where)
	for _, l := range q.Loops {
		for _, f := range l.Filters {
			must = conjuncts(must, f)
		}
	}
	for i := range q.Loops {
		l := &q.Loops[i]
		if k := l.Access.Kind; k != Scan && k != History {
			continue
		}
		best := 0
		for _, c := range must {
			r.consider(l, c, &best)
		}
	}
}

// The ranks of a lookup: an id beats an index, one value beats several.
const (
	rankIndexIn = iota + 1
	rankIndex
	rankID
)

// consider uses c for l if that is better than what l has.
func (r *resolver) consider(l *Loop, c ast.Expr, best *int) {
	var sides [][2]ast.Expr
	var keys []ast.Expr
	switch c := c.(type) {
	case *ast.Binary:
		if c.Op != ast.Equal {
			return
		}
		sides = [][2]ast.Expr{{c.X, c.Y}, {c.Y, c.X}}
	case *ast.In:
		if c.Not || c.Of != nil {
			return
		}
		sides, keys = [][2]ast.Expr{{c.X, nil}}, c.List
	default:
		return
	}
	for _, side := range sides {
		isID, field := r.keyOf(l, side[0])
		k := keys
		if k == nil {
			k = []ast.Expr{side[1]}
		}
		if !isID && field == "" || !r.known(k, l.Slot) {
			continue
		}
		r.use(l, isID, field, k, best)
	}
}

func (r *resolver) use(l *Loop, isID bool, field string, keys []ast.Expr, best *int) {
	a := &l.Access
	if a.Kind == History {
		if isID && len(keys) == 1 && a.Keys == nil {
			a.Keys = keys
		}
		return
	}
	rank := rankID
	ix, ok := a.Table.online(field)
	if !isID {
		rank = rankIndex
		if len(keys) > 1 {
			rank = rankIndexIn
		}
	}
	if !isID && !ok || rank <= *best {
		return
	}
	*best = rank
	a.Keys = keys
	if isID {
		a.Kind = ByID
		return
	}
	a.Kind, a.Index = ByIndex, ix
}

// keyOf says whether x is the document id of l's source, or which top-level field of its documents.
func (r *resolver) keyOf(l *Loop, x ast.Expr) (isID bool, field string) {
	var steps []string
	if path, ok := x.(*ast.Path); ok {
		for _, s := range path.Steps {
			name, ok := fieldStep(s)
			if !ok {
				return false, ""
			}
			steps = append(steps, name)
		}
		x = path.Root
	}
	n, ok := x.(*ast.Name)
	if !ok {
		return false, ""
	}
	b := r.plan.Binding(n)
	if b.Slot == l.By && len(steps) == 0 {
		return true, ""
	}
	if b.Slot != l.Slot {
		return false, ""
	}
	if b.Field {
		steps = append([]string{n.Text}, steps...)
	}
	switch {
	case l.Access.View == User && len(steps) == 1:
		return false, steps[0]
	case l.Access.View == Committed && len(steps) == 2 && steps[0] == "data":
		return false, steps[1]
	case l.Access.View == Committed && len(steps) == 2 && steps[0] == "metadata" && steps[1] == "id":
		return true, ""
	}
	return false, ""
}

// fieldStep is the field that s leads to, written as .name or as ['name'].
func fieldStep(s ast.Step) (string, bool) {
	switch s.Kind {
	case ast.ToField:
		return s.Field, true
	case ast.ToIndex:
		if lit, ok := s.Index.(*ast.Literal); ok && lit.Value.Type() == ion.StringType && !lit.Value.IsNull() {
			return lit.Value.Text(), true
		}
	}
	return "", false
}

// known says whether the keys depend on nothing that slot's loop or a later one sets.
func (r *resolver) known(keys []ast.Expr, slot int) bool {
	ok := true
	for _, k := range keys {
		walk(k, func(x ast.Expr) bool {
			switch x := x.(type) {
			case *ast.Name:
				ok = ok && r.plan.Binding(x).Slot < slot
			case *ast.Select, *ast.Aggregate:
				ok = false
			}
			return ok
		})
	}
	return ok
}

// conjuncts appends the terms that must all be true for x to be true.
func conjuncts(list []ast.Expr, x ast.Expr) []ast.Expr {
	if x == nil {
		return list
	}
	if l, ok := x.(*ast.Logic); ok && !l.Or {
		for _, t := range l.Terms {
			list = conjuncts(list, t)
		}
		return list
	}
	return append(list, x)
}
