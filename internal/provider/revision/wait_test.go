package revision_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

type obj = map[string]any

func wants(t *testing.T, said acctest.Diagnostics, texts ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(said.String()), " ")
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("diagnostics do not say %q:\n%s", want, said)
		}
	}
}

// An outcome is what a read of a data source gave.
type outcome struct {
	values obj
	said   acctest.Diagnostics
}

// waiting reads a data source, which has to wait for the ledger; then runs while it does.
func waiting(ctx context.Context, h *acctest.Harness, name string, config obj, then func()) outcome {
	h.ForgetCalls()
	done := make(chan outcome, 1)
	c := h.Core()
	go func() {
		values, said := c.Look(ctx, name, config)
		done <- outcome{values, said}
	}()
	h.Await(func() bool { return len(h.Calls()) > 4 || len(done) > 0 })
	then()
	return <-done
}

// The digest of a ledger that is still being created is that of the ledger when it is there.
func TestDigestWaits(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t, acctest.WithTiming(acctest.Timing{LedgerCreate: time.Hour}))
	if _, err := h.QLDB().CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: "STANDARD",
	}); err != nil {
		t.Fatal(err)
	}
	config := obj{"ledger": "orders"}
	got := waiting(t.Context(), h, "qldbkms_digest", config, func() { h.Advance(2 * time.Hour) })
	if len(got.said) > 0 || got.values["sequence_no"] != "0" {
		t.Errorf("got %v\n%s", got.values, got.said)
	}
}

// While a ledger cannot use its key both data sources wait; an interrupt ends that, and says what it was for.
func TestWaitForTheKey(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	key, err := h.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	h.LedgerUnder("orders", *key.KeyMetadata.Arn)
	h.Statement("orders", "CREATE TABLE T")
	h.Statement("orders", "INSERT INTO T {'a': 1}")
	rows := h.Statement("orders", "SELECT blockAddress, metadata FROM _ql_committed_T")
	row, err := ion.DecodeOne(rows[0], ion.Options{})
	if err != nil {
		t.Fatal(err)
	}
	address, _ := row.Field("blockAddress")
	metadata, _ := row.Field("metadata")
	id, _ := metadata.Field("id")
	later := func() {
		h.Advance(time.Minute)
		h.Probe()
	}
	for name, config := range map[string]obj{
		"qldbkms_digest":   {"ledger": "orders"},
		"qldbkms_revision": {"ledger": "orders", "document_id": id.Text(), "block_address": address.String()},
	} {
		if _, err := h.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
			t.Fatal(err)
		}
		later()
		ctx, stop := context.WithCancel(t.Context())
		got := waiting(ctx, h, name, config, stop)
		wants(t, got.said, "was not read", `Ledger "orders" is ACTIVE, its encryption KMS_KEY_INACCESSIBLE`,
			"interrupted while waiting", "ResourcePreconditionNotMetException", "Plan again when the ledger is ACTIVE")
		got = waiting(t.Context(), h, name, config, func() {
			if _, err := h.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
				t.Error(err)
			}
			later()
		})
		if len(got.said) > 0 || got.values["digest"] == nil {
			t.Errorf("%s gives %v\n%s", name, got.values, got.said)
		}
	}
	h.DropLedger("orders")
	_, said := h.Core().Look(t.Context(), "qldbkms_digest", obj{"ledger": "orders"})
	wants(t, said, "does not exist in")
}
