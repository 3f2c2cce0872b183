package protectedledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
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
	uses, err := findUses(ctx, c.qldb, but)
	if err != nil {
		return fmt.Errorf("make sure that no ledger uses key %s: %w", keyID(arn), err)
	}
	for _, f := range preflight.KeyInUse(arn, uses) {
		return &keyInUseError{f}
	}
	return nil
}

// findUses lists the ledgers of the account and Region but one with the keys they are under. It is an error when one of
// them cannot be looked at.
func findUses(ctx context.Context, client *qldb.Client, but string) ([]preflight.Use, error) {
	var uses []preflight.Use
	pages := qldb.NewListLedgersPaginator(client, &qldb.ListLedgersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, l := range page.Ledgers {
			if name := aws.ToString(l.Name); but == "" || name != but {
				uses = append(uses, preflight.Use{Ledger: name})
			}
		}
	}
	errs := make([]error, len(uses))
	slots := make(chan struct{}, 8)
	var asks sync.WaitGroup
	for i := range uses {
		slots <- struct{}{}
		asks.Go(func() {
			defer func() { <-slots }()
			info, err := findLedger(ctx, client, uses[i].Ledger)
			switch {
			case err == nil:
				uses[i].State, uses[i].Key = info.State, info.KeyARN
			case !isNotFound(err):
				errs[i] = fmt.Errorf("look at ledger %s: %w", uses[i].Ledger, err)
			}
		})
	}
	asks.Wait()
	return uses, errors.Join(errs...)
}

// askUses is findUses for a plan, see facts.Uses.
func (r *Resource) askUses(ctx context.Context, st model) (uses []preflight.Use, unknown string) {
	clients, err := r.API.In(st.Region.ValueString())
	if err == nil {
		uses, err = findUses(ctx, clients.QLDB, st.Name.ValueString())
	}
	if err != nil {
		return nil, awsclient.Cause(err)
	}
	return uses, ""
}
