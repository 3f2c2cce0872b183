package ledgerlog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

const (
	version    = 1
	kindTerm   = 0xA7
	kindBlocks = 0xB7
)

func encodeTerm(term store.Term) []byte {
	return binary.AppendUvarint([]byte{version, kindTerm}, uint64(term))
}

func encodeBlocks(term store.Term, first uint64, blocks [][]byte) ([]byte, error) {
	n := 2 + 2*binary.MaxVarintLen64
	for i, b := range blocks {
		if len(b) == 0 {
			return nil, fmt.Errorf("append block %d: it is empty", first+uint64(i))
		}
		n += binary.MaxVarintLen64 + len(b)
	}
	if len(blocks) == 0 || n > segment.MaxPayload {
		return nil, fmt.Errorf("append %d blocks of %d bytes: the limit is %d", len(blocks), n, segment.MaxPayload)
	}
	p := append(make([]byte, 0, n), version, kindBlocks)
	p = binary.AppendUvarint(p, uint64(term))
	p = binary.AppendUvarint(p, first)
	for _, b := range blocks {
		p = binary.AppendUvarint(p, uint64(len(b)))
		p = append(p, b...)
	}
	return p, nil
}

// A scan goes through the records of a log in order and checks that they make one history.
type scan struct {
	ctx  context.Context
	term store.Term // the newest seen
	next uint64     // number of the next block

	from uint64
	fn   func(number uint64, block []byte) error // nil: nobody listens
}

// entry takes the next record.
func (s *scan) entry(e segment.Entry) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	r := &reader{entry: e, rest: e.Payload}
	if v := r.byte(); v != version {
		return r.corrupt("unknown version of a record")
	}
	switch kind, term := r.byte(), store.Term(r.uvarint()); {
	case r.failed:
		return r.corrupt("a record ends too early")
	case kind == kindTerm && term > s.term && len(r.rest) == 0:
		s.term = term
		return nil
	case kind == kindBlocks && term == s.term:
		return s.blocks(r)
	}
	return r.corrupt("a record that does not follow from those before")
}

// startOf is the last segment that begins with a block, no later than the one from which s reads, or the first segment
// of all. It leaves s as it would be after the segments before.
func (l *Log) startOf(s *scan) (number uint64, err error) {
	oldest, number := l.segments.Segments()
	for ; number > oldest; number-- {
		var begin scan
		err = l.segments.Records(number, func(e segment.Entry) error {
			r, ok, err := readRecord(e)
			switch {
			case err != nil:
				return err
			case !ok: // begins with a term: an earlier segment will do
				return errFound
			}
			begin.term, begin.next = r.term, r.first
			return errFound
		})
		if err != nil && !errors.Is(err, errFound) {
			return 0, err
		}
		if begin.next > 0 && begin.next <= s.from {
			s.term, s.next = begin.term, begin.next
			return number, nil
		}
	}
	return oldest, nil
}

func (s *scan) blocks(r *reader) error {
	if r.uvarint() != s.next || r.failed || len(r.rest) == 0 {
		return r.corrupt("blocks that do not go on where the log ends")
	}
	for len(r.rest) > 0 {
		block := r.bytes()
		if r.failed || len(block) == 0 {
			return r.corrupt("a block that is not whole")
		}
		if s.fn != nil && s.next >= s.from {
			if err := s.fn(s.next, block); err != nil {
				return err
			}
		}
		s.next++
	}
	return nil
}

// A reader takes a payload apart.
type reader struct {
	entry  segment.Entry
	rest   []byte
	failed bool
}

func (r *reader) corrupt(reason string) error {
	return &segment.CorruptError{File: r.entry.File, Offset: r.entry.Offset, Reason: reason}
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.failed = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}
