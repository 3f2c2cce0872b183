package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func withPrincipal(element string) string {
	return `{"Statement":{"Sid":"s","Effect":"Allow",` + element + `,"Action":"kms:*","Resource":"*"}}`
}

func TestPrincipalsAccepted(t *testing.T) {
	t.Parallel()
	for _, element := range []string{
		`"Principal":"*"`,
		`"NotPrincipal":"*"`,
		`"Principal":{"AWS":"*"}`,
		`"Principal":{"AWS":"111122223333"}`,
		`"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`,
		`"Principal":{"AWS":"arn:aws-us-gov:iam::111122223333:role/a/path/name"}`,
		`"Principal":{"AWS":"arn:aws-cn:iam::111122223333:user/alice"}`,
		`"Principal":{"AWS":"arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/ServiceRoleX"}`,
		`"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/ledger-admin/ci@example.com"}`,
		`"Principal":{"AWS":"arn:aws:sts::111122223333:federated-user/bob"}`,
		`"Principal":{"AWS":"AROAEXAMPLEROLEID123"}`,
		`"Principal":{"AWS":["AIDAEXAMPLEUSERID123","111122223333"]}`,
		`"Principal":{"Service":"qldb.amazonaws.com"}`,
		`"Principal":{"Service":"logs.eu-west-2.amazonaws.com.cn"}`,
		`"Principal":{"Federated":"cognito-identity.amazonaws.com"}`,
		`"Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/x"}`,
		`"Principal":{"CanonicalUser":"` + strings.Repeat("0a", 32) + `"}`,
	} {
		if _, err := policy.Parse(withPrincipal(element)); err != nil {
			t.Errorf("%s: %v", element, err)
		}
	}
}

func TestPrincipalsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ element, value, reason string }{
		{`"Principal":¦"arn:aws:iam::111122223333:root"`, root, `it is "*" or an object`},
		{`"Principal":¦{}`, "", "it names nobody"},
		{`"Principal":{"AWS":¦[]}`, "", "it is empty"},
		{`"Principal":{"AWS":¦""}`, "", "it is empty"},
		{`"Principal":{"AWS":["*",¦"arn:aws:iam::111122223333:group/admins"]}`,
			"arn:aws:iam::111122223333:group/admins", "an IAM group is not a principal"},
		{`"Principal":{"AWS":¦"arn:aws:iam::*:root"}`, "arn:aws:iam::*:root", "the only wildcard"},
		{`"Principal":{"AWS":¦"arn:aws:iam::111122223333:role/*"}`,
			"arn:aws:iam::111122223333:role/*", "the only wildcard"},
		{`"NotPrincipal":{"AWS":¦"arn:aws:iam::111122223333:role/ledger-?"}`,
			"arn:aws:iam::111122223333:role/ledger-?", "the only wildcard"},
		{`"Principal":{"AWS":¦"arn:aws:sts::111122223333:assumed-role/x"}`,
			"arn:aws:sts::111122223333:assumed-role/x", "the ARN of a session is assumed-role/ROLE/SESSION"},
		{`"Principal":{"AWS":¦"arn:aws::111122223333:role/x"}`, "arn:aws::111122223333:role/x", "it is not an ARN"},
		{`"Principal":{"AWS":¦"arn:aws:iam:eu-west-2:111122223333:root"}`,
			"arn:aws:iam:eu-west-2:111122223333:root", "the ARN of an identity has no Region"},
		{`"Principal":{"AWS":¦"arn:amazon:iam::111122223333:root"}`, "arn:amazon:iam::111122223333:root",
			"it is not an ARN"},
		{`"Principal":{"AWS":¦"arn:aws:iam::11112222333:root"}`, "arn:aws:iam::11112222333:root",
			"the account in the ARN is not 12 digits"},
		{`"Principal":{"AWS":¦"arn:aws:iam::111122223333:root/x"}`, "arn:aws:iam::111122223333:root/x",
			"it is not the ARN of"},
		{`"Principal":{"AWS":¦"arn:aws:iam::111122223333:role/"}`, "arn:aws:iam::111122223333:role/",
			"it is not the ARN of"},
		{`"Principal":{"AWS":¦"arn:aws:kms:::key/x"}`, "arn:aws:kms:::key/x", "the account in the ARN"},
		{`"Principal":{"AWS":¦"11112222333"}`, "11112222333", "it is neither"},
		{`"Principal":{"AWS":¦"AGPAEXAMPLEGROUPID12"}`, "AGPAEXAMPLEGROUPID12", "it is neither"},
		{`"Principal":{"AWS":¦"qldb.amazonaws.com"}`, "qldb.amazonaws.com", "it is neither"},
		{`"Principal":{"Service":¦"qldb"}`, "qldb", "a service principal looks like"},
		{`"Principal":{"Service":¦"*"}`, "*", "the only wildcard"},
		{`"Principal":{"Federated":¦"111122223333"}`, "111122223333", "a federated principal is"},
		{`"Principal":{"CanonicalUser":¦"1111"}`, "1111", "a canonical user id is"},
	} {
		t.Run(tt.element, func(t *testing.T) {
			t.Parallel()
			before, after, _ := strings.Cut(withPrincipal(tt.element), "¦")
			_, err := policy.Parse(before + after)
			var got *policy.PrincipalError
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want a PrincipalError", err)
			}
			if got.Statement != 1 || got.Sid != "s" || got.Value != tt.value || got.Offset != len(before) ||
				!strings.HasPrefix(got.Reason, tt.reason) {
				t.Errorf("got %+v, want value %q at %d: %s", *got, tt.value, len(before), tt.reason)
			}
		})
	}
}

// Grammar is looked at in the whole text before any principal.
func TestGrammarBeforePrincipals(t *testing.T) {
	t.Parallel()
	_, err := policy.Parse(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"x"}},{"Effect":"Allow"}]}`)
	var got *policy.SyntaxError
	if !errors.As(err, &got) {
		t.Errorf("got %v, want a SyntaxError", err)
	}
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	p := mustParse(t, `{"Statement":[
		{"Effect":"Allow","Principal":{"Service":"qldb.amazonaws.com","AWS":["*","`+reader+`","111122223333"]}},
		{"Effect":"Deny","NotPrincipal":{"AWS":"`+reader+`"}},
		{"Effect":"Deny","Principal":"*"}]}`)
	type named struct {
		Value     string
		Statement int
	}
	var got []named
	for _, principal := range p.Principals() {
		got = append(got, named{principal.Value, principal.Statement})
	}
	want := []named{{reader, 0}, {account, 0}, {reader, 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
