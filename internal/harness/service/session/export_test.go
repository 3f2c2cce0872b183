package session

// OpenTransactions counts the transactions that sessions hold.
func (s *Service) OpenTransactions() int {
	n := 0
	for _, x := range s.sessions.all() {
		x.mu.Lock()
		if x.tx != nil {
			n++
		}
		x.mu.Unlock()
	}
	return n
}
