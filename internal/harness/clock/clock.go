// Package clock gives the harness a time that tests can move.
//
// Everything in the harness that depends on time (key deletion, rotation, expiry of imported material, a ledger's
// asynchronous transitions, signature age) asks a Clock, so that thirty days pass in a test as one call.
package clock

import (
	"math"
	"sync"
	"time"
)

// A Clock tells the time and announces when a moment is reached.
type Clock interface {
	// Now is the current time in UTC.
	Now() time.Time
	// Until returns a channel that is closed once Now is not before t. stop releases what the wait holds; it may be
	// called more than once. A t that has passed gives a closed channel.
	Until(t time.Time) (reached <-chan struct{}, stop func())
}

// Movable is a Clock that follows the machine's clock plus an offset, or stands still when frozen.
// Its methods may be called from several goroutines. Time never runs backwards by Advance; Set may move it back.
type Movable struct {
	mu      sync.Mutex
	base    func() time.Time
	offset  time.Duration // of a running clock to base
	frozen  bool
	at      time.Time // where a frozen clock stands
	waiters map[*waiter]struct{}
}

type waiter struct {
	at      time.Time
	reached chan struct{}
	timer   *time.Timer
	done    bool
}

// New returns a running clock over base, which is time.Now in programs and a fixed function in tests.
func New(base func() time.Time) *Movable {
	return &Movable{base: base, waiters: map[*waiter]struct{}{}}
}

// NewFrozen returns a clock that stands at t until it is moved or thawed.
func NewFrozen(t time.Time) *Movable {
	m := New(time.Now)
	m.frozen, m.at = true, plain(t)
	return m
}

// Now implements Clock.
func (m *Movable) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now()
}

func (m *Movable) now() time.Time {
	if m.frozen {
		return m.at
	}
	return plain(m.base().Add(m.offset))
}

// plain drops the zone and, as UTC does, the monotonic reading, so that a time equals itself after it was stored.
func plain(t time.Time) time.Time { return t.UTC() }

// Advance moves the clock by d and returns the new time. A negative d moves nothing.
func (m *Movable) Advance(d time.Duration) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	d = max(d, 0)
	if m.frozen {
		m.at = m.at.Add(d)
	} else {
		m.offset += min(d, math.MaxInt64-max(m.offset, 0)) // a sum that wrapped would run backwards
	}
	m.wake()
	return m.now()
}

// Set moves the clock to t; a frozen clock stays frozen there.
func (m *Movable) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.frozen {
		m.at = plain(t)
	} else {
		m.offset = t.Sub(plain(m.base()))
	}
	m.wake()
}

// Freeze stops the clock where it is; Thaw lets it run on from there.
func (m *Movable) Freeze() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frozen, m.at = true, m.now()
	m.wake()
}

// Thaw undoes Freeze. A running clock is left alone.
func (m *Movable) Thaw() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.frozen {
		return
	}
	m.frozen, m.offset = false, m.at.Sub(plain(m.base()))
	m.wake()
}

// Until implements Clock.
func (m *Movable) Until(t time.Time) (<-chan struct{}, func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := &waiter{at: t, reached: make(chan struct{})}
	m.waiters[w] = struct{}{}
	m.arm(w)
	return w.reached, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.drop(w)
	}
}

// wake looks at every waiter again after the clock was moved.
func (m *Movable) wake() {
	for w := range m.waiters {
		m.arm(w)
	}
}

// maxTimer is how long a wait goes on before it looks at the clock again: the machine's clock may be set, or may have
// gone on while the machine slept and timers did not.
const maxTimer = time.Minute

// arm closes w when it is due; otherwise, on a running clock, it sets a timer for the rest. m.mu is held.
func (m *Movable) arm(w *waiter) {
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
	left := w.at.Sub(m.now())
	if left <= 0 {
		m.drop(w)
		close(w.reached)
		return
	}
	if !m.frozen {
		w.timer = time.AfterFunc(min(left, maxTimer), func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if !w.done {
				m.arm(w)
			}
		})
	}
}

func (m *Movable) drop(w *waiter) {
	w.done = true
	if w.timer != nil {
		w.timer.Stop()
	}
	delete(m.waiters, w)
}
