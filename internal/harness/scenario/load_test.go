package scenario_test

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/scenario"
)

// Requests are sent at their times, whether or not earlier ones were answered, and each one's latency counts from its
// time: here none is answered before all have arrived.
func TestArrivalsDoNotWaitForAnswers(t *testing.T) {
	t.Parallel()
	const requests, perSecond = 20, 500
	var arrived atomic.Int32
	all := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if arrived.Add(1) == requests {
			close(all)
		}
		select {
		case <-all:
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `"Success"`)
	}))
	t.Cleanup(server.Close)
	h, err := harness.New(t.Context(), harness.Config{
		DataDir: t.TempDir(), Account: "111122223333", Region: "eu-west-2", Clock: clock.New(time.Now),
		SignatureNow: time.Now, Rand: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := scenario.Config{Speedup: 1, Now: time.Now, Progress: func(scenario.Progress) {}}
	load, err := scenario.Send(t.Context(), cfg, h, server.URL, requests, perSecond)
	if err != nil {
		t.Fatal(err)
	}
	if load.Requests != requests || load.Failed != 0 {
		t.Errorf("got %d requests, %v failed, want %d and none", load.Requests, load.Failures, requests)
	}
	const last = 1000 * float64(requests-1) / perSecond // milliseconds until the last one's time
	if first := load.Samples[0].Latency; first < last {
		t.Errorf("latency of the first: got %v ms, want at least the %v ms until the last arrived", first, last)
	}
}
