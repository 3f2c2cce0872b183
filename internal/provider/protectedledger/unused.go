package protectedledger

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
)

// A keyInUseError says that a ledger still uses a key that was to be deleted.
type keyInUseError struct{ Key, Ledger, State string }

// Error implements error.
func (e *keyInUseError) Error() string {
	return fmt.Sprintf("key %s is not scheduled for deletion: ledger %q (%s) uses it", e.Key, e.Ledger, e.State)
}

// unused makes sure that no ledger of this account and Region uses the key: losing the key would lose its data for
// ever. When the ledgers cannot all be looked at, that is an error too.
func (c *calls) unused(ctx context.Context, arn string) error {
	pages := qldb.NewListLedgersPaginator(c.qldb, &qldb.ListLedgersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("make sure that no ledger uses key %s: %w", keyID(arn), err)
		}
		for _, l := range page.Ledgers {
			info, err := findLedger(ctx, c.qldb, aws.ToString(l.Name))
			switch {
			case isNotFound(err):
			case err != nil:
				return fmt.Errorf("make sure that ledger %s does not use key %s: %w", aws.ToString(l.Name), keyID(arn), err)
			case info.KeyARN == arn:
				return &keyInUseError{Key: arn, Ledger: aws.ToString(l.Name), State: info.State}
			}
		}
	}
	return nil
}
