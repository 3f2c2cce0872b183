package protectedledger

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// How long, and how often in a row, each property of a key is read back. KMS is eventually consistent: one equal
// reading may be followed by an old one.
const (
	keyPatience    = 10 * time.Minute
	statePatience  = 20 * time.Minute
	rotationHits   = 5
	policyHits     = 5
	attributeHits  = 5
	stateHits      = 15
	policyStubborn = time.Minute // a policy that reads back different this long will not change any more
)

// newKeyLag repeats a call on a key that KMS does not know everywhere yet, or whose enabling has not spread.
func newKeyLag(err error) time.Duration {
	if isNotFound(err) || isDisabled(err) {
		return newKeyPatience
	}
	return 0
}

// createKey makes a key with its policy and tags in one call, so that no moment exists in which it has another policy
// or cannot be found. The SDK must not repeat the call by itself: a lost answer would become a second key.
func (c *calls) createKey(ctx context.Context, k keyModel, tags map[string]string) (keyInfo, error) {
	n := k.Generation.ValueInt64()
	in := &kms.CreateKeyInput{
		Description: aws.String(k.Description.ValueString()),
		Tags:        kmsTags(c.withBookkeeping(tags, n)),
	}
	if known(k.PolicyDocument) { // else KMS writes the default policy, which is the one that is meant
		in.Policy = aws.String(k.PolicyDocument.ValueString())
	} else if !k.Policy.IsNull() || !k.Access.IsNull() {
		return keyInfo{}, fmt.Errorf("create key for ledger %s: its policy is not known", c.name)
	}
	var info keyInfo
	err := retry(ctx, c.opts, func(err error) time.Duration {
		if isThrottled(err) {
			return throttlePatience
		}
		return policyPatience(err)
	}, func(ctx context.Context) error {
		out, err := c.kms.CreateKey(ctx, in, func(o *kms.Options) { o.Retryer = aws.NopRetryer{} })
		if err != nil {
			return err
		}
		if out.KeyMetadata == nil {
			return fmt.Errorf("create key for ledger %s: the answer holds no key", c.name)
		}
		info = newKeyInfo(*out.KeyMetadata)
		return nil
	})
	if !isAmbiguous(err) {
		return info, err
	}
	look, cancel := lastLook(ctx)
	defer cancel()
	if orphan, found := c.findOrphan(look, n); found {
		return orphan, nil
	}
	return info, err
}

// setPolicy puts the policy unless it is in force already, and waits until KMS shows it.
func (c *calls) setPolicy(ctx context.Context, arn, text string) error {
	now, err := c.keyPolicy(ctx, arn)
	if err == nil && samePolicy(now, text, arn) {
		return nil
	}
	err = retry(ctx, c.opts, func(err error) time.Duration {
		return max(policyPatience(err), newKeyLag(err))
	}, func(ctx context.Context) error {
		_, err := c.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: aws.String(arn), Policy: aws.String(text)})
		return err
	})
	if err != nil {
		return err
	}
	var seen string
	var since time.Time
	_, err = await(ctx, c.opts, wait[string]{
		For:  fmt.Sprintf("the policy of key %s to be in force", keyID(arn)),
		Find: func(ctx context.Context) (string, error) { return c.keyPolicy(ctx, arn) },
		Status: func(got string) string {
			if samePolicy(got, text, arn) {
				return "the new policy"
			}
			return "another policy"
		},
		Done: func(got string) bool { return samePolicy(got, text, arn) },
		Failed: func(got string) error {
			if samePolicy(got, text, arn) || got != seen {
				seen, since = got, c.opts.Now()
				return nil
			}
			if c.opts.Now().Sub(since) < policyStubborn {
				return nil
			}
			return &policyDiffersError{Changes: policyChanges(text, got, arn)}
		},
		Hits: policyHits, Every: time.Second, Limit: keyPatience,
	})
	return err
}

// A policyDiffersError says that KMS keeps another policy than the one that was put.
type policyDiffersError struct{ Changes []string }

// Error implements error.
func (e *policyDiffersError) Error() string { return errOther.Error() + ":\n  - " + lines(e.Changes) }

// Unwrap gives errOther.
func (e *policyDiffersError) Unwrap() error { return errOther }

func (c *calls) keyPolicy(ctx context.Context, arn string) (string, error) {
	out, err := c.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(arn)})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Policy), nil
}

func (c *calls) setDescription(ctx context.Context, arn, text string) error {
	info, err := c.findKey(ctx, arn)
	if err == nil && info.Description == text {
		return nil
	}
	err = retry(ctx, c.opts, newKeyLag, func(ctx context.Context) error {
		_, err := c.kms.UpdateKeyDescription(ctx, &kms.UpdateKeyDescriptionInput{
			KeyId: aws.String(arn), Description: aws.String(text),
		})
		return err
	})
	if err != nil {
		return err
	}
	_, err = await(ctx, c.opts, wait[keyInfo]{
		For:    fmt.Sprintf("the description of key %s to change", keyID(arn)),
		Find:   func(ctx context.Context) (keyInfo, error) { return c.findKey(ctx, arn) },
		Status: func(k keyInfo) string { return fmt.Sprintf("description %q", k.Description) },
		Done:   func(k keyInfo) bool { return k.Description == text },
		Hits:   attributeHits, Every: 2 * time.Second, Limit: keyPatience,
	})
	return err
}

// A rotation is the automatic rotation of a key. Days is 0 while it is off.
type rotation struct {
	On   bool
	Days int64
}

func (c *calls) keyRotation(ctx context.Context, arn string) (rotation, error) {
	out, err := c.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: aws.String(arn)})
	if isUnsupported(err) {
		return rotation{}, nil // such a key never rotates
	}
	if err != nil {
		return rotation{}, err
	}
	r := rotation{On: out.KeyRotationEnabled}
	if r.On {
		r.Days = defaultPeriod
		if out.RotationPeriodInDays != nil {
			r.Days = int64(*out.RotationPeriodInDays)
		}
	}
	return r, nil
}

// setRotation switches automatic rotation unless it is as wanted. The period is always sent: without one KMS goes back
// to its default.
func (c *calls) setRotation(ctx context.Context, arn string, want rotation) error {
	if !want.On {
		want.Days = 0
	}
	now, err := c.keyRotation(ctx, arn)
	if err == nil && now == want {
		return nil
	}
	err = retry(ctx, c.opts, newKeyLag, func(ctx context.Context) error {
		if !want.On {
			_, err := c.kms.DisableKeyRotation(ctx, &kms.DisableKeyRotationInput{KeyId: aws.String(arn)})
			return err
		}
		_, err := c.kms.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{
			KeyId: aws.String(arn), RotationPeriodInDays: aws.Int32(int32(want.Days)),
		})
		return err
	})
	if err != nil {
		return err
	}
	_, err = await(ctx, c.opts, wait[rotation]{
		For:    fmt.Sprintf("the rotation of key %s to change", keyID(arn)),
		Find:   func(ctx context.Context) (rotation, error) { return c.keyRotation(ctx, arn) },
		Status: func(r rotation) string { return fmt.Sprintf("rotation %t, every %d days", r.On, r.Days) },
		Done:   func(r rotation) bool { return r == want },
		Hits:   rotationHits, Every: time.Second, Limit: keyPatience,
	})
	return err
}

// enableKey makes a disabled key, or one scheduled for deletion, usable. Keys in other states are left alone.
func (c *calls) enableKey(ctx context.Context, arn string) (keyInfo, error) {
	info, err := c.cancelDeletion(ctx, arn)
	if err != nil || info.State != keyDisabled {
		return info, err
	}
	if _, err := c.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: aws.String(arn)}); err != nil {
		return info, err
	}
	return c.awaitKey(ctx, arn, keyEnabled, stateHits, statePatience)
}

// cancelDeletion makes a key scheduled for deletion a disabled one. Keys in other states are left alone.
func (c *calls) cancelDeletion(ctx context.Context, arn string) (keyInfo, error) {
	info, err := c.findKey(ctx, arn)
	if err != nil || info.State != keyPending {
		return info, err
	}
	_, err = c.kms.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: aws.String(arn)})
	if err != nil && !isInvalidState(err) {
		return info, err
	}
	return c.awaitKey(ctx, arn, keyDisabled, 1, statePatience)
}

func (c *calls) disableKey(ctx context.Context, arn string) (keyInfo, error) {
	info, err := c.findKey(ctx, arn)
	if err != nil || info.State != keyEnabled {
		return info, err
	}
	if _, err := c.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String(arn)}); err != nil {
		return info, err
	}
	return c.awaitKey(ctx, arn, keyDisabled, stateHits, statePatience)
}

// scheduleDeletion schedules the deletion of a key. The caller made sure that no ledger uses it. A key that is gone or
// scheduled already is no error.
func (c *calls) scheduleDeletion(ctx context.Context, arn string, days int64) error {
	_, err := c.kms.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{
		KeyId: aws.String(arn), PendingWindowInDays: aws.Int32(int32(days)),
	})
	switch {
	case isNotFound(err):
		return nil
	case isInvalidState(err):
		info, look := c.findKey(ctx, arn)
		if look == nil && info.State == keyPending || isNotFound(look) {
			return nil
		}
		return err
	case err != nil:
		return err
	}
	_, err = await(ctx, c.opts, wait[keyInfo]{
		For:    fmt.Sprintf("key %s to be scheduled for deletion", keyID(arn)),
		Find:   func(ctx context.Context) (keyInfo, error) { return c.findKey(ctx, arn) },
		Status: func(k keyInfo) string { return k.State },
		Done:   func(k keyInfo) bool { return k.State == keyPending || k.State == "PendingReplicaDeletion" },
		Gone:   true, Every: 2 * time.Second, Limit: statePatience,
	})
	return err
}
