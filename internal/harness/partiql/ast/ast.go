// Package ast is the tree of one PartiQL statement in QLDB's dialect.
//
// parse makes trees, plan resolves their names, eval walks them. A tree does not
// change once made, so it may be cached and shared between goroutines; what a
// pass learns about a name is kept outside the tree, under the name's Ord.
//
//	Tree
//	  Statement   *Select *Insert *Change *CreateTable *DropTable *UndropTable
//	              *CreateIndex *DropIndex *Redact
//	  Source      *From *Join
//	  Expr        literals, *Param, *Name, *Path, operators, calls, constructors, *Select
//
// Source: Amazon QLDB Developer Guide, "Amazon QLDB PartiQL reference".
package ast

import "github.com/qldbkms/terraform-provider-qldbkms/internal/ion"

// A Pos is a place in the text of a statement. Lines and columns count from 1,
// columns in characters. The zero Pos is no place.
type Pos struct{ Line, Column int }

// A Tree is one parsed statement.
type Tree struct {
	Statement Statement
	Params    int // number of ? in the text
	Names     int // every Name has an Ord below it
}

// A Statement is one of the statements listed in the package comment.
type Statement interface {
	Position() Pos
	statement()
}

// An Ident is a name as written: of a table, a field, an alias or an id in double quotes.
type Ident struct {
	Pos    Pos
	Text   string
	Quoted bool
}

// CreateTable is CREATE TABLE name [WITH (aws_tags = `{...}`)].
type CreateTable struct {
	Pos  Pos
	Name Ident
	Tags *Literal // nil without WITH
}

// DropTable is DROP TABLE name.
type DropTable struct {
	Pos  Pos
	Name Ident
}

// UndropTable is UNDROP TABLE "tableId".
type UndropTable struct {
	Pos Pos
	ID  Ident
}

// CreateIndex is CREATE INDEX ON table (field).
type CreateIndex struct {
	Pos   Pos
	Table Ident
	Field Ident
}

// DropIndex is DROP INDEX "indexId" ON table WITH (purge = true).
type DropIndex struct {
	Pos   Pos
	ID    Ident
	Table Ident
}

// Redact is EXEC REDACT_REVISION block-address, table-id, document-id.
type Redact struct {
	Pos                               Pos
	BlockAddress, TableID, DocumentID Expr
}

// Insert is INSERT INTO table [VALUE] value.
type Insert struct {
	Pos   Pos
	Table Ident
	Value Expr
}

// A Verb says which statement a Change was.
type Verb uint8

// The verbs.
const (
	Update Verb = iota // UPDATE table ops WHERE
	FromDo             // FROM sources WHERE ops
	Delete             // DELETE FROM table WHERE: no Ops
)

// Change is a statement that changes documents which exist.
type Change struct {
	Pos   Pos
	Verb  Verb
	From  []Source
	Where Expr // nil if absent
	Ops   []Op
}

// An Op is one change of one place.
type Op struct {
	Pos    Pos
	Kind   OpKind
	Target *Path // without Steps for a bare name
	Value  Expr  // nil for Remove
	At     Expr  // of InsertInto, nil if absent
}

// An OpKind says what an Op does.
type OpKind uint8

// The kinds of Op.
const (
	Set OpKind = iota
	InsertInto
	Remove
)

// Select is a query, as a statement or in parentheses as an expression.
// Exactly one of Value, Star, Items says what it yields.
type Select struct {
	Pos   Pos
	Value Expr
	Star  bool
	Items []Item
	From  []Source
	Where Expr // nil if absent
}

// An Item is one entry of a select list.
type Item struct {
	Expr  Expr
	Alias *Ident // nil if absent
	All   bool   // expr.*
}

// A Source is what a query ranges over: *From or *Join.
type Source interface{ source() }

// From is one thing to range over with the variables it binds.
type From struct {
	Pos  Pos
	Expr Expr // *Name and *Path may mean a table or a view; *History only occurs here
	As   *Ident
	At   *Ident
	By   *Ident
}

// Join is an inner join; On is nil for CROSS JOIN.
type Join struct {
	Left, Right Source
	On          Expr
}

func (s *CreateTable) statement() {}
func (s *DropTable) statement()   {}
func (s *UndropTable) statement() {}
func (s *CreateIndex) statement() {}
func (s *DropIndex) statement()   {}
func (s *Redact) statement()      {}
func (s *Insert) statement()      {}
func (s *Change) statement()      {}
func (s *Select) statement()      {}

// Position is where the statement begins.
func (s *CreateTable) Position() Pos { return s.Pos }

// Position is where the statement begins.
func (s *DropTable) Position() Pos { return s.Pos }

// Position is where the statement begins.
func (s *UndropTable) Position() Pos { return s.Pos }

// Position is where the statement begins.
func (s *CreateIndex) Position() Pos { return s.Pos }

// Position is where the statement begins.
func (s *DropIndex) Position() Pos { return s.Pos }

// Position is where the statement begins.
func (s *Redact) Position() Pos { return s.Pos }

// Position is where the statement begins.
func (s *Insert) Position() Pos { return s.Pos }

// Position is where the statement begins.
func (s *Change) Position() Pos { return s.Pos }

// Position is where the query begins.
func (s *Select) Position() Pos { return s.Pos }

func (*From) source() {}
func (*Join) source() {}

// Literal is a value written in the text.
type Literal struct {
	Pos   Pos
	Value ion.Value
}
