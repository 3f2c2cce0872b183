package table_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// The provider's default tags are on the table, below its own, and change with the provider block; tags to be ignored
// are neither shown nor removed, whoever put them there.
func TestAccDefaultTags(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	with := func(defaults, body string) string {
		return h.Config("default_tags = { tags = {"+defaults+"} }\nignore_tags = { key_prefixes = [\"cost-\"] }") +
			"resource \"qldbkms_table\" \"vehicle\" {\n  ledger = \"orders\"\n  name = \"Vehicle\"\n" + body + "\n}\n"
	}
	var arn string
	tags := func(want obj) func(*terraform.State) error {
		return func(s *terraform.State) error {
			arn = s.RootModule().Resources[address].Primary.Attributes["arn"]
			out, err := h.QLDB().ListTagsForResource(t.Context(), &qldb.ListTagsForResourceInput{ResourceArn: &arn})
			if err != nil {
				return err
			}
			got := obj{}
			for k, v := range out.Tags {
				got[k] = aws.ToString(v)
			}
			if !maps.Equal(got, want) {
				return fmt.Errorf("tags are %v, want %v", got, want)
			}
			return nil
		}
	}
	put := func(tags map[string]*string) func() {
		return func() {
			in := &qldb.TagResourceInput{ResourceArn: &arn, Tags: tags}
			if _, err := h.QLDB().TagResource(t.Context(), in); err != nil {
				t.Error(err)
			}
		}
	}
	noop := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(address, plancheck.ResourceActionNoop),
	}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: h.Factories(),
		Steps: []resource.TestStep{
			{
				Config: with(`team = "ledger", stage = "test"`, `tags = { stage = "prod" }`), ConfigPlanChecks: empty(),
				Check: tags(obj{"team": "ledger", "stage": "prod"}),
			},
			{
				Config: with(`team = "fleet", stage = "test"`, ""), ConfigPlanChecks: empty(),
				Check: tags(obj{"team": "fleet", "stage": "test"}),
			},
			{
				PreConfig: put(map[string]*string{"cost-centre": aws.String("7")}), ConfigPlanChecks: noop,
				Config: with(`team = "fleet", stage = "test"`, ""),
				Check:  tags(obj{"team": "fleet", "stage": "test", "cost-centre": "7"}),
			},
			{
				PreConfig: put(map[string]*string{"team": aws.String("x"), "extra": aws.String("y")}),
				Config:    with(`team = "fleet", stage = "test"`, ""), ConfigPlanChecks: empty(),
				Check: tags(obj{"team": "fleet", "stage": "test", "cost-centre": "7"}),
			},
			{
				Config: with(``, ""), ConfigPlanChecks: empty(), Check: tags(obj{"cost-centre": "7"}),
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: "orders/Vehicle", ImportStateVerify: true,
				ImportStateVerifyIdentifierAttribute: "table_id",
			},
		},
	})
}
