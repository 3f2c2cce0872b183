// Command fuzz runs the fuzz targets of packages that have a testdata/fuzzed.txt.
//
// It adds the inputs that reached something new from Go's cache to that file, and stops at the first failure, of which
// Go has written the input below testdata/fuzz.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
)

// What is kept of a target: short inputs first, and not more bytes than this.
const (
	maxInput  = 2 << 10
	maxTarget = 64 << 10
)

func main() {
	each := flag.Duration("time", time.Minute, "how long each target runs; 0 only keeps what was found before")
	only := flag.String("only", "Fuzz", "targets whose name starts with this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *each, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, each time.Duration, only string) error {
	cache, err := output(ctx, "go", "env", "GOCACHE")
	if err != nil {
		return err
	}
	packages, err := output(ctx, "go", "list", "-f", "{{.Dir}} {{.ImportPath}}", "./...")
	if err != nil {
		return err
	}
	for line := range strings.Lines(packages) {
		dir, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, err := os.Stat(filepath.Join(dir, fuzzed.File)); errors.Is(err, os.ErrNotExist) {
			continue
		}
		p := target{dir: dir, path: path, cache: filepath.Join(strings.TrimSpace(cache), "fuzz", path)}
		if err := p.all(ctx, each, only); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// target is one package.
type target struct{ dir, path, cache string }

func (p target) all(ctx context.Context, each time.Duration, only string) error {
	names, err := output(ctx, "go", "test", "-list", "^"+only, p.path)
	if err != nil {
		return err
	}
	for name := range strings.Lines(names) {
		name = strings.TrimSpace(name)
		if !strings.HasPrefix(name, "Fuzz") {
			continue
		}
		if each > 0 {
			fmt.Printf("%s %s for %s\n", p.path, name, each)
			cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+name+"$", "-fuzztime", each.String(),
				p.path)
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := p.keep(name); err != nil {
			return fmt.Errorf("keep what %s found: %w", name, err)
		}
	}
	return nil
}

// keep adds what Go's cache has of a target.
func (p target) keep(name string) error {
	file := filepath.Join(p.dir, fuzzed.File)
	list, err := fuzzed.Read(file)
	if err != nil {
		return err
	}
	room := maxTarget
	for _, in := range list {
		if in.Target == name {
			room -= len(in.String())
		}
	}
	entries, err := os.ReadDir(filepath.Join(p.cache, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	known := map[string]bool{}
	for _, in := range list {
		known[in.String()] = true
	}
	added := 0
	for _, entry := range entries {
		raw, err := os.ReadFile(filepath.Join(p.cache, name, entry.Name()))
		if err != nil {
			return err
		}
		arguments, ok := read(raw)
		line := fuzzed.Input{Target: name, Arguments: arguments}.String()
		if !ok || known[line] || len(line) > maxInput || len(line) > room {
			continue
		}
		room -= len(line)
		list = append(list, fuzzed.Input{Target: name, Arguments: arguments})
		added++
	}
	fmt.Printf("%s %s: %d inputs more\n", p.path, name, added)
	return fuzzed.Write(file, list)
}

// read understands Go's own file of one input, as far as its arguments are strings and bytes.
func read(raw []byte) (arguments []string, ok bool) {
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	if string(lines[0]) != "go test fuzz v1" {
		return nil, false
	}
	for _, line := range lines[1:] {
		kind, literal, _ := strings.Cut(string(line), "(")
		argument, err := strconv.Unquote(strings.TrimSuffix(literal, ")"))
		if err != nil || kind != "string" && kind != "[]byte" {
			return nil, false
		}
		arguments = append(arguments, argument)
	}
	return arguments, true
}

func output(ctx context.Context, name string, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Stderr = os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(append([]string{name}, arguments...), " "), err)
	}
	return string(raw), nil
}
