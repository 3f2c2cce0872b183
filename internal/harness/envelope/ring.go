package envelope

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// RingConfig is what a Ring needs; all of it.
type RingConfig struct {
	LedgerID string
	State    store.State // keeps the segment keys
	Rand     io.Reader   // fit for cryptography, read by several goroutines at once
	Now      func() time.Time
	// Refresh is called when keys are needed and none are there. It opens the ledger's root node key and hands it to
	// Unlock, or returns why it cannot; that error reaches whoever wanted to use the keys, as it is.
	Refresh func(ctx context.Context) error
}

// A Ring holds the plaintext keys of one ledger and seals with them. Its methods may be called concurrently.
//
// Whatever happens to the keys, nothing is lost by it: without keys every use fails before it has an effect, and what
// has begun with Hold goes on to its end.
type Ring struct {
	cfg RingConfig

	current    atomic.Pointer[keys] // nil: there are none; changed under mu
	refreshing chan struct{}        // a slot, held by sending: by the one that calls Refresh

	mu      sync.Mutex
	drops   uint64        // how often Drop was called
	changed chan struct{} // closed when current changes, and replaced then

	reserving chan struct{} // a slot, held by sending: by the one that changes uses
	uses      [roles]atomic.Pointer[usage]
}

// NewRing returns a Ring without keys.
func NewRing(cfg RingConfig) *Ring {
	return &Ring{
		cfg: cfg, refreshing: make(chan struct{}, 1), reserving: make(chan struct{}, 1), changed: make(chan struct{}),
	}
}

// errExpired is what is left when the clock runs away from the keys.
var errExpired = errors.New("the keys of the ledger expire faster than they can be opened")

// Drops is to be asked before KMS is: Unlock wants the answer.
func (r *Ring) Drops() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.drops
}

// Unlock hands in an opened root node key, which the caller wipes. The keys may be used from from, which is when KMS
// was asked, to until; a zero until is for ever. It does nothing if Drop was called since drops was asked for: then
// this answer of KMS is older than the refusal.
func (r *Ring) Unlock(drops uint64, root *Root, rootKey *RootKey, from, until time.Time) error {
	k, err := openKeys(r.cfg.LedgerID, root, rootKey, from, until)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.drops != drops {
		k.unpin()
		return nil
	}
	r.replace(k)
	return nil
}

// replace makes k the current keys. mu is held.
func (r *Ring) replace(k *keys) {
	if old := r.current.Swap(k); old != nil {
		old.unpin()
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// Drop gives up the keys at once: the key they hang on cannot be used any more.
func (r *Ring) Drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drops++
	r.replace(nil)
}

// Expire gives up keys whose time is over.
func (r *Ring) Expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := r.current.Load(); k != nil && !k.valid(r.cfg.Now()) {
		r.replace(nil)
	}
}

// Ready says whether keys are there that may be used now.
func (r *Ring) Ready() bool {
	k := r.current.Load()
	return k != nil && k.valid(r.cfg.Now())
}

// Ensure makes sure of keys, asking for them if there are none. The error is that of Refresh.
func (r *Ring) Ensure(ctx context.Context) error {
	if r.Ready() {
		return nil
	}
	return r.refresh(ctx)
}

// pin returns the keys, which the caller unpins.
func (r *Ring) pin(ctx context.Context) (*keys, error) {
	for range 4 {
		if k := r.current.Load(); k != nil && k.valid(r.cfg.Now()) && k.pin() {
			return k, nil
		}
		if err := r.refresh(ctx); err != nil {
			return nil, err
		}
	}
	return nil, errExpired
}

// refresh asks for keys, one caller at a time, so that many who wait for them ask KMS once. The others go on as soon
// as there are keys, whatever else the one has to do.
func (r *Ring) refresh(ctx context.Context) error {
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		if r.Ready() {
			return nil
		}
		select {
		case r.refreshing <- struct{}{}:
			defer func() { <-r.refreshing }()
			if r.Ready() {
				return nil
			}
			return r.cfg.Refresh(ctx)
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Open decrypts what Seal returned for the same place. The error is ErrSealed, or why there are no keys.
func (r *Ring) Open(ctx context.Context, place, sealed []byte) ([]byte, error) {
	k, err := r.pin(ctx)
	if err != nil {
		return nil, err
	}
	defer k.unpin()
	return k.open(ctx, r.cfg.State, place, sealed)
}

// Hash is a keyed hash: the same for the same value for as long as the ledger lives, and telling nothing about it
// without the key.
func (r *Ring) Hash(ctx context.Context, value []byte) ([32]byte, error) {
	k, err := r.pin(ctx)
	if err != nil {
		return [32]byte{}, err
	}
	defer k.unpin()
	return k.hashOf(value), nil
}

// Hold returns keys that stay, even if they expire or are dropped meanwhile, until they are released.
func (r *Ring) Hold(ctx context.Context) (*Held, error) {
	k, err := r.pin(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.reserve(ctx, k); err != nil {
		k.unpin()
		return nil, err
	}
	return &Held{ring: r, keys: k}, nil
}

// Held are keys that stay until they are released.
type Held struct {
	ring *Ring
	keys *keys
}

// Release ends the use. It must be called once.
func (h *Held) Release() { h.keys.unpin() }

// Open is Ring.Open.
func (h *Held) Open(ctx context.Context, place, sealed []byte) ([]byte, error) {
	return h.keys.open(ctx, h.ring.cfg.State, place, sealed)
}

// Hash is Ring.Hash.
func (h *Held) Hash(_ context.Context, value []byte) ([32]byte, error) {
	return h.keys.hashOf(value), nil
}

// Seal encrypts plaintext for place.
func (h *Held) Seal(place, plaintext []byte) ([]byte, error) {
	role := roleOf(place)
	use := h.ring.uses[role].Load()
	aead, err := h.keys.segment(context.Background(), h.ring.cfg.State, segmentID{role, use.number})
	if err != nil {
		return nil, err
	}
	use.left.Add(-1)
	sealed := make([]byte, headBytes, headBytes+len(plaintext)+tagBytes)
	sealed[0], sealed[1] = sealVersion, byte(role+1)
	sealed[2], sealed[3] = byte(use.number>>24), byte(use.number>>16)
	sealed[4], sealed[5] = byte(use.number>>8), byte(use.number)
	head, nonce := sealed[:headBytes-nonceBytes], sealed[headBytes-nonceBytes:headBytes]
	if _, err := io.ReadFull(h.ring.cfg.Rand, nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return aead.Seal(sealed, nonce, plaintext, h.keys.additional(head, place)), nil
}
