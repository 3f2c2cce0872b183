package qldb_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// memory is a State that forgets. The tests that run a request thousands of times use it in place of store/local,
// which every other test uses.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	puts   int // bytes of keys and values written so far
}

func (m *memory) written() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.puts
}

// ownSealer is QLDB's own key in tests.
type ownSealer struct{}

func (ownSealer) aead() cipher.AEAD {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (s ownSealer) Seal(plaintext, aad []byte) ([]byte, error) {
	return s.aead().Seal(nil, nil, plaintext, aad), nil
}

func (s ownSealer) Open(sealed, aad []byte) ([]byte, error) {
	return s.aead().Open(nil, nil, sealed, aad)
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

func (m *memory) View(_ context.Context, fn func(store.Reader) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fn(view{m.values})
}

func (m *memory) Update(_ context.Context, fn func(store.Writer) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var changed map[string][]byte
	for range 2 { // as the contract allows: a transaction that keeps something from its first run shows
		changed = maps.Clone(m.values)
		if err := fn(view{changed}); err != nil {
			return err
		}
	}
	for key, value := range changed {
		if old, found := m.values[key]; !found || !bytes.Equal(old, value) {
			m.puts += len(key) + len(value)
		}
	}
	m.values = changed
	return nil
}

type view struct{ values map[string][]byte }

func (v view) Get(key string) ([]byte, bool, error) {
	value, found := v.values[key]
	return value, found, nil
}

func (v view) Scan(prefix, after string, fn func(string, []byte) (bool, error)) error {
	for _, key := range slices.Sorted(maps.Keys(v.values)) {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		if more, err := fn(key, v.values[key]); err != nil || !more {
			return err
		}
	}
	return nil
}

func (v view) Put(key string, value []byte) error {
	v.values[key] = value
	return nil
}

func (v view) Delete(key string) error {
	delete(v.values, key)
	return nil
}
