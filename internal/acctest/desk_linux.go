package acctest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"golang.org/x/sys/unix"
)

// Columns is the width of a Desk's terminal.
const Columns = 80

// Without colours the command line draws no boxes either, so they are taken away afterwards.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// A Desk is a directory in which a person runs the real command line, with a provider of this process, in a terminal.
type Desk struct {
	t      *testing.T
	dir    string
	engine string
	env    []string
}

// Desk is one with the provider that Server makes.
func (h *Harness) Desk() *Desk {
	h.t.Helper()
	t, ok := h.t.(*testing.T)
	if !ok {
		h.t.Fatal("a desk is for tests, not for benchmarks")
	}
	return NewDesk(t, h.Server)
}

// NewDesk is a desk with a provider of the caller's.
func NewDesk(t *testing.T, server func() tfprotov6.ProviderServer) *Desk {
	t.Helper()
	d := &Desk{t: t, dir: t.TempDir(), engine: engine(t)}
	addr := attach(t, server, tf6server.WithDebug)
	at := map[string]any{
		"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.Getpid(), "Test": true,
		"Addr": map[string]string{"Network": addr.Network(), "String": addr.String()},
	}
	reattach, err := json.Marshal(map[string]any{
		"registry.terraform.io/qldbkms/qldbkms": at, "registry.opentofu.org/qldbkms/qldbkms": at,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.env = append(os.Environ(), "TF_REATTACH_PROVIDERS="+string(reattach), "TF_IN_AUTOMATION=1",
		"TF_CLI_CONFIG_FILE="+os.DevNull, "CHECKPOINT_DISABLE=1")
	return d
}

// engine is the one that "make test" names, or the first on the PATH.
func engine(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Fatal("neither terraform nor tofu is on the PATH: run \"make test\", which builds OpenTofu once")
	return ""
}

// attach serves the provider to command lines that are told its address. T is the reattach configuration of go-plugin,
// whose name would cost a direct dependency.
func attach[T any](
	t *testing.T, server func() tfprotov6.ProviderServer,
	debug func(context.Context, chan *T, chan struct{}) tf6server.ServeOpt,
) net.Addr {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	config, closed, ended := make(chan *T, 1), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- tf6server.Serve("registry.terraform.io/qldbkms/qldbkms", server, debug(ctx, config, closed),
			tf6server.WithLoggingSink(t))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve the provider: %v", err)
		}
	})
	select {
	case c := <-config:
		return reflect.ValueOf(c).Elem().FieldByName("Addr").Interface().(net.Addr)
	case err := <-ended:
		t.Fatalf("serve the provider: %v", err)
		return nil
	}
}

// Run writes the configuration and runs one command. It returns what the terminal shows, whether the command ends well
// or not.
func (d *Desk) Run(config string, args ...string) string {
	d.t.Helper()
	const header = "terraform {\n  required_providers {\n    qldbkms = { source = \"qldbkms/qldbkms\" }\n  }\n}\n\n"
	if err := os.WriteFile(filepath.Join(d.dir, "main.tf"), []byte(header+config), 0o600); err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.CommandContext(d.t.Context(), d.engine, args...)
	cmd.Dir, cmd.Env = d.dir, d.env
	shown, err := inTerminal(cmd)
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		d.t.Fatalf("%v: %v", args, err)
	}
	return shown
}

// inTerminal runs a command in a terminal.
func inTerminal(cmd *exec.Cmd) (string, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return "", err
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		return "", fmt.Errorf("number of the terminal: %w", err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		return "", fmt.Errorf("unlock the terminal: %w", err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return "", err
	}
	size := &unix.Winsize{Row: 50, Col: Columns}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, size); err != nil {
		return "", errors.Join(fmt.Errorf("size of the terminal: %w", err), slave.Close())
	}
	cmd.Stdout, cmd.Stderr = slave, slave
	if err := cmd.Start(); err != nil {
		return "", errors.Join(err, slave.Close())
	}
	var shown bytes.Buffer
	read := make(chan error, 1)
	go func() {
		_, err := io.Copy(&shown, master)
		read <- err
	}()
	ran := cmd.Wait()
	// The last close of the other side ends the reading with EIO.
	if err := slave.Close(); err != nil {
		return "", err
	}
	if err := <-read; err != nil && !errors.Is(err, syscall.EIO) {
		return "", err
	}
	return strings.ReplaceAll(colours.ReplaceAllString(shown.String(), ""), "\r\n", "\n"), ran
}
