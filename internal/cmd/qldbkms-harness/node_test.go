package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestNodeDriver runs what users of Amazon's Node.js driver rely on, with the driver as npm has it, against a harness
// behind a port.
func TestNodeDriver(t *testing.T) {
	t.Parallel()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not on the PATH")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "checklist.mjs"} {
		raw, err := os.ReadFile(filepath.Join("testdata", "node", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), npm, "ci", "--no-audit", "--no-fund", "--omit=dev")
	install.Dir = dir
	switch out, err := install.CombinedOutput(); {
	case err != nil && os.Getenv("CI") != "":
		t.Fatalf("npm could not install the driver: %v\n%s", err, out)
	case err != nil:
		t.Skipf("npm could not install the driver: %v\n%s", err, out)
	}
	b := newBench(t, findEngine(t), buildProvider(t))
	var out bytes.Buffer
	checklist := exec.CommandContext(t.Context(), "node", "--test", "--test-concurrency=1", "checklist.mjs")
	checklist.Dir, checklist.Env, checklist.Stdout, checklist.Stderr = dir, childEnv(os.Environ(), b.h.Env()), &out, &out
	if err := checklist.Run(); err != nil {
		t.Fatalf("the checklist: %v\n%s", err, out.String())
	}
	passed := regexp.MustCompile(`(?m)^\S* ?pass (\d+)$`).FindStringSubmatch(out.String())
	if passed == nil || passed[1] != "12" {
		t.Errorf("passed: got %q, want 12\n%s", passed, out.String())
	}
}
