package record_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// says fails unless what a terminal shows holds all of texts.
func (b bench) says(shown string, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			b.t.Fatalf("the terminal does not show %q:\n%s", text, shown)
		}
	}
}

// A data set by for_each, which the test framework does not know: one apply, hardly a conflict, and a second plan that
// has only what changed. A part of it changes, a part goes, and a part comes.
func TestFiveHundredByForEach(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.Desk()
	config := func(first, last, changed int) string {
		return b.Config("") + fmt.Sprintf(`
resource "qldbkms_index" "vin" {
  ledger = "orders"
  table  = "Vehicle"
  field  = "VIN"
}

resource "qldbkms_record" "car" {
  for_each   = { for n in range(%d, %d) : format("V%%03d", n) => n < %d ? 5 : 4 }
  ledger     = qldbkms_index.vin.ledger
  table      = qldbkms_index.vin.table
  document   = jsonencode({ VIN = each.key, Doors = each.value })
  key_fields = ["VIN"]
}
`, first, last, changed)
	}
	few := func(documents int) {
		t.Helper()
		if got, want := b.run("SELECT COUNT(*) AS n FROM Vehicle")[0], fmt.Sprintf("{n:%d}", documents); got != want {
			t.Fatalf("count is %s, want %s", got, want)
		}
		if n := b.conflicts(); n > 5 {
			t.Errorf("%d conflicts", n)
		}
		b.ForgetCalls()
	}
	b.says(d.Run(config(0, 500, 0), "apply", "-auto-approve"), "Apply complete! Resources: 501 added")
	few(500)
	b.says(d.Run(config(20, 510, 40), "apply", "-auto-approve"), "Resources: 10 added, 20 changed, 20 destroyed")
	few(490)
}

// The page of the resource imports every document of a table. Ids and revisions stay.
func TestImportOfATable(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.Desk()
	for n := range 12 {
		b.run(fmt.Sprintf("INSERT INTO Vehicle {'VIN': 'V%02d', 'Doors': %d}", n, n))
	}
	before := b.run("SELECT metadata.id, metadata.version FROM _ql_committed_Vehicle")
	b.ForgetCalls()
	page, err := os.ReadFile("../../../templates/resources/record.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	_, published, _ := strings.Cut(string(page), "```terraform\n")
	published, _, _ = strings.Cut(published, "```")
	config := b.Config("") + published
	b.says(d.Run(config, "apply", "-auto-approve"), "Resources: 12 imported, 0 added, 12 changed, 0 destroyed")
	b.says(d.Run(config, "plan"), "No changes.")
	after := b.run("SELECT metadata.id, metadata.version FROM _ql_committed_Vehicle")
	if got, want := strings.Join(after, "\n"), strings.Join(before, "\n"); got != want {
		t.Errorf("revisions are\n%s\nwant\n%s", got, want)
	}
}

// A block that is renamed, or gets keys, keeps its document.
func TestMoved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.Desk()
	const body = "  ledger = \"orders\"\n  table = \"Vehicle\"\n  document = jsonencode({ VIN = \"1N4\" })\n}\n"
	b.says(d.Run(b.Config("")+"resource \"qldbkms_record\" \"car\" {\n"+body, "apply", "-auto-approve"), "1 added")
	before := b.run("SELECT metadata.id, metadata.version FROM _ql_committed_Vehicle")
	moved := b.Config("") + "moved {\n  from = qldbkms_record.car\n  to = qldbkms_record.vehicle[\"1N4\"]\n}\n" +
		"resource \"qldbkms_record\" \"vehicle\" {\n  for_each = toset([\"1N4\"])\n" + body
	b.says(d.Run(moved, "apply", "-auto-approve"), "has moved to", "Resources: 0 added, 0 changed, 0 destroyed")
	if after := b.run("SELECT metadata.id, metadata.version FROM _ql_committed_Vehicle"); after[0] != before[0] {
		t.Errorf("the revision is %s, want %s", after[0], before[0])
	}
}

// A document that was shown and becomes write-only is in the state no more, nor in what the plan shows later.
func TestBecomesWriteOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.Desk()
	config := func(more string) string { return b.config("  " + more) }
	const secret = `jsonencode({ VIN = "1N4", Code = "secretword" })`
	b.says(d.Run(config("document = "+secret), "apply", "-auto-approve"), "1 added")
	b.says(d.Run(config("document_wo = "+secret+"\n  document_wo_version = 1"), "apply", "-auto-approve"), "1 changed")
	b.says(d.Run(config("document_wo = "+secret+"\n  document_wo_version = 1"), "plan"), "No changes.")
	shown := d.Run(config("document_wo = "+secret+"\n  document_wo_version = 1"), "show", "-json")
	b.says(shown, `"document_wo_version":1`, `"version":0`)
	if strings.Contains(shown, "secretword") {
		t.Errorf("the state holds the document: %s", shown)
	}
}

// The plan names the fields that change, out of band as well, and no other.
func TestPlanShowsFields(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.Desk()
	config := b.config(`document = jsonencode({ VIN = "1N4", Doors = 4, Body = { Color = "red", Type = "Sedan" } })`)
	b.says(d.Run(config, "apply", "-auto-approve"), "1 added")
	b.run("UPDATE Vehicle AS v SET v.Body.Color = 'blue'")
	shown := regexp.MustCompile(` +`).ReplaceAllString(d.Run(config, "plan"), " ")
	b.says(shown, "~ document = jsonencode(", `~ Color = "blue" -> "red"`, "1 to change, 0 to destroy")
	for _, other := range []string{"~ VIN", "~ Doors", "~ Type"} {
		if strings.Contains(shown, other) {
			t.Errorf("the plan shows %q:\n%s", other, shown)
		}
	}
}
