package awsclient

import (
	"context"
	"errors"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// LogSubsystem is the tflog subsystem of requests.
const LogSubsystem = "aws"

// logRequests writes one line per API call: what was called, where, how often, how long, how it ended. It
// never sees a body, so that no policy and no document can reach a log.
func logRequests(prepare func(context.Context) context.Context, now func() time.Time) func(*middleware.Stack) error {
	log := func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if prepare != nil {
			ctx = prepare(ctx)
		}
		start := now()
		out, metadata, err := next.HandleInitialize(ctx, in)
		fields := map[string]any{
			"service":    awsmiddleware.GetServiceID(ctx),
			"op":         awsmiddleware.GetOperationName(ctx),
			"region":     awsmiddleware.GetRegion(ctx),
			"elapsed_ms": now().Sub(start).Milliseconds(),
		}
		if attempts, ok := retry.GetAttemptResults(metadata); ok {
			fields["attempt"] = len(attempts.Results)
		}
		if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok {
			fields["request_id"] = id
		}
		if err != nil {
			fields["error"] = errorCode(err)
		}
		tflog.SubsystemDebug(ctx, LogSubsystem, "AWS API call", fields)
		return out, metadata, err
	}
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("LogRequests", log), middleware.After)
	}
}

// errorCode is the service's code, never its text, which can quote headers.
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return "no answer"
}
