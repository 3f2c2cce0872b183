package fault_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// fixture is a server with a fault.Set and an effect to count.
type fixture struct {
	*fault.Set
	server  *wire.Server
	url     string
	effects atomic.Int32
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Set: fault.NewSet()}
	op := func(action string) wire.Operation {
		return wire.Op(action, wire.Write, func(context.Context, *wire.Call, *wire.Empty) (*wire.Empty, error) {
			f.effects.Add(1)
			return nil, nil
		})
	}
	rest := op("qldb:CreateLedger")
	rest.Method, rest.Path = "POST", "/ledgers"
	var err error
	f.server, err = wire.New(wire.Config{
		Services: []wire.Service{
			{SigningName: "kms", Protocol: wire.AWSJSON11, TargetPrefix: "TrentService",
				Operations: wire.Table{"CreateKey": op("kms:CreateKey")}},
			{SigningName: "qldb", Protocol: wire.AWSJSON10, TargetPrefix: "QLDBSession",
				Operations: wire.Table{"SendCommand": op("qldb:SendCommand")}},
			{SigningName: "qldb", Protocol: wire.RESTJSON, Operations: wire.Table{"CreateLedger": rest}},
			{SigningName: "iam", Protocol: wire.Query, Version: "2010-05-08",
				Operations: wire.Table{"CreateRole": op("iam:CreateRole")}},
		},
		AuthOff:       true,
		AuthOffCaller: wire.Caller{Account: "111122223333"},
		Now:           func() time.Time { return time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC) },
		Rand:          strings.NewReader(strings.Repeat("0123456789abcdef", 100)),
		Faults:        f.Set,
	})
	if err != nil {
		t.Fatalf("wire.New: %v", err)
	}
	front := httptest.NewServer(f.server)
	t.Cleanup(front.Close)
	f.url = front.URL
	return f
}

// post sends a request on a connection of its own, so that the transport does not send it twice.
func (f *fixture) post(ctx context.Context, path, target, body string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, "POST", f.url+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Close = true
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	if strings.HasPrefix(body, "Action") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", string(text)), err
}

func (f *fixture) createKey(ctx context.Context) (string, error) {
	return f.post(ctx, "/", "TrentService.CreateKey", "{}")
}

// TestThrottleWords shows each service's own words; SDKs decide by the codes whether to try again.
func TestThrottleWords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	add(t, f.Set, `{"operation":"*","kind":"throttle"}`)
	for _, tc := range []struct{ path, target, body, want string }{
		{"/", "TrentService.CreateKey", "{}", `400 {"__type":"ThrottlingException","message":"You have exceeded the ` +
			`rate at which you may call KMS. Reduce the frequency of your calls."}`},
		{"/", "QLDBSession.SendCommand", "{}", `400 {"Message":"The rate was exceeded","__type":"RateExceededException"}`},
		{"/ledgers", "", "{}", `400 {"Message":"Rate exceeded"}`},
		{"/", "", "Action=CreateRole&Version=2010-05-08", `400 <ErrorResponse><Error><Type>Sender</Type><Code>Throttling` +
			`</Code><Message>Rate exceeded</Message></Error><RequestId>`},
	} {
		got, err := f.post(t.Context(), tc.path, tc.target, tc.body)
		if err != nil || !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s%s: got %s, %v, want %s", tc.target, tc.path, got, err, tc.want)
		}
	}
	if n := f.effects.Load(); n != 0 {
		t.Errorf("%d operations ran", n)
	}
}

func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	for kind, effects := range map[fault.Kind]int32{fault.DropBefore: 0, fault.LostAnswer: 1} {
		f := newFixture(t)
		add(t, f.Set, `{"service":"kms","operation":"CreateKey","count":1,"kind":"`+string(kind)+`"}`)
		if got, err := f.createKey(t.Context()); err == nil {
			t.Errorf("%s: got answer %s, want none", kind, got)
		}
		if n := f.effects.Load(); n != effects {
			t.Errorf("%s: %d effects, want %d", kind, n, effects)
		}
		if c := f.server.Recorder().Calls(0)[0]; c.Status != 0 || c.InFlight || c.Operation != "CreateKey" {
			t.Errorf("%s: recorded %+v, want a call without answer", kind, c)
		}
		if got, err := f.createKey(t.Context()); err != nil || got != "200 " {
			t.Errorf("%s: second call got %s, %v, want 200", kind, got, err)
		}
	}
}

// TestLeavingAHeldCall kills the client while its call hangs, ahead of the effect or behind it.
func TestLeavingAHeldCall(t *testing.T) {
	t.Parallel()
	for when, effects := range map[string]int32{"before": 0, "after": 1} {
		f := newFixture(t)
		add(t, f.Set, `{"operation":"CreateKey","kind":"hang","when":"`+when+`"}`)
		ctx, cancel := context.WithCancel(t.Context())
		sent := make(chan error)
		go func() {
			_, err := f.createKey(ctx)
			sent <- err
		}()
		await(t, func() bool { return f.Rules()[0].Held == 1 })
		if calls := f.server.Recorder().Calls(0); !calls[0].InFlight {
			t.Errorf("%s: got %+v, want it in flight", when, calls[0])
		}
		cancel()
		if err := <-sent; err == nil {
			t.Errorf("%s: client got an answer", when)
		}
		await(t, func() bool { return !f.server.Recorder().Calls(0)[0].InFlight })
		if n, held := f.effects.Load(), f.Rules()[0].Held; n != effects || held != 0 {
			t.Errorf("%s: %d effects and %d held, want %d and 0", when, n, held, effects)
		}
	}
}

func TestReleasedCallGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	rule := add(t, f.Set, `{"operation":"CreateKey","kind":"hang"}`)
	answer := make(chan string)
	go func() {
		got, err := f.createKey(t.Context())
		answer <- fmt.Sprint(got, err)
	}()
	await(t, func() bool { return f.Rules()[0].Held == 1 })
	f.Release(rule.ID)
	if got, want := <-answer, "200 <nil>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func await(t *testing.T, reached func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !reached() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("not reached in a minute")
		}
	}
}
