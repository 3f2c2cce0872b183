package engine

import (
	"context"
	"crypto/sha256"
)

// Keys open what a ledger keeps. place binds sealed bytes to where they belong: "log/" and the decimal number of a
// block, or the key in the index; Open with another place fails.
//
// Hash makes the part of an index key that is derived from a document's value. It is 32 bytes, always the same for
// the same value as long as the index lives, and tells nothing about the value to those who do not hold the key.
//
// Either fails when the keys cannot be had now. That is no damage: the caller gives up what it was doing, and the
// ledger goes on when they are back.
type Keys interface {
	Open(ctx context.Context, place, sealed []byte) (plaintext []byte, err error)
	Hash(ctx context.Context, value []byte) ([32]byte, error)
}

// A Sealer encrypts what a ledger keeps. Its keys may come and go.
type Sealer interface {
	Keys
	// Hold makes sure of the keys for something that must not be left half done: a commit, from before its block is
	// made until it is in the log and in the index.
	Hold(ctx context.Context) (Held, error)
}

// Held are keys that stay until they are released.
type Held interface {
	Keys
	Seal(place, plaintext []byte) (sealed []byte, err error)
	Release()
}

// plain seals nothing.
type plain struct{}

func (plain) Open(_ context.Context, _, sealed []byte) ([]byte, error) { return sealed, nil }

func (plain) Hash(_ context.Context, value []byte) ([32]byte, error) {
	return sha256.Sum256(value), nil
}

func (plain) Hold(context.Context) (Held, error) { return plain{}, nil }

func (plain) Seal(_, plaintext []byte) ([]byte, error) { return plaintext, nil }

func (plain) Release() {}
