package qldb

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// KinesisConfiguration says where a stream goes.
type KinesisConfiguration struct {
	StreamArn          string `json:"StreamArn"`
	AggregationEnabled *bool  `json:"AggregationEnabled,omitempty"` // nil means true
}

// JournalKinesisStreamDescription describes a stream.
type JournalKinesisStreamDescription struct {
	LedgerName           string                `json:"LedgerName"`
	CreationTime         *wire.Time            `json:"CreationTime"`
	InclusiveStartTime   *wire.Time            `json:"InclusiveStartTime"`
	ExclusiveEndTime     *wire.Time            `json:"ExclusiveEndTime,omitempty"`
	RoleArn              string                `json:"RoleArn"`
	StreamID             string                `json:"StreamId"`
	Arn                  string                `json:"Arn"`
	Status               string                `json:"Status"` // ACTIVE, COMPLETED, CANCELED, FAILED or IMPAIRED
	KinesisConfiguration *KinesisConfiguration `json:"KinesisConfiguration"`
	ErrorCause           string                `json:"ErrorCause,omitempty"`
	StreamName           string                `json:"StreamName"`
}

// StreamJournalToKinesisInput is the input of StreamJournalToKinesis.
type StreamJournalToKinesisInput struct {
	LedgerName           string                `json:"-" path:"LedgerName"`
	RoleArn              string                `json:"RoleArn"`
	Tags                 map[string]*string    `json:"Tags"`
	InclusiveStartTime   *wire.Time            `json:"InclusiveStartTime"`
	ExclusiveEndTime     *wire.Time            `json:"ExclusiveEndTime"` // nil: until it is cancelled
	KinesisConfiguration *KinesisConfiguration `json:"KinesisConfiguration"`
	StreamName           string                `json:"StreamName"`
}

// Target implements wire.Targeter.
func (in *StreamJournalToKinesisInput) Target() string { return in.LedgerName }

// StreamJournalToKinesisOutput is the answer of StreamJournalToKinesis.
type StreamJournalToKinesisOutput struct {
	StreamID string `json:"StreamId"`
}

// StreamJournalToKinesis is not yet served: after its checks it answers NotYetServedException.
//
// Source: QLDB API reference, StreamJournalToKinesis; developer guide, Common errors for journal streams.
func (s *Service) StreamJournalToKinesis(
	ctx context.Context, c *wire.Call, in *StreamJournalToKinesisInput,
) (*StreamJournalToKinesisOutput, error) {
	if err := in.checkModel(); err != nil {
		return nil, err
	}
	if err := s.journalReadable(ctx, placeOf(c), in.LedgerName); err != nil {
		return nil, err
	}
	switch {
	case in.ExclusiveEndTime != nil && !in.InclusiveStartTime.Before(in.ExclusiveEndTime.Time):
		return nil, invalid("InclusiveStartTime", textStreamOrder)
	case in.InclusiveStartTime.After(s.now()):
		return nil, invalid("InclusiveStartTime", textStreamInFuture)
	}
	return nil, notServed("StreamJournalToKinesis")
}

// checkModel checks in against the API's model alone.
func (in *StreamJournalToKinesisInput) checkModel() error {
	if err := checkName("LedgerName", in.LedgerName); err != nil {
		return err
	}
	if err := checkARN("RoleArn", in.RoleArn); err != nil {
		return err
	}
	switch {
	case in.InclusiveStartTime == nil:
		return missing("InclusiveStartTime")
	case in.KinesisConfiguration == nil:
		return missing("KinesisConfiguration")
	}
	if err := checkARN("StreamArn", in.KinesisConfiguration.StreamArn); err != nil {
		return err
	}
	if err := checkName("StreamName", in.StreamName); err != nil {
		return err
	}
	tags, err := checkTags("Tags", in.Tags)
	if err == nil && len(tags) > maxTags {
		return tooManyTags()
	}
	return err
}

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

// ListJournalKinesisStreamsForLedger lists the streams of a ledger, none as yet.
//
// Faults: InvalidParameterException, ResourceNotFoundException, ResourcePreconditionNotMetException (the ledger is
// being created).
//
// Source: QLDB API reference, ListJournalKinesisStreamsForLedger.
func (s *Service) ListJournalKinesisStreamsForLedger(
	ctx context.Context, c *wire.Call, in *ListJournalKinesisStreamsForLedgerInput,
) (*ListJournalKinesisStreamsForLedgerOutput, error) {
	if _, err := checkPage(in.MaxResults, in.NextToken); err != nil {
		return nil, err
	}
	if err := s.streaming(ctx, c, in.LedgerName); err != nil {
		return nil, err
	}
	return &ListJournalKinesisStreamsForLedgerOutput{Streams: []JournalKinesisStreamDescription{}}, nil
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

// DescribeJournalKinesisStream describes a stream. As yet there is none: the fault is a ResourceNotFoundException.
//
// Source: QLDB API reference, DescribeJournalKinesisStream.
func (s *Service) DescribeJournalKinesisStream(
	ctx context.Context, c *wire.Call, in *JournalKinesisStreamInput,
) (*DescribeJournalKinesisStreamOutput, error) {
	return nil, s.noStream(ctx, c, in)
}

// CancelJournalKinesisStreamOutput is the answer of CancelJournalKinesisStream.
type CancelJournalKinesisStreamOutput struct {
	StreamID string `json:"StreamId"`
}

// CancelJournalKinesisStream ends a stream. As yet there is none: the fault is a ResourceNotFoundException.
//
// Source: QLDB API reference, CancelJournalKinesisStream.
func (s *Service) CancelJournalKinesisStream(
	ctx context.Context, c *wire.Call, in *JournalKinesisStreamInput,
) (*CancelJournalKinesisStreamOutput, error) {
	return nil, s.noStream(ctx, c, in)
}

func (s *Service) noStream(ctx context.Context, c *wire.Call, in *JournalKinesisStreamInput) error {
	if err := checkID("StreamId", in.StreamID); err != nil {
		return err
	}
	if err := s.streaming(ctx, c, in.LedgerName); err != nil {
		return err
	}
	return notFound("JournalKinesisStream", in.StreamID)
}

// streaming refuses the calls about streams unless the ledger can have some: it exists and is not being created.
// An inaccessible key does not matter to them.
func (s *Service) streaming(ctx context.Context, c *wire.Call, name string) error {
	if err := checkName("LedgerName", name); err != nil {
		return err
	}
	return s.read(ctx, func(r store.Reader) error {
		l, err := findLedger(r, placeOf(c), name, s.now())
		if err == nil && l.state(s.now()) == stateCreating {
			return notActive(name)
		}
		return err
	})
}
