package qldb

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// DeleteLedgerInput is the input of DeleteLedger.
type DeleteLedgerInput struct {
	Name string `json:"-" path:"Name"`
}

// Target implements wire.Targeter.
func (in *DeleteLedgerInput) Target() string { return in.Name }

// DeleteLedger deletes a ledger for good. It is DELETING for a while; then its name is free and its grants are
// retired. A ledger whose key is inaccessible can be deleted.
//
// Faults: InvalidParameterException, ResourceNotFoundException, ResourceInUseException (it is being created or
// deleted), ResourcePreconditionNotMetException (it is protected).
//
// Source: QLDB API reference, DeleteLedger.
func (s *Service) DeleteLedger(ctx context.Context, c *wire.Call, in *DeleteLedgerInput) (*wire.Empty, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	err := s.write(ctx, func(w store.Writer) error {
		now := s.now()
		l, err := findLedger(w, placeOf(c), in.Name, now)
		if err != nil {
			return err
		}
		switch {
		case l.state(now) == stateCreating:
			return beingCreated(l.Name)
		case l.state(now) == stateDeleting:
			return beingDeleted(l.Name)
		case l.DeletionProtection:
			return deletionProtected(l.Name)
		}
		l.GoneAt = now.Add(s.cfg.DeleteDuration)
		if err := l.letGo(w, l.Root.Key, l.GoneAt); err != nil {
			return err
		}
		if l.Next != nil {
			if err := l.letGo(w, l.Next.Key, l.GoneAt); err != nil {
				return err
			}
		}
		if err := s.endDeliveries(w, l); err != nil {
			return err
		}
		return l.put(w)
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Wake()
	return nil, nil
}
