package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// ErrNoSegments is returned for a directory that is not there or without a single segment.
var ErrNoSegments = errors.New("there are no segment files")

// Open reads a whole log, calls replay with each of its records from the last base on, and then makes the log ready
// for appending. The payload belongs to replay.
//
// Nothing on disk is changed before everything is read and found whole; then what a crash left behind is cleared
// away: a torn last record, a file without a name yet, segments before the base. Errors: *CorruptError,
// ErrNoSegments, those of the file system and those of replay.
func Open(cfg Config, replay func(Entry) error) (*Log, error) {
	r, err := read(cfg, replay)
	if err != nil {
		return nil, err
	}
	l, err := r.recover()
	if err != nil {
		return nil, fmt.Errorf("recover log %s: %w", cfg.Dir, err)
	}
	return l, nil
}

// Verify reads a whole log like Open and changes nothing.
func Verify(cfg Config, replay func(Entry) error) error {
	_, err := read(cfg, replay)
	return err
}

// part is one segment as it was read.
type part struct {
	name   string
	header Header
	tail   tail
}

// reading is a log that was read and found whole.
type reading struct {
	cfg   Config
	parts []part   // in order of number, those before the base included
	base  int      // index in parts of the last base
	temp  []string // paths of files without a name yet
}

func read(cfg Config, replay func(Entry) error) (*reading, error) {
	r := &reading{cfg: cfg}
	if err := r.list(); err != nil {
		return nil, err
	}
	if err := r.headers(); err != nil {
		return nil, err
	}
	for i := range r.parts {
		if err := r.scan(i, replay); err != nil {
			return nil, err
		}
		if err := r.follows(i); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// list finds the segments. Files with other names are left alone.
func (r *reading) list() error {
	names, err := r.cfg.FS.List(r.cfg.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list log: %w", err)
	}
	for _, n := range names {
		path := filepath.Join(r.cfg.Dir, n)
		if strings.HasSuffix(n, suffix+TempSuffix) {
			r.temp = append(r.temp, path)
		}
		stem, ok := strings.CutSuffix(n, suffix)
		if !ok {
			continue
		}
		number, err := strconv.ParseUint(stem, 10, 64)
		if err != nil || fileName(number) != n {
			return &CorruptError{File: path, Reason: "the name of the file is not that of a segment"}
		}
		if k := len(r.parts); k > 0 && number != r.parts[k-1].header.Number+1 {
			missing := filepath.Join(r.cfg.Dir, fileName(r.parts[k-1].header.Number+1))
			return &CorruptError{File: missing, Reason: "the file is missing"}
		}
		r.parts = append(r.parts, part{name: path, header: Header{Number: number}})
	}
	if len(r.parts) == 0 {
		return fmt.Errorf("open log %s: %w", r.cfg.Dir, ErrNoSegments)
	}
	return nil
}

func (r *reading) headers() error {
	r.base = -1
	for i := range r.parts {
		p := &r.parts[i]
		err := r.with(p.name, func(f disk.File, size int64) error {
			h, err := readHeader(f, p.name, size)
			if err != nil {
				return err
			}
			if h.Log != r.cfg.ID {
				return &CorruptError{File: p.name, Reason: "the file belongs to another data directory or log"}
			}
			if h.Number != p.header.Number {
				return &CorruptError{File: p.name, Reason: fmt.Sprintf("this is segment %d under the name of segment %d",
					h.Number, p.header.Number)}
			}
			p.header = h
			return nil
		})
		if err != nil {
			return err
		}
		if p.header.Base {
			r.base = i
		}
	}
	if r.base < 0 {
		missing := filepath.Join(r.cfg.Dir, fileName(r.parts[0].header.Number-1))
		return &CorruptError{File: missing, Reason: "the file is missing"}
	}
	return nil
}

// scan reads the records of segment i. Segments before the base are checked all the same: they are about to be
// removed, which is right only if the base is what it says.
func (r *reading) scan(i int, replay func(Entry) error) error {
	p := &r.parts[i]
	return r.with(p.name, func(f disk.File, _ int64) error {
		s := newScanner(f, p.name, p.header)
		err := s.scan(i == len(r.parts)-1, func(offset int64, sequence uint64, payload []byte) error {
			if i < r.base {
				return nil
			}
			return replay(Entry{File: p.name, Offset: offset, Sequence: sequence, Payload: payload})
		})
		p.tail = s.tail
		return err
	})
}

// follows checks that segment i goes on where the one before ended, and that the last one is the last.
func (r *reading) follows(i int) error {
	p := r.parts[i]
	if i == len(r.parts)-1 && p.tail.closed {
		missing := filepath.Join(r.cfg.Dir, fileName(p.header.Number+1))
		return &CorruptError{File: missing, Reason: "the file is missing"}
	}
	if i == 0 {
		return nil
	}
	before := r.parts[i-1]
	want := before.header.successor(before.tail)
	if p.header.First != want.First || p.header.Chain != want.Chain {
		return &CorruptError{File: p.name, Offset: 0, Reason: fmt.Sprintf(
			"it does not go on where %s ends", filepath.Base(before.name))}
	}
	// Nothing is appended to a segment before the one before it is closed.
	appended := p.tail.last != 0 || p.tail.torn != 0
	if !before.tail.closed && (appended || i != len(r.parts)-1) {
		return &CorruptError{File: before.name, Offset: before.tail.offset,
			Reason: "records are missing at its end"}
	}
	return nil
}

// recover clears away what a crash left and opens the last segment for appending.
func (r *reading) recover() (*Log, error) {
	l := &Log{cfg: r.cfg, oldest: r.parts[0].header.Number}
	for _, name := range r.temp {
		if err := r.cfg.FS.Remove(name); err != nil {
			return nil, fmt.Errorf("remove unfinished file: %w", err)
		}
	}
	if err := l.removeBefore(r.parts[r.base].header.Number); err != nil {
		return nil, err
	}
	// The process before may have ended between a change of the directory and its sync.
	if err := l.syncDir(); err != nil {
		return nil, err
	}
	kept := r.parts[r.base:]
	for _, p := range kept {
		l.size += p.header.Capacity
	}
	for _, p := range kept[max(len(kept)-2, 0):] {
		if l.file != nil { // p comes after a segment that l still points to
			if err := l.leave(); err != nil {
				return nil, err
			}
		}
		f, err := r.cfg.FS.Open(p.name, true)
		if err != nil {
			return nil, err
		}
		l.file, l.header, l.tail = f, p.header, p.tail
		if err := l.settle(); err != nil {
			return nil, errors.Join(fmt.Errorf("settle %s: %w", p.name, err), f.Close())
		}
	}
	return l, nil
}

// leave closes the last segment, for a successor that is already there.
func (l *Log) leave() error {
	if !l.tail.closed {
		if err := l.write(kindClose, nil); err != nil {
			return errors.Join(err, l.file.Close())
		}
	}
	return l.file.Close()
}

// settle makes sure that what was read is what is on disk.
//
// The last record may have been read from memory only: written by a process that was killed before its sync, or
// whose sync failed, after which the system takes the pages for clean and another sync does nothing. Writing the same
// bytes once more makes them dirty again, so that this sync speaks for them. All earlier records were synced before
// this one was written.
func (l *Log) settle() error {
	if l.tail.last == 0 && l.tail.torn == 0 {
		return nil
	}
	if l.tail.last != 0 {
		if err := l.again(l.tail.last, l.tail.offset); err != nil {
			return err
		}
	}
	if l.tail.torn != 0 {
		if _, err := l.file.WriteAt(make([]byte, l.tail.torn), l.tail.offset); err != nil {
			return err
		}
		l.torn, l.tail.torn = l.tail.torn, 0
	}
	return l.sync(l.file)
}

func (l *Log) again(from, to int64) error {
	b := make([]byte, to-from)
	if _, err := l.file.ReadAt(b, from); err != nil {
		return err
	}
	_, err := l.file.WriteAt(b, from)
	return err
}

// with opens a file for reading.
func (r *reading) with(name string, fn func(f disk.File, size int64) error) error {
	f, err := r.cfg.FS.Open(name, false)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil {
		err = fn(f, size)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
