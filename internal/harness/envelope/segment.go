package envelope

import (
	"context"
	"crypto/cipher"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

const (
	maxSealings = 1 << 20 // by one segment key
	portion     = 1 << 16 // that are reserved at a time
	lowWater    = 1 << 12 // from which on the next portion is reserved
)

// segmentKey is what is stored of a segment key.
type segmentKey struct {
	Wrapped  []byte
	Reserved int // sealings, of maxSealings
}

// segmentKeys is the table of the segment keys of one node, by number in hexadecimal.
func segmentKeys(ledgerID string, role int) store.Table[segmentKey] {
	return store.Table[segmentKey]{Prefix: ledgerPrefix(ledgerID) + roleNames[role] + "/"}
}

func ledgerPrefix(ledgerID string) string { return "envelope/" + ledgerID + "/" }

func segmentName(number uint32) string { return fmt.Sprintf("%08x", number) }

// Forget deletes all that is stored of a ledger's keys but its Root, which the ledger has.
func Forget(w store.Writer, ledgerID string) error {
	return w.Scan(ledgerPrefix(ledgerID), "", func(name string, _ []byte) (bool, error) {
		return true, w.Delete(name)
	})
}

// slot is where a segment key is wrapped.
func (k *keys) slot(id segmentID) slot {
	parent := k.parents[id.role]
	return slot{
		ledger: k.ledger, level: 3, id: parent.Role + "/" + segmentName(id.number), version: 1,
		parent: parent.ID, parentVersion: uint64(parent.Version),
	}
}

// segment is the cipher of a segment key, which is unwrapped when it is first needed.
func (k *keys) segment(ctx context.Context, s store.State, id segmentID) (cipher.AEAD, error) {
	k.mu.RLock()
	aead, ok := k.segments[id]
	k.mu.RUnlock()
	if ok {
		return aead, nil
	}
	var kept segmentKey
	err := s.View(ctx, func(r store.Reader) error {
		var found bool
		var err error
		kept, found, err = segmentKeys(k.ledger, id.role).Get(r, segmentName(id.number))
		if err == nil && !found {
			return fmt.Errorf("%s segment key %d is not there: %w", roleNames[id.role], id.number, ErrSealed)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	plain, err := unwrap(kept.Wrapped, k.nodes[id.role], k.slot(id))
	if err != nil {
		return nil, fmt.Errorf("open %s segment key %d: %w", roleNames[id.role], id.number, err)
	}
	defer plain.wipe()
	if aead, err = newAEAD(plain); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.segments[id] = aead
	return aead, nil
}

// usage is how a segment key is being used up.
type usage struct {
	number uint32
	left   atomic.Int64 // of what is reserved; what runs at the same time may bring it a little below zero
}

// reserve sees to it that every node has a segment key with sealings left, before anything is begun that needs them.
func (r *Ring) reserve(ctx context.Context, k *keys) error {
	if r.supplied() {
		return nil
	}
	select {
	case r.reserving <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.reserving }()
	if r.supplied() {
		return nil
	}
	var fresh [roles]*key
	for role := range roles {
		var err error
		if fresh[role], err = draw(r.cfg.Rand); err != nil {
			return err
		}
		defer fresh[role].wipe()
	}
	var got [roles]usageAt
	err := r.cfg.State.Update(ctx, func(w store.Writer) (err error) {
		for role := range roles {
			if got[role], err = r.take(w, k, role, fresh[role]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reserve sealings of ledger %s: %w", k.ledger, err)
	}
	for role, at := range got {
		if now := r.uses[role].Load(); now != nil && now.number == at.number {
			now.left.Add(at.sealings)
			continue
		}
		next := &usage{number: at.number}
		next.left.Store(at.sealings)
		r.uses[role].Store(next)
	}
	return nil
}

// usageAt is a portion of one segment key.
type usageAt struct {
	number   uint32
	sealings int64 // 0: none were needed
}

// take reserves a portion of a node's newest segment key, or makes fresh the next one. A node that is well supplied
// is left as it is.
func (r *Ring) take(w store.Writer, k *keys, role int, fresh *key) (usageAt, error) {
	if now := r.uses[role].Load(); now != nil && now.left.Load() > lowWater {
		return usageAt{number: now.number}, nil
	}
	table := segmentKeys(k.ledger, role)
	var newest segmentKey
	next := uint32(1)
	err := table.Scan(w, "", "", func(name string, s segmentKey) (bool, error) {
		n, err := strconv.ParseUint(name, 16, 32)
		newest, next = s, uint32(n)+1
		return true, err
	})
	if err != nil {
		return usageAt{}, err
	}
	id := segmentID{role, next - 1}
	if next == 1 || newest.Reserved+portion > maxSealings {
		id.number, newest = next, segmentKey{}
		if newest.Wrapped, err = wrap(fresh, k.nodes[role], k.slot(id), r.cfg.Rand); err != nil {
			return usageAt{}, err
		}
	}
	newest.Reserved += portion
	return usageAt{id.number, portion}, table.Put(w, segmentName(id.number), newest)
}

// supplied says that no node needs another portion.
func (r *Ring) supplied() bool {
	for role := range roles {
		if u := r.uses[role].Load(); u == nil || u.left.Load() <= lowWater {
			return false
		}
	}
	return true
}
