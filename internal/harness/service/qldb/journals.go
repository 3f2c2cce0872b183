package qldb

import (
	"context"
	"errors"
	"net/http"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Journals keeps what is in the ledgers, by ledger id. The harness implements it.
type Journals interface {
	// Open returns the engine of the ledger called id, which keeps its data under keys. A ledger that is opened for the
	// first time gets its first block.
	Open(ctx context.Context, id string, keys engine.Sealer) (*engine.Ledger, error)
	// Remove deletes all that is kept of a ledger, for good. One that is not there is no error.
	Remove(ctx context.Context, id string) error
}

// ErrNotActive is returned by FindActive for a ledger that does not exist, or is not ACTIVE.
var ErrNotActive = errors.New("no such ledger, or it is not ACTIVE")

// Active is an ACTIVE ledger as the data plane needs it.
type Active struct {
	ID              string // of this ledger alone, also if another gets its name later
	Name            string
	ARN             string
	PermissionsMode string // ALLOW_ALL or STANDARD
	Engine          *engine.Ledger
}

// FindActive finds a ledger for the data plane, in the account and Region of c.
//
// Errors: ErrNotActive; an AccessDeniedException while the ledger cannot use its KMS key; a ServiceUnavailable when
// KMS would have to be asked and cannot be.
//
// Source: QLDB developer guide, "Data encryption at rest": an inaccessible key impairs reads and writes.
func (s *Service) FindActive(ctx context.Context, c *wire.Call, name string) (*Active, error) {
	found, err := s.recall(ctx, placeOf(c), name)
	switch {
	case faultCode(err) == "ResourceNotFoundException":
		return nil, ErrNotActive
	case err != nil:
		return nil, err
	case found.state(s.now()) != stateActive:
		return nil, ErrNotActive
	case found.impaired():
		return nil, inData(serviceDenied())
	}
	if s.cfg.Journals == nil {
		return nil, notServed("The data plane")
	}
	opened, err := s.engine(ctx, found)
	if err != nil {
		return nil, err
	}
	return &Active{
		ID: found.ID, Name: found.Name, ARN: found.arn(), PermissionsMode: found.PermissionsMode, Engine: opened,
	}, nil
}

// CheckCaller asks KMS whether the caller of c may decrypt with the key that the ledger is under. While the key changes
// that is the former key, which still wraps the ledger's root node key. Under the AWS owned key everybody may. A key
// that has become unusable stops nobody here: the ledger works with what it has opened until it notices.
//
// Source: "Protecting Data in QLDB Ledger", scenario 3: after disable-key, reads succeed "for a short period of time".
//
// Errors: ErrNotActive; an AccessDeniedException with the service's words and KMS's own; that KMS could not be asked.
func (s *Service) CheckCaller(ctx context.Context, c *wire.Call, name string) error {
	l, err := s.recall(ctx, placeOf(c), name)
	switch {
	case faultCode(err) == "ResourceNotFoundException":
		return ErrNotActive
	case err != nil:
		return err
	case l.state(s.now()) != stateActive:
		return ErrNotActive
	case !l.Root.customer():
		return nil
	}
	err = s.cfg.Keys.DecryptAs(ctx, c, l.Root.Ciphertext, l.Root.Context())
	f, refused := errors.AsType[*wire.Fault](err)
	switch {
	case !refused:
		return unanswered(err)
	case f.Code == "AccessDeniedException":
		return inData(s.deniedBy(f))
	case keyUnusable(f): // KMS looks at policies first, so the caller may; reads go on until the ledger's next probe
		return nil
	default: // a fault of KMS's own says nothing about the key
		return (&askError{err}).fault()
	}
}

// inData is err as the data plane sends it, whose protocol has status 400 for all faults of a client.
func inData(err error) error {
	if f, ok := errors.AsType[*wire.Fault](err); ok {
		sent := *f
		sent.Status = http.StatusBadRequest
		return &sent
	}
	return err
}

// openJournal opens the journal of a ledger that must be ACTIVE with its key usable.
func (s *Service) openJournal(ctx context.Context, at Place, name, operation string) (*engine.Ledger, error) {
	var l *ledger
	err := s.read(ctx, func(r store.Reader) (err error) {
		l, err = findForJournal(r, at, name, s.now())
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.cfg.Journals == nil {
		return nil, notServed(operation)
	}
	opened, err := s.engine(ctx, l)
	return opened, asControl(name, err)
}
