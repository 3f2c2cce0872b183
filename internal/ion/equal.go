package ion

import "slices"

// Equal says whether v and w are the same value of the Ion data model: same type, annotations and content, struct
// fields in any order. 1.0 and 1.00, 2017T and 2017-01T, 1 and 1., null and null.int differ; nan equals nan.
func (v Value) Equal(w Value) bool {
	if sameInOrder(v, w) {
		return true
	}
	// Fields may stand in another order, at any depth. The hash is indifferent to order and to nothing else.
	return v.kind == w.kind && v.Len() == w.Len() && v.kind >= ListType && Hash(v) == Hash(w)
}

func sameInOrder(v, w Value) bool {
	switch {
	case v.kind != w.kind || v.IsNull() != w.IsNull():
		return false
	case v.num != w.num || v.text != w.text || v.negative != w.negative || v.exponent != w.exponent:
		return false
	case v.nested == w.nested:
		return true
	}
	return slices.Equal(v.Annotations(), w.Annotations()) &&
		slices.EqualFunc(v.Items(), w.Items(), sameInOrder) &&
		slices.EqualFunc(v.Fields(), w.Fields(), func(a, b Field) bool {
			return a.Name == b.Name && sameInOrder(a.Value, b.Value)
		})
}
