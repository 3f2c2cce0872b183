package local

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
)

// A LedgerStore is where one ledger keeps its data: the log, which is the truth, and the index derived from it.
//
//	ledgers/<ledger id>/log/
//	ledgers/<ledger id>/index/
type LedgerStore struct {
	Log   *ledgerlog.Log
	Index *index.Index
}

// Close closes both. They must not be in use.
func (l LedgerStore) Close() error { return errors.Join(l.Index.Close(), l.Log.Close()) }

// Ledger opens the store of the ledger called id, which must be fit for a file name, and makes one where there is
// none. A ledger is to be opened once at a time. The caller closes it before the Store.
//
// The state keeps which ledgers have a log, and that before the log takes a block: one whose files are all gone is a
// *CorruptError, not a new, empty ledger.
func (s *Store) Ledger(ctx context.Context, id string) (LedgerStore, error) {
	folder := s.dir.ledger(id)
	if !disk.OnMachine(s.dir.fs) {
		return LedgerStore{}, errors.New("ledgers are kept on the machine's own file system alone")
	}
	begun, err := s.hasBegun(ctx, id)
	if err == nil && begun && s.dir.isEmpty(filepath.Join(folder, "log")) {
		err = &CorruptError{File: filepath.Join(folder, "log"), Reason: "all files of the log are missing"}
	}
	if err != nil {
		return LedgerStore{}, fmt.Errorf("open the log of ledger %s: %w", id, err)
	}
	for _, dir := range []string{filepath.Dir(folder), folder} {
		if err := s.dir.fs.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return LedgerStore{}, fmt.Errorf("make the directory of ledger %s: %w", id, err)
		}
		// Also when it was there: a process that was killed may have made it and not synced it.
		if err := s.dir.sync(filepath.Dir(dir)); err != nil {
			return LedgerStore{}, fmt.Errorf("sync the directory of ledger %s: %w", id, err)
		}
	}
	sum := sha256.Sum256([]byte(id))
	fileID := [16]byte(sum[:])
	opened, err := ledgerlog.Open(ctx, filepath.Join(folder, "log"), fileID, ledgerlog.Options{
		FS: s.dir.fs, NoSync: s.dir.noSync,
	})
	if err != nil {
		return LedgerStore{}, fmt.Errorf("open the log of ledger %s: %w", id, err)
	}
	if !begun {
		err := s.Update(ctx, func(w store.Writer) error { return w.Put(begunPrefix+id, []byte{1}) })
		if err != nil {
			return LedgerStore{}, fmt.Errorf("note the log of ledger %s: %w", id, errors.Join(err, opened.Close()))
		}
	}
	derived, err := index.Open(filepath.Join(folder, "index"), fileID, index.Options{FS: s.indexFS, Log: s.log})
	if err != nil {
		return LedgerStore{}, fmt.Errorf("open the index of ledger %s: %w", id, errors.Join(err, opened.Close()))
	}
	return LedgerStore{Log: opened, Index: derived}, nil
}

// begunPrefix is where the state keeps the ids of ledgers that have a log.
const begunPrefix = "local/ledgers/"

func (s *Store) hasBegun(ctx context.Context, id string) (begun bool, err error) {
	err = s.View(ctx, func(r store.Reader) error {
		_, begun, err = r.Get(begunPrefix + id)
		return err
	})
	return begun, err
}

// isEmpty says whether nothing is in folder, or it is not there. What cannot be read is left to who opens it.
func (d directory) isEmpty(folder string) bool {
	names, err := d.fs.List(folder)
	return errors.Is(err, fs.ErrNotExist) || err == nil && len(names) == 0
}

// RemoveLedger deletes all files of a ledger, which must be closed. One that is not there is no error.
func (s *Store) RemoveLedger(ctx context.Context, id string) error {
	if begun, err := s.hasBegun(ctx, id); err != nil {
		return fmt.Errorf("remove the files of ledger %s: %w", id, err)
	} else if begun {
		if err := s.Update(ctx, func(w store.Writer) error { return w.Delete(begunPrefix + id) }); err != nil {
			return fmt.Errorf("remove the files of ledger %s: %w", id, err)
		}
	}
	if err := os.RemoveAll(s.dir.ledger(id)); err != nil {
		return fmt.Errorf("remove the files of ledger %s: %w", id, err)
	}
	return nil
}

func (d directory) ledger(id string) string { return filepath.Join(d.path, "ledgers", id) }
