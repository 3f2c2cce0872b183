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

// A data set of many documents is one apply, in which the records do not get into each other's way, without an index as
// well: each create then reads the whole table, and one waits for the other. (TestFiveHundredByForEach has an index.)
func TestAccDataSet(t *testing.T) {
	t.Parallel()
	const documents = 100
	b := newBench(t)
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
	config := b.Config("") + fmt.Sprintf(`
resource "qldbkms_record" "car" {
  count      = %d
  ledger     = "orders"
  table      = "Vehicle"
  document   = jsonencode({ VIN = format("V%%03d", count.index), Doors = 4 + count.index %% 2 })
  key_fields = ["VIN"]
}
`, documents)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(), CheckDestroy: check("{n:0}"),
		Steps: []resource.TestStep{{Config: config, Check: check(fmt.Sprintf("{n:%d}", documents))}},
	})
}
