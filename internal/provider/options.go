package provider

import (
	"context"
	"net/http"
	"time"
)

// An Option changes how the provider runs, never what it means. Only tests need one.
type Option func(*options)

type options struct {
	transport http.RoundTripper
	interval  time.Duration // between polls of a waiter; zero: the waiter's own
	hits      int           // equal answers in a row that end a wait; zero: the waiter's own
	clock     Clock
}

// A Clock tells time to waiters. Sleep returns early with the context's error.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// WithHTTPTransport sends every AWS request through rt instead of the network.
func WithHTTPTransport(rt http.RoundTripper) Option {
	return func(o *options) { o.transport = rt }
}

// WithPolling makes waiters ask every interval and stop after hits equal answers in a row.
func WithPolling(interval time.Duration, hits int) Option {
	return func(o *options) { o.interval, o.hits = interval, hits }
}

// WithClock gives waiters another clock.
func WithClock(c Clock) Option {
	return func(o *options) { o.clock = c }
}

// systemClock is the clock of the shipped binary.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
