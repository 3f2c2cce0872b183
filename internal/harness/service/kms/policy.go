package kms

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

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

// policyOf is the policy of k as it is now: a principal that is gone stands there by its unique id.
//
// Source: IAM User Guide, "AWS JSON policy elements: Principal".
func (t *txn) policyOf(k *key) (string, error) {
	if len(k.PolicyIDs) == 0 {
		return k.Policy, nil
	}
	text, err := t.s.cfg.Authority.Rename(t.ctx, k.Policy, k.PolicyIDs)
	if err != nil {
		return "", fmt.Errorf("policy of %s: %w", k.arn(), err)
	}
	return text, nil
}

// checkPolicy refuses a policy that is too large, is none, names who does not exist, or locks the caller out. r is the
// caller's request on the key that is to have it. kept is the policy as KMS keeps and shows it: an account by the ARN
// of its root, nobody twice in a list. ids are those of the users and roles it names.
//
// Source: KMS API reference, PutKeyPolicy; KMS Developer Guide, "Creating a key policy"; IAM User Guide, "AWS JSON
// policy elements: Principal"; hashicorp/terraform-provider-aws, issue 30232, for what is named twice.
func (s *Service) checkPolicy(
	ctx context.Context, r policy.Request, text string, bypassLockout bool,
) (kept string, ids map[string]string, err error) {
	p, err := policy.Parse(text)
	if err != nil {
		return "", nil, policyFault(err)
	}
	var names []string
	roots := map[string]string{}
	for _, who := range p.Principals() {
		names = append(names, who.Value)
		if account := strings.TrimSpace(who.Value); accountForm.MatchString(account) {
			roots[who.Value] = "arn:" + strings.SplitN(r.Resource, ":", 3)[1] + ":iam::" + account + ":root"
		}
	}
	ids, missing, err := s.cfg.Authority.Bind(ctx, names)
	switch {
	case err != nil:
		return "", nil, err
	case len(missing) > 0:
		return "", nil, errInvalidPrincipals()
	case !policy.LockOut(p, r, bypassLockout).Allowed:
		return "", nil, errMalformedPolicy(
			"The new key policy will not allow you to update the key policy in the future.")
	}
	kept, err = policy.Substitute(p, text, roots)
	return kept, ids, err
}

var accountForm = regexp.MustCompile(`^\d{12}$`)

// policyFault words what policy.Parse says.
func policyFault(err error) error {
	var syntax *policy.SyntaxError
	var principal *policy.PrincipalError
	switch {
	case errors.Is(err, policy.ErrTooLarge):
		return errLimit("The new key policy is larger than %d bytes.", policy.MaxBytes)
	case errors.Is(err, policy.ErrOverlyPermissive) && errors.As(err, &syntax):
		return errMalformedPolicy("%s", syntax.Msg)
	case errors.As(err, &principal):
		return errInvalidPrincipals()
	}
	return errMalformedPolicy("Policy document is malformed: %v", err)
}

func errInvalidPrincipals() error {
	return errMalformedPolicy("Policy contains a statement with one or more invalid principals.")
}
