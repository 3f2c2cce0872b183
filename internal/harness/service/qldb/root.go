package qldb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// awsOwnedKey is what KmsKey says for the key that belongs to QLDB itself.
const awsOwnedKey = "AWS_OWNED_KMS_KEY"

// rootNode is the key at the top of a ledger's key hierarchy, wrapped by the KMS key that protects the ledger.
// Its plaintext is never stored. Each key change makes the next version under the same node id.
type rootNode struct {
	// Key is the ARN of a customer managed key, awsOwnedKey, or empty for a ledger that was created without a key
	// and never changed; such a ledger shows no encryption description.
	Key         string
	GrantID     string `json:",omitempty"` // QLDB's grant on Key, as last created
	NodeID      string // 22 characters
	NodeVersion int    // from 1
	Ciphertext  []byte `json:",omitempty"` // from KMS GenerateDataKey; empty under the AWS owned key
}

// customer says that the root node is wrapped by a customer managed key.
func (n rootNode) customer() bool { return strings.HasPrefix(n.Key, "arn:") }

// context is the encryption context that binds the wrapped key to its place in the hierarchy.
// Source: the CloudTrail event of GenerateDataKey by qldb.amazonaws.com.
func (n rootNode) context() map[string]string {
	return map[string]string{
		"key-hierarchy-node-id":      n.NodeID,
		"key-hierarchy-node-version": strconv.Itoa(n.NodeVersion),
	}
}

// generate gives n its ciphertext: a fresh data key under n.Key. The plaintext is dropped.
func (s *Service) generate(ctx context.Context, at Place, n *rootNode) error {
	key, err := s.cfg.Keys.GenerateDataKey(ctx, at, n.Key, n.context())
	if err != nil {
		return fmt.Errorf("generate root node key %s: %w", n.NodeID, err)
	}
	clear(key.Plaintext)
	n.Ciphertext = key.Ciphertext
	return nil
}

// open asks KMS to unwrap n, and drops the plaintext. A root node under the AWS owned key is always open.
func (s *Service) open(ctx context.Context, at Place, n rootNode) error {
	if !n.customer() {
		return nil
	}
	plaintext, err := s.cfg.Keys.Decrypt(ctx, at, n.Key, n.Ciphertext, n.context())
	if err != nil {
		return fmt.Errorf("open root node key %s: %w", n.NodeID, err)
	}
	clear(plaintext)
	return nil
}
