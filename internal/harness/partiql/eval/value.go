package eval

import (
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A value is what an expression comes to: an Ion value, a bag, or MISSING.
type value struct {
	ion  ion.Value // a list if the value is a bag, null if it is missing
	kind kind
}

type kind uint8

const (
	known kind = iota // the Ion value, which may be null
	bagged
	absent
)

var (
	missing = value{kind: absent}
	null    = value{}
)

func of(v ion.Value) value { return value{ion: v} }

func boolean(b bool) value { return of(ion.Bool(b)) }

func bag(items []ion.Value) value { return value{ion: ion.List(items...), kind: bagged} }

// unknown says whether v is MISSING or a null of any type.
func (v value) unknown() bool { return v.kind == absent || v.ion.IsNull() }

func (v value) isText() bool {
	t := v.ion.Type()
	return v.kind == known && (t == ion.StringType || t == ion.SymbolType)
}

func (v value) isNumber() bool {
	t := v.ion.Type()
	return v.kind == known && (t == ion.IntType || t == ion.DecimalType || t == ion.FloatType)
}

func (v value) is(t ion.Type) bool { return v.kind == known && v.ion.Type() == t && !v.ion.IsNull() }

// isSequence says whether v has items: a list, a bag or an S-expression.
func (v value) isSequence() bool {
	t := v.ion.Type()
	return v.kind != absent && !v.ion.IsNull() && (t == ion.ListType || t == ion.SexpType)
}

// typeName is what error texts call the type of v.
func (v value) typeName() string {
	switch v.kind {
	case absent:
		return "missing"
	case bagged:
		return "bag"
	default:
		return v.ion.Type().String()
	}
}

// anyUnknown is MISSING if one of the values is, else NULL if one is; ok says whether there was one.
func anyUnknown(values ...value) (v value, ok bool) {
	for _, x := range values {
		if x.kind == absent {
			return missing, true
		}
		ok = ok || x.ion.IsNull()
	}
	return null, ok
}

// maxWeight bounds what a statement builds out of what it reads, in bytes, about. Without it a short text could name
// a list of lists of lists that no machine can send: [a,a,...] with a = [b,b,...] and so on.
const maxWeight = 8 << 20

// weigh subtracts the weight of v from left, stopping below zero.
func weigh(v ion.Value, left int) int {
	left -= 8
	switch v.Type() {
	case ion.ListType, ion.SexpType:
		for _, x := range v.Items() {
			if left = weigh(x, left); left < 0 {
				return left
			}
		}
	case ion.StructType:
		for _, f := range v.Fields() {
			if left = weigh(f.Value, left-len(f.Name)); left < 0 {
				return left
			}
		}
	case ion.IntType, ion.DecimalType:
	default:
		left -= v.Len()
	}
	return left
}

// built checks the weight of a value that a statement made.
func built(v value, pos ast.Pos) (value, error) {
	if weigh(v.ion, maxWeight) < 0 {
		return missing, fault(pos, "the value is larger than %d MiB", maxWeight>>20)
	}
	return v, nil
}
