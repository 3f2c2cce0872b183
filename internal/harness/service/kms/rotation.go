package kms

import (
	"context"
	"strconv"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	minRotationDays     = 90
	maxRotationDays     = 2560
	usualRotationDays   = 365
	maxOnDemand         = 25 // rotations in the life of a key
	rotationConflictGap = 20 * time.Minute
)

// The values of RotationType.
const (
	rotatedAutomatically = "AUTOMATIC"
	rotatedOnDemand      = "ON_DEMAND"
)

// checkAutomatic refuses automatic rotation for all but symmetric keys whose material KMS makes.
func (k *key) checkAutomatic() error {
	switch {
	case k.Spec != symmetric:
		return errUnsupported()
	case k.Origin != originKMS:
		return errOrigin(k)
	}
	return nil
}

// EnableKeyRotationInput is the input of EnableKeyRotation.
type EnableKeyRotationInput struct {
	KeyID                *string `json:"KeyId"`
	RotationPeriodInDays *int    `json:"RotationPeriodInDays"` // 90 to 2560, default 365
}

// EnableKeyRotation lets KMS make new material for a key every period, counted from now. Repeated without a period it
// sets the default period again.
//
// Source: KMS API reference, EnableKeyRotation.
func (s *Service) EnableKeyRotation(
	ctx context.Context, c *wire.Call, in *EnableKeyRotationInput,
) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.number("rotationPeriodInDays", in.RotationPeriodInDays, minRotationDays, maxRotationDays)
	days := usualRotationDays
	if in.RotationPeriodInDays != nil {
		days = *in.RotationPeriodInDays
	}
	return nil, s.change(ctx, c, &v, in.KeyID, "EnableKeyRotation", func(t *txn, k *key) error {
		if err := k.checkAutomatic(); err != nil {
			return err
		}
		if k.Rotation.Enabled && k.Rotation.PeriodDays == days {
			return nil
		}
		if err := t.unschedule(k, dueRotation, k.Rotation.Next); err != nil {
			return err
		}
		k.Rotation.Enabled, k.Rotation.PeriodDays = true, days
		return t.scheduleRotation(k, t.now)
	}, inputKey("kms:RotationPeriodInDays", strconv.Itoa(days)))
}

// DisableKeyRotation ends what EnableKeyRotation began.
//
// Source: KMS API reference, DisableKeyRotation.
func (s *Service) DisableKeyRotation(
	ctx context.Context, c *wire.Call, in *DisableKeyRotationInput,
) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	return nil, s.change(ctx, c, &v, in.KeyID, "DisableKeyRotation", func(t *txn, k *key) error {
		if err := k.checkAutomatic(); err != nil {
			return err
		}
		if err := t.unschedule(k, dueRotation, k.Rotation.Next); err != nil {
			return err
		}
		k.Rotation.Enabled, k.Rotation.PeriodDays, k.Rotation.Next = false, 0, time.Time{}
		return nil
	})
}

// GetKeyRotationStatusOutput is the output of GetKeyRotationStatus; KeyID is an ARN. Period and date are there only
// while automatic rotation is enabled. OnDemandRotationStartDate never is, as a rotation takes no time here.
type GetKeyRotationStatusOutput struct {
	KeyID                string     `json:"KeyId"`
	KeyRotationEnabled   bool       `json:"KeyRotationEnabled"`
	NextRotationDate     *wire.Time `json:"NextRotationDate,omitempty"`
	RotationPeriodInDays *int       `json:"RotationPeriodInDays,omitempty"`
}

// GetKeyRotationStatus says whether a key rotates by itself, and when next. A key pending deletion does not; a key
// with imported material never does.
//
// Source: KMS API reference, GetKeyRotationStatus.
func (s *Service) GetKeyRotationStatus(
	ctx context.Context, c *wire.Call, in *GetKeyRotationStatusInput,
) (*GetKeyRotationStatusOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	out := &GetKeyRotationStatusOutput{}
	return out, s.read(ctx, c, &v, in.KeyID, "GetKeyRotationStatus", func(_ *txn, k *key) error {
		if k.Spec != symmetric || k.Origin != originExternal {
			if err := k.checkAutomatic(); err != nil {
				return err
			}
		}
		out.KeyID = k.arn()
		if k.Rotation.Enabled && k.DeleteAt.IsZero() {
			days := k.Rotation.PeriodDays
			out.KeyRotationEnabled, out.RotationPeriodInDays = true, &days
			out.NextRotationDate = wire.At(k.Rotation.Next)
		}
		return nil
	})
}

// RotateKeyOnDemand rotates a symmetric key now: to new material that KMS makes, or to imported material that waits
// for it. The dates of automatic rotation stay.
//
// Source: KMS API reference, RotateKeyOnDemand.
func (s *Service) RotateKeyOnDemand(
	ctx context.Context, c *wire.Call, in *RotateKeyOnDemandInput,
) (*RotateKeyOnDemandOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	out := &RotateKeyOnDemandOutput{}
	return out, s.change(ctx, c, &v, in.KeyID, "RotateKeyOnDemand", func(t *txn, k *key) error {
		switch {
		case k.Spec != symmetric:
			return errUnsupported()
		case k.Origin != originKMS && k.Origin != originExternal:
			return errOrigin(k)
		case k.Rotation.OnDemandCount >= maxOnDemand:
			return errLimit("The on-demand rotations limit has been reached for the given keyId. "+
				"No more on-demand rotations can be performed for this key: %s", k.arn())
		case k.Rotation.Enabled && k.Rotation.Next.Sub(t.now) <= rotationConflictGap:
			return wire.Faultf("ConflictException", "The automatic rotation of %s is due within 20 minutes.", k.arn())
		}
		if err := t.rotateOnDemand(k); err != nil {
			return err
		}
		k.Rotation.OnDemandCount++
		out.KeyID = k.arn()
		return nil
	})
}

func (t *txn) rotateOnDemand(k *key) error {
	if k.Origin == originKMS {
		return t.rotate(k, rotatedOnDemand)
	}
	staged := t.stagedMaterial(k)
	if staged == nil {
		return wire.Faultf("KMSInvalidStateException",
			"No available key material pending rotation for the key: %s.", k.arn())
	}
	if current := k.current(); current != nil {
		current.State = materialFormer
		t.emitRotation(k, rotatedOnDemand, current.ID, staged.ID)
	}
	staged.State, staged.RotatedAt, staged.RotatedBy = materialCurrent, t.now, rotatedOnDemand
	return nil
}

// rotate makes new material the CURRENT one. What there was stays, to decrypt with.
func (t *txn) rotate(k *key, how string) error {
	m, err := t.s.newMaterial(k)
	if err != nil {
		return err
	}
	m.RotatedAt, m.RotatedBy = t.now, how
	if current := k.current(); current != nil {
		current.State = materialFormer
		t.emitRotation(k, how, current.ID, m.ID)
	}
	k.Materials = append(k.Materials, m)
	return nil
}

// rotateAutomatically rotates k, enters the next date, and stores k.
func (t *txn) rotateAutomatically(k *key) error {
	if err := t.rotate(k, rotatedAutomatically); err != nil {
		return err
	}
	if err := t.scheduleRotation(k, t.now); err != nil {
		return err
	}
	return t.putKey(k)
}

// scheduleRotation enters the rotation that comes one period after from.
func (t *txn) scheduleRotation(k *key, from time.Time) error {
	k.Rotation.Next = from.Add(time.Duration(k.Rotation.PeriodDays) * 24 * time.Hour)
	return t.schedule(k, dueRotation, k.Rotation.Next)
}

// catchUpRotation rotates a key that was just enabled if its date came while it could not rotate. From then on the
// periods count from now.
//
// Source: KMS developer guide, "Rotating AWS KMS keys".
func (t *txn) catchUpRotation(k *key) error {
	if !k.Rotation.Enabled || t.now.Before(k.Rotation.Next) {
		return nil
	}
	return t.rotateAutomatically(k)
}
