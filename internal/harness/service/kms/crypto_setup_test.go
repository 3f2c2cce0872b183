package kms_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	ownerAccount   = "111122223333"
	foreignAccount = "444455556666"
	keyID          = "6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01"
	otherKeyID     = "6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a02"
)

var start = time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)

// world is a Service on a clock that stands still, with state in memory.
type world struct {
	*kms.Service
	clock *clock.Movable
}

func newWorld(t *testing.T) world {
	t.Helper()
	c := clock.NewFrozen(start)
	s, err := kms.New(kms.Config{
		State: &memory{values: map[string][]byte{}}, Sealer: newSealer(t), Clock: c, Rand: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return world{Service: s, clock: c}
}

func (w world) addKey(t *testing.T, id, spec, usage string) string {
	t.Helper()
	arn, err := w.AddKey(t.Context(), as(ownerAccount), id, spec, usage, 1)
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

func (w world) change(t *testing.T, id, how string) {
	t.Helper()
	if err := w.ChangeKey(t.Context(), as(ownerAccount), id, how); err != nil {
		t.Fatal(err)
	}
}

// as is a call by the root of an account.
func as(account string) *wire.Call {
	return &wire.Call{
		Service: "kms", Partition: "aws", Region: "eu-west-2", Time: start,
		Caller: wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root"},
	}
}

func ptr[T any](v T) *T { return &v }

// wantFault checks code and words of a service fault.
func wantFault(t *testing.T, err error, code, message string) {
	t.Helper()
	var f *wire.Fault
	if !errors.As(err, &f) {
		t.Fatalf("got error %v, want %s", err, code)
	}
	if f.Code != code || f.Message != message {
		t.Fatalf("got %s: %q, want %s: %q", f.Code, f.Message, code, message)
	}
}

// gcmSealer seals under a key that is thrown away with the test.
type gcmSealer struct{ aead cipher.AEAD }

func newSealer(t *testing.T) gcmSealer {
	t.Helper()
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcmSealer{aead}
}

func (g gcmSealer) Seal(plaintext, aad []byte) ([]byte, error) {
	return g.aead.Seal(nil, nil, plaintext, aad), nil
}

func (g gcmSealer) Open(sealed, aad []byte) ([]byte, error) {
	return g.aead.Open(nil, nil, sealed, aad)
}

// memory is a store.State without durability: what these tests need is order and atomicity.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (m *memory) View(_ context.Context, fn func(store.Reader) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fn(memoryTx{m.values})
}

func (m *memory) Update(_ context.Context, fn func(store.Writer) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := make(map[string][]byte, len(m.values))
	for k, v := range m.values {
		next[k] = v
	}
	if err := fn(memoryTx{next}); err != nil {
		return err
	}
	m.values = next
	return nil
}

type memoryTx struct{ values map[string][]byte }

func (m memoryTx) Get(key string) ([]byte, bool, error) {
	v, found := m.values[key]
	return v, found, nil
}

func (m memoryTx) Scan(prefix, after string, fn func(string, []byte) (bool, error)) error {
	var names []string
	for k := range m.values {
		if strings.HasPrefix(k, prefix) && k > after {
			names = append(names, k)
		}
	}
	sort.Strings(names)
	for _, k := range names {
		if more, err := fn(k, m.values[k]); err != nil || !more {
			return err
		}
	}
	return nil
}

func (m memoryTx) Put(key string, value []byte) error {
	m.values[key] = value
	return nil
}

func (m memoryTx) Delete(key string) error {
	delete(m.values, key)
	return nil
}

// faultCode is the code of a service fault, or "".
func faultCode(err error) string {
	var f *wire.Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}
