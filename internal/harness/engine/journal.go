package engine

import (
	"context"
	"sort"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
)

// Journal calls fn for the blocks from number from on, up to the newest when it was called, until fn returns false or
// an error.
func (l *Ledger) Journal(ctx context.Context, from uint64, fn func(journal.Block) (more bool, err error)) error {
	for n, next := from, l.Blocks(); n < next; n++ {
		var b journal.Block
		err := l.view(ctx, func(r reader) (err error) {
			b, err = r.block(n)
			return err
		})
		if err != nil {
			return err
		}
		if more, err := fn(b); err != nil || !more {
			return err
		}
	}
	return nil
}

// FirstBlock is the number of the first block whose timestamp is not before t; Blocks() if there is none yet.
func (l *Ledger) FirstBlock(ctx context.Context, t time.Time) (number uint64, err error) {
	next := l.Blocks()
	viewErr := l.view(ctx, func(r reader) error {
		n := sort.Search(int(next), func(i int) bool {
			b, _, readErr := r.skeleton(uint64(i))
			if readErr != nil && err == nil {
				err = readErr
			}
			return readErr != nil || !b.Timestamp.Before(t)
		})
		number = uint64(n)
		return err
	})
	return number, viewErr
}

// Await returns when there are more than number blocks, when the ledger is closed or has failed, or when ctx ends; nil
// only for the first.
func (l *Ledger) Await(ctx context.Context, number uint64) error {
	for {
		s := l.published.Load()
		if s.next > number {
			return nil
		}
		if err := l.usable(); err != nil {
			return err
		}
		select {
		case <-s.replaced:
		case <-l.stopped:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
