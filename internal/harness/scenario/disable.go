package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	sessiontypes "github.com/aws/aws-sdk-go-v2/service/qldbsession/types"
	"github.com/aws/smithy-go"
)

// impairedText is what the service says while it cannot use the key.
//
// Source: "Protecting Data in QLDB Ledger", scenario 3.
const impairedText = "Amazon QLDB does not have grant access on the AWS KMS customer managed key of the ledger. " +
	"Restore the grant on the key for the ledger."

// impairedFailure is the same as the functions answer it.
const impairedFailure = "500 AccessDeniedException: " + impairedText

// slack is how much later than configured a ledger may notice something: on a machine under load its clock must get a
// processor first.
const slack = time.Second

// outage is what is seen while the key is disabled. Times are seconds since the scenario began.
type outage struct {
	asked, disabled         float64 // disable-key was sent, and answered
	impaired, enabled, back float64 // inaccessible at a look, enable-key was sent, ENABLED at a look
	during, after           *qldb.DescribeLedgerOutput
	session                 error  // of an attempt to connect
	refused, read           string // why a read failed that was sent while impaired, and when the ledger was back
}

// disableKey is scenario 3 of the article.
func disableKey(ctx context.Context, w *world, r *recorder) error {
	if err := w.fill(ctx, r); err != nil {
		return err
	}
	kept, err := w.keep(ctx)
	if err != nil {
		return err
	}
	_, before, err := w.status(ctx)
	if err != nil {
		return err
	}
	key := aws.ToString(before.EncryptionDescription.KmsKeyArn)
	var seen outage
	spec := w.readLoad("3a")
	spec.beside = func(ctx context.Context) error { return w.interrupt(ctx, r, key, &seen) }
	l, err := w.send(ctx, r, spec)
	if err != nil {
		return err
	}
	w.checkOutage(r, l, key, seen)
	last := l.Samples[len(l.Samples)-1].End()
	requests, failed := l.between(seen.back, last)
	proven := w.prove(ctx, kept)
	r.check("3d", seen.after.EncryptionDescription.InaccessibleKmsKeyDateTime == nil && seen.read == "" && failed == 0,
		"after enable-key the ledger is ENABLED by itself and reads work",
		"%s after %.1f s; then %d of %d reads succeed, the first one %s", seen.after.EncryptionDescription.EncryptionStatus,
		seen.back-seen.enabled, requests-failed, requests, outcome(seen.read))
	r.check("3d", proven == nil, "a digest of before proves a record afterwards", "%s", verdict(proven))
	return nil
}

// interrupt disables the key and enables it again.
func (w *world) interrupt(ctx context.Context, r *recorder, key string, seen *outage) (err error) {
	if err := w.pause(ctx, 0.2); err != nil {
		return err
	}
	r.event("disable-key")
	seen.asked = r.at()
	if _, err := w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key}); err != nil {
		return fmt.Errorf("disable key %s: %w", key, err)
	}
	seen.disabled = r.at()
	if seen.during, err = w.await(ctx, string(types.EncryptionStatusKmsKeyInaccessible)); err != nil {
		return err
	}
	seen.impaired = r.at()
	_, seen.session = qldbsession.NewFromConfig(w.root).SendCommand(ctx, &qldbsession.SendCommandInput{
		StartSession: &sessiontypes.StartSessionRequest{LedgerName: aws.String(ledger)},
	})
	_, seen.refused = w.ask(ctx, readRequest(1))
	if err := errors.Join(w.pause(ctx, 0.2), wait(ctx, shortest)); err != nil {
		return err
	}
	seen.enabled = r.at()
	r.event("enable-key")
	if _, err := w.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key}); err != nil {
		return fmt.Errorf("enable key %s: %w", key, err)
	}
	if seen.after, err = w.await(ctx, string(types.EncryptionStatusEnabled)); err != nil {
		return err
	}
	seen.back = r.at()
	_, seen.read = w.ask(ctx, readRequest(1))
	return errors.Join(w.pause(ctx, 0.1), wait(ctx, shortest))
}

// checkOutage compares the time without a key with the article.
func (w *world) checkOutage(r *recorder, l *Load, key string, seen outage) {
	described := seen.during.EncryptionDescription
	noticed := 0.0
	if described.InaccessibleKmsKeyDateTime != nil {
		noticed = described.InaccessibleKmsKeyDateTime.Sub(r.began).Seconds()
	}
	requests, failed := l.between(seen.asked, noticed)
	took := max(noticed-seen.disabled, 0)
	r.check("3a", failed == 0, "reads go on for a while after disable-key", "%d of %d, for %.2f s",
		requests-failed, requests, took)
	allowed := w.cfg.timing().KeyCache
	r.check("3a", took <= (allowed+slack).Seconds(), "the ledger notices within "+seconds(allowed.Seconds()),
		"after %.2f s; up to %s more would be put down to the machine", took, slack)
	requests, failed = l.between(seen.impaired, seen.enabled)
	r.check("3a", seen.refused == impairedFailure && failed == requests && len(l.Failures) <= 1 &&
		(l.Failed == 0 || l.Failures[0].Text == impairedFailure), "then every read is answered "+impairedFailure,
		"%d of %d that began and ended meanwhile were refused; %s", failed, requests, l.failures())
	r.check("3b", seen.during.State == types.LedgerStateActive &&
		seen.during.PermissionsMode == types.PermissionsModeStandard &&
		described.InaccessibleKmsKeyDateTime != nil && aws.ToString(described.KmsKeyArn) == key,
		"describe-ledger: ACTIVE, STANDARD, KMS_KEY_INACCESSIBLE since a time, the same key",
		"%s, %s, %s, time given: %t, same key: %t", seen.during.State, seen.during.PermissionsMode,
		described.EncryptionStatus, described.InaccessibleKmsKeyDateTime != nil, aws.ToString(described.KmsKeyArn) == key)
	refusal, ok := errors.AsType[smithy.APIError](seen.session)
	r.check("3c", ok && refusal.ErrorCode() == "AccessDeniedException" && refusal.ErrorMessage() == impairedText,
		"a shell cannot connect: StartSession is refused in the same words", "%v", seen.session)
}
