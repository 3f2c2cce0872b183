package awsclient

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// DefaultMaxRetries is how often a throttled or failed call is repeated when neither the provider block nor
// the environment says otherwise.
const DefaultMaxRetries = 10

// Config is what the provider block says, in plain values. The zero value means "as the AWS SDK finds it":
// environment variables, shared files, the container or the instance.
type Config struct {
	Region    string // for example "eu-west-2"; empty: AWS_REGION, AWS_DEFAULT_REGION, then the profile's
	Profile   string // profile of the shared files; empty: AWS_PROFILE, then "default"
	AccessKey string // static credentials; they win over every other source
	SecretKey string
	Token     string

	SharedConfigFiles      []string // instead of ~/.aws/config
	SharedCredentialsFiles []string // instead of ~/.aws/credentials

	AssumeRoles []AssumeRole // each role is assumed with the credentials of the one before it
	Endpoints   Endpoints

	MaxRetries      *int          // repetitions after the first attempt; nil: AWS_MAX_ATTEMPTS, then DefaultMaxRetries
	RetryMode       aws.RetryMode // empty: AWS_RETRY_MODE, then standard
	UseFIPSEndpoint bool          // no effect on a service that has an endpoint of its own

	AllowedAccountIDs  []string // 12 digits each; empty: any account
	SkipCallerIdentity bool     // never ask STS who the caller is
	DefaultTags        map[string]string
	IgnoredTagKeys     []string
	IgnoredTagPrefixes []string

	TerraformVersion string // for the user agent
	ProviderVersion  string // for the user agent

	// Transport replaces the network. Nil means the SDK's own client, which honours proxies and AWS_CA_BUNDLE.
	Transport http.RoundTripper
	// Backoff replaces the wait before retry number attempt (1, 2, ...). Nil means the SDK's exponential back-off.
	Backoff func(attempt int) time.Duration
	// Now measures how long calls take, for the log. Nil means the system's clock.
	Now func() time.Time
	// LogContext makes the log subsystem LogSubsystem. Nil means that the caller's context has it.
	LogContext func(context.Context) context.Context
}

// AssumeRole is one role to assume, as the AssumeRole operation of STS takes it.
type AssumeRole struct {
	RoleARN           string
	SessionName       string        // empty: made up by the SDK
	ExternalID        string        // empty: none
	Duration          time.Duration // 15 minutes to 12 hours; zero: 15 minutes
	Policy            string        // session policy, JSON; empty: none
	PolicyARNs        []string
	SourceIdentity    string
	Tags              map[string]string
	TransitiveTagKeys []string
}

// Endpoints are base URLs per service. An empty one leaves the choice to AWS_ENDPOINT_URL_KMS and its like,
// then AWS_ENDPOINT_URL, then the shared configuration file, then the service's own address.
type Endpoints struct {
	KMS, QLDB, QLDBSession, STS, IAM, CloudTrail string
}
