package wire

import (
	"context"
	"errors"
)

// ErrDropped, returned by a fault's function, closes the connection without an answer.
var ErrDropped = errors.New("connection dropped on demand")

// ErrThrottled, returned by a fault's function, answers with the service's own words for too many requests.
var ErrThrottled = errors.New("throttled on demand")

// Faults decides which calls fail on demand. fault.Set implements it.
type Faults interface {
	// Inject is called once for every call that was authenticated and decoded. before runs ahead of the operation,
	// after when it took effect; either may be nil. The context ends when the client leaves. Their error replaces
	// the answer: a *Fault, ErrDropped, ErrThrottled or the context's.
	Inject(c *Call) (before, after func(context.Context) error)
}

func (s *Server) disturbBefore(x *exchange) error {
	if s.cfg.Faults == nil {
		return nil
	}
	var before func(context.Context) error
	before, x.after = s.cfg.Faults.Inject(x.call)
	if before == nil {
		return nil
	}
	return before(x.r.Context())
}

func (s *Server) disturbAfter(x *exchange) error {
	if x.after == nil {
		return nil
	}
	return x.after(x.r.Context())
}
