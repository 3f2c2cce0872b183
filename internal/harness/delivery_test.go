package harness_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
)

// TestExportAndStreamOfWhatADriverWrote finds an export and a stream in the data directory, across a restart.
func TestExportAndStreamOfWhatADriverWrote(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := config(dir)
	cfg.NoSync = false
	h, server := open(t, cfg)
	ledgers := qldb.NewFromConfig(sdk(h, server, "eu-west-2"))
	createLedger(t, ledgers, makeKey(t, kms.NewFromConfig(sdk(h, server, "eu-west-2"))))
	advance(t, h, 2*time.Second)
	driver := newDriver(t, sdk(h, server, "eu-west-2"), "orders")
	execute(t, driver, "CREATE TABLE Telltale")
	stream, err := ledgers.StreamJournalToKinesis(t.Context(), &qldb.StreamJournalToKinesisInput{
		LedgerName: aws.String("orders"), StreamName: aws.String("audit"), InclusiveStartTime: aws.Time(start),
		RoleArn: aws.String("arn:aws:iam::111122223333:role/deliver"),
		KinesisConfiguration: &types.KinesisConfiguration{
			StreamArn:          aws.String("arn:aws:kinesis:eu-west-2:111122223333:stream/audit"),
			AggregationEnabled: aws.Bool(false),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	execute(t, driver, "INSERT INTO Telltale ?", record{ID: 1, Name: "Ada"})
	advance(t, h, time.Second)
	export, err := ledgers.ExportJournalToS3(t.Context(), exportAll())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	h, server = open(t, config(dir))
	advance(t, h, 5*time.Second) // its clock begins anew
	execute(t, newDriver(t, sdk(h, server, "eu-west-2"), "orders"), "INSERT INTO Telltale ?", record{ID: 2, Name: "Bob"})
	advance(t, h, time.Second)
	completed, err := filepath.Glob(filepath.Join(dir, "s3", "bucket", "journal", "*.completed.manifest"))
	if err != nil || len(completed) != 1 || !strings.Contains(completed[0], aws.ToString(export.ExportId)) {
		t.Errorf("completed manifests: got %q, %v", completed, err)
	}
	objects, err := filepath.Glob(filepath.Join(dir, "s3", "bucket", "journal", "2*", "*", "*", "*", "*.ion"))
	if err != nil || len(objects) != 1 {
		t.Fatalf("data objects: got %q, %v, want one", objects, err)
	}
	raw, err := os.ReadFile(objects[0])
	if err != nil || !bytes.Contains(raw, []byte("Ada")) || bytes.Contains(raw, []byte("Bob")) {
		t.Errorf("data object: got %s, %v, want Ada in it", raw, err)
	}
	lines, err := os.ReadFile(filepath.Join(dir, "kinesis", "111122223333", "eu-west-2", "audit.jsonl"))
	// CREATED; the first block; the table's; two with a summary and a revision.
	if got := bytes.Count(lines, []byte("\n")); err != nil || got != 7 {
		t.Errorf("records of stream %s: got %d, %v, want 7", aws.ToString(stream.StreamId), got, err)
	}
}

// exportAll asks for all that is in the ledger by now.
func exportAll() *qldb.ExportJournalToS3Input {
	return &qldb.ExportJournalToS3Input{
		Name: aws.String("orders"), RoleArn: aws.String("arn:aws:iam::111122223333:role/deliver"),
		InclusiveStartTime: aws.Time(start), ExclusiveEndTime: aws.Time(start.Add(3 * time.Second)),
		S3ExportConfiguration: &types.S3ExportConfiguration{
			Bucket: aws.String("bucket"), Prefix: aws.String("journal"),
			EncryptionConfiguration: &types.S3EncryptionConfiguration{
				ObjectEncryptionType: types.S3ObjectEncryptionTypeSseS3,
			},
		},
	}
}
