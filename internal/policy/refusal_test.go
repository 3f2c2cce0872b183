package policy_test

import (
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func mustCaller(t *testing.T, arn string) policy.Caller {
	t.Helper()
	c, err := policy.NewCaller(arn, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func one1(p *policy.Policy) []*policy.Policy { return []*policy.Policy{p} }

const (
	alice    = "arn:aws:iam::111122223333:user/team/alice"
	readerS1 = "arn:aws:sts::111122223333:assumed-role/ledger-reader/s1"
	external = "arn:aws:sts::444455556666:assumed-role/ext/s1"
)

// TestRefusal has the words of every kind of denial, as clients look for them.
func TestRefusal(t *testing.T) {
	t.Parallel()
	delegation := mustParse(t, policy.Default("aws", account))
	named := mustParse(t, one(``))
	everybody := mustParse(t, one(`"Principal":"*"`))
	denying := mustParse(t, one(`"Effect":"Deny","Principal":"*"`))
	all, other := mustIdentity(t, "*"), mustIdentity(t, "s3:*")
	denyAll, err := policy.ParseIdentity(`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := policy.ParseTrust(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + writer +
		`"},"Action":"sts:AssumeRole"}}`)
	if err != nil {
		t.Fatal(err)
	}
	const who = "User: " + readerS1 + " is not authorized to perform: kms:Decrypt "
	const on = who + "on resource: " + keyARN + " "
	const hidden = "User: " + external + " is not authorized to perform: kms:Decrypt on this resource because the " +
		"resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy " +
		"explicitly denies access"
	ledger := "arn:aws:qldb:eu-west-2:111122223333:ledger/orders"
	for name, c := range map[string]struct {
		caller   string // readerS1 if ""
		action   string // kms:Decrypt if ""
		resource string // the key if ""
		policies policy.Policies
		want     string
	}{
		"no key policy": {want: on + "because no resource-based policy allows the kms:Decrypt action"},
		"key policy allows others": {policies: policy.Policies{Key: mustParse(t, one(`"Action":"kms:Encrypt"`)),
			Identity: one1(all)}, want: on + "because no resource-based policy allows the kms:Decrypt action"},
		"delegated": {policies: policy.Policies{Key: delegation, Identity: one1(other)},
			want: on + "because no identity-based policy allows the kms:Decrypt action"},
		"boundary": {policies: policy.Policies{Key: named, Boundary: other},
			want: on + "because no permissions boundary allows the kms:Decrypt action"},
		"session": {policies: policy.Policies{Key: named, Session: one1(other)},
			want: on + "because no session policy allows the kms:Decrypt action"},
		"organisation": {policies: policy.Policies{Key: named, ServiceControl: []*policy.Policy{all, other}},
			want: on + "because no service control policy allows the kms:Decrypt action"},
		"identity before boundary": {policies: policy.Policies{Key: delegation, Boundary: other, Session: one1(other)},
			want: on + "because no identity-based policy allows the kms:Decrypt action"},
		"denied by key policy": {policies: policy.Policies{Key: denying, Identity: one1(denyAll)},
			want: on + "with an explicit deny in a resource-based policy"},
		"denied by identity policy": {policies: policy.Policies{Key: named, Identity: []*policy.Policy{all, denyAll}},
			want: on + "with an explicit deny in an identity-based policy"},
		"denied by boundary": {policies: policy.Policies{Key: named, Boundary: denyAll},
			want: on + "with an explicit deny in a permissions boundary"},
		"denied by session policy": {policies: policy.Policies{Key: named, Session: one1(denyAll)},
			want: on + "with an explicit deny in a session policy"},
		"denied by organisation": {policies: policy.Policies{Key: named, ServiceControl: one1(denyAll)},
			want: on + "with an explicit deny in a service control policy"},
		"foreign, key policy does not allow": {caller: external, policies: policy.Policies{Key: named,
			Identity: one1(all)}, want: hidden},
		"foreign, key policy denies": {caller: external, policies: policy.Policies{Key: denying, Identity: one1(all)},
			want: hidden},
		"foreign, own account does not allow": {caller: external, policies: policy.Policies{Key: everybody},
			want: "User: " + external + " is not authorized to perform: kms:Decrypt on resource: " + keyARN +
				" because no identity-based policy allows the kms:Decrypt action"},
		"foreign, own account denies": {caller: external, policies: policy.Policies{Key: everybody,
			Identity: one1(denyAll)}, want: "User: " + external + " is not authorized to perform: kms:Decrypt on " +
			"resource: " + keyARN + " with an explicit deny in an identity-based policy"},
		"foreign, action not across accounts": {caller: external, action: "kms:PutKeyPolicy",
			policies: policy.Policies{Key: mustParse(t, one(`"Principal":"*","Action":"*"`)), Identity: one1(all)},
			want: "User: " + external + " is not authorized to perform: kms:PutKeyPolicy on this resource because the " +
				"resource does not exist in this Region, no resource-based policies allow access, or a resource-based " +
				"policy explicitly denies access"},
		"on no resource": {action: "kms:CreateKey", resource: "*", policies: policy.Policies{Identity: one1(other)},
			want: "User: " + readerS1 + " is not authorized to perform: kms:CreateKey on resource: * because no " +
				"identity-based policy allows the kms:CreateKey action"},
		"ReEncrypt by the name of its action": {action: "kms:ReEncryptTo", want: "User: " + readerS1 +
			" is not authorized to perform: kms:ReEncryptTo on resource: " + keyARN +
			" because no resource-based policy allows the kms:ReEncryptTo action"},
		"ledger": {caller: alice, action: "qldb:SendCommand", resource: ledger, policies: policy.Policies{
			Identity: one1(other)}, want: "User: " + alice + " is not authorized to perform: qldb:SendCommand on " +
			"resource: " + ledger + " because no identity-based policy allows the qldb:SendCommand action"},
		"trust": {action: "sts:AssumeRole", resource: writer, policies: policy.Policies{Trust: trust,
			Identity: one1(all)}, want: "User: " + readerS1 + " is not authorized to perform: sts:AssumeRole on " +
			"resource: " + writer + " because no role trust policy allows the sts:AssumeRole action"},
		"trust from another account": {caller: external, action: "sts:AssumeRole", resource: writer,
			policies: policy.Policies{Trust: trust}, want: "User: " + external + " is not authorized to perform: " +
				"sts:AssumeRole on resource: " + writer + " because no role trust policy allows the sts:AssumeRole action"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: mustCaller(t, or(c.caller, readerS1)), Action: or(c.action, "kms:Decrypt"),
				Resource: or(c.resource, keyARN), Policies: c.policies}
			d := policy.Decide(r)
			if d.Allowed {
				t.Fatalf("allowed: %+v", d)
			}
			if got := policy.Refusal(r, d); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			verdictOf(t, r, false)
		})
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func TestRefusalNamesServicesAndNobody(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		caller policy.Caller
		want   string
	}{
		{policy.NewService("qldb.amazonaws.com"), "User: qldb.amazonaws.com is not"},
		{policy.Caller{Kind: policy.Anonymous}, "User: anonymous is not"},
		{mustCaller(t, reader), "User: " + reader + " is not"},
	} {
		r := policy.Request{Caller: c.caller, Action: "kms:Decrypt", Resource: keyARN}
		got := policy.Refusal(r, policy.Decide(r))
		if len(got) < len(c.want) || got[:len(c.want)] != c.want {
			t.Errorf("got %s, want %s...", got, c.want)
		}
	}
}
