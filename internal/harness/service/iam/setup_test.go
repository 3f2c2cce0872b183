package iam_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const foreign = "444455556666"

// server is IAM behind HTTP. Clients made by as talk to it.
type server struct {
	*iam.Service
	t     *testing.T
	url   string
	clock *clock.Movable
}

func serve(t *testing.T) *server {
	t.Helper()
	state, err := local.Open(t.Context(), t.TempDir(), local.Options{NoSync: true, Rand: rand.Reader})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { _ = state.Close() })
	s := &server{t: t, clock: clock.NewFrozen(time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC))}
	s.Service, err = iam.New(iam.Config{State: state, Sealer: state.Sealer(), Rand: rand.Reader, Clock: s.clock})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	w, err := wire.New(wire.Config{Services: []wire.Service{s.Wire()}, Credentials: s.Service, Now: s.clock.Now,
		SignatureNow: time.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatalf("wire.New: %v", err)
	}
	front := httptest.NewServer(w)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

func (s *server) as(id, secret, token string) *iamclient.Client {
	return iamclient.NewFromConfig(aws.Config{Region: "eu-west-2", BaseEndpoint: &s.url, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
		})})
}

// root is a client of the account's root user.
func (s *server) root() *iamclient.Client {
	s.t.Helper()
	key, _, err := s.EnsureRoot(s.t.Context(), account)
	if err != nil {
		s.t.Fatalf("EnsureRoot: %v", err)
	}
	return s.as(key.ID, key.Secret, "")
}

// must returns a function that fails the test on an error and gives the value otherwise.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// faultText is "Code: message" of a service's error.
func faultText(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return "no fault of a service"
	}
	return api.ErrorCode() + ": " + api.ErrorMessage()
}

func allowing(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
}

func trusting(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal +
		`"},"Action":"sts:AssumeRole"}]}`
}
