package sts_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	stsclient "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/sts"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	account = "111122223333"
	foreign = "444455556666"
)

// directory is IAM as STS sees it.
type directory struct{ *iam.Service }

func (d directory) Principal(ctx context.Context, c wire.Caller) (sts.Principal, error) {
	p, err := d.Service.Principal(ctx, c)
	return sts.Principal(p), err
}

func (d directory) Role(ctx context.Context, arn string) (sts.Role, bool, error) {
	r, found, err := d.Service.Role(ctx, arn)
	return sts.Role(r), found, err
}

func (d directory) Issue(ctx context.Context, s sts.Session) (wire.Credential, error) {
	return d.Service.Issue(ctx, iam.Session(s))
}

// stack is IAM and STS behind HTTP.
type stack struct {
	t     *testing.T
	iam   *iam.Service
	sts   *sts.Service
	clock *clock.Movable
	url   string
}

func newStack(t *testing.T) *stack {
	t.Helper()
	state, err := local.Open(t.Context(), t.TempDir(), local.Options{NoSync: true, Rand: rand.Reader})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { _ = state.Close() })
	s := &stack{t: t, clock: clock.NewFrozen(time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC))}
	s.iam, err = iam.New(iam.Config{State: state, Sealer: state.Sealer(), Rand: rand.Reader, Clock: s.clock})
	if err != nil {
		t.Fatalf("iam.New: %v", err)
	}
	s.sts, err = sts.NewIssuer(sts.Config{Directory: directory{s.iam}, Clock: s.clock})
	if err != nil {
		t.Fatalf("sts.NewIssuer: %v", err)
	}
	calls := wire.NewRecorder(1000)
	t.Cleanup(func() { wantTwins(t, calls) })
	server, err := wire.New(wire.Config{Services: []wire.Service{s.iam.Wire(), s.sts.Wire()}, Credentials: s.iam,
		Now: s.clock.Now, SignatureNow: time.Now, Rand: rand.Reader, Recorder: calls})
	if err != nil {
		t.Fatalf("wire.New: %v", err)
	}
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// wantTwins wants of each operation that was denied that it was let through as well.
func wantTwins(t *testing.T, calls *wire.Recorder) {
	denied, passed := map[string]bool{}, map[string]bool{}
	for _, r := range calls.Calls(0) {
		outcome := passed
		if r.ErrorCode == "AccessDenied" {
			outcome = denied
		}
		outcome[r.Operation] = true
	}
	for name := range denied {
		if !passed[name] {
			t.Errorf("%s is only ever denied here: it needs a twin in which one change allows it", name)
		}
	}
}

// who is a set of credentials to call with.
type who struct {
	s   *stack
	cfg aws.Config
}

func (s *stack) as(id, secret, token string) who {
	return who{s, aws.Config{Region: "eu-west-2", BaseEndpoint: &s.url, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
		})}}
}

func (s *stack) root(account string) who {
	s.t.Helper()
	key, _, err := s.iam.EnsureRoot(s.t.Context(), account)
	if err != nil {
		s.t.Fatalf("EnsureRoot: %v", err)
	}
	return s.as(key.ID, key.Secret, "")
}

func (w who) iam() *iamclient.Client { return iamclient.NewFromConfig(w.cfg) }
func (w who) sts() *stsclient.Client { return stsclient.NewFromConfig(w.cfg) }

// user makes a user with an access key and, unless it is "", an inline policy.
func (w who) user(name, policy string) who {
	w.s.t.Helper()
	ctx := w.s.t.Context()
	if _, err := w.iam().CreateUser(ctx, &iamclient.CreateUserInput{UserName: &name}); err != nil {
		w.s.t.Fatalf("CreateUser: %v", err)
	}
	if policy != "" {
		w.allow(name, policy)
	}
	out, err := w.iam().CreateAccessKey(ctx, &iamclient.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		w.s.t.Fatalf("CreateAccessKey: %v", err)
	}
	return w.s.as(*out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey, "")
}

func (w who) allow(user, policy string) {
	w.s.t.Helper()
	_, err := w.iam().PutUserPolicy(w.s.t.Context(), &iamclient.PutUserPolicyInput{UserName: &user,
		PolicyName: aws.String("inline"), PolicyDocument: &policy})
	if err != nil {
		w.s.t.Fatalf("PutUserPolicy: %v", err)
	}
}

func (w who) role(name, trust string) string {
	w.s.t.Helper()
	out, err := w.iam().CreateRole(w.s.t.Context(), &iamclient.CreateRoleInput{RoleName: &name,
		AssumeRolePolicyDocument: &trust})
	if err != nil {
		w.s.t.Fatalf("CreateRole: %v", err)
	}
	return *out.Role.Arn
}

// assume assumes a role and returns who one is then.
func (w who) assume(in *stsclient.AssumeRoleInput) (who, *stsclient.AssumeRoleOutput, error) {
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("s1")
	}
	out, err := w.sts().AssumeRole(w.s.t.Context(), in)
	if err != nil {
		return who{}, nil, err
	}
	c := out.Credentials
	return w.s.as(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), out, nil
}

// faultText is "Code: message" of a service's error.
func faultText(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return "no fault of a service"
	}
	return api.ErrorCode() + ": " + api.ErrorMessage()
}

func trusting(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal +
		`"},"Action":"sts:AssumeRole"}]}`
}

func allowing(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
}
