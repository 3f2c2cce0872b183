package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
)

const (
	secretVersion = 1
	saltBytes     = 24
	secretHead    = 1 + saltBytes
)

// Sealer seals under one secret what hangs on no KMS key, such as a part of the audit trail, which the package calls a
// ledger too. Its methods may be called concurrently if the source of randomness may be read concurrently.
//
//	0   1  version: 1
//	1  24  salt, random
//	25  n  AES-256-GCM ciphertext and tag
//
// Each sealing has a key of its own, HMAC-SHA-256 of the first half of the salt under the sealing key; the second half
// is the nonce.
type Sealer struct {
	ledger  string
	sealKey []byte
	hashKey []byte
	rand    io.Reader
}

// NewSealer returns the Sealer of a ledger. secret is 32 bytes, is not kept, and must belong to that ledger alone.
func NewSealer(secret []byte, ledgerID string, rand io.Reader) (*Sealer, error) {
	if len(secret) != keyBytes {
		return nil, fmt.Errorf("secret of ledger %s: got %d bytes, want %d", ledgerID, len(secret), keyBytes)
	}
	s := &Sealer{ledger: ledgerID, rand: rand}
	for purpose, key := range map[string]*[]byte{"seal": &s.sealKey, "hash": &s.hashKey} {
		derived, err := hkdf.Key(sha256.New, secret, nil, "qldbkms ledger "+ledgerID+" "+purpose, keyBytes)
		if err != nil {
			return nil, fmt.Errorf("derive the %s key of ledger %s: %w", purpose, ledgerID, err)
		}
		*key = derived
	}
	return s, nil
}

// Seal encrypts plaintext for place.
func (s *Sealer) Seal(place, plaintext []byte) ([]byte, error) {
	sealed := make([]byte, secretHead, secretHead+len(plaintext)+16)
	sealed[0] = secretVersion
	salt := sealed[1:secretHead]
	if _, err := io.ReadFull(s.rand, salt); err != nil {
		return nil, fmt.Errorf("draw a salt: %w", err)
	}
	aead, err := s.aead(salt)
	if err != nil {
		return nil, err
	}
	return aead.Seal(sealed, salt[saltBytes/2:], plaintext, s.additional(place)), nil
}

// Open decrypts what Seal returned for the same place. The error is ErrSealed.
func (s *Sealer) Open(place, sealed []byte) ([]byte, error) {
	if len(sealed) < secretHead || sealed[0] != secretVersion {
		return nil, ErrSealed
	}
	salt := sealed[1:secretHead]
	aead, err := s.aead(salt)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, salt[saltBytes/2:], sealed[secretHead:], s.additional(place))
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// Hash is a keyed hash: the same for the same value, and telling nothing about it without the key.
func (s *Sealer) Hash(value []byte) [32]byte {
	mac := hmac.New(sha256.New, s.hashKey)
	mac.Write(value)
	return [32]byte(mac.Sum(nil))
}

func (s *Sealer) aead(salt []byte) (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, s.sealKey)
	mac.Write(salt[:saltBytes/2])
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("key of a sealing: %w", err)
	}
	return cipher.NewGCM(block)
}

// additional binds version, ledger and place.
func (s *Sealer) additional(place []byte) []byte {
	return append([]byte{secretVersion, byte(len(s.ledger))}, append([]byte(s.ledger), place...)...)
}
