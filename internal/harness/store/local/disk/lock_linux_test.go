package disk_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// A child process that is being started has copies of all descriptors for a moment.
func TestLockIsGoneThoughItsDescriptorWasCopied(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "LOCK")
	release, err := disk.OS().Lock(name, "first")
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Dup(descriptorOf(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = disk.OS().Lock(name, "second")
	if err != nil {
		t.Fatalf("lock again: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

// descriptorOf finds the descriptor of this process under which a file is open.
func descriptorOf(t *testing.T, name string) int {
	t.Helper()
	const own = "/proc/self/fd"
	entries, err := os.ReadDir(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(own, e.Name())); err == nil && target == name {
			fd, err := strconv.Atoi(e.Name())
			if err != nil {
				t.Fatal(err)
			}
			return fd
		}
	}
	t.Fatalf("%s is not open", name)
	return 0
}
