package qldb

import (
	"context"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// ListJournalKinesisStreamsForLedgerInput is the input of ListJournalKinesisStreamsForLedger.
type ListJournalKinesisStreamsForLedgerInput struct {
	LedgerName string `json:"-" path:"LedgerName"`
	MaxResults *int32 `json:"-" query:"max_results"` // 1 to 100; nil means 100
	NextToken  string `json:"-" query:"next_token"`
}

// Target implements wire.Targeter.
func (in *ListJournalKinesisStreamsForLedgerInput) Target() string { return in.LedgerName }

// ListJournalKinesisStreamsForLedgerOutput is the answer of ListJournalKinesisStreamsForLedger.
type ListJournalKinesisStreamsForLedgerOutput struct {
	Streams   []JournalKinesisStreamDescription `json:"Streams"`
	NextToken string                            `json:"NextToken,omitempty"`
}

// ListJournalKinesisStreamsForLedger lists the streams of a ledger by id, those that ended until seven days later.
//
// Faults: InvalidParameterException, ResourceNotFoundException, ResourcePreconditionNotMetException (the ledger is
// being created).
//
// Source: QLDB API reference, ListJournalKinesisStreamsForLedger.
func (s *Service) ListJournalKinesisStreamsForLedger(
	ctx context.Context, c *wire.Call, in *ListJournalKinesisStreamsForLedgerInput,
) (*ListJournalKinesisStreamsForLedgerOutput, error) {
	p, err := checkPage(in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	if err := checkName("LedgerName", in.LedgerName); err != nil {
		return nil, err
	}
	now, out := s.now(), &ListJournalKinesisStreamsForLedgerOutput{}
	err = s.read(ctx, func(r store.Reader) error {
		l, err := findStreaming(r, placeOf(c), in.LedgerName, now)
		if err != nil {
			return err
		}
		out.Streams, out.NextToken, err = list(r, streamsOf(l.Place), l.Name+"/", p,
			func(t journalStream) (JournalKinesisStreamDescription, bool) {
				return t.describe(), t.LedgerID == l.ID && !t.expired(now)
			})
		return err
	})
	return out, err
}

// JournalKinesisStreamInput names a stream: the input of DescribeJournalKinesisStream and CancelJournalKinesisStream.
type JournalKinesisStreamInput struct {
	LedgerName string `json:"-" path:"LedgerName"`
	StreamID   string `json:"-" path:"StreamId"`
}

// Target implements wire.Targeter.
func (in *JournalKinesisStreamInput) Target() string { return in.LedgerName }

// DescribeJournalKinesisStreamOutput is the answer of DescribeJournalKinesisStream.
type DescribeJournalKinesisStreamOutput struct {
	Stream JournalKinesisStreamDescription `json:"Stream"`
}

// DescribeJournalKinesisStream describes a stream, until seven days after it ended.
//
// Faults: InvalidParameterException, ResourceNotFoundException, ResourcePreconditionNotMetException (the ledger is
// being created).
//
// Source: QLDB API reference, DescribeJournalKinesisStream.
func (s *Service) DescribeJournalKinesisStream(
	ctx context.Context, c *wire.Call, in *JournalKinesisStreamInput,
) (*DescribeJournalKinesisStreamOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	var out *DescribeJournalKinesisStreamOutput
	err := s.read(ctx, func(r store.Reader) error {
		t, err := findStream(r, placeOf(c), in, s.now())
		if err != nil {
			return err
		}
		out = &DescribeJournalKinesisStreamOutput{Stream: t.describe()}
		return nil
	})
	return out, err
}

// CancelJournalKinesisStreamOutput is the answer of CancelJournalKinesisStream.
type CancelJournalKinesisStreamOutput struct {
	StreamID string `json:"StreamId"`
}

// CancelJournalKinesisStream ends a stream for good, also one that is IMPAIRED: clients cancel those to be rid of them.
//
// Faults: InvalidParameterException, ResourceNotFoundException, ResourcePreconditionNotMetException (the stream has
// ended, or the ledger is being created).
//
// Source: QLDB API reference, CancelJournalKinesisStream; hashicorp/terraform-provider-aws,
// internal/service/qldb/stream.go.
func (s *Service) CancelJournalKinesisStream(
	ctx context.Context, c *wire.Call, in *JournalKinesisStreamInput,
) (*CancelJournalKinesisStreamOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	err := s.write(ctx, func(w store.Writer) error {
		t, err := findStream(w, placeOf(c), in, s.now())
		switch {
		case err != nil:
			return err
		case !t.running():
			return streamEnded(t)
		}
		return t.end(w, streamCanceled, s.now())
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Wake()
	return &CancelJournalKinesisStreamOutput{StreamID: in.StreamID}, nil
}

func (in *JournalKinesisStreamInput) check() error {
	if err := checkID("StreamId", in.StreamID); err != nil {
		return err
	}
	return checkName("LedgerName", in.LedgerName)
}

// findStream returns a stream of a ledger that can have some, or the fault that says why not.
func findStream(r store.Reader, at Place, in *JournalKinesisStreamInput, now time.Time) (*journalStream, error) {
	l, err := findStreaming(r, at, in.LedgerName, now)
	if err != nil {
		return nil, err
	}
	t, found, err := streamsOf(at).Get(r, in.LedgerName+"/"+in.StreamID)
	if err != nil {
		return nil, err
	}
	if !found || t.LedgerID != l.ID || t.expired(now) {
		return nil, notFound("JournalKinesisStream", in.StreamID)
	}
	return &t, nil
}

// findStreaming is findLedger for the calls about streams: the ledger must not be CREATING. An inaccessible key does
// not matter to them.
func findStreaming(r store.Reader, at Place, name string, now time.Time) (*ledger, error) {
	l, err := findLedger(r, at, name, now)
	if err == nil && l.state(now) == stateCreating {
		return nil, notActive(name)
	}
	return l, err
}
