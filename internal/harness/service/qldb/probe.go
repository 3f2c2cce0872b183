package qldb

import (
	"context"
	"time"
)

// keyHealth is what an attempt to use the keys of a ledger shows.
type keyHealth int

const (
	healthUnknown  keyHealth = iota // KMS gave no answer that says anything about the keys
	healthUsable                    // every key in use opened its root node
	healthUnusable                  // a key in use is disabled, deleted, without grant, ...
)

// probe opens the root nodes of l with KMS, as QLDB. The error, only with healthUnknown, says why nothing is known.
func (s *Service) probe(ctx context.Context, l *ledger) (keyHealth, error) {
	nodes := []rootNode{l.Root}
	if l.Next != nil {
		nodes = append(nodes, *l.Next)
	}
	for _, n := range nodes {
		switch err := s.open(ctx, l.Place, n); {
		case err == nil:
		case keyUnusable(err):
			return healthUnusable, nil
		default:
			return healthUnknown, err
		}
	}
	return healthUsable, nil
}

// keyUnusable says that KMS refused because of the key or the grant. Everything else (throttling, a fault inside KMS,
// no answer) says nothing about the key, and a ledger is not cut off for it.
func keyUnusable(err error) bool {
	switch faultCode(err) {
	case "AccessDeniedException", "DisabledException", "KMSInvalidStateException", "KeyUnavailableException",
		"NotFoundException", "InvalidCiphertextException", "IncorrectKeyException", "InvalidKeyUsageException":
		return true
	}
	return false
}

// observe moves l on after its keys were tried at now.
//
// A key change ends when its time is over and both keys are usable: the next root node takes the place of the
// current one in the same write. An unusable key, old or new, pauses it; it starts its time again on recovery.
func (l *ledger) observe(now time.Time, health keyHealth, cfg *Config) {
	switch health {
	case healthUnusable:
		if !l.impaired() {
			l.InaccessibleSince = now
		}
		l.ProbeAt = now.Add(cfg.RecoveryInterval)
		return
	case healthUnknown:
		l.ProbeAt = now.Add(cfg.RecoveryInterval)
		return
	}
	if l.impaired() {
		l.InaccessibleSince = time.Time{}
		if l.Next != nil {
			l.SwapAt = now.Add(cfg.RekeyDuration)
		}
	}
	l.ProbeAt = now.Add(cfg.KeyCacheTTL)
	switch {
	case l.Next == nil:
	case now.Before(l.SwapAt):
		l.ProbeAt = earlier(l.ProbeAt, l.SwapAt)
	default:
		l.Root, l.Next, l.SwapAt = *l.Next, nil, time.Time{}
	}
	if !l.watched() {
		l.ProbeAt = time.Time{}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
