// Package ledgerlog keeps the log of one ledger in a directory of segment files.
//
// It is the store.Log of one process: whoever opens the directory must hold the data directory's lock. The files are
// those of package segment, which tells a torn last record from damage; one call of Append is one record, one write
// and one sync, however many blocks it brings. Payload of a record, with numbers as uvarints:
//
//	0   1  version: 1
//	1   1  0xA7 term or 0xB7 blocks
//
//	term       the term that begins
//	blocks     the term of the writer, the number of the first block, then to the end of the payload:
//	           the length of a block, the block: never empty
//
// A record is there whole or not at all, so the blocks of one Append survive a crash together or not at all.
package ledgerlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

// Options says how to keep a log. The zero value is right for programs.
type Options struct {
	// FS holds the directory. nil: the machine's file system.
	FS disk.FS
	// SegmentBytes is the unit in which files grow, a multiple of 512 and at least 2048. 0: 4 MiB.
	SegmentBytes int64
	// NoSync leaves out every sync. A crash of the machine then loses or damages the log: only for tests and
	// throw-away runs. The end of the process alone loses nothing.
	NoSync bool
}

// ErrClosed is returned by every use of a Log after Close.
var ErrClosed = errors.New("the log is closed")

// A Log is an open log. It is a store.Log; its methods may be called from several goroutines.
type Log struct {
	cfg segment.Config

	// slot is held, by sending, while segments, term, next, failure or closed are used.
	slot     chan struct{}
	segments *segment.Log // nil after a failure, until the next Acquire
	term     store.Term
	next     uint64
	failure  error // of the disk; only a new Acquire, which reads everything back, can tell what is there
	closed   bool
}

// Open opens the log in dir and makes one where there is none. id goes into every file: the log of another ledger, or
// of another data directory, is refused. Everything is read and checked.
//
// Errors: *segment.CorruptError, with nothing changed on disk, and those of the file system.
func Open(ctx context.Context, dir string, id [16]byte, o Options) (*Log, error) {
	if o.FS == nil {
		o.FS = disk.OS()
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 4 << 20
	}
	l := &Log{
		cfg:  segment.Config{FS: o.FS, Dir: dir, ID: id, Step: o.SegmentBytes, NoSync: o.NoSync},
		slot: make(chan struct{}, 1),
	}
	if err := l.create(); err != nil {
		return nil, fmt.Errorf("create log %s: %w", dir, err)
	}
	if err := l.reopen(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// create makes the first segment in a directory that has none. A file without a name yet was never written to.
func (l *Log) create() error {
	if err := l.cfg.FS.Mkdir(l.cfg.Dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	names, err := l.cfg.FS.List(l.cfg.Dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, segment.TempSuffix) {
			return nil
		}
	}
	for _, name := range names {
		if err := l.cfg.FS.Remove(filepath.Join(l.cfg.Dir, name)); err != nil {
			return err
		}
	}
	if !l.cfg.NoSync {
		if err := l.cfg.FS.SyncDir(filepath.Dir(l.cfg.Dir)); err != nil {
			return err
		}
	}
	return segment.Create(l.cfg)
}

// reopen reads the whole log and makes it ready for appending.
func (l *Log) reopen(ctx context.Context) error {
	s := scan{ctx: ctx}
	segments, err := segment.Open(l.cfg, s.entry)
	if err != nil {
		return err
	}
	l.segments, l.term, l.next, l.failure = segments, max(l.term, s.term), s.next, nil
	return nil
}

// enter takes the slot.
func (l *Log) enter(ctx context.Context) error {
	select {
	case l.slot <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.closed {
		<-l.slot
		return ErrClosed
	}
	return nil
}

// Acquire implements store.Log. After a failure of the disk it reads the log again.
func (l *Log) Acquire(ctx context.Context) (store.Term, uint64, error) {
	if err := l.enter(ctx); err != nil {
		return 0, 0, err
	}
	defer func() { <-l.slot }()
	if l.segments == nil {
		if err := l.reopen(ctx); err != nil {
			return 0, 0, fmt.Errorf("reopen log %s: %w", l.cfg.Dir, err)
		}
	}
	if err := l.write(encodeTerm(l.term + 1)); err != nil {
		return 0, 0, fmt.Errorf("begin term %d: %w", l.term+1, err)
	}
	l.term++
	return l.term, l.next, nil
}

// Append implements store.Log. A failed write or sync is never repeated: see package segment.
func (l *Log) Append(ctx context.Context, term store.Term, first uint64, blocks [][]byte) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer func() { <-l.slot }()
	if term != l.term {
		return &store.StaleTermError{Term: term, Current: l.term}
	}
	if l.failure != nil {
		return fmt.Errorf("append block %d: the log has failed before: %w", first, l.failure)
	}
	if first != l.next {
		return &store.GapError{First: first, Next: l.next}
	}
	payload, err := encodeBlocks(term, first, blocks)
	if err != nil {
		return err
	}
	if err := l.write(payload); err != nil {
		return fmt.Errorf("append block %d: %w", first, err)
	}
	l.next += uint64(len(blocks))
	return nil
}

// write appends a record. Any failure closes the segments: only reading them again tells what is there. The error is
// certain when the record was not begun.
func (l *Log) write(payload []byte) error {
	err := l.segments.Extend(len(payload))
	begun := false
	if err == nil {
		begun = true
		err = l.segments.Append(payload)
	}
	if err == nil {
		return nil
	}
	l.failure = err
	err = errors.Join(err, l.segments.Close())
	l.segments = nil
	if begun {
		return errors.Join(store.ErrUncertain, err)
	}
	return err
}

// Read implements store.Log. It keeps Append waiting until it has read everything, so fn should be quick. From 0 it
// checks the whole log again; from a later block it reads the segments from there on, as Open has checked the others.
func (l *Log) Read(ctx context.Context, from uint64, fn func(number uint64, block []byte) error) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer func() { <-l.slot }()
	if l.segments == nil {
		return fmt.Errorf("read log: it has failed before: %w", l.failure)
	}
	s := scan{ctx: ctx, from: from, fn: fn}
	if from == 0 {
		return segment.Verify(l.cfg, s.entry)
	}
	first, err := l.startOf(&s)
	if err != nil {
		return fmt.Errorf("read log from block %d: %w", from, err)
	}
	_, last := l.segments.Segments()
	for n := first; n <= last; n++ {
		if err := l.segments.Records(n, s.entry); err != nil {
			return err
		}
	}
	if s.next != l.next {
		return fmt.Errorf("read log %s: it ends before block %d, where it had %d", l.cfg.Dir, s.next, l.next)
	}
	return nil
}

// Bytes is the space the log takes on disk.
func (l *Log) Bytes(ctx context.Context) (int64, error) {
	if err := l.enter(ctx); err != nil {
		return 0, err
	}
	defer func() { <-l.slot }()
	if l.segments == nil {
		return 0, l.failure
	}
	return l.segments.Size(), nil
}

// Close waits for what is running and closes the files. Later calls do nothing.
func (l *Log) Close() error {
	l.slot <- struct{}{}
	defer func() { <-l.slot }()
	if l.closed {
		return nil
	}
	l.closed = true
	if l.segments == nil {
		return nil
	}
	return l.segments.Close()
}
