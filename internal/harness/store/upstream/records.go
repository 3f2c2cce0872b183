package upstream

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
)

// The most that one PutRecords may carry, in records and in bytes of data and partition keys. Source: Amazon Kinesis
// Data Streams API reference, PutRecords, as of 2024; higher limits that came later are not needed.
const (
	maxRecords     = 500
	maxBytes       = 5 << 20
	maxRecordBytes = 1 << 20 // of one record
)

// maxTries is how often records are sent that Kinesis does not take, firstPause the time after the first of them. Each
// pause is twice the one before.
const (
	maxTries   = 6
	firstPause = 50 * time.Millisecond
)

// Records are the data streams of a service that speaks the protocol of Kinesis. Its methods may be called
// concurrently, for one producer at a time.
type Records struct {
	client  *kinesis.Client
	roles   *roles
	where   string
	timeout time.Duration
	wait    func(context.Context, time.Duration) error

	mu sync.Mutex
	// taken holds by producer the numbers of the records of its last batch that Kinesis has. A batch that was cut off
	// is sent again without them, as long as this process runs.
	taken map[string]map[uint64]bool
}

// NewRecords returns the data streams of a service.
func NewRecords(o Options) *Records {
	r := &Records{
		client: kinesis.NewFromConfig(o.SDK), roles: newRoles(o), where: o.Where, timeout: o.Timeout, wait: o.Wait,
		taken: map[string]map[uint64]bool{},
	}
	if r.wait == nil {
		r.wait = wait
	}
	return r
}

// wait waits by the machine's clock.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (r *Records) as(to delivery.Target) func(*kinesis.Options) {
	return func(o *kinesis.Options) {
		o.Region, o.Credentials = to.Region, r.roles.as(to.RoleARN, to.Region)
	}
}

// streamARN names a data stream together with its account: a stream of the same name in the account of the
// credentials must not be taken for it. It is in the partition of its role.
func streamARN(to delivery.Target) *string {
	partition := "aws"
	if field := strings.SplitN(to.RoleARN, ":", 3); len(field) == 3 {
		partition = field[1]
	}
	return aws.String(fmt.Sprintf("arn:%s:kinesis:%s:%s:stream/%s", partition, to.Region, to.Account, to.Name))
}

// Check finds out whether a data stream is there and can be described as the role.
//
// Errors: those of Kinesis; *delivery.Refusal with the code ResourceInUseException, AccessDeniedException for a role
// that cannot be assumed, or InternalFailure; that of ctx.
//
// Source: Amazon Kinesis Data Streams API reference, DescribeStream.
func (r *Records) Check(ctx context.Context, to delivery.Target) error {
	within, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	out, err := r.client.DescribeStream(within, &kinesis.DescribeStreamInput{
		StreamName: &to.Name, StreamARN: streamARN(to), Limit: aws.Int32(1),
	}, r.as(to))
	switch {
	case err != nil:
		return r.worded(ctx, err)
	case out.StreamDescription == nil || out.StreamDescription.StreamStatus == "":
		return &delivery.Refusal{Code: "InternalFailure", Message: r.where + " gives no answer that Kinesis would give"}
	}
	switch status := out.StreamDescription.StreamStatus; status {
	case types.StreamStatusActive, types.StreamStatusUpdating:
		return nil
	default:
		return &delivery.Refusal{
			Code:    "ResourceInUseException",
			Message: fmt.Sprintf("Stream %s under account %s is %s.", to.Name, to.Account, status),
		}
	}
}

func (r *Records) worded(ctx context.Context, err error) error {
	return worded(ctx, r.where, err, "InternalFailure", "AccessDeniedException")
}

// Append sends records of one producer. A request is sent when Kinesis has taken all of the one before; what it does
// not take of a request is sent again, in order, before anything that comes later. Kinesis itself keeps an order only
// among records of one shard, and each record has a partition key of its own.
//
// Errors: as of Check; of records that were not taken after some attempts, the code and text of the first. Records
// that were taken are left out when the batch comes again.
//
// Source: Amazon Kinesis Data Streams API reference, PutRecords.
func (r *Records) Append(ctx context.Context, to delivery.Target, records []delivery.Record) error {
	if len(records) == 0 {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	left := r.left(records)
	for len(left) > 0 {
		n := fitting(left)
		if err := r.send(within, to, left[:n]); err != nil {
			return r.worded(ctx, err)
		}
		left = left[n:]
	}
	return nil
}

// left are the records that Kinesis is not known to have. Those from before the batch are forgotten.
func (r *Records) left(records []delivery.Record) []delivery.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.taken[records[0].Producer]
	var left []delivery.Record
	for number := range taken {
		if number < records[0].First {
			delete(taken, number)
		}
	}
	for _, rec := range records {
		if !taken[rec.First] {
			left = append(left, rec)
		}
	}
	return left
}

func (r *Records) take(rec delivery.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken[rec.Producer] == nil {
		r.taken[rec.Producer] = map[uint64]bool{}
	}
	r.taken[rec.Producer][rec.First] = true
}

// fitting is how many of the records fit into one request; one always does, for Kinesis to say what it thinks of it.
// One that is too large goes alone: Kinesis refuses the whole request, and those before it must not be lost with it.
func fitting(records []delivery.Record) int {
	total := 0
	for i, rec := range records {
		size := len(rec.Data) + len(rec.PartitionKey)
		total += size
		switch {
		case i == 0 && size > maxRecordBytes:
			return 1
		case i > 0 && (i == maxRecords || total > maxBytes || size > maxRecordBytes):
			return i
		}
	}
	return len(records)
}

// send makes requests until Kinesis has all of the records, or it seems that it will not.
func (r *Records) send(ctx context.Context, to delivery.Target, records []delivery.Record) error {
	pause := firstPause
	for try := 1; ; try++ {
		refused, err := r.put(ctx, to, records)
		if err == nil {
			return nil
		}
		if len(refused) == 0 || try == maxTries {
			return err
		}
		records = refused
		if err := r.wait(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// put makes one request. Of records that Kinesis did not take it returns those that may be sent again, with the error
// of the first.
func (r *Records) put(
	ctx context.Context, to delivery.Target, records []delivery.Record,
) (refused []delivery.Record, err error) {
	entries := make([]types.PutRecordsRequestEntry, len(records))
	for i, rec := range records {
		entries[i] = types.PutRecordsRequestEntry{PartitionKey: &rec.PartitionKey, Data: rec.Data}
	}
	out, err := r.client.PutRecords(ctx, &kinesis.PutRecordsInput{
		StreamName: &to.Name, StreamARN: streamARN(to), Records: entries,
	}, r.as(to))
	if err != nil {
		return nil, err
	}
	if len(out.Records) != len(records) {
		return nil, &delivery.Refusal{Code: "InternalFailure", Message: fmt.Sprintf(
			"%s answers about %d of %d records", r.where, len(out.Records), len(records))}
	}
	for i, result := range out.Records {
		if result.ErrorCode == nil && aws.ToString(result.SequenceNumber) != "" {
			r.take(records[i])
			continue
		}
		refused = append(refused, records[i])
		if err == nil {
			err = &delivery.Refusal{Code: aws.ToString(result.ErrorCode), Message: aws.ToString(result.ErrorMessage)}
		}
	}
	return refused, err
}
