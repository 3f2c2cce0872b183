package record_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// An interrupt that falls between a commit and its answer leaves a record that Terraform knows of, not an orphan.
func TestInterruptedCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	direct := b.Transport
	b.Transport = deaf{direct, ctx, cancel}
	st, said := b.Core().Apply(ctx, typeName, car(nil), nil, nil)
	wants(t, said, "Warning: Document", "was written but not read back", "Interrupted")
	if said.Failed() || st == nil || st.Get("version") != "0" {
		t.Fatalf("state %v\n%s", st, said)
	}
	b.Transport = direct
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
			st, direct := b.created(), b.Transport
			b.Transport = deaf{direct, ctx, func() {
				cancel()
				if test.blind {
					b.Fault(acctest.Fault{Operation: "SendCommand", Kind: "error", Code: "InternalFailure", Status: 500})
				}
			}}
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
			b.Transport = direct
			st, said = b.Core().Refresh(t.Context(), st)
			if len(said) > 0 || (st == nil) != (test.then == nil) || st != nil && st.Get("version") != "1" {
				t.Errorf("refresh gives %v\n%s", st, said)
			}
		})
	}
}

// deaf runs commits and hears no answer: the client has gone.
type deaf struct {
	next   http.RoundTripper
	ctx    context.Context
	cancel func()
}

// RoundTrip implements http.RoundTripper.
func (d deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return d.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := d.next.RoundTrip(r)
	if d.ctx.Err() == nil && bytes.Contains(body, []byte("CommitDigest")) {
		d.cancel()
		return nil, context.Canceled
	}
	return resp, err
}
