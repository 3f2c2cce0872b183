package session_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// W77: the end of a ledger is the end of its sessions, also if another takes its name.
func TestLedgerDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone, replaced, drained := w.connect(t), w.connect(t), w.connect(t)
	drained.begin()
	gone.begin()
	old := w.ledgers.open[ledger]
	w.ledgers.set(func(l *ledgers) { delete(l.open, ledger) })
	wantFault(t, gone.commit(), invalid, "No such session")
	next := old
	next.ID = "another"
	w.ledgers.set(func(l *ledgers) { l.open[ledger] = next })
	wantFault(t, replaced.start(), invalid, "No such session")
	wantFault(t, gone.start(), invalid, "No such session")
	w.ledgers.set(func(l *ledgers) { l.open[ledger] = old })
	w.CloseLedger(old.ID)
	wantFault(t, drained.commit(), invalid, "No such session")
	wantFault(t, w.connect(t).start(), "", "")
}

// A ledger that was closed under a session is gone for it.
func TestLedgerClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	c.begin()
	if err := w.ledgers.open[ledger].Engine.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := c.execute("CREATE TABLE t")
	wantFault(t, err, invalid, "No such session")
}

// W78: commands of one session take turns; those of two do not wait for each other.
func TestTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	var running, most atomic.Int32
	w.ledgers.set(func(l *ledgers) {
		l.onFind = func() {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			for range 100 {
				runtime.Gosched()
			}
			running.Add(-1)
		}
	})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := c.abort(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d commands of a session ran at once", most.Load())
	}

	// One session is kept waiting in the middle of a command; another goes on.
	entered, leave := make(chan struct{}), make(chan struct{})
	var kept atomic.Bool
	w.ledgers.set(func(l *ledgers) {
		l.onFind = func() {
			if kept.CompareAndSwap(false, true) {
				close(entered)
				<-leave
			}
		}
	})
	all.Go(func() {
		if err := c.abort(); err != nil {
			t.Error(err)
		}
	})
	<-entered
	w.connect(t).transact("CREATE TABLE t")
	close(leave)
	all.Wait()
}

// Close waits for what runs, also for a session that is only being started, and refuses what comes.
func TestClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.ledgers.set(func(l *ledgers) { l.onFind = func() { once.Do(func() { close(entered); <-leave }) } })
	var left atomic.Bool
	var all sync.WaitGroup
	all.Go(func() { wantFault(t, w.tryConnect(), "", "") })
	<-entered
	all.Go(func() {
		w.Close()
		if !left.Load() {
			t.Error("Close did not wait for a command")
		}
	})
	for range 1000 {
		runtime.Gosched()
	}
	left.Store(true)
	close(leave)
	all.Wait()
	wantFault(t, c.abort(), "ServiceUnavailable", "The service is stopping.")
}

// A client that goes away leaves nothing that stays: its transaction is given up by Tick.
func TestTickReleases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	c.begin()
	if next, want := tick(t, w), start.Add(15*time.Second); !next.Equal(want) {
		t.Errorf("Tick wants to be called at %v, want %v", next, want)
	}
	w.clock.Advance(31 * time.Second)
	tick(t, w)
	if n := w.OpenTransactions(); n != 0 {
		t.Errorf("%d transactions are held", n)
	}
	c.begin()
	w.clock.Advance(17 * time.Minute)
	tick(t, w)
	if n := w.OpenTransactions(); n != 0 {
		t.Errorf("%d transactions are held after their session", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.clock.Advance(time.Minute)
	if _, err := w.Tick(ctx); err == nil {
		t.Error("Tick went on after its context had ended")
	}
}
