package plan_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/parse"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
)

// catalog has every table anyone asks for, but for those in missing; the id of X is tX.
type catalog struct{ missing map[string]bool }

func (c catalog) Table(name string) (plan.Table, bool) {
	t := plan.Table{ID: "t" + name, Name: name, Active: true}
	switch name {
	case "T":
		t.Indexes = []plan.Index{
			{ID: "i1", Field: "building", Status: plan.Building},
			{ID: "i2", Field: "Name", Status: plan.Online},
			{ID: "i3", Field: "Other", Status: plan.Online},
		}
	case "Vehicle", "VehicleRegistration":
		t.Indexes = []plan.Index{{ID: "i4", Field: "VIN", Status: plan.Online}}
	}
	return t, !c.missing[name] && !strings.HasPrefix(name, plan.CommittedPrefix) && !strings.HasPrefix(name, "tGone")
}

func (catalog) TableByID(id string) (plan.Table, bool) {
	return plan.Table{ID: id, Name: strings.TrimPrefix(id, "t")}, true
}

func (catalog) Counts() (active, total int) { return 1, 1 }

func describe(p *plan.Plan) string {
	var loops, needs []string
	if p.Query != nil {
		for _, l := range p.Query.Loops {
			loops = append(loops, describeAccess(l.Access))
		}
	}
	for _, n := range p.Needs {
		needs = append(needs, n.Action+" "+[]string{n.TableID, "any", "catalog"}[n.Object])
	}
	return strings.TrimSpace(strings.Join(loops, ", ") + " | " + strings.Join(needs, ", "))
}

func describeAccess(a plan.Access) string {
	view := ""
	if a.View == plan.Committed && a.Kind != plan.History {
		view = "committed "
	}
	switch a.Kind {
	case plan.Scan:
		return view + "scan " + a.Table.Name
	case plan.ByIndex:
		return fmt.Sprintf("%sindex %s.%s(%d)", view, a.Table.Name, a.Index.Field, len(a.Keys))
	case plan.ByID:
		return fmt.Sprintf("%sid %s(%d)", view, a.Table.Name, len(a.Keys))
	case plan.History:
		return fmt.Sprintf("history %s(%d)", a.Table.Name, len(a.Keys))
	case plan.Tables:
		return "tables"
	default:
		return "values"
	}
}

// The statements that the drivers, their tests, the samples and the shell send, and how each is read.
func TestCorpus(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	statement, checked := "", 0
	for i, line := range strings.Split(string(data), "\n") {
		want, ok := strings.CutPrefix(line, "==>")
		if !ok {
			statement = line
			continue
		}
		tree, err := parse.Statement(statement)
		if err != nil {
			t.Errorf("line %d: %s: %v", i, statement, err)
			continue
		}
		p, err := plan.New(tree, catalog{})
		if err != nil {
			t.Errorf("line %d: %s: %v", i, statement, err)
			continue
		}
		if got, want := describe(p), strings.TrimSpace(want); got != want {
			t.Errorf("line %d: %s (-want +got)\n%s", i, statement, cmp.Diff(want, got))
		}
		checked++
	}
	if checked < 60 {
		t.Errorf("got %d statements, want the whole corpus", checked)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text       string
		want       plan.Kind
		reads, ddl bool
	}{
		{"SELECT * FROM T", plan.Select, true, false},
		{"INSERT INTO T {}", plan.Insert, false, false},
		{"UPDATE T SET a = 1", plan.Update, false, false},
		{"FROM T AS t REMOVE t.a", plan.Update, false, false},
		{"DELETE FROM T", plan.Delete, false, false},
		{"CREATE TABLE X", plan.CreateTable, false, true},
		{"DROP TABLE T", plan.DropTable, false, true},
		{`UNDROP TABLE "x"`, plan.UndropTable, false, true},
		{"CREATE INDEX ON T (a)", plan.CreateIndex, false, true},
		{`DROP INDEX "x" ON T WITH (purge = true)`, plan.DropIndex, false, true},
		{"EXEC REDACT_REVISION ?, ?, ?", plan.Redact, false, false},
	}
	for _, tt := range tests {
		tree, err := parse.Statement(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.New(tree, catalog{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Kind != tt.want || p.Kind.Reads() != tt.reads || p.Kind.DDL() != tt.ddl {
			t.Errorf("%s: got %v reads %v ddl %v, want %v %v %v", tt.text, p.Kind, p.Kind.Reads(), p.Kind.DDL(),
				tt.want, tt.reads, tt.ddl)
		}
	}
}

// What the service says about a name that is nothing, word for word.
func TestNoSuchVariable(t *testing.T) {
	t.Parallel()
	tree, err := parse.Statement("DELETE FROM NonExistentTable")
	if err != nil {
		t.Fatal(err)
	}
	_, err = plan.New(tree, catalog{missing: map[string]bool{"NonExistentTable": true}})
	const want = "Semantic Error: at line 1, column 13: No such variable named 'NonExistentTable'; " +
		"No such variable named 'NonExistentTable'"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
