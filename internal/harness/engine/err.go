package engine

// Err is why the ledger can no longer be used, nil while it can. It is a *FailedError after a failure of the storage,
// ErrClosed after Close.
func (l *Ledger) Err() error { return l.usable() }
