package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// KeyInput is the input of the operations that need nothing but a key id or key ARN.
type KeyInput struct {
	KeyID *string `json:"KeyId"`
}

// Inputs that are a KeyInput.
type (
	EnableKeyInput            = KeyInput
	DisableKeyInput           = KeyInput
	CancelKeyDeletionInput    = KeyInput
	DisableKeyRotationInput   = KeyInput
	GetKeyRotationStatusInput = KeyInput
	RotateKeyOnDemandInput    = KeyInput
	GetKeyLastUsageInput      = KeyInput
)

// change checks v, finds the key ref for operation in a transaction, lets fn change it, and stores it.
func (s *Service) change(
	ctx context.Context, c *wire.Call, v *constraints, ref *string, operation string, fn func(*txn, *key) error,
	keys ...policy.RequestContext,
) error {
	if err := v.err(); err != nil {
		return err
	}
	return s.update(ctx, c, func(t *txn) error {
		k, err := t.target(*ref, operation, keys...)
		if err != nil {
			return err
		}
		if err := fn(t, k); err != nil {
			return err
		}
		return t.putKey(k)
	})
}

// read checks v, finds the key ref for operation in a snapshot, and calls fn with it.
func (s *Service) read(
	ctx context.Context, c *wire.Call, v *constraints, ref *string, operation string, fn func(*txn, *key) error,
	keys ...policy.RequestContext,
) error {
	if err := v.err(); err != nil {
		return err
	}
	return s.view(ctx, c, func(t *txn) error {
		k, err := t.target(*ref, operation, keys...)
		if err != nil {
			return err
		}
		return fn(t, k)
	})
}

// EnableKey undoes DisableKey. A rotation that was missed meanwhile happens now.
//
// Source: KMS API reference, EnableKey; KMS developer guide, "Rotating AWS KMS keys".
func (s *Service) EnableKey(ctx context.Context, c *wire.Call, in *EnableKeyInput) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	return nil, s.change(ctx, c, &v, in.KeyID, "EnableKey", func(t *txn, k *key) error {
		k.Disabled = false
		return t.catchUpRotation(k)
	})
}

// DisableKey makes a key refuse all cryptography until EnableKey.
//
// Source: KMS API reference, DisableKey.
func (s *Service) DisableKey(ctx context.Context, c *wire.Call, in *DisableKeyInput) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	return nil, s.change(ctx, c, &v, in.KeyID, "DisableKey", func(_ *txn, k *key) error {
		k.Disabled = true
		return nil
	})
}

// UpdateKeyDescriptionInput is the input of UpdateKeyDescription.
type UpdateKeyDescriptionInput struct {
	KeyID       *string `json:"KeyId"`
	Description *string `json:"Description"` // may be empty
}

// UpdateKeyDescription replaces the description of a key.
//
// Source: KMS API reference, UpdateKeyDescription.
func (s *Service) UpdateKeyDescription(
	ctx context.Context, c *wire.Call, in *UpdateKeyDescriptionInput,
) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.given("description", in.Description != nil)
	v.length("description", text(in.Description), 0, 8192)
	return nil, s.change(ctx, c, &v, in.KeyID, "UpdateKeyDescription", func(_ *txn, k *key) error {
		k.Description = *in.Description
		return nil
	})
}
