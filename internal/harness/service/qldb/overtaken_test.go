package qldb_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// watchedState and watchedKeys run a function before each call.
type watchedState struct {
	store.State
	before func()
}

func (s watchedState) View(ctx context.Context, fn func(store.Reader) error) error {
	s.before()
	return s.State.View(ctx, fn)
}

func (s watchedState) Update(ctx context.Context, fn func(store.Writer) error) error {
	s.before()
	return s.State.Update(ctx, fn)
}

type watchedKeys struct {
	qldb.Keys
	before func()
}

func (k watchedKeys) CreateGrant(ctx context.Context, c *wire.Call, g qldb.Grant) (string, error) {
	k.before()
	return k.Keys.CreateGrant(ctx, c, g)
}

func (k watchedKeys) FindGrants(ctx context.Context, at qldb.Place, keyARN, name string) ([]string, error) {
	k.before()
	return k.Keys.FindGrants(ctx, at, keyARN, name)
}

func (k watchedKeys) RetireGrant(ctx context.Context, at qldb.Place, keyARN, grantID string) error {
	k.before()
	return k.Keys.RetireGrant(ctx, at, keyARN, grantID)
}

func (k watchedKeys) GenerateDataKey(
	ctx context.Context, at qldb.Place, keyARN string, ec map[string]string,
) (qldb.DataKey, error) {
	k.before()
	return k.Keys.GenerateDataKey(ctx, at, keyARN, ec)
}

func (k watchedKeys) Decrypt(
	ctx context.Context, at qldb.Place, keyARN string, ciphertext []byte, ec map[string]string,
) ([]byte, error) {
	k.before()
	return k.Keys.Decrypt(ctx, at, keyARN, ciphertext, ec)
}

// Before each call that one request makes to KMS or the store, another one runs from beginning to end. Whoever wins:
// in the end the ledger works, and KMS holds exactly the grants that ledgers need.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	type request struct {
		name string
		run  func(ctx context.Context, w *world, s *qldb.Service) error
	}
	deleteOrders := func(ctx context.Context, _ *world, s *qldb.Service) error {
		_, err := s.DeleteLedger(ctx, call(), &qldb.DeleteLedgerInput{Name: "orders"})
		return err
	}
	createUnder := func(key string) func(context.Context, *world, *qldb.Service) error {
		return func(ctx context.Context, _ *world, s *qldb.Service) error {
			_, err := s.CreateLedger(ctx, call(), createInput("orders", key))
			return err
		}
	}
	requests := []request{
		{"create", createUnder(mainKey)},
		{"to main", updateTo(mainKey)}, {"to other", updateTo(otherKey)}, {"to owned", updateTo(awsOwned)},
		{"delete", deleteOrders}, {"tick", tickOnce},
		{"long pause", func(ctx context.Context, w *world, s *qldb.Service) error {
			w.clock.Advance(2 * time.Minute)
			return tickOnce(ctx, w, s)
		}},
		{"there and back", func(ctx context.Context, w *world, s *qldb.Service) error {
			for _, key := range []string{otherKey, thirdKey, mainKey} {
				_ = updateTo(key)(ctx, w, s)
				w.clock.Advance(2 * time.Second)
				_ = tickOnce(ctx, w, s)
			}
			return nil
		}},
		{"delete and create", func(ctx context.Context, w *world, s *qldb.Service) error {
			_ = deleteOrders(ctx, w, s)
			w.clock.Advance(time.Second)
			return createUnder(otherKey)(ctx, w, s)
		}},
	}
	for _, state := range []string{"missing", "ACTIVE", "UPDATING", "paused", "gone"} {
		for _, first := range requests {
			t.Run(state+"/"+first.name, func(t *testing.T) {
				t.Parallel()
				for _, second := range requests {
					for n := 1; ; n++ {
						w := newWorldOver(t, newMemory())
						w.bring("orders", state)
						w.clock.Advance(2 * time.Second) // a running key change can end
						calls := 0
						between := func() {
							if calls++; calls == n {
								_ = second.run(t.Context(), w, w.service) // may be refused
							}
						}
						slow := newService(t, qldb.Config{
							State: watchedState{w.state, between}, Sealer: ownSealer{}, Keys: watchedKeys{w.keys, between},
							Clock: w.clock, Rand: rand.Reader,
						})
						_ = first.run(t.Context(), w, slow) // may be refused
						w.keys.setState(thirdKey, "Enabled")
						w.settled(fmt.Sprintf("%s before call %d", second.name, n), true)
						if calls < n {
							break
						}
					}
				}
			})
		}
	}
}

// A probe that found a key unusable says nothing once the grant was restored.
func TestProbeOvertakenByRestore(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, newMemory())
	w.active("orders", mainKey)
	w.keys.revoke(mainKey)
	w.clock.Advance(5 * time.Second)
	restored := false
	slow := newService(t, qldb.Config{
		State: watchedState{w.state, func() {
			if n := len(w.keys.called()); !restored && w.keys.called()[n-1] == "Decrypt "+mainKey {
				restored = true
				w.mustRekey("orders", mainKey)
			}
		}},
		Keys: w.keys, Sealer: ownSealer{}, Clock: w.clock, Rand: rand.Reader,
	})
	if _, err := slow.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !restored {
		t.Fatal("the probe was not overtaken")
	}
	w.wantStatus("orders", "ENABLED "+mainKey)
}
