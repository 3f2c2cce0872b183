package plan

import (
	"fmt"
	"strconv"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

// A scope is the variables of one query.
type scope struct {
	outer     *scope
	variables []variable
	sources   int  // of the whole query, also those not reached yet
	fields    bool // names may be fields of the only source
	grouped   bool // only aggregates may use this scope's variables
}

type variable struct {
	name string
	slot int
}

func (s *scope) find(name string) (Binding, *scope, bool) {
	for ; s != nil; s = s.outer {
		for i := len(s.variables) - 1; i >= 0; i-- {
			if v := s.variables[i]; v.name == name {
				return Binding{Slot: v.slot}, s, true
			}
		}
	}
	return Binding{}, nil, false
}

// name resolves n: a variable of this or an outer query, else a field of the only source.
func (r *resolver) name(n *ast.Name, sc *scope) {
	b, in, ok := sc.find(n.Text)
	if !ok && sc != nil && sc.fields && sc.sources == 1 {
		b, in, ok = Binding{Slot: sc.variables[0].slot, Field: true}, sc, true
	}
	switch {
	case !ok: // it could have been a table
		r.need("PartiQLSelect", AnyTable, "")
		r.fail(ast.NoSuchVariable(n.Pos, n.Text))
	case in.grouped:
		r.semantic(n.Pos, fmt.Sprintf("'%s' must be inside an aggregate function", n.Text))
	default:
		r.plan.bindings[n.Ord] = b
	}
}

// query resolves s. Only the outermost one, without an outer scope, may read tables.
func (r *resolver) query(s *ast.Select, outer *scope) *Query {
	q := &Query{Select: s, Where: s.Where}
	sc := &scope{outer: outer}
	r.from(s.From, sc, q)
	if s.Where != nil {
		r.expr(s.Where, sc)
	}
	exprs := make([]ast.Expr, 0, len(s.Items)+1)
	if s.Value != nil {
		exprs = append(exprs, s.Value)
	}
	for i, it := range s.Items {
		exprs = append(exprs, it.Expr)
		q.Columns = append(q.Columns, columnName(it, i))
	}
	r.aggregates(q, exprs, sc)
	for _, x := range exprs {
		r.expr(x, sc)
	}
	r.choose(q)
	return q
}

// columnName is the alias of the i-th item, else the last name of its path, else _1, _2 and so on.
func columnName(it ast.Item, i int) string {
	if it.Alias != nil {
		return it.Alias.Text
	}
	switch x := it.Expr.(type) {
	case *ast.Name:
		return x.Text
	case *ast.Path:
		if name, ok := fieldStep(x.Steps[len(x.Steps)-1]); ok {
			return name
		}
	}
	return "_" + strconv.Itoa(i+1)
}

// aggregates resolves the aggregates in a select list, after which only they may use rows.
func (r *resolver) aggregates(q *Query, exprs []ast.Expr, sc *scope) {
	for _, x := range exprs {
		walk(x, func(x ast.Expr) bool {
			a, ok := x.(*ast.Aggregate)
			if ok {
				q.Aggregates = append(q.Aggregates, a)
				if a.X != nil {
					r.expr(a.X, sc)
				}
			}
			return !ok
		})
	}
	for i, a := range q.Aggregates {
		if a.Ord != i { // another one is inside it, or in WHERE
			r.misplaced(a)
		}
	}
	sc.grouped = len(q.Aggregates) > 0
}

func (r *resolver) misplaced(a *ast.Aggregate) {
	r.semantic(a.Pos, "Aggregate function '"+a.Func+"' is not allowed here")
}

func (r *resolver) from(list []ast.Source, sc *scope, q *Query) {
	for _, s := range list {
		sc.sources += countSources(s)
	}
	for _, s := range list {
		r.source(s, sc, q)
	}
	sc.fields = true
}

func countSources(s ast.Source) int {
	if j, ok := s.(*ast.Join); ok {
		return countSources(j.Left) + countSources(j.Right)
	}
	return 1
}

func (r *resolver) source(s ast.Source, sc *scope, q *Query) {
	switch s := s.(type) {
	case *ast.Join:
		r.source(s.Left, sc, q)
		r.source(s.Right, sc, q)
		if s.On != nil {
			r.expr(s.On, sc)
			last := &q.Loops[len(q.Loops)-1]
			last.Filters = append(last.Filters, s.On)
		}
	case *ast.From:
		q.Loops = append(q.Loops, r.loop(s, sc))
	}
}

// loop resolves one source and adds its variables to sc.
func (r *resolver) loop(f *ast.From, sc *scope) Loop {
	l := Loop{Access: r.access(f, sc), At: -1, By: -1}
	l.Slot = r.variable(defaultAlias(f), sc)
	if f.At != nil {
		l.At = r.variable(f.At.Text, sc)
	}
	if f.By != nil {
		if k := l.Access.Kind; k == Values || k == Tables {
			r.semantic(f.By.Pos, "BY needs a table")
		}
		l.By = r.variable(f.By.Text, sc)
	}
	return l
}

func (r *resolver) variable(name string, sc *scope) int {
	slot := r.slots
	r.slots++
	sc.variables = append(sc.variables, variable{name: name, slot: slot})
	return slot
}

// defaultAlias is the alias of f, else the last step of its path. A source without either
// gets a name that nobody can write.
func defaultAlias(f *ast.From) string {
	if f.As != nil {
		return f.As.Text
	}
	switch x := f.Expr.(type) {
	case *ast.Name:
		return x.Text
	case *ast.Path:
		if last := x.Steps[len(x.Steps)-1]; last.Kind == ast.ToField {
			return last.Field
		}
	}
	return "\x00"
}

// access says how f is read. A bare name is a table first, unless it is written with @.
func (r *resolver) access(f *ast.From, sc *scope) Access {
	outermost := sc.outer == nil
	switch x := f.Expr.(type) {
	case *ast.Name:
		_, _, local := sc.find(x.Text)
		if t, view, ok := r.table(x.Text); ok && outermost && !(x.Local && local) {
			r.need("PartiQLSelect", TableObject, t.ID)
			return Access{Kind: Scan, Table: t, View: view}
		}
	case *ast.Path:
		root, ok := x.Root.(*ast.Name)
		if ok && outermost && root.Text == "information_schema" && len(x.Steps) == 1 && x.Steps[0].Field == "user_tables" {
			r.need("PartiQLSelect", CatalogObject, "")
			return Access{Kind: Tables}
		}
	case *ast.History:
		if !outermost {
			r.semantic(x.Pos, "history is allowed in the outermost query only")
		}
		return r.history(x, sc)
	}
	r.expr(f.Expr, sc)
	return Access{Kind: Values, Expr: f.Expr}
}

func (r *resolver) history(h *ast.History, sc *scope) Access {
	t, ok := Table{}, false
	if !h.ByID {
		t, ok = r.catalog.Table(h.Table.Text)
	}
	if !ok && h.Table.Quoted { // an inactive table has no name, only its id
		t, ok = r.catalog.TableByID(h.Table.Text)
	}
	if !ok {
		r.fail(ast.NoSuchVariable(h.Table.Pos, h.Table.Text))
	}
	for _, x := range []ast.Expr{h.Start, h.End} {
		if x != nil {
			r.expr(x, sc)
		}
	}
	r.need("PartiQLHistoryFunction", TableObject, t.ID)
	return Access{Kind: History, Table: t, View: Committed, Start: h.Start, End: h.End}
}

// expr resolves every name in x and checks its calls.
func (r *resolver) expr(x ast.Expr, sc *scope) {
	walk(x, func(x ast.Expr) bool {
		switch x := x.(type) {
		case *ast.Name:
			r.name(x, sc)
		case *ast.Call:
			r.call(x)
		case *ast.Aggregate:
			if sc == nil || !sc.grouped {
				r.misplaced(x)
			}
			return false // resolved by aggregates
		case *ast.Select:
			if r.plan.queries == nil {
				r.plan.queries = make(map[*ast.Select]*Query)
			}
			inner := sc
			if inner == nil {
				inner = &scope{}
			}
			r.plan.queries[x] = r.query(x, inner)
			return false
		}
		return true
	})
}

func (r *resolver) steps(steps []ast.Step, sc *scope) {
	for _, s := range steps {
		if s.Index != nil {
			r.expr(s.Index, sc)
		}
	}
}

// functions are the numbers of arguments that each function takes.
//
// Source: Amazon QLDB Developer Guide, "PartiQL functions in Amazon QLDB".
var functions = map[string]struct{ min, max int }{
	"CHARACTER_LENGTH": {1, 1}, "CHAR_LENGTH": {1, 1}, "COALESCE": {1, 1 << 20}, "DATE_ADD": {2, 2}, "DATE_DIFF": {2, 2},
	"EXISTS": {1, 1}, "EXTRACT": {1, 1}, "LOWER": {1, 1}, "NULLIF": {2, 2}, "SIZE": {1, 1}, "SUBSTRING": {2, 3},
	"TO_STRING": {2, 2}, "TO_TIMESTAMP": {1, 2}, "TRIM": {1, 2}, "TXID": {0, 0}, "UPPER": {1, 1}, "UTCNOW": {0, 0},
}

func (r *resolver) call(c *ast.Call) {
	takes, ok := functions[c.Func]
	switch {
	case !ok:
		r.semantic(c.Pos, fmt.Sprintf("No such function '%s'", c.Func))
	case len(c.Args) < takes.min || len(c.Args) > takes.max:
		r.semantic(c.Pos, fmt.Sprintf("Function '%s' does not take %d arguments", c.Func, len(c.Args)))
	}
}
