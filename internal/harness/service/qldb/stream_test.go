package qldb_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const streamFile = account + "/eu-west-2/audit.jsonl"

func (d *delivered) stream(ledger, name string, change ...func(*qldb.StreamJournalToKinesisInput)) string {
	d.t.Helper()
	in := streamInput(ledger)
	in.StreamName = name
	for _, c := range change {
		c(in)
	}
	out, err := d.service.StreamJournalToKinesis(d.t.Context(), call(), in)
	if err != nil {
		d.t.Fatal(err)
	}
	return out.StreamID
}

func single(in *qldb.StreamJournalToKinesisInput) {
	in.KinesisConfiguration.AggregationEnabled = ptr(false)
}

func (d *delivered) describeStream(ledger, id string) qldb.JournalKinesisStreamDescription {
	d.t.Helper()
	out, err := d.service.DescribeJournalKinesisStream(d.t.Context(), call(),
		&qldb.JournalKinesisStreamInput{LedgerName: ledger, StreamID: id})
	if err != nil {
		d.t.Fatal(err)
	}
	return out.Stream
}

func (d *delivered) wantStream(id, want string) {
	d.t.Helper()
	got := d.describeStream("orders", id)
	if text := strings.TrimSpace(got.Status + " " + got.ErrorCause); text != want {
		d.t.Errorf("stream %s: got %s, want %s", id, text, want)
	}
}

func (d *delivered) cancel(id string) error {
	_, err := d.service.CancelJournalKinesisStream(d.t.Context(), call(),
		&qldb.JournalKinesisStreamInput{LedgerName: "orders", StreamID: id})
	return err
}

// sent are the records in the file of a data stream, aggregates taken apart, each as "CREATED", "summary 3" or
// "revision 3 <document>". The Ion in them must be what package journal makes.
func (d *delivered) sent(file string) []string {
	d.t.Helper()
	var list []string
	for text := range bytes.Lines(d.files("kinesis")[file]) {
		var l struct {
			PartitionKey string
			Data         []byte
		}
		if err := json.Unmarshal(text, &l); err != nil {
			d.t.Fatalf("%v in %s", err, text)
		}
		if len(l.PartitionKey) != 22 {
			d.t.Errorf("partition key %q", l.PartitionKey)
		}
		for _, data := range unpack(d.t, l.Data) {
			list = append(list, show(d.t, data))
		}
	}
	return list
}

// unpack takes an aggregate apart; other data is as it is.
func unpack(t *testing.T, data []byte) [][]byte {
	t.Helper()
	message, ok := bytes.CutPrefix(data, []byte{0xF3, 0x89, 0x9A, 0xC2})
	if !ok {
		return [][]byte{data}
	}
	var records [][]byte
	for rest := message[:len(message)-md5.Size]; len(rest) > 0; {
		var field byte
		var content []byte
		field, content, rest = cutField(t, rest)
		if field != 3 {
			continue
		}
		_, n := binary.Uvarint(content[1:]) // the index of the partition key
		_, record, _ := cutField(t, content[1+n:])
		records = append(records, record)
	}
	return records
}

// cutField cuts a field of bytes off a protocol buffer message.
func cutField(t *testing.T, b []byte) (field byte, content, rest []byte) {
	t.Helper()
	length, n := binary.Uvarint(b[1:])
	if b[0]&7 != 2 || n <= 0 || uint64(len(b)-1-n) < length {
		t.Fatalf("no field of bytes: % x", b)
	}
	b, field = b[1+n:], b[0]>>3
	return field, b[:length], b[length:]
}

func show(t *testing.T, data []byte) string {
	t.Helper()
	v, err := ion.DecodeOne(data, ion.Options{})
	if err != nil {
		t.Fatalf("record % x: %v", data, err)
	}
	kind, _ := v.Field("recordType")
	payload, _ := v.Field("payload")
	address := func(in ion.Value) journal.BlockAddress {
		at, _ := in.Field("blockAddress")
		a, err := journal.ParseBlockAddress(at)
		if err != nil {
			t.Error(err)
		}
		return a
	}
	switch kind.Text() {
	case "CONTROL":
		control, _ := payload.Field("controlRecordType")
		return control.Text()
	case "BLOCK_SUMMARY":
		return fmt.Sprintf("summary %d", address(payload).SequenceNo)
	case "REVISION_DETAILS":
		inner, _ := payload.Field("revision")
		r, err := journal.ParseRevision(inner)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("revision %d %s", r.Address.SequenceNo, r.Metadata.ID)
	}
	return kind.Text()
}

// expected are the records of blocks.
func expected(blocks []journal.Block) []string {
	var list []string
	for _, b := range blocks {
		list = append(list, fmt.Sprintf("summary %d", b.Address.SequenceNo))
		for _, r := range b.Revisions {
			list = append(list, fmt.Sprintf("revision %d %s", b.Address.SequenceNo, r.Metadata.ID))
		}
	}
	return list
}

func (d *delivered) wantSent(want []string) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.sent(streamFile)); diff != "" {
		d.t.Errorf("records (-want +got):\n%s", diff)
	}
}

// TestStreamFollowsTheJournal: what is there goes at once, what comes later when it comes, each once; and a stream
// with an end ends.
func TestStreamFollowsTheJournal(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*qldb.StreamJournalToKinesisInput){
		"aggregated": func(*qldb.StreamJournalToKinesisInput) {}, "single": single,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDelivered(t)
			d.ledger("orders")
			d.commit("orders", "INSERT INTO Test << {'id': 1}, {'id': 2}, {'id': 3} >>")
			end := d.clock.Now().Add(10 * time.Second)
			id := d.stream("orders", "audit", change, func(in *qldb.StreamJournalToKinesisInput) {
				in.ExclusiveEndTime = wire.At(end)
			})
			d.tick()
			d.wantSent(append([]string{"CREATED"}, expected(d.blocks("orders"))...))
			before := d.files("kinesis")[streamFile]
			d.tick()
			d.insert("orders", 4, 6)
			d.tick()
			d.wantSent(append([]string{"CREATED"}, expected(d.blocks("orders"))...))
			if !bytes.HasPrefix(d.files("kinesis")[streamFile], before) {
				t.Error("what was in the file is not its beginning any more")
			}
			all := append([]string{"CREATED"}, expected(d.blocks("orders"))...)
			d.wantStream(id, "ACTIVE")
			d.clock.Advance(10 * time.Second)
			d.insert("orders", 7, 7) // after the end
			d.tick()
			d.wantStream(id, "COMPLETED")
			d.wantSent(append(all, "COMPLETED"))
			if got := d.report().Streams[0].Records; got != uint64(len(all)+1) {
				t.Errorf("records reported: got %d, want %d", got, len(all)+1)
			}
			lines := bytes.Count(d.files("kinesis")[streamFile], []byte("\n"))
			if want := len(all) + 1; name == "single" && lines != want || name != "single" && lines != want-6 {
				t.Errorf("lines: got %d for %d records", lines, want)
			}
		})
	}
}

// TestStreamWithoutBlocksEnds: the clock alone ends a stream, a little after its end.
func TestStreamWithoutBlocksEnds(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.active("orders", "") // no key that is watched: the stream alone needs to be looked at
	d.commit("orders", "CREATE TABLE Test")
	from := d.clock.Now()
	id := d.stream("orders", "audit", func(in *qldb.StreamJournalToKinesisInput) {
		in.InclusiveStartTime, in.ExclusiveEndTime = wire.At(from), wire.At(from.Add(time.Second))
	})
	if next, want := d.tick(), from.Add(2*time.Second); !next.Equal(want) {
		t.Errorf("next look at the stream: got %v, want %v", next, want)
	}
	d.wantSent(append([]string{"CREATED"}, expected(d.blocks("orders")[1:])...)) // the first is from before
	d.pass(time.Second)
	d.wantStream(id, "ACTIVE")
	d.pass(time.Second)
	d.wantStream(id, "COMPLETED")
	d.wantSent(append([]string{"CREATED"}, append(expected(d.blocks("orders")[1:]), "COMPLETED")...))
}

// TestStreamDescription shows what was asked for.
func TestStreamDescription(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	id := d.stream("orders", "audit")
	in := streamInput("orders")
	in.KinesisConfiguration.AggregationEnabled = ptr(true)
	want := qldb.JournalKinesisStreamDescription{
		LedgerName: "orders", CreationTime: wire.At(d.clock.Now()), InclusiveStartTime: in.InclusiveStartTime,
		RoleArn: in.RoleArn, StreamID: id, Arn: "arn:aws:qldb:eu-west-2:111122223333:stream/orders/" + id,
		Status: "ACTIVE", KinesisConfiguration: in.KinesisConfiguration, StreamName: "audit",
	}
	if diff := cmp.Diff(want, d.describeStream("orders", id)); diff != "" {
		t.Errorf("stream (-want +got):\n%s", diff)
	}
}

func TestStreamTags(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	id := d.stream("orders", "audit", func(in *qldb.StreamJournalToKinesisInput) {
		in.Tags = map[string]*string{"team": ptr("a"), "empty": nil}
	})
	arn := d.describeStream("orders", id).Arn
	if _, err := d.service.TagResource(t.Context(), call(), &qldb.TagResourceInput{
		ResourceArn: arn, Tags: map[string]*string{"team": ptr("b"), "more": ptr("c")},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.service.UntagResource(t.Context(), call(), &qldb.UntagResourceInput{
		ResourceArn: arn, TagKeys: []string{"empty"},
	}); err != nil {
		t.Fatal(err)
	}
	d.tick()
	out, err := d.service.ListTagsForResource(t.Context(), call(), &qldb.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"team": "b", "more": "c"}, out.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestStreamLimitsAndLists(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	d.ledger("bills")
	d.stream("bills", "audit")
	var ids []string
	for n := range 5 {
		ids = append(ids, d.stream("orders", fmt.Sprintf("audit%d", n)))
	}
	attempt := func(name string) string {
		in := streamInput("orders")
		in.StreamName = name
		_, err := d.service.StreamJournalToKinesis(t.Context(), call(), in)
		return faultOf(err)
	}
	want := "LimitExceededException 400 {\"ResourceType\":\"JournalKinesisStream\"}\n" +
		"Exceeded the limit of 5 running Journal streams to Kinesis Data Streams"
	if got := attempt("audit5"); got != want {
		t.Errorf("sixth stream: got %s, want %s", got, want)
	}
	if got := attempt("audit3"); !strings.HasPrefix(got, "InvalidParameterException") {
		t.Errorf("second stream of a name: got %s", got)
	}
	if err := d.cancel(ids[3]); err != nil {
		t.Fatal(err)
	}
	d.wantStream(ids[3], "CANCELED")
	if err := d.cancel(ids[3]); code(err) != "ResourcePreconditionNotMetException" {
		t.Errorf("cancel twice: got %v", err)
	}
	again := d.stream("orders", "audit3")
	all := slices.Sorted(slices.Values(append(slices.Clone(ids), again)))
	if diff := cmp.Diff(all, d.listStreams(4)); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
	if got := len(d.report().Streams); got != 7 {
		t.Errorf("streams reported: got %d, want 7", got)
	}
	d.clock.Advance(7 * 24 * time.Hour)
	if got := d.listStreams(100); len(got) != 5 || slices.Contains(got, ids[3]) {
		t.Errorf("streams after seven days: got %q, want those that run", got)
	}
	d.tick()
	for key := range d.state.(*memory).values {
		if strings.Contains(key, ids[3]) {
			t.Errorf("%s is left", key)
		}
	}
}

func (d *delivered) listStreams(size int32) []string {
	d.t.Helper()
	ids, token := []string{}, ""
	for {
		out, err := d.service.ListJournalKinesisStreamsForLedger(d.t.Context(), call(),
			&qldb.ListJournalKinesisStreamsForLedgerInput{LedgerName: "orders", MaxResults: &size, NextToken: token})
		if err != nil {
			d.t.Fatal(err)
		}
		for _, s := range out.Streams {
			ids = append(ids, s.StreamID)
		}
		if token = out.NextToken; token == "" {
			return ids
		}
	}
}

// TestStreamEndsWithItsLedger, which hides it; a later ledger of the name does not show it.
func TestStreamEndsWithItsLedger(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	id := d.stream("orders", "audit")
	d.tick()
	d.delete("orders")
	d.wantStream(id, "CANCELED")
	d.pass(10 * time.Second)
	d.ledger("orders")
	if got := d.listStreams(100); len(got) != 0 {
		t.Errorf("streams of the new ledger: got %q", got)
	}
	d.tick()
	if got := len(d.sent(streamFile)); got != 3 { // CREATED, the first block, CREATE TABLE
		t.Errorf("records: got %d, want 3", got)
	}
}

// TestStreamWaitsForTheKey: nothing is read while the key of the ledger is inaccessible.
func TestStreamWaitsForTheKey(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	id := d.stream("orders", "audit")
	d.keys.setState(mainKey, "Disabled")
	d.pass(5 * time.Second)
	d.keys.setState(mainKey, "Enabled")
	if got := d.files("kinesis")[streamFile]; len(got) != 0 {
		t.Errorf("records while the key is disabled: %s", got)
	}
	d.wantStream(id, "ACTIVE")
	d.pass(5 * time.Second)
	d.wantSent(append([]string{"CREATED"}, expected(d.blocks("orders"))...))
}

// answers is a Kinesis that answers as it is told to, which files never do.
type answers struct {
	qldb.Records
	code string
}

func (a *answers) Check(ctx context.Context, to delivery.Target) error { return a.Append(ctx, to, nil) }

func (a *answers) Append(ctx context.Context, to delivery.Target, records []delivery.Record) error {
	switch a.code {
	case "":
		return a.Records.Append(ctx, to, records)
	case "broken":
		return errBroken
	}
	return &delivery.Refusal{Code: a.code, Message: "No."}
}

// TestStreamStates: what Kinesis answers decides the state, and a stream recovers by itself.
func TestStreamStates(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"ResourceNotFoundException": "IMPAIRED KINESIS_STREAM_NOT_FOUND",
		"AccessDeniedException":     "IMPAIRED IAM_PERMISSION_REVOKED",
		"ValidationException":       "FAILED",
		"InternalFailure":           "ACTIVE",
		"broken":                    "ACTIVE",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			kinesis := &answers{}
			d := newDelivered(t, func(cfg *qldb.Config) {
				kinesis.Records = cfg.Records
				cfg.Records = kinesis
			})
			d.ledger("orders")
			id := d.stream("orders", "audit")
			d.tick()
			d.insert("orders", 1, 1)
			kinesis.code = code
			next, err := d.service.Tick(t.Context())
			if tells := want == "ACTIVE"; (err != nil) != tells {
				t.Errorf("tick: got %v", err)
			}
			d.wantStream(id, want)
			if want == "FAILED" {
				if err := d.cancel(id); err == nil {
					t.Error("cancel of a stream that failed: got no error")
				}
				return
			}
			if wait := next.Sub(d.clock.Now()); wait <= 0 || wait > 5*time.Second {
				t.Errorf("next attempt in %v", wait)
			}
			kinesis.code = ""
			d.tick()
			d.wantStream(id, want) // not yet tried
			d.pass(5 * time.Second)
			d.wantStream(id, "ACTIVE")
			d.wantSent(append([]string{"CREATED"}, expected(d.blocks("orders"))...))
		})
	}
}

func TestImpairedStreamCanBeCancelled(t *testing.T) {
	t.Parallel()
	kinesis := &answers{}
	d := newDelivered(t, func(cfg *qldb.Config) {
		kinesis.Records = cfg.Records
		cfg.Records = kinesis
	})
	d.ledger("orders")
	id := d.stream("orders", "audit")
	kinesis.code = "AccessDeniedException"
	d.tick()
	d.wantStream(id, "IMPAIRED IAM_PERMISSION_REVOKED")
	if err := d.cancel(id); err != nil {
		t.Fatal(err)
	}
	d.pass(10 * time.Second)
	d.wantStream(id, "CANCELED IAM_PERMISSION_REVOKED")
}

// TestTargetAnswers shows what a client is told when S3 or Kinesis does not take what it asks for.
func TestTargetAnswers(t *testing.T) {
	t.Parallel()
	for code, want := range map[string][2]string{
		"AccessDenied": {
			"QLDB encountered an error validating S3 configuration: AccessDenied No.",
			"QLDB encountered an error validating Kinesis Data Streams: Response from Kinesis: AccessDenied No.",
		},
		"InternalFailure": {
			"Unexpected response from Amazon S3 while validating S3 configuration. Response from S3: InternalFailure No.",
			"Unexpected response from Kinesis Data Streams while validating Kinesis configuration. " +
				"Response from Kinesis: InternalFailure No.",
		},
	} {
		d := newDelivered(t, func(cfg *qldb.Config) {
			cfg.Records, cfg.Objects = &answers{cfg.Records, code}, refusing(code)
		})
		d.ledger("orders")
		_, err := d.service.ExportJournalToS3(t.Context(), call(), d.exportNow("orders"))
		_, streamErr := d.service.StreamJournalToKinesis(t.Context(), call(), streamInput("orders"))
		for i, got := range []string{faultOf(err), faultOf(streamErr)} {
			member := []string{"S3ExportConfiguration", "KinesisConfiguration"}[i]
			if want := "InvalidParameterException 400 {\"ParameterName\":\"" + member + "\"}\n" + want[i]; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		if r := d.report(); len(r.Exports)+len(r.Streams) != 0 {
			t.Errorf("what was refused is there: %+v %+v", r.Exports, r.Streams)
		}
	}
}

type refusing string

func (r refusing) Put(context.Context, delivery.Object) error {
	return &delivery.Refusal{Code: string(r), Message: "No."}
}

// TestStreamStaysInItsDirectory asks for data streams that would lead elsewhere, or are none.
func TestStreamStaysInItsDirectory(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	for _, arn := range []string{
		"arn:aws:kinesis:eu-west-2:111122223333:stream/../../../x",
		"arn:aws:kinesis:eu-west-2:111122223333:stream/a/b",
		"arn:aws:kinesis:../..:111122223333:stream/audit",
		"arn:aws:kinesis:eu-west-2:../../../../:stream/audit",
		"arn:aws:kinesis:eu-west-2:111122223333:stream/",
		"arn:aws:kinesis:eu-west-2:111122223333:stream/a\x00",
		"arn:aws:kinesis:eu-west-2:111122223333:stream/a\n",
		"arn:aws:firehose:eu-west-2:111122223333:stream/audit",
		"arn:aws-cn:kinesis:eu-west-2:111122223333:stream/audit",
	} {
		in := streamInput("orders")
		in.KinesisConfiguration.StreamArn = arn
		_, err := d.service.StreamJournalToKinesis(t.Context(), call(), in)
		if got := faultOf(err); !strings.Contains(got, `{"ParameterName":"StreamArn"}`) {
			t.Errorf("%q: got %s", arn, got)
		}
	}
	d.stream("orders", "audit", func(in *qldb.StreamJournalToKinesisInput) {
		in.KinesisConfiguration.StreamArn = "arn:aws:kinesis:eu-west-2:111122223333:stream/.."
	})
	d.tick()
	got := slices.Collect(maps.Keys(d.files(".")))
	if diff := cmp.Diff([]string{"kinesis/" + account + "/eu-west-2/...jsonl"}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
