package engine

import "crypto/sha256"

// A Sealer encrypts what a ledger keeps. place binds sealed bytes to where they belong: "log/" and the decimal number
// of a block, or the key in the index; Open with another place fails.
//
// Hash makes the part of an index key that is derived from a document's value. It is 32 bytes, always the same for
// the same value as long as the index lives, and tells nothing about the value to those who do not hold the key.
//
// The bytes that a redaction removes stay inside the sealed block in the log. A Sealer that seals each block's data
// under a key of its own can make them unreadable by forgetting that key.
type Sealer interface {
	Seal(place, plaintext []byte) (sealed []byte, err error)
	Open(place, sealed []byte) (plaintext []byte, err error)
	Hash(value []byte) [32]byte
}

// plain seals nothing.
type plain struct{}

func (plain) Seal(_, plaintext []byte) ([]byte, error) { return plaintext, nil }
func (plain) Open(_, sealed []byte) ([]byte, error)    { return sealed, nil }
func (plain) Hash(value []byte) [32]byte               { return sha256.Sum256(value) }
