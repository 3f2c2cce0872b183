package wire_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// seen is an Observation in short.
type seen struct {
	Operation string
	Access    wire.Access
	In, Out   any
	Fault     string
}

// observe adds what a server tells to list.
func observe(list *[]seen) func(*wire.Config) {
	return func(cfg *wire.Config) {
		cfg.Observe = func(o wire.Observation) {
			s := seen{Operation: o.Call.Operation, Access: o.Access, In: o.In, Out: o.Out}
			if o.Fault != nil {
				s.Fault = o.Fault.Code
			}
			*list = append(*list, s)
		}
	}
}

func describe(id string) request {
	q := kmsRequest()
	q.header["X-Amz-Target"], q.body = "TrentService.DescribeKey", `{"KeyId":"`+id+`"}`
	return q
}

func failed(id, code string) []seen {
	return []seen{{"DescribeKey", wire.Read, &keyInput{id}, nil, code}}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	refuse := func(cfg *wire.Config) {
		cfg.Authorize = func(context.Context, *wire.Call, any) error { return wire.Faultf("AccessDeniedException", "no") }
	}
	forged, unknown, garbled := kmsRequest(), kmsRequest(), kmsRequest()
	forged.afterSigning = setBody(`{"KeyId":"other"}`)
	unknown.header["X-Amz-Target"] = "TrentService.Unknown"
	garbled.body = `{"KeyId":7}`
	for name, test := range map[string]struct {
		send   request
		change func(*wire.Config)
		want   []seen
	}{
		"success": {send: kmsRequest(), want: []seen{{"EnableKey", wire.Write, &keyInput{"k"}, nil, ""}}},
		"success with body": {send: stsRequest(), want: []seen{{"GetCallerIdentity", wire.Read, &roleInput{},
			&roleOutput{Arn: "arn:aws:iam::" + account + ":root"}, ""}}},
		"fault":  {send: describe("x"), want: failed("x", "NotFoundException")},
		"defect": {send: describe("broken"), want: failed("broken", "KMSInternalException")},
		"panic":  {send: describe("panic"), want: failed("panic", "KMSInternalException")},
		"refused": {kmsRequest(), refuse, []seen{{"EnableKey", wire.Write, &keyInput{"k"}, nil,
			"AccessDeniedException"}}},
		"forged":            {send: forged},
		"unknown operation": {send: unknown},
		"unreadable":        {send: garbled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []seen
			changes := []func(*wire.Config){observe(&got)}
			if test.change != nil {
				changes = append(changes, test.change)
			}
			h := newHarness(t, changes...)
			test.send.send(t, h.url).Body.Close()
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("observed (-want +got):\n%s", diff)
			}
		})
	}
}

// dropper loses the connection before or after the operation.
type dropper struct{ after bool }

func (d dropper) Inject(*wire.Call) (before, after func(context.Context) error) {
	drop := func(context.Context) error { return wire.ErrDropped }
	if d.after {
		return nil, drop
	}
	return drop, nil
}

// A call whose answer is lost has happened; one that was lost on its way has not.
func TestObserveDroppedCall(t *testing.T) {
	t.Parallel()
	for after, want := range map[bool]int{false: 0, true: 1} {
		var got []seen
		w := &world{}
		cfg := wire.Config{
			Services: []wire.Service{w.kms()}, Now: func() time.Time { return start }, Rand: &counter{},
			AuthOff: true, AuthOffCaller: wire.Caller{Account: account}, Faults: dropper{after},
		}
		observe(&got)(&cfg)
		server, err := wire.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"KeyId":"k"}`))
		r.Header.Set("X-Amz-Target", "TrentService.EnableKey")
		func() {
			defer func() { _ = recover() }() // how a handler gives up a connection that it cannot close
			serve(server, r)
		}()
		if len(got) != want || want == 1 && got[0].Fault != "" {
			t.Errorf("dropped after the operation %t: observed %+v, want %d calls without a fault", after, got, want)
		}
	}
}

// An observer that breaks does not break the call.
func TestObserverPanics(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(cfg *wire.Config) { cfg.Observe = func(wire.Observation) { panic("a defect") } })
	res := kmsRequest().send(t, h.url)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("got status %d, want 200", res.StatusCode)
	}
	if !strings.Contains(h.log.String(), "a call was not observed") {
		t.Errorf("the log says nothing: %s", h.log)
	}
}

func TestTrailOfCall(t *testing.T) {
	t.Parallel()
	c := &wire.Call{}
	for range 2 {
		c.Touch("arn:aws:kms:eu-west-2:111122223333:key/a")
		c.Touch("arn:aws:kms:eu-west-2:111122223333:alias/b")
		c.Note("keyMaterialId", "m")
	}
	want := wire.Trail{
		Resources: []string{"arn:aws:kms:eu-west-2:111122223333:key/a", "arn:aws:kms:eu-west-2:111122223333:alias/b"},
		Extra:     map[string]string{"keyMaterialId": "m"},
	}
	if diff := cmp.Diff(want, c.Trail); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
}
