package qldb

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// The values of a stream's Status and ErrorCause. Source: QLDB API reference, JournalKinesisStreamDescription.
const (
	streamActive    = "ACTIVE"
	streamCompleted = "COMPLETED"
	streamCanceled  = "CANCELED"
	streamFailed    = "FAILED"
	streamImpaired  = "IMPAIRED"

	causeNotFound = "KINESIS_STREAM_NOT_FOUND"
	causeRevoked  = "IAM_PERMISSION_REVOKED"
)

// maxStreams is how many streams of a ledger run at a time. Source: QLDB developer guide, Quotas and limits.
const maxStreams = 5

// journalStream is what is kept of a stream.
type journalStream struct {
	Place
	ID, Name         string
	Ledger, LedgerID string
	Version          int64 // as that of a ledger
	Created          time.Time
	Start            time.Time // the blocks from Start on
	End              time.Time `json:",omitzero"` // and before End, if there is one
	Target           delivery.Target
	TargetARN        string
	Single           bool              // records are not aggregated
	Tags             map[string]string `json:",omitempty"`
	Status           string
	Cause            string    `json:",omitempty"` // ErrorCause
	RetryAt          time.Time `json:",omitzero"`  // after an attempt that failed
	Next             uint64    // number of the block to deliver next, once Sent is not 0
	Sent             uint64    // how many records were delivered
	Finished         time.Time `json:",omitzero"`
}

// streamsOf is the table of the streams of one account and Region, by name of the ledger and id.
func streamsOf(at Place) store.Table[journalStream] {
	return store.Table[journalStream]{Prefix: fmt.Sprintf("qldb/stream/%s/%s/", at.Account, at.Region)}
}

// runningStreams is the index of the streams that are running, so that Tick looks at no others.
var runningStreams = store.Table[work]{Prefix: "qldb/running-stream/"}

func (t *journalStream) name() string { return t.Ledger + "/" + t.ID }

func (t *journalStream) work() work { return work{Place: t.Place, Stream: t.name()} }

func (t *journalStream) arn() string {
	return fmt.Sprintf("arn:%s:qldb:%s:%s:stream/%s", t.Partition, t.Region, t.Account, t.name())
}

func (t *journalStream) target() delivery.Target { return t.Target }

func (t *journalStream) running() bool { return t.Status == streamActive || t.Status == streamImpaired }

func (t *journalStream) expired(now time.Time) bool {
	return !t.Finished.IsZero() && !now.Before(t.Finished.Add(retention))
}

// put writes t as the next version and, if it is new, enters it among those that run.
func (t *journalStream) put(w store.Writer) error {
	t.Version++
	if t.Version == 1 {
		if err := runningStreams.Put(w, t.runningName(), t.work()); err != nil {
			return err
		}
	}
	return streamsOf(t.Place).Put(w, t.name(), *t)
}

func (t *journalStream) runningName() string { return t.Account + "/" + t.Region + "/" + t.name() }

// end writes that t has ended.
func (t *journalStream) end(w store.Writer, status string, now time.Time) error {
	t.Status, t.Finished, t.RetryAt = status, now, time.Time{}
	if err := runningStreams.Delete(w, t.runningName()); err != nil {
		return err
	}
	if err := schedule(w, now.Add(retention), t.work()); err != nil {
		return err
	}
	return t.put(w)
}

// forgetStream removes a stream that ended long enough ago.
func (s *Service) forgetStream(ctx context.Context, wk work) error {
	return s.write(ctx, func(w store.Writer) error {
		t, found, err := streamsOf(wk.Place).Get(w, wk.Stream)
		if err != nil || !found || !t.expired(s.now()) {
			return err
		}
		if err := unschedule(w, t.Finished.Add(retention), wk); err != nil {
			return err
		}
		return streamsOf(wk.Place).Delete(w, wk.Stream)
	})
}

// vacant refuses t if its ledger is no longer there to be read, has as many streams as may run, or one of t's name.
func (t *journalStream) vacant(r store.Reader, now time.Time) error {
	l, err := findForJournal(r, t.Place, t.Ledger, now)
	if err != nil {
		return err
	}
	if l.ID != t.LedgerID {
		return notFound("Ledger", t.Ledger)
	}
	count, taken := 0, false
	err = streamsOf(t.Place).Scan(r, t.Ledger+"/", "", func(_ string, other journalStream) (bool, error) {
		if other.LedgerID == t.LedgerID && other.running() {
			count++
			taken = taken || other.Name == t.Name
		}
		return true, nil
	})
	switch {
	case err != nil:
		return err
	case taken:
		return streamNameTaken(t.Name)
	case count >= maxStreams:
		return tooMany("JournalKinesisStream", textStreamLimit, maxStreams)
	}
	return nil
}

func (t *journalStream) describe() JournalKinesisStreamDescription {
	aggregated := !t.Single
	return JournalKinesisStreamDescription{
		LedgerName: t.Ledger, CreationTime: wire.At(t.Created), InclusiveStartTime: wire.At(t.Start),
		ExclusiveEndTime: wire.At(t.End), RoleArn: t.Target.RoleARN, StreamID: t.ID, Arn: t.arn(), Status: t.Status,
		KinesisConfiguration: &KinesisConfiguration{StreamArn: t.TargetARN, AggregationEnabled: &aggregated},
		ErrorCause:           t.Cause, StreamName: t.Name,
	}
}

// streamARN is the form of the ARN of a Kinesis data stream. Source: Amazon Kinesis Data Streams API reference,
// CreateStream, for the name.
var streamARN = regexp.MustCompile(
	`^arn:[a-z-]+:kinesis:([a-z0-9-]{1,64}):([0-9]{12}):stream/([a-zA-Z0-9_.-]{1,128})$`)

func parseStreamARN(arn string) (delivery.Target, bool) {
	m := streamARN.FindStringSubmatch(arn)
	if m == nil {
		return delivery.Target{}, false
	}
	return delivery.Target{Region: m[1], Account: m[2], Name: m[3]}, true
}
