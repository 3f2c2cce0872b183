// Package outbound makes the settings of the AWS SDK clients with which the harness calls services of others.
//
// Such a service is Amazon's, or any that speaks its protocol at an address of its own. Nothing is taken from the
// AWS settings of the environment but credentials, and those only where none are given: AWS_ENDPOINT_URL and its like
// usually lead to this very harness.
//
// Attempts and time are bounded: a service that hangs costs its caller Timeout, not more.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Amazon is the Endpoint that stands for Amazon's own, chosen by Region.
const Amazon = "aws"

// DefaultTimeout is how long a call may take.
const DefaultTimeout = 5 * time.Second

const (
	maxAttempts = 3
	maxBackoff  = 500 * time.Millisecond
)

// Service says where a service of others is, and as whom it is called.
type Service struct {
	Name     string // of the service, for errors: KMS, S3, Kinesis
	Endpoint string // a URL such as https://kms.example:8443, or Amazon
	// AllowPlainHTTP lets Endpoint be an http URL of another machine: keys and data then travel in the clear.
	AllowPlainHTTP bool
	// AccessKeyID, SecretAccessKey and, for temporary credentials, SessionToken.
	AccessKeyID, SecretAccessKey, SessionToken string
	// Profile names a profile of the shared AWS configuration. With neither a profile nor an access key, credentials
	// come from the SDK's standard chain.
	Profile string
	Timeout time.Duration // of a call with its retries; 0 means DefaultTimeout

	sdk aws.Config // once loaded
}

// IsAmazon says that the service is Amazon's own.
func (s *Service) IsAmazon() bool { return s.Endpoint == Amazon }

// Where is the endpoint in words.
func (s *Service) Where() string {
	if s.IsAmazon() {
		return s.Name + " of Amazon"
	}
	return s.Name + " at " + s.Endpoint
}

// Load checks s, fills in the default and finds the source of credentials; none is asked for yet. region is that of
// clients that do not choose another, and of the calls that credentials may take. Errors name what is wrong and hold no
// secret.
func (s *Service) Load(ctx context.Context, region string) error {
	if err := s.check(); err != nil {
		return err
	}
	source, err := s.credentials(ctx, region)
	if err != nil {
		return fmt.Errorf("credentials for %s: %w", s.Name, err)
	}
	s.sdk = aws.Config{
		Region: region, Credentials: source, AppID: "qldbkms-harness",
		// So that a connection that hangs leaves time for another attempt.
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(s.Timeout / 2),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff = maxAttempts, maxBackoff
			})
		},
	}
	if !s.IsAmazon() {
		s.sdk.BaseEndpoint = &s.Endpoint
	}
	return nil
}

// SDK is what a client of the service is made of, after Load.
func (s *Service) SDK() aws.Config { return s.sdk.Copy() }

func (s *Service) check() error {
	if s.Timeout == 0 {
		s.Timeout = DefaultTimeout
	}
	switch {
	case s.Timeout < 0:
		return fmt.Errorf("time-out of %s: %s is negative", s.Name, s.Timeout)
	case (s.AccessKeyID == "") != (s.SecretAccessKey == ""):
		return fmt.Errorf("credentials for %s: of access key id and secret access key, only one is given", s.Name)
	case s.AccessKeyID == "" && s.SessionToken != "":
		return fmt.Errorf("credentials for %s: a session token without an access key", s.Name)
	case s.AccessKeyID != "" && s.Profile != "":
		return fmt.Errorf("credentials for %s: both an access key and the profile %q are given; remove one",
			s.Name, s.Profile)
	case s.IsAmazon():
		return nil
	}
	return s.checkURL()
}

func (s *Service) checkURL() error {
	u, err := url.Parse(s.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		// The text may hold a password: it is not repeated.
		return fmt.Errorf("endpoint of %s: want %q or a URL such as https://host:port", s.Name, Amazon)
	case u.User != nil:
		return fmt.Errorf("endpoint of %s: a URL with a user name; credentials come from the environment or a profile",
			s.Name)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("endpoint of %s: %s has a query or a fragment; want scheme, host and port", s.Name, s.Endpoint)
	case u.Scheme == "http" && !s.AllowPlainHTTP && !isLoopback(u.Hostname()):
		return fmt.Errorf("endpoint of %s: to %s, keys and data would travel in the clear; use https, or "+
			"--allow-plain-http", s.Name, s.Endpoint)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *Service) credentials(ctx context.Context, region string) (aws.CredentialsProvider, error) {
	if s.AccessKeyID != "" {
		return credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey, s.SessionToken), nil
	}
	options := []func(*config.LoadOptions) error{config.WithRegion(region)}
	if s.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(s.Profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if loaded.Credentials == nil {
		return nil, errors.New("the standard chain has no source of credentials")
	}
	return loaded.Credentials, nil
}
