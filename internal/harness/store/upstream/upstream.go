// Package upstream delivers what leaves a ledger to a service that speaks the protocol of S3 or of Kinesis Data
// Streams, in place of the files of package delivery.
//
// # As whom
//
// At Amazon, QLDB writes as the role that an export or a stream names; so does Options.AssumeRoles, with the role's
// trust policy asking for the credentials of Options.SDK. Without it, those credentials write themselves, and the role
// is not looked at: services that only speak the protocol rarely know roles.
//
// # Errors
//
// An error that is an answer of the service has the methods ErrorCode and ErrorMessage, as package delivery promises
// them: it is the SDK's own, or a *delivery.Refusal. Where the service was not reached, or what answered is not such a
// service, the Refusal has a code that tells of the service's trouble, so that the job is tried again. No call takes
// longer than Options.Timeout.
package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
)

// Options say how a service is called. SDK, Where and Timeout are required.
type Options struct {
	SDK         aws.Config // credentials, endpoint, retries
	Where       string     // the service in words, for errors
	AssumeRoles bool       // write as the role that was asked for; STS is asked at the same endpoint
	Timeout     time.Duration
	// Wait waits between two attempts to send what Kinesis did not take; nil waits by the machine's clock.
	Wait func(context.Context, time.Duration) error
}

// maxRoles bounds the roles whose credentials are kept; when there are more, all are dropped.
const maxRoles = 1000

// roles are the credentials to write with.
type roles struct {
	own    aws.CredentialsProvider
	client *sts.Client // nil: roles are not assumed

	mu      sync.Mutex
	assumed map[role]aws.CredentialsProvider
}

type role struct{ arn, region string }

func newRoles(o Options) *roles {
	r := &roles{own: o.SDK.Credentials, assumed: map[role]aws.CredentialsProvider{}}
	if o.AssumeRoles {
		r.client = sts.NewFromConfig(o.SDK)
	}
	return r
}

// sessionName is that of the sessions in which roles write.
const sessionName = "qldbkms-harness"

// as are the credentials of a role, asked for when they are first needed.
func (r *roles) as(arn, region string) aws.CredentialsProvider {
	if r.client == nil {
		return r.own
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := role{arn, region}
	if known := r.assumed[key]; known != nil {
		return known
	}
	if len(r.assumed) >= maxRoles {
		clear(r.assumed)
	}
	fresh := aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(regional{r.client, region}, arn,
		func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = sessionName }))
	r.assumed[key] = fresh
	return fresh
}

// regional is STS in a Region.
type regional struct {
	client *sts.Client
	region string
}

// AssumeRole implements stscreds.AssumeRoleAPIClient.
func (r regional) AssumeRole(
	ctx context.Context, in *sts.AssumeRoleInput, options ...func(*sts.Options),
) (*sts.AssumeRoleOutput, error) {
	return r.client.AssumeRole(ctx, in, append(options, func(o *sts.Options) { o.Region = r.region })...)
}

// worded is err, of a call that ctx bounds, as the package comment says. odd is the service's code for its own trouble,
// denied the one for a role that cannot be assumed.
func worded(ctx context.Context, where string, err error, odd, denied string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if refusal, ok := errors.AsType[*delivery.Refusal](err); ok {
		return refusal
	}
	api, answered := errors.AsType[smithy.APIError](err)
	switch {
	case !answered || api.ErrorCode() == "" || api.ErrorCode() == "UnknownError" || fromProxy(api.ErrorCode()):
		return &delivery.Refusal{Code: odd, Message: where + " gives no answer", Err: err}
	case api.ErrorCode() == "AccessDenied" && denied != "AccessDenied":
		return &delivery.Refusal{Code: denied, Message: api.ErrorMessage()}
	}
	return err
}

// fromProxy says that a code is only the text of an HTTP status, of which the service itself makes no use.
func fromProxy(code string) bool { return code == "BadGateway" || code == "GatewayTimeout" }
