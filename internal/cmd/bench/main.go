// Command bench compares what this module builds with yardsticks that do the least.
//
// There are five parts. "provider" runs apply, plan without changes, refresh, then destroy through the real engine,
// next to a provider that does nothing. "data" runs Amazon's Go driver against the harness, next to a stub server.
// "rekey" changes the KMS key of a large ledger, next to a small one, and reads meanwhile, next to quiet times. "ion"
// hashes a document, next to Amazon's library. "policy" analyses a key policy, next to the decision about one
// concrete request. Rounds alternate between both sides, servers run in processes of their own, and the medians are
// printed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// settings are the flags.
type settings struct {
	root           string
	sizes          string
	providerRounds int
	rounds         int
	time           time.Duration
	documents      int
}

var parts = []struct {
	name string
	run  func(context.Context, io.Writer, *settings, string) error
}{{"ion", benchIon}, {"policy", benchPolicy}, {"data", benchData}, {"rekey", benchRekey}, {"provider", benchProvider}}

func main() {
	var s settings
	only := flag.String("only", "", "one part: provider, data, rekey, policy or ion")
	flag.StringVar(&s.root, "root", ".", "the repository, with both programs in build/")
	flag.StringVar(&s.sizes, "sizes", "1,10,100", "provider: numbers of ledgers")
	flag.IntVar(&s.providerRounds, "provider-rounds", 3, "provider: measurements of each figure")
	flag.IntVar(&s.rounds, "rounds", 5, "data, rekey, policy, ion: measurements of each figure")
	flag.DurationVar(&s.time, "time", time.Second, "data, rekey, policy, ion: how long one measurement takes")
	flag.IntVar(&s.documents, "documents", 10_000,
		"data, rekey: size of the table that is compared with one of 1000 documents; 0 leaves it out, 100000 takes minutes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, os.Stdout, &s, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func bench(ctx context.Context, out io.Writer, s *settings, only string) error {
	if s.providerRounds < 1 || s.rounds < 1 || s.time <= 0 || s.documents < 0 {
		return errors.New("rounds and -time must be positive, -documents not negative")
	}
	known := only == ""
	for _, p := range parts {
		if only != "" && only != p.name {
			continue
		}
		known = true
		if err := inFolder(ctx, out, s, p.run); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if !known {
		return fmt.Errorf("-only %q: want provider, data, rekey, policy or ion", only)
	}
	return nil
}

// inFolder runs one part in a folder of its own.
func inFolder(
	ctx context.Context, out io.Writer, s *settings, run func(context.Context, io.Writer, *settings, string) error,
) error {
	dir, err := os.MkdirTemp("", "qldbkms-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return run(ctx, out, s, dir)
}

// progress shows one line on a terminal's standard error that the next one replaces; an empty one clears it.
func progress(format string, args ...any) {
	if terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K"+fmt.Sprintf(format, args...))
	}
}

var terminal = func() bool {
	info, err := os.Stderr.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}()

func median[T int64 | float64 | time.Duration](list []T) T {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// fields cuts a list at its commas.
func fields(list string) []string {
	all := strings.Split(list, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}
