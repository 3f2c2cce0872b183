package qldb

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
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

// ExportJournalToS3 starts an export job. The manifest it begins with is written before the call returns and shows
// whether S3 takes it; Tick writes the rest.
//
// Faults: InvalidParameterException, ResourceNotFoundException, ResourcePreconditionNotMetException (the ledger is
// being created, or its key is inaccessible), LimitExceededException.
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
	if err := in.check(s.now()); err != nil {
		return nil, err
	}
	if s.cfg.Journals == nil || s.cfg.Objects == nil {
		return nil, notServed("ExportJournalToS3")
	}
	e, err := s.draftExport(ctx, c, in)
	if err != nil {
		return nil, err
	}
	// If the job is not stored after all, this object is all there is of it.
	if err := e.putStarted(ctx, s.cfg.Objects); err != nil {
		return nil, bucketFault(err)
	}
	err = s.write(ctx, func(w store.Writer) error {
		if err := e.vacant(w, s.now()); err != nil {
			return err
		}
		fresh := *e
		return fresh.put(w, e.Created.Add(s.cfg.ExportDuration))
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Wake()
	return &ExportJournalToS3Output{ExportID: e.ID}, nil
}

// check checks what the model does not say.
func (in *ExportJournalToS3Input) check(now time.Time) error {
	to := in.S3ExportConfiguration
	encryption := to.EncryptionConfiguration
	switch {
	case utf8.RuneCountInString(*to.Prefix) > 128:
		return invalid("Prefix", textPrefixLong)
	case !in.InclusiveStartTime.Before(in.ExclusiveEndTime.Time):
		return invalid("InclusiveStartTime", textStartAfterEnd)
	case in.ExclusiveEndTime.After(now):
		return invalid("ExclusiveEndTime", textEndInFuture)
	case encryption.ObjectEncryptionType != "SSE_KMS" && encryption.KmsKeyArn != "":
		return invalid("KmsKeyArn", textKeyNotSSEKMS)
	case encryption.ObjectEncryptionType == "SSE_KMS" && encryption.KmsKeyArn == "":
		return invalid("KmsKeyArn", textSSEKMSNoKey)
	}
	return nil
}

// draftExport makes the job that in describes, of the ledger as it is now.
func (s *Service) draftExport(ctx context.Context, c *wire.Call, in *ExportJournalToS3Input) (*journalExport, error) {
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	to := in.S3ExportConfiguration
	e := &journalExport{
		Place: placeOf(c), ID: id, Ledger: in.Name, Status: exportInProgress, Created: s.now(),
		Start: in.InclusiveStartTime.UTC(), End: in.ExclusiveEndTime.UTC(),
		Bucket: to.Bucket, Prefix: *to.Prefix, Role: in.RoleArn, Format: in.OutputFormat,
		Encryption: to.EncryptionConfiguration.ObjectEncryptionType, KMSKey: to.EncryptionConfiguration.KmsKeyArn,
	}
	err = s.read(ctx, func(r store.Reader) error {
		l, err := findForJournal(r, e.Place, e.Ledger, e.Created)
		if err != nil {
			return err
		}
		e.LedgerID = l.ID
		// The reference: a start before the ledger was created is taken for the moment of its creation.
		if e.Start.Before(l.Created) {
			e.Start = l.Created.Truncate(time.Millisecond) // the precision of blockTimestamp
		}
		return e.vacant(r, e.Created)
	})
	return e, err
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
