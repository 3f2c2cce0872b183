package plan

import (
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

// CommittedPrefix before a table's name is its committed view.
const CommittedPrefix = "_ql_committed_"

// A resolver fills a Plan. It keeps the first error and goes on, so that rules need no
// error handling of their own; New drops what was made after an error.
type resolver struct {
	plan    *Plan
	catalog Catalog
	slots   int
	err     error
}

func (r *resolver) fail(e *ast.Error) {
	if r.err == nil {
		r.err = e
	}
}

func (r *resolver) semantic(pos ast.Pos, reason string) {
	r.fail(&ast.Error{Kind: ast.Semantic, Pos: pos, Reason: reason})
}

// need notes what the statement must be allowed. A table that is not there has no id, so only who may do the same to
// all tables may do it to that one.
func (r *resolver) need(action string, object Object, tableID string) {
	if object == TableObject && tableID == "" {
		object = AnyTable
	}
	n := Need{Action: "qldb:" + action, Object: object, TableID: tableID}
	for _, have := range r.plan.Needs {
		if have == n {
			return
		}
	}
	r.plan.Needs = append(r.plan.Needs, n)
}

func (r *resolver) statement() {
	p := r.plan
	switch s := p.Tree.Statement.(type) {
	case *ast.Select:
		p.Kind = Select
		p.Query = r.query(s, nil)
	case *ast.Change:
		r.change(s)
	case *ast.Insert:
		p.Kind = Insert
		r.expr(s.Value, nil)
		p.Table = r.writable(s.Table)
		r.need("PartiQLInsert", TableObject, p.Table.ID)
	case *ast.Redact:
		p.Kind = Redact
		r.expr(s.BlockAddress, nil)
		r.expr(s.TableID, nil)
		r.expr(s.DocumentID, nil)
	default:
		r.ddl()
	}
}

func (r *resolver) ddl() {
	p := r.plan
	switch s := p.Tree.Statement.(type) {
	case *ast.CreateTable:
		p.Kind = CreateTable
		r.need("PartiQLCreateTable", AnyTable, "")
		if s.Tags != nil {
			r.need("TagResource", AnyTable, "")
		}
	case *ast.DropTable:
		p.Kind = DropTable
		p.Table = r.existing(s.Name)
		r.need("PartiQLDropTable", TableObject, p.Table.ID)
	case *ast.UndropTable:
		p.Kind = UndropTable
		r.need("PartiQLUndropTable", TableObject, s.ID.Text)
	case *ast.CreateIndex:
		p.Kind = CreateIndex
		p.Table = r.existing(s.Table)
		r.need("PartiQLCreateIndex", TableObject, p.Table.ID)
	case *ast.DropIndex:
		p.Kind = DropIndex
		p.Table = r.existing(s.Table)
		r.need("PartiQLDropIndex", TableObject, p.Table.ID)
	}
}

// existing is the active table that a DDL statement names.
func (r *resolver) existing(name ast.Ident) Table {
	t, ok := r.catalog.Table(name.Text)
	if !ok {
		r.fail(ast.NoSuchTable(name))
	}
	return t
}

// writable is the active table that a DML statement names.
func (r *resolver) writable(name ast.Ident) Table {
	t, view, ok := r.table(name.Text)
	switch {
	case !ok:
		r.fail(ast.NoSuchVariable(name.Pos, name.Text))
	case view != User:
		r.fail(systemView())
	}
	return t
}

func systemView() *ast.Error {
	return &ast.Error{Kind: ast.Refused, Reason: "Cannot modify system view"}
}

// table is what name means where a table is expected.
func (r *resolver) table(name string) (Table, View, bool) {
	if t, ok := r.catalog.Table(name); ok {
		return t, User, true
	}
	if rest, ok := strings.CutPrefix(name, CommittedPrefix); ok {
		t, ok := r.catalog.Table(rest)
		return t, Committed, ok
	}
	return Table{}, User, false
}

func (r *resolver) change(s *ast.Change) {
	p := r.plan
	p.Kind = Update
	sc := &scope{}
	p.Query = &Query{Where: s.Where}
	r.from(s.From, sc, p.Query)
	if s.Where != nil {
		r.expr(s.Where, sc)
	}
	r.onlyTable(s, p.Query.Loops)
	whole := s.Verb == ast.Delete
	for _, op := range s.Ops {
		r.op(op, sc)
		root := op.Target.Root.(*ast.Name)
		whole = whole || op.Kind == ast.Remove && len(op.Target.Steps) == 0 &&
			p.Binding(root) == Binding{Slot: p.Query.Loops[0].Slot}
	}
	if s.Verb == ast.Delete {
		p.Kind = Delete
	} else {
		r.need("PartiQLUpdate", TableObject, p.Table.ID)
	}
	if whole {
		r.need("PartiQLDelete", TableObject, p.Table.ID)
	}
	r.choose(p.Query)
}

// onlyTable finds the one table that s changes.
func (r *resolver) onlyTable(s *ast.Change, loops []Loop) {
	for i, l := range loops {
		switch {
		case l.Access.Kind == Tables, l.Access.Kind == History, l.Access.View != User:
			r.fail(systemView())
		case i == 0 && l.Access.Kind != Scan:
			r.semantic(s.Pos, "The first source of a statement that changes documents must be a table")
		case i > 0 && l.Access.Kind != Values:
			r.semantic(s.Pos, "A statement can change documents of one table only")
		}
	}
	r.plan.Table = loops[0].Access.Table
}

// op resolves one change. Its target must be in the document: the table's variable, a
// field of it, or the variable of a source that ranges over a path in the document.
func (r *resolver) op(op ast.Op, sc *scope) {
	r.steps(op.Target.Steps, sc)
	if op.Value != nil {
		r.expr(op.Value, sc)
	}
	if op.At != nil {
		r.expr(op.At, sc)
	}
	root := op.Target.Root.(*ast.Name)
	r.name(root, sc)
	if r.err == nil && !r.inDocument(root) {
		r.semantic(root.Pos, "'"+root.Text+"' is not a part of a document")
	}
}

func (r *resolver) inDocument(n *ast.Name) bool {
	b := r.plan.Binding(n)
	loops := r.plan.Query.Loops
	for i, l := range loops {
		if l.Slot != b.Slot {
			continue
		}
		if i == 0 {
			return true
		}
		switch x := l.Access.Expr.(type) {
		case *ast.Name:
			return r.inDocument(x)
		case *ast.Path:
			root, ok := x.Root.(*ast.Name)
			return ok && plainSteps(x.Steps) && r.inDocument(root)
		}
	}
	return false
}

func plainSteps(steps []ast.Step) bool {
	for _, s := range steps {
		if s.Kind != ast.ToField && s.Kind != ast.ToIndex {
			return false
		}
	}
	return true
}
