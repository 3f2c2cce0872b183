package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/scenario"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/cloudtrail"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

// addReading adds the flags of commands that read a data directory that nothing serves.
func (s *settings) addReading(cmd *cobra.Command) {
	s.auth, s.logFormat, s.account, s.region = "on", "text", harness.DefaultAccount, harness.DefaultRegion
	s.maxLedgers, s.timing = 1, harness.DefaultTiming() // nothing is created
	f := cmd.Flags()
	f.StringVar(&s.dataDir, "data-dir", ".qldbkms", "directory that holds everything the harness keeps")
	s.elsewhere.add(f)
	f.StringVar(&s.logLevel, "log-level", "warn", "debug, info, warn or error; written to standard error")
	f.SortFlags = false
}

// beginReading is begin for a data directory that must be there.
func (s *settings) beginReading(cmd *cobra.Command) (context.Context, func(), harness.Config, error) {
	if _, err := os.Stat(s.dataDir); s.dataDir != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil, harness.Config{}, helped(cmd, fmt.Errorf(
			"--data-dir %s: there is no such directory: name the one that serve or run was given", s.dataDir))
	}
	return s.begin(cmd)
}

func newVerify() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check everything in a data directory that nothing serves",
		Long: "Reads the whole data directory and mends nothing: the state with its checksums; the trail of calls; of\n" +
			"each ledger every block, its hashes and its place in the chain, and the index, which must say the same as\n" +
			"one made anew from the blocks. Ledgers are opened with their keys, from KMS. Ends with exit code 1 if\n" +
			"anything is damaged or cannot be read.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop, cfg, err := s.beginReading(cmd)
			if err != nil {
				return err
			}
			defer stop()
			return verify(ctx, cfg, newBar(cmd.ErrOrStderr()), cmd.OutOrStdout())
		},
	}
	s.addReading(cmd)
	return cmd
}

func verify(ctx context.Context, cfg harness.Config, b *bar, out io.Writer) error {
	found, err := harness.Verify(ctx, cfg, func(ledger string, blocks uint64) {
		b.show(scenario.Progress{Scenario: "ledger", Step: ledger, Done: int(blocks), Status: "blocks"})
	})
	b.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "state: whole (%d items, %d records read)\n", found.State.Items, found.State.Records)
	if found.TrailErr == nil {
		fmt.Fprintf(out, "trail: whole (%d events in %d logs)\n", found.Trail.Events, found.Trail.Chunks)
	} else {
		fmt.Fprintf(out, "trail: %s\n", advise(found.TrailErr))
	}
	bad := 0
	for _, v := range found.Ledgers {
		at := fmt.Sprintf("ledger %s (account %s, %s)", v.Ledger.Name, v.Ledger.Account, v.Ledger.Region)
		switch {
		case errors.Is(v.Err, qldb.ErrNotActive):
			fmt.Fprintf(out, "%s: is %s, there is nothing to read yet\n", at, v.Ledger.State)
		case v.Err != nil:
			bad++
			fmt.Fprintf(out, "%s: %s\n", at, advise(v.Err))
		default:
			fmt.Fprintf(out, "%s: whole (%s)\n", at, whole(v.Found))
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d ledgers in %s are damaged or could not be read", bad, len(found.Ledgers), cfg.DataDir)
	}
	if found.TrailErr != nil {
		return fmt.Errorf("the trail in %s is damaged; the ledgers are whole", cfg.DataDir)
	}
	return nil
}

func whole(found engine.Verified) string {
	text := fmt.Sprintf("%d blocks, %d revisions, %d index keys; digest %x at block %d", found.Blocks, found.Revisions,
		found.Entries, found.Digest.Hash, found.Digest.Tip.SequenceNo)
	if found.Indexed < found.Blocks {
		text += fmt.Sprintf("; the index has %d of the blocks, the others follow when the ledger is next opened",
			found.Indexed)
	}
	return text
}

// advise is err with what can be done about it.
func advise(err error) string {
	text := strings.TrimSuffix(err.Error(), ".")
	if errors.Is(err, qldb.ErrNoKey) {
		return "NOT READ: " + text + "; make the key usable again, then verify once more"
	}
	text = "DAMAGED: " + text
	if _, ok := errors.AsType[*engine.IndexError](err); ok {
		return text + "; the log is whole: delete the directory \"index\" of the ledger, and it is made anew when " +
			"the ledger is next opened"
	}
	if _, ok := errors.AsType[*cloudtrail.LostError](err); ok {
		return text + "; restore it from a backup; without it, LookupEvents fails for those times, and nothing else does"
	}
	if _, ok := errors.AsType[*local.CorruptError](err); ok {
		return text // says what to do
	}
	return text + "; restore the data directory from a backup"
}

func newDump() *cobra.Command {
	var s settings
	var ledger, account, region string
	cmd := &cobra.Command{
		Use:   "dump --ledger NAME",
		Short: "Write the journal of a ledger as Ion text, a block a line, from a data directory that nothing serves",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if ledger == "" {
				return helped(cmd, errors.New("no ledger is named: want --ledger NAME"))
			}
			ctx, stop, cfg, err := s.beginReading(cmd)
			if err != nil {
				return err
			}
			defer stop()
			out := bufio.NewWriter(cmd.OutOrStdout())
			if err := harness.Dump(ctx, cfg, account, region, ledger, out); err != nil {
				return errors.Join(err, out.Flush())
			}
			return out.Flush()
		},
	}
	s.addReading(cmd)
	cmd.Flags().StringVar(&ledger, "ledger", "", "name of the ledger")
	cmd.Flags().StringVar(&account, "account", "", "its account, where several have a ledger of that name")
	cmd.Flags().StringVar(&region, "region", "", "its Region, likewise")
	return cmd
}
