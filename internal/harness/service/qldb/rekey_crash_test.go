package qldb_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
)

// over is d after its process was started again on another disk: the state and the log of the ledger are read from
// there, the index is made anew, and nothing is left in memory.
func (d *delivered) over(disk *crashfs.FS) (again *delivered, stop func(), err error) {
	state, err := local.Open(d.t.Context(), "/data", local.Options{FS: disk, SegmentBytes: 2048})
	if err != nil {
		return nil, nil, err
	}
	journals := &ledgers{
		keep: func(ctx context.Context, id string) (local.LedgerStore, error) { return keepOn(ctx, disk, id) },
		now:  d.clock.Now, open: map[string]*engine.Ledger{}, kept: map[string]local.LedgerStore{},
	}
	again = &delivered{world: &world{t: d.t, clock: d.clock, keys: d.keys, state: state}, journals: journals}
	again.service = newService(d.t, qldb.Config{
		State: state, Keys: d.keys, Sealer: ownSealer{}, Clock: d.clock, Rand: rand.Reader, Journals: journals,
	})
	return again, func() { _ = errors.Join(journals.closeAll(), state.Close()) }, nil // a broken disk has no news
}

// keepOn opens a ledger whose log is on disk, in segments that are full after a document or two, beside the state. Its
// index is made anew.
func keepOn(ctx context.Context, disk *crashfs.FS, id string) (kept local.LedgerStore, err error) {
	dir := filepath.Join("/data", "ledgers", id)
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := disk.Mkdir(d); err != nil && !errors.Is(err, fs.ErrExist) {
			return kept, err
		}
		if err := disk.SyncDir(filepath.Dir(d)); err != nil {
			return kept, err
		}
	}
	file := sha256.Sum256([]byte(id))
	kept.Log, err = ledgerlog.Open(ctx, filepath.Join(dir, "log"), [16]byte(file[:]),
		ledgerlog.Options{FS: disk, SegmentBytes: 2048})
	if err != nil {
		return kept, err
	}
	kept.Index, err = index.Open("index", [16]byte(file[:]), index.Options{FS: vfs.NewMem()})
	if err != nil {
		return kept, errors.Join(err, kept.Log.Close())
	}
	return kept, nil
}

// rekeying is a ledger with a document, on a disk that can break. The disk is as it was before a key change.
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

// change asks for a key change and waits for its end, however it goes, while documents come in. It says how many of
// them were acknowledged, and how many were sent.
func (d *delivered) change(ctx context.Context) (acknowledged, sent int) {
	insert := func() {
		if sent++; d.insertOne(sent) == nil {
			acknowledged++
		}
	}
	insert()
	_, _ = d.rekey("orders", otherKey)
	for range 2 {
		insert()
		d.clock.Advance(2 * time.Second)
		_, _ = d.service.Tick(ctx)
	}
	insert()
	return acknowledged, sent
}

// The disk breaks at every call that a key change makes to it, and at every one of documents that come in meanwhile: by
// a power cut, a failed sync or for want of space, with the effect of the call, half of it, and without. Afterwards
// the ledger opens under one key or the other, whole and with all that was acknowledged, and the change is done, or can
// be made again.
func TestKeyChangeOnABreakingDisk(t *testing.T) {
	t.Parallel()
	d, disk := rekeying(t)
	for _, way := range []struct {
		outcome crashfs.Outcome
		keep    crashfs.Choice
		once    bool // the disk works again after the one call
	}{
		{crashfs.Fail, crashfs.Oldest, false}, {crashfs.FailApplied, crashfs.Newest, false},
		{crashfs.Fail, crashfs.Newest, true}, {crashfs.FailApplied, crashfs.Oldest, true},
		{crashfs.FailShort, crashfs.Newest, false}, {crashfs.FailShort, crashfs.Newest, true},
	} {
		files := map[string]int{}
		n := 1
		for ; ; n++ {
			b := breakage{n: n, outcome: way.outcome, keep: way.keep, once: way.once}
			d.brokenChange(disk.Crash(crashfs.Newest), &b)
			if b.at == "" {
				break
			}
			files[filepath.Base(filepath.Dir(b.at))]++
		}
		t.Logf("%d calls broken, by directory: %v", n-1, files)
		if files["state"] < 8 || files["log"] < 8 {
			t.Errorf("a key change used the disk so often, by directory: %v", files)
		}
	}
}

// breakage is one call to the disk that goes wrong.
type breakage struct {
	n       int
	outcome crashfs.Outcome
	keep    crashfs.Choice
	once    bool
	at      string // the file; "" if there was no such call
}

func (b *breakage) hook(c crashfs.Call) crashfs.Outcome {
	switch {
	case c.N == b.n:
		b.at = c.Name
		return b.outcome
	case c.N > b.n && !b.once:
		return crashfs.Fail
	}
	return crashfs.Pass
}

// brokenChange makes a key change on a disk that breaks, starts again on what is left of it, and looks.
func (d *delivered) brokenChange(disk *crashfs.FS, b *breakage) {
	t := d.t
	d.keys.reset()
	broken, stop, err := d.over(disk)
	if err != nil {
		t.Fatal(err)
	}
	before := broken.tipHash()
	disk.SetHook(b.hook)
	acknowledged, sent := broken.change(t.Context())
	disk.SetHook(nil)
	stop()
	again, stop, err := d.over(disk.Crash(b.keep))
	if err != nil {
		t.Errorf("call %d, %s: open after the crash: %v", b.n, b.at, err)
		return
	}
	defer stop()
	again.pass(2 * time.Second)
	if rows, err := again.rows(); err != nil || rows < 1+acknowledged || rows > 1+sent {
		t.Errorf("call %d, %s: got %d documents, %v, want the first and %d to %d more", b.n, b.at, rows, err,
			acknowledged, sent)
	}
	if diff := cmp.Diff(before, again.hashAt(before.Tip)); diff != "" {
		t.Errorf("call %d, %s: the journal is another (-before +after):\n%s", b.n, b.at, diff)
	}
	again.wantWhole()
	switch got := again.status("orders"); got {
	case "ENABLED " + mainKey, "ENABLED " + otherKey:
	default:
		t.Errorf("call %d, %s: status %q, want ENABLED under one of the keys", b.n, b.at, got)
	}
	if got := again.status("orders"); got != "ENABLED "+otherKey {
		again.mustRekey("orders", otherKey)
	}
	again.pass(2 * time.Second)
	again.wantStatus("orders", "ENABLED "+otherKey)
	if err := again.insertOne(sent + 1); err != nil {
		t.Errorf("call %d, %s: insert after it all: %v", b.n, b.at, err)
	}
	again.pass(2 * time.Minute)
	again.wantGrants(otherKey)
}

// hashed is the hash of a block.
type hashed struct {
	Tip  journal.BlockAddress
	Hash journal.Hash
}

func (d *delivered) tipHash() hashed { return d.hashAt(d.tip(d.engine("orders"))) }

func (d *delivered) hashAt(at journal.BlockAddress) hashed {
	d.t.Helper()
	b, _, err := d.engine("orders").Block(d.t.Context(), at, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return hashed{at, b.BlockHash}
}

// wantWhole reads the whole ledger: every block must open and follow from the one before.
func (d *delivered) wantWhole() {
	d.t.Helper()
	report := d.report().Ledgers[0]
	keys, err := d.service.Keys(d.t.Context(), &report)
	if err != nil {
		d.t.Fatal(err)
	}
	file := sha256.Sum256([]byte(report.ID))
	scratch, err := index.Open("scratch", [16]byte(file[:]), index.Options{FS: vfs.NewMem()})
	if err != nil {
		d.t.Fatal(err)
	}
	kept := d.journals.kept[report.ID]
	if _, err := engine.Verify(d.t.Context(), engine.Config{
		Log: kept.Log, Index: kept.Index, Sealer: keys, Clock: d.clock.Now, Rand: rand.Reader,
	}, scratch, nil); err != nil {
		d.t.Errorf("the ledger is not whole: %v", err)
	}
	if err := scratch.Close(); err != nil {
		d.t.Error(err)
	}
}
