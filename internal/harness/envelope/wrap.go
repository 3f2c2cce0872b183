package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	keyBytes    = 32
	nonceBytes  = 12
	tagBytes    = 16
	wrapVersion = 1
)

// ErrSealed is returned for bytes that were not sealed or wrapped under the key at hand and for the same place, or
// that were changed since.
var ErrSealed = errors.New("sealed bytes do not open: changed, from another place, or sealed under another key")

// key is a plaintext key.
type key [keyBytes]byte

func (k *key) wipe() { clear(k[:]) }

func newAEAD(k *key) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// draw makes a new key.
func draw(rand io.Reader) (*key, error) {
	k := &key{}
	if _, err := io.ReadFull(rand, k[:]); err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	return k, nil
}

// A slot is where a wrapped key belongs.
type slot struct {
	ledger        string
	level         byte
	id            string
	version       uint64
	parent        string
	parentVersion uint64
}

// bind is the slot as additional data; lengths go first, so that no two slots look alike.
func (s slot) bind() []byte {
	b := append(make([]byte, 0, 128), "qldbkms key "...)
	b = append(b, wrapVersion, s.level)
	for _, text := range []string{s.ledger, s.id, s.parent} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, s.version), s.parentVersion)
}

// wrap encrypts k under its parent.
func wrap(k, parent *key, at slot, rand io.Reader) ([]byte, error) {
	aead, err := newAEAD(parent)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 1+nonceBytes, 1+nonceBytes+keyBytes+tagBytes)
	out[0] = wrapVersion
	if _, err := io.ReadFull(rand, out[1:]); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return aead.Seal(out, out[1:], k[:], at.bind()), nil
}

// unwrap is the inverse of wrap. The error is ErrSealed.
func unwrap(wrapped []byte, parent *key, at slot) (*key, error) {
	if len(wrapped) != 1+nonceBytes+keyBytes+tagBytes || wrapped[0] != wrapVersion {
		return nil, ErrSealed
	}
	aead, err := newAEAD(parent)
	if err != nil {
		return nil, err
	}
	k := &key{}
	if _, err := aead.Open(k[:0], wrapped[1:1+nonceBytes], wrapped[1+nonceBytes:], at.bind()); err != nil {
		return nil, ErrSealed
	}
	return k, nil
}
