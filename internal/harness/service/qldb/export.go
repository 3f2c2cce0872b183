package qldb

import (
	"context"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// S3EncryptionConfiguration says how the objects of an export are encrypted.
type S3EncryptionConfiguration struct {
	ObjectEncryptionType string `json:"ObjectEncryptionType"` // SSE_KMS, SSE_S3 or NO_ENCRYPTION
	KmsKeyArn            string `json:"KmsKeyArn,omitempty"`  // with SSE_KMS alone
}

// S3ExportConfiguration says where an export goes.
type S3ExportConfiguration struct {
	Bucket                  string                     `json:"Bucket"`
	Prefix                  *string                    `json:"Prefix"` // at most 128 characters, may be empty
	EncryptionConfiguration *S3EncryptionConfiguration `json:"EncryptionConfiguration"`
}

// JournalS3ExportDescription describes an export job.
type JournalS3ExportDescription struct {
	LedgerName            string                 `json:"LedgerName"`
	ExportID              string                 `json:"ExportId"`
	ExportCreationTime    *wire.Time             `json:"ExportCreationTime"`
	Status                string                 `json:"Status"` // IN_PROGRESS, COMPLETED or CANCELLED
	InclusiveStartTime    *wire.Time             `json:"InclusiveStartTime"`
	ExclusiveEndTime      *wire.Time             `json:"ExclusiveEndTime"`
	S3ExportConfiguration *S3ExportConfiguration `json:"S3ExportConfiguration"`
	RoleArn               string                 `json:"RoleArn"`
	OutputFormat          string                 `json:"OutputFormat,omitempty"`
}

// ExportJournalToS3Input is the input of ExportJournalToS3.
type ExportJournalToS3Input struct {
	Name                  string                 `json:"-" path:"Name"`
	InclusiveStartTime    *wire.Time             `json:"InclusiveStartTime"`
	ExclusiveEndTime      *wire.Time             `json:"ExclusiveEndTime"`
	RoleArn               string                 `json:"RoleArn"`
	S3ExportConfiguration *S3ExportConfiguration `json:"S3ExportConfiguration"`
	OutputFormat          string                 `json:"OutputFormat"` // empty means ION_TEXT
}

// Target implements wire.Targeter.
func (in *ExportJournalToS3Input) Target() string { return in.Name }

// ExportJournalToS3Output is the answer of ExportJournalToS3.
type ExportJournalToS3Output struct {
	ExportID string `json:"ExportId"`
}

// ExportJournalToS3 is not yet served: after its checks it answers NotYetServedException.
//
// Source: QLDB API reference, ExportJournalToS3; developer guide, Journal export errors.
func (s *Service) ExportJournalToS3(
	ctx context.Context, c *wire.Call, in *ExportJournalToS3Input,
) (*ExportJournalToS3Output, error) {
	if err := in.checkModel(); err != nil {
		return nil, err
	}
	if err := s.journalReadable(ctx, placeOf(c), in.Name); err != nil {
		return nil, err
	}
	to := in.S3ExportConfiguration
	encryption := to.EncryptionConfiguration
	switch {
	case utf8.RuneCountInString(*to.Prefix) > 128:
		return nil, invalid("Prefix", textPrefixLong)
	case !in.InclusiveStartTime.Before(in.ExclusiveEndTime.Time):
		return nil, invalid("InclusiveStartTime", textStartAfterEnd)
	case in.ExclusiveEndTime.After(s.now()):
		return nil, invalid("ExclusiveEndTime", textEndInFuture)
	case encryption.ObjectEncryptionType != "SSE_KMS" && encryption.KmsKeyArn != "":
		return nil, invalid("KmsKeyArn", textKeyNotSSEKMS)
	case encryption.ObjectEncryptionType == "SSE_KMS" && encryption.KmsKeyArn == "":
		return nil, invalid("KmsKeyArn", textSSEKMSNoKey)
	}
	return nil, notServed("ExportJournalToS3")
}

// checkModel checks in against the API's model alone.
func (in *ExportJournalToS3Input) checkModel() error {
	if err := checkName("Name", in.Name); err != nil {
		return err
	}
	to := in.S3ExportConfiguration
	switch {
	case in.InclusiveStartTime == nil:
		return missing("InclusiveStartTime")
	case in.ExclusiveEndTime == nil:
		return missing("ExclusiveEndTime")
	case to == nil:
		return missing("S3ExportConfiguration")
	case to.Prefix == nil:
		return missing("Prefix")
	case to.EncryptionConfiguration == nil:
		return missing("EncryptionConfiguration")
	}
	if err := checkARN("RoleArn", in.RoleArn); err != nil {
		return err
	}
	if err := checkBucket(to.Bucket); err != nil {
		return err
	}
	encryption := to.EncryptionConfiguration
	err := checkEnum("ObjectEncryptionType", encryption.ObjectEncryptionType, "SSE_KMS", "SSE_S3", "NO_ENCRYPTION")
	if err != nil {
		return err
	}
	if encryption.KmsKeyArn != "" {
		if err := checkARN("KmsKeyArn", encryption.KmsKeyArn); err != nil {
			return err
		}
	}
	if in.OutputFormat != "" {
		return checkEnum("OutputFormat", in.OutputFormat, "ION_BINARY", "ION_TEXT", "JSON")
	}
	return nil
}

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

// ListJournalS3ExportsForLedger lists the exports of a ledger, none as yet. A ledger that does not exist is no error
// in the model, for exports outlive their ledger.
//
// Source: QLDB API reference, ListJournalS3ExportsForLedger.
func (s *Service) ListJournalS3ExportsForLedger(
	_ context.Context, _ *wire.Call, in *ListJournalS3ExportsForLedgerInput,
) (*ListJournalS3ExportsOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	return noExports(in.MaxResults, in.NextToken)
}

// ListJournalS3ExportsInput is the input of ListJournalS3Exports.
type ListJournalS3ExportsInput struct {
	MaxResults *int32 `json:"-" query:"max_results"` // 1 to 100; nil means 100
	NextToken  string `json:"-" query:"next_token"`
}

// ListJournalS3Exports lists the exports of the account and Region, none as yet.
//
// Source: QLDB API reference, ListJournalS3Exports.
func (s *Service) ListJournalS3Exports(
	_ context.Context, _ *wire.Call, in *ListJournalS3ExportsInput,
) (*ListJournalS3ExportsOutput, error) {
	return noExports(in.MaxResults, in.NextToken)
}

func noExports(maxResults *int32, nextToken string) (*ListJournalS3ExportsOutput, error) {
	if _, err := checkPage(maxResults, nextToken); err != nil {
		return nil, err
	}
	return &ListJournalS3ExportsOutput{JournalS3Exports: []JournalS3ExportDescription{}}, nil
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

// DescribeJournalS3Export describes an export. As yet there is none: the fault is a ResourceNotFoundException.
//
// Source: QLDB API reference, DescribeJournalS3Export.
func (s *Service) DescribeJournalS3Export(
	_ context.Context, _ *wire.Call, in *DescribeJournalS3ExportInput,
) (*DescribeJournalS3ExportOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	if err := checkID("ExportId", in.ExportID); err != nil {
		return nil, err
	}
	return nil, notFound("JournalS3Export", in.ExportID)
}
