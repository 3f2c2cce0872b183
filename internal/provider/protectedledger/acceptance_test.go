package protectedledger_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
)

const address = "qldbkms_protected_ledger.orders"

// factories serve the resource to the real Terraform, in this process, over the bench's account.
func (b *bench) factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"qldbkms": func() (tfprotov6.ProviderServer, error) {
			none := 0
			const at = "http://harness.invalid"
			api, err := awsclient.New(b.t.Context(), awsclient.Config{
				Region: "eu-west-2", AccessKey: b.AccessKeyID, SecretKey: b.SecretKey, Transport: b.Transport,
				MaxRetries: &none, Endpoints: awsclient.Endpoints{KMS: at, QLDB: at, STS: at, IAM: at},
			})
			p := &stand{api: api, opts: protectedledger.Options{Hits: 1, Now: b.clock.Now, Sleep: b.clock.Sleep}}
			return providerserver.NewProtocol6(p)(), err
		},
	}
}

// destroyed asks the account: no ledger may be left and no key in use.
func (b *bench) destroyed(*terraform.State) error {
	if ledgers := b.ledgers(); len(ledgers) > 0 {
		return fmt.Errorf("ledgers left: %v", ledgers)
	}
	for _, k := range b.live() {
		if k.Tags["qldbkms:ledger"] != "" {
			return fmt.Errorf("key left: %v", k)
		}
	}
	return nil
}

// announced fails when the step made other calls than these, in this order.
func (b *bench) announced(want ...string) func(*terraform.State) error {
	return func(*terraform.State) error {
		if got := b.Mutations(); !slices.Equal(got, want) {
			return fmt.Errorf("mutating calls are %v, want %v", got, want)
		}
		b.ForgetCalls()
		return nil
	}
}

func hcl(body string) string {
	return "resource \"qldbkms_protected_ledger\" \"orders\" {\n  name = \"orders\"\n  deletion_protection = " +
		"false\n" + body + "\n}\n"
}

func empty() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func inPlace(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	c := empty()
	c.PreApply = append([]plancheck.PlanCheck{
		plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
	}, checks...)
	return c
}

func member(names ...string) tfjsonpath.Path {
	p := tfjsonpath.New(names[0])
	for _, n := range names[1:] {
		p = p.AtMapKey(n)
	}
	return p
}

func knownMember(value string, names ...string) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(address, member(names...), knownvalue.StringExact(value))
}

func unknownMember(names ...string) plancheck.PlanCheck {
	return plancheck.ExpectUnknownValue(address, member(names...))
}

func TestAccLifecycle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sameLedger := statecheck.CompareValue(compare.ValuesSame())
	otherKey := statecheck.CompareValue(compare.ValuesDiffer())
	follow := func() []statecheck.StateCheck {
		return []statecheck.StateCheck{
			sameLedger.AddStateValue(address, member("arn")),
			otherKey.AddStateValue(address, member("kms_key_arn")),
			statecheck.ExpectKnownValue(address, member("encryption_status"), knownvalue.StringExact("ENABLED")),
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.factories(),
		CheckDestroy:             b.destroyed,
		Steps: []resource.TestStep{
			{
				Config:            hcl("key = {}\n tags = { team = \"ledger\" }"),
				ConfigPlanChecks:  empty(),
				ConfigStateChecks: follow(),
				Check:             b.announced("CreateKey", "CreateAlias", "EnableKeyRotation", "CreateAlias", "CreateLedger"),
			},
			{
				Config: hcl("key = { generation = 2 }\n tags = { team = \"ledger\" }"),
				ConfigPlanChecks: inPlace(
					unknownMember("kms_key_arn"), unknownMember("encryption_status"), unknownMember("key", "arn"),
					unknownMember("key_change", "to"), unknownMember("key_change", "status"),
					unknownMember("key_change", "alias_to"), unknownMember("key_change", "requested_at"),
					knownMember("generation raised from 1 to 2", "key_change", "reason"),
					knownMember("retain", "key_change", "old_key_action"),
					plancheck.ExpectKnownValue(address, member("key_change", "from"), knownvalue.StringRegexp(
						regexp.MustCompile(`^arn:aws:kms:eu-west-2:`))),
					plancheck.ExpectKnownValue(address, member("arn"), knownvalue.NotNull()),
				),
				ConfigStateChecks: follow(),
				Check:             b.announced("CreateKey", "CreateAlias", "EnableKeyRotation", "UpdateLedger", "UpdateAlias"),
			},
			{
				Config:           hcl("key = { generation = 2, description = \"x\", rotation_period_in_days = 90 }"),
				ConfigPlanChecks: inPlace(knownMember("ENABLED", "encryption_status")),
				Check:            b.announced("UpdateKeyDescription", "EnableKeyRotation", "UntagResource", "UntagResource"),
			},
			{
				Config:           hcl(""),
				ConfigPlanChecks: inPlace(knownMember("AWS_OWNED_KMS_KEY", "kms_key_arn")),
				Check:            b.announced("UpdateLedger", "DeleteAlias"),
			},
		},
	})
}

func TestAccReferencedAndImport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, two := b.newKey(nil), b.newKey(nil)
	b.newAlias("alias/shared", one)
	cfg := hcl(`kms_key = "alias/shared"`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.factories(),
		CheckDestroy:             b.destroyed,
		Steps: []resource.TestStep{
			{Config: cfg, ConfigPlanChecks: empty()},
			{
				PreConfig: func() { b.moveAlias("alias/shared", two) },
				Config:    cfg,
				ConfigPlanChecks: inPlace(
					knownMember(two, "kms_key_arn"), knownMember(one, "key_change", "from"), knownMember(two, "key_change", "to"),
					knownMember("alias/shared now points to another key", "key_change", "reason"),
					knownMember("none", "key_change", "old_key_action"),
				),
			},
			{Config: hcl(fmt.Sprintf("kms_key = %q", two)), ConfigPlanChecks: empty()},
			{
				Config: hcl(fmt.Sprintf("kms_key = %q", two)), ResourceName: address, ImportState: true,
				ImportStateId: "eu-west-2/orders", ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
				ImportStateVerifyIgnore: []string{"key_change"},
			},
			{
				Config:           hcl(fmt.Sprintf("key = { adopt = %q, on_destroy = \"retain\" }", two)),
				ConfigPlanChecks: inPlace(knownMember(two, "kms_key_arn"), knownMember(two, "key", "arn")),
			},
		},
	})
	if got := b.keyState(two); got != "Enabled" {
		t.Errorf("the adopted key is %s after the destroy", got)
	}
}

func TestAccProtection(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	protected := "resource \"qldbkms_protected_ledger\" \"orders\" {\n  name = %q\n  key = {}\n}\n"
	refused := regexp.MustCompile(`Ledger "orders" is protected`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.factories(),
		CheckDestroy:             b.destroyed,
		Steps: []resource.TestStep{
			{Config: fmt.Sprintf(protected, "orders"), ConfigPlanChecks: empty()},
			{Config: fmt.Sprintf(protected, "bills"), ExpectError: refused},
			{Config: fmt.Sprintf(protected, "orders"), Destroy: true, ExpectError: refused},
			{Config: "# the block is gone\n", ExpectError: refused},
			{Config: hcl("key = {}"), ConfigPlanChecks: inPlace()},
		},
	})
}

func TestAccDisappears(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := statecheck.CompareValue(compare.ValuesSame())
	check := func() []statecheck.StateCheck {
		return []statecheck.StateCheck{key.AddStateValue(address, member("kms_key_arn"))}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.factories(),
		CheckDestroy:             b.destroyed,
		Steps: []resource.TestStep{
			{Config: hcl("key = {}"), ConfigPlanChecks: empty(), ConfigStateChecks: check()},
			{
				PreConfig: func() { b.deleteLedger("orders"); b.ForgetCalls() }, Config: hcl("key = {}"),
				ConfigPlanChecks: inPlace(), ConfigStateChecks: check(), Check: b.announced("CreateLedger"),
			},
		},
	})
}

func TestAccIdentity(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		ProtoV6ProviderFactories: b.factories(),
		CheckDestroy:             b.destroyed,
		Steps: []resource.TestStep{
			{
				Config: hcl(""),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentity(address, map[string]knownvalue.Check{
					"name": knownvalue.StringExact("orders"), "region": knownvalue.StringExact("eu-west-2"),
				})},
			},
			{ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}
