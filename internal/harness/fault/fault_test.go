package fault_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func add(t *testing.T, s *fault.Set, raw string) fault.Rule {
	t.Helper()
	r, err := fault.Parse([]byte(raw))
	if err != nil {
		t.Fatalf("parse %s: %v", raw, err)
	}
	if r, err = s.Add(r); err != nil {
		t.Fatalf("add %s: %v", raw, err)
	}
	return r
}

// run lets one call pass through s and says what became of it.
func run(t *testing.T, s *fault.Set, c *wire.Call) string {
	t.Helper()
	before, after := s.Inject(c)
	for name, fn := range map[string]func(context.Context) error{"before": before, "after": after} {
		if fn == nil {
			continue
		}
		if err := fn(t.Context()); err != nil {
			return name + ": " + err.Error()
		}
	}
	return "passed"
}

func createAlias() *wire.Call {
	return &wire.Call{Service: "kms", Operation: "CreateAlias", Region: "eu-west-2", Target: "alias/orders"}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"operation":"*","kind":"error","code":"X","message":"y"}`: "before: X: y",
		`{"operation":"*","kind":"throttle"}`:                       "before: " + wire.ErrThrottled.Error(),
		`{"operation":"*","kind":"drop_before"}`:                    "before: " + wire.ErrDropped.Error(),
		`{"operation":"*","kind":"refuse_connection"}`:              "before: " + wire.ErrDropped.Error(),
		`{"operation":"*","kind":"lost_answer"}`:                    "after: " + wire.ErrDropped.Error(),
		`{"operation":"*","kind":"latency","duration":"1ms"}`:       "passed",
	} {
		s := fault.NewSet()
		add(t, s, raw)
		if got := run(t, s, createAlias()); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
}

func TestErrorStatus(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]int{
		`{"operation":"*","kind":"error","code":"X"}`:              400,
		`{"operation":"*","kind":"error","code":"X","status":503}`: 503,
	} {
		s := fault.NewSet()
		add(t, s, raw)
		before, _ := s.Inject(createAlias())
		var f *wire.Fault
		if err := before(t.Context()); !errors.As(err, &f) || f.Status != want {
			t.Errorf("%s: got %v, want status %d", raw, err, want)
		}
	}
}

func TestMatching(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]bool{
		`"operation":"*"`:                                 true,
		`"operation":"CreateAlias"`:                       true,
		`"operation":"createalias"`:                       false,
		`"operation":"*","service":"kms"`:                 true,
		`"operation":"*","service":"*"`:                   true,
		`"operation":"*","service":"qldb"`:                false,
		`"operation":"*","region":"eu-west-2"`:            true,
		`"operation":"*","region":"us-east-1"`:            false,
		`"operation":"*","target":"alias/orders"`:         true,
		`"operation":"*","target":"alias/other"`:          false,
		`"operation":"DescribeKey","target":"*"`:          false,
		`"operation":"CreateAlias","target":"*"`:          true,
		`"operation":"CreateAlias","region":"*"`:          true,
		`"operation":"CreateAlias","service":"","skip":0`: true,
		`"operation":"*","via":"qldb"`:                    false,
		`"operation":"*","via":"*"`:                       true,
	} {
		s := fault.NewSet()
		add(t, s, `{`+rule+`,"kind":"throttle"}`)
		if got := run(t, s, createAlias()) != "passed"; got != want {
			t.Errorf("%s: disturbed %t, want %t", rule, got, want)
		}
	}
}

// A call that one service makes of another is for the rules alone that ask for it.
func TestCallsOfServices(t *testing.T) {
	t.Parallel()
	const host = "qldb.eu-west-2.amazonaws.com"
	for name, c := range map[string]*wire.Call{
		"for a caller": {Service: "kms", Operation: "CreateGrant", ViaService: host},
		"for itself":   {Service: "kms", Operation: "CreateGrant", Caller: wire.Caller{Service: host}},
	} {
		for rule, want := range map[string]bool{
			`"operation":"*"`: false, `"operation":"CreateGrant"`: false, `"operation":"*","via":"*"`: true,
			`"operation":"*","via":"qldb"`: true, `"operation":"Decrypt","via":"qldb"`: false,
			`"operation":"*","via":"kms"`: false,
		} {
			s := fault.NewSet()
			add(t, s, `{`+rule+`,"kind":"throttle"}`)
			if got := run(t, s, c) != "passed"; got != want {
				t.Errorf("%s, %s: disturbed %t, want %t", name, rule, got, want)
			}
		}
	}
}

func TestSkipAndCount(t *testing.T) {
	t.Parallel()
	s := fault.NewSet()
	rule := add(t, s, `{"operation":"*","skip":2,"count":3,"kind":"throttle"}`)
	got := ""
	for range 8 {
		got += run(t, s, createAlias())[:1]
	}
	if want := "ppbbbppp"; got != want {
		t.Errorf("got %s, want %s (p passed, b disturbed)", got, want)
	}
	want := []fault.Status{{Rule: rule, Matched: 5, Hits: 3}}
	if diff := cmp.Diff(want, s.Rules()); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestCountIsExactAcrossGoroutines(t *testing.T) {
	t.Parallel()
	s := fault.NewSet()
	add(t, s, `{"operation":"*","skip":10,"count":20,"kind":"drop_before"}`)
	var wg sync.WaitGroup
	dropped := make(chan struct{}, 100)
	for range 100 {
		wg.Go(func() {
			if before, _ := s.Inject(createAlias()); before != nil {
				dropped <- struct{}{}
			}
		})
	}
	wg.Wait()
	if got := len(dropped); got != 20 {
		t.Errorf("dropped %d calls, want 20", got)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	var slept []time.Duration
	s := fault.NewSleeping(func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil })
	add(t, s, `{"operation":"*","kind":"latency","duration":"1s"}`)
	add(t, s, `{"operation":"*","kind":"error","code":"First","count":1}`)
	add(t, s, `{"operation":"*","kind":"error","code":"Second","count":1}`)
	add(t, s, `{"operation":"*","kind":"latency","duration":"1m"}`)
	for _, want := range []string{"before: First", "before: Second", "passed"} {
		if got := run(t, s, createAlias()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if diff := cmp.Diff([]time.Duration{time.Second, time.Second, time.Minute + time.Second}, slept); diff != "" {
		t.Errorf("slept (-want +got):\n%s", diff)
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	for name, letGo := range map[string]func(*fault.Set, string){
		"release": func(s *fault.Set, id string) { s.Release(id) },
		"remove":  func(s *fault.Set, id string) { s.Remove(id) },
		"clear":   func(s *fault.Set, _ string) { s.Clear() },
	} {
		for _, when := range []string{"before", "after"} {
			s := fault.NewSet()
			rule := add(t, s, `{"operation":"*","kind":"hang","when":"`+when+`"}`)
			before, after := s.Inject(createAlias())
			hold := before
			if when == "after" {
				hold = after
			}
			if hold == nil || (before == nil) == (after == nil) {
				t.Fatalf("%s: got before %t, after %t", when, before != nil, after != nil)
			}
			done := make(chan error)
			go func() { done <- hold(t.Context()) }()
			letGo(s, rule.ID)
			if err := <-done; err != nil {
				t.Errorf("%s, %s: got %v, want nil", name, when, err)
			}
		}
	}
}

func TestClientLeavesHang(t *testing.T) {
	t.Parallel()
	s := fault.NewSet()
	add(t, s, `{"operation":"*","kind":"hang"}`)
	before, _ := s.Inject(createAlias())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := before(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	if held := s.Rules()[0].Held; held != 0 {
		t.Errorf("held: got %d, want 0", held)
	}
}

func TestClientLeavesLatency(t *testing.T) {
	t.Parallel()
	s := fault.NewSet()
	add(t, s, `{"operation":"*","kind":"latency","duration":"24h"}`)
	before, _ := s.Inject(createAlias())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := before(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	s := fault.NewSet()
	first := add(t, s, `{"operation":"*","kind":"throttle"}`)
	second := add(t, s, `{"operation":"A","kind":"throttle"}`)
	if s.Remove("nope") || s.Release("nope") || !s.Remove(first.ID) {
		t.Error("Remove or Release answered wrongly")
	}
	if rules := s.Rules(); len(rules) != 1 || rules[0].ID != second.ID {
		t.Errorf("got %v, want the second", rules)
	}
	if third := add(t, s, `{"operation":"B","kind":"throttle"}`); third.ID == second.ID {
		t.Errorf("id %s was given twice", third.ID)
	}
	s.Clear()
	if rules := s.Rules(); len(rules) != 0 {
		t.Errorf("after Clear: got %v", rules)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"kind":"throttle"}`:                                      "operation is missing",
		`{"operation":"*"}`:                                        `kind ""`,
		`{"operation":"*","kind":"explode"}`:                       `kind "explode"`,
		`{"operation":"*","kind":"throttle","skip":-1}`:            "must not be negative",
		`{"operation":"*","kind":"error"}`:                         "needs a code",
		`{"operation":"*","kind":"hang","code":"X"}`:               "belong to an error",
		`{"operation":"*","kind":"error","code":"X","status":200}`: "between 400 and 599",
		`{"operation":"*","kind":"latency"}`:                       "positive duration",
		`{"operation":"*","kind":"latency","duration":"soon"}`:     `"soon": want a form like 250ms`,
		`{"operation":"*","kind":"hang","duration":"1s"}`:          "belongs to latency",
		`{"operation":"*","kind":"hang","when":"now"}`:             `is "before" or "after"`,
		`{"operation":"*","kind":"throttle","when":"before"}`:      "when belongs to hang",
		`{"operation":"*","kind":"throttle","servce":"kms"}`:       "unknown field",
		`{"operation":"*","kind":"throttle"}{}`:                    "more than one JSON value",
		`[]`:                                                       "fault rule:",
	} {
		if _, err := fault.Parse([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", raw, err, want)
		}
	}
	if _, err := fault.NewSet().Add(fault.Rule{}); err == nil {
		t.Error("Add took an empty rule")
	}
}

func TestStatusAsJSON(t *testing.T) {
	t.Parallel()
	s := fault.NewSet()
	add(t, s, `{"service":"kms","operation":"CreateAlias","skip":1,"kind":"latency","duration":"250ms"}`)
	run(t, s, createAlias())
	raw, err := json.Marshal(s.Rules())
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	want := `[{"id":"fault-1","service":"kms","operation":"CreateAlias","skip":1,"kind":"latency",` +
		`"duration":"250ms","matched":1,"hits":0,"held":0}]`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
