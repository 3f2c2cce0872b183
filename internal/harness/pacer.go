package harness

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
)

// tick does whatever is due in one service and returns when it wants to be called next; zero is never.
type tick func(context.Context) (next time.Time, err error)

// overState is t, which looks at nothing but the state and the clock, called only when it may find more to do than
// last time: when the state has changed since, when its next time has come, or when the clock was set back. Most calls
// change no state. version says how often the state has changed.
func overState(version func() uint64, now func() time.Time, t tick) tick {
	var seen uint64
	var next, last time.Time
	idle := false
	return func(ctx context.Context) (time.Time, error) {
		at, when := version(), now() // before t looks: what changes meanwhile is for the next call
		due := !next.IsZero() && !when.Before(next)
		if idle && at == seen && !due && !when.Before(last) {
			return next, nil
		}
		var err error
		next, err = t(ctx)
		seen, last, idle = at, when, err == nil
		return next, err
	}
}

// retryAfter is how long the pacer waits, on the harness clock, after a tick that failed.
const retryAfter = time.Second

// pacer calls the services' ticks when they are due, and after each request, which may have made something due.
type pacer struct {
	clock clock.Clock
	log   *slog.Logger
	ticks []tick
	mu    sync.Mutex // one round at a time
	poked chan struct{}
	quit  context.CancelFunc
	done  chan struct{}
}

func newPacer(c clock.Clock, log *slog.Logger, ticks ...tick) *pacer {
	ctx, quit := context.WithCancel(context.Background())
	p := &pacer{clock: c, log: log, ticks: ticks, poked: make(chan struct{}, 1), quit: quit, done: make(chan struct{})}
	go p.run(ctx)
	return p
}

// poke asks for a look at what is due. It never blocks.
func (p *pacer) poke() {
	select {
	case p.poked <- struct{}{}:
	default:
	}
}

func (p *pacer) stop() {
	p.quit()
	<-p.done
}

func (p *pacer) run(ctx context.Context) {
	defer close(p.done)
	for {
		next, err := p.round(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			p.log.Error("work that was due was not done; it is tried again", "error", err)
			if again := p.clock.Now().Add(retryAfter); next.IsZero() || again.Before(next) {
				next = again
			}
		}
		if !p.wait(ctx, next) {
			return
		}
	}
}

// wait returns true when next is reached or somebody poked, false when it is time to stop.
func (p *pacer) wait(ctx context.Context, next time.Time) bool {
	var reached <-chan struct{} // nil blocks for ever
	if !next.IsZero() {
		var stop func()
		reached, stop = p.clock.Until(next)
		defer stop()
	}
	select {
	case <-ctx.Done():
		return false
	case <-reached:
	case <-p.poked:
	}
	return true
}

// round calls every tick once. The error is the first one's; the others are called all the same.
func (p *pacer) round(ctx context.Context) (next time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.ticks {
		at, tickErr := t(ctx)
		if tickErr != nil && err == nil {
			err = tickErr
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, err
}

// settle calls the ticks until nothing more is due now.
func (p *pacer) settle(ctx context.Context) error {
	for {
		next, err := p.round(ctx)
		if err != nil || next.IsZero() || next.After(p.clock.Now()) {
			p.poke() // the pacer's own wait is for an older next
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
