package qldb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// The values of State, PermissionsMode and EncryptionStatus. Source: QLDB API reference.
const (
	stateCreating = "CREATING"
	stateActive   = "ACTIVE"
	stateDeleting = "DELETING"
	stateDeleted  = "DELETED" // never shown: the name is not found then

	modeAllowAll = "ALLOW_ALL"
	modeStandard = "STANDARD"

	encryptionEnabled      = "ENABLED"
	encryptionUpdating     = "UPDATING"
	encryptionInaccessible = "KMS_KEY_INACCESSIBLE"
)

// ledger is what is kept of one ledger. Its State and EncryptionStatus follow from the fields and the time.
type ledger struct {
	Place
	Name string
	ID   string // 22 characters; another one when the name is used again
	// Version grows by one with each write, so that what was decided outside a transaction is written only if
	// nothing changed in between.
	Version  int64
	Created  time.Time
	ActiveAt time.Time // CREATING before
	// GoneAt is zero until DeleteLedger; from then on the ledger is DELETING, and from GoneAt on it does not exist.
	GoneAt             time.Time `json:",omitzero"`
	PermissionsMode    string
	DeletionProtection bool
	Tags               map[string]string `json:",omitempty"`

	Root rootNode
	// Next is the root node under the key that a running key change moves to. It replaces Root when KMS opens both
	// at or after SwapAt.
	Next   *rootNode `json:",omitempty"`
	SwapAt time.Time `json:",omitzero"`
	// InaccessibleSince is when a key in use was first found unusable in this episode; zero while all is well.
	InaccessibleSince time.Time `json:",omitzero"`
	ProbeAt           time.Time `json:",omitzero"` // when the keys are next tried; zero under the AWS owned key

	Due time.Time `json:",omitzero"` // under which the ledger stands in the due index
}

// ledgers is the table of the ledgers of one account and Region, by name.
func ledgers(at Place) store.Table[ledger] {
	return store.Table[ledger]{Prefix: fmt.Sprintf("qldb/ledger/%s/%s/", at.Account, at.Region)}
}

func ledgerARN(at Place, name string) string {
	return fmt.Sprintf("arn:%s:qldb:%s:%s:ledger/%s", at.Partition, at.Region, at.Account, name)
}

func (l *ledger) arn() string { return ledgerARN(l.Place, l.Name) }

func (l *ledger) state(now time.Time) string {
	switch {
	case !l.GoneAt.IsZero() && !now.Before(l.GoneAt):
		return stateDeleted
	case !l.GoneAt.IsZero():
		return stateDeleting
	case now.Before(l.ActiveAt) && !now.Before(l.Created): // before that, the clock was set back
		return stateCreating
	default:
		return stateActive
	}
}

// target is the key the ledger is under or moves to: what DescribeLedger shows.
func (l *ledger) target() string {
	if l.Next != nil {
		return l.Next.Key
	}
	return l.Root.Key
}

func (l *ledger) impaired() bool { return !l.InaccessibleSince.IsZero() }

// watched says that a customer managed key is in use, so that it must be tried now and then.
func (l *ledger) watched() bool {
	return l.GoneAt.IsZero() && (l.Root.customer() || l.Next != nil && l.Next.customer())
}

// claims says that the ledger needs its grant on a key.
func (l *ledger) claims(keyARN string) bool {
	return l.GoneAt.IsZero() && (l.Root.Key == keyARN || l.Next != nil && l.Next.Key == keyARN)
}

// EncryptionDescription tells under which key a ledger is. KmsKeyArn is a key ARN or AWS_OWNED_KMS_KEY.
type EncryptionDescription struct {
	KmsKeyArn                  string     `json:"KmsKeyArn"`
	EncryptionStatus           string     `json:"EncryptionStatus"`
	InaccessibleKmsKeyDateTime *wire.Time `json:"InaccessibleKmsKeyDateTime,omitempty"`
}

// encryption is nil for a ledger that has always used the AWS owned key without being told to.
func (l *ledger) encryption() *EncryptionDescription {
	d := &EncryptionDescription{KmsKeyArn: l.target(), EncryptionStatus: encryptionEnabled}
	switch {
	case d.KmsKeyArn == "":
		return nil
	case l.impaired():
		d.EncryptionStatus = encryptionInaccessible
		d.InaccessibleKmsKeyDateTime = wire.At(l.InaccessibleSince)
	case l.Next != nil:
		d.EncryptionStatus = encryptionUpdating
	}
	return d
}

// put writes l as the next version and moves it in the due index.
func (l *ledger) put(w store.Writer) error {
	if err := unschedule(w, l.Due, l.work()); err != nil {
		return err
	}
	l.Version++
	l.Due = time.Time{}
	switch {
	case !l.GoneAt.IsZero():
		l.Due = l.GoneAt
	case l.watched():
		l.Due = l.ProbeAt
	}
	if err := schedule(w, l.Due, l.work()); err != nil {
		return err
	}
	return ledgers(l.Place).Put(w, l.Name, *l)
}

// remove deletes l, whose grants nothing claims any more, and with it the keys of its data and the tags of its tables.
func (l *ledger) remove(w store.Writer) error {
	if err := unschedule(w, l.Due, l.work()); err != nil {
		return err
	}
	if err := removeTableTags(w, l.ID); err != nil {
		return err
	}
	if err := envelope.Forget(w, l.ID); err != nil {
		return err
	}
	return ledgers(l.Place).Delete(w, l.Name)
}

func (l *ledger) work() work { return work{Place: l.Place, Ledger: l.Name} }

// findLedger returns a ledger in any state but DELETED, or the fault that says it is not there.
func findLedger(r store.Reader, at Place, name string, now time.Time) (*ledger, error) {
	l, found, err := ledgers(at).Get(r, name)
	if err != nil {
		return nil, err
	}
	if !found || l.state(now) == stateDeleted {
		return nil, notFound("Ledger", name)
	}
	return &l, nil
}

// recall is findLedger for what only reads; the ledger must not be changed.
func (s *Service) recall(ctx context.Context, at Place, name string) (l *ledger, err error) {
	err = s.read(ctx, func(r store.Reader) error {
		var found bool
		if l, found, err = s.known.Get(ledgers(at), r, name); err == nil && (!found || l.state(s.now()) == stateDeleted) {
			err = notFound("Ledger", name)
		}
		return err
	})
	return l, err
}

// findForUpdate is findLedger for operations that change a ledger: one that is DELETING counts as gone, and one that
// is CREATING cannot be changed yet. Their models have no other errors for that.
func findForUpdate(r store.Reader, at Place, name string, now time.Time) (*ledger, error) {
	l, err := findLedger(r, at, name, now)
	if err != nil {
		return nil, err
	}
	switch l.state(now) {
	case stateDeleting:
		return nil, notFound("Ledger", name)
	case stateCreating:
		return nil, stillCreating(name)
	}
	return l, nil
}

// findForJournal is findLedger for operations that read the journal: the ledger must be ACTIVE, its key usable.
func findForJournal(r store.Reader, at Place, name string, now time.Time) (*ledger, error) {
	l, err := findLedger(r, at, name, now)
	if err != nil {
		return nil, err
	}
	switch {
	case l.state(now) == stateDeleting:
		return nil, notFound("Ledger", name)
	case l.state(now) == stateCreating:
		return nil, notActive(name)
	case l.impaired():
		return nil, precondition(name, textImpaired)
	}
	return l, nil
}

// isCustomerKey says that key, as resolved, is the ARN of a customer managed key.
func isCustomerKey(key string) bool { return strings.HasPrefix(key, "arn:") }
