package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// contenders are the two configurations; the yardstick comes first. Each makes count ledgers.
var contenders = []struct{ name, config string }{
	{"donothing", `
terraform {
  required_providers {
    donothing = { source = "qldbkms/donothing" }
  }
}
resource "donothing_ledger" "bench" {
  count = %d
  name  = "bench-${count.index}"
}
`},
	{"qldbkms", `
terraform {
  required_providers {
    qldbkms = { source = "qldbkms/qldbkms" }
  }
}
resource "qldbkms_protected_ledger" "bench" {
  count               = %d
  name                = "bench-${count.index}"
  deletion_protection = false
  key                 = {}
}
`},
}

var arguments = map[string][]string{
	"apply":   {"apply", "-input=false", "-auto-approve"},
	"plan":    {"plan", "-input=false", "-detailed-exitcode"},
	"refresh": {"apply", "-input=false", "-auto-approve", "-refresh-only"},
	"destroy": {"destroy", "-input=false", "-auto-approve"},
}

// mirror lays programs down as a filesystem mirror for both engines.
func (l *lab) mirror(programs map[string]string) error {
	for provider, program := range programs {
		for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
			dir := filepath.Join(l.dir, "mirror", host, "qldbkms", provider, "0.1.0", runtime.GOOS+"_"+runtime.GOARCH)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			raw, err := os.ReadFile(program)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, "terraform-provider-"+provider+"_v0.1.0"), raw, 0o755); err != nil {
				return err
			}
		}
	}
	config := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n",
		filepath.Join(l.dir, "mirror"))
	return os.WriteFile(filepath.Join(l.dir, "mirror.tfrc"), []byte(config), 0o600)
}

// measure returns the times of each operation, of the yardstick and of ours, for n ledgers.
func (l *lab) measure(ctx context.Context, n, rounds int) (map[string][2][]time.Duration, error) {
	for _, c := range contenders {
		dir := filepath.Join(l.dir, fmt.Sprintf("%s-%d", c.name, n))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, "main.tf"), fmt.Appendf(nil, c.config, n), 0o600); err != nil {
			return nil, err
		}
		if _, err := l.run(ctx, dir, "init", "-input=false"); err != nil {
			return nil, err
		}
	}
	times := map[string][2][]time.Duration{}
	defer progress("")
	for round := range rounds {
		for _, op := range operations {
			progress("%d ledgers, %s: round %d of %d", n, op, round+1, rounds)
			pair := times[op]
			for i, c := range contenders {
				took, err := l.run(ctx, filepath.Join(l.dir, fmt.Sprintf("%s-%d", c.name, n)), arguments[op]...)
				if err != nil {
					return nil, err
				}
				pair[i] = append(pair[i], took)
			}
			times[op] = pair
		}
	}
	return times, nil
}

func (l *lab) run(ctx context.Context, dir string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, l.engine, args...)
	cmd.Dir, cmd.Env = dir, l.env
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w\n%s", filepath.Base(dir), args[0], err, out)
	}
	return time.Since(start), nil
}
