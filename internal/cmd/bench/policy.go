package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

const (
	policyKey        = "arn:aws:kms:eu-west-2:111122223333:key/6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01"
	policyStatements = 20
	policyCallers    = 10
)

// benchPolicy analyses one key policy for several principals, as a plan does, next to the decision about one concrete
// request of each, in microseconds.
func benchPolicy(ctx context.Context, out io.Writer, s *settings, _ string) error {
	key, err := policy.Parse(keyPolicy())
	if err != nil {
		return err
	}
	var requests []policy.Request
	for i := range policyCallers {
		c, err := policy.NewCaller(fmt.Sprintf("arn:aws:iam::111122223333:role/reader-%d", i), "")
		if err != nil {
			return err
		}
		requests = append(requests, policy.Request{
			Caller: c, Action: "kms:Decrypt", Resource: policyKey, Policies: policy.Policies{Key: key},
		})
	}
	f := figure{
		name: fmt.Sprintf("policy.analyse-%d-statements-%d-principals", policyStatements, policyCallers), unit: "µs",
		ours:      func(context.Context) (float64, error) { return policyTime(s.time, requests, analyse) },
		yardstick: func(context.Context) (float64, error) { return policyTime(s.time, requests, decide) },
	}
	return f.measure(ctx, out, s.rounds)
}

// keyPolicy has statements that each have conditions of their own.
func keyPolicy() string {
	var list []string
	for i := range policyStatements {
		list = append(list, fmt.Sprintf(`{"Effect":%q,"Principal":{"AWS":["111122223333",
			"arn:aws:iam::111122223333:role/reader-%d"]},"Action":["kms:De*","kms:Generate*"],"Resource":"*",
			"Condition":{"StringLike":{"kms:ViaService":"%s.*.amazonaws.com"},
			"StringEquals":{"kms:EncryptionContext:tenant":"t%d"},"IpAddress":{"aws:SourceIp":"10.%d.0.0/16"}}}`,
			[]string{"Allow", "Allow", "Deny"}[i%3], i, []string{"qldb", "s3", "lambda"}[i%3], i%5, i))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`
}

// analyse asks what each caller may do whatever the conditions are.
func analyse(requests []policy.Request) error {
	analyst := policy.NewAnalyst()
	for _, r := range requests {
		answer := analyst.Can(r, policy.Assumptions{Unknown: []policy.PolicyKind{policy.IdentityPolicy}})
		if answer.Verdict != policy.Depends {
			return errors.New("the analysis found no conditions")
		}
	}
	return nil
}

// decide answers the same callers, through QLDB.
func decide(requests []policy.Request) error {
	for _, r := range requests {
		r.Context = policy.RequestContext{
			"kms:ViaService": {"qldb.eu-west-2.amazonaws.com"}, "kms:EncryptionContext:tenant": {"t0"},
			"aws:SourceIp": {"10.0.1.2"},
		}
		if d := policy.Decide(r); len(d.Statements) == 0 && d.Reason != policy.NoIdentityPolicy {
			return fmt.Errorf("the decision is %s", d.Reason)
		}
	}
	return nil
}

// policyTime is the mean time of one round of all requests while d passes.
func policyTime(d time.Duration, requests []policy.Request, once func([]policy.Request) error) (float64, error) {
	n, start := 0, time.Now()
	for time.Since(start) < d {
		if err := once(requests); err != nil {
			return 0, err
		}
		n++
	}
	return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(n), nil
}
