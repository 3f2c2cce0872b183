package harness_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// brokenDisk is the machine's disk, whose writes are counted and of which one goes wrong. Only such a one fails when it
// is told to. The records of CloudTrail are left alone: they are written when a timer says so.
type brokenDisk struct {
	disk.FS

	mu     sync.Mutex
	dir    string        // the data directory
	writes int           // since wrong was set
	nth    int           // the write that goes wrong; 0: none
	wrong  func() manner // asked at the nth
	at     string        // what the nth was: a call and a file, in the data directory
}

// manner is how a write goes wrong.
type manner struct {
	err   error
	short bool // half of it is written all the same
	done  bool // all of it is
}

// use makes cfg reach its directory through d.
func (d *brokenDisk) use(cfg harness.Config) harness.Config {
	d.FS, d.dir = disk.OS(), cfg.DataDir
	cfg.FS, cfg.NoSync = d, false
	cfg.IndexFS = errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead || op.Kind == errorfs.OpFileClose {
			return nil
		}
		return d.next("write index", op.Path).err
	}))
	return cfg
}

// breakAt makes the nth write from now on go wrong.
func (d *brokenDisk) breakAt(nth int, wrong func() manner) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes, d.nth, d.wrong, d.at = 0, nth, wrong, ""
}

// broken is what the write was that went wrong, "" if none did yet.
func (d *brokenDisk) broken() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *brokenDisk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.writes
}

// next counts a write.
func (d *brokenDisk) next(op, name string) manner {
	rel, err := filepath.Rel(d.dir, name)
	if err == nil && (rel == "logs" || strings.HasPrefix(rel, "logs/")) {
		return manner{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	if d.writes != d.nth {
		return manner{}
	}
	d.at = op + " " + rel
	return d.wrong()
}

// Unwrap is for disk.OnMachine.
func (d *brokenDisk) Unwrap() disk.FS { return d.FS }

func (d *brokenDisk) call(op, name string, do func() error) error {
	m := d.next(op, name)
	if m.err == nil {
		return do()
	}
	if m.done {
		_ = do() // its error would not be told either
	}
	return m.err
}

// Mkdir implements disk.FS.
func (d *brokenDisk) Mkdir(dir string) error {
	return d.call("mkdir", dir, func() error { return d.FS.Mkdir(dir) })
}

// Rename implements disk.FS.
func (d *brokenDisk) Rename(from, to string) error {
	return d.call("rename", to, func() error { return d.FS.Rename(from, to) })
}

// Remove implements disk.FS.
func (d *brokenDisk) Remove(name string) error {
	return d.call("remove", name, func() error { return d.FS.Remove(name) })
}

// SyncDir implements disk.FS. Nothing is waited for: the machine goes on in these tests.
func (d *brokenDisk) SyncDir(dir string) error {
	return d.call("sync directory", dir, func() error { return nil })
}

// Create implements disk.FS.
func (d *brokenDisk) Create(name string) (file disk.File, err error) {
	err = d.call("create", name, func() error {
		file, err = d.FS.Create(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &brokenFile{File: file, disk: d, name: name}, nil
}

// Open implements disk.FS.
func (d *brokenDisk) Open(name string, write bool) (disk.File, error) {
	file, err := d.FS.Open(name, write)
	if err != nil {
		return nil, err
	}
	return &brokenFile{File: file, disk: d, name: name}, nil
}

type brokenFile struct {
	disk.File
	disk *brokenDisk
	name string
}

// WriteAt implements disk.File.
func (f *brokenFile) WriteAt(b []byte, off int64) (n int, err error) {
	m := f.disk.next("write", f.name)
	switch {
	case m.err == nil:
		return f.File.WriteAt(b, off)
	case m.short:
		const sector = 512
		n, err = f.File.WriteAt(b[:len(b)/2/sector*sector], off)
	case m.done:
		n, err = f.File.WriteAt(b, off)
	}
	if err != nil {
		return n, err
	}
	return n, m.err
}

// Allocate implements disk.File.
func (f *brokenFile) Allocate(size int64) error {
	return f.disk.call("allocate", f.name, func() error { return f.File.Allocate(size) })
}

// Sync implements disk.File, as SyncDir.
func (f *brokenFile) Sync() error {
	return f.disk.call("sync", f.name, func() error { return nil })
}

// die ends this process as kill -9 does.
func die() manner {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}
