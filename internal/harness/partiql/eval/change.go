package eval

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const (
	// MaxDocuments is how many documents a transaction may write, so no statement may write more.
	//
	// Source: Amazon QLDB Developer Guide, "Quotas and limits".
	MaxDocuments = 40

	// maxSteps bounds the single changes of one statement.
	maxSteps = 100_000
)

func tooManyDocuments() *ast.Error { return refused("Exceeded documents per transaction limit") }

func notStruct() *ast.Error { return refused("Document must be a struct") }

func documentID(id string) ion.Value {
	return ion.Struct(ion.F("documentId", ion.String(id)))
}

// insert makes a document of the value, or of each element if it is a bag or a list.
func (r *run) insert(ctx context.Context, s *ast.Insert) (Rows, error) {
	v, err := r.eval(s.Value)
	if err != nil {
		return nil, err
	}
	list := []value{v}
	if v.kind == bagged || v.is(ion.ListType) {
		list = members(v, false)
	}
	if len(list) > MaxDocuments {
		return nil, tooManyDocuments()
	}
	for _, d := range list {
		if !d.is(ion.StructType) {
			return nil, notStruct()
		}
	}
	rows := make([]ion.Value, len(list))
	for i, d := range list {
		id, err := r.env.Sink.Insert(ctx, r.plan.Table, d.ion)
		if err != nil {
			return nil, err
		}
		rows[i] = documentID(id)
	}
	return &made{rows: rows}, nil
}

// A document is one that a statement changes.
type document struct {
	id      string
	root    *node
	deleted bool
}

// A deed is one op on one place, with every expression evaluated.
type deed struct {
	op       *ast.Op
	document *document
	node     *node // the target's variable
	places   []place
	value    ion.Value
	at       value // missing without AT
}

// changes are what a statement is going to do. Everything is read and evaluated before the first
// document changes, so the order of rows does not matter.
type changes struct {
	run       *run
	loops     *loops
	documents []*document
	byID      map[string]*document
	deeds     []deed
}

// change is UPDATE, FROM and DELETE. Its answer is the id of every document that met the condition.
func (r *run) change(ctx context.Context, s *ast.Change) (Rows, error) {
	c := &changes{run: r, loops: r.loops(r.plan.Query), byID: make(map[string]*document)}
	defer c.loops.close()
	if err := c.collect(s); err != nil {
		return nil, err
	}
	for i := range c.deeds {
		if err := c.deeds[i].do(); err != nil {
			return nil, err
		}
	}
	rows := make([]ion.Value, len(c.documents))
	for i, d := range c.documents {
		if err := r.write(ctx, s, d); err != nil {
			return nil, err
		}
		rows[i] = documentID(d.id)
	}
	return &made{rows: rows}, nil
}

func (r *run) write(ctx context.Context, s *ast.Change, d *document) error {
	if d.deleted || s.Verb == ast.Delete {
		return r.env.Sink.Delete(ctx, r.plan.Table, d.id)
	}
	v, err := built(of(d.root.current()), s.Pos)
	if err != nil {
		return err
	}
	if !v.is(ion.StructType) {
		return notStruct()
	}
	return r.env.Sink.Replace(ctx, r.plan.Table, d.id, v.ion)
}

func (c *changes) collect(s *ast.Change) error {
	for {
		ok, err := c.loops.next()
		if !ok || err != nil {
			return err
		}
		d := c.document()
		if len(c.documents) > MaxDocuments {
			return tooManyDocuments()
		}
		for i := range s.Ops {
			if err := c.prepare(&s.Ops[i], d); err != nil {
				return err
			}
		}
		if len(c.deeds) > maxSteps {
			return refused("Exceeded the limit of %d changes in a statement", maxSteps)
		}
	}
}

// document is that of the current row.
func (c *changes) document() *document {
	row := c.loops.open[0].(*reading).row
	d, ok := c.byID[row.ID]
	if !ok {
		d = &document{id: row.ID, root: &node{value: row.Value}}
		c.byID[row.ID] = d
		c.documents = append(c.documents, d)
	}
	return d
}

// prepare evaluates op for the current row.
func (c *changes) prepare(op *ast.Op, d *document) error {
	r := c.run
	e := deed{op: op, document: d, at: missing}
	node, places, err := c.locate(op.Target.Root.(*ast.Name), op.Target.Steps, d)
	if err != nil {
		return err
	}
	e.node, e.places = node, places
	if op.Value != nil {
		v, err := r.eval(op.Value)
		if err != nil {
			return err
		}
		if v.kind == absent {
			return fault(op.Value.Position(), "MISSING cannot be stored")
		}
		e.value = v.ion
	}
	if op.At != nil {
		if e.at, err = r.eval(op.At); err != nil {
			return err
		}
	}
	if e.node != nil { // nil if the variable stands for nothing in the document, like a field of null
		c.deeds = append(c.deeds, e)
	}
	return nil
}

// locate is the node of n's variable in d and the places that lead on from it.
func (c *changes) locate(n *ast.Name, steps []ast.Step, d *document) (*node, []place, error) {
	b := c.run.plan.Binding(n)
	var places []place
	if b.Field {
		places = append(places, place{name: n.Text, isName: true})
	}
	for _, s := range steps {
		p, err := c.place(s)
		if err != nil {
			return nil, nil, err
		}
		places = append(places, p)
	}
	root := d.root
	for i := 1; i < len(c.loops.open); i++ {
		if l := c.loops.query.Loops[i]; l.Slot == b.Slot {
			element, err := c.element(i, d)
			return element, places, err
		}
	}
	return root, places, nil
}

// element is the node that the i-th loop stands on, which ranges over a path in d.
func (c *changes) element(i int, d *document) (*node, error) {
	name, ok := c.loops.query.Loops[i].Access.Expr.(*ast.Name)
	var steps []ast.Step
	if !ok {
		path := c.loops.query.Loops[i].Access.Expr.(*ast.Path)
		name, steps = path.Root.(*ast.Name), path.Steps
	}
	n, places, err := c.locate(name, steps, d)
	if err != nil || n == nil {
		return nil, err
	}
	if n = n.follow(places); n == nil || !n.isList() {
		return n, nil
	}
	return n.follow([]place{{isSlot: true, index: int64(c.loops.open[i].(*items).at - 1)}}), nil
}

func (c *changes) place(s ast.Step) (place, error) {
	if s.Kind == ast.ToField {
		return place{name: s.Field, isName: true}, nil
	}
	v, err := c.run.eval(s.Index)
	if err != nil || v.unknown() {
		return place{}, err
	}
	if v.isText() {
		return place{name: v.ion.Text(), isName: true}, nil
	}
	n, ok := v.ion.Int64()
	return place{index: n, isSlot: ok}, nil
}

// do makes the change in the document's nodes.
func (e *deed) do() error {
	switch e.op.Kind {
	case ast.Set:
		return e.set()
	case ast.InsertInto:
		return e.insert()
	}
	n := e.node.follow(e.places)
	switch {
	case n == nil: // nothing there, nothing to remove
	case n == e.document.root:
		e.document.deleted = true
	default:
		n.remove()
	}
	return nil
}

func (e *deed) noSuchPath() error {
	return fault(e.op.Target.Position(), "the path to be changed leads nowhere in document %s", e.document.id)
}

// set assigns. Only the last step may lead to a field that is not there yet.
func (e *deed) set() error {
	if len(e.places) == 0 {
		e.node.set(e.value)
		return nil
	}
	last := e.places[len(e.places)-1]
	n := e.node.follow(e.places[:len(e.places)-1])
	if n == nil {
		return e.noSuchPath()
	}
	switch i := n.find(last); {
	case i >= 0:
		n.members[i].node.set(e.value)
	case last.isName && n.isStruct():
		n.insert(len(n.members), last.name, e.value)
	default:
		return e.noSuchPath()
	}
	return nil
}

// insert adds an element to a list, or a field to a struct.
func (e *deed) insert() error {
	n := e.node.follow(e.places)
	if n == nil {
		return e.noSuchPath()
	}
	n.expand()
	switch {
	case n.isList():
		at := int64(len(n.members))
		if e.op.At != nil {
			var ok bool
			if at, ok = e.at.ion.Int64(); !ok || at < 0 || at > int64(len(n.members)) {
				return fault(e.op.At.Position(), "AT must be a position in the list or at its end")
			}
		}
		n.insert(int(at), "", e.value)
	case n.isStruct():
		if e.op.At == nil || e.at.unknown() || !e.at.isText() {
			return fault(e.op.Pos, "INSERT INTO a struct needs AT with the name of a field")
		}
		name := e.at.ion.Text()
		if n.find(place{name: name, isName: true}) >= 0 {
			return fault(e.op.At.Position(), "the struct has a field '%.50s' already", name)
		}
		n.insert(len(n.members), name, e.value)
	default:
		return fault(e.op.Target.Position(), "INSERT INTO takes a list or a struct, not %s", n.value.Type())
	}
	return nil
}
