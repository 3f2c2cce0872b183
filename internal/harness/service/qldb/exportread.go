package qldb

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// ListJournalS3ExportsForLedgerInput is the input of ListJournalS3ExportsForLedger.
type ListJournalS3ExportsForLedgerInput struct {
	Name       string `json:"-" path:"Name"`
	MaxResults *int32 `json:"-" query:"max_results"` // 1 to 100; nil means 100
	NextToken  string `json:"-" query:"next_token"`
}

// Target implements wire.Targeter.
func (in *ListJournalS3ExportsForLedgerInput) Target() string { return in.Name }

// ListJournalS3ExportsOutput is the answer of both lists of exports.
type ListJournalS3ExportsOutput struct {
	JournalS3Exports []JournalS3ExportDescription `json:"JournalS3Exports"`
	NextToken        string                       `json:"NextToken,omitempty"`
}

// ListJournalS3ExportsForLedger lists the exports of the ledgers that have or had a name, by id. A ledger that does
// not exist is no error in the model, for exports outlive their ledger.
//
// Source: QLDB API reference, ListJournalS3ExportsForLedger.
func (s *Service) ListJournalS3ExportsForLedger(
	ctx context.Context, c *wire.Call, in *ListJournalS3ExportsForLedgerInput,
) (*ListJournalS3ExportsOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	return s.listExports(ctx, placeOf(c), in.Name+"/", in.MaxResults, in.NextToken)
}

// ListJournalS3ExportsInput is the input of ListJournalS3Exports.
type ListJournalS3ExportsInput struct {
	MaxResults *int32 `json:"-" query:"max_results"` // 1 to 100; nil means 100
	NextToken  string `json:"-" query:"next_token"`
}

// ListJournalS3Exports lists the exports of the account and Region, by name of the ledger and id.
//
// Source: QLDB API reference, ListJournalS3Exports.
func (s *Service) ListJournalS3Exports(
	ctx context.Context, c *wire.Call, in *ListJournalS3ExportsInput,
) (*ListJournalS3ExportsOutput, error) {
	return s.listExports(ctx, placeOf(c), "", in.MaxResults, in.NextToken)
}

func (s *Service) listExports(
	ctx context.Context, at Place, prefix string, maxResults *int32, nextToken string,
) (*ListJournalS3ExportsOutput, error) {
	p, err := checkPage(maxResults, nextToken)
	if err != nil {
		return nil, err
	}
	now, out := s.now(), &ListJournalS3ExportsOutput{}
	err = s.read(ctx, func(r store.Reader) (err error) {
		out.JournalS3Exports, out.NextToken, err = list(r, exportsOf(at), prefix, p,
			func(e journalExport) (JournalS3ExportDescription, bool) { return e.describe(), !e.expired(now) })
		return err
	})
	return out, err
}

// DescribeJournalS3ExportInput is the input of DescribeJournalS3Export.
type DescribeJournalS3ExportInput struct {
	Name     string `json:"-" path:"Name"`
	ExportID string `json:"-" path:"ExportId"`
}

// Target implements wire.Targeter.
func (in *DescribeJournalS3ExportInput) Target() string { return in.Name }

// DescribeJournalS3ExportOutput is the answer of DescribeJournalS3Export.
type DescribeJournalS3ExportOutput struct {
	ExportDescription JournalS3ExportDescription `json:"ExportDescription"`
}

// DescribeJournalS3Export describes an export, until seven days after it ended.
//
// Faults: InvalidParameterException, ResourceNotFoundException.
//
// Source: QLDB API reference, DescribeJournalS3Export.
func (s *Service) DescribeJournalS3Export(
	ctx context.Context, c *wire.Call, in *DescribeJournalS3ExportInput,
) (*DescribeJournalS3ExportOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	if err := checkID("ExportId", in.ExportID); err != nil {
		return nil, err
	}
	var out *DescribeJournalS3ExportOutput
	err := s.read(ctx, func(r store.Reader) error {
		e, found, err := exportsOf(placeOf(c)).Get(r, in.Name+"/"+in.ExportID)
		switch {
		case err != nil:
			return err
		case !found || e.expired(s.now()):
			return notFound("JournalS3Export", in.ExportID)
		}
		out = &DescribeJournalS3ExportOutput{ExportDescription: e.describe()}
		return nil
	})
	return out, err
}
