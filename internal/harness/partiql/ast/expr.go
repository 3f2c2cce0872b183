package ast

// An Expr is an expression. Every node knows where it stands; for an operator
// that is the operator itself.
type Expr interface {
	Position() Pos
	expr()
}

// Missing is the literal MISSING.
type Missing struct{ Pos Pos }

// Param is the Index-th ? of the statement, from 0.
type Param struct {
	Pos   Pos
	Index int
}

// Name is a variable: an alias, a field of the only source, or, in a From, a table.
type Name struct {
	Pos    Pos
	Text   string
	Local  bool // written with @
	Quoted bool
	Ord    int // its number in the Tree
}

// Path is Root followed by at least one step, except as the Target of an Op.
type Path struct {
	Root  Expr
	Steps []Step
}

// A Step leads from a value into it.
type Step struct {
	Pos   Pos
	Kind  StepKind
	Field string // of ToField
	Index Expr   // of ToIndex
}

// A StepKind says how a Step is written.
type StepKind uint8

// The kinds of Step.
const (
	ToField    StepKind = iota // .name
	ToIndex                    // [expr]
	ToAllField                 // .*
	ToAllItems                 // [*]
)

// Unary is Op X.
type Unary struct {
	Pos Pos
	Op  Op1
	X   Expr
}

// An Op1 is an operator with one operand.
type Op1 uint8

// The operators with one operand.
const (
	Not Op1 = iota
	Minus
	Plus
)

// Binary is X Op Y.
type Binary struct {
	Pos  Pos
	Op   Op2
	X, Y Expr
}

// An Op2 is an operator with two operands.
type Op2 uint8

// The operators with two operands.
const (
	Add Op2 = iota
	Subtract
	Multiply
	Divide
	Modulo
	Concat
	Equal
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
)

var op2Text = [...]string{"+", "-", "*", "/", "%", "||", "=", "<>", "<", "<=", ">", ">="}

// String is the operator as written.
func (o Op2) String() string { return op2Text[o] }

// Logic is two or more terms joined by AND, or by OR.
type Logic struct {
	Pos   Pos // of the first AND or OR
	Or    bool
	Terms []Expr
}

// Between is X [NOT] BETWEEN Low AND High.
type Between struct {
	Pos          Pos
	Not          bool
	X, Low, High Expr
}

// In is X [NOT] IN (List) or X [NOT] IN Of. Only the first form may use an index.
type In struct {
	Pos  Pos
	Not  bool
	X    Expr
	List []Expr
	Of   Expr // nil for the first form
}

// Like is X [NOT] LIKE Pattern [ESCAPE Escape].
type Like struct {
	Pos                Pos
	Not                bool
	X, Pattern, Escape Expr // Escape is nil if absent
}

// Is is X IS [NOT] Type.
type Is struct {
	Pos  Pos
	Not  bool
	X    Expr
	Type Type
}

// Cast is CAST(X AS Type).
type Cast struct {
	Pos  Pos
	X    Expr
	Type Type
}

// Call is a function call. Func is in upper case.
type Call struct {
	Pos  Pos
	Func string
	Part string // of DATE_ADD, DATE_DIFF and EXTRACT, in lower case; side of TRIM
	Args []Expr
}

// Aggregate is COUNT, SUM, AVG, MIN or MAX over the rows of the query around it.
type Aggregate struct {
	Pos  Pos
	Func string
	X    Expr // nil for COUNT(*)
	Ord  int  // its number among the aggregates of the query around it
}

// Struct is a struct constructor.
type Struct struct {
	Pos    Pos
	Fields []StructField
}

// A StructField is one name and value of a Struct.
type StructField struct{ Name, Value Expr }

// Collection is a list or a bag constructor.
type Collection struct {
	Pos   Pos
	Bag   bool
	Items []Expr
}

// History is history(table, start, end) in a From.
type History struct {
	Pos        Pos
	Table      Ident
	ByID       bool // the table was given as 'tableId'
	Start, End Expr // nil if absent
}

// A Type is a type as CAST and IS name it.
type Type uint8

// The types. Synonyms (BOOLEAN, DEC, TUPLE ...) have one Type.
const (
	NullType Type = iota
	MissingType
	BoolType
	IntType
	FloatType
	DecimalType
	StringType
	SymbolType
	TimestampType
	ClobType
	BlobType
	ListType
	SexpType
	StructType
	BagType
)

var typeText = [...]string{
	"NULL", "MISSING", "BOOL", "INT", "FLOAT", "DECIMAL", "STRING", "SYMBOL", "TIMESTAMP",
	"CLOB", "BLOB", "LIST", "SEXP", "STRUCT", "BAG",
}

// String is the type's name in PartiQL.
func (t Type) String() string { return typeText[t] }

func (*Literal) expr()    {}
func (*Missing) expr()    {}
func (*Param) expr()      {}
func (*Name) expr()       {}
func (*Path) expr()       {}
func (*Unary) expr()      {}
func (*Binary) expr()     {}
func (*Logic) expr()      {}
func (*Between) expr()    {}
func (*In) expr()         {}
func (*Like) expr()       {}
func (*Is) expr()         {}
func (*Cast) expr()       {}
func (*Call) expr()       {}
func (*Aggregate) expr()  {}
func (*Struct) expr()     {}
func (*Collection) expr() {}
func (*History) expr()    {}
func (*Select) expr()     {}

// Position is where the node stands.
func (e *Literal) Position() Pos { return e.Pos }

// Position is where the node stands.
func (e *Missing) Position() Pos { return e.Pos }

// Position is where the node stands.
func (e *Param) Position() Pos { return e.Pos }

// Position is where the node stands.
func (e *Name) Position() Pos { return e.Pos }

// Position is where the root stands.
func (e *Path) Position() Pos { return e.Root.Position() }

// Position is where the operator stands.
func (e *Unary) Position() Pos { return e.Pos }

// Position is where the operator stands.
func (e *Binary) Position() Pos { return e.Pos }

// Position is where the operator stands.
func (e *Logic) Position() Pos { return e.Pos }

// Position is where the operator stands.
func (e *Between) Position() Pos { return e.Pos }

// Position is where the operator stands.
func (e *In) Position() Pos { return e.Pos }

// Position is where the operator stands.
func (e *Like) Position() Pos { return e.Pos }

// Position is where the operator stands.
func (e *Is) Position() Pos { return e.Pos }

// Position is where the node stands.
func (e *Cast) Position() Pos { return e.Pos }

// Position is where the function's name stands.
func (e *Call) Position() Pos { return e.Pos }

// Position is where the function's name stands.
func (e *Aggregate) Position() Pos { return e.Pos }

// Position is where the node stands.
func (e *Struct) Position() Pos { return e.Pos }

// Position is where the node stands.
func (e *Collection) Position() Pos { return e.Pos }

// Position is where the node stands.
func (e *History) Position() Pos { return e.Pos }
