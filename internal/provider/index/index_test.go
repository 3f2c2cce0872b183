package index_test

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

const address = "qldbkms_index.vin"

func newHarness(t *testing.T) *acctest.Harness {
	t.Helper()
	h := acctest.Start(t)
	h.Ledger("orders")
	h.Statement("orders", "CREATE TABLE Vehicle")
	return h
}

func config(h *acctest.Harness, field string) string {
	return h.Config("") + fmt.Sprintf(`
resource "qldbkms_index" "vin" {
  ledger = "orders"
  table  = "Vehicle"
  field  = %q
}
`, field)
}

// indexes fails unless the table has indexes on these fields.
func indexes(t *testing.T, h *acctest.Harness, want ...string) func(*terraform.State) error {
	return func(*terraform.State) error {
		rows := h.Statement("orders", "SELECT indexes FROM information_schema.user_tables")
		row, err := ion.DecodeOne(rows[0], ion.Options{})
		if err != nil {
			t.Fatal(err)
		}
		list, _ := row.Field("indexes")
		var got []string
		for _, ix := range list.Items() {
			expr, _ := ix.Field("expr")
			got = append(got, expr.Text())
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("indexes are %q, want %q", got, want)
		}
		return nil
	}
}

func TestAccLifecycle(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	online := []statecheck.StateCheck{
		statecheck.ExpectKnownValue(address, tfjsonpath.New("status"), knownvalue.StringExact("ONLINE")),
	}
	empty := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: h.Factories(),
		CheckDestroy:             indexes(t, h),
		Steps: []resource.TestStep{
			{
				Config: config(h, "VIN"), ConfigPlanChecks: empty, ConfigStateChecks: online, Check: indexes(t, h, "[VIN]"),
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: acctest.Region + "/orders/Vehicle/VIN",
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "index_id",
			},
			{ // dropped by somebody else
				PreConfig: func() {
					rows := h.Statement("orders", "SELECT VALUE indexes[0].indexId FROM information_schema.user_tables")
					id, err := ion.DecodeOne(rows[0], ion.Options{})
					if err != nil {
						t.Fatal(err)
					}
					h.Statement("orders", `DROP INDEX "`+id.Text()+`" ON Vehicle WITH (purge = true)`)
				},
				Config: config(h, "VIN"), ConfigPlanChecks: empty, ConfigStateChecks: online, Check: indexes(t, h, "[VIN]"),
			},
			{ // a name that only a quoted identifier can write
				Config: config(h, "Year of make"), ConfigPlanChecks: empty, ConfigStateChecks: online,
				Check: indexes(t, h, "[Year of make]"),
			},
		},
	})
}

func TestAccRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Statement("orders", "CREATE INDEX ON Vehicle (VIN)")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: h.Factories(),
		Steps: []resource.TestStep{
			{Config: config(h, "VIN"), ExpectError: regexp.MustCompile(`Index on "VIN" of "Vehicle" already exists`)},
			{
				PreConfig: func() { h.Statement("orders", "DROP TABLE Vehicle") },
				Config:    config(h, "Type"), ExpectError: regexp.MustCompile(`has no active\s+table\s+"Vehicle"`),
			},
		},
	})
}
