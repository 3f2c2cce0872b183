package qldb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
)

const (
	// maxBatchBytes is the size from which on a stream delivers what it has before it reads on.
	maxBatchBytes = 1 << 20
	// maxRecordBytes is the size of the largest record of Kinesis, and so of an aggregate. Source: Amazon Kinesis
	// Data Streams developer guide, Quotas and limits.
	maxRecordBytes = 1 << 20
	// recordOverhead is more than an aggregate adds to one record: its partition key, lengths, the index.
	recordOverhead = 64
	// streamGrace is how long after its end a stream waits for blocks from before, which may still be on their way
	// to the disk.
	streamGrace = time.Second
)

// deliver sends each running stream what is new in its journal, one batch each. It returns when it should be called
// again if no request comes before.
func (s *Service) deliver(ctx context.Context) (next time.Time, err error) {
	if s.cfg.Journals == nil || s.cfg.Records == nil {
		return time.Time{}, nil
	}
	var all []work
	err = s.read(ctx, func(r store.Reader) error {
		all = nil
		return runningStreams.Scan(r, "", "", func(_ string, wk work) (bool, error) {
			all = append(all, wk)
			return true, nil
		})
	})
	failed := []error{err}
	for _, wk := range all {
		at, err := s.advanceStream(ctx, wk)
		next = sooner(next, at)
		failed = append(failed, err)
	}
	return next, errors.Join(failed...)
}

// sooner is the first of two moments, where zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// advanceStream delivers a batch of one stream and returns when to go on with it; zero is: when something happened.
func (s *Service) advanceStream(ctx context.Context, wk work) (time.Time, error) {
	var seen journalStream
	var found bool
	err := s.read(ctx, func(r store.Reader) (err error) {
		seen, found, err = streamsOf(wk.Place).Get(r, wk.Stream)
		return err
	})
	now := s.now()
	switch {
	case err != nil || !found || !seen.running():
		return time.Time{}, err
	case now.Before(seen.RetryAt):
		return seen.RetryAt, nil
	}
	opened, err := s.openToRead(ctx, seen.Place, seen.Ledger, seen.LedgerID)
	if err != nil {
		return s.streamFailed(ctx, &seen, err)
	}
	if opened == nil { // Tick itself makes its ledger readable again, before it comes here
		return time.Time{}, nil
	}
	b, err := s.gather(ctx, opened, &seen, now)
	if err == nil && len(b.records) > 0 {
		err = s.cfg.Records.Append(ctx, seen.target(), b.records)
	}
	if err != nil {
		return s.streamFailed(ctx, &seen, err)
	}
	if err := s.delivered(ctx, &seen, b); err != nil {
		return now.Add(s.cfg.RecoveryInterval), fmt.Errorf("note what stream %s has: %w", seen.arn(), err)
	}
	return b.again, nil
}

// delivered notes that a batch was, and so that the stream is well.
func (s *Service) delivered(ctx context.Context, seen *journalStream, b *batch) error {
	if len(b.records) == 0 {
		return nil
	}
	return s.changeStream(ctx, seen, func(w store.Writer, t *journalStream) error {
		t.Next, t.Sent = b.next, b.sent
		t.Status, t.Cause, t.RetryAt = streamActive, "", time.Time{}
		if b.last {
			return t.end(w, streamCompleted, s.now())
		}
		return t.put(w)
	})
}

// streamFailed notes that a stream could not go on and why, and returns when it is tried again. A stream whose target
// is gone or closed is impaired, one whose records will never be taken has failed; both are no error of Tick's.
//
// Source: QLDB developer guide, Creating and managing streams, for the states.
func (s *Service) streamFailed(ctx context.Context, seen *journalStream, err error) (time.Time, error) {
	status, cause := seen.Status, seen.Cause
	code, _ := answerOf(err)
	switch code {
	case "ResourceNotFoundException":
		status, cause = streamImpaired, causeNotFound
	case "AccessDeniedException":
		status, cause = streamImpaired, causeRevoked
	case "InvalidArgumentException", "ValidationException":
		status, cause = streamFailed, ""
	default:
		code = ""
	}
	err = fmt.Errorf("deliver to stream %s: %w", seen.arn(), err)
	if code != "" && status != seen.Status {
		s.cfg.Log.Warn("stream status changed", "stream", seen.arn(), "from", seen.Status, "to", status, "error", err)
	}
	if code != "" {
		err = nil
	}
	again := s.now().Add(s.cfg.RecoveryInterval)
	return again, errors.Join(err, s.changeStream(ctx, seen, func(w store.Writer, t *journalStream) error {
		t.Cause = cause
		if status == streamFailed {
			return t.end(w, streamFailed, s.now())
		}
		t.Status, t.RetryAt = status, again
		return t.put(w)
	}))
}

// changeStream runs change on the stream as it is stored, unless it was changed since it was seen.
func (s *Service) changeStream(
	ctx context.Context, seen *journalStream, change func(store.Writer, *journalStream) error,
) error {
	return s.write(ctx, func(w store.Writer) error {
		t, found, err := streamsOf(seen.Place).Get(w, seen.name())
		if err != nil || !found || t.Version != seen.Version {
			return err
		}
		return change(w, &t)
	})
}

// batch is what a stream delivers at once.
type batch struct {
	records []delivery.Record
	next    uint64    // the block after those in it
	sent    uint64    // as Sent, with those in it
	last    bool      // the stream ends with it
	again   time.Time // when to make the next one, if not when something happened
}

// gather makes the next batch of t: the record that opens the stream, the records of new blocks, the record that ends
// the stream.
func (s *Service) gather(ctx context.Context, opened *engine.Ledger, t *journalStream, now time.Time) (*batch, error) {
	b := &batch{next: t.Next, sent: t.Sent}
	encoding, size := journal.Stream(t.arn()), 0
	add := func(records ...[]byte) error {
		for _, r := range records {
			size += len(r)
		}
		return s.pack(b, t, records)
	}
	if t.Sent == 0 {
		var err error
		if b.next, err = opened.FirstBlock(ctx, t.Start); err != nil {
			return nil, err
		}
		if err := add(encoding.Created()); err != nil {
			return nil, err
		}
	}
	err := opened.Journal(ctx, b.next, func(block journal.Block) (bool, error) {
		switch {
		case !t.End.IsZero() && !block.Timestamp.Before(t.End):
			b.last = true
			return false, nil
		case size >= maxBatchBytes:
			b.again = now
			return false, nil
		}
		b.next++
		return true, add(encoding.Block(block)...)
	})
	if err != nil {
		return nil, err
	}
	if over := t.End.Add(streamGrace); !t.End.IsZero() && !b.last && b.again.IsZero() {
		b.last = !now.Before(over)
		b.again = over
	}
	if b.last {
		b.again = time.Time{}
		return b, add(encoding.Completed())
	}
	return b, nil
}

// pack adds records that belong together to b, aggregated if the stream is.
func (s *Service) pack(b *batch, t *journalStream, records [][]byte) error {
	var group []journal.KinesisRecord
	size := 0
	for i, r := range records {
		key, err := s.newID()
		if err != nil {
			return err
		}
		group = append(group, journal.KinesisRecord{PartitionKey: key, Data: r})
		size += len(r) + recordOverhead
		full := i+1 == len(records) || size+len(records[i+1])+recordOverhead > maxRecordBytes
		if !t.Single && !full {
			continue
		}
		out := delivery.Record{
			PartitionKey: group[0].PartitionKey, Data: group[0].Data,
			Producer: t.arn(), First: b.sent, Count: uint64(len(group)),
		}
		if !t.Single {
			out.Data = journal.Aggregate(group)
		}
		b.records = append(b.records, out)
		b.sent += out.Count
		group, size = nil, 0
	}
	return nil
}
