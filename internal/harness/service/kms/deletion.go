package kms

import (
	"context"
	"strconv"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// The bounds of PendingWindowInDays, in days; the longest is the default.
const (
	minDeletionWindowDays = 7
	maxDeletionWindowDays = 30
)

// ScheduleKeyDeletionInput is the input of ScheduleKeyDeletion.
type ScheduleKeyDeletionInput struct {
	KeyID               *string `json:"KeyId"`
	PendingWindowInDays *int    `json:"PendingWindowInDays"` // 7 to 30, default 30
}

// ScheduleKeyDeletionOutput is the output of ScheduleKeyDeletion; KeyID is an ARN.
type ScheduleKeyDeletionOutput struct {
	DeletionDate        *wire.Time `json:"DeletionDate"`
	KeyID               string     `json:"KeyId"`
	KeyState            string     `json:"KeyState"`
	PendingWindowInDays int        `json:"PendingWindowInDays"`
}

// conditionKeys are those of ScheduleKeyDeletion. Source: KMS Developer Guide, "Condition keys for AWS KMS".
func (in *ScheduleKeyDeletionInput) conditionKeys() policy.RequestContext {
	window := maxDeletionWindowDays
	if in.PendingWindowInDays != nil {
		window = *in.PendingWindowInDays
	}
	return policy.RequestContext{"kms:ScheduleKeyDeletionPendingWindowInDays": {strconv.Itoa(window)}}
}

// ScheduleKeyDeletion makes a key unusable now and deletes it for good when the window is over.
//
// Source: KMS API reference, ScheduleKeyDeletion.
func (s *Service) ScheduleKeyDeletion(
	ctx context.Context, c *wire.Call, in *ScheduleKeyDeletionInput,
) (*ScheduleKeyDeletionOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.number("pendingWindowInDays", in.PendingWindowInDays, 1, 365)
	out := &ScheduleKeyDeletionOutput{KeyState: stateNames[statePendingDeletion]}
	return out, s.change(ctx, c, &v, in.KeyID, "ScheduleKeyDeletion", func(t *txn, k *key) error {
		window := maxDeletionWindowDays
		if in.PendingWindowInDays != nil {
			window = *in.PendingWindowInDays
		}
		if window < minDeletionWindowDays || window > maxDeletionWindowDays {
			return errValidation("PendingWindowInDays must be between %d and %d",
				minDeletionWindowDays, maxDeletionWindowDays)
		}
		k.DeleteWindowDays = window
		k.DeleteAt = t.now.Add(time.Duration(window) * 24 * time.Hour)
		out.KeyID, out.PendingWindowInDays, out.DeletionDate = k.arn(), window, wire.At(k.DeleteAt)
		return t.schedule(k, dueDeletion, k.DeleteAt)
	}, in.conditionKeys())
}

// KeyOutput is the output of the operations that answer with the key's ARN alone.
type KeyOutput struct {
	KeyID string `json:"KeyId"`
}

// Outputs that are a KeyOutput.
type (
	CancelKeyDeletionOutput = KeyOutput
	RotateKeyOnDemandOutput = KeyOutput
)

// CancelKeyDeletion takes a key out of its waiting period. It is Disabled then.
//
// Source: KMS API reference, CancelKeyDeletion.
func (s *Service) CancelKeyDeletion(
	ctx context.Context, c *wire.Call, in *CancelKeyDeletionInput,
) (*CancelKeyDeletionOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	out := &CancelKeyDeletionOutput{}
	return out, s.change(ctx, c, &v, in.KeyID, "CancelKeyDeletion", func(t *txn, k *key) error {
		if err := t.unschedule(k, dueDeletion, k.DeleteAt); err != nil {
			return err
		}
		k.DeleteAt, k.DeleteWindowDays, k.Disabled = time.Time{}, 0, true
		out.KeyID = k.arn()
		return nil
	})
}
