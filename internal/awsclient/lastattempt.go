package awsclient

import (
	"context"
	"errors"

	"github.com/aws/smithy-go/middleware"
)

// A cutOffError is a call whose time was over between two attempts. The SDK then says only that: last is how the
// attempt before ended, for the words. It is not unwrapped, so that nobody takes the call for answered.
type cutOffError struct {
	error
	last error
}

func (e *cutOffError) Unwrap() error { return e.error }

type lastAttempt struct{}

// keepLastAttempt remembers how the last attempt of each call ended.
func keepLastAttempt(stack *middleware.Stack) error {
	call := func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		var last error // attempts of a call come one after the other
		out, metadata, err := next.HandleInitialize(context.WithValue(ctx, lastAttempt{}, &last), in)
		if last != nil && errors.Is(err, context.DeadlineExceeded) && !errors.Is(last, context.DeadlineExceeded) {
			err = &cutOffError{err, last}
		}
		return out, metadata, err
	}
	attempt := func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleFinalize(ctx, in)
		if last, ok := ctx.Value(lastAttempt{}).(*error); ok {
			*last = err
		}
		return out, metadata, err
	}
	if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("KeepLast", call), middleware.Before); err != nil {
		return err
	}
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("LastAttempt", attempt), middleware.After)
}
