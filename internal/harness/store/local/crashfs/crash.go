package crashfs

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"
)

// A Choice decides what a crash keeps where it could go either way: it returns a number in [0, n), where 0 keeps
// what was synced and n-1 what was seen last.
type Choice func(n int) int

// Oldest keeps only what was synced.
func Oldest(int) int { return 0 }

// Newest keeps everything that was not lost by a failed sync.
func Newest(n int) int { return n - 1 }

// Crash returns the disk as a power cut leaves it. f itself is not changed. Directories keep a prefix of their
// changes since their sync, files any of their sectors. Nobody holds a lock, and there is no hook.
func (f *FS) Crash(choose Choice) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := New()
	out.root = f.root.crash(choose)
	return out
}

func (n *node) crash(choose Choice) *node {
	if !n.dir {
		return n.crashFile(choose)
	}
	states := append([]map[string]*node{n.synced}, n.since...)
	out := newDir()
	out.mode = n.mode
	kept := states[choose(len(states))]
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		out.entries[name] = kept[name].crash(choose)
	}
	out.synced = maps.Clone(out.entries)
	return out
}

func (n *node) crashFile(choose Choice) *node {
	disk := &node{mode: n.mode, data: n.data, durable: bytes.Clone(n.durable)}
	if len(disk.durable) < len(n.data) && choose(2) == 1 {
		disk.resize(len(n.data))
	}
	for _, s := range slices.Sorted(maps.Keys(n.dirty)) {
		if s*SectorSize < len(n.data) && choose(2) == 1 {
			disk.keep(s)
		}
	}
	return &node{mode: n.mode, data: bytes.Clone(disk.durable), durable: disk.durable, dirty: map[int]bool{}}
}

// Files returns the content of every file by path.
func (f *FS) Files() map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string][]byte{}
	f.root.collect("/", out)
	return out
}

func (n *node) collect(path string, out map[string][]byte) {
	if !n.dir {
		out[path] = bytes.Clone(n.data)
		return
	}
	for name, e := range n.entries {
		e.collect(filepath.Join(path, name), out)
	}
}

// WriteFile puts a file with the given content on the disk, durably, as an operator would. Its directory must be
// there. nil content removes the file.
func (f *FS) WriteFile(name string, content []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.find(filepath.Dir(name))
	base := filepath.Base(name)
	delete(d.entries, base)
	if content != nil {
		d.entries[base] = &node{mode: 0o600, data: bytes.Clone(content), durable: bytes.Clone(content),
			dirty: map[int]bool{}}
	}
	d.synced, d.since = maps.Clone(d.entries), nil
}
