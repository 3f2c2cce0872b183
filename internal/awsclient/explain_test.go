package awsclient_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// signatureRefused is what KMS says to a wrong secret key: its text quotes the signed headers.
const signatureRefused = "The request signature we calculated does not match the signature you provided. Check your " +
	"AWS Secret Access Key and signing method.\n\nThe Canonical String for this request should have been\n" +
	"'POST\n/\n\nhost:kms\nx-amz-security-token:hidden-token'"

// TestExplain prints every text to one file, which is reviewed by reading it.
func TestExplain(t *testing.T) {
	t.Parallel()
	refuse := func(code, message string) func(int, *http.Request) (*http.Response, error) {
		return func(int, *http.Request) (*http.Response, error) { return kmsError(403, code, message), nil }
	}
	breaks := func(err error) func(int, *http.Request) (*http.Response, error) {
		return func(int, *http.Request) (*http.Response, error) { return nil, err }
	}
	harness := func(c *awsclient.Config) {
		c.Endpoints = awsclient.Endpoints{
			KMS: "http://127.0.0.1:4566", QLDB: "http://127.0.0.1:4566", STS: "http://127.0.0.1:4566",
		}
	}
	unsigned := func(c *awsclient.Config) { c.AccessKey, c.SecretKey = "", "" }
	role := func(c *awsclient.Config) {
		harness(c)
		c.AssumeRoles = []awsclient.AssumeRole{{RoleARN: "arn:aws:iam::111122223333:role/deploy"}}
	}
	allowed := func(c *awsclient.Config) {
		harness(c)
		c.AllowedAccountIDs = []string{"444455556666"}
	}
	denied := func() *http.Response {
		return answer(403, "text/xml", `<ErrorResponse><Error><Code>AccessDenied</Code><Message>User is not authorized `+
			`to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
	}
	noHost := &net.DNSError{Err: "no such host", Name: "qldb.eu-west-2.amazonaws.com", IsNotFound: true}
	var b strings.Builder
	for _, test := range []struct {
		name   string
		qldb   bool // ask QLDB, else KMS
		answer func(int, *http.Request) (*http.Response, error)
		with   func(*awsclient.Config)
	}{
		{"harness not running", true, breaks(refusedDial()), harness},
		{"harness silent", true, breaks(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}), harness},
		{"harness stops mid-answer", false, breaks(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), harness},
		{"Amazon's QLDB has no address", true, breaks(noHost), nil},
		{"Amazon's KMS, name server silent", false,
			breaks(&net.DNSError{Err: "timeout", Name: "kms.eu-west-2.amazonaws.com", IsTimeout: true}), nil},
		{"certificate not trusted", false,
			breaks(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), harness},
		{"https to a plain server", false,
			breaks(tls.RecordHeaderError{Msg: "first record does not look like TLS"}), harness},
		{"no credentials, no endpoint, QLDB", true, nil, unsigned},
		{"no credentials, no endpoint, KMS", false, nil, unsigned},
		{"no credentials, harness", true, nil, func(c *awsclient.Config) { harness(c); unsigned(c) }},
		{"role refused", false, stsOr(denied, keyFound), role},
		{"role asked for at a dead endpoint", true, breaks(refusedDial()), func(c *awsclient.Config) {
			role(c)
			c.Endpoints.QLDB = ""
		}},
		{"session expired", false, refuse("ExpiredTokenException", "The security token included in the request is expired"),
			harness},
		{"wrong secret key", false, refuse("InvalidSignatureException", signatureRefused), harness},
		{"unknown access key", true,
			refuse("UnrecognizedClientException", "The security token included in the request is invalid."), nil},
		{"wrong account", false, stsOr(func() *http.Response { return callerIs("111122223333") }, keyFound), allowed},
		{"account not confirmed", false, stsOr(denied, keyFound), allowed},
		{"account not confirmed, key unknown", false, stsOr(func() *http.Response {
			return answer(403, "text/xml", `<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security `+
				`token included in the request is invalid.</Message></Error></ErrorResponse>`)
		}, keyFound), allowed},
		{"a web page instead of an answer", true, func(int, *http.Request) (*http.Response, error) {
			return answer(200, "text/html", "<html>"), nil
		}, harness},
		{"a proxy without its server", true, func(int, *http.Request) (*http.Response, error) {
			return answer(502, "text/html", "<html>"), nil
		}, harness},
		{"https to a server of http", true, breaks(http.ErrSchemeMismatch), harness},
		{"no address", true, nil, func(c *awsclient.Config) { c.Endpoints.QLDB = "hidden:4566" }},
		{"no Region", true, nil, func(c *awsclient.Config) { c.Region = "" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := static(&network{answer: test.answer})
			config.MaxRetries = new(int)
			if test.with != nil {
				test.with(&config)
			}
			service, err := "KMS", error(nil)
			if test.qldb {
				service = "QLDB"
			}
			if err = ask(t, newSource(t, config), test.qldb); err == nil {
				t.Fatal("the call succeeded, want an error")
			}
			summary, detail, ok := awsclient.Explain(err, service, "eu-west-2")
			if !ok {
				t.Fatalf("not explained: %v", err)
			}
			if len(summary) >= 70 {
				t.Errorf("summary has %d characters, want below 70: %s", len(summary), summary)
			}
			if strings.Contains(summary+detail, "hidden") {
				t.Errorf("a secret is shown:\n%s", detail)
			}
			fmt.Fprintf(&b, "=== %s\n%s\n\n%s\n\n", test.name, summary, detail)
		})
	}
	golden(t, "explain.txt", b.String())
}

func ask(t *testing.T, source *awsclient.Source, ledgers bool) error {
	t.Helper()
	clients, err := source.In("")
	if err != nil {
		return err
	}
	if !ledgers {
		return describeKey(t.Context(), t, source)
	}
	_, err = clients.QLDB.ListLedgers(t.Context(), &qldb.ListLedgersInput{})
	return err
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestExplainLeavesTheRest(t *testing.T) {
	t.Parallel()
	net := &network{answer: func(int, *http.Request) (*http.Response, error) {
		return kmsError(400, "AccessDeniedException", "no"), nil
	}}
	denied := describeKey(t.Context(), t, newSource(t, static(net)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"refused by a policy": denied,
		"interrupted":         describeKey(ctx, t, newSource(t, static(net))),
		"interrupted dial":    &url.Error{Op: "Post", URL: "http://127.0.0.1", Err: context.Canceled},
		"anything else":       errors.New("other"),
		"none":                nil,
	} {
		if summary, _, ok := awsclient.Explain(err, "KMS", "eu-west-2"); ok {
			t.Errorf("%s: explained as %q, want nothing", name, summary)
		}
	}
}

func TestCause(t *testing.T) {
	t.Parallel()
	ask := func(code, message string) error {
		net := &network{answer: func(int, *http.Request) (*http.Response, error) {
			return kmsError(400, code, message), nil
		}}
		return fmt.Errorf("describe key k: %w", describeKey(t.Context(), t, newSource(t, static(net))))
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{ask("NotFoundException", "Key 'k' does not exist"),
			"DescribeKey: NotFoundException: Key 'k' does not exist (request id req-1)"},
		{ask("AccessDeniedException", "Not yours. Ask."),
			"DescribeKey: AccessDeniedException: Not yours. Ask. (request id req-1)"},
		{ask("InvalidSignatureException", signatureRefused), "DescribeKey: InvalidSignatureException: The request " +
			"signature we calculated does not match the signature you provided. (request id req-1)"},
		{errors.New("other"), "other"},
	} {
		if got := awsclient.Cause(test.err); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
