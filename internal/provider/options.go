package provider

import (
	"net/http"
	"time"
)

// An Option changes how the provider runs, never what it means. Only tests need one.
type Option func(*options)

type options struct {
	transport http.RoundTripper
	interval  time.Duration // between polls of a waiter; zero: the waiter's own
	hits      int           // equal answers in a row that end a wait; zero: the waiter's own
}

// WithHTTPTransport sends every AWS request through rt instead of the network.
func WithHTTPTransport(rt http.RoundTripper) Option {
	return func(o *options) { o.transport = rt }
}

// WithPolling makes waiters ask every interval and stop after hits equal answers in a row.
func WithPolling(interval time.Duration, hits int) Option {
	return func(o *options) { o.interval, o.hits = interval, hits }
}
