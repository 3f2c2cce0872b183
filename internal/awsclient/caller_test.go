package awsclient_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

func TestCallerIdentityIsAskedOnce(t *testing.T) {
	t.Parallel()
	net := &network{answer: func(int, *http.Request) (*http.Response, error) { return callerIs("111122223333"), nil }}
	source := newSource(t, static(net))
	want := awsclient.Identity{Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/u", UserID: "AIDA"}
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			got, err := source.CallerIdentity(t.Context())
			if err != nil {
				t.Errorf("CallerIdentity: %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("identity (-want +got):\n%s", diff)
			}
		})
	}
	wait.Wait()
	if got := net.count(); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}

func TestCallerIdentityForgetsFailure(t *testing.T) {
	t.Parallel()
	net := &network{answer: func(n int, _ *http.Request) (*http.Response, error) {
		if n == 1 {
			return answer(403, "text/xml", `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`), nil
		}
		return callerIs("111122223333"), nil
	}}
	source := newSource(t, static(net))
	if _, err := source.CallerIdentity(t.Context()); err == nil {
		t.Fatal("the first answer was a refusal, got no error")
	}
	if got, err := source.CallerIdentity(t.Context()); err != nil || got.Account != "111122223333" {
		t.Errorf("second answer: got %v, %v", got, err)
	}
}

// A caller whose own time is up does not wait for the one who is asking.
func TestCallerIdentityHonoursEachContext(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	net := &network{answer: func(int, *http.Request) (*http.Response, error) {
		close(asked)
		<-release
		return callerIs("111122223333"), nil
	}}
	source := newSource(t, static(net))
	done := make(chan error)
	go func() {
		_, err := source.CallerIdentity(t.Context())
		done <- err
	}()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.CallerIdentity(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("the one who asked: %v", err)
	}
}

func TestCallerIdentitySkipped(t *testing.T) {
	t.Parallel()
	net := &network{}
	config := static(net)
	config.SkipCallerIdentity = true
	if _, err := newSource(t, config).CallerIdentity(t.Context()); !errors.Is(err, awsclient.ErrCallerSkipped) {
		t.Errorf("got %v, want ErrCallerSkipped", err)
	}
}

func TestAllowedAccount(t *testing.T) {
	t.Parallel()
	denied := func() *http.Response {
		return answer(403, "text/xml", `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`)
	}
	wrong := &awsclient.AccountError{Account: "111122223333"}
	ours := func() *http.Response { return callerIs("111122223333") }
	for name, test := range map[string]struct {
		allowed []string
		sts     func() *http.Response
		want    *awsclient.AccountError // nil: the calls pass
		asks    int                     // requests to STS for two calls to KMS
	}{
		"any account":   {sts: ours},
		"listed":        {allowed: []string{"444455556666", "111122223333"}, sts: ours, asks: 1},
		"not listed":    {allowed: []string{"444455556666"}, sts: ours, asks: 1, want: wrong},
		"one digit off": {allowed: []string{"111122223334"}, sts: ours, asks: 1, want: wrong},
		"STS says no":   {allowed: []string{"111122223333"}, sts: denied, asks: 2, want: &awsclient.AccountError{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			net := &network{answer: stsOr(test.sts, keyFound)}
			config := static(net)
			config.AllowedAccountIDs = test.allowed
			source := newSource(t, config)
			for range 2 {
				err := describeKey(t.Context(), t, source)
				var wrong *awsclient.AccountError
				switch {
				case test.want == nil && err != nil:
					t.Errorf("got %v, want no error", err)
				case test.want != nil && (!errors.As(err, &wrong) || wrong.Account != test.want.Account):
					t.Errorf("got %v, want an AccountError for %q", err, test.want.Account)
				}
			}
			asks, calls := 0, 0
			for _, r := range net.requests {
				if isSTS(r) {
					asks++
				} else {
					calls++
				}
			}
			if asks != test.asks {
				t.Errorf("got %d requests to STS, want %d", asks, test.asks)
			}
			if want := map[bool]int{true: 2, false: 0}[test.want == nil]; calls != want {
				t.Errorf("got %d requests to KMS, want %d", calls, want)
			}
		})
	}
}
