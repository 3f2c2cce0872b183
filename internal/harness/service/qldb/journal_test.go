package qldb_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// ledgers keeps real journals in a directory, as the harness does.
type ledgers struct {
	store *local.Store
	// keep opens the log and the index of a ledger; that of store, unless a test has disks of its own.
	keep func(ctx context.Context, id string) (local.LedgerStore, error)
	dir  string
	now  func() time.Time

	mu   sync.Mutex
	open map[string]*engine.Ledger
	kept map[string]local.LedgerStore
}

func newLedgers(t testing.TB, now func() time.Time) *ledgers {
	t.Helper()
	dir := t.TempDir()
	opened, err := local.Open(t.Context(), dir, local.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	l := &ledgers{
		store: opened, keep: opened.Ledger, dir: dir, now: now,
		open: map[string]*engine.Ledger{}, kept: map[string]local.LedgerStore{},
	}
	t.Cleanup(func() {
		for id := range l.kept {
			if err := l.Remove(context.Background(), id); err != nil {
				t.Errorf("remove ledger %s: %v", id, err)
			}
		}
		if err := opened.Close(); err != nil {
			t.Errorf("close ledgers: %v", err)
		}
	})
	return l
}

func (l *ledgers) Open(ctx context.Context, id string, keys engine.Sealer) (*engine.Ledger, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if opened, ok := l.open[id]; ok {
		return opened, nil
	}
	kept, err := l.keep(ctx, id)
	if err != nil {
		return nil, err
	}
	opened, err := engine.Open(ctx, engine.Config{
		Log: kept.Log, Index: kept.Index, Sealer: keys, Clock: l.now, Rand: rand.Reader,
	})
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	l.open[id], l.kept[id] = opened, kept
	return opened, nil
}

// closeAll closes every ledger, to be opened again.
func (l *ledgers) closeAll() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for id := range l.open {
		errs = append(errs, l.open[id].Close(), l.kept[id].Close())
		delete(l.open, id)
		delete(l.kept, id)
	}
	return errors.Join(errs...)
}

func (l *ledgers) Remove(ctx context.Context, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	opened, ok := l.open[id]
	if !ok {
		return nil
	}
	err := errors.Join(opened.Close(), l.kept[id].Close(), l.store.RemoveLedger(ctx, id))
	delete(l.open, id)
	delete(l.kept, id)
	return err
}

// bytes is how much the ledgers have on disk, once their indexes are written out.
func (l *ledgers) bytes(t testing.TB) (size int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, kept := range l.kept {
		if err := kept.Index.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(filepath.Join(l.dir, "ledgers", id), func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				size += int(info.Size())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return size
}

func (d *delivered) tip(opened *engine.Ledger) journal.BlockAddress {
	d.t.Helper()
	digest, err := opened.Digest()
	if err != nil {
		d.t.Fatal(err)
	}
	return digest.Tip
}

// delivered is a world whose ledgers have journals, and whose exports and streams go to a directory.
type delivered struct {
	*world
	dir      string // with s3 and kinesis
	journals *ledgers
	objects  qldb.Objects
	records  qldb.Records
}

func newDelivered(t *testing.T, change ...func(*qldb.Config)) *delivered {
	t.Helper()
	d := &delivered{dir: t.TempDir()}
	d.world = newWorldOver(t, newMemory(), func(cfg *qldb.Config) {
		now := cfg.Clock.Now
		d.journals = newLedgers(t, now)
		d.objects = delivery.NewObjects(filepath.Join(d.dir, "s3"), delivery.Options{NoSync: true})
		d.records = delivery.NewRecords(filepath.Join(d.dir, "kinesis"), now, delivery.Options{NoSync: true})
		cfg.Journals, cfg.Objects, cfg.Records = d.journals, d.objects, d.records
		for _, c := range change {
			c(cfg)
		}
	})
	return d
}

// ledger makes an ACTIVE ledger under mainKey.
func (d *delivered) ledger(name string) {
	d.t.Helper()
	d.active(name, mainKey)
	d.commit(name, "CREATE TABLE Test")
}

func (d *delivered) engine(name string) *engine.Ledger {
	d.t.Helper()
	found, err := d.service.FindActive(d.t.Context(), call(), name)
	if err != nil {
		d.t.Fatal(err)
	}
	return found.Engine
}

// commit runs statements in one transaction, a second later than what was before.
func (d *delivered) commit(name string, statements ...string) {
	d.t.Helper()
	opened := d.engine(name)
	d.clock.Advance(time.Second)
	tx, err := opened.Begin(d.t.Context(), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := tx.Execute(d.t.Context(), s, nil); err != nil {
			d.t.Fatalf("%s: %v", s, err)
		}
	}
	if err := tx.Commit(d.t.Context(), tx.Digest()); err != nil {
		d.t.Fatal(err)
	}
}

// insert commits blocks with one document each.
func (d *delivered) insert(name string, from, to int) {
	d.t.Helper()
	for n := from; n <= to; n++ {
		d.commit(name, fmt.Sprintf("INSERT INTO Test VALUE {'id': %d, 'text': '%s'}", n, strings.Repeat("x", 100)))
	}
}

// files are the files below s3 or kinesis, by name.
func (d *delivered) files(below string) map[string][]byte {
	d.t.Helper()
	root := filepath.Join(d.dir, below)
	found := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		found[filepath.ToSlash(name)] = raw
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return found
}
