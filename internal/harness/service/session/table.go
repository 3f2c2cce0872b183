package session

import (
	"context"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	minLifetime    = 13 * time.Minute
	lifetimeSpread = 4 * time.Minute
	// remembered is how long a session is known as expired before it is merely unknown.
	remembered = 15 * time.Minute
	// sweepInterval is how often what clients left behind is looked for.
	sweepInterval = 15 * time.Second
)

// A turn is what a running command came with.
type turn struct {
	ctx    context.Context
	call   *wire.Call
	ledger Ledger
}

// A session is one client's way to a ledger. What is before mu does not change.
type session struct {
	id         string // the request id of StartSession, by which drivers call it
	secret     secret
	region     string
	principal  string // ARN
	ledger     string // id
	ledgerName string

	mu sync.Mutex // held while a command has its turn
	// tx is the open transaction; one that the engine has let expire may still be here. nil if there is none.
	tx   *engine.Tx
	turn turn // of the command that runs
	// expired is the id of the last transaction that has expired; it is told so every time.
	expired string

	// Of the table, guarded by its mu.
	expires time.Time
	counted bool // as an active session of its ledger
	known   bool // found by its secret
}

// abort ends the session's transaction, if there is one. mu is held.
func (x *session) abort() {
	if x.tx != nil {
		x.tx.Abort()
		x.tx = nil
	}
}

// letExpire gives up a transaction that cannot be used any more. mu is held.
func (x *session) letExpire() {
	if x.tx != nil && !x.tx.Open() {
		x.expired = x.tx.ID()
		x.abort()
	}
}

// table is all sessions. Whoever holds its mu takes no session's.
type table struct {
	mu     sync.Mutex
	known  map[secret]*session
	active map[string]int // by ledger
	swept  time.Time
}

func newTable() table {
	return table{known: map[secret]*session{}, active: map[string]int{}}
}

// add adds a session unless its ledger has limit active ones at now.
func (t *table) add(x *session, limit int, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active[x.ledger] >= limit {
		for _, old := range t.known {
			t.age(old, now)
		}
	}
	if t.active[x.ledger] >= limit {
		return false
	}
	t.known[x.secret] = x
	x.known, x.counted = true, true
	t.active[x.ledger]++
	return true
}

func (t *table) find(s secret) (*session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x, ok := t.known[s]
	return x, ok
}

// lives says whether x is known and whether it is still active at now. A session that has expired stays so, even if
// the clock is moved back.
func (t *table) lives(x *session, now time.Time) (known, active bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.age(x, now)
	return x.known, x.counted
}

// age makes x inactive when its time is over. When the clock was set back to before x began, its time starts again, so
// that one that nobody uses any more still ends. mu is held.
func (t *table) age(x *session, now time.Time) {
	if !now.Before(x.expires) {
		t.uncount(x)
	}
	if latest := now.Add(minLifetime + lifetimeSpread); x.counted && x.expires.After(latest) {
		x.expires = latest
	}
}

func (t *table) remove(x *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uncount(x)
	x.known = false
	delete(t.known, x.secret)
}

// uncount makes x inactive. mu is held.
func (t *table) uncount(x *session) {
	if !x.counted {
		return
	}
	x.counted = false
	if t.active[x.ledger]--; t.active[x.ledger] == 0 {
		delete(t.active, x.ledger)
	}
}

func (t *table) all() []*session {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]*session, 0, len(t.known))
	for _, x := range t.known {
		all = append(all, x)
	}
	return all
}

// due says whether it is time to sweep and when it will be next; zero is never.
func (t *table) due(now time.Time) (sweep bool, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) == 0 {
		return false, time.Time{}
	}
	if next = t.swept.Add(sweepInterval); now.Before(next) && !now.Before(t.swept) {
		return false, next
	}
	t.swept = now
	return true, now.Add(sweepInterval)
}

// Tick gives back what clients left behind, and says when to call it next; zero is not before the next command.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) {
	now := s.cfg.Clock.Now()
	sweep, next := s.sessions.due(now)
	if !sweep {
		return next, nil
	}
	for _, x := range s.sessions.all() {
		if ctx.Err() != nil {
			return next, ctx.Err()
		}
		if x.mu.TryLock() { // else it is in use; later will do
			s.tidy(x, now)
			x.mu.Unlock()
		}
	}
	return next, nil
}

// tidy gives back what x does not need at now. x.mu is held.
func (s *Service) tidy(x *session, now time.Time) {
	_, active := s.sessions.lives(x, now)
	switch { // expires does not change once x is inactive
	case active:
		x.letExpire()
	case now.Sub(x.expires) < remembered:
		x.abort()
	default:
		x.abort()
		s.sessions.remove(x)
	}
}
