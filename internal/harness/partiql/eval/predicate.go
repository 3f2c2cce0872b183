package eval

import (
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// logic is AND and OR with three values: true, false and unknown. It stops at the first term that decides.
func (r *run) logic(x *ast.Logic) (value, error) {
	result := boolean(!x.Or)
	for _, t := range x.Terms {
		v, err := r.eval(t)
		switch {
		case err != nil:
			return missing, err
		case v.unknown():
			result = null
		case !v.is(ion.BoolType):
			return missing, fault(x.Pos, "AND and OR take booleans, not %s", v.typeName())
		case v.ion.Bool() == x.Or:
			return boolean(x.Or), nil
		}
	}
	return result, nil
}

func (r *run) between(x *ast.Between) (value, error) {
	v, err := r.evalAll([]ast.Expr{x.X, x.Low, x.High})
	if err != nil {
		return missing, err
	}
	low, err := ordered(ast.GreaterEqual, v[0], v[1], x.Pos)
	if err != nil {
		return missing, err
	}
	high, err := ordered(ast.LessEqual, v[0], v[2], x.Pos)
	if err != nil {
		return missing, err
	}
	in := null
	switch {
	case isFalse(low) || isFalse(high):
		in = boolean(false)
	case isTrue(low) && isTrue(high):
		in = boolean(true)
	}
	return negated(in, x.Not), nil
}

func isTrue(v value) bool  { return v.is(ion.BoolType) && v.ion.Bool() }
func isFalse(v value) bool { return v.is(ion.BoolType) && !v.ion.Bool() }

// negated is NOT v if not is set, for v a boolean or unknown.
func negated(v value, not bool) value {
	if !not || v.unknown() {
		return v
	}
	return boolean(!v.ion.Bool())
}

func (r *run) in(x *ast.In) (value, error) {
	v, err := r.eval(x.X)
	if err != nil {
		return missing, err
	}
	elements, err := r.elements(x)
	if err != nil {
		return missing, err
	}
	if v.unknown() {
		return anyUnknown1(v), nil
	}
	result := boolean(false)
	for _, e := range elements {
		if e.unknown() {
			result = null
		} else if same(v, e) {
			return boolean(!x.Not), nil
		}
	}
	return negated(result, x.Not), nil
}

// elements are what the right side of IN offers; nothing if it is not a collection.
func (r *run) elements(x *ast.In) ([]value, error) {
	if x.Of == nil {
		return r.evalAll(x.List)
	}
	v, err := r.eval(x.Of)
	if err != nil || !v.isSequence() {
		return nil, err
	}
	column := ""
	if s, ok := x.Of.(*ast.Select); ok && len(s.Items) == 1 && !s.Items[0].All {
		column = r.plan.Subquery(s).Columns[0] // as in SQL, rows of one column stand for its values
	}
	list := make([]value, v.ion.Len())
	for i, e := range v.ion.Items() {
		list[i] = of(e)
		if column != "" {
			list[i] = field(list[i], column)
		}
	}
	return list, nil
}

func (r *run) like(x *ast.Like) (value, error) {
	list := []ast.Expr{x.X, x.Pattern}
	if x.Escape != nil {
		list = append(list, x.Escape)
	}
	v, err := r.evalAll(list)
	if err != nil {
		return missing, err
	}
	for _, t := range v {
		if !t.unknown() && !t.isText() {
			return missing, fault(x.Pos, "LIKE takes texts, not %s", t.typeName())
		}
	}
	if u, ok := anyUnknown(v...); ok {
		return u, nil
	}
	escape := ""
	if len(v) == 3 {
		if escape = v[2].ion.Text(); escape == "" {
			return missing, fault(x.Pos, "ESCAPE takes one character")
		}
	}
	pattern, err := likePattern(v[1].ion.Text(), escape, x.Pos)
	if err != nil {
		return missing, err
	}
	text := []rune(v[0].ion.Text())
	if len(text)*len(pattern) > maxLikeSteps {
		return missing, fault(x.Pos, "the pattern is too long for a text of %d characters", len(text))
	}
	return boolean(likeMatch(text, pattern) != x.Not), nil
}

// maxLikeSteps bounds the work of one LIKE, about half a second. A pattern of a thousand characters fits any document.
const maxLikeSteps = 1 << 28

func (r *run) is(x *ast.Is) (value, error) {
	v, err := r.eval(x.X)
	if err != nil {
		return missing, err
	}
	return boolean(hasType(v, x.Type) != x.Not), nil
}

func hasType(v value, t ast.Type) bool {
	switch t {
	case ast.NullType:
		return v.unknown()
	case ast.MissingType:
		return v.kind == absent
	case ast.BagType:
		return v.kind == bagged
	default:
		return v.is(ionTypes[t])
	}
}

// ionTypes are the Ion types of PartiQL's, but for NULL, MISSING and BAG.
var ionTypes = map[ast.Type]ion.Type{
	ast.BoolType: ion.BoolType, ast.IntType: ion.IntType, ast.FloatType: ion.FloatType,
	ast.DecimalType: ion.DecimalType, ast.StringType: ion.StringType, ast.SymbolType: ion.SymbolType,
	ast.TimestampType: ion.TimestampType, ast.ClobType: ion.ClobType, ast.BlobType: ion.BlobType,
	ast.ListType: ion.ListType, ast.SexpType: ion.SexpType, ast.StructType: ion.StructType,
}
