package eval

import (
	"math/big"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A total is what an aggregate has seen so far.
type total struct {
	count int64
	value value // the sum, the least or the greatest; null before the first known value
}

// aggregate runs through all rows and leaves the results for the select list.
func (r *run) aggregate(l *loops) error {
	totals := make([]total, len(l.query.Aggregates))
	for {
		ok, err := l.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		for i, a := range l.query.Aggregates {
			if err := r.accumulate(&totals[i], a); err != nil {
				return err
			}
		}
	}
	r.totals = make(map[*ast.Aggregate]value, len(totals))
	for i, a := range l.query.Aggregates {
		v, err := totals[i].result(a)
		if err != nil {
			return err
		}
		r.totals[a] = v
	}
	return nil
}

func (r *run) accumulate(t *total, a *ast.Aggregate) error {
	if a.X == nil {
		t.count++
		return nil
	}
	v, err := r.eval(a.X)
	if err != nil || v.unknown() {
		return err
	}
	t.count++
	switch a.Func {
	case "SUM", "AVG":
		if !v.isNumber() {
			return fault(a.Pos, "%s takes numbers, not %s", a.Func, v.typeName())
		}
		if t.count == 1 {
			t.value = v
			return nil
		}
		t.value, err = arithmetic(ast.Add, t.value.ion, v.ion, a.Pos)
		return err
	case "MIN", "MAX":
		if t.count == 1 {
			_, err := compare(v, v, a.Pos)
			t.value = v
			return err
		}
		c, err := compare(v, t.value, a.Pos)
		if c < 0 && a.Func == "MIN" || c > 0 && a.Func == "MAX" {
			t.value = v
		}
		return err
	}
	return nil
}

func (t total) result(a *ast.Aggregate) (value, error) {
	switch {
	case a.Func == "COUNT":
		return of(ion.Int(t.count)), nil
	case t.count == 0:
		return null, nil
	case a.Func != "AVG":
		return t.value, nil
	case t.value.is(ion.FloatType):
		return of(ion.Float(t.value.ion.Float() / float64(t.count))), nil
	default:
		return decimalOf(t.value.ion).quo(decimal{coefficient: big.NewInt(t.count)}).ion(a.Pos)
	}
}
