package local

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// The envelope of a sealed secret: one byte of version, the nonce, the ciphertext with its tag.
const (
	sealVersion = 1
	nonceBytes  = 12
	tagBytes    = 16
)

var errSealed = errors.New("it was changed, belongs to another place, or was sealed under another root secret")

// sealer is a store.Sealer: AES-256-GCM under one derived key, with random nonces. One key is good for 2^32 seals
// (NIST SP 800-38D, 8.3), far more than service state holds.
type sealer struct {
	aead   cipher.AEAD
	random io.Reader
}

func newSealer(secret []byte, purpose string, random io.Reader) (store.Sealer, error) {
	key, err := derive(secret, purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	return &sealer{aead: aead, random: random}, nil
}

// Seal implements store.Sealer. The result is 29 bytes longer than plaintext.
func (s *sealer) Seal(plaintext, aad []byte) ([]byte, error) {
	out := make([]byte, 1+nonceBytes, 1+nonceBytes+len(plaintext)+tagBytes)
	out[0] = sealVersion
	nonce := out[1:]
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("draw nonce: %w", err)
	}
	return s.aead.Seal(out, nonce, plaintext, bind(aad)), nil
}

// Open implements store.Sealer.
func (s *sealer) Open(sealed, aad []byte) ([]byte, error) {
	if len(sealed) < 1+nonceBytes+tagBytes {
		return nil, fmt.Errorf("open sealed secret of %d bytes: it is cut short", len(sealed))
	}
	if sealed[0] != sealVersion {
		return nil, fmt.Errorf("open sealed secret: version %d is not known", sealed[0])
	}
	plaintext, err := s.aead.Open(nil, sealed[1:1+nonceBytes], sealed[1+nonceBytes:], bind(aad))
	if err != nil {
		return nil, fmt.Errorf("open sealed secret: %w", errSealed)
	}
	return plaintext, nil
}

// bind puts the version under the authentication too, so that a later version can never be read as this one.
func bind(aad []byte) []byte { return append([]byte{sealVersion}, aad...) }
