package engine

import "sync"

// snapshots knows the transactions that are open, and so how far back anybody can still look.
type snapshots struct {
	mu   sync.Mutex
	open []*Tx // by snapshot
}

// begin gives tx the newest published state. It is atomic with oldest, so that no row is removed which the new
// transaction is about to need.
func (s *snapshots) begin(tx *Tx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx.base = tx.ledger.published.Load()
	s.open = append(s.open, tx)
}

// oldest is the oldest snapshot that is in use: nothing that every block before it had replaced is needed any more.
// Transactions that have expired are ended here, so that a client that went away holds nothing up.
func (s *snapshots) oldest(published *state) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.open) > 0 && s.open[0].over() {
		s.open[0] = nil
		s.open = s.open[1:]
	}
	if len(s.open) > 0 {
		return min(s.open[0].base.next, published.next)
	}
	return published.next
}
