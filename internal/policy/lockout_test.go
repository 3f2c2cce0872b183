package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// TestLockOutProbe: the check asks about the new policy, without grants and without the bypass; the request it is made
// from stays as it is.
func TestLockOutProbe(t *testing.T) {
	t.Parallel()
	before, next := mustParse(t, policy.Default("aws", account)), mustParse(t, one(`"Action":"kms:Decrypt"`))
	r := policy.Request{Caller: mustCaller(t, readerS1), Action: "kms:CreateKey", Resource: keyARN,
		Policies: policy.Policies{Key: before, Identity: one1(mustIdentity(t, "kms:*"))},
		Context:  policy.RequestContext{"KMS:bypassPolicyLockoutSafetyCheck": {"true"}, "aws:SourceIp": {"192.0.2.1"}},
		Grants:   []policy.Grant{{Grantee: reader, Operations: []string{"PutKeyPolicy"}}}}
	probe := policy.LockOutProbe(next, r)
	want := policy.Request{Caller: r.Caller, Action: "kms:PutKeyPolicy", Resource: keyARN,
		Policies: policy.Policies{Key: next, Identity: r.Policies.Identity},
		Context: policy.RequestContext{"kms:BypassPolicyLockoutSafetyCheck": {"false"},
			"aws:SourceIp": {"192.0.2.1"}}}
	if diff := cmp.Diff(want, probe); diff != "" {
		t.Errorf("probe (-want +got):\n%s", diff)
	}
	if r.Policies.Key != before || len(r.Context) != 2 || len(r.Grants) != 1 {
		t.Errorf("the request was changed: %+v", r)
	}
	if d := policy.LockOut(next, r, false); d.Allowed || d.Reason != policy.NoResourcePolicy {
		t.Errorf("got %+v", d)
	}
	if d := policy.LockOut(next, r, true); !d.Allowed || d.Reason != policy.ByBypass {
		t.Errorf("bypassed: got %+v", d)
	}
}

// TestBypassForbidden: a Deny of the bypass does not deny the later PutKeyPolicy that the check is about.
func TestBypassForbidden(t *testing.T) {
	t.Parallel()
	next := policyOf(t, []string{"Allow r(ledger-reader) kms:*",
		"Deny * kms:* if Bool kms:BypassPolicyLockoutSafetyCheck true"}, nil)
	r := policy.Request{Caller: mustCaller(t, readerS1), Resource: keyARN}
	if d := policy.LockOut(next, r, false); !d.Allowed {
		t.Errorf("got %+v", d)
	}
}
