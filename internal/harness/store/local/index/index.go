// Package index keeps the derived, ordered view of one ledger in an embedded store.
//
// It is the store.Index of one process, on Pebble. Nothing is synced while a ledger works: the ledger's log is the
// write-ahead log, so Pebble's own is off, and what a crash takes from memory is applied again from the log. Pebble
// writes tables in the order of the changes, so what a crash leaves is the state after some earlier Apply, whole.
//
//	0x00 "format"      "qldbkms-index 1 ", then the id of the log in hexadecimal
//	0x00 "position"    8 bytes, big-endian
//	0x00 "forget" key  the end of a range whose old values have to leave the files
//	0x01 key           everything else
//
// Blocks of its tables carry checksums; one that does not check ends the use of the index with a *DamagedError.
// Deleting the directory while no process uses it is always safe.
//
// BUG(index): Pebble ends the process when it cannot write its list of tables, as on a full disk. Nothing is lost,
// since the log has everything.
package index

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// Options says how to keep an index. The zero value is right for programs.
type Options struct {
	// FS holds the directory. nil: the machine's file system.
	FS vfs.FS
	// CacheBytes is the size of the cache of blocks of tables; it is used as needed. 0: 128 MiB.
	CacheBytes int64
	// MemoryBytes is how much is held in memory before it is written to a table; a crash costs at most about twice
	// as much replay. 0: 16 MiB.
	MemoryBytes uint64
	// Log hears of Pebble's own errors. nil: nothing is logged.
	Log *slog.Logger
}

// ErrClosed is returned by every use of an Index after Close.
var ErrClosed = errors.New("the index is closed")

// ErrForeign is returned by Open for a directory that holds the index of another ledger, or of another format.
var ErrForeign = errors.New("it is the index of another ledger or of another version of this program")

// Index is an open index. It is a store.Index; its methods may be called from several goroutines.
type Index struct {
	db *pebble.DB

	// mu is held for reading by every use, for writing by Close.
	mu     sync.RWMutex
	closed bool

	// failure is the first error of the work that Pebble does behind our backs, damage the first sign that a file is
	// not as it was written.
	failure atomic.Pointer[error]
	damage  atomic.Pointer[DamagedError]

	forgetting forgetting
	closing    context.CancelFunc // lets go what waits since the failure, see onceFailed
}

// A DamagedError says that a file of the index is not as it was written. Nothing is read from the index any more. It
// can be deleted while no process uses it, and is made again from the log.
type DamagedError struct {
	File string // path
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("index file %s is damaged: %v", e.File, e.Err)
}

// Unwrap returns what was noticed.
func (e *DamagedError) Unwrap() error { return e.Err }

var (
	formatKey   = []byte("\x00format")
	positionKey = []byte("\x00position")
)

const dataPrefix = 0x01

// Open opens the index in dir and makes an empty one where there is none. id is the id of the log that it is derived
// from.
func Open(dir string, id [16]byte, o Options) (*Index, error) {
	cache := pebble.NewCache(orDefault(o.CacheBytes, 128<<20))
	defer cache.Unref()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	closing, endOfUse := context.WithCancel(context.Background())
	x := &Index{forgetting: newForgetting(), closing: endOfUse}
	options := &pebble.Options{
		FS: onceFailed{o.FS, x.forgetting.failed, closing}, Cache: cache, DisableWAL: true,
		MemTableSize:       orDefault(o.MemoryBytes, 16<<20),
		FormatMajorVersion: pebble.FormatNewest, Logger: logger{o.Log},
		// When this much waits to be written Pebble makes Apply wait, for ever if the disk takes nothing. So it must
		// be more than what comes in before a failure is noticed.
		MemTableStopWritesThreshold: 64, L0StopWritesThreshold: 1000,
	}
	for i := range options.Levels {
		options.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	options.EventListener = &pebble.EventListener{
		BackgroundError: func(err error) {
			x.failure.CompareAndSwap(nil, &err)
			x.forgetting.giveUp()
		},
		// Without this, Pebble ends the process.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			x.damage.CompareAndSwap(nil, &DamagedError{File: info.Path, Err: info.Details})
		},
	}
	db, err := pebble.Open(dir, options)
	if err != nil {
		endOfUse()
		return nil, fmt.Errorf("open index %s: %w", dir, err)
	}
	x.db = db
	err = x.claim(id)
	if err == nil {
		err = x.forget(context.Background()) // what a crash left undone
	}
	if err != nil {
		return nil, fmt.Errorf("open index %s: %w", dir, errors.Join(err, x.end()))
	}
	return x, nil
}

func orDefault[T int64 | uint64](n, otherwise T) T {
	if n == 0 {
		return otherwise
	}
	return n
}

// claim refuses a foreign index and marks a new one.
func (x *Index) claim(id [16]byte) error {
	want := []byte("qldbkms-index 1 " + hex.EncodeToString(id[:]))
	got, found, err := get(x.db, formatKey)
	switch {
	case err != nil:
		return err
	case !found:
		return x.db.Set(formatKey, want, pebble.NoSync)
	case !bytes.Equal(got, want):
		return ErrForeign
	}
	return nil
}

// get copies the value at a key of Pebble's.
func get(r pebble.Reader, key []byte) ([]byte, bool, error) {
	value, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	value = bytes.Clone(value)
	return value, true, closer.Close()
}

func (x *Index) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x.mu.RLock()
	if x.closed {
		x.mu.RUnlock()
		return ErrClosed
	}
	if damage := x.damage.Load(); damage != nil {
		x.mu.RUnlock()
		return damage
	}
	return nil
}

// Position implements store.Index.
func (x *Index) Position(ctx context.Context) (uint64, error) {
	if err := x.enter(ctx); err != nil {
		return 0, err
	}
	defer x.mu.RUnlock()
	return position(x.db)
}

func position(r pebble.Reader) (uint64, error) {
	value, found, err := get(r, positionKey)
	if err != nil || !found {
		return 0, err
	}
	if len(value) != 8 {
		return 0, fmt.Errorf("read position of index: it has %d bytes, want 8", len(value))
	}
	return binary.BigEndian.Uint64(value), nil
}

// Apply implements store.Index. When memory cannot be written to disk, Pebble tries again for ever and at last keeps
// everybody waiting; so the first such failure ends applying, and opening the index again goes on from what is there.
func (x *Index) Apply(ctx context.Context, to uint64, changes []store.Change) error {
	if err := x.enter(ctx); err != nil {
		return err
	}
	defer x.mu.RUnlock()
	if failure := x.failure.Load(); failure != nil {
		return fmt.Errorf("apply changes up to position %d: the index has failed before: %w", to, *failure)
	}
	b := x.db.NewBatch()
	defer func() { _ = b.Close() }() // it has nothing to say after Commit, and nothing to save before
	var key, end []byte
	forget := false
	for _, c := range changes {
		key = append(append(key[:0], dataPrefix), c.Key...)
		var err error
		switch c.Op {
		case store.OpPut:
			err = b.Set(key, c.Value, nil)
		case store.OpDelete:
			err = b.Delete(key, nil)
		case store.OpDeleteRange:
			end = append(append(end[:0], dataPrefix), c.Value...)
			err = b.DeleteRange(key, end, nil)
		case store.OpForget:
			forget = true
			err = b.Set(slices.Concat(forgetPrefix, c.Key), c.Value, nil)
		default:
			err = fmt.Errorf("unknown operation %d", c.Op)
		}
		if err != nil {
			return fmt.Errorf("apply changes up to position %d: %w", to, err)
		}
	}
	if err := b.Set(positionKey, binary.BigEndian.AppendUint64(nil, to), nil); err != nil {
		return err
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("apply changes up to position %d: %w", to, err)
	}
	if !forget {
		return nil
	}
	return x.forget(ctx)
}

// View implements store.Index.
func (x *Index) View(ctx context.Context, fn func(store.IndexReader) error) error {
	if err := x.enter(ctx); err != nil {
		return err
	}
	defer x.mu.RUnlock()
	defer x.forgetting.view()()
	s := x.db.NewSnapshot()
	err := fn(reader{s})
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Flush writes everything that is in memory to disk, so that a crash from here on costs no replay of it.
func (x *Index) Flush(ctx context.Context) error {
	if err := x.enter(ctx); err != nil {
		return err
	}
	defer x.mu.RUnlock()
	if failure := x.failure.Load(); failure != nil {
		return fmt.Errorf("flush index: it has failed before: %w", *failure)
	}
	return x.flush()
}

// Close waits for views, flushes and closes the files. Later calls do nothing.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	if x.failure.Load() != nil || x.damage.Load() != nil {
		return x.end() // a flush would try for ever
	}
	return errors.Join(x.flush(), x.end())
}

type reader struct{ s *pebble.Snapshot }

func (r reader) Get(key []byte) ([]byte, bool, error) {
	return get(r.s, append([]byte{dataPrefix}, key...))
}

func (r reader) Scan(start, end []byte) store.Cursor {
	it, err := r.s.NewIter(&pebble.IterOptions{
		LowerBound: append([]byte{dataPrefix}, start...), UpperBound: append([]byte{dataPrefix}, end...),
	})
	return &cursor{it: it, err: err}
}

type cursor struct {
	it      *pebble.Iterator
	started bool
	err     error
}

func (c *cursor) Next() bool {
	if c.err != nil {
		return false
	}
	if c.started {
		return c.it.Next()
	}
	c.started = true
	return c.it.First()
}

func (c *cursor) Key() []byte   { return c.it.Key()[1:] }
func (c *cursor) Value() []byte { return c.it.Value() }

func (c *cursor) Err() error {
	if c.err != nil {
		return c.err
	}
	return c.it.Error()
}

func (c *cursor) Close() {
	if c.it != nil {
		_ = c.it.Close() // repeats what Err said
	}
}

// logger passes on what Pebble says when something is wrong; its ordinary news are not for users.
type logger struct{ log *slog.Logger }

func (l logger) Infof(string, ...any) {}

func (l logger) Errorf(format string, args ...any) {
	l.log.Error("index", "err", fmt.Sprintf(format, args...))
}

// Fatalf is called by Pebble when it cannot go on; it must not return.
func (l logger) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	panic(fmt.Sprintf("index: "+format, args...))
}

var _ io.Closer = (*Index)(nil)
