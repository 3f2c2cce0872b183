package disk_test

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// TestFileSystems holds the fake of the crash tests to what the machine's file system does.
func TestFileSystems(t *testing.T) {
	t.Parallel()
	for name, fsys := range map[string]disk.FS{"machine": disk.OS(), "fake": crashfs.New()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := "/"
			if name == "machine" {
				root = t.TempDir()
			}
			directories(t, fsys, root)
			files(t, fsys, root)
			locks(t, fsys, root)
		})
	}
}

func directories(t *testing.T, fsys disk.FS, root string) {
	t.Helper()
	sub := filepath.Join(root, "sub")
	if err := fsys.Mkdir(filepath.Join(sub, "below")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Mkdir without parent: got %v, want fs.ErrNotExist", err)
	}
	if err := errors.Join(fsys.Mkdir(sub), fsys.SyncDir(root)); err != nil {
		t.Fatal(err)
	}
	if err := fsys.Mkdir(sub); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Mkdir again: got %v, want fs.ErrExist", err)
	}
	if got, err := fsys.Stat(sub); err != nil || !got.Dir || got.Mode != 0o700 {
		t.Errorf("Stat: got %+v, %v", got, err)
	}
	if _, err := fsys.List(filepath.Join(root, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("List of nothing: got %v, want fs.ErrNotExist", err)
	}
	if err := fsys.SyncDir(filepath.Join(root, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("SyncDir of nothing: got %v, want fs.ErrNotExist", err)
	}
}

func files(t *testing.T, fsys disk.FS, root string) {
	t.Helper()
	name := filepath.Join(root, "sub", "b")
	if _, err := fsys.Open(name, true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing: got %v, want fs.ErrNotExist", err)
	}
	f, err := fsys.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fsys.Create(name); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create again: got %v, want fs.ErrExist", err)
	}
	if err := f.Allocate(1000); err != nil {
		t.Fatal(err)
	}
	if n, err := f.WriteAt([]byte("text"), 998); n != 4 || err != nil {
		t.Errorf("WriteAt: got %d, %v", n, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if got, err := fsys.Stat(name); err != nil || got != (disk.Info{Mode: 0o600, Size: 1002}) {
		t.Errorf("Stat: got %+v, %v", got, err)
	}
	other := filepath.Join(root, "sub", "a")
	if err := fsys.Rename(name, other); err != nil {
		t.Fatal(err)
	}
	if f, err = fsys.Open(other, false); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1002)
	if _, err := f.ReadAt(got, 0); err != nil || !bytes.Equal(got, append(make([]byte, 998), "text"...)) {
		t.Errorf("ReadAt: got %q, %v", got, err)
	}
	if size, err := f.Size(); size != 1002 || err != nil {
		t.Errorf("Size: got %d, %v", size, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if f, err = fsys.Create(name); err != nil {
		t.Fatal(err)
	}
	names, err := fsys.List(filepath.Dir(name))
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" || err != nil {
		t.Errorf("List: %v (-want +got):\n%s", err, diff)
	}
	if err := errors.Join(f.Close(), fsys.Remove(name)); err != nil {
		t.Error(err)
	}
	if err := fsys.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Remove again: got %v, want fs.ErrNotExist", err)
	}
}

func locks(t *testing.T, fsys disk.FS, root string) {
	t.Helper()
	name := filepath.Join(root, "LOCK")
	for _, note := range []string{"a long note of the first holder", "second"} {
		release, err := fsys.Lock(name, note)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fsys.Lock(name, "other")
		if held, ok := errors.AsType[*disk.LockedError](err); !ok || held.Note != note {
			t.Errorf("got %v, want a *LockedError with %q", err, note)
		}
		if err := release(); err != nil {
			t.Error(err)
		}
	}
}
