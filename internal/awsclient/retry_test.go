package awsclient_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

func refusedDial() error { return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED} }

func TestAttempts(t *testing.T) {
	t.Parallel()
	fail := func(status int, code string) func(int, *http.Request) (*http.Response, error) {
		return func(int, *http.Request) (*http.Response, error) { return kmsError(status, code, "no"), nil }
	}
	broken := func(err error) func(int, *http.Request) (*http.Response, error) {
		return func(int, *http.Request) (*http.Response, error) { return nil, err }
	}
	for name, test := range map[string]struct {
		answer  func(int, *http.Request) (*http.Response, error)
		retries *int
		mode    aws.RetryMode
		want    int
	}{
		"server error": {answer: fail(500, "KMSInternalException"), want: 11},
		"throttling":   {answer: fail(400, "ThrottlingException"), want: 11},
		"throttling, adaptive mode": {
			answer: fail(400, "ThrottlingException"), retries: aws.Int(1), mode: "adaptive", want: 2,
		},
		"throttling, retries set":  {answer: fail(400, "ThrottlingException"), retries: aws.Int(3), want: 4},
		"throttling, no retries":   {answer: fail(400, "ThrottlingException"), retries: aws.Int(0), want: 1},
		"refused by policy":        {answer: fail(400, "AccessDeniedException"), want: 1},
		"connection reset":         {answer: broken(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), want: 11},
		"connection refused":       {answer: broken(refusedDial()), want: 3},
		"connection refused, none": {answer: broken(refusedDial()), retries: aws.Int(0), want: 1},
		"no such host":             {answer: broken(&net.DNSError{Err: "no such host", IsNotFound: true}), want: 3},
		"name server silent":       {answer: broken(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), want: 3},
		"http, not https":          {answer: broken(http.ErrSchemeMismatch), want: 1},
		"no TLS":                   {answer: broken(tls.RecordHeaderError{}), want: 1},
		"unknown authority": {
			answer: broken(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), want: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			net := &network{answer: test.answer}
			config := static(net)
			config.MaxRetries, config.RetryMode = test.retries, test.mode
			if err := describeKey(t.Context(), t, newSource(t, config)); err == nil {
				t.Error("the call succeeded, want an error")
			}
			if got := net.count(); got != test.want {
				t.Errorf("got %d attempts, want %d", got, test.want)
			}
		})
	}
}

func TestAttemptsEndWithSuccess(t *testing.T) {
	t.Parallel()
	net := &network{answer: func(n int, _ *http.Request) (*http.Response, error) {
		switch n {
		case 1:
			return nil, refusedDial()
		case 2:
			return kmsError(503, "DependencyTimeoutException", "later"), nil
		}
		return answer(200, "application/json", `{"Ledgers":[]}`), nil
	}}
	clients, err := newSource(t, static(net)).In("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clients.QLDB.ListLedgers(t.Context(), &qldb.ListLedgersInput{}); err != nil {
		t.Errorf("list ledgers: %v", err)
	}
	if got, want := net.count(), 3; got != want {
		t.Errorf("got %d attempts, want %d", got, want)
	}
}

// Setenv forbids running beside other tests.
func TestAttemptsFromEnvironment(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "2")
	for name, test := range map[string]struct {
		retries *int
		want    int
	}{
		"environment":                          {want: 2},
		"the block wins over the environment":  {retries: aws.Int(4), want: 5},
		"zero in the block is not the default": {retries: aws.Int(0), want: 1},
	} {
		net := &network{answer: func(int, *http.Request) (*http.Response, error) { return kmsError(500, "X", "no"), nil }}
		config := static(net)
		config.MaxRetries = test.retries
		if err := describeKey(t.Context(), t, newSource(t, config)); err == nil {
			t.Errorf("%s: the call succeeded, want an error", name)
		}
		if got := net.count(); got != test.want {
			t.Errorf("%s: got %d attempts, want %d", name, got, test.want)
		}
	}
	if awsclient.DefaultMaxRetries != 10 {
		t.Errorf("default retries: got %d, want 10", awsclient.DefaultMaxRetries)
	}
}
