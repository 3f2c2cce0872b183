package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// journals holds the engines of the ledgers, opened when they are first needed. It implements qldb.Journals.
type journals struct {
	store *local.Store
	clock clock.Clock
	rand  io.Reader
	log   *slog.Logger
	gone  func(id string) // told before a ledger is closed for good

	mu     sync.Mutex
	open   map[string]*openJournal // by ledger id
	closed bool
}

// openJournal is a ledger that is open, or being opened until ready is closed.
type openJournal struct {
	ready  chan struct{}
	err    error
	store  local.LedgerStore
	opened bool // store is
	engine *engine.Ledger
}

var errJournalsClosed = errors.New("the harness is closing")

// Open implements qldb.Journals. A ledger whose storage failed is opened anew, which finds out what was written.
func (j *journals) Open(ctx context.Context, id string, keys engine.Sealer) (*engine.Ledger, error) {
	o, mine, err := j.claim(id)
	if err != nil {
		return nil, err
	}
	if mine {
		// Others may wait for this: it goes on when its own client leaves.
		o.err = j.openInto(context.WithoutCancel(ctx), id, keys, o)
		if o.err != nil {
			j.forget(id, o)
		}
		close(o.ready)
	}
	select {
	case <-o.ready:
		return o.engine, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// claim returns the entry of a ledger; mine says that the caller has to open it.
func (j *journals) claim(id string) (o *openJournal, mine bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, false, errJournalsClosed
	}
	if o, ok := j.open[id]; ok && !o.failed() {
		return o, false, nil
	} else if ok {
		j.log.Warn("a ledger is opened again after its storage failed", "ledger", id, "error", o.engine.Err())
		if err := o.close(); err != nil {
			j.log.Warn("close the failed ledger", "ledger", id, "error", err)
		}
	}
	o = &openJournal{ready: make(chan struct{})}
	j.open[id] = o
	return o, true, nil
}

func (o *openJournal) failed() bool {
	select {
	case <-o.ready:
		return o.engine != nil && o.engine.Err() != nil
	default:
		return false
	}
}

func (j *journals) forget(id string, o *openJournal) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.open[id] == o {
		delete(j.open, id)
	}
}

func (j *journals) openInto(ctx context.Context, id string, keys engine.Sealer, o *openJournal) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open the journal of ledger %s: %w", id, errors.Join(err, o.close()))
		}
	}()
	if o.store, err = j.store.Ledger(ctx, id); err != nil {
		return err
	}
	o.opened = true
	o.engine, err = engine.Open(ctx, engine.Config{
		Log: o.store.Log, Index: o.store.Index, Sealer: keys, Clock: j.clock.Now, Rand: j.rand,
	})
	return err
}

// Remove implements qldb.Journals.
func (j *journals) Remove(ctx context.Context, id string) error {
	j.gone(id)
	j.mu.Lock()
	o := j.open[id]
	delete(j.open, id)
	j.mu.Unlock()
	if o != nil {
		<-o.ready
		if err := o.close(); err != nil {
			return fmt.Errorf("close the journal of ledger %s: %w", id, err)
		}
	}
	return j.store.RemoveLedger(ctx, id)
}

// Close closes every ledger. Nothing can be opened afterwards.
func (j *journals) Close() error {
	j.mu.Lock()
	j.closed = true
	all := j.open
	j.open = nil
	j.mu.Unlock()
	var errs []error
	for id, o := range all {
		<-o.ready
		if err := o.close(); err != nil {
			errs = append(errs, fmt.Errorf("close the journal of ledger %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// close closes what is open, the engine first.
func (o *openJournal) close() error {
	var errs []error
	if o.engine != nil {
		errs = append(errs, o.engine.Close())
	}
	if o.opened {
		errs = append(errs, o.store.Close())
	}
	return errors.Join(errs...)
}
