package qldb_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsqldb "github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// client is the AWS SDK in front of d.
func (d *delivered) client() *awsqldb.Client {
	d.t.Helper()
	server, err := wire.New(wire.Config{
		Services: []wire.Service{d.service.Wire()}, Now: d.clock.Now, Rand: rand.Reader,
		AuthOff: true, AuthOffCaller: call().Caller,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	front := httptest.NewServer(server)
	d.t.Cleanup(front.Close)
	return awsqldb.NewFromConfig(aws.Config{
		Region: "eu-west-2", BaseEndpoint: &front.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "any"}, nil
		}),
	})
}

func TestExportThroughTheSDK(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	d.insert("orders", 1, 3)
	client, name := d.client(), aws.String("orders")
	d.clock.Advance(1500 * time.Millisecond)
	in := &awsqldb.ExportJournalToS3Input{
		Name: name, RoleArn: aws.String("arn:aws:iam::111122223333:role/export"), OutputFormat: types.OutputFormatIonBinary,
		InclusiveStartTime: aws.Time(start), ExclusiveEndTime: aws.Time(d.clock.Now()),
		S3ExportConfiguration: &types.S3ExportConfiguration{
			Bucket: aws.String("audit"), Prefix: aws.String("journal/orders/"),
			EncryptionConfiguration: &types.S3EncryptionConfiguration{
				ObjectEncryptionType: types.S3ObjectEncryptionTypeSseKms, KmsKeyArn: aws.String(mainKey),
			},
		},
	}
	out, err := client.ExportJournalToS3(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	want := types.JournalS3ExportDescription{
		ExportId: out.ExportId, LedgerName: name, RoleArn: in.RoleArn, OutputFormat: in.OutputFormat,
		InclusiveStartTime: in.InclusiveStartTime, ExclusiveEndTime: in.ExclusiveEndTime,
		ExportCreationTime: in.ExclusiveEndTime, S3ExportConfiguration: in.S3ExportConfiguration,
		Status: types.ExportStatusInProgress,
	}
	describe := func() *types.JournalS3ExportDescription {
		t.Helper()
		described, err := client.DescribeJournalS3Export(t.Context(),
			&awsqldb.DescribeJournalS3ExportInput{Name: name, ExportId: out.ExportId})
		if err != nil {
			t.Fatal(err)
		}
		return described.ExportDescription
	}
	wantSame(t, want, *describe())
	d.pass(time.Second)
	want.Status = types.ExportStatusCompleted
	wantSame(t, want, *describe())
	listed, err := client.ListJournalS3Exports(t.Context(), &awsqldb.ListJournalS3ExportsInput{})
	if err != nil || len(listed.JournalS3Exports) != 1 {
		t.Fatalf("exports: got %v, %v", listed, err)
	}
	wantSame(t, want, listed.JournalS3Exports[0])
	if _, got := d.readExport(*out.ExportId, d.engine("orders").StrandID()); len(got) != 5 {
		t.Errorf("blocks: got %d, want 5", len(got))
	}
}

func wantSame(t *testing.T, want, got any) {
	t.Helper()
	unexported := cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".noSmithyDocumentSerde"
	}, cmp.Ignore())
	if diff := cmp.Diff(want, got, unexported); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStreamThroughTheSDK(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	client, name := d.client(), aws.String("orders")
	in := &awsqldb.StreamJournalToKinesisInput{
		LedgerName: name, RoleArn: aws.String("arn:aws:iam::111122223333:role/stream"), StreamName: aws.String("audit"),
		InclusiveStartTime: aws.Time(start.Add(-time.Hour)), ExclusiveEndTime: aws.Time(start.Add(time.Hour)),
		KinesisConfiguration: &types.KinesisConfiguration{
			StreamArn:          aws.String("arn:aws:kinesis:eu-west-2:111122223333:stream/audit"),
			AggregationEnabled: aws.Bool(false),
		},
	}
	out, err := client.StreamJournalToKinesis(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	d.tick()
	want := types.JournalKinesisStreamDescription{
		LedgerName: name, RoleArn: in.RoleArn, StreamId: out.StreamId, StreamName: in.StreamName,
		Arn:    aws.String("arn:aws:qldb:eu-west-2:111122223333:stream/orders/" + *out.StreamId),
		Status: types.StreamStatusActive, CreationTime: aws.Time(d.clock.Now()),
		InclusiveStartTime: in.InclusiveStartTime, ExclusiveEndTime: in.ExclusiveEndTime,
		KinesisConfiguration: in.KinesisConfiguration,
	}
	described, err := client.DescribeJournalKinesisStream(t.Context(),
		&awsqldb.DescribeJournalKinesisStreamInput{LedgerName: name, StreamId: out.StreamId})
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, want, *described.Stream)
	d.wantSent(append([]string{"CREATED"}, expected(d.blocks("orders"))...))
	cancel := &awsqldb.CancelJournalKinesisStreamInput{LedgerName: name, StreamId: out.StreamId}
	if _, err := client.CancelJournalKinesisStream(t.Context(), cancel); err != nil {
		t.Fatal(err)
	}
	_, err = client.CancelJournalKinesisStream(t.Context(), cancel)
	if _, refused := errors.AsType[*types.ResourcePreconditionNotMetException](err); !refused {
		t.Errorf("cancel twice: got %v", err)
	}
	listed, err := client.ListJournalKinesisStreamsForLedger(t.Context(),
		&awsqldb.ListJournalKinesisStreamsForLedgerInput{LedgerName: name})
	if err != nil || len(listed.Streams) != 1 || listed.Streams[0].Status != types.StreamStatusCanceled {
		t.Errorf("streams: got %v, %v, want one that is CANCELED", listed, err)
	}
}
