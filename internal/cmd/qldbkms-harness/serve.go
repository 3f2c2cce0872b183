package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

func newServe() *cobra.Command {
	var s settings
	var listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve in the foreground until interrupted",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop, cfg, err := s.begin(cmd)
			if err != nil {
				return err
			}
			defer stop()
			h, err := harness.New(ctx, cfg)
			if err != nil {
				return err
			}
			return serve(ctx, cmd, h, listen, s.dataDir)
		},
	}
	s.add(cmd)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:4566", "address to listen on; port 0 takes a free one")
	return cmd
}

func serve(ctx context.Context, cmd *cobra.Command, h *harness.Harness, listen, dataDir string) (err error) {
	defer func() {
		if closeErr := h.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := h.Listen(listen); errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: another program has it; choose another --listen, port 0 takes a free one", err)
	} else if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "qldbkms-harness serves KMS, QLDB, QLDB Session, IAM, STS and CloudTrail on %s\n", h.Endpoint())
	fmt.Fprintf(out, "console, for a browser on this machine: %s/\n", h.Endpoint())
	fmt.Fprintf(out, "data directory: %s\n", dataDir)
	at := h.Whereabouts(ctx)
	fmt.Fprintf(out, "keys of ledgers: %s\n", at.Keys)
	fmt.Fprintf(out, "journal exports: %s\n", at.Exports)
	fmt.Fprintf(out, "journal streams: %s\n", at.Streams)
	fmt.Fprintf(out, "in another shell: eval \"$(qldbkms-harness env --data-dir %s)\"\n", dataDir)
	return h.Serve(ctx)
}
