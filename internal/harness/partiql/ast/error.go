package ast

import "fmt"

// An ErrorKind says which pass refused a statement.
type ErrorKind uint8

// The kinds of Error.
const (
	Syntax     ErrorKind = iota // not a statement of the dialect
	Semantic                    // names or functions that do not exist
	Evaluation                  // an operator or a function met a value it does not take
	Refused                     // a rule about tables, documents or limits
)

// An Error is why a statement was refused. All of them are the client's doing:
// the service answers BadRequestException with Error() as its message.
type Error struct {
	Kind   ErrorKind
	Pos    Pos    // zero for most of Refused
	Reason string // ours, except for Refused and the names of Semantic

	// Code is the number the service put beside some messages ("412", "432"), else empty.
	Code string
}

// Error is the message in the service's words, which leave out the Reason of a syntax error.
//
// Sources: amazon-qldb-driver-go integration tests, amazon-qldb-driver-nodejs issues 8 and 14.
func (e *Error) Error() string {
	switch e.Kind {
	case Syntax:
		return fmt.Sprintf("Unsupported PartiQL Statement, Errors at:\nline %d, column %d", e.Pos.Line, e.Pos.Column)
	case Semantic:
		return fmt.Sprintf("Semantic Error: at line %d, column %d: %s", e.Pos.Line, e.Pos.Column, e.Reason)
	case Evaluation:
		return fmt.Sprintf("Evaluation Error: at line %d, column %d: %s", e.Pos.Line, e.Pos.Column, e.Reason)
	default:
		return e.Reason
	}
}

// Detail is "line:column: reason", for logs and tests.
func (e *Error) Detail() string {
	if e.Pos == (Pos{}) {
		return e.Reason
	}
	return fmt.Sprintf("%d:%d: %s", e.Pos.Line, e.Pos.Column, e.Reason)
}

// NoSuchVariable is the error for a name that is nothing. The service says its sentence twice.
func NoSuchVariable(pos Pos, name string) *Error {
	reason := fmt.Sprintf("No such variable named '%s'", name)
	return &Error{Kind: Semantic, Pos: pos, Reason: reason + "; " + reason, Code: "432"}
}

// NoSuchTable is the error for a table of a DDL statement that does not exist or is not active.
func NoSuchTable(id Ident) *Error {
	return &Error{Kind: Semantic, Pos: id.Pos, Reason: fmt.Sprintf("No such table '%s'", id.Text)}
}
