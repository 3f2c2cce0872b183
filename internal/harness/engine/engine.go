// Package engine runs the transactions of a ledger over its log.
//
// A Ledger is one ledger as its single writer sees it. A transaction reads the state after some block, its snapshot,
// keeps its writes to itself, and at its commit becomes the next block, unless what it read was changed meanwhile:
//
//	Begin            snapshot: the blocks that are durable and indexed
//	Execute          parse, plan, eval over the snapshot and the own writes; every read is noted (conflict.go)
//	Commit           digest, age, conflicts, limits; the block is built and queued (commit.go)
//	                 all queued blocks are appended to the log with one sync, then applied to the index (group.go)
//
// The log is the truth. The index holds nothing that the log does not tell, and Open applies again what a crash took
// from it (recover.go), with the code that also applies what was just committed (apply.go).
//
// What is under which key of the index, with numbers in big-endian; a place is 10 bytes, the block that created the
// document and its number among that block's revisions, so that places sort as documents were created:
//
//	'c'                              the catalog
//	'd' table(22) place              the newest revision of a document (row.go)
//	'h' table(22) place version(8)   an older revision
//	'l' document(22)                 table and place of a document
//	'x' index(22) hash(32) place     a document had the value with this hash in the indexed field: empty
//	'b' number(8)                    a block, without the data of its revisions
//	'm' level(1) index(8)            a node of the Merkle tree
//
// Snapshots hold nobody up. A reader whose snapshot is older than a newest revision goes on to the older ones, and an
// index entry is only a hint: the reader looks at the revision it sees. Entries and rows that no snapshot can need
// any more are removed along with later commits (garbage.go).
//
// Sources: Amazon QLDB developer guide, "Amazon QLDB concurrency model", "Quotas and limits", "Working with revision
// history".
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/parse"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// Config says what a ledger stands on.
type Config struct {
	Log   store.Log   // of this ledger alone
	Index store.Index // derived from Log
	// Sealer encrypts what goes into Log and Index. nil: nothing is encrypted.
	Sealer Sealer
	// Clock tells the time. It may be moved by tests, also backwards.
	Clock func() time.Time
	// Rand makes ids and page tokens; it must be fit for cryptography and for use by several goroutines.
	Rand io.Reader
	// StrandID names the strand of a ledger that is being created. "": a random one.
	StrandID string
	// OmitReadBlocks leaves transactions that only read out of the journal. The service wrote a block for every
	// transaction that executed a statement.
	OmitReadBlocks bool
	// PageRows and PageBytes limit a page of results. 0: 200 rows, 1 MiB of Ion binary.
	PageRows, PageBytes int
}

// Defaults and limits.
//
// Source: Amazon QLDB developer guide, "Quotas and limits in Amazon QLDB"; the size of pages was never documented.
const (
	defaultPageRows  = 200
	defaultPageBytes = 1 << 20

	transactionLifetime = 30 * time.Second
	maxDocuments        = 40      // written by one transaction
	maxDocumentBytes    = 1 << 17 // as Ion binary
	maxTransactionBytes = 4 << 20
	maxActiveTables     = 20
	maxTables           = 40 // with dropped ones

	statementCacheBytes = 8 << 20
)

// A Ledger is an open ledger. Its methods may be called from several goroutines.
type Ledger struct {
	cfg    Config
	term   store.Term // of the log, set by Open
	strand journal.StrandID

	// writer owns what the next block follows from; see commit.go.
	writer writer

	// appending and applying are slots, held by sending, for the two steps of a group; see group.go.
	appending, applying chan struct{}

	// published is the state that Begin hands out. It changes while applying is held.
	published atomic.Pointer[state]

	garbage garbage // used while applying is held

	snapshots  snapshots
	statements *parse.Cache

	// begun is the latest time at which a transaction began, in milliseconds since 1970.
	begun atomic.Int64

	mu      sync.Mutex
	failed  error         // why nothing works any more until the ledger is opened again
	stopped chan struct{} // closed when failed is set
}

// A state is the ledger after some block. It does not change once made.
type state struct {
	next     uint64 // blocks before this one are in it
	catalog  *catalog
	frontier merkle.Frontier
	last     time.Time     // timestamp of the last block
	replaced chan struct{} // closed when there is a newer state
}

// ErrClosed is returned by every use of a ledger after Close.
var ErrClosed = errors.New("the ledger is closed")

// A FailedError says that the storage of a ledger failed. The ledger must be opened again, which finds out what was
// written. It matches store.ErrUncertain if it is not known whether the transaction at hand was committed.
type FailedError struct{ Err error }

func (e *FailedError) Error() string { return "the ledger's storage has failed: " + e.Err.Error() }

// Unwrap returns the failure.
func (e *FailedError) Unwrap() error { return e.Err }

// Open opens a ledger and makes it the writer of its log. A log without blocks gets its first one.
//
// Errors: *journal.MismatchError and *journal.FormatError for a log that does not hold one chain of blocks,
// *IndexAheadError, and those of the log and the index.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	if cfg.Sealer == nil {
		cfg.Sealer = plain{}
	}
	if cfg.PageRows == 0 {
		cfg.PageRows = defaultPageRows
	}
	if cfg.PageBytes == 0 {
		cfg.PageBytes = defaultPageBytes
	}
	l := newLedger(cfg)
	if err := l.recover(ctx); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return l, nil
}

func newLedger(cfg Config) *Ledger {
	l := &Ledger{
		cfg: cfg, appending: make(chan struct{}, 1), applying: make(chan struct{}, 1), stopped: make(chan struct{}),
		statements: parse.NewCache(statementCacheBytes),
	}
	l.writer.conflicts.last = map[token]uint64{}
	l.garbage.last = map[string]uint64{}
	return l
}

// StrandID is the id of the ledger's one strand.
func (l *Ledger) StrandID() string { return string(l.strand) }

// Blocks is the number of blocks that are durable and can be read.
func (l *Ledger) Blocks() uint64 { return l.published.Load().next }

// Close waits for commits that have begun. It closes neither the log nor the index. Later calls do nothing.
func (l *Ledger) Close() error {
	l.fail(ErrClosed)
	for l.flush() {
	}
	l.applying <- struct{}{} // the last group may still be on its way
	<-l.applying
	return nil
}

// fail makes every later use of the ledger return err, unless there is a reason already.
func (l *Ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = err
		close(l.stopped)
	}
}

// Err is why the ledger can no longer be used, nil while it can. It is a *FailedError after a failure of the storage,
// ErrClosed after Close.
func (l *Ledger) Err() error { return l.usable() }

func (l *Ledger) usable() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}
