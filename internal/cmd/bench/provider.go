package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// operations are measured in this order; destroy makes room for the next apply.
var operations = []string{"apply", "plan", "refresh", "destroy"}

func benchProvider(ctx context.Context, out io.Writer, s *settings, dir string) error {
	lab, err := prepare(ctx, s.root, dir)
	if err != nil {
		return err
	}
	defer lab.harness.close()
	fmt.Fprintf(out, "engine %s, %d rounds, alternating; medians in milliseconds\n\n", lab.engine, s.providerRounds)
	fmt.Fprintf(out, "%8s  %-8s %12s %12s %7s\n", "ledgers", "", "do nothing", "qldbkms", "ratio")
	for _, field := range fields(s.sizes) {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return fmt.Errorf("-sizes %q: want positive numbers separated by commas", s.sizes)
		}
		times, err := lab.measure(ctx, n, s.providerRounds)
		if err != nil {
			return fmt.Errorf("%d ledgers: %w", n, err)
		}
		for _, op := range operations {
			base, ours := median(times[op][0]), median(times[op][1])
			fmt.Fprintf(out, "%8d  %-8s %12d %12d %7.2f\n", n, op, base.Milliseconds(), ours.Milliseconds(),
				float64(ours)/float64(base))
		}
	}
	return nil
}

// lab is where providers are measured.
type lab struct {
	engine, dir string
	env         []string
	harness     *server
}

// prepare builds the yardstick, lays down a mirror with both providers and starts a harness.
func prepare(ctx context.Context, root, dir string) (*lab, error) {
	engine, err := exec.CommandContext(ctx, filepath.Join(root, "internal/tools/engine.sh")).Output()
	if err != nil {
		return nil, fmt.Errorf("find the engine: %w", err)
	}
	l := &lab{engine: strings.TrimSpace(string(engine)), dir: dir}
	yardstick := filepath.Join(dir, "terraform-provider-donothing")
	if err := build(ctx, root, "./internal/cmd/bench/donothing", yardstick); err != nil {
		return nil, err
	}
	if err := l.mirror(map[string]string{
		"donothing": yardstick, "qldbkms": filepath.Join(root, "build/terraform-provider-qldbkms"),
	}); err != nil {
		return nil, err
	}
	if l.harness, err = serveHarness(ctx, root, dir); err != nil {
		return nil, err
	}
	l.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "mirror.tfrc"), "CHECKPOINT_DISABLE=1")
	for name, value := range l.harness.env {
		l.env = append(l.env, name+"="+value)
	}
	return l, nil
}
