// Package local keeps service state durably in one data directory.
//
// The state is an ordered map in memory and a log of its changes on disk (package segment). An Update is one record
// of that log, together with the other updates that waited at the same time, and is durable before it is visible.
// When the log has grown much larger than the state, a snapshot takes its place.
//
// The directory belongs to one process at a time, which LOCK names:
//
//	LOCK           flock(2); its holder's process id and command
//	root.secret    32 random bytes, mode 0600: every key of the Sealer is derived from them
//	state/         the log of the state
//
// One flipped byte in any of these files but LOCK is refused and named at Open; nothing is changed then. Values are
// stored as they are given: what is secret must go through the Sealer first.
package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

// Options says how to open a data directory. The zero value is right for programs.
type Options struct {
	// Rand makes the root secret and nonces. nil: the system's cryptographic source.
	Rand io.Reader
	// Log hears of compaction and of what a crash left behind. nil: nothing is logged.
	Log *slog.Logger
	// FS holds the directory. nil: the machine's file system. Another one keeps the state alone, unless it passes on to
	// the machine's.
	FS disk.FS
	// IndexFS holds the indexes of ledgers, in the same place. nil: the machine's file system.
	IndexFS vfs.FS
	// NoSync leaves out every sync. A crash of the machine then loses or damages the state: only for tests and
	// throw-away runs. The end of the process alone loses nothing.
	NoSync bool
	// Command names this program in LOCK, without its secrets. "": the name of the program and its subcommand.
	Command string
	// SegmentBytes is the unit in which files grow, a multiple of 512 and at least 2048. 0: 256 KiB.
	SegmentBytes int64
}

func (o Options) withDefaults() (Options, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.FS == nil {
		o.FS = disk.OS()
	}
	if o.Command == "" {
		o.Command = command(os.Args)
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 256 << 10
	}
	if o.SegmentBytes%segment.SectorSize != 0 || o.SegmentBytes < 4*segment.SectorSize {
		return o, fmt.Errorf("open store: segment size of %d bytes is not a multiple of 512 from 2048 on", o.SegmentBytes)
	}
	return o, nil
}

// command leaves the arguments out: what follows "run --" may hold secrets.
func command(args []string) string {
	if len(args) == 0 {
		return "unnamed"
	}
	name := filepath.Base(args[0])
	if len(args) > 1 && !strings.HasPrefix(args[1], "-") {
		name += " " + args[1]
	}
	return name
}

// Store is an open data directory. It is a store.State; its methods may be called from several goroutines.
type Store struct {
	dir     directory
	indexFS vfs.FS // of ledgers
	log     *slog.Logger
	sealer  store.Sealer
	release func() error // gives LOCK back

	// published is the durable state. Whoever has loaded it may read it for as long as they like.
	published atomic.Pointer[tree]
	version   atomic.Uint64 // how often published was replaced

	// writing is a slot, held by sending: by one Update while its fn runs. The holder owns tip and tipGroup.
	writing  chan struct{}
	tip      *tree  // the newest state, durable or not
	tipGroup *group // makes tip durable; nil: it is what Open read

	// flushing is a slot, held by sending: by the one that writes a group. The holder owns segments.
	flushing chan struct{}
	segments *segment.Log

	mu      sync.Mutex // guards what follows
	queue   []*group   // not yet being written, oldest first
	failure error      // the first failed write
	closed  bool
}

var _ store.State = (*Store)(nil)

// Open opens the data directory dir and creates it when there is nothing. It holds the directory until Close.
//
// Errors: *InUseError, *CorruptError, *MissingSecretError, *ModeError, *ForeignError, and those of the file system.
// After any of them the data in the directory is as it was.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	d := directory{fs: o.FS, path: dir, noSync: o.NoSync, step: o.SegmentBytes}
	if err := d.make(dir); err != nil {
		return nil, opening(err)
	}
	if _, err := d.look(); err != nil { // before LOCK is put into a directory of somebody else
		return nil, opening(err)
	}
	release, err := d.lock(o.Command)
	if err != nil {
		return nil, opening(err)
	}
	s := &Store{dir: d, indexFS: o.IndexFS, log: o.Log, release: release,
		writing: make(chan struct{}, 1), flushing: make(chan struct{}, 1)}
	if err := s.open(ctx, o); err != nil {
		if lock := release(); lock != nil {
			o.Log.Warn("could not clear the lock file", "dir", dir, "err", lock)
		}
		return nil, opening(err)
	}
	return s, nil
}

// open reads the directory, which is locked.
func (s *Store) open(ctx context.Context, o Options) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	is, err := s.dir.look()
	switch {
	case err != nil:
		return err
	case is == contentEmpty:
		err = s.dir.initialise(o)
	case is == contentUnfinished:
		err = s.dir.resume(o)
	}
	if err != nil {
		return err
	}
	secret, err := readSecret(s.dir.fs, s.dir.file(secretName))
	if err != nil {
		return err
	}
	if s.sealer, err = newSealer(secret, "service-state", o.Rand); err != nil {
		return err
	}
	cfg, err := s.dir.log(secret)
	if err != nil {
		return err
	}
	s.tip = &tree{}
	if s.segments, err = segment.Open(cfg, s.tip.replay(ctx)); err != nil {
		return s.dir.explain(err)
	}
	if torn := s.segments.Torn(); torn > 0 {
		s.log.Warn("discarded a change that was never acknowledged", "dir", s.dir.path, "bytes", torn)
	}
	s.published.Store(s.tip)
	return nil
}

// Sealer encrypts with a key that is derived from the directory's root secret.
func (s *Store) Sealer() store.Sealer { return s.sealer }

// Version is how many groups of changes became durable and visible since Open. While it stays the same, so does the
// state that View shows.
func (s *Store) Version() uint64 { return s.version.Load() }

// Close waits for running transactions and gives the directory back. It must not be called inside a transaction.
// Later calls do nothing.
func (s *Store) Close() error {
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	s.flushing <- struct{}{}
	defer func() { <-s.flushing }()
	if s.isClosed() {
		return nil
	}
	for s.flush() {
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	if err := errors.Join(s.segments.Close(), s.release()); err != nil {
		return fmt.Errorf("close data directory %s: %w", s.dir.path, err)
	}
	return nil
}

func (s *Store) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// lock takes LOCK and leaves who has it.
func (d directory) lock(command string) (release func() error, err error) {
	release, err = d.fs.Lock(d.file(lockName), fmt.Sprintf("%d %s\n", os.Getpid(), command))
	if held, ok := errors.AsType[*disk.LockedError](err); ok {
		return nil, &InUseError{Dir: d.path, Holder: holder(held.Note)}
	}
	return release, err
}

// holder reads what lock wrote. The holder may not have written it yet.
func holder(note string) string {
	pid, command, ok := strings.Cut(strings.TrimSuffix(note, "\n"), " ")
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if !ok || strings.ContainsFunc(pid+command, unprintable) {
		return "another process"
	}
	return fmt.Sprintf("process %s (%s)", pid, command)
}
