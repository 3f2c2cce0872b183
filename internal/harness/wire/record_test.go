package wire_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func TestRecorder(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, q := range []request{kmsRequest(), qldbRequest(), {service: "qldb", method: "GET", path: "/nope"}} {
		q.afterSigning = setHeader("User-Agent", "test/1")
		q.send(t, h.url).Body.Close()
	}
	calls := h.Recorder().Calls(0)
	want := []wire.Record{
		{ID: 1, Began: 1, Ended: 2, Service: "kms", Operation: "EnableKey", Access: wire.Write, Account: account,
			Region: "eu-west-2", Target: "k", Status: 200},
		{ID: 2, Began: 3, Ended: 4, Service: "qldb", Operation: "DeleteLedger", Access: wire.Write, Account: account,
			Region: "eu-west-2", Target: "orders", Status: 200},
		{ID: 3, Began: 5, Ended: 6, Status: 404, ErrorCode: "UnknownOperationException"},
	}
	for i := range want {
		want[i].Start, want[i].End, want[i].UserAgent = start, start, "test/1"
	}
	if diff := cmp.Diff(want, calls, cmpopts.IgnoreFields(wire.Record{}, "RequestID")); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got := h.Recorder().Calls(2); len(got) != 1 || got[0].ID != 3 {
		t.Errorf("calls since 2: got %v, want the third", got)
	}
	h.Recorder().Reset()
	if got := h.Recorder().Calls(0); len(got) != 0 {
		t.Errorf("after Reset: got %v, want none", got)
	}
	kmsRequest().send(t, h.url).Body.Close()
	if got := h.Recorder().Calls(0); len(got) != 1 || got[0].ID != 4 {
		t.Errorf("after Reset: got %v, want call 4", got)
	}
}

func TestRecorderIsBounded(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(cfg *wire.Config) { cfg.Recorder = wire.NewRecorder(3) })
	for n := 1; n <= 10; n++ {
		kmsRequest().send(t, h.url).Body.Close()
		var got, want []int
		for _, c := range h.Recorder().Calls(0) {
			got = append(got, c.ID)
		}
		for id := max(n-2, 1); id <= n; id++ {
			want = append(want, id)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ids after %d calls (-want +got):\n%s", n, diff)
		}
	}
}

// TestClientLeaves cancels a client in the middle of a call that changes something: the call is seen in flight and
// its effect is not cut off.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.block = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error)
	go func() {
		r, _ := http.NewRequestWithContext(ctx, "POST", h.url, http.NoBody)
		r.Header.Set("X-Amz-Target", "TrentService.EnableKey")
		kmsWithoutBody := request{service: "kms"}
		kmsWithoutBody.sign(t, r)
		_, err := http.DefaultClient.Do(r)
		sent <- err
	}()
	await(t, h.Recorder(), func(r wire.Record) bool { return r.InFlight && r.Operation == "EnableKey" && r.Ended == 0 })
	cancel()
	if err := <-sent; !errors.Is(err, context.Canceled) {
		t.Errorf("client: got %v, want canceled", err)
	}
	close(h.block)
	await(t, h.Recorder(), func(r wire.Record) bool { return !r.InFlight && r.Status == 200 })
}

// await polls until the first recorded call is as wanted.
func await(t *testing.T, rec *wire.Recorder, wanted func(wire.Record) bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		if calls := rec.Calls(0); len(calls) > 0 && wanted(calls[0]) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never seen; calls: %+v", rec.Calls(0))
		}
	}
}
