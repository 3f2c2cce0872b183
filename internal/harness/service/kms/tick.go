package kms

import (
	"context"
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// duePerTransaction bounds a transaction of settle, so that a clock that was moved by years does not hold the store
// for long.
const duePerTransaction = 100

// Tick does everything that is due on the harness clock: deletions, automatic rotations, expiry of imported
// material, connections of custom key stores. It returns when the next thing is due, zero if nothing is.
//
// Requests settle what is due before they run, so when Tick is called decides nothing that a client can see.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) {
	if err := s.settle(ctx, s.cfg.Clock.Now()); err != nil {
		return time.Time{}, err
	}
	storesNext, err := s.tickStores(ctx)
	if err != nil {
		return time.Time{}, err
	}
	err = s.cfg.State.View(ctx, func(r store.Reader) error {
		first, found, err := firstDue(r)
		if found {
			next = first.At
		}
		return err
	})
	if next.IsZero() || !storesNext.IsZero() && storesNext.Before(next) {
		next = storesNext
	}
	return next, err
}

// settle does what is due at now, in the order in which it became due.
func (s *Service) settle(ctx context.Context, now time.Time) error {
	for {
		var first due
		var found bool
		err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
			first, found, err = firstDue(r)
			return err
		})
		if err != nil || !found || first.At.After(now) {
			return err
		}
		var events []Event
		err = s.cfg.State.Update(ctx, func(w store.Writer) (err error) {
			events, err = s.settleSome(w, now)
			return err
		})
		if err != nil {
			return err
		}
		s.tell(events)
	}
}

func (s *Service) settleSome(w store.Writer, now time.Time) (events []Event, err error) {
	for range duePerTransaction {
		d, found, err := firstDue(w)
		if err != nil || !found || d.At.After(now) {
			return events, err
		}
		if err := dueTable.Delete(w, d.name()); err != nil {
			return nil, err
		}
		// The service acts at the moment that was due, as the owner of the key.
		t := &txn{s: s, now: d.At, r: w, w: w, c: &wire.Call{
			Service: "kms", Region: d.Region, Time: d.At, Caller: wire.Caller{Account: d.Account},
		}}
		if err := t.settleOne(d); err != nil {
			return nil, fmt.Errorf("%s of key %s: %w", d.Kind, d.KeyID, err)
		}
		events = append(events, t.events...)
	}
	return events, nil
}

// settleOne does d unless the key has changed its mind since it was entered.
func (t *txn) settleOne(d due) error {
	k, found, err := keys(d.Account, d.Region).Get(t.r, d.KeyID)
	if err != nil || !found {
		return err
	}
	t.c.Partition = k.Partition
	switch d.Kind {
	case dueDeletion:
		if k.DeleteAt.Equal(d.At) {
			return t.deleteKey(&k)
		}
	case dueRotation:
		if k.Rotation.Enabled && k.Rotation.Next.Equal(d.At) {
			return t.rotateDue(&k)
		}
	case dueExpiry:
		t.expireMaterial(&k)
		return t.putKey(&k)
	}
	return nil
}

// rotateDue rotates k at its date. While a key is disabled or pending deletion it does not rotate; it catches up
// when it is enabled again.
func (t *txn) rotateDue(k *key) error {
	state, err := t.state(k)
	if err != nil || state != stateEnabled {
		return err
	}
	return t.rotateAutomatically(k)
}

// deleteKey removes k with everything that belongs to it: aliases, grants, policy, material.
func (t *txn) deleteKey(k *key) error {
	t.emit("DeleteKey", k, nil)
	if err := t.deleteAliasesOf(k); err != nil {
		return err
	}
	if err := t.deleteGrantsOf(k); err != nil {
		return err
	}
	if err := keyOrder(k.Account, k.Region).Delete(t.w, k.orderName()); err != nil {
		return err
	}
	return keys(k.Account, k.Region).Delete(t.w, k.ID)
}
