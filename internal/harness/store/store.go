// Package store declares the seams on which the harness keeps what must survive it.
//
// State is the durable home of service state (keys, aliases, grants, ledgers, access keys): an ordered map with
// serialisable transactions. Implementations: store/local, one process over a data directory. Services write
// against the seam alone, so none may assume a local file or a single process.
//
// Log and Index hold what is in one ledger: the sealed blocks, which are the truth, and an ordered view derived from
// them.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrUncertain is matched, through errors.Is, by an error of State.Update after which it is not known whether the
// writes happened: the storage failed while they were being made durable. They happened as a whole or not at all,
// and a reader sees which after the state was opened again.
var ErrUncertain = errors.New("the outcome of the transaction is not known")

// State is a durable, ordered map from string keys to values.
type State interface {
	// View runs fn over one consistent snapshot.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn in a transaction that is serialisable with all others. When it returns nil the writes are
	// durable; when it returns an error none happened, unless the error is ErrUncertain. fn may run more than once,
	// so it must have no effect but its writes, and must not use the State except through its Writer. An error of
	// fn is returned as it is. A ctx that ends prevents a commit that has not begun.
	Update(ctx context.Context, fn func(Writer) error) error
}

// Reader reads a snapshot. Returned values belong to the store and must not be changed.
type Reader interface {
	// Get returns the value at key, and whether there is one.
	Get(key string) (value []byte, found bool, err error)
	// Scan calls fn for the keys that start with prefix and are greater than after, in ascending byte order,
	// until fn returns false or an error. An empty after starts at the first.
	Scan(prefix, after string, fn func(key string, value []byte) (more bool, err error)) error
}

// Writer reads and changes the state inside one transaction and sees its own writes. The function given to Scan may
// write; Scan goes on over what was there when it began.
type Writer interface {
	Reader
	// Put keeps a copy of value at key, which must not be empty.
	Put(key string, value []byte) error
	// Delete removes key; a key that is not there is no error.
	Delete(key string) error
}

// A Sealer encrypts secrets before they reach a State and opens them again.
// aad binds a secret to its place: Open with another aad fails.
type Sealer interface {
	Seal(plaintext, aad []byte) (sealed []byte, err error)
	Open(sealed, aad []byte) (plaintext []byte, err error)
}

// Table keeps values of T as JSON under one prefix, which should end with "/".
type Table[T any] struct{ Prefix string }

// Get returns the value called name, and whether there is one.
func (t Table[T]) Get(r Reader, name string) (T, bool, error) {
	raw, found, err := r.Get(t.Prefix + name)
	if err != nil || !found {
		var none T
		return none, false, err
	}
	v, err := t.decode(name, raw)
	return v, err == nil, err
}

func (t Table[T]) decode(name string, raw []byte) (v T, err error) {
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decode %s%s: %w", t.Prefix, name, err)
	}
	return v, nil
}

// Put writes v as name.
func (t Table[T]) Put(w Writer, name string, v T) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s%s: %w", t.Prefix, name, err)
	}
	return w.Put(t.Prefix+name, raw)
}

// Delete removes name; one that is not there is no error.
func (t Table[T]) Delete(w Writer, name string) error { return w.Delete(t.Prefix + name) }

// Scan calls fn for the names that start with prefix and come after after, in ascending byte order, until fn
// returns false or an error.
func (t Table[T]) Scan(r Reader, prefix, after string, fn func(name string, v T) (bool, error)) error {
	if after != "" {
		after = t.Prefix + after
	}
	return r.Scan(t.Prefix+prefix, after, func(key string, raw []byte) (bool, error) {
		name := key[len(t.Prefix):]
		v, err := t.decode(name, raw)
		if err != nil {
			return false, err
		}
		return fn(name, v)
	})
}
