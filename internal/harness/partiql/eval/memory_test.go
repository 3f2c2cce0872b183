package eval_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/eval"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// memory is a ledger in a few slices: Catalog, Source and Sink at once. Every statement commits at once, one second
// after the one before. It shows what only a fake can show: exactly which reads a statement asks for, in order,
// and ids that a test can write down (t1, d1, i1, x1 and so on).
type memory struct {
	tables  []*memoryTable
	ids     map[string]int
	now     time.Time
	tx      string
	seq     int64
	reads   int               // documents read
	ranges  []string          // what was searched
	failing error             // returned by the next cursor that is read
	history eval.HistoryRange // the last one
}

type memoryTable struct {
	plan.Table
	tags      map[string]string
	documents []*memoryDocument
}

type memoryDocument struct {
	id        string
	revisions []memoryRevision
}

type memoryRevision struct {
	data    ion.Value
	deleted bool
	version int64
	seq     int64
	time    ion.Timestamp
	tx      string
}

func newMemory() *memory {
	return &memory{ids: make(map[string]int), now: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// begin starts the next statement.
func (m *memory) begin() {
	m.now = m.now.Add(time.Second)
	m.tx = m.id("x")
	m.seq++
	m.reads, m.ranges = 0, nil
}

func (m *memory) id(kind string) string {
	m.ids[kind]++
	return fmt.Sprintf("%s%d", kind, m.ids[kind])
}

func (m *memory) stamp() ion.Timestamp { return ion.NewTimestamp(m.now, ion.Second, 3) }

func (m *memory) Table(name string) (plan.Table, bool) {
	for _, t := range m.tables {
		if t.Name == name && t.Active {
			return t.Table, true
		}
	}
	return plan.Table{}, false
}

func (m *memory) TableByID(id string) (plan.Table, bool) {
	if t := m.table(id); t != nil {
		return t.Table, true
	}
	return plan.Table{}, false
}

func (m *memory) table(id string) *memoryTable {
	for _, t := range m.tables {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func (m *memory) Counts() (active, total int) {
	for _, t := range m.tables {
		if t.Active {
			active++
		}
	}
	return active, len(m.tables)
}

// rows is a cursor over rows made at its opening.
type rows struct {
	m    *memory
	list []eval.Row
}

func (r *rows) Next(context.Context) (eval.Row, bool, error) {
	if err := r.m.failing; err != nil {
		r.m.failing = nil
		return eval.Row{}, false, err
	}
	if len(r.list) == 0 {
		return eval.Row{}, false, nil
	}
	row := r.list[0]
	r.list = r.list[1:]
	r.m.reads++
	return row, true, nil
}

func (r *rows) Close() { r.list = nil }

func (m *memory) search(format string, args ...any) {
	m.ranges = append(m.ranges, fmt.Sprintf(format, args...))
}

func (r memoryRevision) row(d *memoryDocument, view plan.View) eval.Row {
	if view == plan.User {
		return eval.Row{ID: d.id, Value: r.data}
	}
	fields := []ion.Field{
		ion.F("blockAddress", ion.Struct(ion.F("strandId", ion.String("s1")), ion.F("sequenceNo", ion.Int(r.seq)))),
		ion.F("hash", ion.Blob([]byte{1})),
	}
	if !r.deleted {
		fields = append(fields, ion.F("data", r.data))
	}
	fields = append(fields, ion.F("metadata", ion.Struct(
		ion.F("id", ion.String(d.id)), ion.F("version", ion.Int(r.version)),
		ion.F("txTime", r.time.Value()), ion.F("txId", ion.String(r.tx)))))
	return eval.Row{ID: d.id, Value: ion.Struct(fields...)}
}

func (d *memoryDocument) latest() memoryRevision { return d.revisions[len(d.revisions)-1] }

func (m *memory) documents(t plan.Table, view plan.View, keep func(*memoryDocument) bool) eval.Cursor {
	c := &rows{m: m}
	for _, d := range m.table(t.ID).documents {
		if r := d.latest(); !r.deleted && keep(d) {
			c.list = append(c.list, r.row(d, view))
		}
	}
	return c
}

func (m *memory) Scan(t plan.Table, view plan.View) eval.Cursor {
	m.search("scan %s", t.Name)
	return m.documents(t, view, func(*memoryDocument) bool { return true })
}

func (m *memory) Lookup(t plan.Table, view plan.View, ix plan.Index, key string) eval.Cursor {
	m.search("index %s.%s", t.Name, ix.Field)
	return m.documents(t, view, func(d *memoryDocument) bool {
		v, _ := d.latest().data.Field(ix.Field)
		k, ok := eval.Key(v)
		return ok && k == key
	})
}

func (m *memory) Document(t plan.Table, view plan.View, id string) eval.Cursor {
	m.search("id %s %s", t.Name, id)
	return m.documents(t, view, func(d *memoryDocument) bool { return d.id == id })
}

func (m *memory) History(t plan.Table, h eval.HistoryRange) eval.Cursor {
	m.search("history %s %s", t.Name, h.ID)
	m.history = h
	c := &rows{m: m}
	for _, d := range m.table(t.ID).documents {
		for i, r := range d.revisions {
			replaced := i+1 < len(d.revisions) && h.Start != nil && d.revisions[i+1].time.Compare(*h.Start) <= 0
			later := h.End != nil && r.time.Compare(*h.End) > 0
			if !replaced && !later && (h.ID == "" || h.ID == d.id) {
				c.list = append(c.list, r.row(d, plan.Committed))
			}
		}
	}
	return c
}

func (m *memory) Tables() eval.Cursor {
	m.search("tables")
	c := &rows{m: m}
	for _, t := range m.tables {
		c.list = append(c.list, eval.Row{Value: eval.CatalogRow(t.Table)})
	}
	return c
}

func (m *memory) Insert(_ context.Context, t plan.Table, v ion.Value) (string, error) {
	d := &memoryDocument{id: m.id("d")}
	mt := m.table(t.ID)
	mt.documents = append(mt.documents, d)
	m.revise(d, memoryRevision{data: v})
	return d.id, nil
}

func (m *memory) revise(d *memoryDocument, r memoryRevision) {
	r.version, r.seq, r.time, r.tx = int64(len(d.revisions)), m.seq, m.stamp(), m.tx
	d.revisions = append(d.revisions, r)
}

func (m *memory) find(t plan.Table, id string) *memoryDocument {
	for _, d := range m.table(t.ID).documents {
		if d.id == id {
			return d
		}
	}
	return nil
}

func (m *memory) Replace(_ context.Context, t plan.Table, id string, v ion.Value) error {
	m.revise(m.find(t, id), memoryRevision{data: v})
	return nil
}

func (m *memory) Delete(_ context.Context, t plan.Table, id string) error {
	m.revise(m.find(t, id), memoryRevision{deleted: true})
	return nil
}

func (m *memory) CreateTable(_ context.Context, name string, tags map[string]string) (string, error) {
	t := &memoryTable{Table: plan.Table{ID: m.id("t"), Name: name, Active: true}, tags: tags}
	m.tables = append(m.tables, t)
	return t.ID, nil
}

func (m *memory) DropTable(_ context.Context, t plan.Table) error {
	m.table(t.ID).Active = false
	return nil
}

func (m *memory) UndropTable(_ context.Context, t plan.Table) error {
	m.table(t.ID).Active = true
	return nil
}

func (m *memory) CreateIndex(_ context.Context, t plan.Table, field string) error {
	mt := m.table(t.ID)
	mt.Indexes = append(slices.Clip(mt.Indexes), plan.Index{ID: m.id("i"), Field: field, Status: plan.Online})
	return nil
}

func (m *memory) DropIndex(_ context.Context, t plan.Table, ix plan.Index) error {
	mt := m.table(t.ID)
	mt.Indexes = slices.DeleteFunc(slices.Clone(mt.Indexes), func(x plan.Index) bool { return x.ID == ix.ID })
	return nil
}

func (m *memory) Redact(_ context.Context, r eval.Redaction) (int64, error) {
	d := m.find(r.Table, r.DocumentID)
	if d == nil || r.StrandID != "s1" {
		return 0, eval.ErrNotEligible
	}
	for _, rev := range d.revisions[:len(d.revisions)-1] {
		if rev.seq == r.SequenceNo {
			return rev.version, nil
		}
	}
	return 0, eval.ErrNotEligible
}
