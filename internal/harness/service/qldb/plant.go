package qldb

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Plant creates a ledger with a unique id of 22 letters and digits ("" draws one), as the caller of c. A ledger of that
// name that is there already is left as it is, unless its id is another one.
func (s *Service) Plant(ctx context.Context, c *wire.Call, id string, in CreateLedgerInput) error {
	if id != "" && !isID(id) {
		return fmt.Errorf("ledger %.40q: id %.40q: want %d letters and digits", in.Name, id, journal.IDLength)
	}
	l, found, err := s.ledger(ctx, placeOf(c), in.Name)
	switch {
	case err != nil:
		return err
	case found && id != "" && l.ID != id:
		return fmt.Errorf("%s exists with the id %s, not %s", l.arn(), l.ID, id)
	case found:
		return nil
	}
	in.id = id
	if _, err := s.CreateLedger(ctx, c, &in); err != nil {
		return fmt.Errorf("ledger %.40q: %w", in.Name, err)
	}
	return nil
}
