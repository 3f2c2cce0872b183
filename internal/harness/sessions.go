package harness

import (
	"context"
	"errors"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// sessionLedgers are the ledgers as the data plane finds them: the control plane knows which there are.
type sessionLedgers struct{ qldb *qldb.Service }

// Find implements session.Ledgers.
func (l sessionLedgers) Find(ctx context.Context, c *wire.Call, name string) (session.Ledger, error) {
	found, err := l.qldb.FindActive(ctx, c, name)
	if err != nil {
		return session.Ledger{}, sessionError(err)
	}
	return session.Ledger{
		ID: found.ID, Name: found.Name, ARN: found.ARN, Mode: session.PermissionsMode(found.PermissionsMode),
		Engine: found.Engine,
	}, nil
}

// CheckCaller implements session.Ledgers.
func (l sessionLedgers) CheckCaller(ctx context.Context, c *wire.Call, ledger session.Ledger) error {
	return sessionError(l.qldb.CheckCaller(ctx, c, ledger.Name))
}

func sessionError(err error) error {
	if errors.Is(err, qldb.ErrNotActive) {
		return session.ErrNoLedger
	}
	return err
}
