package index_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const typeName = "qldbkms_index"

type obj = map[string]any

// slow is a service that builds indexes slowly, or cannot: the harness has them ONLINE at once, so only a fake shows
// what happens in between. It rewrites the status in catalog rows.
type slow struct {
	next http.RoundTripper

	mu      sync.Mutex
	status  string // "" for what the harness says
	message string
	shown   int // indexes with the fake's status
}

func (s *slow) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}

func (s *slow) say(status, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.message = status, message
}

// RoundTrip implements http.RoundTripper.
func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.status == "" || !strings.Contains(r.Header.Get("X-Amz-Target"), "SendCommand") {
		return resp, err
	}
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if executed, ok := answer["ExecuteStatement"].(map[string]any); ok {
		s.rewrite(executed)
	}
	body, err := json.Marshal(answer)
	resp.Header.Del("X-Amz-Crc32")
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, err
}

func (s *slow) rewrite(executed map[string]any) {
	page, _ := executed["FirstPage"].(map[string]any)
	values, _ := page["Values"].([]any)
	for _, v := range values {
		holder := v.(map[string]any)
		data, err := json.Marshal(holder["IonBinary"])
		var binary []byte
		if err != nil || json.Unmarshal(data, &binary) != nil {
			continue
		}
		row, err := ion.DecodeOne(binary, ion.Options{})
		if err != nil {
			continue
		}
		holder["IonBinary"] = ion.EncodeBinary(s.changed(row))
	}
}

// changed is a catalog row in which every index has the fake's status.
func (s *slow) changed(row ion.Value) ion.Value {
	var fields []ion.Field
	for _, f := range row.Fields() {
		if f.Name == "indexes" {
			var indexes []ion.Value
			for _, ix := range f.Value.Items() {
				s.shown++
				id, _ := ix.Field("indexId")
				expr, _ := ix.Field("expr")
				indexes = append(indexes, ion.Struct(ion.F("indexId", id), ion.F("expr", expr),
					ion.F("status", ion.String(s.status)), ion.F("message", ion.String(s.message))))
			}
			f.Value = ion.List(indexes...)
		}
		fields = append(fields, f)
	}
	return ion.Struct(fields...)
}

func wants(t *testing.T, said acctest.Diagnostics, texts ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(said.String()), " ")
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("diagnostics do not say %q:\n%s", want, said)
		}
	}
}

// A build that outlasts its create is no failure: the next apply waits for the rest, in place.
func TestResume(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	fake := &slow{next: h.Transport, status: "BUILDING"}
	h.Transport = fake
	c := h.Core()
	config := obj{"ledger": "orders", "table": "Vehicle", "field": "VIN"}
	apply := func(prior *acctest.Object, then func(stop func())) (*acctest.Object, acctest.Diagnostics) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		seen, done := fake.count(), make(chan acctest.Diagnostics)
		var st *acctest.Object
		go func() {
			var said acctest.Diagnostics
			st, said = c.Apply(ctx, typeName, config, prior, nil)
			done <- said
		}()
		h.Await(func() bool { return fake.count() > seen+2 }) // it polls
		then(stop)
		said := <-done
		return st, said
	}
	st, said := apply(nil, func(stop func()) { stop() })
	wants(t, said, "Warning", `Index on "VIN" of "Vehicle" is not ready yet`, "Interrupted", "last seen: BUILDING")
	if said.Failed() || st.Get("status") != "BUILDING" {
		t.Fatalf("got:\n%s", said)
	}
	fake.say("FINALIZING", "")
	st, said = apply(st, func(stop func()) { stop() })
	wants(t, said, "Error", "is not ready", "last seen: FINALIZING")
	if st.Get("status") != "FINALIZING" {
		t.Errorf("status %v", st.Get("status"))
	}
	st, said = apply(st, func(func()) { fake.say("", "") })
	if len(said) > 0 || st.Get("status") != "ONLINE" {
		t.Errorf("status %v\n%s", st.Get("status"), said)
	}
}

func TestFailedBuild(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Transport = &slow{next: h.Transport, status: "FAILED", message: "document too deep"}
	c := h.Core()
	config := obj{"ledger": "orders", "table": "Vehicle", "field": "VIN"}
	st, said := c.Apply(t.Context(), typeName, config, nil, nil)
	wants(t, said, "Error", "was not built", "It says: document too deep", "tainted")
	if st.Get("status") != "FAILED" {
		t.Errorf("status %v", st.Get("status"))
	}
}

// Whichever request is lost: one index is there in the end.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	c := h.Core()
	config := obj{"ledger": "orders", "table": "Vehicle", "field": "VIN"}
	for n := range 8 {
		rule := acctest.Fault{Operation: "SendCommand", Kind: "lost_answer", Count: 1, Skip: n}
		h.Fault(rule)
		st, said := c.Apply(t.Context(), typeName, config, nil, nil)
		h.ClearFaults()
		if len(said) > 0 || st.Get("status") != "ONLINE" {
			t.Fatalf("create, request %d:\n%s", n, said)
		}
		h.Fault(rule)
		st, said = c.Apply(t.Context(), typeName, nil, st, nil)
		h.ClearFaults()
		if len(said) > 0 || st != nil {
			t.Fatalf("drop, request %d:\n%s", n, said)
		}
	}
}
