package qldb_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// A breaker counts the calls to KMS and the store and fails one of them.
type breaker struct {
	mu    sync.Mutex
	count int
	at    int  // the call that fails; 0 fails none
	late  bool // fail after the effect, not before
	dead  bool // every call after that one fails too, as when the process is killed
}

func (b *breaker) enter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	if b.at > 0 && (b.count == b.at && !b.late || b.count > b.at && b.dead) {
		return errBroken
	}
	return nil
}

func (b *breaker) leave() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at > 0 && b.count == b.at && b.late {
		return errBroken
	}
	return nil
}

// brokenState is a State on which calls fail before they do anything or after they did everything.
type brokenState struct {
	store.State
	*breaker
}

func (s brokenState) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	if err := s.State.View(ctx, fn); err != nil {
		return err
	}
	return s.leave()
}

func (s brokenState) Update(ctx context.Context, fn func(store.Writer) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	if err := s.State.Update(ctx, fn); err != nil {
		return err
	}
	return s.leave()
}

// Each request is cut off at every call it makes, in four ways. Whatever is left behind, with and without the client
// trying again: in the end every ledger works, and KMS holds exactly the grants that ledgers need.
func TestCutOffAnywhere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(*world)
		request func(ctx context.Context, w *world, s *qldb.Service) error
	}{
		{"create", func(*world) {}, func(ctx context.Context, _ *world, s *qldb.Service) error {
			_, err := s.CreateLedger(ctx, call(), createInput("orders", mainKey))
			return err
		}},
		{"create over one that is gone", func(w *world) { w.bring("orders", "gone") },
			func(ctx context.Context, _ *world, s *qldb.Service) error {
				_, err := s.CreateLedger(ctx, call(), createInput("orders", mainKey))
				return err
			}},
		{"change the key", func(w *world) { w.active("orders", mainKey) }, updateTo(otherKey)},
		{"change the key back while the old grant is loose", func(w *world) {
			w.active("orders", mainKey)
			w.mustRekey("orders", otherKey)
			w.keys.before = failing("FindGrants " + mainKey)
			w.clock.Advance(2 * time.Second)
			if _, err := w.service.Tick(w.t.Context()); err == nil {
				w.t.Fatal("the old grant was retired all the same")
			}
			w.keys.before = nil
		}, updateTo(mainKey)},
		{"change to owned", func(w *world) { w.active("orders", mainKey) }, updateTo(awsOwned)},
		{"restore a grant", func(w *world) {
			w.active("orders", mainKey)
			w.keys.revoke(mainKey)
			w.pass(5 * time.Second)
		}, updateTo(mainKey)},
		{"finish a change", func(w *world) {
			w.active("orders", mainKey)
			w.mustRekey("orders", otherKey)
			w.clock.Advance(2 * time.Second)
		}, tickOnce},
		{"take a change back", func(w *world) { w.bring("orders", "paused") }, updateTo(mainKey)},
		{"change to a third key", func(w *world) { w.bring("orders", "paused") }, updateTo(otherKey)},
		{"delete", func(w *world) { w.active("orders", mainKey) },
			func(ctx context.Context, _ *world, s *qldb.Service) error {
				_, err := s.DeleteLedger(ctx, call(), &qldb.DeleteLedgerInput{Name: "orders"})
				return err
			}},
		{"clear away", func(w *world) { w.bring("orders", "gone") }, tickOnce},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				reached := false
				for mode := range 8 {
					b := &breaker{at: n, late: mode&1 != 0, dead: mode&2 != 0}
					retry := mode&4 != 0
					w := newWorldOver(t, newMemory())
					test.prepare(w)
					broken := newService(t, qldb.Config{
						State: brokenState{w.state, b}, Sealer: ownSealer{}, Keys: w.keys, Clock: w.clock, Rand: rand.Reader,
					})
					w.keys.before = func(string) error { return b.enter() }
					w.keys.after = func(string) error { return b.leave() }
					_ = test.request(t.Context(), w, broken) // may succeed: not every failure matters
					w.keys.before, w.keys.after = nil, nil
					reached = reached || b.count >= n
					if retry {
						_ = test.request(t.Context(), w, w.service) // may be refused: it was done
					}
					w.keys.setState(thirdKey, "Enabled") // a change that pauses goes on
					w.settled(fmt.Sprintf("call %d, late %v, dead %v, retry %v", n, b.late, b.dead, retry), retry)
				}
				if !reached {
					t.Logf("%d calls broken", n-1)
					return
				}
			}
		})
	}
}

func updateTo(key string) func(context.Context, *world, *qldb.Service) error {
	return func(ctx context.Context, _ *world, s *qldb.Service) error {
		_, err := s.UpdateLedger(ctx, call(), &qldb.UpdateLedgerInput{Name: "orders", KmsKey: &key})
		return err
	}
}

func tickOnce(ctx context.Context, _ *world, s *qldb.Service) error {
	_, err := s.Tick(ctx)
	return err
}

func failing(call string) func(string) error {
	return func(c string) error {
		if c == call {
			return errBroken
		}
		return nil
	}
}

// settled lets time pass and checks that ledgers and grants agree. wasDone says that the request ran unbroken in the
// end, so that nothing may be impaired.
func (w *world) settled(how string, wasDone bool) {
	w.t.Helper()
	w.pass(10 * time.Second)
	w.pass(2 * time.Minute)
	report := w.report()
	if len(report.LooseGrants) != 0 {
		w.t.Errorf("%s: loose grants left: %+v", how, report.LooseGrants)
	}
	var needed []string
	for _, l := range report.Ledgers {
		if l.Next != nil {
			w.t.Errorf("%s: a key change never ended: %+v", how, l)
		}
		if l.State != "ACTIVE" || wasDone && l.EncryptionStatus != "ENABLED" {
			w.t.Errorf("%s: got %s, %s, want ACTIVE, ENABLED", how, l.State, l.EncryptionStatus)
		}
		if l.Root.Key != awsOwned && l.EncryptionStatus == "ENABLED" {
			needed = append(needed, l.Root.Key+" qldb-"+l.ID)
		}
	}
	slices.Sort(needed)
	if diff := cmp.Diff(needed, w.keys.granted()); diff != "" {
		w.t.Errorf("%s: grants (-needed +there):\n%s", how, diff)
	}
}
