// Package disk is the file system as the durable store sees it.
//
// The store touches files only through FS, so that a test can put crashfs in its place, fail any single call, and
// cut the power between any two. The interface says what each call promises about a crash; the store builds on
// exactly that.
package disk

import (
	"fmt"
	"io"
	"io/fs"
)

// An FS holds directories and files. Names are paths as in package os. Errors answer errors.Is(err, fs.ErrNotExist)
// or fs.ErrExist where that is the reason. A change of a directory (Create, Mkdir, Rename, Remove) is durable only
// after SyncDir of that directory.
type FS interface {
	// Mkdir creates one directory with mode 0700. The parent must be there.
	Mkdir(dir string) error
	// Stat tells what is at name.
	Stat(name string) (Info, error)
	// List returns the names in dir, in ascending order.
	List(dir string) ([]string, error)
	// Create makes a new, empty file with mode 0600. It fails when the name is taken.
	Create(name string) (File, error)
	// Open opens an existing file, for reading alone or for both.
	Open(name string, write bool) (File, error)
	// Rename moves a file within one directory, replacing what was there. After a crash either name is there whole.
	Rename(from, to string) error
	// Remove deletes a file.
	Remove(name string) error
	// SyncDir makes the entries of dir durable.
	SyncDir(dir string) error
	// Lock takes the exclusive lock called name, leaves note in it for others to read, and returns its release.
	// The lock ends with the process, however that ends. Taken already: *LockedError.
	Lock(name, note string) (release func() error, err error)
}

// A File is an open file. What WriteAt wrote is durable only after Sync; until then a crash may keep any of its
// 512-byte sectors, each whole, and lose the others.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Size is the length in bytes.
	Size() (int64, error)
	// Allocate extends the file with zeros to size bytes and reserves the space where the file system can.
	Allocate(size int64) error
	// Sync makes content and size durable. After an error the unsynced content is lost for good, even though it may
	// still be readable; calling Sync again proves nothing.
	Sync() error
}

// Info describes a file or directory.
type Info struct {
	Dir  bool
	Mode fs.FileMode // permission bits
	Size int64       // bytes
}

// LockedError says that a lock is held. Note is what its holder left, possibly empty.
type LockedError struct{ Name, Note string }

func (e *LockedError) Error() string { return fmt.Sprintf("lock %s is held by %q", e.Name, e.Note) }

// OnMachine reports whether fs is the machine's file system, or passes on to it: then it says to what with a method
// Unwrap.
func OnMachine(fs FS) bool {
	for fs != OS() {
		wrapper, ok := fs.(interface{ Unwrap() FS })
		if !ok {
			return false
		}
		fs = wrapper.Unwrap()
	}
	return true
}
