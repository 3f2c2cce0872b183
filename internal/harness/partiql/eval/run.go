package eval

import (
	"context"
	"strconv"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Run begins to answer p. Statements that write have written when it returns. Errors about
// the statement are *ast.Error; those of Source, Sink and Authorize come back as they are.
//
// The rows of a query are made as they are asked for; so are its errors.
func Run(ctx context.Context, p *plan.Plan, env Env) (Rows, error) {
	if n := p.Tree.Params; n != len(env.Params) {
		return nil, refused("Query expects %d parameters, but statement has %d", n, len(env.Params))
	}
	r := &run{plan: p, env: env, slots: make([]value, p.Slots), ctx: ctx}
	switch s := p.Tree.Statement.(type) {
	case *ast.Select:
		return &selected{run: r, loops: r.loops(p.Query)}, nil
	case *ast.Insert:
		return r.insert(ctx, s)
	case *ast.Change:
		return r.change(ctx, s)
	case *ast.Redact:
		return r.redact(ctx, s)
	default:
		return r.ddl(ctx)
	}
}

// A run is one statement being answered.
type run struct {
	plan   *plan.Plan
	env    Env
	slots  []value
	totals map[*ast.Aggregate]value // of the query whose select list is being evaluated
	ctx    context.Context          // of the call of Next or Run that is being served
}

// made are rows that exist already.
type made struct{ rows []ion.Value }

func (m *made) Next(context.Context) (ion.Value, bool, error) {
	if len(m.rows) == 0 {
		return ion.Value{}, false, nil
	}
	v := m.rows[0]
	m.rows = m.rows[1:]
	return v, true, nil
}

func (m *made) Close() { m.rows = nil }

// selected are the rows of a query.
type selected struct {
	run   *run
	loops *loops
	done  bool
	err   error
}

func (s *selected) Next(ctx context.Context) (ion.Value, bool, error) {
	if s.err != nil || s.done {
		return ion.Value{}, false, s.err
	}
	s.run.ctx = ctx
	v, ok, err := s.next()
	if err != nil || !ok {
		s.Close()
		s.err = err
		return ion.Value{}, false, err
	}
	return v, true, nil
}

func (s *selected) Close() {
	s.done = true
	s.loops.close()
}

func (s *selected) next() (ion.Value, bool, error) {
	q := s.loops.query
	if len(q.Aggregates) > 0 {
		if s.loops.finished {
			return ion.Value{}, false, nil
		}
		if err := s.run.aggregate(s.loops); err != nil {
			return ion.Value{}, false, err
		}
		v, err := s.run.project(q)
		return v.ion, err == nil && v.kind != absent, err
	}
	for {
		ok, err := s.loops.next()
		if !ok || err != nil {
			return ion.Value{}, false, err
		}
		v, err := s.run.project(q)
		if err != nil || v.kind != absent { // SELECT VALUE of MISSING is no row
			return v.ion, err == nil, err
		}
	}
}

// subquery is the bag of the rows of a query in parentheses.
func (r *run) subquery(s *ast.Select) (value, error) {
	outer := r.totals
	defer func() { r.totals = outer }()
	rows := &selected{run: r, loops: r.loops(r.plan.Subquery(s))}
	defer rows.Close()
	var items []ion.Value
	left := maxWeight
	for {
		v, ok, err := rows.next()
		if err != nil {
			return missing, err
		}
		if !ok {
			return bag(items), nil
		}
		if left = weigh(v, left); left < 0 {
			return missing, fault(s.Pos, "the result is larger than %d MiB", maxWeight>>20)
		}
		items = append(items, v)
	}
}

// manyFields is from how many columns on a row is weighed. Fewer cannot make it too large, since each column has
// been weighed or is a document.
const manyFields = 16

// project makes a row of the current variables.
func (r *run) project(q *plan.Query) (value, error) {
	s := q.Select
	if s.Value != nil {
		return r.eval(s.Value)
	}
	var fields []ion.Field
	if s.Star {
		for i, l := range q.Loops {
			fields = spread(fields, r.slots[l.Slot], i)
		}
	} else {
		fields = make([]ion.Field, 0, len(s.Items))
	}
	for i, it := range s.Items {
		v, err := r.eval(it.Expr)
		switch {
		case err != nil:
			return missing, err
		case it.All:
			fields = spread(fields, v, i)
		case v.kind != absent:
			fields = append(fields, ion.F(q.Columns[i], v.ion))
		}
	}
	row := of(ion.Struct(fields...))
	if max(len(q.Loops), len(s.Items)) > manyFields {
		return built(row, s.Pos)
	}
	return row, nil
}

// spread appends the fields of v, or v itself under the name of the i-th column.
func spread(fields []ion.Field, v value, i int) []ion.Field {
	switch {
	case v.kind == absent:
		return fields
	case v.is(ion.StructType):
		return append(fields, v.ion.Fields()...)
	default:
		return append(fields, ion.F("_"+strconv.Itoa(i+1), v.ion))
	}
}
