package envelope

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// A KeyWrapper makes and opens root node keys: KMS with the rights of the service, or the service's own key. level0
// names the key to use. Decrypt must fail under another key or another encryption context.
type KeyWrapper interface {
	GenerateDataKey(ctx context.Context, level0 string, encryptionContext map[string]string) (DataKey, error)
	Decrypt(ctx context.Context, level0 string, ciphertext []byte, encryptionContext map[string]string) ([]byte, error)
}

// DataKey is a fresh key and its form wrapped at level 0.
type DataKey struct {
	Plaintext  []byte // 32 bytes; never stored
	Ciphertext []byte
}

// Root is what is stored of a ledger's two upper levels. Who holds the ledger keeps it, and replaces it in one write.
type Root struct {
	NodeID      string // 22 characters; stays through all key changes
	NodeVersion int    // from 1; each key change makes the next
	Ciphertext  []byte `json:",omitempty"` // the root node key, as level 0 wrapped it
	// Check is a MAC under the root node key. Without it a wrong answer of KMS could become the key that the node keys
	// are wrapped under, and then they would be lost.
	Check []byte `json:",omitempty"`
	Nodes []Node `json:",omitempty"` // empty until a key change gets here
}

// Node is a wrapped node key.
type Node struct {
	ID      string // of 22 characters
	Role    string // strand, index or catalog
	Version int
	Wrapped []byte
}

// The roles of nodes; their order is the number that sealed data carries, from 1.
const (
	strand = iota
	index
	catalog
	roles
)

var roleNames = [roles]string{"strand", "index", "catalog"}

// RootKey is an opened root node key. Wipe it after use.
type RootKey struct{ k key }

// Wipe overwrites the key.
func (k *RootKey) Wipe() {
	if k != nil {
		k.k.wipe()
	}
}

// ErrNoHierarchy is returned for a ledger without node keys: it was made by a version of this program that did not
// keep data under the ledger's key.
var ErrNoHierarchy = errors.New("it was made by a development version, which did not keep data under the key of the " +
	"ledger, and this one cannot read it; use another data directory")

// GarbageError says that KMS answered with something that is not the key. It tells nothing about the key.
type GarbageError struct{ What string }

func (e *GarbageError) Error() string { return "AWS KMS gave a wrong answer: " + e.What }

// Context is the encryption context that binds the root node key to its place in the hierarchy.
// Source: the CloudTrail event of GenerateDataKey by qldb.amazonaws.com.
func (r *Root) Context() map[string]string {
	return map[string]string{
		"key-hierarchy-node-id":      r.NodeID,
		"key-hierarchy-node-version": strconv.Itoa(r.NodeVersion),
	}
}

// Generate gives r, which has its NodeID and NodeVersion, a root node key of the ledger under level0.
func (r *Root) Generate(ctx context.Context, w KeyWrapper, level0, ledgerID string) (*RootKey, error) {
	made, err := w.GenerateDataKey(ctx, level0, r.Context())
	if err != nil {
		return nil, fmt.Errorf("generate root node key %s: %w", r.NodeID, err)
	}
	defer clear(made.Plaintext)
	if len(made.Plaintext) != keyBytes || len(made.Ciphertext) == 0 {
		return nil, fmt.Errorf("generate root node key %s: %w", r.NodeID, &GarbageError{
			fmt.Sprintf("a data key of %d bytes, wrapped in %d", len(made.Plaintext), len(made.Ciphertext)),
		})
	}
	k := &RootKey{key(made.Plaintext)}
	r.Ciphertext, r.Check = made.Ciphertext, r.check(ledgerID, &k.k)
	return k, nil
}

// Open unwraps r's root node key with level0.
func (r *Root) Open(ctx context.Context, w KeyWrapper, level0, ledgerID string) (*RootKey, error) {
	if len(r.Ciphertext) == 0 || len(r.Check) == 0 {
		return nil, ErrNoHierarchy
	}
	plaintext, err := w.Decrypt(ctx, level0, r.Ciphertext, r.Context())
	if err != nil {
		return nil, fmt.Errorf("open root node key %s: %w", r.NodeID, err)
	}
	defer clear(plaintext)
	if len(plaintext) != keyBytes {
		return nil, fmt.Errorf("open root node key %s: %w", r.NodeID,
			&GarbageError{fmt.Sprintf("a key of %d bytes", len(plaintext))})
	}
	k := &RootKey{key(plaintext)}
	if !hmac.Equal(r.check(ledgerID, &k.k), r.Check) {
		k.Wipe()
		return nil, fmt.Errorf("open root node key %s: %w", r.NodeID, &GarbageError{"another key"})
	}
	return k, nil
}

// check is a MAC that tells r's root node key from any other key.
func (r *Root) check(ledgerID string, k *key) []byte {
	m := hmac.New(sha256.New, k[:])
	m.Write(slot{ledger: ledgerID, level: 1, id: r.NodeID, version: uint64(r.NodeVersion)}.bind())
	return m.Sum(nil)
}

// slot is where a node of r is wrapped.
func (r *Root) slot(ledgerID string, n *Node) slot {
	return slot{
		ledger: ledgerID, level: 2, id: n.Role + "/" + n.ID, version: uint64(n.Version),
		parent: r.NodeID, parentVersion: uint64(r.NodeVersion),
	}
}

// Plant gives r the node keys of a new ledger. newID makes ids of 22 characters.
func (r *Root) Plant(ledgerID string, root *RootKey, newID func() (string, error), rand io.Reader) error {
	r.Nodes = nil
	for _, role := range roleNames {
		id, err := newID()
		if err != nil {
			return err
		}
		k, err := draw(rand)
		if err != nil {
			return err
		}
		n := Node{ID: id, Role: role, Version: 1}
		n.Wrapped, err = wrap(k, &root.k, r.slot(ledgerID, &n), rand)
		k.wipe()
		if err != nil {
			return fmt.Errorf("wrap %s node key %s: %w", role, id, err)
		}
		r.Nodes = append(r.Nodes, n)
	}
	return nil
}

// Adopt wraps the node keys of old, whose root node key is oldKey, under r's. It does not touch old.
func (r *Root) Adopt(ledgerID string, root *RootKey, old *Root, oldKey *RootKey, rand io.Reader) error {
	keys, err := old.unwrapNodes(ledgerID, oldKey)
	if err != nil {
		return err
	}
	nodes := make([]Node, len(old.Nodes))
	for i, n := range old.Nodes {
		nodes[i] = n
		nodes[i].Wrapped, err = wrap(keys[i], &root.k, r.slot(ledgerID, &n), rand)
		keys[i].wipe()
		if err != nil {
			return fmt.Errorf("wrap %s node key %s again: %w", n.Role, n.ID, err)
		}
	}
	r.Nodes = nodes
	return nil
}

// unwrapNodes returns the node keys of r in the order of their roles.
func (r *Root) unwrapNodes(ledgerID string, root *RootKey) ([roles]*key, error) {
	var keys [roles]*key
	if len(r.Nodes) != roles {
		return keys, ErrNoHierarchy
	}
	for i, n := range r.Nodes {
		var err error
		if n.Role != roleNames[i] {
			return keys, fmt.Errorf("node %s is for %q, want %q: %w", n.ID, n.Role, roleNames[i], ErrSealed)
		}
		if keys[i], err = unwrap(n.Wrapped, &root.k, r.slot(ledgerID, &n)); err != nil {
			return keys, fmt.Errorf("open %s node key %s: %w", n.Role, n.ID, err)
		}
	}
	return keys, nil
}

// OwnKey is the service's own key at level 0, for ledgers without a customer managed key.
type OwnKey struct {
	Sealer store.Sealer
	Rand   io.Reader
}

// GenerateDataKey implements KeyWrapper.
func (o OwnKey) GenerateDataKey(
	_ context.Context, level0 string, encryptionContext map[string]string,
) (DataKey, error) {
	k, err := draw(o.Rand)
	if err != nil {
		return DataKey{}, err
	}
	sealed, err := o.Sealer.Seal(k[:], ownContext(level0, encryptionContext))
	if err != nil {
		return DataKey{}, err
	}
	return DataKey{Plaintext: k[:], Ciphertext: sealed}, nil
}

// Decrypt implements KeyWrapper.
func (o OwnKey) Decrypt(
	_ context.Context, level0 string, ciphertext []byte, encryptionContext map[string]string,
) ([]byte, error) {
	return o.Sealer.Open(ciphertext, ownContext(level0, encryptionContext))
}

func ownContext(level0 string, encryptionContext map[string]string) []byte {
	return fmt.Appendf(nil, "qldb root node key under %q: %q", level0, encryptionContext)
}
