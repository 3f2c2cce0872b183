package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

func newEnv() *cobra.Command {
	var dataDir string
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the exports that point a shell at the running harness",
		Long: "Print the exports that point a shell at the running harness:\n\n" +
			"  eval \"$(qldbkms-harness env)\"\n\nThey hold the root access key. AWS settings of the shell that would " +
			"lead elsewhere are unset.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, err := awaitEnv(cmd.Context(), dataDir, patience)
			if err != nil {
				return err
			}
			return printEnv(cmd.OutOrStdout(), env, os.Environ())
		},
	}
	cmd.Flags().StringVar(&dataDir, "data-dir", ".qldbkms", "data directory of the running harness")
	cmd.Flags().DurationVar(&patience, "wait", 0, "how long to wait for a harness that is just starting")
	return cmd
}

// awaitEnv asks for the environment of a running harness until there is one, for as long as patience lasts.
func awaitEnv(ctx context.Context, dataDir string, patience time.Duration) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		env, err := harness.RunningEnv(context.WithoutCancel(ctx), dataDir)
		if err == nil {
			return env, nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// printEnv writes what a shell with the settings of shell has to do.
func printEnv(w io.Writer, env map[string]string, shell []string) error {
	var lines []string
	for _, pair := range shell {
		name, _, _ := strings.Cut(pair, "=")
		if _, set := env[name]; !set && misleads(name) {
			lines = append(lines, "unset "+name)
		}
	}
	slices.Sort(lines)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		lines = append(lines, fmt.Sprintf("export %s='%s'", name, strings.ReplaceAll(env[name], "'", `'\''`)))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
