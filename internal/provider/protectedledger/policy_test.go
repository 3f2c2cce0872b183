package protectedledger_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
)

// staleReads answers the first reads of a key policy after a change with the one before: what eventual consistency
// looks like. The harness itself is never stale.
type staleReads struct {
	next  http.RoundTripper
	put   atomic.Bool
	stale atomic.Int64 // how many reads are still stale
	old   atomic.Pointer[[]byte]
}

// RoundTrip implements http.RoundTripper.
func (s *staleReads) RoundTrip(r *http.Request) (*http.Response, error) {
	target := r.Header.Get("X-Amz-Target")
	resp, err := s.next.RoundTrip(r)
	if err != nil || !strings.HasPrefix(target, "TrentService.") {
		return resp, err
	}
	switch strings.TrimPrefix(target, "TrentService.") {
	case "PutKeyPolicy":
		s.put.Store(true)
	case "GetKeyPolicy":
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		if !s.put.Load() {
			s.old.Store(&body)
		} else if s.stale.Add(-1) >= 0 {
			body = *s.old.Load()
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		resp.Header.Del("Content-Length")
		resp.Header.Del("X-Amz-Crc32")
	}
	return resp, nil
}

func staleBench(t *testing.T, reads int64) *bench {
	b := newBench(t)
	s := &staleReads{next: b.Transport}
	s.stale.Store(reads)
	b.config.Transport = s
	b.serve(&b.config)
	return b
}

func TestPolicyReadsLate(t *testing.T) {
	t.Parallel()
	b := staleBench(t, 3)
	st := b.mustApply(own("orders", nil), nil)
	b.ForgetCalls()
	b.mustApply(own("orders", obj{"policy": policyText("new")}), st)
	wantMutations(t, b, "PutKeyPolicy")
}

// A policy that stays different is told within a minute or so, with the difference, instead of after ten minutes.
func TestPolicyStaysDifferent(t *testing.T) {
	t.Parallel()
	b := staleBench(t, 1<<40)
	st := b.mustApply(own("orders", nil), nil)
	var spent time.Duration
	b.clock.each(func(since time.Duration) { spent = since })
	o := b.apply(own("orders", obj{"policy": policyText("new")}), st)
	wantError(t, o, `Ledger "orders" was not changed completely`, "stable, and different", `"new"`)
	if spent < time.Minute || spent > 2*time.Minute {
		t.Errorf("took %s, want about a minute", spent)
	}
}

func TestPolicyOfAKeyNotKnownYet(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	b.Fault(acctest.Fault{
		Operation: "PutKeyPolicy", Kind: "error", Code: "NotFoundException", Message: "Key does not exist", Count: 3,
	})
	b.mustApply(own("orders", obj{"policy": policyText("new")}), st)
}

// The plan function reads two policies and asks nobody: it must stay fast with long ones.
func BenchmarkPlan(b *testing.B) {
	var statements []string
	for i := range 20 {
		statements = append(statements, strings.Replace(
			`{"Sid":"s","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/r"},"Action":["kms:Decrypt",
			"kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"qldb.eu-west-2.amazonaws.com"}}}`,
			`"s"`, `"s`+string(rune('a'+i))+`"`, 1))
	}
	text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	cfg, st, f := written(&protectedledger.KeyModel{}), standing(), knownFacts()
	cfg.Key.Policy = str(text + " ")
	st.Key.Policy, st.Key.PolicyDocument = str(text), str(text)
	cfg.Key.Generation = types.Int64Value(2)
	for b.Loop() {
		protectedledger.Plan(cfg, st, f)
	}
}
