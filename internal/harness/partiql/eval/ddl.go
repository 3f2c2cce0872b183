package eval

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Limits of the catalog.
//
// Source: Amazon QLDB Developer Guide, "Quotas and limits".
const (
	MaxActiveTables = 20
	MaxTables       = 40
	MaxIndexes      = 5
	maxNameLength   = 128
	maxTags         = 50
	maxTagKey       = 128
	maxTagValue     = 256
)

var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ddl checks a statement against the catalog and hands it to the Sink. Its answer is the table's id.
//
// These checks are here and not in plan so that a caller without permission does not learn
// from them which tables exist.
func (r *run) ddl(ctx context.Context) (Rows, error) {
	id := r.plan.Table.ID
	var err error
	switch s := r.plan.Tree.Statement.(type) {
	case *ast.CreateTable:
		id, err = r.createTable(ctx, s)
	case *ast.DropTable:
		err = r.env.Sink.DropTable(ctx, r.plan.Table)
	case *ast.UndropTable:
		id = s.ID.Text
		err = r.undropTable(ctx, s)
	case *ast.CreateIndex:
		err = r.createIndex(ctx, s)
	case *ast.DropIndex:
		err = r.dropIndex(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	return &made{rows: []ion.Value{ion.Struct(ion.F("tableId", ion.String(id)))}}, nil
}

func (r *run) createTable(ctx context.Context, s *ast.CreateTable) (id string, err error) {
	name := s.Name.Text
	if len(name) > maxNameLength || !tableName.MatchString(name) || strings.HasPrefix(strings.ToLower(name), "_ql_") {
		return "", refused("Invalid table name: %.140s", name)
	}
	if _, ok := r.env.Catalog.Table(name); ok {
		return "", tableExists(name)
	}
	active, total := r.env.Catalog.Counts()
	switch {
	case total >= MaxTables:
		return "", refused("Exceeded tables limit: Ledger has %d total tables, and cannot create another.", total)
	case active >= MaxActiveTables:
		return "", tooManyActive(active)
	}
	tags, err := tagsOf(s.Tags)
	if err != nil {
		return "", err
	}
	return r.env.Sink.CreateTable(ctx, name, tags)
}

func tableExists(name string) *ast.Error {
	e := refused("Table with name: USER.%s already exists", name)
	e.Code = "412"
	return e
}

func tooManyActive(active int) *ast.Error {
	return refused("Exceeded tables limit: Ledger has %d active tables, and cannot create another.", active)
}

// Tags are the tags that s gives its table. They are nil without any, and if they are such that s fails when it runs.
func Tags(s *ast.CreateTable) map[string]string {
	tags, err := tagsOf(s.Tags)
	if err != nil {
		return nil
	}
	return tags
}

func tagsOf(lit *ast.Literal) (map[string]string, error) {
	if lit == nil {
		return nil, nil
	}
	v := of(lit.Value)
	if !v.is(ion.StructType) {
		return nil, fault(lit.Pos, "aws_tags must be a struct, not %s", v.typeName())
	}
	tags := make(map[string]string)
	for _, f := range v.ion.Fields() {
		t := of(f.Value)
		switch key, value := utf8.RuneCountInString(f.Name), utf8.RuneCountInString(f.Value.Text()); {
		case !t.is(ion.StringType):
			return nil, fault(lit.Pos, "a tag must be a string, not %s", t.typeName())
		case key == 0 || key > maxTagKey:
			return nil, fault(lit.Pos, "the key of a tag must have 1 to %d characters", maxTagKey)
		case value > maxTagValue:
			return nil, fault(lit.Pos, "a tag must have at most %d characters", maxTagValue)
		case strings.HasPrefix(strings.ToLower(f.Name), "aws:"):
			return nil, fault(lit.Pos, "keys of tags that begin with aws: are reserved")
		}
		tags[f.Name] = f.Value.Text()
	}
	if len(tags) > maxTags {
		return nil, refused("Exceeded tags limit: a table can have %d tags.", maxTags)
	}
	return tags, nil
}

func (r *run) undropTable(ctx context.Context, s *ast.UndropTable) error {
	t, ok := r.env.Catalog.TableByID(s.ID.Text)
	if !ok || t.Active {
		return ast.NoSuchTable(s.ID)
	}
	if _, taken := r.env.Catalog.Table(t.Name); taken {
		return tableExists(t.Name)
	}
	if active, _ := r.env.Catalog.Counts(); active >= MaxActiveTables {
		return tooManyActive(active)
	}
	return r.env.Sink.UndropTable(ctx, t)
}

func (r *run) createIndex(ctx context.Context, s *ast.CreateIndex) error {
	t, field := r.plan.Table, s.Field.Text
	if n := utf8.RuneCountInString(field); n < 1 || n > maxNameLength {
		return refused("Invalid index field name: %.140s", field)
	}
	live := 0
	for _, ix := range t.Indexes {
		if ix.Status == plan.Deleting {
			continue
		}
		if live++; ix.Field == field {
			return refused("Index already exists: %s", field)
		}
	}
	if live >= MaxIndexes {
		return refused("Exceeded indexes limit: Table has %d indexes, and cannot create another.", live)
	}
	return r.env.Sink.CreateIndex(ctx, t, field)
}

func (r *run) dropIndex(ctx context.Context, s *ast.DropIndex) error {
	for _, ix := range r.plan.Table.Indexes {
		if ix.ID == s.ID.Text && ix.Status != plan.Deleting {
			return r.env.Sink.DropIndex(ctx, r.plan.Table, ix)
		}
	}
	return &ast.Error{Kind: ast.Semantic, Pos: s.ID.Pos, Reason: "No such index '" + s.ID.Text + "'"}
}

// CatalogRow is the row of t in information_schema.user_tables.
//
// Source: Amazon QLDB Developer Guide, "Querying the system catalog".
func CatalogRow(t plan.Table) ion.Value {
	indexes := make([]ion.Value, len(t.Indexes))
	for i, ix := range t.Indexes {
		fields := []ion.Field{
			ion.F("indexId", ion.String(ix.ID)),
			ion.F("expr", ion.String("["+ix.Field+"]")),
			ion.F("status", ion.String(string(ix.Status))),
		}
		if ix.Message != "" {
			fields = append(fields, ion.F("message", ion.String(ix.Message)))
		}
		indexes[i] = ion.Struct(fields...)
	}
	status := "INACTIVE"
	if t.Active {
		status = "ACTIVE"
	}
	return ion.Struct(
		ion.F("tableId", ion.String(t.ID)),
		ion.F("name", ion.String(t.Name)),
		ion.F("indexes", ion.List(indexes...)),
		ion.F("status", ion.String(status)),
	)
}
