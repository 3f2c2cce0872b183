package disk

import (
	"fmt"
	"io"
	"os"
	"slices"
)

// OS returns the machine's file system.
func OS() FS { return osFS{} }

type osFS struct{}

func (osFS) Mkdir(dir string) error       { return os.Mkdir(dir, 0o700) }
func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(name string) error     { return os.Remove(name) }

func (osFS) Stat(name string) (Info, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return Info{}, err
	}
	return Info{Dir: fi.IsDir(), Mode: fi.Mode().Perm(), Size: fi.Size()}, nil
}

func (osFS) List(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}

func (osFS) Create(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Open(name string, write bool) (File, error) {
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	f, err := os.OpenFile(name, flag, 0)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync directory %s: %w", dir, firstOf(err, f.Close()))
	}
	return f.Close()
}

// maxNoteBytes bounds what is read from a lock file, which may be anything.
const maxNoteBytes = 4096

func (osFS) Lock(name, note string) (func() error, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	held, err := lockFile(f)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, firstOf(err, f.Close()))
	}
	if held {
		left, err := io.ReadAll(io.LimitReader(f, maxNoteBytes))
		if err := firstOf(err, f.Close()); err != nil {
			return nil, fmt.Errorf("read lock %s: %w", name, err)
		}
		return nil, &LockedError{Name: name, Note: string(left)}
	}
	// The note of a holder that was killed is still there.
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(note), 0)
	}
	if err != nil {
		return nil, fmt.Errorf("write lock %s: %w", name, firstOf(err, f.Close()))
	}
	// The file stays when the lock goes: removing it would let two processes lock two files of one name.
	return func() error { return firstOf(f.Truncate(0), unlockFile(f), f.Close()) }, nil
}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}

func (f osFile) Allocate(size int64) error { return allocate(f.File, size) }
func (f osFile) Sync() error               { return syncData(f.File) }

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
