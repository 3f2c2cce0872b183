package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// A step of the life of the quickstart: what is applied, and what must be there when it is done.
type step struct {
	name    string
	args    []string
	keys    int // in the account, those waiting for deletion included
	ledgers int
}

var (
	create  = step{name: "create", args: []string{"apply", "-auto-approve"}, keys: 1, ledgers: 1}
	swap    = step{name: "swap", args: []string{"apply", "-auto-approve", "-var", "key_generation=2"}, keys: 2, ledgers: 1}
	destroy = step{name: "destroy", args: []string{"destroy", "-auto-approve"}, keys: 1, ledgers: 0}
)

// TestProviderKilled kills the provider right after each call that changes something took effect, and before it
// hears of it. What the account holds changes with such calls alone, so these are all the places that differ. Then the
// same command must finish the work: with no second key, no second ledger, and nothing left to do.
func TestProviderKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("finds the provider's process in /proc, which only Linux has")
	}
	engine, mirror := findEngine(t), buildProvider(t)
	for _, tc := range []struct {
		before []step
		step
	}{
		{step: create},
		{before: []step{create}, step: swap},
		{before: []step{create}, step: destroy},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			calls := newBench(t, engine, mirror).mutations(tc.before, tc.step)
			if len(calls) < 3 {
				t.Fatalf("calls that change something: got %v, want at least three", calls)
			}
			for i, call := range calls {
				t.Run(fmt.Sprintf("after %d %s", i+1, call), func(t *testing.T) {
					t.Parallel()
					b := newBench(t, engine, mirror)
					for _, s := range tc.before {
						b.run(s.args...)
					}
					b.runKilled(call, nth(calls, i), tc.args...)
					b.run(tc.args...)
					b.check(tc.step)
				})
			}
		})
	}
}

// nth is how many times calls[i] came before i.
func nth(calls []string, i int) (before int) {
	for _, c := range calls[:i] {
		if c == calls[i] {
			before++
		}
	}
	return before
}

// testBench is a workspace with a harness of its own.
type testBench struct {
	t      *testing.T
	h      *harness.Harness
	engine string
	dir    string
	env    []string
}

func newBench(t *testing.T, engine, mirror string) *testBench {
	t.Helper()
	quick := 50 * time.Millisecond
	seed, err := readSeed("../../../examples/quickstart/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h, err := harness.New(t.Context(), harness.Config{
		Seed: seed, DataDir: t.TempDir(), Clock: clock.New(time.Now), Rand: rand.Reader, NoSync: true,
		Timing: harness.Timing{LedgerCreate: quick, LedgerDelete: quick, KeyChange: quick},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &testBench{t: t, h: h, engine: engine, dir: t.TempDir()}
	b.env = append(childEnv(os.Environ(), h.Env()),
		"TF_CLI_CONFIG_FILE="+filepath.Join(mirror, "mirror.tfrc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	files, err := filepath.Glob("../../../examples/quickstart/*.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("the quickstart: got %v, %v", files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(b.dir, filepath.Base(file)), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.run("init")
	return b
}

// command is the engine in the workspace; its output is kept in out.
func (b *testBench) command(out *bytes.Buffer, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.t.Context(), b.engine, append(args[:1:1], append([]string{"-input=false", "-no-color"},
		args[1:]...)...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = b.dir, b.env, out, out
	return cmd
}

func (b *testBench) run(args ...string) {
	b.t.Helper()
	var out bytes.Buffer
	if err := b.command(&out, args...).Run(); err != nil {
		b.t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
}

// mutations are the calls that change something which the step makes after those before it.
func (b *testBench) mutations(before []step, s step) []string {
	b.t.Helper()
	for _, earlier := range before {
		b.run(earlier.args...)
	}
	b.h.Recorder().Reset()
	b.run(s.args...)
	var names []string
	for _, c := range b.h.Recorder().Calls(0) {
		if c.Access == wire.Write {
			names = append(names, c.Operation)
		}
	}
	return names
}

// runKilled runs the engine, and kills the provider while the call is held after its effect; skip calls of that name
// pass first.
func (b *testBench) runKilled(call string, skip int, args ...string) {
	b.t.Helper()
	rule, err := b.h.Faults().Add(fault.Rule{Operation: call, Skip: skip, Count: 1, Kind: fault.Hang, When: "after"})
	if err != nil {
		b.t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := b.command(&out, args...)
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.awaitHeld(rule.ID)
	for _, pid := range childrenOf(b.t, cmd.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			b.t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err == nil {
		b.t.Fatalf("%v with its provider killed: got no error\n%s", args, out.String())
	}
	b.h.Faults().Clear()
}

// awaitHeld waits until the rule holds a call.
func (b *testBench) awaitHeld(id string) {
	b.t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(patience); ; {
		for _, rule := range b.h.Faults().Rules() {
			if rule.ID == id && rule.Held > 0 {
				return
			}
		}
		select {
		case <-again.C:
		case <-deadline:
			b.t.Fatalf("waited %s for fault %s to hold a call in vain", patience, id)
		}
	}
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, stat := range stats {
		raw, err := os.ReadFile(stat)
		if err != nil {
			continue // ended meanwhile
		}
		// pid (name) state ppid ...; the name may hold blanks and parentheses.
		fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			if err != nil {
				t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}

// check asks the services what is there, and the engine whether anything is left to do.
func (b *testBench) check(s step) {
	b.t.Helper()
	env := b.h.Env()
	cfg := aws.Config{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	}
	keys, err := kms.NewFromConfig(cfg).ListKeys(b.t.Context(), &kms.ListKeysInput{})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(keys.Keys) != s.keys {
		b.t.Errorf("keys: got %d, want %d", len(keys.Keys), s.keys)
	}
	ledgers, err := qldb.NewFromConfig(cfg).ListLedgers(b.t.Context(), &qldb.ListLedgersInput{})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(ledgers.Ledgers) != s.ledgers {
		b.t.Errorf("ledgers: got %d, want %d", len(ledgers.Ledgers), s.ledgers)
	}
	if s.ledgers == 0 {
		b.wantNothingUsed(cfg)
		return
	}
	b.run(append([]string{"plan", "-detailed-exitcode"}, s.args[2:]...)...)
	b.wantOutputs()
}

// wantNothingUsed checks that no alias is left and that every key waits for its deletion.
func (b *testBench) wantNothingUsed(cfg aws.Config) {
	b.t.Helper()
	client := kms.NewFromConfig(cfg)
	keys, err := client.ListKeys(b.t.Context(), &kms.ListKeysInput{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, k := range keys.Keys {
		described, err := client.DescribeKey(b.t.Context(), &kms.DescribeKeyInput{KeyId: k.KeyId})
		if err != nil {
			b.t.Fatal(err)
		}
		if got := described.KeyMetadata.KeyState; got != "PendingDeletion" {
			b.t.Errorf("key %s: got %s, want PendingDeletion", aws.ToString(k.KeyId), got)
		}
		aliases, err := client.ListAliases(b.t.Context(), &kms.ListAliasesInput{KeyId: k.KeyId})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, a := range aliases.Aliases {
			b.t.Errorf("alias %s is left", aws.ToString(a.AliasName))
		}
	}
}

func (b *testBench) wantOutputs() {
	b.t.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(b.t.Context(), b.engine, "output", "-json")
	cmd.Dir, cmd.Env, cmd.Stdout = b.dir, b.env, &out
	if err := cmd.Run(); err != nil {
		b.t.Fatal(err)
	}
	var outputs map[string]struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(out.Bytes(), &outputs); err != nil {
		b.t.Fatal(err)
	}
	if got := outputs["encryption_status"].Value; got != "ENABLED" {
		b.t.Errorf("encryption_status: got %q, want ENABLED", got)
	}
}
