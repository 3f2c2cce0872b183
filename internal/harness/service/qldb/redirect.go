package qldb

import (
	"context"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// redirect gives a key change that pauses because its new key cannot be used another end: the key that the ledger comes
// from and still hangs on, or a third one. The root node under the lost key, which protects nothing yet, is dropped.
//
// No document tells of it. An impaired ledger takes no other key because its root node key cannot be unwrapped; here
// the key it comes from unwraps it, and refusing would lose all data with a key that none of it depends on.
func (s *Service) redirect(
	ctx context.Context, c *wire.Call, l *ledger, key string, protection *bool,
) (*ledger, error) {
	if err := s.redirectable(ctx, l); err != nil {
		return nil, err
	}
	var next *rootNode
	var claimed []string
	back := key == l.Root.Key || key == awsOwnedKey && !l.Root.customer()
	if !back {
		n, err := s.newRoot(ctx, c, l, key, l.Root.NodeID, l.Next.NodeVersion+1)
		if err != nil {
			return nil, err
		}
		if next = &n; n.customer() {
			claimed = append(claimed, key)
		}
	}
	updated, err := s.commit(ctx, l, protection, claimed, func(l *ledger) {
		now := s.now()
		l.Next, l.SwapAt, l.ProbeAt = next, now.Add(s.cfg.RekeyDuration), now
		if back { // it was opened just now
			l.Root.Key, l.InaccessibleSince = key, time.Time{}
		}
	})
	if err != nil {
		return nil, err
	}
	if err := s.watch(ctx, updated.Place, updated.Name); err != nil {
		return nil, err
	}
	return s.updatable(ctx, updated.Place, updated.Name)
}

// redirectable refuses unless KMS says that the key of l's root node can be used and that of the next cannot.
func (s *Service) redirectable(ctx context.Context, l *ledger) error {
	opens := func(n *rootNode) (usable bool, err error) {
		var key *envelope.RootKey
		if key, err = s.open(ctx, l, n); err == nil {
			key.Wipe()
			return true, nil
		}
		if keyUnusable(err) {
			return false, nil
		}
		return false, unanswered(err)
	}
	if usable, err := opens(&l.Root); err != nil {
		return err
	} else if !usable {
		return invalid("KmsKey", textImpaired)
	}
	if usable, err := opens(l.Next); err != nil {
		return err
	} else if usable {
		return keyChangeRunning() // it goes on by itself
	}
	return nil
}
