package awsclient_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// TestMain takes away what the machine says about AWS, so that every test starts from nothing.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") || name == "TF_APPEND_USER_AGENT" {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	os.Exit(m.Run())
}

// A network answers requests in this process and remembers them.
type network struct {
	answer func(n int, r *http.Request) (*http.Response, error) // n counts from 1

	mu       sync.Mutex
	requests []*http.Request
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("read request: %w", err)
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	n.mu.Lock()
	n.requests = append(n.requests, r)
	count := len(n.requests)
	n.mu.Unlock()
	res, err := n.answer(count, r)
	if res != nil {
		res.Request = r
	}
	return res, err
}

func (n *network) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.requests)
}

// answer is a whole HTTP response.
func answer(status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {contentType}, "X-Amzn-Requestid": {"req-1"}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
}

// kmsError is an error as KMS words it.
func kmsError(status int, code, message string) *http.Response {
	body, _ := json.Marshal(map[string]string{"__type": code, "message": message})
	return answer(status, "application/x-amz-json-1.1", string(body))
}

func keyFound() *http.Response {
	return answer(http.StatusOK, "application/x-amz-json-1.1", `{"KeyMetadata":{"KeyId":"k"}}`)
}

// callerIs answers GetCallerIdentity.
func callerIs(account string) *http.Response {
	return answer(http.StatusOK, "text/xml", `<GetCallerIdentityResponse><GetCallerIdentityResult>`+
		`<Arn>arn:aws:iam::`+account+`:user/u</Arn><UserId>AIDA</UserId><Account>`+account+`</Account>`+
		`</GetCallerIdentityResult></GetCallerIdentityResponse>`)
}

// stsOr sends requests to STS to one answer and all others to another.
func stsOr(sts, other func() *http.Response) func(int, *http.Request) (*http.Response, error) {
	return func(_ int, r *http.Request) (*http.Response, error) {
		if isSTS(r) {
			return sts(), nil
		}
		return other(), nil
	}
}

func isSTS(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Authorization"), "/sts/aws4_request")
}

// static is a configuration that finds its credentials without looking.
func static(rt http.RoundTripper) awsclient.Config {
	return awsclient.Config{
		Region: "eu-west-2", AccessKey: "AKIDBASE", SecretKey: "hidden-secret", Transport: rt,
		Backoff: func(int) time.Duration { return 0 },
	}
}

func newSource(t *testing.T, config awsclient.Config) *awsclient.Source {
	t.Helper()
	source, err := awsclient.New(t.Context(), config)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return source
}

// describeKey is the call that most tests make: any signed one would do.
func describeKey(ctx context.Context, t *testing.T, source *awsclient.Source) error {
	t.Helper()
	clients, err := source.In("")
	if err != nil {
		t.Fatalf("In: %v", err)
	}
	_, err = clients.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("k")})
	return err
}
