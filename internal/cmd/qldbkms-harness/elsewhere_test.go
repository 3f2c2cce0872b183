package main

import (
	"context"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/upstream/stub"
)

// TestElsewhere runs the program against services of others: a second harness as the KMS, and a stub of S3 and Kinesis
// with the bucket "bucket" and the data stream "audit", at $STUB. In a script:
//
//	connect DIR          points the environment at the harness over DIR
//	newkey               makes a KMS key; $KEY is its ARN
//	newledger NAME       makes a ledger under $KEY and waits until it is ACTIVE
//	enabled NAME         wants the ledger ENABLED under $KEY
//	export NAME          exports its journal to the bucket and waits until it is COMPLETED
//	stream NAME          streams its journal to the data stream
//	arrived OBJECTS RECORDS   waits until the stub has at least as many
func TestElsewhere(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/elsewhere",
		Setup: func(env *testscript.Env) error {
			s := stub.New()
			s.Buckets["bucket"] = true
			s.Streams["audit"] = &stub.Stream{ARN: auditARN, Status: "ACTIVE"}
			front := httptest.NewServer(s)
			env.Defer(front.Close)
			env.Values[stubKey{}] = s
			env.Setenv("STUB", front.URL)
			env.Setenv("STUB_ID", stub.OwnID)
			env.Setenv("STUB_SECRET", stub.OwnSecret)
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"connect": connect, "newkey": newKey, "newledger": newLedger, "enabled": enabled,
			"export": export, "stream": stream, "arrived": arrived,
		},
	})
}

type stubKey struct{}

const auditARN = "arn:aws:kinesis:eu-west-2:111122223333:stream/audit"

func scriptSDK(ts *testscript.TestScript) aws.Config {
	return aws.Config{
		Region: "eu-west-2", BaseEndpoint: aws.String(ts.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(
			ts.Getenv("AWS_ACCESS_KEY_ID"), ts.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	}
}

func newKey(ts *testscript.TestScript, _ bool, _ []string) {
	out, err := kms.NewFromConfig(scriptSDK(ts)).CreateKey(context.Background(), &kms.CreateKeyInput{})
	ts.Check(err)
	ts.Setenv("KEY", aws.ToString(out.KeyMetadata.Arn))
}

func newLedger(ts *testscript.TestScript, neg bool, args []string) {
	client := qldb.NewFromConfig(scriptSDK(ts))
	_, err := client.CreateLedger(context.Background(), &qldb.CreateLedgerInput{
		Name: &args[0], KmsKey: aws.String(ts.Getenv("KEY")), PermissionsMode: types.PermissionsModeStandard,
	})
	if neg {
		if err == nil {
			ts.Fatalf("the ledger was created, and should not be")
		}
		ts.Logf("%v", err)
		ts.Check(os.WriteFile(ts.MkAbs("refusal"), []byte(err.Error()), 0o600))
		return
	}
	ts.Check(err)
	poll(ts, "the ledger "+args[0], func() bool {
		out, err := client.DescribeLedger(context.Background(), &qldb.DescribeLedgerInput{Name: &args[0]})
		return err == nil && out.State == types.LedgerStateActive
	})
}

func enabled(ts *testscript.TestScript, _ bool, args []string) {
	client := qldb.NewFromConfig(scriptSDK(ts))
	out, err := client.DescribeLedger(context.Background(), &qldb.DescribeLedgerInput{Name: &args[0]})
	ts.Check(err)
	d := out.EncryptionDescription
	if d == nil || d.EncryptionStatus != types.EncryptionStatusEnabled || aws.ToString(d.KmsKeyArn) != ts.Getenv("KEY") {
		ts.Fatalf("ledger %s: got %+v, want it ENABLED under %s", args[0], d, ts.Getenv("KEY"))
	}
}

func export(ts *testscript.TestScript, _ bool, args []string) {
	client := qldb.NewFromConfig(scriptSDK(ts))
	out, err := client.ExportJournalToS3(context.Background(), &qldb.ExportJournalToS3Input{
		Name: &args[0], RoleArn: aws.String(stub.RoleARN), InclusiveStartTime: aws.Time(time.Unix(0, 0)),
		ExclusiveEndTime: aws.Time(time.Now()), S3ExportConfiguration: &types.S3ExportConfiguration{
			Bucket: aws.String("bucket"), Prefix: aws.String("journal"),
			EncryptionConfiguration: &types.S3EncryptionConfiguration{
				ObjectEncryptionType: types.S3ObjectEncryptionTypeSseS3,
			},
		},
	})
	ts.Check(err)
	poll(ts, "the export of "+args[0], func() bool {
		got, err := client.DescribeJournalS3Export(context.Background(), &qldb.DescribeJournalS3ExportInput{
			Name: &args[0], ExportId: out.ExportId,
		})
		return err == nil && got.ExportDescription.Status == types.ExportStatusCompleted
	})
}

func stream(ts *testscript.TestScript, _ bool, args []string) {
	client := qldb.NewFromConfig(scriptSDK(ts))
	_, err := client.StreamJournalToKinesis(context.Background(), &qldb.StreamJournalToKinesisInput{
		LedgerName: &args[0], StreamName: aws.String("audit"), RoleArn: aws.String(stub.RoleARN),
		InclusiveStartTime:   aws.Time(time.Unix(0, 0)),
		KinesisConfiguration: &types.KinesisConfiguration{StreamArn: aws.String(auditARN)},
	})
	ts.Check(err)
}

func arrived(ts *testscript.TestScript, _ bool, args []string) {
	var want [2]int
	for i := range want {
		n, err := strconv.Atoi(args[i])
		ts.Check(err)
		want[i] = n
	}
	s := ts.Value(stubKey{}).(*stub.Server)
	poll(ts, "what is delivered", func() bool {
		s.Lock()
		defer s.Unlock()
		if len(s.Complaints) > 0 {
			ts.Fatalf("%s", strings.Join(s.Complaints, "\n"))
		}
		return len(s.Objects) >= want[0] && len(s.Streams["audit"].Records) >= want[1]
	})
}
