package record_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
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
