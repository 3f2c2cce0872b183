// Package plan decides how a parsed statement is answered.
//
// It resolves every name against the statement's variables and the catalog,
// chooses for each source how it is read, and says what the caller must be
// allowed to do. Sources are read in nested loops in the order they are written,
// so that the number of documents read is what the service reports.
//
// Source: Amazon QLDB Developer Guide, "Amazon QLDB PartiQL reference" and
// "Optimizing query performance".
package plan

import (
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

// A Plan is a statement with its names resolved. It does not change once made.
type Plan struct {
	Tree  *ast.Tree
	Kind  Kind
	Needs []Need
	Table Table  // that DML and DDL act on; zero if there is none or it is not known yet
	Query *Query // of a Select and of a Change, else nil
	Slots int    // number of variables; every slot is below it

	bindings []Binding
	queries  map[*ast.Select]*Query
}

// A Kind says what a statement may do.
type Kind uint8

// The kinds of statement.
const (
	Select Kind = iota
	Insert
	Update // UPDATE, FROM ... SET and the like
	Delete
	CreateTable
	DropTable
	UndropTable
	CreateIndex
	DropIndex
	Redact
)

// Reads says whether a statement of this kind only reads.
func (k Kind) Reads() bool { return k == Select }

// DDL says whether a statement of this kind changes the catalog.
func (k Kind) DDL() bool { return k >= CreateTable && k <= DropIndex }

// A Need is one thing the caller must be allowed to do.
//
// Source: Amazon QLDB Developer Guide, "Getting started with the standard permissions mode".
type Need struct {
	Action  string // "qldb:PartiQLSelect"
	Object  Object
	TableID string // of a TableObject
}

// An Object is the kind of resource that a Need is about.
type Object uint8

// The kinds of Object.
const (
	TableObject   Object = iota // ledger/<name>/table/<tableId>
	AnyTable                    // ledger/<name>/table/*
	CatalogObject               // ledger/<name>/information_schema/user_tables
)

// A Binding says what a Name means.
type Binding struct {
	Slot  int
	Field bool // the name is a field of what is in Slot, not the variable itself
}

// Binding is what n means. Names that are tables have none.
func (p *Plan) Binding(n *ast.Name) Binding { return p.bindings[n.Ord] }

// Subquery is the plan of a query in parentheses.
func (p *Plan) Subquery(s *ast.Select) *Query { return p.queries[s] }

// A Query is nested loops over Loops, first loop outermost, with a filter inside.
type Query struct {
	Select     *ast.Select // nil for a Change
	Loops      []Loop
	Where      ast.Expr         // nil if absent
	Aggregates []*ast.Aggregate // by Ord
	Columns    []string         // names of Select.Items
}

// A Loop reads one source. Slot, At and By are the slots it fills; At and By are -1 if unused.
type Loop struct {
	Access       Access
	Slot, At, By int
	Filters      []ast.Expr // ON conditions that can be decided once this loop's variables are set
}

// An Access is how a Loop gets its values.
type Access struct {
	Kind  AccessKind
	Table Table
	View  View
	Index Index
	// Keys are what ByIndex and ByID look up, each evaluated when the loop starts. With
	// History there is at most one, a document id.
	Keys       []ast.Expr
	Start, End ast.Expr // of History; nil if absent
	Expr       ast.Expr // what Values ranges over
}

// An AccessKind says what is read, which is also what the reading conflicts with.
type AccessKind uint8

// The kinds of Access.
const (
	Values  AccessKind = iota // an expression; reads no documents
	Scan                      // every document of Table
	ByIndex                   // documents whose field equals a key
	ByID                      // documents by id
	History                   // revisions of Table
	Tables                    // information_schema.user_tables
)

// A View says which shape documents have.
type View uint8

// The views of a table.
const (
	User      View = iota // the document
	Committed             // blockAddress, hash, data, metadata
)

// New plans tree against the tables of catalog. The error is an *ast.Error of kind
// Semantic or Refused; of the plan only Needs counts then. Who is not allowed all of
// them must not see the error, which may tell which tables there are.
func New(tree *ast.Tree, catalog Catalog) (*Plan, error) {
	p := &Plan{Tree: tree, bindings: make([]Binding, tree.Names)}
	r := &resolver{plan: p, catalog: catalog}
	r.statement()
	if r.err != nil {
		return p, r.err
	}
	p.Slots = r.slots
	return p, nil
}
