package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// times are not compared: the harness runs on the real clock.
var withoutTimes = cmpopts.IgnoreMapEntries(func(name string, _ any) bool {
	return name == "creation_time" || name == "inaccessible_kms_key_time" || name == "deletion_date"
})

func TestLedger(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	id, keyARN := a.key("alias/orders")
	arn := a.ledger("orders", keyARN, map[string]string{"team": "ledger", "owner": "x", "scan:last": "y"})
	c := a.core(map[string]any{
		"ignore_tags": map[string]any{"keys": []any{"owner"}, "key_prefixes": []any{"scan:"}},
	})
	got, diags := c.read(t.Context(), "qldbkms_ledger", map[string]any{"name": "orders"})
	if text := printed(diags); text != "" {
		t.Errorf("read:\n%s", text)
	}
	want := map[string]any{
		"name": "orders", "region": acctest.Region, "arn": arn, "state": "ACTIVE", "permissions_mode": "STANDARD",
		"deletion_protection": true, "kms_key_arn": keyARN, "encryption_status": "ENABLED",
		"tags": map[string]any{"team": "ledger"},
		"key": map[string]any{
			"key_id": id, "account_id": acctest.Account, "state": "Enabled", "aliases": []any{"alias/orders"},
		},
	}
	if diff := cmp.Diff(want, got, withoutTimes); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if _, ok := got["creation_time"]; !ok {
		t.Error("creation_time is null")
	}
}

// One call finds the ledger; what it needs of it, three others ask for beside each other.
func TestLedgerCalls(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, keyARN := a.key("alias/orders")
	a.ledger("orders", keyARN, nil)
	if _, diags := a.core(nil).read(t.Context(), "qldbkms_ledger", map[string]any{"name": "orders"}); len(diags) != 0 {
		t.Fatal(printed(diags))
	}
	var got []string
	for _, call := range a.Calls() {
		got = append(got, call.Operation)
	}
	want := []string{"DescribeLedger", "DescribeKey", "ListAliases", "ListTagsForResource"}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got := a.Mutations(); len(got) != 0 {
		t.Errorf("reading changed something: %v", got)
	}
}

func TestLedgerUnderAWSOwnedKey(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.ledger("orders", "", nil)
	got, diags := a.core(nil).read(t.Context(), "qldbkms_ledger", map[string]any{"name": "orders"})
	if text := printed(diags); text != "" {
		t.Errorf("read:\n%s", text)
	}
	if got["kms_key_arn"] != "AWS_OWNED_KMS_KEY" || got["encryption_status"] != "ENABLED" || got["key"] != nil {
		t.Errorf("got %v, want the AWS owned key, enabled, without details", got)
	}
}

// Who may only describe the ledger gets what that call says, and nulls.
func TestLedgerOfSomeoneElse(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, keyARN := a.key("alias/orders")
	a.ledger("orders", keyARN, map[string]string{"team": "ledger"})
	for _, operation := range []string{"DescribeKey", "ListAliases", "ListTagsForResource"} {
		a.deny(operation)
	}
	got, diags := a.core(nil).read(t.Context(), "qldbkms_ledger", map[string]any{"name": "orders"})
	if text := printed(diags); text != "" {
		t.Errorf("read:\n%s", text)
	}
	if got["kms_key_arn"] != keyARN || got["tags"] != nil || got["key"] != nil {
		t.Errorf("got %v, want the key's ARN, tags and key null", got)
	}
}

func TestLedgerFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ledger string
		fault  acctest.Fault
		blames string
		says   []string
	}{
		"no such ledger": {
			ledger: "Orders", blames: "name", says: []string{`Ledger "Orders" does not exist in`, "case matters"},
		},
		"refused": {
			ledger: "orders", blames: "name",
			fault: acctest.Fault{Operation: "DescribeLedger", Kind: "error", Code: "AccessDeniedException", Message: "no"},
			says: []string{`Ledger "orders" was not read`, "DescribeLedger: AccessDeniedException: no (request id ",
				"qldb:DescribeLedger"},
		},
		"tags fail": {
			ledger: "orders", blames: "name",
			fault: acctest.Fault{Operation: "ListTagsForResource", Kind: "error", Code: "InternalFailure", Status: 500},
			says:  []string{`Ledger "orders" was not read`, "ListTagsForResource: InternalFailure"},
		},
		"key throttled": {
			ledger: "orders", blames: "name", fault: acctest.Fault{Operation: "DescribeKey", Kind: "throttle"},
			says: []string{`Ledger "orders" was not read`, "DescribeKey: ThrottlingException"},
		},
		"connection dropped": {
			ledger: "orders", fault: acctest.Fault{Operation: "DescribeLedger", Kind: "drop_before"},
			says: []string{"QLDB cannot be reached", `Ledger "orders" was not read`, "Amazon ended QLDB on 2025-07-31"},
		},
		"credentials refused": {
			ledger: "orders",
			fault: acctest.Fault{
				Operation: "DescribeLedger", Kind: "error", Code: "ExpiredTokenException", Message: "expired", Status: 403,
			},
			says: []string{"QLDB does not accept the AWS credentials", `Ledger "orders" was not read`, "Renew"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t)
			_, keyARN := a.key("alias/orders")
			a.ledger("orders", keyARN, nil)
			if test.fault.Kind != "" {
				a.Fault(test.fault)
			}
			got, diags := a.core(nil).read(t.Context(), "qldbkms_ledger", map[string]any{"name": test.ledger})
			if got != nil && got["arn"] != nil {
				t.Errorf("got %v beside an error", got)
			}
			oneError(t, diags, test.blames, test.says...)
		})
	}
}

// oneError wants one error on an argument, or on none, which says all of says.
func oneError(t *testing.T, diags []*tfprotov6.Diagnostic, blames string, says ...string) {
	t.Helper()
	if len(diags) != 1 || diags[0].Severity != tfprotov6.DiagnosticSeverityError {
		t.Fatalf("got %d diagnostics, want one error:\n%s", len(diags), printed(diags))
	}
	if got := dotted(diags[0].Attribute); got != blames {
		t.Errorf("blames %q, want %q", got, blames)
	}
	if len(diags[0].Summary) >= 70 {
		t.Errorf("the summary has 70 characters or more: %s", diags[0].Summary)
	}
	for _, s := range says {
		if !strings.Contains(diags[0].Summary+"\n"+diags[0].Detail, s) {
			t.Errorf("does not say %q:\n%s", s, printed(diags))
		}
	}
}

// A ledger that loses its key is read, with one warning that says what to do.
func TestLedgerLosesKey(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		harm func(a account, key string)
		says []string
	}{
		"disabled": {
			harm: func(a account, key string) { a.disable(key) },
			says: []string{`Ledger "orders" is losing its KMS key`, "key is Disabled", "enable-key"},
		},
		"disabled, noticed": {
			harm: func(a account, key string) { a.disable(key); a.notice() },
			says: []string{`Ledger "orders" cannot use its KMS key`, "Inaccessible since ", "key is Disabled", "enable-key"},
		},
		"noticed, key not readable": {
			harm: func(a account, key string) { a.disable(key); a.notice(); a.deny("DescribeKey") },
			says: []string{`Ledger "orders" cannot use its KMS key`, "does not show it", "grant"},
		},
		"to be deleted": {
			harm: func(a account, key string) {
				_, err := a.KMS().ScheduleKeyDeletion(a.t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: aws.String(key)})
				if err != nil {
					a.t.Fatal(err)
				}
			},
			says: []string{`Ledger "orders" is losing its KMS key`, "PendingDeletion", "will be deleted on 20",
				"cancel-key-deletion"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A ledger looks at its key only when told to: a slow machine must not let it notice early.
			a := newAccount(t, acctest.WithTiming(acctest.Timing{KeyCache: 24 * time.Hour}))
			_, keyARN := a.key("alias/orders")
			a.ledger("orders", keyARN, nil)
			test.harm(a, keyARN)
			got, diags := a.core(nil).read(t.Context(), "qldbkms_ledger", map[string]any{"name": "orders"})
			if got["kms_key_arn"] != keyARN {
				t.Errorf("kms_key_arn: got %v, want %s", got["kms_key_arn"], keyARN)
			}
			if len(diags) != 1 || diags[0].Severity != tfprotov6.DiagnosticSeverityWarning {
				t.Fatalf("got %d diagnostics, want one warning:\n%s", len(diags), printed(diags))
			}
			for _, s := range test.says {
				if !strings.Contains(diags[0].Summary+"\n"+diags[0].Detail, s) {
					t.Errorf("does not say %q:\n%s", s, printed(diags))
				}
			}
		})
	}
}

func TestLedgerInAnotherRegion(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.ledger("orders", "", nil)
	c := a.core(nil)
	config := map[string]any{"name": "orders", "region": "us-east-1"}
	_, diags := c.read(t.Context(), "qldbkms_ledger", config)
	oneError(t, diags, "name", "does not exist in us-east-1")
	without := a.core(map[string]any{"region": nil})
	_, diags = without.read(t.Context(), "qldbkms_ledger", map[string]any{"name": "orders"})
	oneError(t, diags, "", "No AWS Region is configured", "AWS_REGION")
}

func TestBadLedgerArguments(t *testing.T) {
	t.Parallel()
	c := newCore(t)
	for _, test := range []struct {
		object string
		config map[string]any
		blames string
		says   string
	}{
		{"qldbkms_ledger", map[string]any{"name": "a--b"}, "name", "no two in a row"},
		{"qldbkms_ledger", map[string]any{"name": "orders", "region": "london"}, "region", "eu-west-2"},
		{"qldbkms_ledgers", map[string]any{"kms_key": "orders"}, "kms_key", "alias name (alias/...)"},
		{"qldbkms_ledgers", map[string]any{"region": "london"}, "region", "eu-west-2"},
	} {
		oneError(t, c.validateData(test.object, test.config), test.blames, test.says)
	}
}

func TestAccLedger(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, keyARN := a.key("alias/orders")
	arn := a.ledger("orders", keyARN, map[string]string{"team": "ledger"})
	at := func(path ...string) tfjsonpath.Path {
		p := tfjsonpath.New(path[0])
		for _, step := range path[1:] {
			p = p.AtMapKey(step)
		}
		return p
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: a.factories(),
		Steps: []resource.TestStep{{
			Config: a.Config("") + `
data "qldbkms_ledger" "orders" { name = "orders" }
data "qldbkms_ledgers" "under_key" { kms_key = "alias/orders" }
`,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.qldbkms_ledger.orders", at("arn"), knownvalue.StringExact(arn)),
				statecheck.ExpectKnownValue("data.qldbkms_ledger.orders", at("key", "state"),
					knownvalue.StringExact("Enabled")),
				statecheck.ExpectKnownValue("data.qldbkms_ledgers.under_key", at("kms_key_arn"),
					knownvalue.StringExact(keyARN)),
				statecheck.ExpectKnownValue("data.qldbkms_ledgers.under_key", at("ledgers").AtSliceIndex(0).AtMapKey("arn"),
					knownvalue.StringExact(arn)),
			},
		}},
	})
	if got := a.Mutations(); len(got) != 0 {
		t.Errorf("reading changed something: %v", got)
	}
}
