package table_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// made is a table that was created with the configuration of vehicle.
func made(t *testing.T, h *acctest.Harness, more obj) *acctest.Object {
	t.Helper()
	st, said := h.Core().Apply(t.Context(), typeName, vehicle(more), nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	return st
}

// An interrupt between a commit and its answer leaves neither a table that Terraform does not know of nor one that is
// gone. Where the ledger cannot be asked any more, nothing is claimed.
func TestInterruptedCommit(t *testing.T) {
	t.Parallel()
	blind := acctest.Fault{Operation: "SendCommand", Kind: "error", Code: "InternalFailure", Status: 500}
	for _, test := range []struct {
		name   string
		create bool
		blind  bool
		says   string
	}{
		{"create", true, false, ""},
		{"create, blind", true, true, "the table may be there all the same"},
		{"drop", false, false, ""},
		{"drop, blind", false, true, "may have been dropped all the same"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := acctest.Start(t)
			h.Ledger("orders")
			ctx, cancel := context.WithCancel(t.Context())
			config, want := vehicle(nil), "Vehicle ACTIVE"
			var st *acctest.Object
			if !test.create {
				config, st, want = nil, made(t, h, nil), "Vehicle INACTIVE"
			}
			h.CutOff(func() {
				cancel()
				if test.blind {
					h.Fault(blind)
				}
			})
			st, said := h.Core().Apply(ctx, typeName, config, st, nil)
			h.ClearFaults()
			wants(t, said, test.says)
			if got := tables(t, h); !slices.Equal(got, []string{want}) || said.Failed() != test.blind {
				t.Errorf("tables are %q, want %q\n%s", got, want, said)
			}
			if known := test.create != test.blind; (st != nil) != known {
				t.Errorf("state is %v, want a table in it: %v", st, known)
			}
		})
	}
}

// A table that was dropped and made anew is said to be another; the old one can come back with its documents.
func TestAnotherOfTheSameName(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	st := made(t, h, obj{"drop_with_documents": true})
	id, _ := st.Get("table_id").(string)
	h.Statement("orders", "INSERT INTO Vehicle {'VIN': '1N4'}")
	h.Statement("orders", "DROP TABLE Vehicle")
	h.Statement("orders", "CREATE TABLE Vehicle")
	left, said := h.Core().Apply(t.Context(), typeName, nil, st, nil)
	if got, want := tables(t, h), []string{"Vehicle INACTIVE", "Vehicle ACTIVE"}; left != nil || !slices.Equal(got, want) {
		t.Errorf("a destroy of the old one leaves %q, want %q\n%s", got, want, said)
	}
	now, said := h.Core().Refresh(t.Context(), st)
	wants(t, said, `Warning: Table "Vehicle" is another table now`, "Somebody dropped table "+id, `undrop = "`+id+`"`)
	if now.Get("table_id") == id || said.Failed() {
		t.Errorf("table_id is still that of the dropped one\n%s", said)
	}
	if _, said = h.Core().Refresh(t.Context(), now); len(said) > 0 {
		t.Errorf("it is said twice:\n%s", said)
	}
	if _, said = h.Core().Apply(t.Context(), typeName, nil, now, nil); len(said) > 0 {
		t.Fatal(said)
	}
	made(t, h, obj{"undrop": id})
	if n := len(h.Statement("orders", "SELECT * FROM Vehicle")); n != 1 {
		t.Errorf("%d documents came back, want 1", n)
	}
}

// A ledger without its key keeps tables in the state, with a warning, and drops none; a ledger that is gone has none.
func TestLedgerAway(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	key, err := h.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	h.LedgerUnder("orders", *key.KeyMetadata.Arn)
	st := made(t, h, nil)
	if _, err := h.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	h.Probe()
	read, said := h.Core().Refresh(t.Context(), st)
	wants(t, said, "Warning", "was not read", "KMS_KEY_INACCESSIBLE", "goes on with what was known")
	if said.Failed() || read == nil || read.Get("table_id") != st.Get("table_id") {
		t.Errorf("read gives %v\n%s", read, said)
	}
	short, said := h.Core().Apply(t.Context(), typeName, vehicle(obj{"timeouts": obj{"delete": "100ms"}}), st, nil)
	if len(said) > 0 {
		t.Fatalf("a time limit needs no key:\n%s", said)
	}
	left, said := h.Core().Apply(t.Context(), typeName, nil, short, nil)
	wants(t, said, "was not dropped", "KMS_KEY_INACCESSIBLE", "stays in the state")
	if left == nil {
		t.Error("the table was forgotten")
	}
	h.DropLedger("orders")
	if gone, said := h.Core().Refresh(t.Context(), st); gone != nil || len(said) > 0 {
		t.Errorf("a table of no ledger is %v\n%s", gone, said)
	}
	if left, said := h.Core().Apply(t.Context(), typeName, nil, st, nil); left != nil || len(said) > 0 {
		t.Errorf("a destroy leaves %v\n%s", left, said)
	}
}
