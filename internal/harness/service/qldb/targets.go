package qldb

import (
	"context"
	"errors"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Objects is S3 as exports need it. *delivery.Objects writes files; a client of S3 can take its place.
//
// An error that has the methods ErrorCode and ErrorMessage, as those of the AWS SDK have, is an answer of S3.
type Objects interface {
	// Put writes an object, in place of the one with its key. The object is durable when Put returns nil, and there
	// whole or not at all when it does not. The same object may be put again.
	Put(ctx context.Context, object delivery.Object) error
}

// Records is Kinesis Data Streams as journal streams need it. *delivery.Records writes files; a client of Kinesis can
// take its place. Its errors are as those of Objects.
type Records interface {
	// Check finds out whether the target is there and may be written to.
	Check(ctx context.Context, to delivery.Target) error
	// Append delivers records. They are durable when it returns nil; some may be when it does not. Records that may
	// have arrived are sent again with the numbers they had, so that an implementation can leave them out.
	Append(ctx context.Context, to delivery.Target, records []delivery.Record) error
}

// answered is an error that is the answer of a service.
type answered interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// answerOf is the code and the text of the service's answer in err's chain. Without code it was no answer.
func answerOf(err error) (code, message string) {
	if a, ok := errors.AsType[answered](err); ok {
		return a.ErrorCode(), a.ErrorMessage()
	}
	return "", ""
}

// isOdd says that the answer with a code tells of the other service's own trouble.
func isOdd(code string) bool {
	return slices.Contains([]string{
		"InternalError", "InternalFailure", "InternalFailureException", "ServiceUnavailable", "SlowDown",
		"RequestTimeout", "LimitExceededException", "ProvisionedThroughputExceededException",
	}, code)
}

// bucketFault words what S3 answered when an export was checked.
func bucketFault(err error) error {
	code, message := answerOf(err)
	switch {
	case code == "":
		return err
	case isOdd(code):
		return invalid("S3ExportConfiguration", textS3Odd, code, message)
	}
	return invalid("S3ExportConfiguration", textS3Refused, code, message)
}

// targetFault words what Kinesis answered when a stream was checked.
func targetFault(err error) error {
	code, message := answerOf(err)
	switch {
	case code == "":
		return err
	case isOdd(code):
		return invalid("KinesisConfiguration", textKinesisOdd, code, message)
	}
	return invalid("KinesisConfiguration", textKinesisRefused, code, message)
}

// tooMany is the fault for one more export or stream than run at a time.
func tooMany(kind, format string, limit int) *wire.Fault {
	f := wire.Faultf("LimitExceededException", format, limit)
	f.Members = map[string]string{"ResourceType": kind}
	return f
}

// openToRead opens the journal of the ledger with a name and an id. It is nil while that ledger cannot be read: it is
// being deleted, or its key is inaccessible.
func (s *Service) openToRead(ctx context.Context, at Place, name, id string) (*engine.Ledger, error) {
	l, found, err := s.ledger(ctx, at, name)
	if err != nil || !found || l.ID != id || l.state(s.now()) != stateActive || l.impaired() {
		return nil, err
	}
	opened, err := s.engine(ctx, &l)
	if errors.Is(err, errImpaired) {
		return nil, nil
	}
	return opened, err
}

// endDeliveries cancels the exports and streams of a ledger that is being deleted.
func (s *Service) endDeliveries(w store.Writer, l *ledger) error {
	now := s.now()
	err := exportsOf(l.Place).Scan(w, l.Name+"/", "", func(_ string, e journalExport) (bool, error) {
		if e.LedgerID != l.ID || e.Status != exportInProgress {
			return true, nil
		}
		return true, e.end(w, exportCancelled, now)
	})
	if err != nil {
		return err
	}
	return streamsOf(l.Place).Scan(w, l.Name+"/", "", func(_ string, t journalStream) (bool, error) {
		if t.LedgerID != l.ID || !t.running() {
			return true, nil
		}
		return true, t.end(w, streamCanceled, now)
	})
}
