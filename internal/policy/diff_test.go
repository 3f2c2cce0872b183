package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	edit := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(ledgerPolicy) }
	const plain = `{"Sid":"a","Effect":"Allow","Principal":"*"}`
	const grant = `statement 2 ("Ledger operators through QLDB")`
	for _, tt := range []struct {
		name string
		a, b string
		want []string
	}{
		{"nothing", ledgerPolicy, strings.ReplaceAll(ledgerPolicy, " ", "\u0020"), nil},
		{"role deleted", ledgerPolicy, edit(reader, "AROAEXAMPLEROLEID123"), []string{
			`statement 3 ("Ledger users") changed: Principal gained "AROAEXAMPLEROLEID123"; ` +
				`Principal lost "` + reader + `"`}},
		{"action", ledgerPolicy, edit(`["kms:CreateGrant",`, `["kms:CreateGrant","kms:ListGrants",`), []string{
			grant + ` changed: Action gained "kms:listgrants"`}},
		{"condition, never its value", ledgerPolicy, edit("qldb.eu-west-2", "qldb.eu-west-1"), []string{
			grant + ` changed: Condition differs`, `statement 3 ("Ledger users") changed: Condition differs`}},
		{"statement removed", ledgerPolicy, policy.Default("aws", account), []string{
			`policy changed: Id from "orders-ledger-key" to "key-default-1"`,
			`statement 1 ("Enable IAM User Permissions") changed: Sid was "Account delegation"`,
			grant + ` removed`, `statement 3 ("Ledger users") removed`}},
		{"statement added", one(`"Sid":"a"`), strings.Replace(one(`"Sid":"a"`), `[`,
			`[{"Sid":"b","Effect":"Deny","Principal":"*"},`, 1), []string{`statement 1 ("b") added`}},
		{"renamed and changed", one(`"Sid":"a"`), one(`"Sid":"b","Effect":"Deny"`), []string{
			`statement 1 ("b") added`, `statement 1 ("a") removed`}},
		{"no Sid", one(`"NotPrincipal":"*","Action":"a"`), one(`"Effect":"Deny","Principal":"*","NotAction":"a"`),
			[]string{`statement 1 changed: Effect from Allow to Deny; ` +
				`NotPrincipal became Principal; Action became NotAction`}},
		{"Version, resource", one(`"Resource":"a"`), strings.Replace(one(`"Resource":"b"`), "2012", "2008", 1),
			[]string{`policy changed: Version from 2012-10-17 to 2008-10-17`, `statement 1 changed: Resource differs`}},
		{"added twice", one(`"Sid":"a"`), strings.Replace(one(`"Sid":"a"`), `[`,
			`[{"Effect":"Deny","Principal":"*"},{"Effect":"Deny","Principal":{"AWS":"*"}},`, 1), []string{
			`statement 1 added`}},
		{"moved and changed without a Sid", `{"Statement":[{"Effect":"Deny","Principal":"*"},` + plain + `]}`,
			`{"Statement":[` + plain + `,{"Effect":"Deny","Principal":"*","Action":"x"}]}`, []string{
				`statement 2 added`, `statement 1 removed`}},
		{"same Sid twice", one(`"Sid":"a","Action":"x"`), strings.Replace(one(`"Sid":"a","Action":"y"`), `[`,
			`[{"Sid":"a","Effect":"Deny","Principal":"*"},`, 1), []string{
			`statement 1 ("a") changed: Effect from Allow to Deny; Principal gained "*"; Principal lost "` + reader +
				`"; Action lost "x"; Resource differs`,
			`statement 2 ("a") added`}},
		{"many", one(`"Action":"a"`), one(`"Action":["a1","a2","a3","a4","a5","a6","a7\u001b"]`), []string{
			`statement 1 changed: Action gained "a1", "a2", "a3", "a4", "a5" and 2 more; Action lost "a"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range policy.Diff(mustParse(t, tt.a), mustParse(t, tt.b), ledgerContext) {
				got = append(got, c.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func ExampleDiff() {
	written, _ := policy.Parse(`{"Statement":[{"Sid":"Ledger users","Effect":"Allow",
		"Principal":{"AWS":"arn:aws:iam::111122223333:role/reports"},"Action":"kms:Decrypt","Resource":"*"}]}`)
	stored, _ := policy.Parse(`{"Statement":[{"Sid":"Ledger users","Effect":"Allow",
		"Principal":{"AWS":"AROAEXAMPLEROLEID123"},"Action":"kms:Decrypt","Resource":"*"}]}`)
	for _, c := range policy.Diff(written, stored, policy.Context{Partition: "aws"}) {
		fmt.Println(c.Kind, c.Statement, c.Sid)
		fmt.Println(strings.Join(c.Details, "\n"))
	}
	// Output:
	// changed 1 Ledger users
	// Principal gained "AROAEXAMPLEROLEID123"
	// Principal lost "arn:aws:iam::111122223333:role/reports"
}
