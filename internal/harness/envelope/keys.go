package envelope

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// keys are the plaintext keys of a ledger for a while. They are overwritten when nobody uses them any more: the Ring
// while they are current, and everybody who has pinned them.
type keys struct {
	ledger      string
	from, until time.Time // when they may be used; a zero until is for ever

	users   atomic.Int64 // none: overwritten
	parents [roles]Node  // of the segment keys
	nodes   [roles]*key
	hash    [keyBytes]byte

	mu       sync.RWMutex
	segments map[segmentID]cipher.AEAD
}

// segmentID names a segment key of a ledger.
type segmentID struct {
	role   int
	number uint32
}

// openKeys unwraps the node keys of root. The caller is their one user.
func openKeys(ledgerID string, root *Root, rootKey *RootKey, from, until time.Time) (*keys, error) {
	k := &keys{ledger: ledgerID, from: from, until: until, segments: map[segmentID]cipher.AEAD{}}
	var err error
	if k.nodes, err = root.unwrapNodes(ledgerID, rootKey); err != nil {
		return nil, err
	}
	k.parents = [roles]Node(root.Nodes)
	derived, err := hkdf.Key(sha256.New, k.nodes[index][:], nil, "qldbkms index hash "+ledgerID, keyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive the hash key of ledger %s: %w", ledgerID, err)
	}
	copy(k.hash[:], derived)
	clear(derived)
	k.users.Store(1)
	return k, nil
}

// valid says whether the keys may be used at now. A clock that was moved back makes them invalid as well: otherwise
// they would live longer than they may.
func (k *keys) valid(now time.Time) bool {
	return k.until.IsZero() || !now.Before(k.from) && now.Before(k.until)
}

// pin makes the caller a user, unless the keys are gone already.
func (k *keys) pin() bool {
	for {
		n := k.users.Load()
		if n == 0 {
			return false
		}
		if k.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// unpin ends what pin began.
func (k *keys) unpin() {
	if k.users.Add(-1) > 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, n := range k.nodes {
		n.wipe()
	}
	clear(k.hash[:])
	clear(k.segments)
}

const (
	sealVersion = 2
	headBytes   = 1 + 1 + 4 + nonceBytes
	// oldVersion was sealed under a secret of the ledger that did not hang on its KMS key.
	oldVersion = 1
)

// roleOf says which node a place is under.
func roleOf(place []byte) int {
	switch {
	case bytes.HasPrefix(place, []byte("log/")):
		return strand
	case len(place) == 1: // the engine keeps the catalog under a key of one byte
		return catalog
	}
	return index
}

// additional binds sealed data to its place: head is version, role and number.
func (k *keys) additional(head, place []byte) []byte {
	b := append(make([]byte, 0, 192), head...)
	b = append(binary.AppendUvarint(b, uint64(len(k.ledger))), k.ledger...)
	return append(b, place...)
}

// open decrypts sealed data; s is where segment keys are found.
func (k *keys) open(ctx context.Context, s store.State, place, sealed []byte) ([]byte, error) {
	if len(sealed) > 0 && sealed[0] == oldVersion {
		return nil, ErrNoHierarchy
	}
	role := roleOf(place)
	if len(sealed) < headBytes || sealed[0] != sealVersion || int(sealed[1]) != role+1 {
		return nil, ErrSealed
	}
	aead, err := k.segment(ctx, s, segmentID{role, binary.BigEndian.Uint32(sealed[2:])})
	if err != nil {
		return nil, err
	}
	head := sealed[:headBytes-nonceBytes]
	plaintext, err := aead.Open(nil, sealed[len(head):headBytes], sealed[headBytes:], k.additional(head, place))
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// hashOf is a keyed hash.
func (k *keys) hashOf(value []byte) [32]byte {
	m := hmac.New(sha256.New, k.hash[:])
	m.Write(value)
	return [32]byte(m.Sum(nil))
}
