package policy

import "maps"

// LockOutProbe is the request that the lock-out safety check of KMS decides: whether the caller of r, with the
// policies r has for it and from where it calls, could make a later PutKeyPolicy once next is the key's policy. Grants
// do not count. The action of r does not matter, its resource is the key.
func LockOutProbe(next *Policy, r Request) Request {
	probe := r
	probe.Action = "kms:PutKeyPolicy"
	probe.Policies.Key = next
	probe.Grants = nil
	probe.Context = make(RequestContext, len(r.Context)+1)
	maps.Copy(probe.Context, r.Context)
	for name := range r.Context {
		if fold(name) == "kms:bypasspolicylockoutsafetycheck" {
			delete(probe.Context, name)
		}
	}
	probe.Context["kms:BypassPolicyLockoutSafetyCheck"] = []string{"false"}
	return probe
}

// LockOut decides the lock-out safety check for a request that gives a key the policy next: CreateKey with a policy,
// PutKeyPolicy, ReplicateKey. CreateKey without a policy has no such check. If the decision is a denial, the service
// refuses with MalformedPolicyDocumentException, "The new key policy will not allow you to update the key policy in
// the future.".
//
// Source: KMS API reference, PutKeyPolicy, BypassPolicyLockoutSafetyCheck.
func LockOut(next *Policy, r Request, bypass bool) Decision {
	if bypass {
		return Decision{Allowed: true, Reason: ByBypass}
	}
	return Decide(LockOutProbe(next, r))
}
