package index_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

var vin = obj{"ledger": "orders", "table": "Vehicle", "field": "VIN"}

func made(t *testing.T, h *acctest.Harness) *acctest.Object {
	t.Helper()
	st, said := h.Core().Apply(t.Context(), typeName, vin, nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	return st
}

// An interrupt between a commit and its answer leaves neither an index that Terraform does not know of nor one that is
// gone; an index whose id was not seen can be destroyed, and goes on by itself otherwise.
func TestInterruptedCommit(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]obj{"refreshed": vin, "destroyed at once": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			ctx, cancel := context.WithCancel(t.Context())
			restore := h.CutOff(cancel)
			st, said := h.Core().Apply(ctx, typeName, vin, nil, nil)
			wants(t, said, "Warning", "is not ready yet", "The next apply waits for the rest")
			if said.Failed() || st == nil || st.Get("index_id") != nil {
				t.Fatalf("state %v\n%s", st, said)
			}
			restore()
			st, said = h.Core().Apply(t.Context(), typeName, then, st, nil)
			if len(said) > 0 {
				t.Fatal(said)
			}
			if then == nil {
				if err := indexes(t, h)(nil); err != nil {
					t.Error(err)
				}
				return
			}
			if st.Get("status") != "ONLINE" || st.Get("index_id") == nil {
				t.Errorf("status %v, id %v", st.Get("status"), st.Get("index_id"))
			}
			ctx, cancel = context.WithCancel(t.Context())
			h.CutOff(cancel)
			if st, said = h.Core().Apply(ctx, typeName, nil, st, nil); st != nil || len(said) > 0 {
				t.Errorf("a destroy leaves %v\n%s", st, said)
			}
		})
	}
}

// A build that fails after its create was over replaces the index at the next apply.
func TestFailedLater(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	st := made(t, h)
	id := st.Get("index_id")
	fake := &slow{next: h.Transport, status: "FAILED", message: "document too deep"}
	h.Transport = fake
	st, said := h.Core().Refresh(t.Context(), st)
	if st.Get("status") != "FAILED" || len(said) > 0 {
		t.Fatalf("status %v\n%s", st.Get("status"), said)
	}
	fake.say("", "")
	st, said = h.Core().Apply(t.Context(), typeName, vin, st, nil)
	if len(said) > 0 || st.Get("status") != "ONLINE" || st.Get("index_id") == id {
		t.Errorf("status %v, id %v, want ONLINE and another than %v\n%s", st.Get("status"), st.Get("index_id"), id, said)
	}
}

// A ledger without its key keeps indexes in the state, with a warning, and drops none; a table that is gone has none.
func TestLedgerAway(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	key, err := h.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	h.LedgerUnder("orders", *key.KeyMetadata.Arn)
	h.Statement("orders", "CREATE TABLE Vehicle")
	st := made(t, h)
	config := obj{"ledger": "orders", "table": "Vehicle", "field": "VIN", "timeouts": obj{"delete": "100ms"}}
	short, said := h.Core().Apply(t.Context(), typeName, config, st, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	if _, err := h.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	h.Probe()
	read, said := h.Core().Refresh(t.Context(), st)
	wants(t, said, "Warning", "was not read", "KMS_KEY_INACCESSIBLE", "goes on with what was known")
	if said.Failed() || read == nil || read.Get("status") != "ONLINE" {
		t.Errorf("read gives %v\n%s", read, said)
	}
	left, said := h.Core().Apply(t.Context(), typeName, nil, short, nil)
	wants(t, said, "was not dropped", "KMS_KEY_INACCESSIBLE", "stays in the state")
	if left == nil {
		t.Error("the index was forgotten")
	}
	if _, err := h.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	h.Probe()
	h.Statement("orders", "DROP TABLE Vehicle")
	if gone, said := h.Core().Refresh(t.Context(), st); gone != nil || len(said) > 0 {
		t.Errorf("an index of no table is %v\n%s", gone, said)
	}
	if left, said := h.Core().Apply(t.Context(), typeName, nil, st, nil); left != nil || len(said) > 0 {
		t.Errorf("a destroy leaves %v\n%s", left, said)
	}
}

// An index that was created but cannot be looked at is saved; the next apply finds out how it is.
func TestNotLookedAt(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	c := h.Core()
	h.Fault(acctest.Fault{ // start session, start, select, create, commit
		Operation: "SendCommand", Kind: "error", Code: "AccessDeniedException", Message: "not allowed here", Skip: 5,
	})
	st, said := c.Apply(t.Context(), typeName, vin, nil, nil)
	h.ClearFaults()
	wants(t, said, "Warning", "was created but not looked at", "not allowed here", "The next plan reads its status.")
	if said.Failed() || st == nil || st.Get("status") != "BUILDING" {
		t.Fatalf("state %v\n%s", st, said)
	}
	if st, said = c.Apply(t.Context(), typeName, vin, st, nil); len(said) > 0 || st.Get("status") != "ONLINE" {
		t.Errorf("status %v\n%s", st.Get("status"), said)
	}
}
