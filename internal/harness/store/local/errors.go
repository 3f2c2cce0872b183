package local

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

// ErrClosed is returned by every use of a Store after Close.
var ErrClosed = errors.New("the store is closed")

// ErrEmpty is returned by Check for a directory in which nothing was ever stored.
var ErrEmpty = errors.New("nothing is stored there yet")

var errNotDirectory = errors.New("it is not a directory")

// CorruptError says that a file in the data directory is not as it was written. Nothing was changed on disk.
type CorruptError = segment.CorruptError

// InUseError says that another process works on the data directory.
type InUseError struct {
	Dir    string
	Holder string // "process 4711 (qldbkms-harness serve)"
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("data directory %s is in use by %s: stop it, or choose another --data-dir", e.Dir, e.Holder)
}

// MissingSecretError says that a data directory has data but no root secret.
type MissingSecretError struct{ Dir string }

func (e *MissingSecretError) Error() string {
	return fmt.Sprintf("data directory %s has lost its %s: without it nothing in the directory can be decrypted, and "+
		"no new one is made in its place; put the file back from a backup, or choose an empty --data-dir", e.Dir, secretName)
}

// ForeignError says that a directory is neither empty nor a data directory.
type ForeignError struct{ Dir, Entry string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("directory %s is not a data directory: it holds %q but no %s; choose an empty or a new --data-dir",
		e.Dir, e.Entry, secretName)
}

// ModeError says that a secret file can be read by others than its owner.
type ModeError struct {
	File string
	Mode fs.FileMode
}

func (e *ModeError) Error() string {
	return fmt.Sprintf("%s can be read by other users (mode %04o): run chmod 600 %s; if others had access to the "+
		"machine, what it protects is no longer secret", e.File, e.Mode, shellQuote(e.File))
}

// FailedError says that the disk failed while the store was writing. Err is the first failure. Reads go on; writing
// goes on after the store is opened again, which reads everything back.
type FailedError struct {
	Dir string
	Err error
	// Uncertain is set for the transactions that were being written: whether they are there is known after the next
	// Open. Transactions that come later were not written.
	Uncertain bool
}

func (e *FailedError) Error() string {
	what := "nothing more is written"
	if e.Uncertain {
		what = "whether this change was stored is known after a restart"
	}
	return fmt.Sprintf("data directory %s: a write failed (%v): %s; make sure the disk is sound and has space, "+
		"then restart", e.Dir, e.Err, what)
}

// Unwrap returns the failure.
func (e *FailedError) Unwrap() error { return e.Err }

// Is reports whether target is store.ErrUncertain and the outcome is.
func (e *FailedError) Is(target error) bool { return e.Uncertain && target == store.ErrUncertain }

// opening adds what was tried to an error that does not say so itself.
func opening(err error) error {
	switch err.(type) {
	case nil, *CorruptError, *InUseError, *MissingSecretError, *ForeignError, *ModeError:
		return err
	}
	return fmt.Errorf("open data directory: %w%s", err, remedy(err))
}

// remedy is what to do about an error of the file system, as the end of its sentence.
func remedy(err error) string {
	switch {
	case errors.Is(err, syscall.EROFS):
		return "; a data directory must be writable, also to be verified: make it so, or use a copy"
	case errors.Is(err, syscall.ENOSPC):
		return "; nothing that was acknowledged is lost: free space, then start again"
	case errors.Is(err, fs.ErrPermission):
		return "; start as the user that owns the directory, or choose another --data-dir"
	}
	return ""
}

// shellQuote makes a path safe to paste into a shell.
func shellQuote(path string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%", r)
	}
	if strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
