package kms

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// policyName is the only name a key policy can have.
const policyName = "default"

// PutKeyPolicyInput is the input of PutKeyPolicy.
type PutKeyPolicyInput struct {
	BypassPolicyLockoutSafetyCheck bool    `json:"BypassPolicyLockoutSafetyCheck"`
	KeyID                          *string `json:"KeyId"`
	Policy                         *string `json:"Policy"`
	PolicyName                     *string `json:"PolicyName"` // "default", which is the default
}

// PutKeyPolicy replaces the policy of a key, in every state of the key.
//
// Source: KMS API reference, PutKeyPolicy.
func (s *Service) PutKeyPolicy(ctx context.Context, c *wire.Call, in *PutKeyPolicyInput) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.optional("policyName", in.PolicyName, 1, 128)
	v.given("policy", in.Policy != nil)
	if in.Policy != nil {
		v.length("policy", *in.Policy, 1, 131072)
	}
	bypass := policy.RequestContext{
		"kms:BypassPolicyLockoutSafetyCheck": {fmt.Sprint(in.BypassPolicyLockoutSafetyCheck)},
	}
	return nil, s.change(ctx, c, &v, in.KeyID, "PutKeyPolicy", func(t *txn, k *key) error {
		if in.PolicyName != nil && *in.PolicyName != policyName {
			return errValidation("The policy name must be %s.", policyName)
		}
		r, err := t.request(k, "PutKeyPolicy")
		if err != nil {
			return err
		}
		kept, ids, err := s.checkPolicy(ctx, r, *in.Policy, in.BypassPolicyLockoutSafetyCheck)
		if err != nil {
			return err
		}
		k.Policy, k.PolicyIDs = kept, ids
		return nil
	}, bypass)
}

// GetKeyPolicyInput is the input of GetKeyPolicy.
type GetKeyPolicyInput struct {
	KeyID      *string `json:"KeyId"`
	PolicyName *string `json:"PolicyName"`
}

// GetKeyPolicyOutput is the output of GetKeyPolicy.
type GetKeyPolicyOutput struct {
	Policy     string `json:"Policy"` // as it was put, but for principals, see checkPolicy and policyOf
	PolicyName string `json:"PolicyName"`
}

// GetKeyPolicy returns the policy of a key.
//
// Source: KMS API reference, GetKeyPolicy.
func (s *Service) GetKeyPolicy(
	ctx context.Context, c *wire.Call, in *GetKeyPolicyInput,
) (*GetKeyPolicyOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.optional("policyName", in.PolicyName, 1, 128)
	out := &GetKeyPolicyOutput{PolicyName: policyName}
	return out, s.read(ctx, c, &v, in.KeyID, "GetKeyPolicy", func(t *txn, k *key) (err error) {
		if in.PolicyName != nil && *in.PolicyName != policyName {
			return wire.Faultf("NotFoundException", "No such policy exists")
		}
		out.Policy, err = t.policyOf(k)
		return err
	})
}

// ListKeyPoliciesInput is the input of ListKeyPolicies.
type ListKeyPoliciesInput struct {
	KeyID  *string `json:"KeyId"`
	Limit  *int    `json:"Limit"`
	Marker *string `json:"Marker"`
}

// ListKeyPoliciesOutput is the output of ListKeyPolicies.
type ListKeyPoliciesOutput struct {
	PolicyNames []string `json:"PolicyNames"`
	NextMarker  *string  `json:"NextMarker,omitempty"`
	Truncated   bool     `json:"Truncated"`
}

// ListKeyPolicies lists the one policy that every key has.
//
// Source: KMS API reference, ListKeyPolicies.
func (s *Service) ListKeyPolicies(
	ctx context.Context, c *wire.Call, in *ListKeyPoliciesInput,
) (*ListKeyPoliciesOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.page(in.Limit, 1000, in.Marker)
	out := &ListKeyPoliciesOutput{}
	return out, s.read(ctx, c, &v, in.KeyID, "ListKeyPolicies", func(_ *txn, k *key) (err error) {
		l := list{name: "ListKeyPolicies " + k.arn(), limit: in.Limit, marker: in.Marker, usual: 100}
		out.PolicyNames, out.NextMarker, err = page(s, l, []string{policyName}, func(n string) string { return n })
		out.Truncated = out.NextMarker != nil
		return err
	})
}
