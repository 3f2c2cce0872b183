package qldb_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
)

// over is d after its process was started again on another disk: the state is read from there, the ledgers are opened
// anew, and nothing is left in memory.
func (d *delivered) over(disk *crashfs.FS) (again *delivered, stop func(), err error) {
	state, err := local.Open(d.t.Context(), "/data", local.Options{FS: disk, SegmentBytes: 2048})
	if err != nil {
		return nil, nil, err
	}
	if err := d.journals.closeAll(); err != nil {
		d.t.Fatal(err)
	}
	again = &delivered{world: &world{t: d.t, clock: d.clock, keys: d.keys, state: state}, journals: d.journals}
	again.service = newService(d.t, qldb.Config{
		State: state, Keys: d.keys, Sealer: ownSealer{}, Clock: d.clock, Rand: rand.Reader, Journals: d.journals,
	})
	return again, func() { _ = state.Close() }, nil // what a broken disk says at the end is no news
}

// rekeying is a ledger with data whose state is on a disk that can break. The disk is as it was before a key change.
func rekeying(t *testing.T) (d *delivered, disk *crashfs.FS) {
	t.Helper()
	disk = crashfs.New()
	d = newDelivered(t)
	first, stop, err := d.over(disk)
	if err != nil {
		t.Fatal(err)
	}
	first.active("orders", mainKey)
	if err := errors.Join(first.run("CREATE TABLE Test"), first.insertOne(0)); err != nil {
		t.Fatal(err)
	}
	stop()
	return d, disk.Crash(crashfs.Newest)
}

// change asks for a key change and waits for its end, however it goes.
func (d *delivered) change(ctx context.Context) {
	_, _ = d.rekey("orders", otherKey)
	for range 2 {
		d.clock.Advance(2 * time.Second)
		_, _ = d.service.Tick(ctx)
	}
}

// The disk breaks at every call that a key change makes to it, by a power cut, a failed sync or for want of space, with
// the effect of the call and without. Afterwards the ledger opens under one key or the other, with all that is in it,
// and the change is done, or can be made again.
func TestKeyChangeOnABreakingDisk(t *testing.T) {
	t.Parallel()
	d, disk := rekeying(t)
	for _, way := range []struct {
		outcome crashfs.Outcome
		keep    crashfs.Choice
	}{{crashfs.Fail, crashfs.Oldest}, {crashfs.FailApplied, crashfs.Newest}} {
		n := 1
		for ; d.brokenChange(disk.Crash(crashfs.Newest), n, way.outcome, way.keep); n++ {
		}
		if n < 8 {
			t.Errorf("a key change used the disk %d times only", n-1)
		}
	}
}

// brokenChange reports whether there was an nth call to the disk.
func (d *delivered) brokenChange(disk *crashfs.FS, n int, outcome crashfs.Outcome, keep crashfs.Choice) bool {
	t := d.t
	d.keys.reset()
	reached := false
	broken, stop, err := d.over(disk)
	if err != nil {
		t.Fatal(err)
	}
	disk.SetHook(func(c crashfs.Call) crashfs.Outcome {
		reached = reached || c.N >= n
		switch {
		case c.N < n:
			return crashfs.Pass
		case c.N == n:
			return outcome
		}
		return crashfs.Fail
	})
	broken.change(t.Context())
	if got, err := broken.rows(); err != nil || got != 1 {
		t.Errorf("call %d: reading on a disk that cannot be written: got %d, %v, want 1", n, got, err)
	}
	disk.SetHook(nil)
	stop()
	again, stop, err := d.over(disk.Crash(keep))
	if err != nil {
		t.Errorf("call %d: open after the crash: %v", n, err)
		return false
	}
	defer stop()
	again.pass(2 * time.Second)
	again.wantRows(1)
	switch got := again.status("orders"); got {
	case "ENABLED " + mainKey, "ENABLED " + otherKey:
	default:
		t.Errorf("call %d: status %q, want ENABLED under one of the keys", n, got)
	}
	if got := again.status("orders"); got != "ENABLED "+otherKey {
		again.mustRekey("orders", otherKey)
	}
	again.pass(2 * time.Second)
	again.wantStatus("orders", "ENABLED "+otherKey)
	again.wantRows(1)
	again.pass(2 * time.Minute)
	again.wantGrants(otherKey)
	if err := d.journals.closeAll(); err != nil {
		t.Fatal(err)
	}
	return reached
}
