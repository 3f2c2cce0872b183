package kms_test

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/authorize"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// More is due at once than fits one transaction; what comes first is done first.
func TestTickManyDue(t *testing.T) {
	t.Parallel()
	const many = 130
	w, c := newWorld(t), as(ownerAccount)
	var ids []string
	for range many {
		m := w.create(t, kms.CreateKeyInput{})
		ids = append(ids, m.KeyID)
		w.enableRotation(t, m.KeyID, ptr(90))
	}
	for _, id := range ids[:many-1] {
		in := &kms.ScheduleKeyDeletionInput{KeyID: &id}
		must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c, in))
	}
	if next := w.tick(t); !next.Equal(start.Add(30 * day)) {
		t.Errorf("next due: got %v, want the deletions", next)
	}
	w.clock.Advance(91 * day)
	if next := w.tick(t); !next.Equal(start.Add(180 * day)) {
		t.Errorf("next due: got %v, want the second rotation of the key that is left", next)
	}
	left := must[*kms.ListKeysOutput](t)(w.ListKeys(t.Context(), c, &kms.ListKeysInput{})).Keys
	if len(left) != 1 || left[0].KeyID != ids[many-1] {
		t.Errorf("got keys %v, want the last one", left)
	}
	if got := w.rotations(t, ids[many-1], ""); len(got) != 1 {
		t.Errorf("got %d rotations, want 1", len(got))
	}
	if left := w.stored(t, ids[0]); len(left) != 0 {
		t.Errorf("a deleted key left %v", left)
	}
}

// What was due while the harness was down is done when it is back, and all else is there as it was.
func TestReopen(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), as(ownerAccount)
	standing := clock.NewFrozen(start)
	open := func() (world, func()) {
		t.Helper()
		state, err := local.Open(t.Context(), dir, local.Options{NoSync: true, Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		s, err := kms.New(kms.Config{
			Authority: authorize.New(nil), State: state, Sealer: state.Sealer(), Clock: standing, Rand: rand.Reader,
		})
		if err != nil {
			t.Fatal(err)
		}
		return world{Service: s, clock: standing}, func() {
			if err := state.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	w, closeStore := open()
	kept, doomed := w.create(t, kms.CreateKeyInput{Description: ptr("kept")}), w.create(t, kms.CreateKeyInput{})
	w.alias(t, "alias/orders", kept.KeyID)
	granted := w.grant(t, kept.KeyID, kms.CreateGrantInput{})
	first := must[*kms.ListKeysOutput](t)(w.ListKeys(t.Context(), c, &kms.ListKeysInput{Limit: ptr(1)}))
	in := &kms.ScheduleKeyDeletionInput{KeyID: &doomed.KeyID, PendingWindowInDays: ptr(7)}
	must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c, in))
	closeStore()

	standing.Advance(7 * day)
	w, closeStore = open()
	defer closeStore()
	if diff := cmp.Diff(kept, w.describe(t, "alias/orders")); diff != "" {
		t.Errorf("key (-before +after):\n%s", diff)
	}
	_, err := w.DescribeKey(t.Context(), c, &kms.DescribeKeyInput{KeyID: &doomed.KeyID})
	wantFault(t, err, "NotFoundException", "Key '"+doomed.ARN+"' does not exist")
	next := &kms.ListKeysInput{Marker: first.NextMarker}
	must[*kms.ListKeysOutput](t)(w.ListKeys(t.Context(), c, next))
	empty(t)(w.RetireGrant(t.Context(), c, &kms.RetireGrantInput{GrantToken: &granted.GrantToken}))
}

// Of many who want the same alias one gets it, and quotas hold however many ask at once.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	const callers = 8
	w := newWorldOf(t, func(cfg *kms.Config) { cfg.MaxKeys = callers / 2 })
	c := as(ownerAccount)
	m := w.create(t, kms.CreateKeyInput{})
	aliasErrs, keyErrs := make([]error, callers), make([]error, callers)
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			in := &kms.CreateAliasInput{AliasName: ptr("alias/orders"), TargetKeyID: &m.KeyID}
			_, aliasErrs[i] = w.CreateAlias(t.Context(), c, in)
			_, keyErrs[i] = w.CreateKey(t.Context(), c, &kms.CreateKeyInput{Description: ptr(fmt.Sprint(i))})
		})
	}
	running.Wait()
	count := func(errs []error, refusal string) (succeeded int) {
		t.Helper()
		for _, err := range errs {
			if err == nil {
				succeeded++
			} else if code(err) != refusal {
				t.Errorf("got %v, want %s", err, refusal)
			}
		}
		return succeeded
	}
	if got := count(aliasErrs, "AlreadyExistsException"); got != 1 {
		t.Errorf("%d callers got the alias, want 1", got)
	}
	if got := count(keyErrs, "LimitExceededException"); got != callers/2-1 {
		t.Errorf("%d callers got a key, want %d", got, callers/2-1)
	}
}
