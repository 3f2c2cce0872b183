package index_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
)

var _ store.Index = (*index.Index)(nil)

var id = [16]byte([]byte("log of the tests"))

func open(t *testing.T, fs vfs.FS) *index.Index {
	t.Helper()
	x, err := index.Open("/index", id, index.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

func put(key, value string) store.Change {
	return store.Change{Op: store.OpPut, Key: []byte(key), Value: []byte(value)}
}

func apply(t *testing.T, x *index.Index, to uint64, changes ...store.Change) {
	t.Helper()
	if err := x.Apply(t.Context(), to, changes); err != nil {
		t.Fatal(err)
	}
}

// content is what the index holds between two keys.
func content(t *testing.T, x *index.Index, start, end string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := x.View(t.Context(), func(r store.IndexReader) error {
		c := r.Scan([]byte(start), []byte(end))
		defer c.Close()
		last := ""
		for c.Next() {
			if string(c.Key()) <= last {
				return fmt.Errorf("key %q after %q", c.Key(), last)
			}
			last = string(c.Key())
			got[last] = string(c.Value())
		}
		return c.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func want(t *testing.T, x *index.Index, position uint64, want map[string]string) {
	t.Helper()
	if got, err := x.Position(t.Context()); err != nil || got != position {
		t.Errorf("got position %d, %v, want %d", got, err, position)
	}
	if diff := cmp.Diff(want, content(t, x, "", "\xff")); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

func TestApplyAndScan(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	x := open(t, fs)
	want(t, x, 0, map[string]string{})
	apply(t, x, 1, put("a1", "1"), put("a2", "2"), put("a3", "3"), put("b", "4"), put("\x00", "5"))
	apply(t, x, 2,
		store.Change{Op: store.OpDelete, Key: []byte("a1")},
		store.Change{Op: store.OpDelete, Key: []byte("gone")},
		put("a2", "new"),
		store.Change{Op: store.OpDeleteRange, Key: []byte("a3"), Value: []byte("b")})
	want(t, x, 2, map[string]string{"a2": "new", "b": "4", "\x00": "5"})
	if diff := cmp.Diff(map[string]string{"a2": "new"}, content(t, x, "a", "b")); diff != "" {
		t.Errorf("range (-want +got):\n%s", diff)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, open(t, fs), 2, map[string]string{"a2": "new", "b": "4", "\x00": "5"})
}

func TestFailedApplyChangesNothing(t *testing.T) {
	t.Parallel()
	x := open(t, vfs.NewMem())
	apply(t, x, 1, put("a", "1"))
	if err := x.Apply(t.Context(), 2, []store.Change{put("a", "2"), {Key: []byte("b")}}); err == nil {
		t.Error("got no error for an unknown operation")
	}
	want(t, x, 1, map[string]string{"a": "1"})
}

func TestViewsStandStill(t *testing.T) {
	t.Parallel()
	x := open(t, vfs.NewMem())
	apply(t, x, 1, put("a", "1"))
	err := x.View(t.Context(), func(r store.IndexReader) error {
		apply(t, x, 2, put("a", "2"), put("b", "1"))
		value, found, err := r.Get([]byte("a"))
		if err != nil || !found || string(value) != "1" {
			t.Errorf("got %q, %v, %v, want the value at the beginning of the view", value, found, err)
		}
		if _, found, err = r.Get([]byte("b")); err != nil || found {
			t.Errorf("got %v, %v for a key that is newer than the view", found, err)
		}
		return errors.ErrUnsupported
	})
	if err != errors.ErrUnsupported {
		t.Errorf("got %v, want the error of fn as it is", err)
	}
	want(t, x, 2, map[string]string{"a": "2", "b": "1"})
}

// What a crash leaves must be the state after one of the Apply calls, with its position.
func TestCrashLeavesAPrefix(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	for flushed := range 4 {
		fs := vfs.NewCrashableMem()
		x := open(t, fs)
		for i := range uint64(6) {
			apply(t, x, i+1, put("n", fmt.Sprint(i+1)), put(fmt.Sprint("k", i), "v"))
			if int(i) < flushed {
				if err := x.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, percent := range []int{0, 50, 100} {
			crashed := open(t, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random}))
			got, err := crashed.Position(t.Context())
			if err != nil || got < uint64(flushed) {
				t.Fatalf("got position %d, %v, want at least what was flushed: %d", got, err, flushed)
			}
			state := map[string]string{}
			for i := range got {
				state["n"] = fmt.Sprint(i + 1)
				state[fmt.Sprint("k", i)] = "v"
			}
			want(t, crashed, got, state)
		}
	}
}

// A disk that takes nothing any more must end in an error, not in waiting for ever.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	full := errorfs.Toggle{Injector: errorfs.ErrInjected.If(errorfs.Writes)}
	mem := vfs.NewMem()
	x, err := index.Open("/index", id, index.Options{FS: errorfs.Wrap(mem, &full), MemoryBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, x, 1, put("a", "1"))
	if err := x.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	full.On()
	position := uint64(1)
	for err == nil && position < 100_000 {
		err = x.Apply(t.Context(), position+1, []store.Change{put(fmt.Sprint("k", position), strings.Repeat("v", 1000))})
		if err == nil {
			position++
		}
	}
	if err == nil {
		t.Fatalf("got no error after %d changes", position)
	}
	if got := content(t, x, "a", "b"); got["a"] != "1" {
		t.Errorf("got %v, want reads to go on", got)
	}
	full.Off()
	_ = x.Close()
	x = open(t, mem)
	if got, err := x.Position(t.Context()); err != nil || got == 0 || got > position {
		t.Errorf("got position %d, %v, want 1 to %d", got, err, position)
	}
}

// Pebble tries again and again what the disk refused. That must not keep a core busy, nor a flush or Close waiting.
func TestFullDiskIsNotTriedForEver(t *testing.T) {
	t.Parallel()
	var tables atomic.Int64
	full := errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpCreate && filepath.Ext(op.Path) == ".sst" {
			tables.Add(1)
			return errorfs.ErrInjected
		}
		return nil
	})}
	x, err := index.Open("/index", id, index.Options{FS: errorfs.Wrap(vfs.NewMem(), &full)})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, x, 1, put("a", "1"))
	full.On()
	if err := x.Flush(t.Context()); !errors.Is(err, errorfs.ErrInjected) {
		t.Errorf("flush: got %v, want the failure", err)
	}
	for range 2_000 { // time for Pebble to try again
		if got := content(t, x, "a", "b"); got["a"] != "1" {
			t.Fatalf("got %v, want reads to go on", got)
		}
	}
	if got := tables.Load(); got == 0 || got > 2 {
		t.Errorf("tried to write a table %d times, want once or twice", got)
	}
	if err := x.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestForeignIndexIsRefused(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	if err := open(t, fs).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := index.Open("/index", [16]byte{1}, index.Options{FS: fs}); !errors.Is(err, index.ErrForeign) {
		t.Errorf("got %v, want ErrForeign", err)
	}
}

func TestClosedIndex(t *testing.T) {
	t.Parallel()
	x := open(t, vfs.NewMem())
	if err := errors.Join(x.Close(), x.Close()); err != nil {
		t.Fatal(err)
	}
	if err := x.Apply(t.Context(), 1, nil); !errors.Is(err, index.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

// A flipped byte ends in an error, or leaves a state that some Apply has made, as after a crash; never in another one.
func TestFlippedBytes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(11, 12))
	mem := vfs.NewMem()
	x := open(t, mem)
	for i := range uint64(60) {
		apply(t, x, i+1, put(fmt.Sprintf("k%02d", i), strings.Repeat("v", int(i))), put("n", fmt.Sprint(i+1)))
		if i%20 == 19 {
			if err := x.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := mem.List("/index")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content := read(t, mem, "/index/"+name)
		for range 40 {
			if len(content) == 0 {
				continue
			}
			damaged := bytes.Clone(content)
			damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
			broken := vfs.NewMem()
			for _, other := range names {
				if other == name {
					write(t, broken, "/index/"+other, damaged)
				} else {
					write(t, broken, "/index/"+other, read(t, mem, "/index/"+other))
				}
			}
			wantPrefixOrError(t, broken, name)
		}
	}
}

func wantPrefixOrError(t *testing.T, fs vfs.FS, what string) {
	t.Helper()
	x, err := index.Open("/index", id, index.Options{FS: fs})
	if err != nil {
		return
	}
	defer func() { _ = x.Close() }()
	position, err := x.Position(t.Context())
	if err != nil {
		return
	}
	want := map[string]string{}
	for i := range position {
		want[fmt.Sprintf("k%02d", i)] = strings.Repeat("v", int(i))
		want["n"] = fmt.Sprint(i + 1)
	}
	got := map[string]string{}
	err = x.View(t.Context(), func(r store.IndexReader) error {
		c := r.Scan(nil, []byte{0xff})
		defer c.Close()
		for c.Next() {
			got[string(c.Key())] = string(c.Value())
		}
		return c.Err()
	})
	if err != nil {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("byte of %s flipped: content at position %d (-want +got):\n%s", what, position, diff)
	}
}

func read(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, fs vfs.FS, name string, content []byte) {
	t.Helper()
	err := fs.MkdirAll("/index", 0o700)
	if err != nil {
		t.Fatal(err)
	}
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}
