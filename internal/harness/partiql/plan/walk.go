package plan

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"

// walk calls visit with x and, where it answers true, with what x is made of. It does not
// enter queries.
func walk(x ast.Expr, visit func(ast.Expr) bool) {
	if !visit(x) {
		return
	}
	each := func(list ...ast.Expr) {
		for _, x := range list {
			if x != nil {
				walk(x, visit)
			}
		}
	}
	switch x := x.(type) {
	case *ast.Path:
		each(x.Root)
		for _, s := range x.Steps {
			each(s.Index)
		}
	case *ast.Unary:
		each(x.X)
	case *ast.Binary:
		each(x.X, x.Y)
	case *ast.Logic:
		each(x.Terms...)
	case *ast.Between:
		each(x.X, x.Low, x.High)
	case *ast.In:
		each(x.X, x.Of)
		each(x.List...)
	case *ast.Like:
		each(x.X, x.Pattern, x.Escape)
	case *ast.Is:
		each(x.X)
	case *ast.Cast:
		each(x.X)
	case *ast.Call:
		each(x.Args...)
	case *ast.Aggregate:
		each(x.X)
	case *ast.Struct:
		for _, f := range x.Fields {
			each(f.Name, f.Value)
		}
	case *ast.Collection:
		each(x.Items...)
	}
}
