package local

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

const (
	// maxTransaction is the size of one transaction's changes, in bytes. A snapshot record can hold its largest value
	// beside a full chunk.
	maxTransaction = segment.MaxPayload - 2*snapshotChunk
	// groupBytes is the size from which a group takes no more transactions.
	groupBytes = 4 << 20
)

var (
	errFinished = errors.New("the transaction is finished")
	errNoKey    = errors.New("the key is empty")
)

// View implements store.State.
func (s *Store) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.isClosed() {
		return ErrClosed
	}
	return fn(reader{s.published.Load()})
}

// Update implements store.State. It runs fn once, and one fn at a time: fn must not call Update or Close. A ctx that
// ends before the commit begins prevents it; after that Update waits for its result. A disk that fails gives a
// *FailedError.
func (s *Store) Update(ctx context.Context, fn func(store.Writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	seen, err := s.transact(ctx, fn)
	if seen == nil {
		return err
	}
	// Also after an error of fn, and when fn wrote nothing: fn decided on a state that may not be durable yet, and
	// its caller must not learn of what a crash would still undo.
	if lost := s.wait(seen); lost != nil {
		return lost
	}
	return err
}

// transact runs fn and queues its changes. seen is the group that makes durable what fn saw and wrote; nil: all of
// it is.
func (s *Store) transact(ctx context.Context, fn func(store.Writer) error) (seen *group, err error) {
	defer func() { <-s.writing }()
	if err := s.writable(); err != nil {
		return nil, err
	}
	w := &writer{tree: s.tip.copy(), changes: []byte{payloadVersion}}
	defer func() { w.finished = true }()
	if err := fn(w); err != nil {
		return s.tipGroup, err
	}
	if err := ctx.Err(); err != nil {
		return s.tipGroup, err
	}
	if len(w.changes) == 1 {
		return s.tipGroup, nil
	}
	if len(w.changes) > maxTransaction {
		return s.tipGroup, fmt.Errorf("commit transaction of %d bytes: the limit is %d", len(w.changes), maxTransaction)
	}
	s.tip, s.tipGroup = w.tree, s.enqueue(w)
	return s.tipGroup, nil
}

// reader is a store.Reader over one version of the state.
type reader struct{ tree *tree }

// Get implements store.Reader.
func (r reader) Get(key string) ([]byte, bool, error) {
	value, found := r.tree.items.Get(key)
	return value, found, nil
}

// Scan implements store.Reader.
func (r reader) Scan(prefix, after string, fn func(key string, value []byte) (bool, error)) error {
	var failed error
	r.tree.items.Ascend(max(prefix, after), func(key string, value []byte) bool {
		if key == after {
			return true
		}
		if !strings.HasPrefix(key, prefix) {
			return false
		}
		more, err := fn(key, value)
		failed = err
		return more && err == nil
	})
	return failed
}

// writer is a store.Writer over a private version of the state.
type writer struct {
	tree     *tree
	changes  []byte // payload
	finished bool
}

// Get implements store.Reader.
func (w *writer) Get(key string) ([]byte, bool, error) {
	if w.finished {
		return nil, false, errFinished
	}
	return reader{w.tree}.Get(key)
}

// Scan implements store.Reader. fn may write; it goes on over what was there when Scan was called.
func (w *writer) Scan(prefix, after string, fn func(key string, value []byte) (bool, error)) error {
	if w.finished {
		return errFinished
	}
	return reader{w.tree.copy()}.Scan(prefix, after, fn)
}

// Put implements store.Writer. It keeps a copy of value.
func (w *writer) Put(key string, value []byte) error {
	if err := w.check(key); err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	w.changes = appendPut(w.changes, key, value)
	w.tree.put(key, append([]byte{}, value...))
	return nil
}

// Delete implements store.Writer.
func (w *writer) Delete(key string) error {
	if err := w.check(key); err != nil {
		return fmt.Errorf("delete %q: %w", key, err)
	}
	if w.tree.delete(key) {
		w.changes = appendDelete(w.changes, key)
	}
	return nil
}

func (w *writer) check(key string) error {
	switch {
	case w.finished:
		return errFinished
	case key == "":
		return errNoKey
	}
	return nil
}
