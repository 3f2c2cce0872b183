package awsclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"
	"github.com/hashicorp/aws-sdk-go-base/v2/endpoints"
)

// partnerName is this provider in the user agent of every request.
const partnerName = "qldbkms"

// dialTimeout bounds one connection attempt. The SDK allows 30 seconds, which, repeated, is minutes of
// silence when a firewall drops packets.
const dialTimeout = 10 * time.Second

// ErrNoRegion is returned by In when neither the provider block, the environment, the profile nor the
// resource names a Region.
var ErrNoRegion = errors.New("no AWS Region is configured")

// A RegionError says that a Region's name has no AWS partition.
type RegionError struct{ Region string }

func (e *RegionError) Error() string {
	return fmt.Sprintf("%q is not the name of an AWS Region", e.Region)
}

// An EndpointError says that the address configured for a service is none. The address itself is left out: what
// looks like no address may be a secret in the wrong place.
type EndpointError struct{ Service string }

func (e *EndpointError) Error() string {
	return fmt.Sprintf("the address configured for %s is not a URL of http or https with a host", e.Service)
}

// ValidEndpoint says whether address can be the base URL of a service: http or https, a host, and no credentials,
// query or fragment.
func ValidEndpoint(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// Source is the API of one provider configuration. Its methods may be called from many goroutines.
type Source struct {
	config Config
	aws    aws.Config // without a Region of its own; credentials resolve on first use

	mu      sync.Mutex
	clients map[string]*Clients

	caller memo[Identity]
}

var _ API = (*Source)(nil)

// New makes a Source. It reads the environment and the shared files but does no network: credentials, roles
// and the caller's account are looked up by the first call that needs them.
//
// It fails for what the files or the environment say wrongly: an unknown profile, an unreadable AWS_CA_BUNDLE,
// a Region that is none (*RegionError).
func New(ctx context.Context, config Config) (*Source, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Region != "" {
		if _, err := partition(config.Region); err != nil {
			return nil, err
		}
	}
	loaded, err := loadSDKConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if loaded.Region != "" {
		if _, err := partition(loaded.Region); err != nil {
			return nil, err
		}
	}
	s := &Source{
		config:  config,
		aws:     loaded,
		clients: map[string]*Clients{},
		caller:  newMemo[Identity](),
	}
	s.config.Region = loaded.Region
	s.aws.Credentials = s.lazyCredentials()
	return s, nil
}

// loadSDKConfig loads everything but credentials. The placeholder keeps the base library from looking for
// real ones, which may mean calls to STS, SSO or the instance metadata service.
//
// The HTTP client is set afterwards: given to the loader, a plain client makes it fail when AWS_CA_BUNDLE is set.
func loadSDKConfig(ctx context.Context, config Config) (aws.Config, error) {
	base := baseConfig(config)
	base.AccessKey, base.SecretKey = "placeholder", "placeholder"
	_, loaded, diags := awsbase.GetAwsConfig(ctx, base)
	if err := diagnosticsError(diags); err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if client, ok := loaded.HTTPClient.(*awshttp.BuildableClient); ok {
		loaded.HTTPClient = client.WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout })
	}
	if config.Transport != nil {
		loaded.HTTPClient = &http.Client{
			Transport:     config.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	setRetryer(&loaded, config)
	loaded.APIOptions = append(loaded.APIOptions, logRequests(config.LogContext, config.Now), keepLastAttempt)
	return loaded, nil
}

// baseConfig is what both uses of the base library share: loading the configuration and, later, finding
// credentials. It never validates credentials, because that is a call to STS.
func baseConfig(config Config) *awsbase.Config {
	return &awsbase.Config{
		APNInfo: &awsbase.APNInfo{
			PartnerName: partnerName,
			Products: []awsbase.UserAgentProduct{
				{Name: "Terraform", Version: config.TerraformVersion},
				{Name: "terraform-provider-qldbkms", Version: config.ProviderVersion},
			},
		},
		Region:                  config.Region,
		Profile:                 config.Profile,
		RetryMode:               config.RetryMode,
		SharedConfigFiles:       config.SharedConfigFiles,
		SharedCredentialsFiles:  config.SharedCredentialsFiles,
		UseFIPSEndpoint:         config.UseFIPSEndpoint,
		StsEndpoint:             config.Endpoints.STS,
		IamEndpoint:             config.Endpoints.IAM,
		HTTPProxyMode:           awsbase.HTTPProxyModeSeparate,
		SkipCredsValidation:     true,
		SkipRequestingAccountId: true,
		SuppressDebugLog:        true, // its log holds whole request bodies: policies, documents
	}
}

func diagnosticsError(diags diag.Diagnostics) error {
	var all []error
	for _, d := range diags {
		if d.Severity() != diag.SeverityError {
			continue
		}
		if with, ok := d.(diag.DiagnosticWithErr); ok && with.Err() != nil {
			all = append(all, with.Err())
			continue
		}
		all = append(all, fmt.Errorf("%s: %s", d.Summary(), d.Detail()))
	}
	return errors.Join(all...)
}

// Region is the provider's Region, or empty when nothing names one.
func (s *Source) Region() string { return s.config.Region }

// In returns the clients of region, made on first use; an empty region is the provider's.
//
// The error is ErrNoRegion, a *RegionError or an *EndpointError. An address without a scheme would otherwise be
// tried until the retries run out.
func (s *Source) In(region string) (*Clients, error) {
	if region == "" {
		region = s.config.Region
	}
	if region == "" {
		return nil, ErrNoRegion
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.clients[region]; ok {
		return c, nil
	}
	part, err := partition(region)
	if err != nil {
		return nil, err
	}
	guarded := s.aws.Copy()
	guarded.Region = region
	free := guarded.Copy()
	guarded.APIOptions = append(guarded.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(accountGuard{s, region}, middleware.Before)
	})
	c := &Clients{
		Region:    region,
		Partition: part,
		KMS:       kms.NewFromConfig(guarded, s.kmsOptions),
		QLDB:      qldb.NewFromConfig(guarded, s.qldbOptions),
		STS:       sts.NewFromConfig(free, s.stsOptions),

		CloudTrail:  cloudtrail.NewFromConfig(guarded, s.trailOptions),
		QLDBSession: qldbsession.NewFromConfig(guarded, s.sessionOptions),
		IAM:         iam.NewFromConfig(guarded, s.iamOptions),
	}
	for _, configured := range []struct {
		service string
		address *string
	}{
		{"KMS", c.KMS.Options().BaseEndpoint}, {"QLDB", c.QLDB.Options().BaseEndpoint},
		{"QLDB Session", c.QLDBSession.Options().BaseEndpoint}, {"STS", c.STS.Options().BaseEndpoint},
		{"CloudTrail", c.CloudTrail.Options().BaseEndpoint}, {"IAM", c.IAM.Options().BaseEndpoint},
	} {
		if configured.address != nil && !ValidEndpoint(*configured.address) {
			return nil, &EndpointError{Service: configured.service}
		}
	}
	if c.KMS.Options().BaseEndpoint != nil && c.IAM.Options().BaseEndpoint == nil {
		c.IAM = nil
	}
	s.clients[region] = c
	return c, nil
}

// The SDK refuses FIPS together with a custom endpoint, so whoever names an endpoint decides by it.

func (s *Source) kmsOptions(o *kms.Options) {
	if url := s.config.Endpoints.KMS; url != "" {
		o.BaseEndpoint = &url
	}
	if o.BaseEndpoint != nil {
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
	}
}

func (s *Source) qldbOptions(o *qldb.Options) {
	if url := s.config.Endpoints.QLDB; url != "" {
		o.BaseEndpoint = &url
	}
	if o.BaseEndpoint != nil {
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
	}
}

func (s *Source) trailOptions(o *cloudtrail.Options) {
	if url := s.config.Endpoints.CloudTrail; url != "" {
		o.BaseEndpoint = &url
	}
	if o.BaseEndpoint != nil {
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
	}
}

func (s *Source) iamOptions(o *iam.Options) {
	if url := s.config.Endpoints.IAM; url != "" {
		o.BaseEndpoint = &url
	}
	if o.BaseEndpoint != nil {
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
	}
}

func (s *Source) sessionOptions(o *qldbsession.Options) {
	o.HTTPClient = plainBodies{o.HTTPClient}
	if url := s.config.Endpoints.QLDBSession; url != "" {
		o.BaseEndpoint = &url
	}
	if o.BaseEndpoint != nil {
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
	}
}

func (s *Source) stsOptions(o *sts.Options) {
	if url := s.config.Endpoints.STS; url != "" {
		o.BaseEndpoint = &url
	}
	if o.BaseEndpoint != nil {
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
	}
}

// ValidRegion says whether region has the shape of an AWS Region's name in any partition.
func ValidRegion(region string) bool {
	_, err := partition(region)
	return err == nil
}

func partition(region string) (string, error) {
	p, ok := endpoints.PartitionForRegion(endpoints.DefaultPartitions(), region)
	if !ok {
		return "", &RegionError{Region: region}
	}
	return p.ID(), nil
}

func setRetryer(loaded *aws.Config, config Config) {
	attempts := DefaultMaxRetries + 1
	switch {
	case config.MaxRetries != nil:
		attempts = *config.MaxRetries + 1
	case loaded.RetryMaxAttempts > 0:
		attempts = loaded.RetryMaxAttempts
	}
	inner := loaded.Retryer
	loaded.RetryMaxAttempts = 0 // the retryer below carries the limit
	loaded.Retryer = func() aws.Retryer {
		return &retryer{
			RetryerV2: retry.AddWithMaxAttempts(inner(), attempts).(aws.RetryerV2),
			backoff:   config.Backoff,
		}
	}
}
