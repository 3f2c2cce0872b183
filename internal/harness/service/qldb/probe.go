package qldb

import (
	"context"
	"errors"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
)

// keyHealth is what an attempt to use the keys of a ledger shows.
type keyHealth int

const (
	healthUnknown  keyHealth = iota // KMS gave no answer that says anything about the keys
	healthUsable                    // every key in use opened its root node
	healthUnusable                  // a key in use is disabled, deleted, without grant, ...
)

// probe opens the root nodes of l with KMS, as QLDB, and passes what it finds on to the Ring of l. The error, only
// with healthUnknown, says why nothing is known; it is an *askError.
//
// successor is l.Next with the node keys, ready to take the place of l.Root; nil if no key change runs.
func (s *Service) probe(ctx context.Context, l *ledger, now time.Time) (
	health keyHealth, successor *rootNode, err error,
) {
	ring := s.ring(l)
	drops := ring.Drops()
	successor, err = s.unwrap(ctx, l, func(root *envelope.RootKey) error {
		return ring.Unlock(drops, &l.Root.Root, root, now, now.Add(s.cfg.KeyCacheTTL))
	})
	switch {
	case err == nil:
		return healthUsable, successor, nil
	case keyUnusable(err):
		ring.Drop()
		return healthUnusable, nil, nil
	}
	ring.Expire()
	return healthUnknown, nil, &askError{err}
}

// unwrap opens all root nodes of l and hands the current one's key to use, unless a key is unusable. The current one
// is enough to go on with while nothing is known about the next.
func (s *Service) unwrap(
	ctx context.Context, l *ledger, use func(*envelope.RootKey) error,
) (successor *rootNode, err error) {
	root, err := s.open(ctx, l, &l.Root)
	if err != nil {
		return nil, err
	}
	defer root.Wipe()
	if l.Next != nil {
		next, err := s.open(ctx, l, l.Next)
		if keyUnusable(err) {
			return nil, err
		}
		if err != nil {
			return nil, errors.Join(err, use(root))
		}
		defer next.Wipe()
		ready := *l.Next
		if err := ready.Adopt(l.ID, next, &l.Root.Root, root, s.cfg.Rand); err != nil {
			return nil, err
		}
		successor = &ready
	}
	return successor, use(root)
}

// keyUnusable says that KMS refused because of the key or the grant. Everything else (throttling, a fault inside KMS,
// no answer, an answer that is not the
// key) says nothing about the key, and a ledger is not cut off for it before its keys expire.
func keyUnusable(err error) bool {
	switch faultCode(err) {
	case "AccessDeniedException", "DisabledException", "KMSInvalidStateException", "KeyUnavailableException",
		"NotFoundException", "InvalidCiphertextException", "IncorrectKeyException", "InvalidKeyUsageException":
		return true
	}
	return false
}

// observe moves l on after its keys were tried at now. successor is Next, ready to be used, if health is usable.
//
// A key change ends when its time is over and both keys are usable: the next root node takes the place of the
// current one in the same write. An unusable key, old or new, pauses it; it starts its time again on recovery.
func (l *ledger) observe(now time.Time, health keyHealth, successor *rootNode, cfg *Config) {
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
		l.Root, l.Next, l.SwapAt = *successor, nil, time.Time{}
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
