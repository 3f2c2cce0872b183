package policy

import "cmp"

// Refusal words the denial d of r as AWS does, the text of its AccessDeniedException. d must not allow.
//
// A foreign key's policy is not told: the text is then the one for a key that may not exist.
//
// Source: IAM User Guide, "Troubleshoot access denied error messages".
func Refusal(r Request, d Decision) string {
	who := cmp.Or(r.Caller.ARN, r.Caller.RoleARN, "anonymous")
	text := "User: " + who + " is not authorized to perform: " + r.Action
	if d.hidden(r.setting().resourceKind) {
		return text + " on this resource because the resource does not exist in this Region, no resource-based " +
			"policies allow access, or a resource-based policy explicitly denies access"
	}
	if r.Resource != "" {
		text += " on resource: " + r.Resource
	}
	if d.Reason == ExplicitDeny {
		return text + " with an explicit deny in " + aPolicy[d.deniedBy()]
	}
	return text + " because no " + d.missing(r.setting().resourceKind) + " the " + r.Action + " action"
}

// aPolicy is what the service calls the policy that an explicit denial is in.
var aPolicy = map[PolicyKind]string{
	KeyPolicy:            "a resource-based policy",
	TrustPolicy:          "a resource-based policy",
	IdentityPolicy:       "an identity-based policy",
	PermissionsBoundary:  "a permissions boundary",
	SessionPolicy:        "a session policy",
	ServiceControlPolicy: "a service control policy",
}

// hidden tells whether the reason lies with the policy of a resource in another account.
func (d *Decision) hidden(resourceKind PolicyKind) bool {
	if !d.CrossAccount || resourceKind == TrustPolicy {
		return false
	}
	switch d.Reason {
	case NotAcrossAccounts, NoResourcePolicy:
		return true
	case ExplicitDeny:
		return d.deniedBy() == KeyPolicy
	}
	return false
}

func (d *Decision) deniedBy() PolicyKind {
	if len(d.Statements) == 0 {
		return KeyPolicy
	}
	return d.Statements[0].Kind
}

// missing says which policies could have allowed, for the text of an implicit denial.
func (d *Decision) missing(resourceKind PolicyKind) string {
	switch d.Reason {
	case NoIdentityPolicy:
		return "identity-based policy allows"
	case NoBoundary:
		return "permissions boundary allows"
	case NoSessionPolicy:
		return "session policy allows"
	case NoServiceControl:
		return "service control policy allows"
	}
	if resourceKind == TrustPolicy {
		return "role trust policy allows"
	}
	return "resource-based policy allows"
}
