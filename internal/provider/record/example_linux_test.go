package record_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The published examples apply as they are, import as they say, and come to rest.
func TestExamples(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	b, d := bench{h, t}, h.Desk()
	config := h.Config("") + example(t, "resources/qldbkms_record/resource.tf")
	query := config + example(t, "data-sources/qldbkms_query/data-source.tf")
	b.says(d.Run(config, "apply", "-auto-approve"), "Resources: 5 added")
	b.says(d.Run(config, "plan"), "No changes.")
	b.run("UPDATE Vehicle AS v SET v.Owner = 'A', v.Fee = 91.00 WHERE v.VIN = '3HGGK5G53FM761765'")
	b.says(d.Run(config, "plan"), "91.00", "90.25", "0 to add, 1 to change, 0 to destroy")
	b.says(d.Run(config, "apply", "-auto-approve"), "1 changed")
	rows := b.run("SELECT * FROM Vehicle AS v WHERE v.VIN = '3HGGK5G53FM761765'")
	if want := `{VIN:"3HGGK5G53FM761765",Registered:2017-09-10,Fee:90.25,Owner:"A"}`; len(rows) != 1 || rows[0] != want {
		t.Errorf("got %q, want %s", rows, want)
	}
	shown := d.Run(query, "apply", "-auto-approve")
	b.says(regexp.MustCompile(` +`).ReplaceAllString(shown, " "), `"Make" = "Audi"`, `"Model" = "A5"`)

	id := b.run("SELECT VALUE id FROM Vehicle AS v BY id WHERE v.VIN = '3HGGK5G53FM761765'")[0]
	commands := 0
	for line := range strings.Lines(example(t, "resources/qldbkms_record/import.sh")) {
		words := strings.Fields(line)
		if len(words) != 4 || words[0] != "terraform" {
			continue
		}
		commands++
		b.says(d.Run(config, "state", "rm", words[2]), "Successfully removed 1 resource instance")
		at := words[3][:strings.LastIndex(words[3], "/")+1]
		b.says(d.Run(config, "import", words[2], at+strings.Trim(id, `"`)), "Import successful!")
	}
	if commands != 2 {
		t.Errorf("%d import commands, want 2", commands)
	}
	b.says(d.Run(config, "apply", "-auto-approve"), "1 changed, 0 destroyed") // verify, and the fields that are shown
	b.says(d.Run(config, "plan"), "No changes.")
	b.says(d.Run(config, "destroy", "-auto-approve"), "Resources: 5 destroyed")
}
