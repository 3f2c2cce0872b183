package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/examples/scenarios"
)

// terraform is the stack as a user has it: a folder with a configuration and its state.
type terraform struct {
	engine string
	dir    string
	env    []string
	ready  bool   // init was run, or is not needed
	known  *state // outputs since the last change; nil when they must be asked for
}

// overrides is a CLI configuration that takes the provider from a folder. No init is needed with it.
const overrides = `provider_installation {
  dev_overrides {
    "registry.terraform.io/qldbkms/qldbkms" = %[1]q
    "registry.opentofu.org/qldbkms/qldbkms" = %[1]q
  }
  direct {}
}
`

// newTerraform lays the stack down below cfg.Dir.
func newTerraform(cfg Config, env map[string]string) (*terraform, error) {
	dir, err := filepath.Abs(filepath.Join(cfg.Dir, "terraform"))
	if err != nil {
		return nil, err
	}
	t := &terraform{engine: cfg.Engine, dir: dir, env: append([]string{}, cfg.Environ...)}
	for name, value := range env {
		t.env = append(t.env, name+"="+value)
	}
	poll := max(cfg.timing().KeyChange/40, 20*time.Millisecond)
	t.env = append(t.env, "QLDBKMS_POLL_INTERVAL="+poll.String(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	stack, err := fs.Sub(scenarios.Stack, "stack")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(stack, "*.tf")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		raw, err := fs.ReadFile(stack, name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			return nil, err
		}
	}
	return t, t.overrideProvider(cfg.Provider)
}

// overrideProvider makes the engine take the provider from a file. "" leaves that to its own configuration.
func (t *terraform) overrideProvider(binary string) error {
	if binary == "" {
		return nil
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("the provider's binary: %w", err)
	}
	folder := filepath.Join(t.dir, "provider")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	link := filepath.Join(folder, "terraform-provider-qldbkms")
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(binary, link); err != nil {
		return err
	}
	config := filepath.Join(t.dir, "dev.tfrc")
	if err := os.WriteFile(config, fmt.Appendf(nil, overrides, folder), 0o600); err != nil {
		return err
	}
	t.env = append(t.env, "TF_CLI_CONFIG_FILE="+config)
	t.ready = true
	return nil
}

// run runs the engine in the stack's folder. code is its exit code; the error is that it could not be run.
func (t *terraform) run(ctx context.Context, args ...string) (out string, code int, err error) {
	if !t.ready && args[0] != "init" {
		// A lock file names the provider that was installed first; a run over old data may bring another.
		if err := os.Remove(filepath.Join(t.dir, ".terraform.lock.hcl")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", 0, err
		}
		out, code, err := t.run(ctx, "init", "-input=false", "-no-color")
		if err != nil || code != 0 {
			return out, code, errors.Join(err, failed("init", out, code))
		}
		t.ready = true
	}
	cmd := exec.CommandContext(ctx, t.engine, args...)
	cmd.Dir, cmd.Env = t.dir, t.env
	// A group of its own: a Ctrl-C on the terminal would reach the engine twice, and the second one makes it give up
	// without saving its state.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	raw, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		return string(raw), exit.ExitCode(), nil
	}
	if err != nil {
		return string(raw), -1, fmt.Errorf("run %s %s: %w", t.engine, args[0], err)
	}
	return string(raw), 0, nil
}

// failed is the error of a command that exited with another code than 0, with the last of what it said.
func failed(command, out string, code int) error {
	if code == 0 {
		return nil
	}
	const tail = 4000
	if len(out) > tail {
		out = "..." + out[len(out)-tail:]
	}
	return fmt.Errorf("terraform %s exited with %d:\n%s", command, code, strings.TrimSpace(out))
}

// apply brings the stack to a generation of its key.
func (t *terraform) apply(ctx context.Context, generation int) error {
	t.known = nil
	out, code, err := t.run(ctx, "apply", "-input=false", "-no-color", "-auto-approve", generationVar(generation))
	return errors.Join(err, failed("apply", out, code))
}

// destroy removes the stack.
func (t *terraform) destroy(ctx context.Context) error {
	t.known = nil
	out, code, err := t.run(ctx, "destroy", "-input=false", "-no-color", "-auto-approve")
	return errors.Join(err, failed("destroy", out, code))
}

// plan says what an apply would do, in one line of text; code is 0 without changes, 1 when the plan is refused, 2 with
// changes.
func (t *terraform) plan(ctx context.Context, args ...string) (text string, code int, err error) {
	args = append([]string{"plan", "-input=false", "-no-color", "-detailed-exitcode"}, args...)
	out, code, err := t.run(ctx, args...)
	return strings.Join(strings.Fields(out), " "), code, err
}

func generationVar(n int) string { return fmt.Sprintf("-var=key_generation=%d", n) }

// state is the outputs of the stack.
type state struct {
	KeyARN        string
	KeyGeneration int // 0 while there is no stack
	RetainedKeys  []string
}

func (t *terraform) outputs(ctx context.Context) (state, error) {
	if t.known != nil {
		return *t.known, nil
	}
	if _, err := os.Stat(filepath.Join(t.dir, "terraform.tfstate")); errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	}
	out, code, err := t.run(ctx, "output", "-no-color", "-json")
	if err := errors.Join(err, failed("output", out, code)); err != nil {
		return state{}, err
	}
	var values struct {
		KeyARN struct {
			Value string `json:"value"`
		} `json:"key_arn"`
		KeyGeneration struct {
			Value int `json:"value"`
		} `json:"key_generation"`
		RetainedKeys struct {
			Value []string `json:"value"`
		} `json:"retained_keys"`
	}
	// With overrides in force, a warning may stand before the object.
	if at := strings.Index(out, "{"); at > 0 {
		out = out[at:]
	}
	if err := json.Unmarshal([]byte(out), &values); err != nil {
		return state{}, fmt.Errorf("read the outputs of the stack: %w", err)
	}
	t.known = &state{values.KeyARN.Value, values.KeyGeneration.Value, values.RetainedKeys.Value}
	return *t.known, nil
}
