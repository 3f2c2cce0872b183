package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// A pending is a block that was built and waits to become durable.
type pending struct {
	entry  entry
	number uint64
	keys   Held // by the commit that waits
	sealed []byte
	done   chan struct{} // closed when err is set
	err    error
}

// maxGroupBytes is how much is appended with one sync: enough for many commits, and little beside what the log takes
// at once.
const maxGroupBytes = 8 << 20

// wait returns when p is durable and applied, or has failed. Whoever waits works, if nobody else does: there is no
// goroutine to start or to stop. A context that ends stops nothing, since the block is part of the chain by now.
func (l *Ledger) wait(p *pending) error {
	for {
		select {
		case <-p.done:
			return p.err
		case l.appending <- struct{}{}:
			if !l.flushHeld() { // somebody has p already
				<-p.done
				return p.err
			}
		}
	}
}

// flush appends and applies one group. It reports whether there was one.
func (l *Ledger) flush() bool {
	l.appending <- struct{}{}
	return l.flushHeld()
}

// flushHeld is flush with appending held; it gives appending back. The next group is appended while this one is
// applied: the slot for applying is taken before the one for appending is given back, so groups stay in order.
func (l *Ledger) flushHeld() bool {
	group := l.writer.take()
	if len(group) == 0 {
		<-l.appending
		return false
	}
	err := l.append(group)
	l.applying <- struct{}{}
	<-l.appending
	for _, p := range group {
		if err == nil {
			err = l.applyDurable(p)
		}
		p.err = err
		close(p.done)
	}
	<-l.applying
	return true
}

// take removes the next group from the queue.
func (w *writer) take() []*pending {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, bytes := 0, 0
	for n < len(w.queue) && (n == 0 || bytes+len(w.queue[n].sealed) <= maxGroupBytes) {
		bytes += len(w.queue[n].sealed)
		n++
	}
	group := w.queue[:n:n]
	w.queue = w.queue[n:]
	return group
}

// append makes a group durable. After a failure nothing is appended any more: the blocks that come after in the queue
// follow from ones that may not be there.
func (l *Ledger) append(group []*pending) error {
	if err := l.usable(); err != nil && !errors.Is(err, ErrClosed) {
		return err
	}
	blocks := make([][]byte, len(group))
	for i, p := range group {
		blocks[i] = p.sealed
	}
	err := l.cfg.Log.Append(context.Background(), l.term, group[0].number, blocks)
	if err == nil {
		return nil
	}
	// What comes later was not begun, so its failure is certain.
	l.fail(&FailedError{Err: certain{err}})
	return &FailedError{Err: err}
}

// certain hides that the outcome of an earlier commit is not known.
type certain struct{ err error }

func (c certain) Error() string { return c.err.Error() }

// applyDurable applies a block that is in the log. If that fails the commit has happened all the same, but nobody
// here can see it: the ledger has to be opened again.
func (l *Ledger) applyDurable(p *pending) error {
	err := l.forget(context.Background(), p.entry.block.Redactions, p.keys)
	if err == nil {
		err = l.apply(context.Background(), p.entry, p.keys)
	}
	if err == nil {
		return nil
	}
	l.fail(&FailedError{Err: certain{err}})
	return &FailedError{Err: errors.Join(store.ErrUncertain, fmt.Errorf("after the block became durable: %w", err))}
}
