package index_test

import (
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// The published examples apply as they are.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"qldbkms_table", "qldbkms_index"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := acctest.Start(t)
			h.Ledger("orders")
			example, err := os.ReadFile("../../../examples/resources/" + name + "/resource.tf")
			if err != nil {
				t.Fatal(err)
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: h.Factories(),
				Steps:                    []resource.TestStep{{Config: h.Config("") + string(example)}},
			})
		})
	}
}
