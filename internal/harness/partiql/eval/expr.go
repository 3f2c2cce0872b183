package eval

import (
	"fmt"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

func fault(pos ast.Pos, format string, args ...any) *ast.Error {
	return &ast.Error{Kind: ast.Evaluation, Pos: pos, Reason: fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) *ast.Error {
	return &ast.Error{Kind: ast.Refused, Reason: fmt.Sprintf(format, args...)}
}

// eval is what x comes to with the variables as they are now.
func (r *run) eval(x ast.Expr) (value, error) {
	switch x := x.(type) {
	case *ast.Literal:
		return of(x.Value), nil
	case *ast.Missing:
		return missing, nil
	case *ast.Param:
		return of(r.env.Params[x.Index]), nil
	case *ast.Name:
		return r.name(x), nil
	case *ast.Path:
		return r.path(x)
	case *ast.Unary:
		return r.unary(x)
	case *ast.Binary:
		return r.binary(x)
	case *ast.Logic:
		return r.logic(x)
	case *ast.Between:
		return r.between(x)
	case *ast.In:
		return r.in(x)
	case *ast.Like:
		return r.like(x)
	case *ast.Is:
		return r.is(x)
	case *ast.Cast:
		v, err := r.eval(x.X)
		if err != nil {
			return missing, err
		}
		return cast(v, x.Type, x.Pos)
	case *ast.Call:
		return r.call(x)
	case *ast.Aggregate:
		return r.totals[x], nil
	case *ast.Struct:
		return r.structure(x)
	case *ast.Collection:
		return r.collection(x)
	case *ast.Select:
		return r.subquery(x)
	default:
		return missing, fault(x.Position(), "not an expression")
	}
}

func (r *run) evalAll(list []ast.Expr) ([]value, error) {
	values := make([]value, len(list))
	for i, x := range list {
		v, err := r.eval(x)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func (r *run) name(n *ast.Name) value {
	b := r.plan.Binding(n)
	v := r.slots[b.Slot]
	if b.Field {
		return field(v, n.Text)
	}
	return v
}

func field(v value, name string) value {
	if v.kind == known {
		if f, ok := v.ion.Field(name); ok {
			return of(f)
		}
	}
	return missing
}

func (r *run) unary(x *ast.Unary) (value, error) {
	v, err := r.eval(x.X)
	switch {
	case err != nil:
		return missing, err
	case x.Op == ast.Not:
		if v.unknown() {
			return null, nil
		}
		if !v.is(ion.BoolType) {
			return missing, fault(x.Pos, "NOT takes a boolean, not %s", v.typeName())
		}
		return boolean(!v.ion.Bool()), nil
	case v.unknown():
		return anyUnknown1(v), nil
	case !v.isNumber():
		return missing, fault(x.Pos, "a sign takes a number, not %s", v.typeName())
	case x.Op == ast.Plus:
		return v, nil
	default:
		return negate(v.ion, x.Pos)
	}
}

func anyUnknown1(v value) value {
	u, _ := anyUnknown(v)
	return u
}

func (r *run) binary(x *ast.Binary) (value, error) {
	a, err := r.eval(x.X)
	if err != nil {
		return missing, err
	}
	b, err := r.eval(x.Y)
	if err != nil {
		return missing, err
	}
	switch x.Op {
	case ast.Equal:
		return equal(a, b), nil
	case ast.NotEqual:
		v := equal(a, b)
		if v.unknown() {
			return v, nil
		}
		return boolean(!v.ion.Bool()), nil
	case ast.Less, ast.LessEqual, ast.Greater, ast.GreaterEqual:
		return ordered(x.Op, a, b, x.Pos)
	}
	if v, ok := anyUnknown(a, b); ok {
		return v, nil
	}
	if x.Op == ast.Concat {
		return concat(a, b, x.Pos)
	}
	if !a.isNumber() || !b.isNumber() {
		return missing, fault(x.Pos, "%s takes numbers, not %s and %s", x.Op, a.typeName(), b.typeName())
	}
	return arithmetic(x.Op, a.ion, b.ion, x.Pos)
}

func concat(a, b value, pos ast.Pos) (value, error) {
	if !a.isText() || !b.isText() {
		return missing, fault(pos, "|| takes texts, not %s and %s", a.typeName(), b.typeName())
	}
	if a.ion.Len()+b.ion.Len() > maxText {
		return missing, fault(pos, "the text is longer than %d MiB", maxText>>20)
	}
	return of(ion.String(a.ion.Text() + b.ion.Text())), nil
}

// maxText bounds computed texts, in bytes. A document holds an eighth of it.
const maxText = 1 << 20

func (r *run) structure(x *ast.Struct) (value, error) {
	fields := make([]ion.Field, 0, len(x.Fields))
	for _, f := range x.Fields {
		name, err := r.eval(f.Name)
		if err != nil {
			return missing, err
		}
		if !name.isText() || name.unknown() {
			return missing, fault(f.Name.Position(), "the name of a field must be a string, not %s", name.typeName())
		}
		v, err := r.eval(f.Value)
		if err != nil {
			return missing, err
		}
		if v.kind != absent {
			fields = append(fields, ion.F(name.ion.Text(), v.ion))
		}
	}
	return built(of(ion.Struct(fields...)), x.Pos)
}

// collection makes a list or a bag. Ion has no MISSING: a list keeps its place as null, a bag has no places to keep.
func (r *run) collection(x *ast.Collection) (value, error) {
	values, err := r.evalAll(x.Items)
	if err != nil {
		return missing, err
	}
	if x.Bag {
		values = slices.DeleteFunc(values, func(v value) bool { return v.kind == absent })
	}
	items := make([]ion.Value, len(values))
	for i, v := range values {
		items[i] = v.ion
	}
	if x.Bag {
		return built(bag(items), x.Pos)
	}
	return built(of(ion.List(items...)), x.Pos)
}
