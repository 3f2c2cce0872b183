package local

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
func (s *Store) Ledger(ctx context.Context, id string) (LedgerStore, error) {
	folder := s.dir.ledger(id)
	if !disk.OnMachine(s.dir.fs) {
		return LedgerStore{}, errors.New("ledgers are kept on the machine's own file system alone")
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
	derived, err := index.Open(filepath.Join(folder, "index"), fileID, index.Options{FS: s.indexFS, Log: s.log})
	if err != nil {
		return LedgerStore{}, fmt.Errorf("open the index of ledger %s: %w", id, errors.Join(err, opened.Close()))
	}
	return LedgerStore{Log: opened, Index: derived}, nil
}

// RemoveLedger deletes all files of a ledger, which must be closed. One that is not there is no error.
func (s *Store) RemoveLedger(id string) error {
	if err := os.RemoveAll(s.dir.ledger(id)); err != nil {
		return fmt.Errorf("remove the files of ledger %s: %w", id, err)
	}
	return nil
}

func (d directory) ledger(id string) string { return filepath.Join(d.path, "ledgers", id) }
