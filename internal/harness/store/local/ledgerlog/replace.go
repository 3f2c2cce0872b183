package ledgerlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

// Replace implements store.Log. The segment that holds the block is written anew, and the old file removed by the
// rename; what the device still holds of a removed file is the device's matter. Appends wait meanwhile.
func (l *Log) Replace(
	ctx context.Context, term store.Term, number uint64, fn func(block []byte) ([]byte, error),
) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer func() { <-l.slot }()
	switch {
	case term != l.term:
		return &store.StaleTermError{Term: term, Current: l.term}
	case l.failure != nil:
		return fmt.Errorf("replace block %d: the log has failed before: %w", number, l.failure)
	case number >= l.next:
		return &store.GapError{First: number, Next: l.next}
	}
	r, err := l.find(number)
	if err != nil {
		return fmt.Errorf("replace block %d: %w", number, err)
	}
	at := number - r.first
	block, err := fn(r.blocks[at])
	if err != nil || block == nil {
		return err
	}
	r.blocks[at] = block
	payload, err := encodeBlocks(r.term, r.first, r.blocks)
	if err != nil {
		return err
	}
	if err := l.segments.Rewrite(r.segment, r.sequence, payload); err != nil {
		l.failure = err
		err = errors.Join(store.ErrUncertain, err, l.segments.Close())
		l.segments = nil
		return fmt.Errorf("replace block %d: %w", number, err)
	}
	return nil
}

// A record is one of blocks, and where it is.
type record struct {
	segment, sequence uint64
	term              store.Term
	first             uint64
	blocks            [][]byte
}

// errFound ends a search.
var errFound = errors.New("found")

// find reads the record that holds a block, which the log has.
func (l *Log) find(number uint64) (found record, err error) {
	oldest, last := l.segments.Segments()
	for n := last; n >= oldest; n-- {
		err = l.segments.Records(n, func(e segment.Entry) error {
			r, ok, err := readRecord(e)
			switch {
			case err != nil || !ok:
				return err
			case number < r.first:
				return errFound // in an earlier segment
			case number < r.first+uint64(len(r.blocks)):
				found, found.segment = r, n
				return errFound
			}
			return nil
		})
		if found.blocks != nil {
			return found, nil
		}
		if err != nil && !errors.Is(err, errFound) {
			return found, err
		}
	}
	return found, fmt.Errorf("no segment of %s holds it", l.cfg.Dir)
}

// readRecord takes a record of blocks apart; ok is false for one of another kind.
func readRecord(e segment.Entry) (found record, ok bool, err error) {
	r := &reader{entry: e, rest: e.Payload}
	if r.byte() != version || r.byte() != kindBlocks {
		return found, false, nil
	}
	found = record{sequence: e.Sequence, term: store.Term(r.uvarint()), first: r.uvarint()}
	for len(r.rest) > 0 {
		found.blocks = append(found.blocks, r.bytes())
	}
	if r.failed {
		return found, false, r.corrupt("a block that is not whole")
	}
	return found, true, nil
}
