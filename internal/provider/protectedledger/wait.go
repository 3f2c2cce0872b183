package protectedledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	firstInterval = 2 * time.Second
	lastInterval  = 15 * time.Second
	lookPatience  = 10 * time.Second // for a last look after an interrupt
	// In a row, before a wait gives up.
	maxTransient = 5
	maxDenied    = 3
)

// A wait polls one thing until it is as wanted.
type wait[T any] struct {
	For    string // "ledger \"orders\" to become ACTIVE"
	Find   func(context.Context) (T, error)
	Status func(T) string
	Done   func(T) bool
	Failed func(T) error // not nil ends the wait; nil: nothing is fatal
	Gone   bool          // not found is what is waited for
	Hits   int           // equal readings in a row; 0 means 1
	Every  time.Duration // between polls; 0: 2 s growing to 15 s, with jitter
	Limit  time.Duration
}

// How a wait ended without what was waited for.
var (
	errTimeout     = errors.New("time is up")
	errInterrupted = errors.New("interrupted")
	errVanished    = errors.New("it is gone")
	errOther       = errors.New("stable, and different from what was asked for")
)

// A waitError says how a wait ended and what was seen last. Unwrap gives errTimeout, errInterrupted, errVanished or the
// error of a poll.
type waitError struct {
	For     string
	Last    string
	Elapsed time.Duration
	Err     error
}

// Error implements error.
func (e *waitError) Error() string {
	return fmt.Sprintf("wait for %s, last seen %s after %s: %v", e.For, e.Last, e.Elapsed.Round(time.Second), e.Err)
}

// Unwrap gives the cause.
func (e *waitError) Unwrap() error { return e.Err }

// await polls until w.Done held w.Hits times in a row. It always returns the last reading.
func await[T any](ctx context.Context, o Options, w wait[T]) (T, error) {
	p := poller[T]{wait: w, opts: o, start: o.Now(), last: "nothing"}
	for {
		done, err := p.poll(ctx)
		if done || err != nil {
			return p.reading, err
		}
		if o.Now().Sub(p.start) >= w.Limit {
			return p.reading, p.failed(errTimeout)
		}
		if err := o.Sleep(ctx, p.next()); err != nil {
			return p.reading, p.failed(stopped(ctx, err))
		}
	}
}

// stopped tells an interrupt from a deadline.
func stopped(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return errTimeout
	}
	return errInterrupted
}

type poller[T any] struct {
	wait    wait[T]
	opts    Options
	start   time.Time
	reading T
	found   bool
	last    string
	every   time.Duration
	hits    int
	strange int // transient errors in a row
	denied  int
}

func (p *poller[T]) failed(err error) error {
	return &waitError{For: p.wait.For, Last: p.last, Elapsed: p.opts.Now().Sub(p.start), Err: err}
}

func (p *poller[T]) poll(ctx context.Context) (bool, error) {
	reading, err := p.wait.Find(ctx)
	if err != nil {
		return p.pollError(ctx, err)
	}
	p.reading, p.found, p.strange, p.denied = reading, true, 0, 0
	if status := p.wait.Status(reading); status != p.last {
		p.last = status
		tflog.Info(ctx, "waiting for "+p.wait.For, map[string]any{"status": status})
	}
	if p.wait.Failed != nil {
		if err := p.wait.Failed(reading); err != nil {
			return false, p.failed(err)
		}
	}
	if p.wait.Done == nil || !p.wait.Done(reading) {
		p.hits = 0
		return false, nil
	}
	p.hits++
	want := max(p.wait.Hits, 1)
	if p.opts.Hits > 0 && p.wait.Hits > 1 {
		want = p.opts.Hits
	}
	return p.hits >= want, nil
}

// pollError decides whether a failed poll ends the wait.
func (p *poller[T]) pollError(ctx context.Context, err error) (bool, error) {
	switch {
	case ctx.Err() != nil:
		return false, p.failed(stopped(ctx, err))
	case isNotFound(err) && p.wait.Gone:
		return true, nil
	case isNotFound(err) && p.found:
		return false, p.failed(errVanished)
	case isNotFound(err):
		return false, nil // not known everywhere yet
	case isDenied(err):
		p.denied++
		if p.denied >= maxDenied {
			return false, p.failed(err)
		}
		return false, nil
	case isTransient(err):
		p.strange++
		if p.strange >= maxTransient {
			return false, p.failed(err)
		}
		return false, nil
	}
	return false, p.failed(err)
}

// next gives the time to the next poll: fixed, or growing, give or take a fifth so that many ledgers spread out.
func (p *poller[T]) next() time.Duration {
	if p.opts.PollInterval > 0 {
		return p.opts.PollInterval
	}
	if p.wait.Every > 0 {
		return p.wait.Every
	}
	if p.every == 0 {
		p.every = firstInterval
	} else {
		p.every = min(p.every*3/2, lastInterval)
	}
	return time.Duration(float64(p.every) * (0.8 + 0.4*p.opts.Random()))
}

// retry repeats call while patience gives the error more time than has passed.
func retry(ctx context.Context, o Options, patience func(error) time.Duration, call func(context.Context) error) error {
	start := o.Now()
	p := poller[struct{}]{opts: o}
	for {
		err := call(ctx)
		if err == nil || o.Now().Sub(start) >= patience(err) {
			return err
		}
		tflog.Info(ctx, "trying again", map[string]any{"error": code(err)})
		if o.Sleep(ctx, p.next()) != nil {
			return err
		}
	}
}
