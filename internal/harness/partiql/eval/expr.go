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

// path follows the steps of x. Whatever is not there is MISSING, never an error.
func (r *run) path(x *ast.Path) (value, error) {
	v, err := r.eval(x.Root)
	if err != nil {
		return missing, err
	}
	for i, s := range x.Steps {
		if s.Kind == ast.ToAllField || s.Kind == ast.ToAllItems {
			return r.wildcard(v, x.Steps[i:])
		}
		if v, err = r.step(v, s); err != nil {
			return missing, err
		}
	}
	return v, nil
}

func (r *run) step(v value, s ast.Step) (value, error) {
	if s.Kind == ast.ToField {
		return field(v, s.Field), nil
	}
	at, err := r.eval(s.Index)
	if err != nil {
		return missing, err
	}
	if at.isText() && !at.unknown() {
		return field(v, at.ion.Text()), nil
	}
	n, ok := at.ion.Int64()
	if items := v.ion.Items(); ok && v.kind == known && n >= 0 && n < int64(len(items)) {
		return of(items[n]), nil
	}
	return missing, nil
}

// wildcard follows the steps, the first of which is .* or [*], from every member of v into a bag.
func (r *run) wildcard(v value, steps []ast.Step) (value, error) {
	level := []value{v}
	for _, s := range steps {
		var next []value
		for _, v := range level {
			switch s.Kind {
			case ast.ToAllItems, ast.ToAllField:
				next = append(next, members(v, s.Kind == ast.ToAllField)...)
			default:
				w, err := r.step(v, s)
				if err != nil {
					return missing, err
				}
				next = append(next, w)
			}
		}
		level = next
	}
	var items []ion.Value
	for _, v := range level {
		if v.kind != absent {
			items = append(items, v.ion)
		}
	}
	return built(bag(items), steps[0].Pos)
}

// members are the values in v; a value that holds none stands for itself.
func members(v value, fields bool) []value {
	var list []value
	switch {
	case v.kind == absent:
	case fields && v.is(ion.StructType):
		for _, f := range v.ion.Fields() {
			list = append(list, of(f.Value))
		}
	case !fields && v.isSequence():
		for _, x := range v.ion.Items() {
			list = append(list, of(x))
		}
	default:
		list = append(list, v)
	}
	return list
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
	return boolean(likeMatch([]rune(v[0].ion.Text()), pattern) != x.Not), nil
}

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
