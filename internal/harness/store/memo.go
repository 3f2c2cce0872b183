package store

import "sync"

// memoLimit bounds a Memo.
const memoLimit = 4096

// Memo keeps what values of a Table decode to, for readers that ask for the same few with every call. A store never
// changes the bytes of a value in place, so while it returns the same bytes what was decoded from them holds. Over a
// store that returns copies a Memo only costs a little. The zero Memo is empty; it may be used concurrently.
type Memo[T any] struct {
	mu   sync.RWMutex
	kept map[string]memoized[T] // by key in the store
}

type memoized[T any] struct {
	raw   []byte // kept, so that its address is not used again
	value *T
}

// Get is Table.Get. The value is shared with others and must not be changed, nor anything it refers to.
func (m *Memo[T]) Get(t Table[T], r Reader, name string) (*T, bool, error) {
	key := t.Prefix + name
	raw, found, err := r.Get(key)
	if err != nil || !found {
		return nil, false, err
	}
	m.mu.RLock()
	have, ok := m.kept[key]
	m.mu.RUnlock()
	if ok && same(have.raw, raw) {
		return have.value, true, nil
	}
	value, err := t.decode(name, raw)
	if err != nil {
		return nil, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) >= memoLimit {
		m.kept = map[string]memoized[T]{}
	}
	m.kept[key] = memoized[T]{raw: raw, value: &value}
	return &value, true, nil
}

// same says that a and b are the same bytes in memory.
func same(a, b []byte) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}
