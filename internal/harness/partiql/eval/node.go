package eval

import (
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A node is one value inside a document that is being changed. Nodes keep their identity while their
// neighbours come and go, so that a statement may name places as they were before it began: after
// the removal of the first element, the node of the second is still the second's.
type node struct {
	parent  *node // nil for a document
	value   ion.Value
	members []member // instead of value if open
	open    bool
}

type member struct {
	name string // of a field, else empty
	node *node
}

// expand turns the value of n into members, if it has any.
func (n *node) expand() {
	if n.open || n.value.IsNull() {
		return
	}
	switch n.value.Type() {
	case ion.StructType:
		for _, f := range n.value.Fields() {
			n.members = append(n.members, member{f.Name, &node{parent: n, value: f.Value}})
		}
		n.open = true
	case ion.ListType, ion.SexpType:
		for _, v := range n.value.Items() {
			n.members = append(n.members, member{"", &node{parent: n, value: v}})
		}
		n.open = true
	}
}

func (n *node) isStruct() bool { return n.value.Type() == ion.StructType && !n.value.IsNull() }

func (n *node) isList() bool {
	t := n.value.Type()
	return (t == ion.ListType || t == ion.SexpType) && !n.value.IsNull()
}

// current is the value of n with everything that was done to it.
func (n *node) current() ion.Value {
	if !n.open {
		return n.value
	}
	var v ion.Value
	if n.isStruct() {
		fields := make([]ion.Field, len(n.members))
		for i, m := range n.members {
			fields[i] = ion.F(m.name, m.node.current())
		}
		v = ion.Struct(fields...)
	} else {
		items := make([]ion.Value, len(n.members))
		for i, m := range n.members {
			items[i] = m.node.current()
		}
		if v = ion.List(items...); n.value.Type() == ion.SexpType {
			v = ion.Sexp(items...)
		}
	}
	if names := n.value.Annotations(); len(names) > 0 {
		v = v.WithAnnotations(names...)
	}
	return v
}

func (n *node) set(v ion.Value) {
	n.value, n.members, n.open = v, nil, false
}

// place is one step of a path with its expression evaluated: a field or a position. Anything else is neither.
type place struct {
	name           string
	index          int64
	isName, isSlot bool
}

// find is the index among n's members of what p leads to, -1 if it is not there.
func (n *node) find(p place) int {
	n.expand()
	switch {
	case p.isName && n.isStruct():
		return slices.IndexFunc(n.members, func(m member) bool { return m.name == p.name })
	case p.isSlot && n.isList() && p.index >= 0 && p.index < int64(len(n.members)):
		return int(p.index)
	default:
		return -1
	}
}

// follow is the node at the end of the places, nil if there is none.
func (n *node) follow(places []place) *node {
	for _, p := range places {
		i := n.find(p)
		if i < 0 {
			return nil
		}
		n = n.members[i].node
	}
	return n
}

// insert puts v before the i-th member.
func (n *node) insert(i int, name string, v ion.Value) {
	n.members = slices.Insert(n.members, i, member{name, &node{parent: n, value: v}})
}

// remove takes n out of its parent.
func (n *node) remove() {
	if n.parent == nil {
		return
	}
	n.parent.members = slices.DeleteFunc(n.parent.members, func(m member) bool { return m.node == n })
}
