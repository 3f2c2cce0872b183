package local

import (
	"fmt"
)

// A group is the transactions that become durable with one sync: those that were queued while the group before was
// being written.
type group struct {
	payload []byte        // owned by Store.mu while the group is queued, then by the one that writes it
	tree    *tree         // the state with the group's changes; as payload
	done    chan struct{} // closed when err is set
	err     error
}

// writable refuses when the store cannot write any more.
func (s *Store) writable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.failure != nil:
		return &FailedError{Dir: s.dir.path, Err: s.failure}
	}
	return nil
}

// enqueue adds a transaction to the youngest group that waits, or starts one.
func (s *Store) enqueue(w *writer) *group {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.queue); n > 0 && len(s.queue[n-1].payload)+len(w.changes) <= groupBytes {
		g := s.queue[n-1]
		g.payload = append(g.payload, w.changes[1:]...) // but for the version
		g.tree = w.tree
		return g
	}
	g := &group{payload: w.changes, tree: w.tree, done: make(chan struct{})}
	s.queue = append(s.queue, g)
	return g
}

// wait returns when g is durable or has failed. Whoever waits writes, if nobody else does: there is no goroutine to
// start or to stop.
func (s *Store) wait(g *group) error {
	select {
	case <-g.done:
		return g.err
	case s.flushing <- struct{}{}:
	}
	defer func() { <-s.flushing }()
	for {
		select {
		case <-g.done:
			return g.err
		default:
			s.flush() // g is in the queue, as nobody else holds the slot
		}
	}
}

// flush writes the oldest group that waits. It reports whether there was one. s.flushing is held.
func (s *Store) flush() bool {
	s.mu.Lock()
	if len(s.queue) == 0 {
		s.mu.Unlock()
		return false
	}
	g := s.queue[0]
	s.queue = s.queue[1:]
	failure := s.failure
	s.mu.Unlock()

	if failure != nil {
		g.err = &FailedError{Dir: s.dir.path, Err: failure}
	} else if err := s.write(g); err != nil {
		g.err = err
	} else {
		s.published.Store(g.tree)
		s.version.Add(1)
	}
	close(g.done)
	return true
}

// write makes g durable. The first failure is the last write: after a failed sync the system may drop what it could
// not write and call the next sync a success, so only reading everything back, at the next Open, tells what is there.
func (s *Store) write(g *group) error {
	if err := s.makeRoom(len(g.payload)); err != nil {
		return s.fail(err, false)
	}
	if err := s.segments.Append(g.payload); err != nil {
		return s.fail(err, true)
	}
	return nil
}

func (s *Store) fail(err error, uncertain bool) error {
	s.mu.Lock()
	s.failure = err
	s.mu.Unlock()
	s.log.Error("writing stopped until the store is opened again", "dir", s.dir.path, "err", err)
	return &FailedError{Dir: s.dir.path, Err: err, Uncertain: uncertain}
}

// growth is how many times larger than the state the log may be before a snapshot takes its place: small enough
// that Open reads little that is gone, large enough that the log's own bytes outweigh the snapshots'.
const growth = 3

// makeRoom sees to it that the next payload fits, and uses the change of segment to get rid of an overgrown log.
func (s *Store) makeRoom(n int) error {
	if s.segments.Fits(n) {
		return nil
	}
	now := s.published.Load()
	before := s.segments.Size()
	if before <= growth*now.bytes {
		return s.segments.Extend(n)
	}
	if err := s.segments.Rebase(now.snapshot(), n); err != nil {
		return fmt.Errorf("replace log by snapshot: %w", err)
	}
	s.log.Info("compacted the state's log", "dir", s.dir.path, "from", before, "to", s.segments.Size())
	return nil
}
