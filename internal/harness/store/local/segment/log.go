package segment

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// Config says which log to open and how to keep it.
type Config struct {
	FS  disk.FS
	Dir string   // holds nothing but this log's files; must be there
	ID  [16]byte // goes into every file, so that files of different logs cannot be mixed up

	// Step is the unit of file sizes in bytes, a multiple of SectorSize and at least four of them.
	Step int64
	// NoSync leaves out every sync. A crash of the machine then loses or damages the log: only for tests and data
	// that may be thrown away.
	NoSync bool
}

// An Entry is one record as it is read back.
type Entry struct {
	File     string // path of the segment
	Offset   int64  // of the record in it, in bytes
	Sequence uint64 // from 1; a base's records go on in the same count
	Payload  []byte // may be kept
}

// Log is an open log. One goroutine at a time may use it. After a method has returned an error it must not be used
// again except for Close: what is on disk is then known only to the next Open.
type Log struct {
	cfg    Config
	file   disk.File // of the last segment
	header Header    // of the last segment
	tail   tail      // of the last segment
	oldest uint64    // number of the first segment that is kept
	size   int64     // bytes of all segments that are kept
	torn   int64     // bytes discarded by Open
}

// Create makes the first segment of a new log in an existing, empty directory. The log is durable when it returns.
func Create(cfg Config) error {
	l := &Log{cfg: cfg, oldest: 1}
	f, h, err := l.create(Header{Number: 1, First: 1, Base: true}, nil, 0)
	if err != nil {
		return err
	}
	if err := l.name(h); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

// Size is the space the log takes, in bytes.
func (l *Log) Size() int64 { return l.size }

// Torn is how much of an unfinished record Open discarded, in bytes: what a crash left of an Append that never
// returned.
func (l *Log) Torn() int64 { return l.torn }

// Next is the sequence of the next record.
func (l *Log) Next() uint64 { return l.tail.next }

// Fits reports whether a payload of n bytes has room in the last segment.
func (l *Log) Fits(n int) bool {
	// One sector is kept for the close record.
	return l.tail.offset+RecordSize(n)+SectorSize <= l.header.Capacity
}

// Extend makes room for a payload of n bytes, in a new segment when it does not fit the last one. It adds no record,
// so after an error the log holds what it held.
func (l *Log) Extend(n int) error {
	if n > MaxPayload {
		return fmt.Errorf("make room for a record of %d bytes: the limit is %d", n, MaxPayload)
	}
	if l.Fits(n) {
		return nil
	}
	return l.rotate(nil, false, n)
}

// Append writes payload as the next record; Extend or Rebase must have made room for it. It is durable when Append
// returns nil; after an error it may be there or not, but never in part.
func (l *Log) Append(payload []byte) error {
	if !l.Fits(len(payload)) {
		return fmt.Errorf("append record of %d bytes to %s: no room was made for it", len(payload), l.cfg.Dir)
	}
	return l.write(kindData, payload)
}

// Rebase starts a new segment with records that stand for everything before, and removes the older segments. room
// is the size of the payload that will be appended next.
func (l *Log) Rebase(records [][]byte, room int) error {
	if err := l.rotate(records, true, room); err != nil {
		return err
	}
	if err := l.removeBefore(l.header.Number); err != nil {
		return err
	}
	l.size = l.header.Capacity
	return nil
}

// Close closes the file. It writes nothing.
func (l *Log) Close() error { return l.file.Close() }

// write appends one record to the last segment.
func (l *Log) write(kind byte, payload []byte) error {
	b, sum := l.header.encodeRecord(kind, l.tail.next, l.tail.chain, payload)
	if _, err := l.file.WriteAt(b, l.tail.offset); err != nil {
		return fmt.Errorf("append record %d to %s: %w", l.tail.next, l.path(l.header.Number), err)
	}
	if err := l.sync(l.file); err != nil {
		return fmt.Errorf("append record %d to %s: %w", l.tail.next, l.path(l.header.Number), err)
	}
	l.tail.last = l.tail.offset
	l.tail.offset += int64(len(b))
	l.tail.next++
	l.tail.chain = sum
	return nil
}

// rotate makes the next segment the last one.
//
// The new file gets its name before the old one is closed, and the old one is closed before anything is appended to
// the new one. So wherever a crash comes, a segment that is missing is missed: either the one before says that it
// was closed, or nothing was in it.
func (l *Log) rotate(records [][]byte, base bool, room int) error {
	h := l.header.successor(l.tail)
	h.Base = base
	f, h, err := l.create(h, records, room)
	if err != nil {
		return err
	}
	if err := l.name(h); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := l.write(kindClose, nil); err != nil {
		return errors.Join(err, f.Close())
	}
	err = l.file.Close()
	l.file, l.header, l.size = f, h, l.size+h.Capacity
	l.tail = h.settledTail(records)
	return err
}

// successor is the header of the next segment as far as this one, which ends at t, determines it. The close record
// of this one comes between them.
func (h Header) successor(t tail) Header {
	next := Header{Log: h.Log, Number: h.Number + 1, First: t.next, Chain: t.chain}
	if !t.closed {
		next.Chain = chainSum(t.chain, kindClose, t.next, nil)
		next.First++
	}
	return next
}

// create writes a whole new segment under a temporary name and syncs it.
func (l *Log) create(h Header, records [][]byte, room int) (disk.File, Header, error) {
	h.Log = l.cfg.ID
	size := int64(SectorSize) + RecordSize(room) + SectorSize
	for _, r := range records {
		size += RecordSize(len(r))
	}
	h.Capacity = (size + l.cfg.Step - 1) / l.cfg.Step * l.cfg.Step
	if h.Capacity > MaxFile || len(records) > math.MaxUint32 {
		return nil, h, fmt.Errorf("create segment %d of %d bytes: the limit is %d", h.Number, h.Capacity, int64(MaxFile))
	}
	h.Settled = uint32(len(records))
	name := l.path(h.Number) + TempSuffix
	f, err := l.cfg.FS.Create(name)
	if err != nil {
		return nil, h, fmt.Errorf("create segment: %w", err)
	}
	if err := l.fill(f, h, records); err != nil {
		// Best effort, for the space: the next Open removes it otherwise.
		return nil, h, errors.Join(fmt.Errorf("create segment: %w", err), f.Close(), l.cfg.FS.Remove(name))
	}
	return f, h, nil
}

func (l *Log) fill(f disk.File, h Header, records [][]byte) error {
	if err := f.Allocate(h.Capacity); err != nil {
		return err
	}
	off, sequence, chain := int64(SectorSize), h.First, h.Chain
	for _, r := range records {
		b, sum := h.encodeRecord(kindData, sequence, chain, r)
		if _, err := f.WriteAt(b, off); err != nil {
			return err
		}
		off, sequence, chain = off+int64(len(b)), sequence+1, sum
	}
	if _, err := f.WriteAt(h.encode(), 0); err != nil {
		return err
	}
	return l.sync(f)
}

// settledTail is the tail of a new segment.
func (h Header) settledTail(records [][]byte) tail {
	t := tail{offset: SectorSize, next: h.First, chain: h.Chain}
	for _, r := range records {
		t.chain = chainSum(t.chain, kindData, t.next, r)
		t.offset += RecordSize(len(r))
		t.next++
	}
	return t
}

// name gives a created segment its name, durably.
func (l *Log) name(h Header) error {
	if err := l.cfg.FS.Rename(l.path(h.Number)+TempSuffix, l.path(h.Number)); err != nil {
		return fmt.Errorf("name segment: %w", err)
	}
	return l.syncDir()
}

// removeBefore removes the segments with lower numbers, the oldest first, so that those left after a crash are
// without gaps.
func (l *Log) removeBefore(number uint64) error {
	for ; l.oldest < number; l.oldest++ {
		if err := l.cfg.FS.Remove(l.path(l.oldest)); err != nil {
			return fmt.Errorf("remove old segment: %w", err)
		}
	}
	return nil
}

func (l *Log) sync(f disk.File) error {
	if l.cfg.NoSync {
		return nil
	}
	return f.Sync()
}

func (l *Log) syncDir() error {
	if l.cfg.NoSync {
		return nil
	}
	return l.cfg.FS.SyncDir(l.cfg.Dir)
}

const suffix = ".seg"

// TempSuffix ends the name of a file that is not part of the log yet.
const TempSuffix = ".new"

func (l *Log) path(number uint64) string {
	return filepath.Join(l.cfg.Dir, fileName(number))
}

func fileName(number uint64) string { return fmt.Sprintf("%012d%s", number, suffix) }
