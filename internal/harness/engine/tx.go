package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A Tx is one transaction. Its methods may be called from several goroutines; they take turns.
type Tx struct {
	ledger *Ledger
	id     string
	began  time.Time
	base   *state // the snapshot
	allow  func(Need) error
	status atomic.Int32 // changed while mu is held

	mu         sync.Mutex
	since      time.Time // from which its lifetime counts
	digest     journal.CommitDigest
	info       []journal.Statement
	reads      map[token]struct{}
	writes     map[string]*write // by document id; those of finished statements
	order      []string          // of writes, by the first statement that touched the document
	created    uint16            // documents so far, for their order
	bytes      int               // of statements
	catalog    *catalog          // as changed by ddl
	ddl        []ddl
	redactions []journal.RedactedRevision
	pages      map[string]*results // by token
}

// A write is the state of one document after the statements so far. It does not change once it is in Tx.writes.
type write struct {
	document   string
	table      plan.Table
	place      place
	base       *row      // what the snapshot has; nil for a new document
	old        ion.Value // the document in base
	data       ion.Value
	encoded    []byte // data as Ion binary
	deleted    bool
	statements []int
}

// gone says that a document was both inserted and deleted, so that nothing is left of it.
func (w *write) gone() bool { return w.base == nil && w.deleted }

// The statuses of a transaction.
const (
	open int32 = iota
	committed
	aborted
	expired
)

// A Need is one thing that a statement must be allowed to do.
type Need struct {
	plan.Need
	// Tags are, of a TableObject, those that the table was created with, and of AnyTable those that the statement gives
	// the table it creates. They are not to be changed.
	Tags map[string]string
}

// The kinds of resources that a Need is about.
const (
	TableObject   = plan.TableObject
	AnyTable      = plan.AnyTable
	CatalogObject = plan.CatalogObject
)

// Begin starts a transaction. allow is asked before a statement has any effect; its error is returned by Execute as
// it is. nil allows everything.
func (l *Ledger) Begin(ctx context.Context, allow func(Need) error) (*Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := l.usable(); err != nil {
		return nil, err
	}
	id, err := l.newID()
	if err != nil {
		return nil, err
	}
	began := l.begin()
	t := &Tx{
		ledger: l, id: id, began: began, since: began, allow: allow, digest: journal.StartDigest(journal.TxID(id)),
		reads: map[token]struct{}{}, writes: map[string]*write{}, pages: map[string]*results{},
	}
	l.snapshots.begin(t)
	t.catalog = t.base.catalog
	return t, nil
}

// begin is the time at which a transaction begins. No block that comes later will be earlier, however the clock is
// moved: so what a transaction has seen of a past that is over by then stays true.
func (l *Ledger) begin() time.Time {
	now := l.cfg.Clock()
	for {
		latest := l.begun.Load()
		if now.UnixMilli() <= latest || l.begun.CompareAndSwap(latest, now.UnixMilli()) {
			return now
		}
	}
}

// ID is the transaction's id.
func (t *Tx) ID() string { return t.id }

// Digest is the commit digest over the statements so far.
func (t *Tx) Digest() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]byte(nil), t.digest[:]...)
}

// Abort ends the transaction without effect. One that is over stays as it is.
func (t *Tx) Abort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status.Load() == open {
		t.end(aborted)
	}
}

// Open reports whether the transaction can still be used. An expired one can not.
func (t *Tx) Open() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.alive(context.Background()) == nil
}

// end drops everything that only an open transaction needs.
func (t *Tx) end(status int32) {
	t.status.Store(status)
	t.pages = nil
}

// alive says why the transaction cannot be used. mu is held.
func (t *Tx) alive(ctx context.Context) error {
	if t.status.Load() == open && t.aged() {
		t.end(expired)
	}
	switch t.status.Load() {
	case expired:
		return &ExpiredError{TxID: t.id}
	case committed, aborted:
		return errNoTransaction
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.ledger.usable()
}

// over reports whether nobody reads through the transaction's snapshot any more. A statement that runs longer than
// the transaction may live keeps its snapshot until it is done.
func (t *Tx) over() bool {
	if t.status.Load() != open {
		return true
	}
	if !t.mu.TryLock() {
		return false
	}
	defer t.mu.Unlock()
	if t.aged() {
		t.end(expired)
	}
	return t.status.Load() != open
}

// aged reports whether the transaction's time is over. When the clock was set back to before the transaction began, its
// time starts again, so that one that nobody uses any more still ends. mu is held.
func (t *Tx) aged() bool {
	now := t.ledger.cfg.Clock()
	if now.Before(t.since) {
		t.since = now
	}
	return now.Sub(t.since) > transactionLifetime
}
