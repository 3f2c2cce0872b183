package segment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// chainLength is what a rewritten record has before its payload: the checksum of the record that was there before, so
// that those behind it still continue it.
const chainLength = 4

// Segments are the numbers of the first and the last segment that are kept.
func (l *Log) Segments() (first, last uint64) { return l.oldest, l.header.Number }

// Records calls fn with each record of one segment, in order, until fn returns an error, which it returns as it is.
// It changes nothing, and the Log may be used on after an error.
func (l *Log) Records(number uint64, fn func(Entry) error) error {
	return l.scanSegment(number, func(s *scanner) error {
		return s.scan(false, func(offset int64, sequence uint64, payload []byte) error {
			return fn(Entry{File: s.name, Offset: offset, Sequence: sequence, Payload: payload})
		})
	})
}

func (l *Log) scanSegment(number uint64, fn func(*scanner) error) error {
	name := l.path(number)
	r := reading{cfg: l.cfg}
	return r.with(name, func(f disk.File, size int64) error {
		h, err := readHeader(f, name, size)
		if err != nil {
			return err
		}
		return fn(newScanner(f, name, h))
	})
}

// Rewrite puts another payload in the place of that of a record, which is in the given segment. The whole segment is
// written anew under a temporary name, with all its records settled, synced, and renamed over the old one: a crash
// leaves either. The new payload is durable when Rewrite returns nil.
func (l *Log) Rewrite(number, sequence uint64, payload []byte) error {
	if len(payload)+chainLength > MaxPayload {
		return fmt.Errorf("rewrite record %d with %d bytes: the limit is %d", sequence, len(payload), MaxPayload-chainLength)
	}
	var records []byte
	var s *scanner
	err := l.scanSegment(number, func(scanner *scanner) (err error) {
		s = scanner
		records, err = s.rewritten(sequence, payload)
		return err
	})
	if err != nil {
		return fmt.Errorf("rewrite record %d: %w", sequence, err)
	}
	h, old := s.header, s.header.Capacity
	size := int64(SectorSize) + int64(len(records))
	if !s.tail.closed {
		size += SectorSize // as in Fits
	}
	h.Capacity = max(old, (size+l.cfg.Step-1)/l.cfg.Step*l.cfg.Step)
	h.Settled = uint32(s.tail.next - h.First)
	f, err := l.replace(h, records)
	if err != nil {
		return fmt.Errorf("rewrite record %d: %w", sequence, err)
	}
	l.size += h.Capacity - old
	if number != l.header.Number {
		return f.Close()
	}
	closing := l.file
	l.file, l.header = f, h
	l.tail = tail{offset: SectorSize + int64(len(records)), next: s.tail.next, chain: s.tail.chain}
	return closing.Close()
}

// rewritten encodes the records of a segment, one of them with another payload.
func (s *scanner) rewritten(sequence uint64, payload []byte) (records []byte, err error) {
	found := false
	for !s.tail.closed && s.tail.offset < s.header.Capacity {
		before := s.tail
		kind, kept, more, err := s.record(false)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if before.next == sequence && kind != kindClose {
			found, kind, kept = true, kindRewrite, payload
		}
		if kind == kindRewrite {
			kept = append(binary.LittleEndian.AppendUint32(nil, s.tail.chain), kept...)
		}
		sectors, _ := s.header.encodeRecord(kind, before.next, before.chain, kept)
		records = append(records, sectors...)
	}
	if !found {
		return nil, fmt.Errorf("%s does not hold it", s.name)
	}
	return records, nil
}

// replace writes a whole segment and gives it the name of the one that is there.
func (l *Log) replace(h Header, records []byte) (disk.File, error) {
	f, err := l.cfg.FS.Create(l.path(h.Number) + TempSuffix)
	if err != nil {
		return nil, err
	}
	err = f.Allocate(h.Capacity)
	if err == nil {
		_, err = f.WriteAt(records, SectorSize)
	}
	if err == nil {
		_, err = f.WriteAt(h.encode(), 0)
	}
	if err == nil {
		err = l.sync(f)
	}
	if err == nil {
		err = l.name(h)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close()) // the next Open removes the file, if it has no name yet
	}
	return f, nil
}
