package protectedledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// A keyInUseError says that a ledger still uses a key that was to be deleted or disabled.
type keyInUseError struct{ preflight.Finding }

// Error implements error. What to do hinges on what was to be done.
func (e *keyInUseError) Error() string {
	return e.Rule + ": " + strings.TrimSuffix(strings.TrimSuffix(e.Detail, e.Fix), ". ")
}

// unused makes sure that no ledger of this account and Region but one uses the key, "" for none at all: losing the key
// would lose its data for ever. When the ledgers cannot all be looked at, that is an error too.
func (c *calls) unused(ctx context.Context, arn, but string) error {
	pages := qldb.NewListLedgersPaginator(c.qldb, &qldb.ListLedgersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("make sure that no ledger uses key %s: %w", keyID(arn), err)
		}
		for _, l := range page.Ledgers {
			name := aws.ToString(l.Name)
			if name == but {
				continue
			}
			info, err := findLedger(ctx, c.qldb, name)
			switch {
			case isNotFound(err):
				continue
			case err != nil:
				return fmt.Errorf("make sure that ledger %s does not use key %s: %w", name, keyID(arn), err)
			}
			use := preflight.Use{Ledger: name, State: info.State, Key: info.KeyARN}
			for _, f := range preflight.KeyInUse(arn, []preflight.Use{use}) {
				return &keyInUseError{f}
			}
		}
	}
	return nil
}
