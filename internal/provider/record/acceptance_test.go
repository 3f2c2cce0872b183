package record_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const address = "qldbkms_record.car"

// A bench is a ledger "orders" with a table "Vehicle", made behind the provider's back.
type bench struct {
	*acctest.Harness
	t *testing.T
}

func newBench(t *testing.T, options ...acctest.Option) bench {
	t.Helper()
	b := bench{acctest.Start(t, options...), t}
	b.Ledger("orders")
	b.Statement("orders", "CREATE TABLE Vehicle")
	return b
}

func (b bench) config(body string) string {
	return b.Config("") + "resource \"qldbkms_record\" \"car\" {\n  ledger = \"orders\"\n  table = \"Vehicle\"\n" +
		body + "\n}\n"
}

// run runs a statement and returns its rows as Ion text.
func (b bench) run(text string, parameters ...any) []string {
	b.t.Helper()
	rows := []string{}
	for _, data := range b.Statement("orders", text, parameters...) {
		v, err := ion.DecodeOne(data, ion.Options{})
		if err != nil {
			b.t.Fatal(err)
		}
		rows = append(rows, v.String())
	}
	return rows
}

// holds fails unless the table holds these documents.
func (b bench) holds(want ...string) func(*terraform.State) error {
	return func(*terraform.State) error {
		got := b.run("SELECT * FROM Vehicle")
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			return fmt.Errorf("documents are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return nil
	}
}

func empty(actions ...plancheck.ResourceActionType) resource.ConfigPlanChecks {
	c := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	for _, a := range actions {
		c.PreApply = append(c.PreApply, plancheck.ExpectResourceAction(address, a))
	}
	return c
}

func version(n int64) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New("version"), knownvalue.Int64Exact(n))
}

func TestAccLifecycle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	noop, update := plancheck.ResourceActionNoop, plancheck.ResourceActionUpdate
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy:             b.holds(),
		Steps: []resource.TestStep{
			{
				Config:           b.config(`document = jsonencode({ VIN = "1N4", Doors = 4 })` + "\nverify = true"),
				ConfigPlanChecks: empty(plancheck.ResourceActionCreate), Check: b.holds(`{Doors:4,VIN:"1N4"}`),
				ConfigStateChecks: []statecheck.StateCheck{
					version(0),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("revision_hash"),
						knownvalue.StringRegexp(regexp.MustCompile(`^[A-Za-z0-9+/]{43}=$`))),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("block_address").AtMapKey("sequence_no"),
						knownvalue.Int64Exact(2)),
				},
			},
			{
				ResourceName: address, ImportState: true, ImportStateVerify: true,
				ImportStateVerifyIdentifierAttribute: "document_id", ImportStateVerifyIgnore: []string{"verify"},
				ImportStateIdFunc: func(s *terraform.State) (string, error) {
					return "orders/Vehicle/" + s.RootModule().Resources[address].Primary.Attributes["document_id"], nil
				},
			},
			{ // the same document in other words
				Config:           b.config(`document = "{ \"VIN\": \"1N4\", \"Doors\": 4.0 }"` + "\nverify = true"),
				ConfigPlanChecks: empty(noop), ConfigStateChecks: []statecheck.StateCheck{version(0)},
			},
			{ // the same document as Ion: no revision is needed to say so
				Config:           b.config(`document_ion = "{VIN: \"1N4\", Doors: 4}"` + "\nverify = true"),
				ConfigPlanChecks: empty(update), ConfigStateChecks: []statecheck.StateCheck{version(0)},
			},
			{
				Config: b.config(`document_ion = "{VIN: \"1N4\", Weight: 1.50, Built: 2007-02-23T12:14:33.0791234567890-08:00, ` +
					`'$5': $99::x}"` + "\nverify = true"),
				ExpectError: regexp.MustCompile("cannot be stored"),
			},
			{ // what the driver's Ion library cannot carry
				Config: b.config(`document_ion = "{VIN: \"1N4\", Weight: 1.50, Built: 2007-02-23T12:14:33.0791234567890-08:00, ` +
					`'$5': '$7'::x}"` + "\nverify = true"),
				ConfigPlanChecks: empty(update), ConfigStateChecks: []statecheck.StateCheck{version(1)},
				Check: b.holds(`{VIN:"1N4",Weight:1.50,Built:2007-02-23T12:14:33.0791234567890-08:00,'$5':'$7'::x}`),
			},
			{ // settings alone write nothing
				Config: b.config(`document_ion = "{VIN: \"1N4\", Weight: 1.50, Built: 2007-02-23T12:14:33.0791234567890-08:00, ` +
					`'$5': '$7'::x}"` + "\non_destroy = \"delete\""),
				ConfigPlanChecks: empty(update), ConfigStateChecks: []statecheck.StateCheck{version(1)},
			},
		},
	})
}

// Drift is shown field by field and undone; a deleted document is made again.
func TestAccDrift(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	config := b.config(`document = jsonencode({ VIN = "1N4", Doors = 4 })`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() { b.run("UPDATE Vehicle SET Doors = 5") },
				Config:    config, ConfigPlanChecks: empty(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{version(2)}, Check: b.holds(`{Doors:4,VIN:"1N4"}`),
			},
			{
				PreConfig: func() { b.run("DELETE FROM Vehicle") },
				Config:    config, ConfigPlanChecks: empty(plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{version(0)}, Check: b.holds(`{Doors:4,VIN:"1N4"}`),
			},
			{
				PreConfig: func() { b.run("DROP TABLE Vehicle"); b.run("CREATE TABLE Vehicle") },
				Config:    config, ConfigPlanChecks: empty(plancheck.ResourceActionCreate),
			},
		},
	})
}

// Fields of others stay with compare = "subset", also when the named ones change.
func TestAccSubset(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	config := func(doors int) string {
		return b.config(fmt.Sprintf(`document = jsonencode({ VIN = "1N4", Body = { Doors = %d } })`, doors) +
			"\ncompare = \"subset\"")
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: config(4)},
			{
				PreConfig: func() { b.run("UPDATE Vehicle AS v SET v.Owner = 'A', v.Body.Color = 'red'") },
				Config:    config(4), ConfigPlanChecks: empty(plancheck.ResourceActionNoop),
			},
			{
				Config: config(5), ConfigPlanChecks: empty(plancheck.ResourceActionUpdate),
				Check: b.holds(`{Body:{Doors:5,Color:"red"},VIN:"1N4",Owner:"A"}`),
			},
		},
	})
}

// What is left to others changes with compare, and with the fields that are named: less is no write, more takes only
// what is named, and everything takes all, which the plan says.
func TestCompareChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.created()
	for _, step := range []struct {
		config  obj
		version string
		says    string
		left    string
	}{
		{obj{"compare": "subset", "document": `{"VIN": "1N4"}`}, "0", "", `{VIN:"1N4",Doors:4}`},
		{obj{"compare": "subset", "document": `{"VIN": "1N4", "Doors": 4}`}, "0", "", `{VIN:"1N4",Doors:4}`},
		{obj{"compare": "subset", "document": `{"Doors": 5}`}, "1", "", `{VIN:"1N4",Doors:5}`},
		{obj{"compare": "exact", "document": `{"Doors": 5, "VIN": "1N4"}`}, "1", "", `{VIN:"1N4",Doors:5}`},
		{obj{"compare": "subset", "document": `{"Doors": 5}`}, "1", "", `{VIN:"1N4",Doors:5}`},
		{obj{"compare": "exact", "document": `{"Doors": 5}`}, "2", "loses the fields of others", `{Doors:5}`},
		{obj{"compare": "exact", "document": `{}`}, "3", "", `{}`},
	} {
		var said acctest.Diagnostics
		if st, said = b.apply(car(step.config), st, nil); said.Failed() || (len(said) == 0) != (step.says == "") {
			t.Errorf("%v:\n%s", step.config, said)
		}
		wants(t, said, step.says)
		if err := b.holds(step.left)(nil); err != nil || st.Get("version") != step.version {
			t.Errorf("%v: version %v, want %s; %v", step.config, st.Get("version"), step.version, err)
		}
	}
}

// A write-only document is in no file that Terraform writes; a change by somebody else is noticed all the same.
func TestAccWriteOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const secret = "a-very-secret-word"
	config := func(n int) string {
		return b.config(fmt.Sprintf("document_wo = jsonencode({ VIN = \"1N4\", Code = %q })\n"+
			"document_wo_version = %d", secret, n))
	}
	dir := t.TempDir()
	absent := func(*terraform.State) error {
		return filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() || !strings.Contains(name, "tfstate") && !strings.Contains(name, "tfplan") {
				return err
			}
			data, err := os.ReadFile(name)
			if err == nil && strings.Contains(string(data), secret) {
				return fmt.Errorf("%s holds the secret", name)
			}
			return err
		})
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(), WorkingDir: dir,
		TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)},
		Steps: []resource.TestStep{
			{
				Config: config(1), ConfigPlanChecks: empty(),
				Check: resource.ComposeTestCheckFunc(b.holds(`{Code:"`+secret+`",VIN:"1N4"}`), absent),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, tfjsonpath.New("document_wo"), knownvalue.Null()),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("document"), knownvalue.Null()),
				},
			},
			{
				PreConfig: func() { b.run("UPDATE Vehicle SET Code = 'other'") },
				Config:    config(1), ConfigPlanChecks: empty(plancheck.ResourceActionUpdate),
				Check:             resource.ComposeTestCheckFunc(b.holds(`{Code:"`+secret+`",VIN:"1N4"}`), absent),
				ConfigStateChecks: []statecheck.StateCheck{version(2)},
			},
			{Config: config(2), ConfigPlanChecks: empty(plancheck.ResourceActionUpdate)},
		},
	})
}

// What is not known in the plan is decided in the apply: a document that turns out to mean the same is not written.
func TestAccUnknown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	step := func(input, doors string, n int64, action plancheck.ResourceActionType, holds string) resource.TestStep {
		plan := empty(action)
		for _, name := range []string{"document", "version", "revision_hash", "block_address"} {
			plan.PreApply = append(plan.PreApply, plancheck.ExpectUnknownValue(address, tfjsonpath.New(name)))
		}
		return resource.TestStep{
			Config: "resource \"terraform_data\" \"x\" {\n  input = \"" + input + "\"\n}\n" + b.config(
				"document = jsonencode({ VIN = split(\" \", terraform_data.x.output)[0], Doors = "+doors+" })"),
			ConfigPlanChecks: plan, ConfigStateChecks: []statecheck.StateCheck{version(n)}, Check: b.holds(holds),
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(), CheckDestroy: b.holds(),
		Steps: []resource.TestStep{
			step("1N4", "4", 0, plancheck.ResourceActionCreate, `{Doors:4,VIN:"1N4"}`),
			step("1N4 again", "4.0", 0, plancheck.ResourceActionUpdate, `{Doors:4,VIN:"1N4"}`),
			step("KM8", "4", 1, plancheck.ResourceActionUpdate, `{Doors:4,VIN:"KM8"}`),
		},
	})
}

func TestAccAdopt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run("CREATE INDEX ON Vehicle (VIN)")
	b.run("INSERT INTO Vehicle {'VIN': '1N4', 'Doors': 3}")
	body := `document = jsonencode({ VIN = "1N4", Doors = 4 })` + "\nkey_fields = [\"VIN\"]\n"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy:             b.holds(`{Doors:4,VIN:"1N4"}`),
		Steps: []resource.TestStep{
			{
				Config:      b.config(body),
				ExpectError: regexp.MustCompile(`Table "Vehicle" has a document with this key`),
			},
			{
				Config: b.config(body + "if_exists = \"adopt\"\non_destroy = \"retain\""), ConfigPlanChecks: empty(),
				Check: b.holds(`{Doors:4,VIN:"1N4"}`), ConfigStateChecks: []statecheck.StateCheck{version(1)},
			},
		},
	})
}

// What Terraform did not see is never overwritten: the plan is made, then somebody else writes, then the plan is
// applied.
func TestAccConflict(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	config := func(doors int) string {
		return b.config(fmt.Sprintf(`document = jsonencode({ VIN = "1N4", Doors = %d })`, doors))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: config(4)},
			{
				Config: config(5),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					between(func() { b.run("UPDATE Vehicle SET Doors = 6"); b.run("UPDATE Vehicle SET Doors = 7") }),
				}},
				ExpectError: regexp.MustCompile(`(?s)changed since the plan.*version\s+0\s+->\s+2`),
			},
			{
				Config: config(7), ConfigPlanChecks: empty(plancheck.ResourceActionNoop),
				Check: b.holds(`{Doors:7,VIN:"1N4"}`),
			},
		},
	})
}
