package qldb

import (
	"context"
	"fmt"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
)

// awsOwnedKey is what KmsKey says for the key that belongs to QLDB itself.
const awsOwnedKey = "AWS_OWNED_KMS_KEY"

// rootNode is the top of a ledger's key hierarchy, under the key that protects the ledger. Each key change makes the
// next version under the same node id.
type rootNode struct {
	// Key is the ARN of a customer managed key, awsOwnedKey, or empty for a ledger that was created without a key
	// and never changed; such a ledger shows no encryption description.
	Key     string
	GrantID string `json:",omitempty"` // QLDB's grant on Key, as last created
	envelope.Root
}

// customer says that the root node is wrapped by a customer managed key.
func (n *rootNode) customer() bool { return strings.HasPrefix(n.Key, "arn:") }

// level0 is the key as its KeyWrapper knows it.
func (n *rootNode) level0() string {
	if n.customer() {
		return n.Key
	}
	return awsOwnedKey
}

// wrapper is what wraps and opens n: KMS, or QLDB's own key.
func (s *Service) wrapper(at Place, n *rootNode) envelope.KeyWrapper {
	if n.customer() {
		return grantedKeys{s.cfg.Keys, at}
	}
	return envelope.OwnKey{Sealer: s.cfg.Sealer, Rand: s.cfg.Rand}
}

// grantedKeys is KMS as the QLDB of a place may use it, by its grants.
type grantedKeys struct {
	keys Keys
	at   Place
}

// GenerateDataKey implements envelope.KeyWrapper.
func (g grantedKeys) GenerateDataKey(
	ctx context.Context, keyARN string, encryptionContext map[string]string,
) (DataKey, error) {
	return g.keys.GenerateDataKey(ctx, g.at, keyARN, encryptionContext)
}

// Decrypt implements envelope.KeyWrapper.
func (g grantedKeys) Decrypt(
	ctx context.Context, keyARN string, ciphertext []byte, encryptionContext map[string]string,
) ([]byte, error) {
	return g.keys.Decrypt(ctx, g.at, keyARN, ciphertext, encryptionContext)
}

// generate gives n, the root node of the ledger called ledgerID, its key under n.Key. The first version gets the node
// keys that all data of the ledger hangs on; later ones take them over when the key change gets there. The key is
// opened once before anything comes to depend on it: were the wrapped key not the one that was answered, nobody would
// know before it is too late.
func (s *Service) generate(ctx context.Context, at Place, ledgerID string, n *rootNode) error {
	key, err := n.Generate(ctx, s.wrapper(at, n), n.level0(), ledgerID)
	if err != nil {
		return err
	}
	defer key.Wipe()
	opened, err := n.Open(ctx, s.wrapper(at, n), n.level0(), ledgerID)
	if err != nil {
		return err
	}
	opened.Wipe()
	if n.NodeVersion > 1 {
		return nil
	}
	return n.Plant(ledgerID, key, s.newID, s.cfg.Rand)
}

// open unwraps the root node key of l that n describes.
func (s *Service) open(ctx context.Context, l *ledger, n *rootNode) (*envelope.RootKey, error) {
	key, err := n.Open(ctx, s.wrapper(l.Place, n), n.level0(), l.ID)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", l.arn(), err)
	}
	return key, nil
}
