package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

const viaLedger = "qldb.eu-west-2.amazonaws.com"

// keyOf is a key policy of statements in the notation of testdata/evaluation.txt.
func keyOf(t *testing.T, statements ...string) policy.Policies {
	t.Helper()
	return policy.Policies{Key: policyOf(t, statements, nil)}
}

func TestCan(t *testing.T) {
	t.Parallel()
	identityUnknown := policy.Assumptions{Unknown: []policy.PolicyKind{policy.IdentityPolicy}}
	key := func(index int, sid string) policy.Deciding {
		return policy.Deciding{Kind: policy.KeyPolicy, Index: index, Sid: sid, Effect: policy.Allow}
	}
	deny := func(index int) policy.Deciding {
		return policy.Deciding{Kind: policy.KeyPolicy, Index: index, Effect: policy.Deny}
	}
	for name, c := range map[string]struct {
		request policy.Request // caller s(ledger-reader/s1), kms:Decrypt on the key if not given
		assume  policy.Assumptions
		want    policy.Answer
	}{
		"reader through QLDB": {
			request: policy.Request{Policies: policy.Policies{Key: mustParse(t, ledgerPolicy)},
				Context: policy.RequestContext{"kms:ViaService": {viaLedger}}},
			assume: identityUnknown,
			want: policy.Answer{Verdict: policy.Always, Reason: policy.ByResourcePolicy,
				Statements: []policy.Deciding{key(0, "Account delegation"), key(2, "Ledger users")}},
		},
		"reader, who knows how": {
			request: policy.Request{Policies: policy.Policies{Key: mustParse(t, ledgerPolicy)}},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"kms:ViaService"},
				Allowed: &policy.Witness{Context: policy.RequestContext{"kms:ViaService": {viaLedger}}},
				Denied:  &policy.Witness{Context: policy.RequestContext{"kms:ViaService": nil}}},
		},
		"somebody else, whose identity policies are not known": {
			request: policy.Request{Caller: callerOf(t, "s(other/s1)"),
				Policies: policy.Policies{Key: mustParse(t, ledgerPolicy)}},
			assume: identityUnknown,
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"identity policy"},
				Allowed: &policy.Witness{Policies: map[policy.PolicyKind]bool{policy.IdentityPolicy: true}},
				Denied:  &policy.Witness{Policies: map[policy.PolicyKind]bool{policy.IdentityPolicy: false}}},
		},
		"somebody else, without identity policies": {
			request: policy.Request{Caller: callerOf(t, "s(other/s1)"),
				Policies: policy.Policies{Key: mustParse(t, ledgerPolicy)}},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.NoIdentityPolicy},
		},
		"boundary and session policy not known": {
			request: policy.Request{Policies: keyOf(t, "Allow r(ledger-reader) kms:Decrypt")},
			assume: policy.Assumptions{Unknown: []policy.PolicyKind{policy.SessionPolicy, policy.PermissionsBoundary,
				policy.ServiceControlPolicy}},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"service control policy"},
				Allowed: &policy.Witness{Policies: map[policy.PolicyKind]bool{policy.SessionPolicy: true,
					policy.PermissionsBoundary: true, policy.ServiceControlPolicy: true}},
				Denied: &policy.Witness{Policies: map[policy.PolicyKind]bool{policy.SessionPolicy: true,
					policy.PermissionsBoundary: true, policy.ServiceControlPolicy: false}}},
		},
		"QLDB of another Region": {
			request: policy.Request{Policies: keyOf(t,
				"Allow r(ledger-reader) kms:Decrypt if StringEquals kms:ViaService qldb.us-east-1.amazonaws.com",
				"Allow r(ledger-reader) kms:Decrypt if StringEquals kms:CallerAccount B")},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.NoResourcePolicy,
				Unmet: []policy.Deciding{key(0, ""), key(1, "")}},
		},
		"two accounts at once": {
			request: policy.Request{Policies: keyOf(t,
				"Allow * kms:Decrypt if StringEquals kms:CallerAccount A and StringEquals aws:PrincipalAccount B")},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.NoResourcePolicy,
				Unmet: []policy.Deciding{key(0, "")}},
		},
		"encryption context of an action without one": {
			request: policy.Request{Action: "kms:DescribeKey", Policies: keyOf(t,
				"Allow r(ledger-reader) kms:DescribeKey if StringEquals kms:EncryptionContext:a 1")},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.NoResourcePolicy,
				Unmet: []policy.Deciding{key(0, "")}},
		},
		"grants for AWS resources forbidden": {
			request: policy.Request{Action: "kms:CreateGrant", Context: policy.RequestContext{
				"kms:GrantIsForAWSResource": {"true"}},
				Policies: keyOf(t, "Allow r(ledger-reader) kms:*",
					"Deny * kms:CreateGrant if Bool kms:GrantIsForAWSResource true")},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.ExplicitDeny,
				Statements: []policy.Deciding{deny(1)}},
		},
		"a grant for an AWS resource comes through a service": {
			request: policy.Request{Action: "kms:CreateGrant", Context: policy.RequestContext{
				"kms:GrantIsForAWSResource": {"true"}},
				Policies: keyOf(t, "Allow r(ledger-reader) kms:*", "Deny * kms:* if Null kms:ViaService true")},
			want: policy.Answer{Verdict: policy.Always, Reason: policy.ByResourcePolicy,
				Statements: []policy.Deciding{key(0, "")}},
		},
		"and so it is through AWS": {
			request: policy.Request{Context: policy.RequestContext{"kms:ViaService": {viaLedger}},
				Policies: keyOf(t, "Allow r(ledger-reader) kms:*", "Deny * kms:* if Bool aws:ViaAWSService false")},
			want: policy.Answer{Verdict: policy.Always, Reason: policy.ByResourcePolicy,
				Statements: []policy.Deciding{key(0, "")}},
		},
		"a Deny by organisation": {
			request: policy.Request{Policies: keyOf(t, "Allow r(ledger-reader) kms:*",
				"Deny * kms:* if StringNotEquals aws:PrincipalOrgID o-1")},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"aws:PrincipalOrgID"},
				Allowed: &policy.Witness{Context: policy.RequestContext{"aws:PrincipalOrgID": {"o-1"}}},
				Denied:  &policy.Witness{Context: policy.RequestContext{"aws:PrincipalOrgID": nil}}},
		},
		"outside an organisation": {
			request: policy.Request{Context: policy.RequestContext{"aws:PrincipalOrgID": {}},
				Policies: keyOf(t, "Allow r(ledger-reader) kms:*",
					"Deny * kms:* if StringNotEquals aws:PrincipalOrgID o-1")},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.ExplicitDeny,
				Statements: []policy.Deciding{deny(1)}},
		},
		"one condition or its opposite": {
			request: policy.Request{Policies: keyOf(t,
				"Allow r(ledger-reader) kms:* if StringLike kms:EncryptionContext:a x*",
				"Allow r(ledger-reader) kms:* if StringNotLike kms:EncryptionContext:a x*")},
			want: policy.Answer{Verdict: policy.Always, Reason: policy.ByResourcePolicy,
				Statements: []policy.Deciding{key(0, ""), key(1, "")}},
		},
		"what roles and users' calls never have": {
			request: policy.Request{Policies: keyOf(t, "Allow * kms:* if StringEquals aws:username alice",
				"Allow * kms:* if ArnLike aws:SourceArn arn:aws:qldb:*:*:*", "Allow * kms:* if Null aws:username false")},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.NoResourcePolicy,
				Unmet: []policy.Deciding{key(0, ""), key(1, ""), key(2, "")}},
		},
		"a service's own call has a source, and no principal": {
			request: policy.Request{Caller: policy.NewService("qldb.amazonaws.com"), Policies: keyOf(t,
				"Allow * kms:* if StringLike aws:PrincipalArn *",
				"Allow service(qldb.amazonaws.com) kms:* if StringEquals aws:SourceAccount A")},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"aws:SourceAccount"},
				Unmet:   []policy.Deciding{key(0, "")},
				Allowed: &policy.Witness{Context: policy.RequestContext{"aws:SourceAccount": {account}}},
				Denied:  &policy.Witness{Context: policy.RequestContext{"aws:SourceAccount": nil}}},
		},
		"a key that does not matter": {
			request: policy.Request{Policies: keyOf(t, "Allow * kms:* if StringEquals own:B 1",
				"Allow * kms:* if StringEquals own:A 1 and StringEquals own:B 1")},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"own:B"},
				Allowed: &policy.Witness{Context: policy.RequestContext{"own:B": {"1"}}},
				Denied:  &policy.Witness{Context: policy.RequestContext{"own:B": nil}}},
		},
		"gaps between numbers": {
			request: policy.Request{Action: "kms:ScheduleKeyDeletion", Policies: keyOf(t,
				"Allow r(ledger-reader) kms:* if NumericLessThan kms:ScheduleKeyDeletionPendingWindowInDays 8 and "+
					"NumericGreaterThan kms:ScheduleKeyDeletionPendingWindowInDays 8")},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.NoResourcePolicy,
				Unmet: []policy.Deciding{key(0, "")}},
		},
		"two conditions": {
			request: policy.Request{Policies: keyOf(t, "Allow r(ledger-reader) kms:* if StringEquals own:A 1 and "+
				"NumericGreaterThanEquals own:B 7", "Deny * kms:* if StringEquals own:C 1")},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"own:A"},
				Allowed: &policy.Witness{Context: policy.RequestContext{"own:A": {"1"}, "own:B": {"7"}, "own:C": nil}},
				Denied:  &policy.Witness{Context: policy.RequestContext{"own:A": nil, "own:B": {"7"}, "own:C": nil}}},
		},
		"a variable nobody knows": {
			request: policy.Request{Policies: keyOf(t,
				"Allow r(ledger-reader) kms:* if StringEquals own:A ${own:B}")},
			want: policy.Answer{Verdict: policy.Depends, Denied: &policy.Witness{Context: policy.RequestContext{"own:A": nil}},
				Doubts: []string{"the value of a policy variable in statement 1 of the key policy"}},
		},
		"a variable nobody knows, of a known key": {
			request: policy.Request{Context: policy.RequestContext{"own:A": {"1"}}, Policies: keyOf(t,
				"Allow r(ledger-reader) kms:* if StringEquals own:A ${own:B}")},
			want: policy.Answer{Verdict: policy.Depends,
				Doubts: []string{"the value of a policy variable in statement 1 of the key policy"}},
		},
		"one key read in two ways": {
			request: policy.Request{Policies: keyOf(t,
				"Allow r(ledger-reader) kms:* if StringLike own:A 1* and NumericLessThan own:A 5")},
			want: policy.Answer{Verdict: policy.Depends, Denied: &policy.Witness{Context: policy.RequestContext{"own:A": nil}},
				Doubts: []string{"too many or too different conditions on own:A"}},
		},
		"through a service that is not AWS": {
			request: policy.Request{Context: policy.RequestContext{"aws:ViaAWSService": {"false"}},
				Policies: keyOf(t, "Allow r(ledger-reader) kms:* if StringEquals kms:ViaService "+viaLedger)},
			want: policy.Answer{Verdict: policy.Never, Reason: policy.NoResourcePolicy},
		},
		"a contradiction": {
			request: policy.Request{Action: "kms:CreateGrant", Context: policy.RequestContext{
				"aws:ViaAWSService": {"false"}, "kms:GrantIsForAWSResource": {"true"}},
				Policies: keyOf(t, "Allow r(ledger-reader) kms:* if StringEquals kms:ViaService "+viaLedger)},
			want: policy.Answer{Verdict: policy.Depends,
				Doubts: []string{"what is assumed contradicts itself: there is no such request"}},
		},
		"only a set of two values": {
			request: policy.Request{Action: "kms:CreateGrant", Policies: keyOf(t,
				"Allow * kms:* if ForAnyValue:StringEquals kms:GrantOperations Decrypt",
				"Deny * kms:* if ForAllValues:StringEquals kms:GrantOperations Decrypt")},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"kms:GrantOperations"},
				Allowed: &policy.Witness{Context: policy.RequestContext{"kms:GrantOperations": {"x", "Decrypt"}}},
				Denied:  &policy.Witness{Context: policy.RequestContext{"kms:GrantOperations": nil}}},
		},
		"a set of a key nobody knows": {
			request: policy.Request{Policies: keyOf(t, "Allow * kms:* if ForAnyValue:StringEquals own:Tags a",
				"Deny * kms:* if ForAllValues:StringEquals own:Tags a")},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"own:Tags"},
				Allowed: &policy.Witness{Context: policy.RequestContext{"own:Tags": {"x", "a"}}},
				Denied:  &policy.Witness{Context: policy.RequestContext{"own:Tags": nil}}},
		},
		"grant": {
			request: policy.Request{Grants: []policy.Grant{{Grantee: reader, Operations: []string{"Decrypt"},
				EncryptionContextSubset: map[string]string{"a": "1"}}}},
			want: policy.Answer{Verdict: policy.Depends, Hinges: []string{"kms:encryptioncontext:a"},
				Allowed: &policy.Witness{Context: policy.RequestContext{"kms:encryptioncontext:a": {"1"}}},
				Denied:  &policy.Witness{Context: policy.RequestContext{"kms:encryptioncontext:a": nil}}},
		},
		"another account may never administer": {
			request: policy.Request{Caller: callerOf(t, "s(B:ext/s1)"), Action: "kms:PutKeyPolicy",
				Policies: keyOf(t, "Allow * kms:*")},
			assume: identityUnknown,
			want:   policy.Answer{Verdict: policy.Never, Reason: policy.NotAcrossAccounts},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.request
			if r.Caller.Kind == "" {
				r.Caller = callerOf(t, "s(ledger-reader/s1)")
			}
			r.Action, r.Resource = or(r.Action, "kms:Decrypt"), keyARN
			if diff := cmp.Diff(c.want, policy.Can(r, c.assume), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// belowMapped are the IPv6 addresses below those that stand for IPv4.
const belowMapped = "::/81|::8000:0:0/82|::c000:0:0/83|::e000:0:0/84|::f000:0:0/85|::f800:0:0/86|::fc00:0:0/87|" +
	"::fe00:0:0/88|::ff00:0:0/89|::ff80:0:0/90|::ffc0:0:0/91|::ffe0:0:0/92|::fff0:0:0/93|::fff8:0:0/94|" +
	"::fffc:0:0/95|::fffe:0:0/96"

// TestCanFindsTheOneValue: among all texts there is one, or a few, that are allowed; the analysis must try it.
func TestCanFindsTheOneValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ allow, deny, want string }{
		{"StringEqualsIgnoreCase own:A ab", "StringEquals own:A ab|Ab|aB", "AB"},
		{"StringLike own:A *:b:c:d:e:f", "ArnLike own:A *:b:c:d:e:f", "::b:c:d:e:f"},
		{"StringLike own:A ?:b:c:d:e:f", "ArnLike own:A ?:b:c:d:e:f", "::b:c:d:e:f"},
		{"StringLike own:A a*b", "StringLike own:A a?*b", "ab"},
		{"StringLike own:A a*", "StringLike own:A a?*", "a"},
		{"StringNotLike own:A ?*", "Null own:A true", ""},
		{"StringLike own:A ??", "StringNotLike own:A *a*b*", "ab"},
		{"StringLike own:A a*c", "StringNotEqualsIgnoreCase own:A AbC", "aBc"},
		{"StringLike kms:ViaService *q*", "StringLike kms:ViaService ??*.eu-west-2.amazonaws.com",
			"q.eu-west-2.amazonaws.com"},
		{"NumericGreaterThan own:A 7", "NumericGreaterThanEquals own:A 8", "7.01"},
		{"NumericLessThan own:A -7", "NumericLessThanEquals own:A -8", "-7.01"},
		{"NumericGreaterThan own:A 7.25", "NumericGreaterThanEquals own:A 7.26", "7.2501"},
		{"NumericGreaterThan own:A -1", "NumericNotEquals own:A 0", "0"},
		{"NumericGreaterThan own:A 99", "NumericLessThan own:A 99", "100"},
		{"NumericLessThan own:A 0.5", "NumericGreaterThan own:A -0.5", "-0.5"},
		{"DateGreaterThan own:A 2026", "DateGreaterThanEquals own:A 2026-01-01T00:00:01Z",
			"2026-01-01T00:00:00.000000001Z"},
		{"DateLessThan own:A 2026", "DateLessThanEquals own:A 2025-12-31T23:59:59Z", "2025-12-31T23:59:59.000000001Z"},
		{"IpAddress own:A 10.0.0.0/30", "IpAddress own:A 10.0.0.0/31|10.0.0.2", "10.0.0.3"},
		{"IpAddress own:A 0.0.0.0/0", "IpAddress own:A 0.0.0.0/1|128.0.0.0/2|192.0.0.0/3", "224.0.0.0"},
		{"IpAddress own:A 2001:db8::/127", "IpAddress own:A 2001:db8::", "2001:db8::1"},
		{"BinaryEquals own:A YQ==|Yg==", "BinaryEquals own:A YQ==", "Yg=="},
		{"Bool aws:MultiFactorAuthPresent false", "Bool own:B true", "false"},
		{"Null own:A false", "NumericLessThan own:A 5; NumericGreaterThanEquals own:A 5", "x"},
		{"Null own:A false", "DateLessThan own:A 2026; DateGreaterThanEquals own:A 2026", "x"},
		{"Null own:A false", "IpAddress own:A 0.0.0.0/0|::/0", "x"},
		{"Null own:A false", "IpAddress own:A 0.0.0.0/0|::/64", "0:0:0:1::"},
		{"Null own:A false", "IpAddress own:A 0.0.0.0/0|" + belowMapped, "::1:0:0:0"},
		{"Null own:A false", "BinaryEquals own:A YQ==", "YXg="},
	} {
		t.Run(c.allow+" "+c.deny, func(t *testing.T) {
			t.Parallel()
			statements := []string{"Allow * kms:* if " + c.allow}
			for _, condition := range strings.Split(c.deny, "; ") {
				statements = append(statements, "Deny * kms:* if "+condition)
			}
			r := policy.Request{Caller: callerOf(t, "s(ledger-reader/s1)"), Action: "kms:Decrypt", Resource: keyARN,
				Policies: keyOf(t, statements...)}
			got := policy.Can(r, policy.Assumptions{})
			if got.Verdict != policy.Depends || got.Allowed == nil {
				t.Fatalf("got %+v", got)
			}
			key, _, _ := strings.Cut(strings.TrimPrefix(c.allow, strings.Fields(c.allow)[0]+" "), " ")
			if values := got.Allowed.Context[key]; strings.Join(values, "|") != c.want {
				t.Errorf("got %q, want %q", values, c.want)
			}
			r.Context = got.Allowed.Context
			if d := policy.Decide(r); !d.Allowed {
				t.Errorf("Decide: %+v", d)
			}
		})
	}
}

// TestCanAsksNothingWhenComplete: with everything known there is nothing left to depend on.
func TestCanAsksNothingWhenComplete(t *testing.T) {
	t.Parallel()
	r := policy.Request{Caller: callerOf(t, "s(ledger-reader/s1)"), Action: "kms:Decrypt", Resource: keyARN,
		Policies: keyOf(t, "Allow r(ledger-reader) kms:* if StringEquals own:A ${own:B}",
			"Allow r(ledger-reader) kms:* if StringLike own:C 1* and NumericLessThan own:C 5")}
	r.Context = policy.RequestContext{"own:C": {"10"}}
	verdictOf(t, r, false)
	r.Context["own:C"] = []string{"1"}
	verdictOf(t, r, true)
}
