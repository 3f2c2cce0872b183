package harness_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/outbound"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/upstream/stub"
)

// delivering is a harness whose exports and streams go to a stub of S3 and Kinesis.
type delivering struct {
	*stub.Server

	t       *testing.T
	h       *harness.Harness
	clock   *clock.Movable
	sdk     aws.Config
	ledgers *qldb.Client
}

const auditARN = "arn:aws:kinesis:eu-west-2:" + account + ":stream/audit"

func newDelivering(t *testing.T) *delivering {
	t.Helper()
	s := stub.New()
	front := httptest.NewServer(s)
	service := outbound.Service{
		Endpoint: front.URL, AccessKeyID: stub.OwnID, SecretAccessKey: stub.OwnSecret, Timeout: 4 * time.Minute,
	}
	s3, kinesis := service, service
	s3.Name, kinesis.Name = "S3", "Kinesis"
	cfg := config(t.TempDir())
	cfg.S3, cfg.Kinesis = &s3, &kinesis
	h, server := open(t, cfg)
	t.Cleanup(func() {
		front.Close()
		for _, complaint := range s.Complaints {
			t.Error(complaint)
		}
	})
	ledgers := qldb.NewFromConfig(sdk(h, server, "eu-west-2"))
	createLedger(t, ledgers, "AWS_OWNED_KMS_KEY")
	advance(t, h, 2*time.Second)
	driver := newDriver(t, sdk(h, server, "eu-west-2"), "orders")
	execute(t, driver, "CREATE TABLE Telltale")
	execute(t, driver, "INSERT INTO Telltale ?", record{ID: 1, Name: "Ada"})
	advance(t, h, 2*time.Second)
	return &delivering{s, t, h, cfg.Clock, sdk(h, server, "eu-west-2"), ledgers}
}

// failing answers requests to a service with a fault.
func (d *delivering) failing(fail func(http.ResponseWriter, string, string), code string) {
	d.Lock()
	defer d.Unlock()
	d.Fail = nil
	if fail != nil {
		d.Fail = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			fail(w, code, "as told")
			return true
		}
	}
}

func (d *delivering) wantStream(id string, status types.StreamStatus, cause types.ErrorCause) {
	d.t.Helper()
	out, err := d.ledgers.DescribeJournalKinesisStream(d.t.Context(), &qldb.DescribeJournalKinesisStreamInput{
		LedgerName: aws.String("orders"), StreamId: &id,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	if out.Stream.Status != status || out.Stream.ErrorCause != cause {
		d.t.Errorf("stream: got %s %s, want %s %s", out.Stream.Status, out.Stream.ErrorCause, status, cause)
	}
}

func TestExportToS3(t *testing.T) {
	t.Parallel()
	d := newDelivering(t)
	in := exportAll()
	in.ExclusiveEndTime = aws.Time(start.Add(4 * time.Second))
	_, err := d.ledgers.ExportJournalToS3(t.Context(), in)
	want(t, "an export into no bucket", err, "InvalidParameterException: QLDB encountered an error validating S3 "+
		"configuration: NoSuchBucket The specified bucket does not exist")
	d.Lock()
	d.Buckets["bucket"] = true
	d.Unlock()
	out, err := d.ledgers.ExportJournalToS3(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	described := func(want types.ExportStatus) {
		t.Helper()
		got, err := d.ledgers.DescribeJournalS3Export(t.Context(), &qldb.DescribeJournalS3ExportInput{
			Name: in.Name, ExportId: out.ExportId,
		})
		if err != nil || got.ExportDescription.Status != want {
			t.Errorf("export: got %v, %v, want %s", got, err, want)
		}
	}
	busy := func(w http.ResponseWriter, code, message string) {
		stub.XMLFault(w, http.StatusServiceUnavailable, code, message)
	}
	d.failing(busy, "SlowDown")
	_ = d.h.Advance(t.Context(), 2*time.Second) // fails, here or in the background
	described(types.ExportStatusInProgress)
	d.failing(nil, "")
	advance(t, d.h, 6*time.Second)
	described(types.ExportStatusCompleted)

	d.Lock()
	defer d.Unlock()
	kinds := map[string]int{}
	for name, o := range d.Objects {
		kinds[name[strings.LastIndex(name, ".")+1:]]++
		if got := o.Header.Get("X-Amz-Server-Side-Encryption"); got != "AES256" {
			t.Errorf("%s: encryption %q", name, got)
		}
		if strings.HasSuffix(name, ".ion") && !strings.Contains(o.Body, "Ada") {
			t.Errorf("%s does not hold what the driver wrote", name)
		}
	}
	if kinds["manifest"] != 2 || kinds["ion"] != 1 {
		t.Errorf("objects: got %v, want two manifests and one data object", kinds)
	}
}

func TestStreamToKinesis(t *testing.T) {
	t.Parallel()
	d := newDelivering(t)
	in := &qldb.StreamJournalToKinesisInput{
		LedgerName: aws.String("orders"), StreamName: aws.String("audit"), InclusiveStartTime: aws.Time(start),
		RoleArn: aws.String(stub.RoleARN), KinesisConfiguration: &types.KinesisConfiguration{
			StreamArn: aws.String(auditARN), AggregationEnabled: aws.Bool(false),
		},
	}
	_, err := d.ledgers.StreamJournalToKinesis(t.Context(), in)
	want(t, "a stream to no data stream", err, "InvalidParameterException: QLDB encountered an error validating Kinesis "+
		"Data Streams: Response from Kinesis: ResourceNotFoundException Stream audit not found.")
	target := &stub.Stream{ARN: auditARN, Status: "ACTIVE"}
	d.Lock()
	d.Streams["audit"] = target
	d.Unlock()
	out, err := d.ledgers.StreamJournalToKinesis(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	id := aws.ToString(out.StreamId)
	advance(t, d.h, time.Second)
	d.wantStream(id, types.StreamStatusActive, "")
	const early = 5 // CREATED; the ledger's block; the table's; the document's with its summary and its revision
	received := func(want int) {
		t.Helper()
		d.Lock()
		defer d.Unlock()
		if len(target.Records) != want {
			t.Errorf("records: got %d, want %d", len(target.Records), want)
		}
	}
	received(early)

	driver := newDriver(t, d.sdk, "orders")
	for _, test := range []struct {
		code  string
		cause types.ErrorCause
	}{
		{"ResourceNotFoundException", types.ErrorCauseKinesisStreamNotFound},
		{"AccessDeniedException", types.ErrorCauseIamPermissionRevoked},
	} {
		d.failing(stub.JSONFault, test.code)
		execute(t, driver, "INSERT INTO Telltale ?", record{ID: 2, Name: "Bob"})
		advance(t, d.h, time.Second)
		d.wantStream(id, types.StreamStatusImpaired, test.cause)
		d.failing(nil, "")
		advance(t, d.h, 6*time.Second)
		d.wantStream(id, types.StreamStatusActive, "")
	}
	received(early + 4)

	// The texts of a transaction's statements are in the summary of its block, which Kinesis does not take when it is
	// larger than a record may be.
	_, err = driver.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		for range 12 {
			if _, err := txn.Execute("SELECT * FROM Telltale -- " + strings.Repeat("x", 99_000)); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	advance(t, d.h, 6*time.Second)
	d.wantStream(id, types.StreamStatusFailed, "")
	received(early + 4)
}

// TestSlowS3DoesNotHoldUpTheWatchOnKeys has an upload that hangs while a key is disabled.
func TestSlowS3DoesNotHoldUpTheWatchOnKeys(t *testing.T) {
	t.Parallel()
	d := newDelivering(t)
	keys := kms.NewFromConfig(d.sdk)
	key := makeKey(t, keys)
	if _, err := d.ledgers.UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{
		Name: aws.String("orders"), KmsKey: &key,
	}); err != nil {
		t.Fatal(err)
	}
	advance(t, d.h, 5*time.Second)
	wantStatus(t, d.ledgers, types.EncryptionStatusEnabled, key)
	d.Lock()
	d.Buckets["bucket"] = true
	d.Unlock()
	in := exportAll()
	in.ExclusiveEndTime = aws.Time(start.Add(4 * time.Second))
	if _, err := d.ledgers.ExportJournalToS3(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	uploading, release := make(chan struct{}, 10), make(chan struct{})
	defer close(release)
	d.Lock()
	d.Fail = func(http.ResponseWriter, *http.Request, []byte) bool {
		uploading <- struct{}{}
		<-release
		return false
	}
	d.Unlock()
	d.clock.Advance(2 * time.Second) // not through the harness, which would wait for the upload
	<-uploading
	if _, err := keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key}); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(6 * time.Second)
	deadline := time.Now().Add(time.Minute)
	for {
		got, _ := status(t, d.ledgers, "orders")
		if got == types.EncryptionStatusKmsKeyInaccessible {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("ledger: got %s while an upload hangs", got)
		}
	}
}
