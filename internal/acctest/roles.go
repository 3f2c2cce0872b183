package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
)

// The user of WithRoles who may assume every role, and whom As calls as.
const (
	DeveloperKey    = "AKIADEVELOPEREXAMPLE"
	DeveloperSecret = "known to this test alone"
)

// WithRoles lays down roles whose identity policies allow what actions says, such as {"reader": {"qldb:*"}}, and that
// As can assume.
func WithRoles(t testing.TB, actions map[string][]string) Option {
	t.Helper()
	type object = map[string]any
	policy := func(statement object) object {
		return object{"Version": "2012-10-17", "Statement": statement}
	}
	allow := func(actions any) object {
		return object{"p": policy(object{"Effect": "Allow", "Action": actions, "Resource": "*"})}
	}
	trust := policy(object{"Effect": "Allow", "Principal": object{"AWS": "*"}, "Action": "sts:AssumeRole"})
	roles := []object{}
	for name, list := range actions {
		roles = append(roles, object{"name": name, "trust": trust, "inline": allow(list)})
	}
	seed, err := json.Marshal(object{"accounts": []object{{
		"id": Account, "roles": roles, "users": []object{{
			"name": "developer", "inline": allow("sts:AssumeRole"),
			"access_keys": []object{{"id": DeveloperKey, "secret": DeveloperSecret}},
		}},
	}}})
	if err != nil {
		t.Fatalf("write the seed: %v", err)
	}
	return WithSeed(t, string(seed))
}

// RoleARN is the ARN of a role of the account.
func RoleARN(name string) string { return "arn:aws:iam::" + Account + ":role/" + name }

// A Session is a session of a role.
type Session struct {
	AccessKeyID, SecretKey, Token string
	h                             *Harness
}

// As assumes a role that WithRoles laid down.
func (h *Harness) As(role string) *Session {
	h.t.Helper()
	cfg := h.aws(Region)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(DeveloperKey, DeveloperSecret, "")
	out, err := sts.NewFromConfig(cfg).AssumeRole(h.t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(RoleARN(role)), RoleSessionName: aws.String("test"),
	})
	if err != nil {
		h.t.Fatalf("assume role %s: %v", role, err)
	}
	return &Session{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken, h}
}

// Run runs one statement in a transaction of its own with Amazon's driver. The error is the service's.
func (s *Session) Run(ctx context.Context, ledger, text string) error {
	cfg := s.h.aws(Region)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretKey, s.Token)
	driver, err := qldbdriver.New(ledger, qldbsession.NewFromConfig(cfg), func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
	})
	if err != nil {
		return fmt.Errorf("make driver of %s: %w", ledger, err)
	}
	defer driver.Shutdown(context.WithoutCancel(ctx))
	_, err = driver.Execute(ctx, func(tx qldbdriver.Transaction) (any, error) {
		result, err := tx.Execute(text)
		if err != nil {
			return nil, err
		}
		for result.Next(tx) {
			result.GetCurrentData()
		}
		return nil, result.Err()
	})
	if err != nil {
		return errors.Join(fmt.Errorf("run %q", text), err)
	}
	return nil
}
