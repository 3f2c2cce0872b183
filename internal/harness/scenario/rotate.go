package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
)

// rotateKey is scenario 2 of the article: by the alias, then by another key for the ledger.
func rotateKey(ctx context.Context, w *world, r *recorder) error {
	if err := w.fill(ctx, r); err != nil {
		return err
	}
	if err := rotateByAlias(ctx, w, r); err != nil {
		return err
	}
	return rotateByLedger(ctx, w, r)
}

// pause waits for a part of the time that reading all records takes.
func (w *world) pause(ctx context.Context, part float64) error {
	return wait(ctx, time.Duration(part*float64(w.readTime())))
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rotateByAlias points the alias at another key. The ledger does not follow: it keeps the key that the alias led to
// when the ledger was created.
func rotateByAlias(ctx context.Context, w *world, r *recorder) error {
	_, before, err := w.status(ctx)
	if err != nil {
		return err
	}
	spec := w.readLoad("2a")
	spec.beside = func(ctx context.Context) error {
		if err := w.pause(ctx, 0.2); err != nil {
			return err
		}
		r.event("update-alias")
		if _, err := w.kms.UpdateAlias(ctx, &kms.UpdateAliasInput{
			AliasName: aws.String(alias), TargetKeyId: aws.String(w.spare[rotateKeyName]),
		}); err != nil {
			return fmt.Errorf("point %s at the rotate key: %w", alias, err)
		}
		// Long enough for the ledger to look at its key again.
		return wait(ctx, w.cfg.timing().KeyCache+w.cfg.timing().KeyCache/4)
	}
	l, err := w.send(ctx, r, spec)
	if err != nil {
		return err
	}
	r.check("2a", l.Failed == 0, "every read succeeds while the alias is pointed at another key", "%d of %d; %s",
		l.Requests-l.Failed, l.Requests, l.failures())
	target, err := w.aliasTarget(ctx)
	if err != nil {
		return err
	}
	_, after, err := w.status(ctx)
	if err != nil {
		return err
	}
	grants, err := w.kms.ListGrants(ctx, &kms.ListGrantsInput{KeyId: aws.String(w.spare[rotateKeyName])})
	if err != nil {
		return fmt.Errorf("list the grants of the rotate key: %w", err)
	}
	main := aws.ToString(before.EncryptionDescription.KmsKeyArn)
	now := aws.ToString(after.EncryptionDescription.KmsKeyArn)
	r.check("2a", target == w.spare[rotateKeyName] && now == main && len(grants.Grants) == 0 &&
		after.EncryptionDescription.EncryptionStatus == types.EncryptionStatusEnabled,
		"the ledger does not follow: still under the main key, ENABLED, no grant on the other key",
		"alias leads to the rotate key: %t; ledger under the main key: %t, %s; grants on the rotate key: %d",
		target == w.spare[rotateKeyName], now == main, after.EncryptionDescription.EncryptionStatus, len(grants.Grants))
	state, err := w.tf.outputs(ctx)
	if err != nil {
		return err
	}
	_, code, err := w.tf.plan(ctx, generationVar(state.KeyGeneration))
	if err != nil {
		return err
	}
	r.check("2a", code == 2, "terraform plan notices that the alias was moved", "exit code %d", code)
	return nil
}

// keyChange is what is seen while the ledger moves to another key.
type keyChange struct {
	again  *qldb.UpdateLedgerOutput // the same update once more, which changes nothing
	read   string                   // why a read failed that was sent meanwhile, or ""
	proven error                    // whether the digest of before proves meanwhile
}

// rotateByLedger raises the generation of the key: the provider makes a new key, moves the ledger and waits.
func rotateByLedger(ctx context.Context, w *world, r *recorder) error {
	state, err := w.tf.outputs(ctx)
	if err != nil {
		return err
	}
	kept, err := w.keep(ctx)
	if err != nil {
		return err
	}
	var seen keyChange
	spec := w.readLoad("2b")
	spec.beside = func(ctx context.Context) error {
		if err := w.pause(ctx, 0.15); err != nil {
			return err
		}
		r.event("terraform apply, key_generation = %d", state.KeyGeneration+1)
		applying, cancel := context.WithCancel(ctx)
		looked := make(chan error, 1)
		go func() { looked <- w.lookDuring(applying, kept, &seen) }()
		err := w.tf.apply(ctx, state.KeyGeneration+1)
		if err != nil {
			cancel()
			<-looked
			return err
		}
		r.event("apply complete")
		defer cancel()
		if err := <-looked; err != nil {
			return err
		}
		return w.pause(ctx, 0.1)
	}
	l, err := w.send(ctx, r, spec)
	if err != nil {
		return err
	}
	after, err := w.await(ctx, string(types.EncryptionStatusEnabled))
	if err != nil {
		return err
	}
	return w.checkRotated(ctx, r, l, kept, seen, after, state)
}

// lookDuring waits for UPDATING and asks for the same key once more, as aws qldb update-ledger would.
func (w *world) lookDuring(ctx context.Context, kept witness, seen *keyChange) error {
	during, err := w.await(ctx, string(types.EncryptionStatusUpdating))
	if err != nil {
		return err
	}
	seen.again, err = w.qldb.UpdateLedger(ctx, &qldb.UpdateLedgerInput{
		Name: aws.String(ledger), KmsKey: during.EncryptionDescription.KmsKeyArn,
	})
	if err != nil {
		return fmt.Errorf("update ledger %s with the key it moves to: %w", ledger, err)
	}
	_, seen.read = w.ask(ctx, readRequest(1))
	seen.proven = w.prove(ctx, kept)
	return nil
}

func (w *world) checkRotated(
	ctx context.Context, r *recorder, l *Load, kept witness, seen keyChange, after *qldb.DescribeLedgerOutput,
	before state,
) error {
	now, err := w.tf.outputs(ctx)
	if err != nil {
		return err
	}
	r.check("2b", l.Failed == 0, "every read succeeds while the ledger moves to another key", "%d of %d; %s",
		l.Requests-l.Failed, l.Requests, l.failures())
	during, failed := 0, 0
	updating := slices.DeleteFunc(r.statuses(), func(s Span) bool {
		return s.Status != string(types.EncryptionStatusUpdating)
	})
	for _, span := range updating {
		n, f := l.between(span.From, span.To)
		during, failed = during+n, failed+f
	}
	within, outside := l.p99(updating)
	r.check("2b", seen.read == "" && failed == 0, "reads succeed while it is UPDATING",
		"%d of %d that began and ended meanwhile, one that was sent meanwhile: %s; p99 %s meanwhile, %s else",
		during-failed, during, outcome(seen.read), milliseconds(within), milliseconds(outside))
	described := seen.again.EncryptionDescription
	r.check("2b", seen.again.State == types.LedgerStateActive && described != nil &&
		aws.ToString(described.KmsKeyArn) == now.KeyARN && now.KeyARN != before.KeyARN &&
		described.EncryptionStatus == types.EncryptionStatusUpdating,
		"update-ledger answers ACTIVE, UPDATING and the ARN of the new key", "%s, %s, %s", seen.again.State,
		described.EncryptionStatus, aws.ToString(described.KmsKeyArn))
	r.check("2b", aws.ToString(after.EncryptionDescription.KmsKeyArn) == now.KeyARN,
		"then ENABLED under the new key", "%s, under the new key: %t", after.EncryptionDescription.EncryptionStatus,
		aws.ToString(after.EncryptionDescription.KmsKeyArn) == now.KeyARN)
	later := w.prove(ctx, kept)
	r.check("2b", seen.proven == nil && later == nil,
		"a digest of before proves a record during and after the change", "during: %s, after: %s",
		verdict(seen.proven), verdict(later))
	target, err := w.aliasTarget(ctx)
	if err != nil {
		return err
	}
	r.check("2b", target == now.KeyARN && len(now.RetainedKeys) > 0,
		"the alias follows once the change is done, and the former key is kept",
		"alias leads to the new key: %t; kept: %d", target == now.KeyARN, len(now.RetainedKeys))
	return nil
}

// outcome is why a request failed, for a message.
func outcome(failure string) string {
	if failure == "" {
		return "succeeds"
	}
	return failure
}

// verdict is err for a message.
func verdict(err error) string {
	if err == nil {
		return "proven"
	}
	return err.Error()
}
