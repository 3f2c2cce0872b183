package qldb

import (
	"context"
	"strings"

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

// StreamJournalToKinesis starts a stream. Whether Kinesis takes its records is checked before the call returns; Tick
// delivers them, the oldest first.
//
// Faults: InvalidParameterException, ResourceNotFoundException, ResourcePreconditionNotMetException (the ledger is
// being created, or its key is inaccessible), LimitExceededException.
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
	t, err := s.draftStream(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if s.cfg.Journals == nil || s.cfg.Records == nil {
		return nil, notServed("StreamJournalToKinesis")
	}
	if err := s.cfg.Records.Check(ctx, t.target()); err != nil {
		return nil, targetFault(err)
	}
	err = s.write(ctx, func(w store.Writer) error {
		if err := t.vacant(w, s.now()); err != nil {
			return err
		}
		fresh := *t
		return fresh.put(w)
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Wake()
	return &StreamJournalToKinesisOutput{StreamID: t.ID}, nil
}

// draftStream makes the stream that in describes, of the ledger as it is now.
func (s *Service) draftStream(
	ctx context.Context, c *wire.Call, in *StreamJournalToKinesisInput,
) (*journalStream, error) {
	target, ok := parseStreamARN(in.KinesisConfiguration.StreamArn)
	if !ok || strings.SplitN(in.KinesisConfiguration.StreamArn, ":", 3)[1] != c.Partition {
		return nil, invalid("StreamArn", "The ARN %s is not valid.", in.KinesisConfiguration.StreamArn)
	}
	tags, err := checkTags("Tags", in.Tags)
	if err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	target.RoleARN = in.RoleArn
	t := &journalStream{
		Place: placeOf(c), ID: id, Name: in.StreamName, Ledger: in.LedgerName, Created: s.now(), Tags: tags,
		Start: in.InclusiveStartTime.UTC(), Target: target, TargetARN: in.KinesisConfiguration.StreamArn,
		Single: in.KinesisConfiguration.AggregationEnabled != nil && !*in.KinesisConfiguration.AggregationEnabled,
		Status: streamActive,
	}
	if in.ExclusiveEndTime != nil {
		t.End = in.ExclusiveEndTime.UTC()
	}
	err = s.read(ctx, func(r store.Reader) error {
		l, err := findForJournal(r, t.Place, t.Ledger, t.Created)
		if err != nil {
			return err
		}
		t.LedgerID = l.ID
		return t.vacant(r, t.Created)
	})
	return t, err
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
