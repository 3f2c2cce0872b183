// Command bench compares the provider with one that does nothing.
//
// It runs apply, plan without changes, refresh, then destroy for several numbers of ledgers through the real engine,
// alternating between the two providers, and prints the ratio of the medians. The harness runs in its own process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	sizes := flag.String("sizes", "1,10,100", "numbers of ledgers")
	rounds := flag.Int("rounds", 5, "measurements of each figure")
	root := flag.String("root", ".", "the repository, with both programs in build/")
	flag.Parse()
	if err := bench(context.Background(), os.Stdout, *root, *sizes, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// operations are measured in this order; destroy makes room for the next apply.
var operations = []string{"apply", "plan", "refresh", "destroy"}

func bench(ctx context.Context, out io.Writer, root, sizes string, rounds int) error {
	dir, err := os.MkdirTemp("", "qldbkms-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	lab, err := prepare(ctx, root, dir)
	if err != nil {
		return err
	}
	defer lab.close()
	fmt.Fprintf(out, "engine %s, %d rounds, alternating; medians in milliseconds\n\n", lab.engine, rounds)
	fmt.Fprintf(out, "%8s  %-8s %12s %12s %7s\n", "ledgers", "", "do nothing", "qldbkms", "ratio")
	for _, field := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 1 {
			return fmt.Errorf("-sizes %q: want positive numbers separated by commas", sizes)
		}
		times, err := lab.measure(ctx, n, rounds)
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

func median(list []time.Duration) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// lab is where the measurements happen.
type lab struct {
	engine, dir string
	env         []string
	harness     *exec.Cmd
}

// prepare builds the yardstick, lays down a mirror with both providers and starts a harness.
func prepare(ctx context.Context, root, dir string) (*lab, error) {
	engine, err := exec.CommandContext(ctx, filepath.Join(root, "internal/tools/engine.sh")).Output()
	if err != nil {
		return nil, fmt.Errorf("find the engine: %w", err)
	}
	l := &lab{engine: strings.TrimSpace(string(engine)), dir: dir}
	yardstick := filepath.Join(dir, "terraform-provider-donothing")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", yardstick,
		"./internal/cmd/bench/donothing")
	build.Dir, build.Stderr = root, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build the yardstick: %w", err)
	}
	if err := l.mirror(map[string]string{
		"donothing": yardstick, "qldbkms": filepath.Join(root, "build/terraform-provider-qldbkms"),
	}); err != nil {
		return nil, err
	}
	return l, l.serve(ctx, filepath.Join(root, "build/qldbkms-harness"))
}

// serve starts the harness and takes over the environment it gives out.
func (l *lab) serve(ctx context.Context, program string) error {
	data := filepath.Join(l.dir, "data")
	args := []string{
		"serve", "--listen", "127.0.0.1:0", "--data-dir", data, "--max-ledgers", "100000",
		"--ledger-create", "10ms", "--ledger-delete", "10ms",
	}
	l.harness = exec.CommandContext(ctx, program, args...)
	l.harness.Stderr = os.Stderr
	ready, err := l.harness.StdoutPipe()
	if err != nil {
		return err
	}
	if err := l.harness.Start(); err != nil {
		return fmt.Errorf("start the harness (is it built?): %w", err)
	}
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("the harness did not start: %w", err)
	}
	go io.Copy(io.Discard, ready) //nolint:errcheck // ends with the harness
	exports, err := exec.CommandContext(ctx, program, "env", "--data-dir", data).Output()
	if err != nil {
		return fmt.Errorf("ask the harness for its environment: %w", err)
	}
	l.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(l.dir, "mirror.tfrc"), "CHECKPOINT_DISABLE=1")
	for line := range strings.Lines(string(exports)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		l.env = append(l.env, strings.ReplaceAll(line, "'", ""))
	}
	return nil
}

func (l *lab) close() {
	if l.harness == nil || l.harness.Process == nil {
		return
	}
	err := errors.Join(l.harness.Process.Signal(os.Interrupt), l.harness.Wait())
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: stop the harness:", err)
	}
}
