package kms

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// defaultPolicy is what a key gets that is created without one.
func defaultPolicy(partition, account string) string { return policy.Default(partition, account) }

// checkPolicy refuses a policy that is too large, is none, or locks the caller out.
func checkPolicy(c *wire.Call, text string, bypassLockout bool) error {
	p, err := policy.Parse(text)
	var syntax *policy.SyntaxError
	var principal *policy.PrincipalError
	switch {
	case errors.Is(err, policy.ErrTooLarge):
		return errLimit("The new key policy is larger than %d bytes.", policy.MaxBytes)
	case errors.Is(err, policy.ErrOverlyPermissive) && errors.As(err, &syntax):
		return errMalformedPolicy("%s", syntax.Msg)
	case errors.As(err, &principal):
		return errMalformedPolicy("Policy contains a statement with one or more invalid principals.")
	case err != nil:
		return errMalformedPolicy("Policy document is malformed: %v", err)
	case !bypassLockout && !administers(p, c):
		return errMalformedPolicy("The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

// administers says that some Allow statement of p names the caller, its account or everybody for kms:PutKeyPolicy.
// It is the sound half of the service's lockout check, which decides as if the caller made that request: what it
// refuses, the service refuses, but it overlooks a Deny or a Condition that locks out.
//
// Source: KMS API reference, PutKeyPolicy, BypassPolicyLockoutSafetyCheck.
func administers(p *policy.Policy, c *wire.Call) bool {
	root := fmt.Sprintf("arn:%s:iam::%s:root", c.Partition, c.Caller.Account)
	return slices.ContainsFunc(p.Statements, func(s policy.Statement) bool {
		names := func(who policy.Principal) bool {
			return who.Type == policy.AWS &&
				(who.Value == "*" || who.Value == c.Caller.Account || who.Value == root || who.Value == c.Caller.ARN)
		}
		named := slices.ContainsFunc(s.Principal.List, names) != s.Principal.Not
		return s.Effect == policy.Allow && named && coversAction(s.Action, "kms:PutKeyPolicy")
	})
}

// coversAction says that a statement with this Action or NotAction element is about action.
func coversAction(e policy.ListElement, action string) bool {
	matches := func(v policy.Value) bool {
		if strings.ContainsAny(v.Text, `[\`) {
			return false // not wildcards in a policy, but in a path
		}
		matched, err := path.Match(strings.ToLower(v.Text), strings.ToLower(action))
		return err == nil && matched
	}
	return e.Present && slices.ContainsFunc(e.List, matches) != e.Not
}
