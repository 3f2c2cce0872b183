package awsclient_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// expiring is a context whose time is over when end is called.
type expiring struct {
	context.Context
	done chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.done }

func (e expiring) Err() error {
	select {
	case <-e.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// A call whose time ends between two attempts is worded by its last attempt.
func TestTimeIsOverBetweenAttempts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer  func() *http.Response
		explain string // "" for what the caller words
		cause   string
	}{
		"a proxy without its server": {
			answer:  func() *http.Response { return answer(502, "text/html", "<html>") },
			explain: "its last attempt ended.\n\nKMS at https://kms.eu-west-2.amazonaws.com answered 502 Bad Gateway: ",
			cause:   "DescribeKey: ",
		},
		"throttling": {
			answer: func() *http.Response { return kmsError(400, "ThrottlingException", "Rate exceeded") },
			cause: "DescribeKey: ThrottlingException: Rate exceeded (request id req-1); repeated until the time " +
				"for the call was over",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := expiring{t.Context(), make(chan struct{})}
			respond := func(int, *http.Request) (*http.Response, error) { return test.answer(), nil }
			config := static(&network{answer: respond})
			config.Backoff = func(int) time.Duration {
				close(ctx.done)
				return time.Hour
			}
			err := describeKey(ctx, t, newSource(t, config))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v, want the end of the time", err)
			}
			_, detail, ok := awsclient.Explain(err, "KMS", "eu-west-2")
			if ok != (test.explain != "") || (detail == "") == ok || !strings.Contains(detail, test.explain) {
				t.Errorf("explained %t: %s\nwant %s", ok, detail, test.explain)
			}
			if got := awsclient.Cause(err); !strings.HasPrefix(got, test.cause) {
				t.Errorf("got cause %q, want %q", got, test.cause)
			}
		})
	}
}
