package record_test

import (
	"context"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// An interrupt that falls between a commit and its answer leaves a record that Terraform knows of, not an orphan.
func TestInterruptedCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	restore := b.CutOff(cancel)
	st, said := b.Core().Apply(ctx, typeName, car(nil), nil, nil)
	wants(t, said, "Warning: Document", "was written but not read back", "Interrupted")
	if said.Failed() || st == nil || st.Get("version") != "0" {
		t.Fatalf("state %v\n%s", st, said)
	}
	restore()
	if st, said = b.Core().Refresh(t.Context(), st); len(said) > 0 || st.Get("revision_hash") == nil {
		t.Errorf("refresh:\n%s", said)
	}
}

// The same for a change and for a deletion: neither is called undone when the ledger did it. Where the ledger cannot be
// asked any more, nothing is claimed.
func TestInterruptedChange(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		then  obj // what is applied to the document that was created
		blind bool
		says  string
		after []string // documents in the ledger
	}{
		{"update", car(obj{"document": `{"VIN":"2"}`}), false, "was written but not read back", []string{`{VIN:"2"}`}},
		{"delete", nil, false, "", nil},
		{"update, blind", car(obj{"document": `{"VIN":"2"}`}), true, "the ledger may have done it", []string{`{VIN:"2"}`}},
		{"delete, blind", nil, true, "the ledger may have done it all the same. The next plan shows", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			ctx, cancel := context.WithCancel(t.Context())
			st := b.created()
			restore := b.CutOff(func() {
				cancel()
				if test.blind {
					b.Fault(acctest.Fault{Operation: "SendCommand", Kind: "error", Code: "InternalFailure", Status: 500})
				}
			})
			st, said := b.Core().Apply(ctx, typeName, test.then, st, nil)
			b.ClearFaults()
			wants(t, said, test.says)
			if said.Failed() != test.blind {
				t.Errorf("got:\n%s", said)
			}
			if err := b.holds(test.after...)(nil); err != nil {
				t.Error(err)
			}
			if test.then == nil && !test.blind {
				if st != nil {
					t.Error("a deleted document is in the state")
				}
				return
			}
			restore()
			st, said = b.Core().Refresh(t.Context(), st)
			if len(said) > 0 || (st == nil) != (test.then == nil) || st != nil && st.Get("version") != "1" {
				t.Errorf("refresh gives %v\n%s", st, said)
			}
		})
	}
}
