// Package parse turns the text of a PartiQL statement into its tree.
package parse

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"

// MaxLength is how long a statement may be, in characters.
//
// Source: Amazon QLDB Developer Guide, "Quotas and limits".
const MaxLength = 100_000

// Statement parses one statement. The error is an *ast.Error of kind Syntax or Refused.
func Statement(text string) (*ast.Tree, error) {
	return nil, &ast.Error{Kind: ast.Syntax, Pos: ast.Pos{Line: 1, Column: 1}, Reason: "no statement"}
}
