package qldb_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
)

// Before each call that one request makes to KMS, another one runs from beginning to end. Whoever wins: in the end
// the ledger works, and KMS holds exactly the grants that ledgers need.
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
	for _, state := range []string{"missing", "ACTIVE", "UPDATING", "gone"} {
		for _, first := range requests {
			t.Run(state+"/"+first.name, func(t *testing.T) {
				t.Parallel()
				for _, second := range requests {
					for n := 1; ; n++ {
						w := newWorld(t)
						w.bring("orders", state)
						w.clock.Advance(2 * time.Second) // a running key change can end
						calls := 0
						w.keys.before = func(string) error {
							if calls++; calls == n {
								_ = second.run(t.Context(), w, w.service) // may be refused
							}
							return nil
						}
						_ = first.run(t.Context(), w, w.service) // may be refused
						w.keys.before = nil
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
