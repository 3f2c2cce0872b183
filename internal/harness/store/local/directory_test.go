package local_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// These make the test binary a process that works on the data directory they name.
const (
	holdVariable  = "LOCAL_TEST_HOLD"
	countVariable = "LOCAL_TEST_COUNT"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdVariable); dir != "" {
		os.Exit(hold(dir))
	}
	if dir := os.Getenv(countVariable); dir != "" {
		os.Exit(count(dir))
	}
	os.Exit(m.Run())
}

// hold writes something into dir, says so, and keeps the directory until it is killed or its input ends.
func hold(dir string) int {
	ctx := context.Background()
	s, err := local.Open(ctx, dir, local.Options{Command: "qldbkms-harness serve"})
	if err == nil {
		err = tryPut(ctx, s, "held", "yes")
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// count says each transaction of a history that was acknowledged, until it is killed.
func count(dir string) int {
	ctx := context.Background()
	s, err := local.Open(ctx, dir, local.Options{SegmentBytes: 4096})
	for i := 1; err == nil; i++ {
		if err = s.Update(ctx, func(w store.Writer) error { return step(w, i) }); err == nil {
			_, err = fmt.Println(i)
		}
	}
	fmt.Println(err)
	return 1
}

func TestKilledProcessLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	for _, after := range []int{1, 20, 75} {
		dir := t.TempDir()
		counter := exec.CommandContext(t.Context(), os.Args[0])
		counter.Env = append(os.Environ(), countVariable+"="+dir)
		out, err := counter.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := counter.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		acknowledged := 0
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("the process said %q", lines.Text())
			}
			if acknowledged = n; n == after {
				if err := counter.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := counter.Wait(); err == nil {
			t.Error("the process was not killed")
		}
		got := content(t, open(t, dir, local.Options{}))
		n, _ := strconv.Atoi(got["n"])
		if n != acknowledged && n != acknowledged+1 {
			t.Errorf("got %d transactions, want %d or one more", n, acknowledged)
		}
		if diff := cmp.Diff(stateAfter(n), got); diff != "" {
			t.Errorf("state after %d transactions (-want +got):\n%s", n, diff)
		}
	}
}

func TestSecondProcessIsNamedAndItsDeathFreesTheDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".qldbkms")
	holder := exec.CommandContext(t.Context(), os.Args[0])
	holder.Env = append(os.Environ(), holdVariable+"="+dir)
	if _, err := holder.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the holder said %q, %v", line, err)
	}
	_, err = local.Open(t.Context(), dir, local.Options{})
	want := fmt.Sprintf("data directory %s is in use by process %d (qldbkms-harness serve): stop it, or choose another "+
		"--data-dir", dir, holder.Process.Pid)
	if !errors.As(err, new(*local.InUseError)) || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if _, err := local.Check(t.Context(), dir, local.Options{}); !errors.As(err, new(*local.InUseError)) {
		t.Errorf("Check: got %v, want an *InUseError", err)
	}
	if err := holder.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := holder.Wait(); err == nil {
		t.Error("the holder was not killed")
	}
	wantContent(t, open(t, dir, local.Options{}), map[string]string{"held": "yes"})
}

func TestSecondOpenInOneProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, local.Options{NoSync: true})
	_, err := local.Open(t.Context(), dir, local.Options{NoSync: true})
	if !errors.As(err, new(*local.InUseError)) {
		t.Errorf("got %v, want an *InUseError", err)
	}
	put(t, s, "a", "1")
}

func TestModes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s, err := local.Open(t.Context(), dir, local.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: got mode %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "root.secret")
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = local.Open(t.Context(), dir, local.Options{})
	if !errors.As(err, new(*local.ModeError)) || !strings.Contains(err.Error(), "run chmod 600 "+secret) {
		t.Errorf("got %v, want a *ModeError with the command to run", err)
	}
	if info, err := os.Stat(secret); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the mode was changed: %v, %v", info.Mode(), err)
	}
}

func TestForeignDirectoryIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := local.Open(t.Context(), dir, local.Options{})
	if !errors.As(err, new(*local.ForeignError)) {
		t.Errorf("got %v, want a *ForeignError", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("got %d files, want 1", len(names))
	}
	if _, err := local.Open(t.Context(), filepath.Join(dir, "main.tf"), local.Options{}); err == nil {
		t.Error("a file was opened as a data directory")
	}
}

func TestRandomnessThatFailsLeavesAnEmptyDirectoryUsable(t *testing.T) {
	t.Parallel()
	fs := prepared()
	o := small(fs)
	o.Rand = iotest.ErrReader(io.ErrUnexpectedEOF)
	if _, err := local.Open(t.Context(), crashDir, o); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want the error of the source", err)
	}
	wantOpens(t, fs, 0)
}

// A backup of the root secret under the name that an interrupted initialise uses must never cost the data.
func TestResumeKeepsALogThatIsThere(t *testing.T) {
	t.Parallel()
	fs := damageable(t)
	secret, unfinished := crashDir+"/root.secret", crashDir+"/root.secret.new"
	good := fs.Files()[secret]
	fs.WriteFile(secret, nil)
	fs.WriteFile(unfinished, good)
	wantOpens(t, fs, 6)

	fs = damageable(t)
	fs.WriteFile(unfinished, good) // of another store
	fs.WriteFile(secret, nil)
	wantRefused(t, fs, segments(fs)[0], "root.secret.new of another store")
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	fs := prepared()
	s, err := local.Open(t.Context(), crashDir, small(fs))
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "a", "1")
	fs.SetHook(func(c crashfs.Call) crashfs.Outcome {
		if c.Op == "allocate" {
			return crashfs.Fail
		}
		return crashfs.Pass
	})
	err = tryPut(t.Context(), s, "b", strings.Repeat("x", 4096))
	failed, ok := errors.AsType[*local.FailedError](err)
	if !ok || failed.Uncertain {
		t.Errorf("got %v, want a certain *FailedError", err)
	}
	wantContent(t, s, map[string]string{"a": "1"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	fs.SetHook(nil)
	wantOpens(t, fs, 1)
}

// lockless is a file system whose lock files cannot be written.
type lockless struct {
	disk.FS
	err error
}

func (l lockless) Lock(name, _ string) (func() error, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: l.err}
}

// What keeps the directory from being opened comes with what can be done about it.
func TestUnwritableDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, local.Options{Rand: rand.Reader})
	put(t, s, "a", "1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for cause, want := range map[syscall.Errno]string{
		syscall.EROFS:  "read-only file system; a data directory must be writable, also to be verified",
		syscall.ENOSPC: "no space left on device; nothing that was acknowledged is lost: free space",
		syscall.EACCES: "permission denied; start as the user that owns the directory",
		syscall.EIO:    "input/output error",
	} {
		o := local.Options{FS: lockless{disk.OS(), cause}, Rand: rand.Reader}
		if _, err := local.Check(t.Context(), dir, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("check gives %v, want %q", err, want)
		}
		if _, err := local.Open(t.Context(), dir, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("open gives %v, want %q", err, want)
		}
	}
}
