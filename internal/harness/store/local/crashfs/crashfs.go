// Package crashfs is a file system in memory for tests of what survives.
//
// It keeps, beside what a program sees, what a disk would have: files by sectors of 512 bytes, directories by the
// changes since their last sync. Crash returns the disk as a power cut may leave it. A Hook sees every call and can
// make it fail, with its effect or without. A sync that fails without effect behaves as on Linux: the unsynced
// sectors stay readable, are clean, and are never written again unless they are written anew.
//
// Only such a fake can show all this: a real disk cannot be asked to lose one sector and keep the next.
package crashfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// SectorSize is the unit that is written whole, in bytes.
const SectorSize = 512

// ErrInjected is what a failed call returns.
var ErrInjected = errors.New("injected failure")

// Outcome says what becomes of a call.
type Outcome int

// Outcomes of a call.
const (
	Pass        Outcome = iota // it works
	Fail                       // no effect, and an error
	FailApplied                // its full effect, and an error all the same
	FailShort                  // of a write: the sectors of its first half, and an error; any other call: as Fail
)

// A Call is one use of the file system. N counts from 1.
type Call struct {
	N        int
	Op, Name string
}

// FS is a disk.FS in memory. Its methods may be called from several goroutines.
type FS struct {
	mu    sync.Mutex
	root  *node
	locks map[string]string
	calls int
	hook  func(Call) Outcome
	short bool // the write that runs stops halfway
}

var _ disk.FS = (*FS)(nil)

// node is a file or a directory.
type node struct {
	dir     bool
	mode    fs.FileMode
	entries map[string]*node   // dir: what is seen
	synced  map[string]*node   // dir: what a crash keeps at least
	since   []map[string]*node // dir: entries after each change since the sync
	data    []byte             // file: what is seen
	durable []byte             // file: what a crash keeps at least
	dirty   map[int]bool       // file: sectors a crash may keep or lose
}

func newDir() *node {
	return &node{dir: true, mode: 0o700, entries: map[string]*node{}, synced: map[string]*node{}}
}

// New returns an empty file system whose root is "/".
func New() *FS { return &FS{root: newDir(), locks: map[string]string{}} }

// SetHook makes hook decide each later call, counting from 1 again. nil: all pass.
func (f *FS) SetHook(hook func(Call) Outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook, f.calls = hook, 0
}

// Calls is the number of calls since SetHook or New.
func (f *FS) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// do runs one call under the lock, as the hook says.
func (f *FS) do(op, name string, fn func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	outcome := Pass
	if f.hook != nil {
		outcome = f.hook(Call{N: f.calls, Op: op, Name: name})
	}
	injected := fmt.Errorf("%s %s: %w", op, name, ErrInjected)
	f.short = outcome == FailShort && op == "write"
	if outcome == Fail || outcome == FailShort && !f.short {
		return injected
	}
	err := fn()
	if outcome != Pass {
		return injected
	}
	return err
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// find returns the node at name, nil when there is none.
func (f *FS) find(name string) *node {
	n := f.root
	for part := range strings.SplitSeq(strings.Trim(filepath.Clean(name), "/"), "/") {
		if part == "" {
			continue
		}
		if n == nil || !n.dir {
			return nil
		}
		n = n.entries[part]
	}
	return n
}

// change alters the entries of the directory that holds name.
func (f *FS) change(op, name string, fn func(entries map[string]*node, base string) error) error {
	d := f.find(filepath.Dir(name))
	if d == nil || !d.dir {
		return pathError(op, name, fs.ErrNotExist)
	}
	if err := fn(d.entries, filepath.Base(name)); err != nil {
		return pathError(op, name, err)
	}
	d.since = append(d.since, maps.Clone(d.entries))
	return nil
}

// Mkdir implements disk.FS.
func (f *FS) Mkdir(dir string) error {
	return f.do("mkdir", dir, func() error {
		return f.change("mkdir", dir, func(entries map[string]*node, base string) error {
			if entries[base] != nil {
				return fs.ErrExist
			}
			entries[base] = newDir()
			return nil
		})
	})
}

// Stat implements disk.FS.
func (f *FS) Stat(name string) (info disk.Info, err error) {
	err = f.do("stat", name, func() error {
		n := f.find(name)
		if n == nil {
			return pathError("stat", name, fs.ErrNotExist)
		}
		info = disk.Info{Dir: n.dir, Mode: n.mode, Size: int64(len(n.data))}
		return nil
	})
	return info, err
}

// List implements disk.FS.
func (f *FS) List(dir string) (names []string, err error) {
	err = f.do("list", dir, func() error {
		n := f.find(dir)
		if n == nil || !n.dir {
			return pathError("list", dir, fs.ErrNotExist)
		}
		names = slices.Sorted(maps.Keys(n.entries))
		return nil
	})
	return names, err
}

// Create implements disk.FS.
func (f *FS) Create(name string) (file disk.File, err error) {
	err = f.do("create", name, func() error {
		return f.change("create", name, func(entries map[string]*node, base string) error {
			if entries[base] != nil {
				return fs.ErrExist
			}
			n := &node{mode: 0o600, dirty: map[int]bool{}}
			entries[base] = n
			file = &handle{fs: f, node: n, name: name}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Open implements disk.FS.
func (f *FS) Open(name string, _ bool) (file disk.File, err error) {
	err = f.do("open", name, func() error {
		n := f.find(name)
		if n == nil || n.dir {
			return pathError("open", name, fs.ErrNotExist)
		}
		file = &handle{fs: f, node: n, name: name}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Rename implements disk.FS.
func (f *FS) Rename(from, to string) error {
	return f.do("rename", to, func() error {
		return f.change("rename", to, func(entries map[string]*node, base string) error {
			old := filepath.Base(from)
			if filepath.Dir(from) != filepath.Dir(to) || entries[old] == nil {
				return fs.ErrNotExist
			}
			entries[base] = entries[old]
			delete(entries, old)
			return nil
		})
	})
}

// Remove implements disk.FS.
func (f *FS) Remove(name string) error {
	return f.do("remove", name, func() error {
		return f.change("remove", name, func(entries map[string]*node, base string) error {
			if entries[base] == nil {
				return fs.ErrNotExist
			}
			delete(entries, base)
			return nil
		})
	})
}

// SyncDir implements disk.FS.
func (f *FS) SyncDir(dir string) error {
	return f.do("syncdir", dir, func() error {
		n := f.find(dir)
		if n == nil || !n.dir {
			return pathError("syncdir", dir, fs.ErrNotExist)
		}
		n.synced, n.since = maps.Clone(n.entries), nil
		return nil
	})
}

// Lock implements disk.FS. The lock file itself is not kept.
func (f *FS) Lock(name, note string) (release func() error, err error) {
	err = f.do("lock", name, func() error {
		if held, ok := f.locks[name]; ok {
			return &disk.LockedError{Name: name, Note: held}
		}
		f.locks[name] = note
		return nil
	})
	release = func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.locks, name)
		return nil
	}
	if _, held := errors.AsType[*disk.LockedError](err); err != nil {
		if !held {
			err = errors.Join(err, release())
		}
		return nil, err
	}
	return release, nil
}

// handle is an open file.
type handle struct {
	fs   *FS
	node *node
	name string
}

// ReadAt implements io.ReaderAt.
func (h *handle) ReadAt(b []byte, off int64) (n int, err error) {
	err = h.fs.do("read", h.name, func() error {
		if off < int64(len(h.node.data)) {
			n = copy(b, h.node.data[off:])
		}
		if n < len(b) {
			return io.EOF
		}
		return nil
	})
	return n, err
}

// WriteAt implements io.WriterAt.
func (h *handle) WriteAt(b []byte, off int64) (n int, err error) {
	err = h.fs.do("write", h.name, func() error {
		if h.fs.short {
			b = b[:len(b)/2/SectorSize*SectorSize]
		}
		h.node.grow(off + int64(len(b)))
		n = copy(h.node.data[off:], b)
		for s := off / SectorSize; s*SectorSize < off+int64(len(b)); s++ {
			h.node.dirty[int(s)] = true
		}
		return nil
	})
	return n, err
}

func (n *node) grow(size int64) {
	if more := size - int64(len(n.data)); more > 0 {
		n.data = append(n.data, make([]byte, more)...)
	}
}

// Size implements disk.File.
func (h *handle) Size() (size int64, err error) {
	err = h.fs.do("size", h.name, func() error {
		size = int64(len(h.node.data))
		return nil
	})
	return size, err
}

// Allocate implements disk.File.
func (h *handle) Allocate(size int64) error {
	return h.fs.do("allocate", h.name, func() error {
		h.node.grow(size)
		return nil
	})
}

// Sync implements disk.File.
func (h *handle) Sync() error {
	err := h.fs.do("sync", h.name, func() error {
		for s := range h.node.dirty {
			h.node.keep(s)
		}
		h.node.resize(len(h.node.data))
		return nil
	})
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	clear(h.node.dirty) // also when the sync had no effect
	return err
}

// Close implements io.Closer.
func (h *handle) Close() error { return h.fs.do("close", h.name, func() error { return nil }) }

// keep makes one sector durable.
func (n *node) keep(s int) {
	from, to := s*SectorSize, min((s+1)*SectorSize, len(n.data))
	if to > len(n.durable) {
		n.resize(to)
	}
	copy(n.durable[from:to], n.data[from:to])
}

func (n *node) resize(size int) {
	if more := size - len(n.durable); more > 0 {
		n.durable = append(n.durable, make([]byte, more)...)
	}
}
