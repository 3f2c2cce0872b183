package qldb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// rings are the plaintext keys of the ledgers in use, by ledger id.
type rings struct {
	mu   sync.Mutex
	byID map[string]*envelope.Ring
}

// ring is the Ring of a ledger.
func (s *Service) ring(l *ledger) *envelope.Ring {
	s.rings.mu.Lock()
	defer s.rings.mu.Unlock()
	r, ok := s.rings.byID[l.ID]
	if !ok {
		at, name, id := l.Place, l.Name, l.ID
		r = envelope.NewRing(envelope.RingConfig{
			LedgerID: id, State: s.cfg.State, Rand: s.cfg.Rand, Now: s.now,
			Refresh: func(ctx context.Context) error { return s.unlock(ctx, at, name, id) },
		})
		s.rings.byID[l.ID] = r
	}
	return r
}

// letRingGo drops the keys of a ledger that is gone.
func (s *Service) letRingGo(id string) {
	s.rings.mu.Lock()
	defer s.rings.mu.Unlock()
	if r, ok := s.rings.byID[id]; ok {
		r.Drop()
		delete(s.rings.byID, id)
	}
}

// sealer is a Ring as the engine wants it.
type sealer struct{ *envelope.Ring }

// Hold implements engine.Sealer.
func (s sealer) Hold(ctx context.Context) (engine.Held, error) {
	held, err := s.Ring.Hold(ctx)
	if err != nil {
		return nil, err
	}
	return held, nil
}

// errImpaired says that KMS refuses the key of a ledger. Beside it stands the fault that a client of the data plane
// gets, whatever it was doing with the ledger.
var errImpaired = errors.New("the ledger is impaired")

func impaired() error { return fmt.Errorf("%w: %w", errImpaired, inData(serviceDenied())) }

// An askError says that KMS, or QLDB's own key, gave no answer that says anything about the key of a ledger: it was
// not reached, throttled the call, had a fault of its own, or answered garbage.
type askError struct{ err error }

func (e *askError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *askError) Unwrap() error { return e.err }

// fault is what a client is told. Its status makes SDKs and drivers try again.
func (e *askError) fault() error {
	return &wire.Fault{Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable,
		Message: "The key of the ledger could not be opened, since AWS KMS gave no usable answer: " + e.err.Error() +
			". Nothing was changed; try again."}
}

// unlock is what the Ring of a ledger calls when keys are needed and none are there.
//
// Keys that have expired are not used any longer because KMS is silent: otherwise whoever keeps it silent could keep
// a key in use that its owner has disabled. The ledger is not KMS_KEY_INACCESSIBLE then, for nothing is known about
// its key, and each later use asks again.
func (s *Service) unlock(ctx context.Context, at Place, name, id string) error {
	l, found, err := s.ledger(ctx, at, name)
	switch {
	case err != nil:
		return err
	case !found || l.ID != id || l.state(s.now()) != stateActive:
		return fmt.Errorf("open the keys of ledger %s: %w", ledgerARN(at, name), ErrNotActive)
	case l.impaired():
		return impaired()
	case !l.watched():
		return s.unlockOwn(ctx, &l)
	}
	watched := s.watch(ctx, at, name)
	if s.ring(&l).Ready() {
		return nil
	}
	if ask, ok := errors.AsType[*askError](watched); ok {
		return ask.fault()
	}
	if watched != nil {
		return watched
	}
	if l, found, err = s.ledger(ctx, at, name); err == nil && found && l.impaired() {
		return impaired()
	}
	return err // nil: the ledger was changed in between, and the Ring tries again
}

// unlockOwn opens a ledger under QLDB's own key, which stays open: that key is in the same memory.
func (s *Service) unlockOwn(ctx context.Context, l *ledger) error {
	ring := s.ring(l)
	drops := ring.Drops()
	key, err := s.open(ctx, l, &l.Root)
	if err != nil {
		return err
	}
	defer key.Wipe()
	return ring.Unlock(drops, &l.Root.Root, key, s.now(), time.Time{})
}

// engine opens the data of a ledger with its keys.
func (s *Service) engine(ctx context.Context, l *ledger) (*engine.Ledger, error) {
	ring := s.ring(l)
	if err := ring.Ensure(ctx); err != nil {
		return nil, err
	}
	return s.cfg.Journals.Open(ctx, l.ID, sealer{ring})
}

// asControl is what the control plane answers when the keys of a ledger cannot be had.
func asControl(name string, err error) error {
	if errors.Is(err, errImpaired) {
		return precondition(name, textImpaired)
	}
	return err
}

// CheckLedgers makes sure that this version can read what is in every ledger, so that one that it cannot read is told
// of at the start. The error names the ledger and matches envelope.ErrNoHierarchy.
func (s *Service) CheckLedgers(ctx context.Context) error {
	all := store.Table[ledger]{Prefix: "qldb/ledger/"}
	return s.read(ctx, func(r store.Reader) error {
		return all.Scan(r, "", "", func(_ string, l ledger) (bool, error) {
			if len(l.Root.Nodes) == 0 {
				return false, fmt.Errorf("ledger %s: %w", l.arn(), envelope.ErrNoHierarchy)
			}
			return true, nil
		})
	})
}
