package cloudtrail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

const (
	// window is how long an event can be found. Source: CloudTrail API reference, LookupEvents.
	window = 90 * 24 * time.Hour
	// chunkAge is from which age of its first event on a chunk is full, so that chunks grow old as a whole.
	chunkAge = 24 * time.Hour
	// groupBytes are enough to be written without waiting for more.
	groupBytes = 256 << 10
	// maxPending is how much may wait to be written.
	maxPending = 16 << 20
	// retryAfter is how long a failed write waits for the next attempt.
	retryAfter = 2 * time.Second
)

// trail keeps events: the newest in memory, all of them in chunks.
type trail struct {
	cfg Config

	reading sync.Mutex // held while a log is open that is not in memory, or is removed

	mu      sync.Mutex // guards what follows
	order   uint64     // of the last event
	now     *chunk     // events are added to it; never nil
	former  *chunk     // the one before, or nil
	pending int        // bytes that are not in a log yet

	grown chan struct{} // something was added
	quit  chan struct{} // closed by stop: nothing more will be added
	err   error         // of write, once it has ended
}

// openTrail reads the newest chunk.
func openTrail(ctx context.Context, cfg Config) (*trail, error) {
	t := &trail{cfg: cfg, now: &chunk{}, grown: make(chan struct{}, 1), quit: make(chan struct{})}
	names, entries, err := t.list(ctx)
	if err != nil || len(names) == 0 {
		return t, err
	}
	name, last := names[len(names)-1], entries[len(entries)-1]
	t.order = last.Order
	if last.Full {
		return t, nil
	}
	if _, err := fmt.Sscanf(name, "%d", &t.now.number); err != nil {
		return nil, fmt.Errorf("chunk %s of the trail: %w", name, err)
	}
	if err := t.open(ctx, t.now, last); err != nil {
		return nil, fmt.Errorf("chunk %s of the trail: %w", name, err)
	}
	err = read(ctx, t.now.log, t.now.sealer, func(e event) error {
		t.now.events, t.now.bytes = append(t.now.events, e), t.now.bytes+e.size()
		t.order = max(t.order, e.Order)
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("chunk %s of the trail: %w", name, err), t.now.log.Close())
	}
	t.now.durable = len(t.now.events)
	return t, nil
}

// add keeps e. It is false if there is no room: the disk has been failing for long.
func (t *trail) add(e event) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending >= maxPending {
		return false
	}
	t.order++
	e.Order = t.order
	t.now.events, t.now.bytes = append(t.now.events, e), t.now.bytes+e.size()
	t.pending += e.size()
	select {
	case t.grown <- struct{}{}:
	default:
	}
	return true
}

// stop makes write finish. Nothing may be added after it.
func (t *trail) stop() { close(t.quit) }

// write writes down what is added: when it has waited for the linger time, when there is much of it, and at the end.
func (t *trail) write() {
	var due <-chan time.Time // nil: nothing waits
	failing := false
	flush := func() {
		due = nil
		err := t.flush(context.Background())
		switch {
		case err != nil && !failing:
			t.cfg.Log.Error("the trail is not written down; its newest events are in memory only", "error", err)
		case err == nil && failing:
			t.cfg.Log.Info("the trail is written down again")
		}
		if failing = err != nil; failing {
			due = time.After(retryAfter)
		}
		t.err = err
	}
	for {
		select {
		case <-t.grown:
			if due == nil {
				due = time.After(t.cfg.Linger)
			}
			if t.waiting() >= groupBytes && !failing {
				flush()
			}
		case <-due:
			flush()
		case <-t.quit:
			flush()
			return
		}
	}
}

func (t *trail) waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pending
}

// flush makes everything durable that was added before.
func (t *trail) flush(ctx context.Context) error {
	t.mu.Lock()
	c, pending, events := t.now, t.pending, t.now.events
	t.mu.Unlock()
	if len(events) == c.durable {
		return nil
	}
	err := t.writeChunk(ctx, c, events)
	if errors.Is(err, store.ErrStaleTerm) { // another process goes on with this chunk
		return t.leave(c)
	}
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.pending -= pending
	t.mu.Unlock()
	t.turn(ctx, c, events)
	return nil
}

// writeChunk appends to the log of c what is not in it yet of events.
func (t *trail) writeChunk(ctx context.Context, c *chunk, events []event) error {
	if c.log == nil {
		if err := t.reopen(ctx, c); err != nil {
			return fmt.Errorf("open a chunk of the trail: %w", err)
		}
	}
	if !c.acquired {
		if err := c.acquire(ctx); err != nil {
			return fmt.Errorf("go on with chunk %s of the trail: %w", chunkName(c.number), err)
		}
		if c.durable == len(events) {
			return nil
		}
	}
	plaintext, err := json.Marshal(events[c.durable:])
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	block, err := c.sealer.Seal(place(c.next), plaintext)
	if err != nil {
		return fmt.Errorf("seal events: %w", err)
	}
	c.attempted = len(events) - c.durable
	if err := c.log.Append(ctx, c.term, c.next, [][]byte{block}); err != nil {
		c.acquired = false
		return fmt.Errorf("write chunk %s of the trail: %w", chunkName(c.number), err)
	}
	c.durable, c.attempted, c.next = len(events), 0, c.next+1
	return nil
}

// reopen opens the log of c, which is in the list or is to be put there.
func (t *trail) reopen(ctx context.Context, c *chunk) error {
	if c.number == 0 {
		return t.make(ctx, c)
	}
	var e entry
	err := t.cfg.State.View(ctx, func(r store.Reader) (err error) {
		e, _, err = chunks.Get(r, chunkName(c.number))
		return err
	})
	if err != nil {
		return err
	}
	return t.open(ctx, c, e)
}

// acquire makes this process the writer of c, and finds out what became of a write whose outcome was not known.
func (c *chunk) acquire(ctx context.Context) error {
	term, next, err := c.log.Acquire(ctx)
	if err != nil {
		return err
	}
	if c.attempted > 0 && next == c.next+1 {
		c.durable += c.attempted
	}
	c.acquired, c.attempted, c.term, c.next = true, 0, term, next
	return nil
}

// turn begins the next chunk when c, whose events are all in its log, is large or old.
func (t *trail) turn(ctx context.Context, c *chunk, events []event) {
	t.mu.Lock()
	full := c.bytes >= t.cfg.ChunkBytes || !t.cfg.Clock.Now().Before(c.events[0].Time.Add(chunkAge))
	t.mu.Unlock()
	if !full {
		return
	}
	if err := t.finish(ctx, c, events); err != nil {
		t.cfg.Log.Warn("a chunk of the trail is full and goes on growing", "chunk", chunkName(c.number), "error", err)
		return
	}
	t.mu.Lock()
	t.former, t.now = c, c.split(len(events))
	t.mu.Unlock()
}

// split takes what comes after the first n events out of c into a chunk of its own. trail.mu is held.
func (c *chunk) split(n int) *chunk {
	rest := &chunk{}
	rest.events = append(rest.events, c.events[n:]...)
	for i := range rest.events {
		rest.bytes += rest.events[i].size()
	}
	c.events, c.bytes = c.events[:n:n], c.bytes-rest.bytes
	return rest
}

// leave goes on in a chunk of its own with what is not in the log of c.
func (t *trail) leave(c *chunk) error {
	t.mu.Lock()
	t.now, t.former = c.split(c.durable), nil
	t.mu.Unlock()
	log := c.log
	c.log = nil
	return errors.Join(log.Close(), t.flush(context.Background()))
}

// expire removes the chunks whose events are all too old to be found.
func (t *trail) expire(ctx context.Context) (next time.Time, err error) {
	names, entries, err := t.list(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for i, e := range entries {
		at := e.To.Add(window + time.Nanosecond)
		switch {
		case !e.Full:
		case at.After(t.cfg.Clock.Now()):
			if next.IsZero() || at.Before(next) {
				next = at
			}
		default:
			if err := t.remove(ctx, names[i], e); err != nil {
				return time.Time{}, fmt.Errorf("remove chunk %s of the trail: %w", names[i], err)
			}
		}
	}
	return next, nil
}

func (t *trail) remove(ctx context.Context, name string, e entry) error {
	t.reading.Lock()
	defer t.reading.Unlock()
	if err := t.cfg.Logs.RemoveLog(e.Log); err != nil {
		return err
	}
	return t.cfg.State.Update(ctx, func(w store.Writer) error { return chunks.Delete(w, name) })
}

// close closes the log that is written to, after write has ended.
func (t *trail) close() error {
	err := t.err
	t.err = nil
	if t.now.log != nil {
		err = errors.Join(err, t.now.log.Close())
		t.now.log = nil
	}
	return err
}
