package qldb

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// DescribeLedgerInput is the input of DescribeLedger.
type DescribeLedgerInput struct {
	Name string `json:"-" path:"Name"`
}

// Target implements wire.Targeter.
func (in *DescribeLedgerInput) Target() string { return in.Name }

// DescribeLedgerOutput is the answer of DescribeLedger. EncryptionDescription is absent for a ledger that has always
// used the AWS owned key without being told to.
type DescribeLedgerOutput struct {
	Name                  string                 `json:"Name"`
	Arn                   string                 `json:"Arn"`
	State                 string                 `json:"State"` // CREATING, ACTIVE or DELETING
	CreationDateTime      *wire.Time             `json:"CreationDateTime"`
	PermissionsMode       string                 `json:"PermissionsMode"`
	DeletionProtection    bool                   `json:"DeletionProtection"`
	EncryptionDescription *EncryptionDescription `json:"EncryptionDescription,omitempty"`
}

// DescribeLedger shows a ledger, also while it is being deleted or its key is inaccessible.
//
// Faults: InvalidParameterException, ResourceNotFoundException.
//
// Source: QLDB API reference, DescribeLedger.
func (s *Service) DescribeLedger(
	ctx context.Context, c *wire.Call, in *DescribeLedgerInput,
) (*DescribeLedgerOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	now := s.now()
	var out *DescribeLedgerOutput
	err := s.read(ctx, func(r store.Reader) error {
		l, err := findLedger(r, placeOf(c), in.Name, now)
		if err != nil {
			return err
		}
		out = &DescribeLedgerOutput{
			Name: l.Name, Arn: l.arn(), State: l.state(now), CreationDateTime: wire.At(l.Created),
			PermissionsMode: l.PermissionsMode, DeletionProtection: l.DeletionProtection,
			EncryptionDescription: l.encryption(),
		}
		return nil
	})
	return out, err
}

// ListLedgersInput is the input of ListLedgers.
type ListLedgersInput struct {
	MaxResults *int32 `json:"-" query:"max_results"` // 1 to 100; nil means 100
	NextToken  string `json:"-" query:"next_token"`
}

// LedgerSummary is one ledger of a list.
type LedgerSummary struct {
	Name             string     `json:"Name"`
	State            string     `json:"State"`
	CreationDateTime *wire.Time `json:"CreationDateTime"`
}

// ListLedgersOutput is the answer of ListLedgers; without NextToken it is the last page.
type ListLedgersOutput struct {
	Ledgers   []LedgerSummary `json:"Ledgers"`
	NextToken string          `json:"NextToken,omitempty"`
}

// ListLedgers lists the ledgers of the account and Region, by name.
//
// Faults: InvalidParameterException.
//
// Source: QLDB API reference, ListLedgers.
func (s *Service) ListLedgers(ctx context.Context, c *wire.Call, in *ListLedgersInput) (*ListLedgersOutput, error) {
	p, err := checkPage(in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	now, out := s.now(), &ListLedgersOutput{}
	err = s.read(ctx, func(r store.Reader) (err error) {
		out.Ledgers, out.NextToken, err = list(r, ledgers(placeOf(c)), "", p, func(l ledger) (LedgerSummary, bool) {
			state := l.state(now)
			return LedgerSummary{Name: l.Name, State: state, CreationDateTime: wire.At(l.Created)}, state != stateDeleted
		})
		return err
	})
	return out, err
}
