package awsclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
)

// ErrCallerSkipped is returned by CallerIdentity when the configuration forbids asking STS.
var ErrCallerSkipped = errors.New("the caller's account is not asked for: skip_requesting_account_id is set")

// An AccountError says that the credentials belong to an account that allowed_account_ids does not list, or,
// when Err is set, that STS would not say which account they belong to.
type AccountError struct {
	Account string // empty when Err is set
	Allowed []string
	Err     error
}

func (e *AccountError) Error() string {
	allowed := strings.Join(e.Allowed, ", ")
	if e.Err != nil {
		return fmt.Sprintf("confirm that the account is one of %s: %v", allowed, e.Err)
	}
	return fmt.Sprintf("account %s is not one of %s", e.Account, allowed)
}

func (e *AccountError) Unwrap() error { return e.Err }

// CallerIdentity asks STS once who the credentials belong to. A failure is not remembered.
func (s *Source) CallerIdentity(ctx context.Context) (Identity, error) {
	return s.callerFrom(ctx, s.config.Region)
}

func (s *Source) callerFrom(ctx context.Context, region string) (Identity, error) {
	if s.config.SkipCallerIdentity {
		return Identity{}, ErrCallerSkipped
	}
	return s.caller.get(ctx, func(ctx context.Context) (Identity, error) {
		clients, err := s.In(region)
		if err != nil {
			return Identity{}, fmt.Errorf("get caller identity: %w", err)
		}
		out, err := clients.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return Identity{}, fmt.Errorf("get caller identity: %w", err)
		}
		return Identity{
			Account: aws.ToString(out.Account),
			ARN:     aws.ToString(out.Arn),
			UserID:  aws.ToString(out.UserId),
		}, nil
	})
}

// accountGuard stops every KMS and QLDB call of a Source whose credentials belong to an account that is not
// allowed. It sits below the clients so that no caller can forget it. When STS refuses to say whose the
// credentials are, the call is stopped too: the guard exists for the day on which they are the wrong ones.
type accountGuard struct {
	source *Source
	region string
}

func (accountGuard) ID() string { return "AllowedAccount" }

func (g accountGuard) HandleInitialize(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	allowed := g.source.config.AllowedAccountIDs
	if len(allowed) > 0 {
		caller, err := g.source.callerFrom(ctx, g.region)
		if err != nil {
			err = &AccountError{Allowed: allowed, Err: err}
		} else if !slices.Contains(allowed, caller.Account) {
			err = &AccountError{Account: caller.Account, Allowed: allowed}
		}
		if err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
	}
	return next.HandleInitialize(ctx, in)
}
