package table_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const address = "qldbkms_table.vehicle"

func config(h *acctest.Harness, body string) string {
	return h.Config("") + "resource \"qldbkms_table\" \"vehicle\" {\n  ledger = \"orders\"\n  name = \"Vehicle\"\n" +
		body + "\n}\n"
}

// tables are name and status of every table, in the order of their creation.
func tables(t *testing.T, h *acctest.Harness) []string {
	t.Helper()
	var list []string
	for _, row := range h.Statement("orders", "SELECT name, status FROM information_schema.user_tables") {
		v, err := ion.DecodeOne(row, ion.Options{})
		if err != nil {
			t.Fatal(err)
		}
		name, _ := v.Field("name")
		status, _ := v.Field("status")
		list = append(list, name.Text()+" "+status.Text())
	}
	return list
}

// left fails unless these tables are in the ledger.
func left(t *testing.T, h *acctest.Harness, want ...string) func(*terraform.State) error {
	return func(*terraform.State) error {
		if got := tables(t, h); !slices.Equal(got, want) {
			return fmt.Errorf("tables are %q, want %q", got, want)
		}
		return nil
	}
}

func empty() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func TestAccLifecycle(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	arn := h.Ledger("orders")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: h.Factories(),
		CheckDestroy:             left(t, h, "Vehicle INACTIVE"),
		Steps: []resource.TestStep{
			{
				Config: config(h, ""), ConfigPlanChecks: empty(), Check: left(t, h, "Vehicle ACTIVE"),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, tfjsonpath.New("arn"),
						knownvalue.StringRegexp(regexp.MustCompile("^"+arn+"/table/[A-Za-z0-9]{22}$"))),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("status"), knownvalue.StringExact("ACTIVE")),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("region"), knownvalue.StringExact(acctest.Region)),
				},
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: "orders/Vehicle", ImportStateVerify: true,
				ImportStateVerifyIdentifierAttribute: "table_id",
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: acctest.Region + "/orders/Vehicle",
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "table_id",
			},
			{
				Config: config(h, "drop_with_documents = true"), ConfigPlanChecks: empty(),
			},
		},
	})
}

// A table that holds documents survives a destroy until that was allowed; the documents can come back.
func TestAccDocumentsProtectTheTable(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: h.Factories(),
		Steps: []resource.TestStep{
			{Config: config(h, "")},
			{
				PreConfig: func() { h.Statement("orders", "INSERT INTO Vehicle {'VIN': 'x'}") },
				Config:    config(h, ""), Destroy: true, ExpectError: regexp.MustCompile(`Table "Vehicle" holds documents`),
			},
			{Config: config(h, ""), ConfigPlanChecks: empty(), Check: left(t, h, "Vehicle ACTIVE")},
			{Config: config(h, "drop_with_documents = true")},
			{Config: config(h, "drop_with_documents = true"), Destroy: true, Check: left(t, h, "Vehicle INACTIVE")},
		},
	})
}

// Somebody dropped the table: the plan makes it again.
func TestAccDisappears(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: h.Factories(),
		Steps: []resource.TestStep{
			{Config: config(h, "")},
			{
				PreConfig: func() { h.Statement("orders", "DROP TABLE Vehicle") },
				Config:    config(h, ""), Check: left(t, h, "Vehicle INACTIVE", "Vehicle ACTIVE"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
				}},
			},
		},
	})
}

func TestAccExists(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	h.Statement("orders", "CREATE TABLE Vehicle")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: h.Factories(),
		Steps: []resource.TestStep{{
			Config:      config(h, ""),
			ExpectError: regexp.MustCompile(`Table "Vehicle" already exists`),
		}},
	})
}
