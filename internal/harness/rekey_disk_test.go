package harness_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
)

// advice is what the user is told when the disk fails.
const advice = "make sure the disk is sound and has space, then "

// Every write of a key change, and of documents that come in meanwhile, fails once, without effect, halfway, or after
// all; the indexes' writes are left alone, as Pebble ends the process when some of them fail. Whoever is refused learns
// what to do, and the harness goes on telling the status of the ledger. Started again, it has lost nothing, and ends
// the change, or can make it again.
func TestKeyChangeOnAFailingDisk(t *testing.T) {
	t.Parallel()
	k := newKeyChange(t)
	for name, m := range map[string]manner{
		"disk full":            {err: syscall.ENOSPC},
		"disk full after half": {err: syscall.ENOSPC, short: true},
		"error after all":      {err: syscall.EIO, done: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nth := 1
			for ; k.failingChange(t, nth, m); nth++ {
			}
			t.Logf("%d writes failed", nth-1)
			if nth <= 30 {
				t.Errorf("writes of a key change: got %d", nth-1)
			}
		})
	}
}

// failingChange reports whether there was an nth write.
func (k keyChange) failingChange(t *testing.T, nth int, m manner) bool {
	t.Helper()
	mine := k.copied(t)
	var d brokenDisk
	cfg := d.use(config(mine.dir))
	cfg.IndexFS, cfg.Clock = nil, clock.NewFrozen(start.Add(time.Hour))
	h, err := harness.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(t, h)
	d.breakAt(nth, func() manner { return m })
	c := changer{h, sdk(h, server, "eu-west-2")}
	var what acknowledged
	try := func(what string, err error) (ok bool) {
		t.Helper()
		if err != nil && (d.broken() == "" || !strings.Contains(said(err), advice)) {
			t.Errorf("%q: %s: got %v, want %q in it", d.broken(), what, err, advice)
		}
		return err == nil
	}
	insert := func(id int) {
		t.Helper()
		if try("insert", c.insert(t.Context(), id)) {
			what.documents = append(what.documents, id)
		}
	}
	insert(1)
	what.rekeyed = try("change the key", c.rekey(t.Context(), k.next))
	insert(2)
	_ = h.Advance(t.Context(), 3*time.Second) // fails with the disk
	insert(3)
	switch got, key := status(t, qldb.NewFromConfig(c.cfg), "orders"); {
	case got == types.EncryptionStatusEnabled && key == k.first && !what.rekeyed:
	case got == types.EncryptionStatusEnabled && key == k.next, got == types.EncryptionStatusUpdating && key == k.next:
	default:
		t.Errorf("%s: got %s under %s", d.broken(), got, key)
	}
	_ = h.Close() // fails with the disk
	if d.broken() == "" {
		return false
	}
	mine.wantSettled(t, what)
	return true
}
