package keypolicy_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

func run(t *testing.T, h *acctest.Harness, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		ProtoV6ProviderFactories: h.Factories(), Steps: steps,
	})
}

// The published example, the function with the same words, and the defaults.
func TestAccPolicy(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	published, err := os.ReadFile("../../../examples/data-sources/qldbkms_key_policy/data-source.tf")
	if err != nil {
		t.Fatal(err)
	}
	of := func(account string) preflight.Access {
		return preflight.Access{Account: account, Region: acctest.Region, AccountRoot: true}
	}
	orders := of("111122223333")
	orders.Ledger = "orders"
	orders.Administrators = []string{"arn:aws:iam::111122223333:role/ledger-admin"}
	orders.Users = []string{
		"arn:aws:iam::111122223333:role/ledger-reader", "arn:aws:iam::111122223333:role/ledger-writer",
	}
	same := `
		output "same" {
		  value = data.qldbkms_key_policy.orders.json == provider::qldbkms::key_policy(data.qldbkms_key_policy.orders)
		}
	`
	words := `
		output "same" {
		  value = data.qldbkms_key_policy.orders.json == provider::qldbkms::key_policy({
		    for name, value in data.qldbkms_key_policy.orders : name => value if name != "json"
		  })
		}
	`
	run(t, h,
		resource.TestStep{
			Config: h.Config("") + string(published) + words, ConfigStateChecks: []statecheck.StateCheck{
				policy(t, "orders", orders), statecheck.ExpectKnownOutputValue("same", knownvalue.Bool(true)),
			},
		},
		resource.TestStep{
			Config:      h.Config("") + string(published) + same,
			ExpectError: regexp.MustCompile(`unknown member "json"`),
		},
		resource.TestStep{
			Config:            h.Config("") + `data "qldbkms_key_policy" "default" {}`,
			ConfigStateChecks: []statecheck.StateCheck{policy(t, "default", of(acctest.Account))},
		},
	)
}

func policy(t *testing.T, name string, a preflight.Access) statecheck.StateCheck {
	t.Helper()
	text, err := preflight.Policy(a)
	if err != nil {
		t.Fatal(err)
	}
	return statecheck.ExpectKnownValue("data.qldbkms_key_policy."+name, tfjsonpath.New("json"),
		knownvalue.StringExact(text))
}

func TestAccRefused(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	of := func(lines string) string {
		return h.Config("") + "data \"qldbkms_key_policy\" \"x\" {\n" + lines + "\n}"
	}
	run(t, h,
		resource.TestStep{
			Config:      of(`users = ["arn:aws:sts::111122223333:assumed-role/x/n"]`),
			ExpectError: regexp.MustCompile(`(?s)No key policy can be made of this.*users = .*is a\s+session`),
		},
		resource.TestStep{
			Config:      of("account_root = false"),
			ExpectError: regexp.MustCompile(`(?s)account_root = false.*two administrators`),
		},
		resource.TestStep{
			Config:      of(`extra_statements = ["{}"]`),
			ExpectError: regexp.MustCompile(`(?s)No key policy can be made of this.*make the key policy:`),
		},
	)
}
