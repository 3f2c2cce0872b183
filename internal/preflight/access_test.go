package preflight_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

func TestPolicyText(t *testing.T) {
	t.Parallel()
	got, err := preflight.Policy(preflight.Access{
		Account: account, Region: region, Ledger: "orders", AccountRoot: true,
		Users: []string{role("ledger-writer"), role("ledger-reader"), role("ledger-writer")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Version":"2012-10-17","Id":"orders-ledger-key","Statement":[` +
		`{"Sid":"Account delegation","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},` +
		`"Action":"kms:*","Resource":"*"},` +
		`{"Sid":"Ledger operators through QLDB","Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":["kms:CreateGrant","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":` +
		`{"kms:CallerAccount":"111122223333","kms:ViaService":"qldb.eu-west-2.amazonaws.com"}}},` +
		`{"Sid":"Ledger users","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/ledger-reader",` +
		`"arn:aws:iam::111122223333:role/ledger-writer"]},"Action":"kms:Decrypt","Resource":"*",` +
		`"Condition":{"StringEquals":{"kms:ViaService":"qldb.eu-west-2.amazonaws.com"}}}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever the access, the policy for it has no finding above a note, for those it is for.
func TestPolicyIsClean(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	some := func(partition string, most int) []string {
		var list []string
		for range random.IntN(most + 1) {
			kind := []string{"role/", "role/team/", "user/", "role/aws-reserved/sso.amazonaws.com/"}[random.IntN(4)]
			list = append(list, fmt.Sprintf("arn:%s:iam::%s:%sperson-%d", partition, account, kind, random.IntN(9)))
		}
		return list
	}
	made := 0
	for range 400 {
		partition := []string{"aws", "aws-cn", "aws-us-gov"}[random.IntN(3)]
		a := preflight.Access{
			Partition: partition, Account: account, Region: []string{region, "us-east-1", "cn-north-1"}[random.IntN(3)],
			Ledger: []string{"", "orders"}[random.IntN(2)], AccountRoot: random.IntN(3) > 0,
			Administrators: some(partition, 4), Users: some(partition, 6),
		}
		text, err := preflight.Policy(a)
		if fault, ok := errors.AsType[*preflight.AccessError](err); ok && fault.Field == "account_root" && !a.AccountRoot {
			continue
		}
		if err != nil {
			t.Fatalf("%+v: %v", a, err)
		}
		made++
		in := preflight.Input{
			Policy: text, Account: account, Region: a.Region, Partition: partition, Ledger: a.Ledger,
			Callers: a.Administrators, Readers: a.Users, Writers: a.Users,
		}
		for _, f := range preflight.Check(in) {
			if f.Severity > preflight.Note {
				t.Fatalf("%s\n%s %s: %s", text, f.Rule, f.Severity, f.Detail)
			}
		}
	}
	if made < 200 {
		t.Errorf("%d policies were made, want 200 at least", made)
	}
}

func TestPolicyRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*preflight.Access)
		field string
	}{
		"good":    {func(*preflight.Access) {}, "none"},
		"session": {func(a *preflight.Access) { a.Users = []string{"arn:aws:sts::111122223333:assumed-role/x/n"} }, "users"},
		"root": {func(a *preflight.Access) {
			a.Administrators = []string{"arn:aws:iam::111122223333:root"}
		}, "administrators"},
		"group":   {func(a *preflight.Access) { a.Users = []string{"arn:aws:iam::111122223333:group/g"} }, "users"},
		"pattern": {func(a *preflight.Access) { a.Users = []string{role("*")} }, "users"},
		"foreign": {func(a *preflight.Access) { a.Users = []string{"arn:aws:iam::444455556666:role/x"} }, "users"},
		"partition": {func(a *preflight.Access) {
			a.Users = []string{"arn:aws-cn:iam::111122223333:role/x"}
		}, "users"},
		"not JSON":     {func(a *preflight.Access) { a.ExtraStatements = []string{"{"} }, "extra_statements"},
		"nothing":      {func(a *preflight.Access) { a.ExtraStatements = []string{""} }, "extra_statements"},
		"no object":    {func(a *preflight.Access) { a.ExtraStatements = []string{"[]"} }, "extra_statements"},
		"no statement": {func(a *preflight.Access) { a.ExtraStatements = []string{"{}"} }, ""},
		"nobody":       {func(a *preflight.Access) { a.AccountRoot = false }, "account_root"},
		"one": {func(a *preflight.Access) {
			a.AccountRoot, a.Administrators = false, []string{role("x"), role("x")}
		}, "account_root"},
		"too many": {func(a *preflight.Access) {
			for i := range 900 {
				a.Users = append(a.Users, role(fmt.Sprintf("user-%d", i)))
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := preflight.Access{Account: account, Region: region, AccountRoot: true}
			c.spoil(&a)
			got := "none"
			_, err := preflight.Policy(a)
			if fault, ok := errors.AsType[*preflight.AccessError](err); ok {
				got = fault.Field
			}
			if got != c.field {
				t.Errorf("got %q (%v), want %q", got, err, c.field)
			}
		})
	}
}

// Sensible policies that others write have no errors.
func TestSensiblePolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string // above a note
	}{
		"default": {"Allow root kms:*", nil},
		"the console's": {"Allow root kms:* ; Allow r/admin kms:Create*,kms:Describe*,kms:Enable*,kms:List*,kms:Put*," +
			"kms:Update*,kms:Revoke*,kms:Disable*,kms:Get*,kms:Delete*,kms:TagResource,kms:UntagResource," +
			"kms:ScheduleKeyDeletion,kms:CancelKeyDeletion ; Allow r/app kms:Encrypt,kms:Decrypt,kms:ReEncrypt*," +
			"kms:GenerateDataKey*,kms:DescribeKey ; " +
			`Allow r/app kms:CreateGrant,kms:ListGrants,kms:RevokeGrant if {"Bool":{"kms:GrantIsForAWSResource":"true"}}`, nil},
		"logs": {"Allow root kms:* ; Allow logs.eu-west-2.amazonaws.com kms:Encrypt*,kms:Decrypt* if " +
			`{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-2:111122223333:*"}}`, nil},
		"an organisation": {`Allow root kms:* ; Allow * kms:Decrypt if {"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, nil},
		"TLS":             {`Allow root kms:* ; Deny * kms:* if {"Bool":{"aws:SecureTransport":"false"}}`, nil},
		"no bypass": {`Allow root kms:* ; Deny * kms:PutKeyPolicy if {"Bool":{"kms:BypassPolicyLockoutSafetyCheck":"true"}}`,
			nil},
		"autoscaling": {"Allow root kms:* ; Allow r/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForScaling " +
			`kms:CreateGrant if {"Bool":{"kms:GrantIsForAWSResource":true}}`, nil},
		"long window": {"Allow root kms:* ; Deny * kms:ScheduleKeyDeletion if " +
			`{"NumericLessThan":{"kms:ScheduleKeyDeletionPendingWindowInDays":"30"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := preflight.Check(preflight.Input{Policy: document(t, c.text), Account: account, Region: region})
			list = slices.DeleteFunc(list, func(f preflight.Finding) bool { return f.Severity <= preflight.Note })
			if got := fired(list); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", list, c.want)
			}
		})
	}
}
