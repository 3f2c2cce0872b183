package kms

import (
	"context"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// RevokeGrantInput is the input of RevokeGrant.
type RevokeGrantInput struct {
	KeyID   *string `json:"KeyId"`
	GrantID *string `json:"GrantId"`
	DryRun  bool    `json:"DryRun"`
}

// RevokeGrant ends a grant on behalf of the key's account.
//
// Source: KMS API reference, RevokeGrant.
func (s *Service) RevokeGrant(ctx context.Context, c *wire.Call, in *RevokeGrantInput) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.required("grantId", in.GrantID, 1, 128)
	return nil, s.change(ctx, c, &v, in.KeyID, "RevokeGrant", func(t *txn, k *key) error {
		g, err := t.grant(k, *in.GrantID)
		if err != nil {
			return err
		}
		if err := errDryRun(in.DryRun); err != nil {
			return err
		}
		return t.dropGrant(k, g)
	})
}

// RetireGrantInput is the input of RetireGrant.
type RetireGrantInput struct {
	GrantToken *string `json:"GrantToken"` // this, or both of the next
	KeyID      *string `json:"KeyId"`      // key ARN
	GrantID    *string `json:"GrantId"`
	DryRun     bool    `json:"DryRun"`
}

// RetireGrant ends a grant on behalf of its retiring principal, of its grantee if the grant allows RetireGrant, or of
// the account that issued it.
//
// Source: KMS API reference, RetireGrant.
func (s *Service) RetireGrant(ctx context.Context, c *wire.Call, in *RetireGrantInput) (*wire.Empty, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	return nil, s.update(ctx, c, func(t *txn) error {
		k, g, err := t.grantToRetire(in)
		if err != nil {
			return err
		}
		c.Note("grantId", g.ID)
		if err := t.authorizeRetirement(k, g); err != nil {
			return err
		}
		if err := t.require(k, "RetireGrant"); err != nil {
			return err
		}
		if err := errDryRun(in.DryRun); err != nil {
			return err
		}
		return t.dropGrant(k, g)
	})
}

func (in *RetireGrantInput) validate() error {
	var v constraints
	v.optional("grantToken", in.GrantToken, 1, 8192)
	v.keyID("keyId", in.KeyID, false)
	v.optional("grantId", in.GrantID, 1, 128)
	if err := v.err(); err != nil {
		return err
	}
	byID := in.KeyID != nil && in.GrantID != nil
	if in.GrantToken == nil && !byID || in.GrantToken != nil && (in.KeyID != nil || in.GrantID != nil) {
		return errValidation("Specify either GrantToken, or KeyId and GrantId.")
	}
	if byID && !strings.HasPrefix(*in.KeyID, "arn:") {
		return wire.Faultf("InvalidArnException", "%s is not a key ARN.", *in.KeyID)
	}
	return nil
}

func (t *txn) grantToRetire(in *RetireGrantInput) (*key, *grant, error) {
	if in.GrantToken != nil {
		return t.grantByToken(*in.GrantToken)
	}
	k, err := t.key(*in.KeyID, false)
	if err != nil {
		return nil, nil, err
	}
	g, err := t.grant(k, *in.GrantID)
	return k, g, err
}

// authorizeRetirement lets the grant itself say who may retire it; key policies cannot.
func (t *txn) authorizeRetirement(k *key, g *grant) error {
	r, err := t.request(k, "RetireGrant")
	if err != nil {
		return err
	}
	now, err := t.named(*g)
	if err != nil {
		return err
	}
	r.Grants = []policy.Grant{now.forPolicy()}
	_, err = t.s.cfg.Authority.Decide(t.c, r)
	return err
}

// grant finds a grant of k.
func (t *txn) grant(k *key, id string) (*grant, error) {
	g, found, err := grants(k.Account, k.Region, k.ID).Get(t.r, id)
	if err == nil && !found {
		err = wire.Faultf("NotFoundException", "Grant ID %s not found", id)
	}
	return &g, err
}
