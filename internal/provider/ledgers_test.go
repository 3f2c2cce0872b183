package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// names are the ledgers of a result.
func names(result map[string]any) []string {
	all := []string{}
	ledgers, _ := result["ledgers"].([]any)
	for _, l := range ledgers {
		all = append(all, l.(map[string]any)["name"].(string))
	}
	return all
}

func TestLedgersUnderKey(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	id, keyARN := a.key("alias/orders")
	_, other := a.key("alias/other")
	arn := a.ledger("orders", keyARN, nil)
	a.ledger("invoices", keyARN, nil)
	a.ledger("audit", other, nil)
	a.ledger("plain", "", nil)
	aliasARN := strings.TrimSuffix(keyARN, "key/"+id) + "alias/orders"
	for _, test := range []struct {
		key  any
		arn  any
		want []string
	}{
		{nil, nil, []string{"audit", "invoices", "orders", "plain"}},
		{id, keyARN, []string{"invoices", "orders"}},
		{keyARN, keyARN, []string{"invoices", "orders"}},
		{"alias/orders", keyARN, []string{"invoices", "orders"}},
		{aliasARN, keyARN, []string{"invoices", "orders"}},
		{other, other, []string{"audit"}},
		{"AWS_OWNED_KMS_KEY", "AWS_OWNED_KMS_KEY", []string{"plain"}},
	} {
		got, diags := a.core(nil).read(t.Context(), "qldbkms_ledgers", map[string]any{"kms_key": test.key})
		if text := printed(diags); text != "" {
			t.Errorf("%v:\n%s", test.key, text)
		}
		if diff := cmp.Diff(test.want, names(got)); diff != "" {
			t.Errorf("%v: ledgers (-want +got):\n%s", test.key, diff)
		}
		if got["kms_key_arn"] != test.arn || got["region"] != acctest.Region {
			t.Errorf("%v: got %v in %v, want %v in %s", test.key, got["kms_key_arn"], got["region"], test.arn, acctest.Region)
		}
	}
	got, _ := a.core(nil).read(t.Context(), "qldbkms_ledgers", map[string]any{"kms_key": keyARN})
	want := map[string]any{
		"name": "orders", "arn": arn, "state": "ACTIVE", "kms_key_arn": keyARN, "encryption_status": "ENABLED",
	}
	if diff := cmp.Diff(want, got["ledgers"].([]any)[1]); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if got := a.Mutations(); len(got) != 0 {
		t.Errorf("reading changed something: %v", got)
	}
}

func TestNoLedgers(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.key("alias/orders")
	for _, config := range []map[string]any{{}, {"kms_key": "alias/orders"}, {"region": "us-east-1"}} {
		got, diags := a.core(nil).read(t.Context(), "qldbkms_ledgers", config)
		if len(diags) != 0 || got["ledgers"] == nil || len(names(got)) != 0 {
			t.Errorf("%v: got %v, want an empty list\n%s", config, got, printed(diags))
		}
	}
}

func TestLedgersOfManyPages(t *testing.T) {
	t.Parallel()
	const many = 130 // a page holds 100
	a := newAccount(t, acctest.WithMaxLedgers(many))
	want := []string{}
	for i := range many {
		name := fmt.Sprintf("ledger-%03d", i)
		want = append(want, name)
		_, err := a.QLDB().CreateLedger(t.Context(), &qldb.CreateLedgerInput{Name: &name, PermissionsMode: "STANDARD"})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, diags := a.core(nil).read(t.Context(), "qldbkms_ledgers", nil)
	if text := printed(diags); text != "" {
		t.Errorf("read:\n%s", text)
	}
	if diff := cmp.Diff(want, names(got)); diff != "" {
		t.Errorf("ledgers (-want +got):\n%s", diff)
	}
}

// An answer that leaves a ledger out would read like permission to disable its key.
func TestLedgersFailWhole(t *testing.T) {
	t.Parallel()
	const missing = "12345678-1234-1234-1234-123456789012"
	for name, test := range map[string]struct {
		key    string // empty: the key's ARN; "alias": its alias
		fault  acctest.Fault
		blames string
		says   []string
	}{
		"one ledger refused": {
			fault: acctest.Fault{
				Operation: "DescribeLedger", Skip: 1, Count: 1, Kind: "error", Code: "AccessDeniedException", Message: "no",
			},
			says: []string{"The ledgers were not listed", "DescribeLedger: AccessDeniedException: no", "on every ledger"},
		},
		"listing refused": {
			fault: acctest.Fault{Operation: "ListLedgers", Kind: "error", Code: "AccessDeniedException", Message: "no"},
			says:  []string{"The ledgers were not listed", "ListLedgers: AccessDeniedException: no", "qldb:ListLedgers"},
		},
		"no such key": {
			key: missing, blames: "kms_key", says: []string{"The KMS key does not exist", "DescribeKey: NotFoundException"},
		},
		"no such key ARN": {
			key: "arn:aws:kms:" + acctest.Region + ":" + acctest.Account + ":key/" + missing, blames: "kms_key",
			says: []string{"The KMS key does not exist", "DescribeKey: NotFoundException"},
		},
		"no such alias": {
			key: "alias/none", blames: "kms_key", says: []string{"The KMS key does not exist", "alias/none"},
		},
		"key of another Region": {
			key: "arn:aws:kms:ap-south-1:" + acctest.Account + ":key/" + missing, blames: "kms_key",
			says: []string{"The KMS key is in another Region", "ap-south-1", "Set region"},
		},
		"alias not readable": {
			key: "alias/orders", blames: "kms_key",
			fault: acctest.Fault{Operation: "DescribeKey", Kind: "error", Code: "AccessDeniedException", Message: "no"},
			says:  []string{"The KMS key was not read", "kms:DescribeKey", "With the key's ARN"},
		},
		"KMS fails": {
			blames: "kms_key",
			fault:  acctest.Fault{Operation: "DescribeKey", Kind: "error", Code: "KMSInternalException", Status: 500},
			says:   []string{"The KMS key was not read", "KMSInternalException"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t)
			_, keyARN := a.key("alias/orders")
			a.ledger("orders", keyARN, nil)
			a.ledger("invoices", keyARN, nil)
			if test.fault.Kind != "" {
				a.Fault(test.fault)
			}
			key := test.key
			if key == "" {
				key = keyARN
			}
			got, diags := a.core(nil).read(t.Context(), "qldbkms_ledgers", map[string]any{"kms_key": key})
			if got["ledgers"] != nil {
				t.Errorf("got %v beside an error", got)
			}
			oneError(t, diags, test.blames, test.says...)
		})
	}
}

// Who may not see the key, say of another account, still finds the ledgers by its ARN.
func TestLedgersUnderHiddenKey(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, keyARN := a.key("alias/orders")
	a.ledger("orders", keyARN, nil)
	a.deny("DescribeKey")
	got, diags := a.core(nil).read(t.Context(), "qldbkms_ledgers", map[string]any{"kms_key": keyARN})
	if diff := cmp.Diff([]string{"orders"}, names(got)); diff != "" || len(diags) != 0 {
		t.Errorf("ledgers (-want +got):\n%s\n%s", diff, printed(diags))
	}
}

// A ledger deleted between listing and description is not there, and no failure.
func TestLedgerGoneMeanwhile(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.ledger("orders", "", nil)
	a.ledger("gone", "", nil)
	a.Fault(acctest.Fault{
		Operation: "DescribeLedger", Target: "gone", Kind: "error", Code: "ResourceNotFoundException", Status: 404,
	})
	got, diags := a.core(nil).read(t.Context(), "qldbkms_ledgers", nil)
	if diff := cmp.Diff([]string{"orders"}, names(got)); diff != "" || len(diags) != 0 {
		t.Errorf("ledgers (-want +got):\n%s\n%s", diff, printed(diags))
	}
}

// During a key change QLDB names only the new key, but needs the old one.
func TestLedgersDuringKeyChange(t *testing.T) {
	t.Parallel()
	a := newAccount(t, acctest.WithTiming(acctest.Timing{KeyChange: 24 * time.Hour}))
	_, old := a.key("alias/old")
	_, next := a.key("alias/next")
	a.ledger("orders", old, nil)
	_, err := a.QLDB().UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{Name: aws.String("orders"), KmsKey: &next})
	if err != nil {
		t.Fatal(err)
	}
	got, diags := a.core(nil).read(t.Context(), "qldbkms_ledgers", map[string]any{"kms_key": old})
	if len(names(got)) != 0 {
		t.Errorf("ledgers under the old key: got %v, want none", names(got))
	}
	if len(diags) != 1 || diags[0].Severity != tfprotov6.DiagnosticSeverityWarning ||
		dotted(diags[0].Attribute) != "kms_key" || !strings.Contains(diags[0].Detail, "orders") {
		t.Errorf("want one warning on kms_key that names the ledger:\n%s", printed(diags))
	}
	got, diags = a.core(nil).read(t.Context(), "qldbkms_ledgers", map[string]any{"kms_key": next})
	if diff := cmp.Diff([]string{"orders"}, names(got)); diff != "" || len(diags) != 0 {
		t.Errorf("under the new key (-want +got):\n%s\n%s", diff, printed(diags))
	}
}
