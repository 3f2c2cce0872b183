package eval

import (
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

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
