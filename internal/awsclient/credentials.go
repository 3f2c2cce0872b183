package awsclient

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
)

// A CredentialsError says that there are no credentials to sign a request with. It is never retried.
type CredentialsError struct {
	Role   string // ARN of the role that could not be assumed; empty: no source had credentials
	Amazon bool   // no endpoint is configured for QLDB, so Amazon's own would be asked
	Err    error
}

func (e *CredentialsError) Error() string {
	if e.Role != "" {
		return fmt.Sprintf("assume role %s: %v", e.Role, e.Err)
	}
	return fmt.Sprintf("find credentials: %v", e.Err)
}

func (e *CredentialsError) Unwrap() error { return e.Err }

// lazyCredentials finds the credentials on the first signature, then keeps them until they expire.
//
// The cache asks once for all waiting callers, each of which still ends with its own context.
func (s *Source) lazyCredentials() aws.CredentialsProvider {
	var (
		mu     sync.Mutex
		source aws.CredentialsProvider
		failed error
	)
	find := func(ctx context.Context) (aws.CredentialsProvider, error) {
		mu.Lock()
		defer mu.Unlock()
		if source == nil && failed == nil {
			// Remembered even when it fails. Where no source has credentials, the last one asked is the
			// instance metadata service, whose silence costs seconds: one time, not once per resource.
			source, failed = s.findCredentials(ctx)
		}
		return source, failed
	}
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		provider, err := find(ctx)
		if err != nil {
			return aws.Credentials{}, err
		}
		return provider.Retrieve(ctx)
	}))
}

// findCredentials settles where credentials come from. Only the base credentials are asked for here; each
// role is assumed by the returned provider.
func (s *Source) findCredentials(ctx context.Context) (aws.CredentialsProvider, error) {
	base, err := s.baseCredentials(ctx)
	if err != nil {
		return nil, err
	}
	for _, role := range s.config.AssumeRoles {
		base = s.assumed(role, base)
	}
	return base, nil
}

func (s *Source) baseCredentials(ctx context.Context) (aws.CredentialsProvider, error) {
	if c := s.config; c.AccessKey != "" {
		return credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, c.Token), nil
	}
	_, loaded, diags := awsbase.GetAwsConfig(ctx, baseConfig(s.config))
	if err := diagnosticsError(diags); err != nil {
		return nil, &CredentialsError{Err: err, Amazon: s.asksAmazon()}
	}
	return loaded.Credentials, nil
}

// asksAmazon says whether QLDB is asked at Amazon's own address.
func (s *Source) asksAmazon() bool {
	cfg := s.aws.Copy()
	return qldb.NewFromConfig(cfg, s.qldbOptions).Options().BaseEndpoint == nil
}

func (s *Source) assumed(role AssumeRole, with aws.CredentialsProvider) aws.CredentialsProvider {
	cfg := s.aws.Copy()
	cfg.Region = s.config.Region
	cfg.Credentials = with
	client := sts.NewFromConfig(cfg, s.stsOptions)
	provider := stscreds.NewAssumeRoleProvider(client, role.RoleARN, role.apply)
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		got, err := provider.Retrieve(ctx)
		if err != nil {
			return aws.Credentials{}, &CredentialsError{Role: role.RoleARN, Err: err}
		}
		return got, nil
	}))
}

func (r AssumeRole) apply(o *stscreds.AssumeRoleOptions) {
	o.RoleSessionName = r.SessionName
	o.Duration = r.Duration
	o.ExternalID = nonEmpty(r.ExternalID)
	o.Policy = nonEmpty(r.Policy)
	o.SourceIdentity = nonEmpty(r.SourceIdentity)
	o.TransitiveTagKeys = r.TransitiveTagKeys
	for _, arn := range r.PolicyARNs {
		o.PolicyARNs = append(o.PolicyARNs, types.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	for k, v := range r.Tags {
		o.Tags = append(o.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
