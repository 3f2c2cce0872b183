package segment

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
)

// tail is where a segment ends: what the writer needs to go on.
type tail struct {
	offset int64  // of the next record
	next   uint64 // sequence of the next record
	chain  uint32 // checksum of the last record
	closed bool   // a close record was read: the log goes on in the next segment
	last   int64  // offset of the last record; 0: there is none after the settled ones
	torn   int64  // bytes from offset on in which a crash left part of a record; 0: none
}

// scanner reads the records of one segment. It holds one record at a time.
type scanner struct {
	file   io.ReaderAt
	name   string
	header Header
	seed   uint32
	tail   tail
	window []byte // what was read last, from start on
	start  int64
}

// windowSize is how much is read at once, in bytes: a multiple of SectorSize.
const windowSize = 64 << 10

// readHeader reads and checks the header of a file of the given size.
func readHeader(file io.ReaderAt, name string, size int64) (Header, error) {
	b := make([]byte, min(size, SectorSize))
	if _, err := file.ReadAt(b, 0); err != nil && err != io.EOF {
		return Header{}, fmt.Errorf("read %s: %w", name, err)
	}
	h, err := decodeHeader(b)
	if err != nil {
		return Header{}, &CorruptError{File: name, Offset: 0, Reason: err.Error()}
	}
	if size != h.Capacity {
		return Header{}, &CorruptError{File: name, Offset: min(size, h.Capacity), Reason: fmt.Sprintf(
			"the file has %d bytes where its header says %d", size, h.Capacity)}
	}
	return h, nil
}

func newScanner(file io.ReaderAt, name string, h Header) *scanner {
	return &scanner{file: file, name: name, header: h, seed: h.seed(),
		tail: tail{offset: SectorSize, next: h.First, chain: h.Chain}}
}

// scan reads to the end of the segment. It calls fn with each data record, whose payload fn may keep. mayBeTorn
// allows the last record to be what a crash left of it.
func (s *scanner) scan(mayBeTorn bool, fn func(offset int64, sequence uint64, payload []byte) error) error {
	for !s.tail.closed && s.tail.offset < s.header.Capacity {
		at, sequence := s.tail.offset, s.tail.next
		kind, payload, found, err := s.record(mayBeTorn)
		if err != nil {
			return err
		}
		if !found {
			break
		}
		if kind != kindClose {
			if err := fn(at, sequence, payload); err != nil {
				return err
			}
		}
	}
	if s.tail.next-s.header.First < uint64(s.header.Settled) {
		return s.corrupt(s.tail.offset, fmt.Sprintf(
			"record %d is missing, which was complete before the file was put to use", s.tail.next))
	}
	if s.tail.closed || s.tail.torn > 0 { // otherwise record has looked at all that follows
		return s.zeros(s.tail.offset+s.tail.torn, s.header.Capacity)
	}
	return nil
}

// record reads the record at the tail and moves the tail behind it. Not found: there are zeros up to the end of the
// segment, or, with torn set, a part of a record.
func (s *scanner) record(mayBeTorn bool) (kind byte, payload []byte, found bool, err error) {
	at := s.tail.offset
	head, skipped, err := s.firstSector(at)
	if err != nil || head == nil {
		return 0, nil, false, err
	}
	if err := s.checkHead(at+skipped, *head, uint32(skipped/SectorSize)); err != nil {
		return 0, nil, false, err
	}
	body, missing, err := s.body(at, *head)
	if err != nil {
		return 0, nil, false, err
	}
	if missing >= 0 {
		if !mayBeTorn || s.tail.next-s.header.First < uint64(s.header.Settled) {
			return 0, nil, false, s.corrupt(missing, fmt.Sprintf("a part of record %d is missing", s.tail.next))
		}
		s.tail.torn = RecordSize(int(head.length))
		return 0, nil, false, nil
	}
	n := int(head.length)
	sum := chainSum(s.tail.chain, head.kind, head.sequence, body[:n])
	if binary.LittleEndian.Uint32(body[n:]) != sum || body[n+4] != recordEnd || !isZero(body[n+recordTail:]) {
		return 0, nil, false, s.corrupt(at, fmt.Sprintf("record %d does not continue the record before it",
			s.tail.next))
	}
	if s.tail.next-s.header.First >= uint64(s.header.Settled) {
		s.tail.last = at
	}
	s.tail.offset = at + RecordSize(n)
	s.tail.next++
	s.tail.chain = sum
	s.tail.closed = head.kind == kindClose
	if head.kind == kindRewrite {
		s.tail.chain = binary.LittleEndian.Uint32(body)
		return head.kind, body[chainLength:n:n], true, nil
	}
	return head.kind, body[:n:n], true, nil
}

// firstSector returns the head of the first sector from at on that is not all zeros, and how many bytes of zeros
// are before it. nil: there is none.
func (s *scanner) firstSector(at int64) (*sector, int64, error) {
	for off := at; off < s.header.Capacity; off += SectorSize {
		b, err := s.read(off)
		if err != nil {
			return nil, 0, err
		}
		if isZero(b) {
			continue
		}
		head, ok := decodeSector(s.seed, b)
		if !ok {
			return nil, 0, s.corrupt(off, "the checksum of the sector does not match")
		}
		return &head, off - at, nil
	}
	return nil, 0, nil
}

// checkHead refuses a sector that no writer would have put there as part of the record at the tail.
func (s *scanner) checkHead(at int64, head sector, index uint32) error {
	sectors := sectorsOf(int(head.length))
	switch {
	case head.sequence != s.tail.next:
		return s.corrupt(at, fmt.Sprintf("record %d is here where record %d should be", head.sequence, s.tail.next))
	case head.kind != kindData && (head.kind != kindRewrite || head.length < chainLength) &&
		(head.kind != kindClose || head.length != 0):
		return s.corrupt(at, fmt.Sprintf("record %d is of an unknown kind", head.sequence))
	case head.length > MaxPayload || sectors*SectorSize > s.header.Capacity-s.tail.offset:
		return s.corrupt(at, fmt.Sprintf("record %d is longer than the file allows", head.sequence))
	case head.index != index || int64(index) >= sectors:
		return s.corrupt(at, fmt.Sprintf("sector %d of record %d is in the wrong place", head.index, head.sequence))
	}
	return nil
}

// body reads all sectors of the record at the tail, whose head is known. missing is the offset of the first sector
// that is all zeros, -1 when all are there. Sectors that are there must belong to this record.
func (s *scanner) body(at int64, head sector) (body []byte, missing int64, err error) {
	sectors := sectorsOf(int(head.length))
	body = make([]byte, 0, sectors*sectorBody)
	missing = -1
	for i := range sectors {
		off := at + i*SectorSize
		b, err := s.read(off)
		if err != nil {
			return nil, 0, err
		}
		if isZero(b) {
			if missing < 0 {
				missing = off
			}
			continue
		}
		got, ok := decodeSector(s.seed, b)
		if !ok {
			return nil, 0, s.corrupt(off, "the checksum of the sector does not match")
		}
		want := head
		want.index = uint32(i)
		if got != want {
			return nil, 0, s.corrupt(off, fmt.Sprintf("the sector is not part of record %d", head.sequence))
		}
		body = append(body, b[sectorHead:]...)
	}
	return body, missing, nil
}

// zeros checks that from lies nothing up to end: space that is allocated but was never written.
func (s *scanner) zeros(from, end int64) error {
	for off := from; off < end; off += SectorSize {
		b, err := s.read(off)
		if err != nil {
			return err
		}
		if !isZero(b) {
			at := off + int64(slices.IndexFunc(b, func(c byte) bool { return c != 0 }))
			return s.corrupt(at, "there are bytes behind the last record, where nothing was written")
		}
	}
	return nil
}

// read returns the sector at off, which is valid until the next call.
func (s *scanner) read(off int64) ([]byte, error) {
	if off < s.start || off >= s.start+int64(len(s.window)) {
		n := min(windowSize, s.header.Capacity-off)
		if int64(cap(s.window)) < n {
			s.window = make([]byte, n)
		}
		s.window, s.start = s.window[:n], off
		if _, err := s.file.ReadAt(s.window, off); err != nil {
			s.window = s.window[:0]
			return nil, fmt.Errorf("read %s at %d: %w", s.name, off, err)
		}
	}
	return s.window[off-s.start:][:SectorSize], nil
}

func (s *scanner) corrupt(off int64, reason string) error {
	return &CorruptError{File: s.name, Offset: off, Reason: reason}
}

// zeroSector is a string, as the race detector then has half as much to note.
var zeroSector = strings.Repeat("\x00", SectorSize)

// isZero reports whether b, at most one sector, is all zeros.
func isZero(b []byte) bool { return string(b) == zeroSector[:len(b)] }
