package wire_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// The SDK signs with the machine's clock. That the calls below succeed on a harness clock of January 2026 shows that
// it believes the Date header of the first refusal.

func TestKMSClient(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	client := kms.NewFromConfig(h.config())

	out, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{
		Description: aws.String("für <Ledger> & mehr"),
		MultiRegion: aws.Bool(true),
		Tags:        []kmstypes.Tag{{TagKey: aws.String("a"), TagValue: aws.String("b")}},
	})
	if err != nil {
		t.Fatalf("CreateKey: %v", err)
	}
	if got, want := aws.ToString(out.KeyMetadata.Description), "für <Ledger> & mehr"; got != want {
		t.Errorf("description: got %q, want %q", got, want)
	}
	if got := *out.KeyMetadata.CreationDate; !got.Equal(start) {
		t.Errorf("creation date: got %v, want %v", got, start)
	}
	call, in := h.last(t)
	if got, want := call.Region+" "+call.Caller.ARN, "eu-west-2 arn:aws:iam::111122223333:root"; got != want {
		t.Errorf("call: got %q, want %q", got, want)
	}
	if diff := cmp.Diff([]keyTag{{"a", "b"}}, in.(*createKeyInput).Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}

	sealed, err := client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("k"), Plaintext: []byte{0, 255}})
	if err != nil {
		t.Fatalf("Encrypt: %v", err)
	}
	if got, want := string(sealed.CiphertextBlob), "sealed:\x00\xff"; got != want {
		t.Errorf("blob: got %q, want %q", got, want)
	}
	if _, err := client.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: aws.String("k")}); err != nil {
		t.Errorf("EnableKey, which has no output: %v", err)
	}
}

func TestKMSFaults(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	client := kms.NewFromConfig(h.config())

	_, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("nope")})
	var notFound *kmstypes.NotFoundException
	if !errors.As(err, &notFound) || notFound.ErrorMessage() != "Invalid keyId 'nope'" {
		t.Errorf("got %v, want NotFoundException with its text", err)
	}
	for _, id := range []string{"panic", "broken"} {
		_, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(id)})
		var internal *kmstypes.KMSInternalException
		if !errors.As(err, &internal) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want a KMSInternalException that tells nothing", id, err)
		}
	}
	calls := h.Recorder().Calls(0)
	if last := calls[len(calls)-1]; !strings.Contains(h.log.String(), last.RequestID) ||
		!strings.Contains(h.log.String(), "describeKey") {
		t.Errorf("log lacks request id or stack:\n%s", h.log)
	}
}

func TestQLDBClient(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	client := qldb.NewFromConfig(h.config())

	_, err := client.DescribeLedger(t.Context(), &qldb.DescribeLedgerInput{Name: aws.String("orders")})
	var notFound *qldbtypes.ResourceNotFoundException
	if !errors.As(err, &notFound) {
		t.Fatalf("got %v, want ResourceNotFoundException", err)
	}
	got := []string{notFound.ErrorMessage(), *notFound.ResourceType, *notFound.ResourceName}
	if diff := cmp.Diff([]string{"Ledger not found", "Ledger", "orders"}, got); diff != "" {
		t.Errorf("fault (-want +got):\n%s", diff)
	}

	arn := "arn:aws:qldb:eu-west-2:111122223333:ledger/orders"
	keys := []string{"ü", "a b", "c/d&e"} // in the order in which the signer sorts them
	_, err = client.UntagResource(t.Context(), &qldb.UntagResourceInput{ResourceArn: &arn, TagKeys: keys})
	if err != nil {
		t.Fatalf("UntagResource: %v", err)
	}
	_, in := h.last(t)
	if diff := cmp.Diff(&untagInput{arn, keys}, in); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}

	if _, err := client.ListLedgers(t.Context(), &qldb.ListLedgersInput{
		MaxResults: aws.Int32(7), NextToken: aws.String("a+/="),
	}); err != nil {
		t.Fatalf("ListLedgers: %v", err)
	}
	_, in = h.last(t)
	if diff := cmp.Diff(&listInput{aws.Int32(7), "a+/="}, in); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
	if _, err := client.DeleteLedger(t.Context(), &qldb.DeleteLedgerInput{Name: aws.String("orders")}); err != nil {
		t.Errorf("DeleteLedger, which has no output: %v", err)
	}
}

func TestSTSClient(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	out, err := sts.NewFromConfig(h.config()).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatalf("GetCallerIdentity: %v", err)
	}
	if got, want := aws.ToString(out.Arn), "arn:aws:iam::111122223333:root"; got != want {
		t.Errorf("ARN: got %q, want %q", got, want)
	}
}

func TestWrongSecret(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	now := time.Now() // the SDK's own clock: nothing to correct
	h.now.Store(&now)
	cfg := h.config()
	cfg.Credentials = aws.CredentialsProviderFunc(staticSecret("not the secret"))
	for service, want := range map[string]string{"kms": "InvalidSignatureException", "sts": "SignatureDoesNotMatch"} {
		var err error
		if service == "kms" {
			_, err = kms.NewFromConfig(cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("k")})
		} else {
			_, err = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
		}
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != want {
			t.Errorf("%s: got %v, want %s", service, err, want)
		}
	}
	if n := h.count(); n != 0 {
		t.Errorf("%d operations ran on a wrong signature", n)
	}
}
