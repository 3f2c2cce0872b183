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
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
)

// logSegmentBytes is the unit in which the files of OpenLog grow. It is small, as they hold less than ledgers.
const logSegmentBytes = 256 << 10

// OpenLog opens a log that belongs to no ledger, and makes one where there is none:
//
//	logs/<name>/
//
// name must be fit for a file name. A log is to be opened once at a time, and closed before the Store.
func (s *Store) OpenLog(ctx context.Context, name string) (*ledgerlog.Log, error) {
	folder := s.dir.namedLog(name)
	if !disk.OnMachine(s.dir.fs) {
		return nil, errors.New("logs are kept on the machine's own file system alone")
	}
	parent := filepath.Dir(folder)
	if err := s.dir.fs.Mkdir(parent); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the directory of logs: %w", err)
	}
	// Also when it was there: a process that was killed may have made it and not synced it.
	if err := s.dir.sync(s.dir.path); err != nil {
		return nil, fmt.Errorf("sync the data directory: %w", err)
	}
	sum := sha256.Sum256([]byte("log " + name))
	opened, err := ledgerlog.Open(ctx, folder, [16]byte(sum[:]), ledgerlog.Options{
		FS: s.dir.fs, NoSync: s.dir.noSync, SegmentBytes: logSegmentBytes,
	})
	if err != nil {
		return nil, fmt.Errorf("open log %s: %w", name, err)
	}
	return opened, nil
}

// RemoveLog deletes all files of a log, which must be closed. One that is not there is no error.
func (s *Store) RemoveLog(name string) error {
	if err := os.RemoveAll(s.dir.namedLog(name)); err != nil {
		return fmt.Errorf("remove the files of log %s: %w", name, err)
	}
	return nil
}

func (d directory) namedLog(name string) string { return filepath.Join(d.path, "logs", name) }
