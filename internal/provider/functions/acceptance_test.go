package functions_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

const examples = "../../../examples/functions"

// example is the published example of a function, which may read files beside it.
func example(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "function.tf"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "${path.module}", dir)
}

func text(name, want string) statecheck.StateCheck {
	return statecheck.ExpectKnownOutputValue(name, knownvalue.StringExact(want))
}

func texts(name string, want ...string) statecheck.StateCheck {
	var elements []knownvalue.Check
	for _, w := range want {
		elements = append(elements, knownvalue.StringExact(w))
	}
	return statecheck.ExpectKnownOutputValue(name, knownvalue.TupleExact(elements))
}

func yes(name string) statecheck.StateCheck {
	return statecheck.ExpectKnownOutputValue(name, knownvalue.Bool(true))
}

// The published examples give the results that they show, through Terraform.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	steps := map[string][]statecheck.StateCheck{
		"verify_proof": {yes("proven")},
		"ion_hash": {
			text("hash_of_one", "8In2TKc7mxYNM/GbB/jQyX1OjkIVwLa4uDbe3Ptlkpo="), yes("same_document"),
		},
		"ion_to_json": {
			statecheck.ExpectKnownOutputValue("registration", knownvalue.ObjectExact(map[string]knownvalue.Check{
				"registered": knownvalue.StringExact("2017-08-21T09:30:00Z"), "fee": knownvalue.Float64Exact(90.25),
			})),
		},
		"json_to_ion":      {text("registration", `{fee:90.25,owners:["Ada"]}`)},
		"ledger_arn_parse": {text("where", "orders in eu-west-2, account 111122223333")},
		"policy_equal":     {yes("unchanged")},
		"policy_check":     {texts("errors", `KP-202 in 2 ("Ledger users")`, `KP-301 in 2 ("Ledger users")`)},
		"key_policy":       {texts("statements", "Account delegation", "Ledger operators through QLDB", "Ledger users")},
	}
	var test resource.TestCase
	for name, checks := range steps {
		test.Steps = append(test.Steps, resource.TestStep{Config: example(t, name), ConfigStateChecks: checks})
	}
	published, err := os.ReadDir(examples)
	if err != nil || len(published) != len(steps) {
		t.Errorf("got %d examples, want %d: %v", len(published), len(steps), err)
	}
	run(t, test)
}

// Terraform shows an error at the argument to blame.
func TestAccError(t *testing.T) {
	t.Parallel()
	forged := strings.Replace(example(t, "verify_proof"),
		"local.revision.Revision.IonText", `replace(local.revision.Revision.IonText, "90.25", "9.25")`, 1)
	run(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config:      forged,
			ExpectError: regexp.MustCompile(`(?s)Invalid value for "revision" parameter:.*Step\s+"revision\s+hash"\s+failed`),
		},
		{
			Config:      `output "x" { value = provider::qldbkms::ion_to_json("{\n a: ]}") }`,
			ExpectError: regexp.MustCompile(`(?s)Invalid value for "text" parameter: not Ion text: line 2, column 5`),
		},
		{
			Config:            strings.NewReplacer("= provider::", "= !can(provider::", "  )\n}", "  ))\n}").Replace(forged),
			ConfigStateChecks: []statecheck.StateCheck{yes("proven")},
		},
	}})
}

func run(t *testing.T, test resource.TestCase) {
	t.Helper()
	test.TerraformVersionChecks = []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)}
	test.ProtoV6ProviderFactories = map[string]func() (tfprotov6.ProviderServer, error){
		"qldbkms": func() (tfprotov6.ProviderServer, error) { return newServer(), nil },
	}
	resource.UnitTest(t, test)
}
