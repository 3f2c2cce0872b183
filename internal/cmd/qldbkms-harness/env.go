package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

func newEnv() *cobra.Command {
	var dataDir string
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the exports that point a shell at the running harness",
		Long: "Print the exports that point a shell at the running harness:\n\n" +
			"  eval \"$(qldbkms-harness env)\"\n\nThey hold the root access key.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, err := harness.RunningEnv(cmd.Context(), dataDir)
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(env)) {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "export %s='%s'\n", name,
					strings.ReplaceAll(env[name], "'", `'\''`))
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dataDir, "data-dir", ".qldbkms", "data directory of the running harness")
	return cmd
}
