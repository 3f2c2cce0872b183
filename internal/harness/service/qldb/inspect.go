package qldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
)

// ErrNoKey says that a ledger could not be looked into, since its key could not be used.
var ErrNoKey = errors.New("the key of the ledger cannot be used")

// Keys opens the keys of a ledger of a Report, so that what it keeps can be read from outside of its engine. A key
// that was refused is tried anew.
//
// Errors: one that matches ErrNoKey, with what KMS said; ErrNotActive.
func (s *Service) Keys(ctx context.Context, r *LedgerReport) (engine.Sealer, error) {
	at := Place{Partition: "aws", Account: r.Account, Region: r.Region}
	l, found, err := s.ledger(ctx, at, r.Name)
	switch {
	case err != nil:
		return nil, err
	case !found || l.state(s.now()) != stateActive:
		return nil, fmt.Errorf("%s is %s: %w", ledgerARN(at, r.Name), r.State, ErrNotActive)
	}
	if l.impaired() {
		if err := s.watch(ctx, at, r.Name); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", l.arn(), ErrNoKey, err)
		}
	}
	ring := s.ring(&l)
	if err := ring.Ensure(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", l.arn(), ErrNoKey, err)
	}
	return sealer{ring}, nil
}
