package record_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// conflicts are the transactions of the provider that met another one.
func (b bench) conflicts() (n int) {
	for _, c := range b.Calls() {
		if c.ErrorCode == "OccConflictException" {
			n++
		}
	}
	return n
}

// A data set of many documents is one apply, in which the records do not get into each other's way: with an index,
// without one, and while some documents change and others go. (The test framework knows count, not for_each; the
// provider sees no difference.)
func TestAccDataSet(t *testing.T) {
	t.Parallel()
	const documents = 100
	for name, index := range map[string]string{
		"indexed": `
resource "qldbkms_index" "vin" {
  ledger = "orders"
  table  = "Vehicle"
  field  = "VIN"
}
`,
		"not indexed": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			after := ""
			if index != "" {
				after = "depends_on = [qldbkms_index.vin]"
			}
			config := func(count, odd int) string {
				return b.Config("") + index + fmt.Sprintf(`
resource "qldbkms_record" "car" {
  count      = %d
  ledger     = "orders"
  table      = "Vehicle"
  document   = jsonencode({ VIN = format("V%%03d", count.index), Doors = 4 + (count.index + %d) %% 2 })
  key_fields = ["VIN"]
  %s
}
`, count, odd, after)
			}
			check := func(want string) func(*terraform.State) error {
				return func(*terraform.State) error {
					if got := b.run("SELECT COUNT(*) AS n FROM Vehicle")[0]; got != want {
						return fmt.Errorf("count is %s, want %s", got, want)
					}
					if n := b.conflicts(); n > documents/20 {
						return fmt.Errorf("%d conflicts for %d documents", n, documents)
					}
					b.ForgetCalls()
					return nil
				}
			}
			steps := []resource.TestStep{
				{Config: config(documents, 0), Check: check(fmt.Sprintf("{n:%d}", documents))},
			}
			if index != "" {
				steps = append(steps, resource.TestStep{Config: config(90, 1), Check: check("{n:90}")})
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: b.Factories(), CheckDestroy: check("{n:0}"), Steps: steps,
			})
		})
	}
}
