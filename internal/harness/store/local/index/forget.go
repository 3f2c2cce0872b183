package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// Pebble keeps what was overwritten in its tables until it happens to merge them, and for as long as a view sees it. If
// a view does while tables are merged, the old value gets into the last level, where nothing is merged any more unless
// something new comes down to it. So what has to be forgotten is noted with the change that overwrites it; views that
// may still see it are waited for; what the range holds is written once more, with a deletion of the whole range
// before it; all tables that hold keys of the range are merged down to the last level; and then the note goes. Pebble
// removes the tables that were merged as soon as nobody reads them, or at its next start.

var forgetPrefix = []byte("\x00forget")

// forgetting is what forget needs to know of the rest of an Index.
type forgetting struct {
	mu    sync.Mutex
	views *sync.WaitGroup // views that began since the last forget

	failed context.Context // ends with the first failure of the disk, after which Pebble only tries again
	giveUp context.CancelFunc
}

func newForgetting() forgetting {
	failed, giveUp := context.WithCancel(context.Background())
	return forgetting{views: new(sync.WaitGroup), failed: failed, giveUp: giveUp}
}

// view notes that a view begins; the caller calls what it returns when the view has ended.
func (f *forgetting) view() (ended func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.views.Add(1)
	return f.views.Done
}

// waitForViews waits for the views that began until now.
func (f *forgetting) waitForViews() {
	f.mu.Lock()
	earlier := f.views
	f.views = new(sync.WaitGroup)
	f.mu.Unlock()
	earlier.Wait()
}

// forget does what is noted.
func (x *Index) forget(ctx context.Context) error {
	ranges, err := x.noted()
	if err != nil || len(ranges) == 0 {
		return err
	}
	x.forgetting.waitForViews()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(x.forgetting.failed, cancel)()
	for _, r := range ranges {
		if err := x.merge(ctx, r); err != nil {
			return fmt.Errorf("forget old values of index key %x: %w", r.start, err)
		}
	}
	return nil
}

// merge merges the tables of one range, and removes its note.
func (x *Index) merge(ctx context.Context, r keyRange) error {
	start, end := append([]byte{dataPrefix}, r.start...), append([]byte{dataPrefix}, r.end...)
	if err := x.writeAgain(start, end); err != nil {
		return err
	}
	if err := x.db.Compact(ctx, start, end, false); err != nil {
		return err
	}
	return x.db.Delete(slices.Concat(forgetPrefix, r.start), pebble.NoSync)
}

// writeAgain puts what a range of Pebble's keys holds above whatever it has held before.
func (x *Index) writeAgain(start, end []byte) error {
	b := x.db.NewBatch()
	defer func() { _ = b.Close() }() // it has nothing to say after Commit, and nothing to save before
	if err := b.DeleteRange(start, end, nil); err != nil {
		return err
	}
	it, err := x.db.NewIter(&pebble.IterOptions{LowerBound: start, UpperBound: end})
	if err != nil {
		return err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		err = b.Set(it.Key(), it.Value(), nil)
	}
	if err := errors.Join(err, it.Close()); err != nil {
		return err
	}
	return b.Commit(pebble.NoSync)
}

type keyRange struct{ start, end []byte }

// noted are the ranges whose old values have to be forgotten.
func (x *Index) noted() (ranges []keyRange, err error) {
	upper := slices.Clone(forgetPrefix)
	upper[len(upper)-1]++
	it, err := x.db.NewIter(&pebble.IterOptions{LowerBound: forgetPrefix, UpperBound: upper})
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		ranges = append(ranges, keyRange{slices.Clone(it.Key()[len(forgetPrefix):]), slices.Clone(it.Value())})
	}
	if err := it.Close(); err != nil { // or of First and Next
		return nil, fmt.Errorf("read what has to be forgotten: %w", err)
	}
	return ranges, nil
}
