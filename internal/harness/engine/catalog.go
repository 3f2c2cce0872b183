package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A catalog is the tables of a ledger, in the order of their creation. It does not change once published.
type catalog struct{ tables []table }

// A table is a table with what planning does not need.
type table struct {
	plan.Table
	tags map[string]string
}

func (c *catalog) byName(name string) (*table, bool) {
	for i, t := range c.tables {
		if t.Active && t.Name == name {
			return &c.tables[i], true
		}
	}
	return nil, false
}

func (c *catalog) byID(id string) (*table, bool) {
	for i, t := range c.tables {
		if t.ID == id {
			return &c.tables[i], true
		}
	}
	return nil, false
}

func (c *catalog) counts() (active, total int) {
	for _, t := range c.tables {
		if t.Active {
			active++
		}
	}
	return active, len(c.tables)
}

// clone is a copy that may be changed.
func (c *catalog) clone() *catalog {
	tables := slices.Clone(c.tables)
	for i := range tables {
		tables[i].Indexes = slices.Clone(tables[i].Indexes)
	}
	return &catalog{tables: tables}
}

// A ddl is one change of the catalog, so that it can be made again on a newer catalog.
type ddl struct {
	kind  plan.Kind
	table plan.Table // CreateTable: the new one
	index plan.Index
	tags  map[string]string
}

// make makes the change. That it is allowed was checked against the catalog of the transaction; whether that has
// changed since is a question of conflicts.
func (c *catalog) make(d ddl) error {
	if d.kind == plan.CreateTable {
		c.tables = append(c.tables, table{Table: d.table, tags: d.tags})
		return nil
	}
	t, ok := c.byID(d.table.ID)
	if !ok {
		return fmt.Errorf("table %s is not in the catalog", d.table.ID)
	}
	switch d.kind {
	case plan.DropTable:
		t.Active = false
	case plan.UndropTable:
		t.Active = true
	case plan.CreateIndex:
		t.Indexes = append(t.Indexes, d.index)
	case plan.DropIndex:
		t.Indexes = slices.DeleteFunc(t.Indexes, func(ix plan.Index) bool { return ix.ID == d.index.ID })
	default:
		return fmt.Errorf("statement of kind %d does not change the catalog", d.kind)
	}
	return nil
}

// tokens are what a change of the catalog writes.
func (d ddl) tokens() []token {
	all := token{kind: wholeCatalog}
	switch d.kind {
	case plan.CreateIndex:
		return []token{all, {kind: tableIndexes, table: d.table.ID}}
	case plan.DropIndex:
		return []token{all, {kind: tableIndexes, table: d.table.ID}, {kind: indexDropped, table: d.index.ID}}
	}
	return []token{all, {kind: tableName, table: d.table.Name}, {kind: tableID, table: d.table.ID}}
}

// ion is the catalog as it is kept.
func (c *catalog) ion() ion.Value {
	tables := make([]ion.Value, len(c.tables))
	for i, t := range c.tables {
		indexes := make([]ion.Value, len(t.Indexes))
		for k, ix := range t.Indexes {
			indexes[k] = ion.Struct(ion.F("id", ion.String(ix.ID)), ion.F("field", ion.String(ix.Field)))
		}
		var tags []ion.Field
		for _, key := range sortedKeys(t.tags) {
			tags = append(tags, ion.F(key, ion.String(t.tags[key])))
		}
		tables[i] = ion.Struct(
			ion.F("id", ion.String(t.ID)), ion.F("name", ion.String(t.Name)), ion.F("active", ion.Bool(t.Active)),
			ion.F("indexes", ion.List(indexes...)), ion.F("tags", ion.Struct(tags...)))
	}
	return ion.List(tables...)
}

// parseCatalog reads what ion wrote.
func parseCatalog(v ion.Value) *catalog {
	c := &catalog{}
	for _, item := range v.Items() {
		t := table{Table: plan.Table{ID: text(item, "id"), Name: text(item, "name")}, tags: map[string]string{}}
		active, _ := item.Field("active")
		t.Active = active.Bool()
		indexes, _ := item.Field("indexes")
		for _, ix := range indexes.Items() {
			t.Indexes = append(t.Indexes, plan.Index{ID: text(ix, "id"), Field: text(ix, "field"), Status: plan.Online})
		}
		tags, _ := item.Field("tags")
		for _, tag := range tags.Fields() {
			t.tags[tag.Name] = tag.Value.Text()
		}
		c.tables = append(c.tables, t)
	}
	return c
}

func text(v ion.Value, field string) string {
	f, _ := v.Field(field)
	return f.Text()
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// A Table is a table as its owner sees it.
type Table struct {
	ID, Name string
	Active   bool
	Tags     map[string]string // that it was created with
}

// Tables returns the tables of the ledger, dropped ones too, in the order of their creation.
func (l *Ledger) Tables() []Table {
	var tables []Table
	for _, t := range l.published.Load().catalog.tables {
		tables = append(tables, t.seen())
	}
	return tables
}

// Table returns the table with an id, dropped or not, and whether there is one.
func (l *Ledger) Table(id string) (Table, bool) {
	t, ok := l.published.Load().catalog.byID(id)
	if !ok {
		return Table{}, false
	}
	return t.seen(), true
}

func (t *table) seen() Table {
	return Table{ID: t.ID, Name: t.Name, Active: t.Active, Tags: maps.Clone(t.tags)}
}
