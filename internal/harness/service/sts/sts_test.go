package sts_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	stsclient "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/sts"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// oneKey knows one access key of a role's session.
type oneKey struct{}

func (oneKey) Lookup(_ context.Context, id string) (wire.Credential, bool, error) {
	return wire.Credential{Secret: "secret", Token: "token", Active: true, Caller: wire.Caller{
		Account: "111122223333", ARN: "arn:aws:sts::111122223333:assumed-role/reader/me", UserID: "AROAEXAMPLE:me",
	}}, id == "ASIAEXAMPLE000000001", nil
}

func newClient(t *testing.T) *stsclient.Client {
	t.Helper()
	server, err := wire.New(wire.Config{
		Services: []wire.Service{sts.New().Wire()}, Credentials: oneKey{}, Now: time.Now,
		Rand: strings.NewReader(strings.Repeat("0123456789abcdef", 10)),
	})
	if err != nil {
		t.Fatalf("wire.New: %v", err)
	}
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	return stsclient.NewFromConfig(aws.Config{Region: "eu-west-2", BaseEndpoint: &front.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "ASIAEXAMPLE000000001", SecretAccessKey: "secret", SessionToken: "token"}, nil
		})})
}

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	out, err := newClient(t).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatalf("GetCallerIdentity: %v", err)
	}
	got := []string{aws.ToString(out.Account), aws.ToString(out.Arn), aws.ToString(out.UserId)}
	want := []string{"111122223333", "arn:aws:sts::111122223333:assumed-role/reader/me", "AROAEXAMPLE:me"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
}

// TestPresignedIdentity fetches a presigned URL, as a cluster does with a token made of one.
func TestPresignedIdentity(t *testing.T) {
	t.Parallel()
	signed, err := stsclient.NewPresignClient(newClient(t)).PresignGetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatalf("presign: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), signed.Method, signed.URL, http.NoBody)
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), "<UserId>AROAEXAMPLE:me</UserId>") {
		t.Errorf("got %d %s, %v, want the identity", res.StatusCode, body, err)
	}
}
