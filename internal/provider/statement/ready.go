package statement

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// A Status is what DescribeLedger says of a ledger.
type Status struct {
	ARN               string
	State             string // CREATING, ACTIVE, DELETING
	Encryption        string // ENABLED, UPDATING, KMS_KEY_INACCESSIBLE
	KeyARN            string
	InaccessibleSince *time.Time
	PermissionsMode   string
}

func (s Status) ready() bool {
	return s.State == string(qldbtypes.LedgerStateActive) &&
		s.Encryption != string(qldbtypes.EncryptionStatusKmsKeyInaccessible)
}

// coming says whether waiting may help.
func (s Status) coming() bool {
	return s.State == string(qldbtypes.LedgerStateCreating) ||
		s.State == string(qldbtypes.LedgerStateActive) && !s.ready()
}

// Describe asks for the ledger's status. A ledger that is not there is a *NoLedgerError.
func (l *Ledger) Describe(ctx context.Context) (Status, error) { return l.look(ctx) }

func (l *Ledger) look(ctx context.Context) (Status, error) {
	out, err := l.clients.QLDB.DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: aws.String(l.Name)})
	if isNotFound(err) {
		return Status{}, &NoLedgerError{Ledger: l.Name, Region: l.Region}
	}
	if err != nil {
		return Status{}, err
	}
	s := Status{
		ARN: aws.ToString(out.Arn), State: string(out.State), PermissionsMode: string(out.PermissionsMode),
		Encryption: string(qldbtypes.EncryptionStatusEnabled),
	}
	if e := out.EncryptionDescription; e != nil {
		s.Encryption, s.KeyARN, s.InaccessibleSince = string(e.EncryptionStatus), aws.ToString(e.KmsKeyArn),
			e.InaccessibleKmsKeyDateTime
	}
	if s.State == string(qldbtypes.LedgerStateDeleted) {
		return Status{}, &NoLedgerError{Ledger: l.Name, Region: l.Region}
	}
	return s, nil
}

// awaitReady finds out whether the ledger is the reason why a statement was refused with cause, and waits until it is
// ready. waited is false when it was ready at once; the refusal then has another reason, as it has when the ledger
// cannot be looked at.
func (l *Ledger) awaitReady(ctx context.Context, cause error) (waited bool, err error) {
	start, last := l.opts.Now(), Status{}
	for n := 0; ; n++ {
		s, err := l.look(ctx)
		switch {
		case err == nil && s.ready():
			return n > 0, nil
		case err == nil && !s.coming() || isNoLedger(err):
			if err == nil {
				err = &NotReadyError{Ledger: l.Name, Status: s, Err: cause}
			}
			return false, err
		case err != nil && n == 0:
			return false, cause
		case err == nil:
			if s != last {
				tflog.SubsystemInfo(ctx, "wait", "waiting for the ledger", map[string]any{
					"ledger": l.Name, "state": s.State, "encryption": s.Encryption,
				})
			}
			last = s
		}
		if passive(ctx) || l.opts.Pause(ctx, n) != nil {
			return false, &NotReadyError{
				Ledger: l.Name, Status: last, Waited: l.opts.Now().Sub(start), Interrupted: interrupted(ctx), Err: cause,
			}
		}
	}
}

// WhenReady runs ask, which calls the ledger's control plane, and runs it once more if the ledger was not ready for it
// and is now. Errors beside those of ask: *NotReadyError, *NoLedgerError.
func (l *Ledger) WhenReady(ctx context.Context, ask func(context.Context) error) error {
	err := ask(ctx)
	if !isUnmet(err) {
		return err
	}
	if _, notReady := l.awaitReady(ctx, err); notReady != nil {
		return notReady
	}
	return ask(ctx)
}

type passiveKey struct{}

// Passive makes Do give up at once on a ledger that is not ready: a plan must not wait.
func Passive(ctx context.Context) context.Context { return context.WithValue(ctx, passiveKey{}, true) }

func passive(ctx context.Context) bool { return ctx.Value(passiveKey{}) != nil }

// LastLook is a context for one more call after ctx has ended.
func LastLook(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}
