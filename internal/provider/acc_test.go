package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// block is a provider block with a Region, or an expression for one, and perhaps an alias.
func (a account) block(region, alias string) string {
	return fmt.Sprintf(`
provider "qldbkms" {
  region     = %s
  access_key = %q
  secret_key = %q
  %s
}
`, region, a.AccessKeyID, a.SecretKey, alias)
}

func has(address, attribute, value string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), knownvalue.StringExact(value))
}

// Two configurations of one binary, as two aliases are, keep to their own Regions; an object may name a third way.
// The acceptance framework serves all aliases from one process, so this goes below it.
func TestTwoRegions(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	home := a.ledger("orders", "", nil)
	out, err := a.QLDB().CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: "STANDARD",
	}, func(o *qldb.Options) { o.Region = "us-east-1" })
	if err != nil {
		t.Fatal(err)
	}
	here, there := a.core(nil), a.core(map[string]any{"region": "us-east-1"})
	for _, test := range []struct {
		core          *core
		region        any
		inRegion, arn string
	}{
		{here, nil, acctest.Region, home},
		{there, nil, "us-east-1", *out.Arn},
		{here, "us-east-1", "us-east-1", *out.Arn},
		{there, acctest.Region, acctest.Region, home},
	} {
		got, diags := test.core.read(t.Context(), "qldbkms_ledger", map[string]any{"name": "orders", "region": test.region})
		if text := printed(diags); text != "" {
			t.Errorf("read:\n%s", text)
		}
		if got["arn"] != test.arn || got["region"] != test.inRegion {
			t.Errorf("got %v in %v, want %s in %s", got["arn"], got["region"], test.arn, test.inRegion)
		}
	}
}

// A Region that is known only after apply does not stop the plan; a data source waits with depends_on.
func TestAccUnknownRegion(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	arn := a.ledger("orders", "", nil)
	config := `
resource "terraform_data" "region" { input = "` + acctest.Region + `" }
` + a.block("terraform_data.region.output", "") + `
data "qldbkms_ledger" "orders" {
  name = "orders"
  %s
}
`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: a.factories(),
		Steps: []resource.TestStep{
			{
				Config:      fmt.Sprintf(config, ""),
				ExpectError: regexp.MustCompile(`The provider's configuration is not known yet`),
			},
			{
				Config:            fmt.Sprintf(config, "depends_on = [terraform_data.region]"),
				ConfigStateChecks: []statecheck.StateCheck{has("data.qldbkms_ledger.orders", "arn", arn)},
			},
		},
	})
}

// With nothing but an endpoint that nobody serves, there is one error per object, and it names the endpoint.
func TestAccUnreachable(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.Fault(acctest.Fault{Operation: "DescribeLedger", Kind: "refuse_connection"})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: a.factories(),
		Steps: []resource.TestStep{{
			Config:      a.block(`"`+acctest.Region+`"`, "max_retries = 0") + `data "qldbkms_ledger" "x" { name = "orders" }`,
			ExpectError: regexp.MustCompile(`(?s)QLDB cannot be reached.*Amazon ended QLDB on 2025-07-31`),
		}},
	})
}
