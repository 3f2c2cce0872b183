package kms

import (
	"context"
	"errors"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// defaultPolicy is what a key gets that is created without one.
func defaultPolicy(partition, account string) string { return policy.Default(partition, account) }

// parsed is the policy with that text, one of a stored key. Texts are parsed once while they are among the latest.
func (s *Service) parsed(text string) (*policy.Policy, error) {
	s.policyMu.Lock()
	defer s.policyMu.Unlock()
	if p, found := s.policies[text]; found {
		return p, nil
	}
	p, err := policy.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(s.policies) >= keptPolicies {
		clear(s.policies)
	}
	s.policies[text] = p
	return p, nil
}

// keptPolicies bounds the memory for parsed policies.
const keptPolicies = 256

// checkPolicy refuses a policy that is too large, is none, names who does not exist, or locks the caller out. r is the
// caller's request on the key that is to have it.
//
// Source: KMS API reference, PutKeyPolicy; KMS Developer Guide, "Creating a key policy".
func (s *Service) checkPolicy(ctx context.Context, r policy.Request, text string, bypassLockout bool) error {
	p, err := policy.Parse(text)
	var syntax *policy.SyntaxError
	var principal *policy.PrincipalError
	switch {
	case errors.Is(err, policy.ErrTooLarge):
		return errLimit("The new key policy is larger than %d bytes.", policy.MaxBytes)
	case errors.Is(err, policy.ErrOverlyPermissive) && errors.As(err, &syntax):
		return errMalformedPolicy("%s", syntax.Msg)
	case errors.As(err, &principal):
		return errInvalidPrincipals()
	case err != nil:
		return errMalformedPolicy("Policy document is malformed: %v", err)
	}
	var names []string
	for _, who := range p.Principals() {
		if who.Type == policy.AWS {
			names = append(names, who.Value)
		}
	}
	missing, err := s.cfg.Authority.Missing(ctx, names)
	switch {
	case err != nil:
		return err
	case len(missing) > 0:
		return errInvalidPrincipals()
	case !policy.LockOut(p, r, bypassLockout).Allowed:
		return errMalformedPolicy("The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

func errInvalidPrincipals() error {
	return errMalformedPolicy("Policy contains a statement with one or more invalid principals.")
}
