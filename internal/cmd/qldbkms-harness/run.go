package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

func newRun() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARG...]",
		Short: "Serve on a free loopback port while a command runs, and exit with its code",
		Long: "Serve on a free loopback port while a command runs, and exit with its code.\n\n" +
			"The command gets AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and\n" +
			"AWS_DEFAULT_REGION, and none of the AWS settings that would lead it elsewhere. QLDBKMS_POLL_INTERVAL\n" +
			"lets the qldbkms provider ask more often than it would ask Amazon.",
		Args: aCommand,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := s.config(cmd)
			if err != nil {
				return err
			}
			h, err := harness.New(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return run(cmd, h, args)
		},
	}
	cmd.Flags().SetInterspersed(false)
	s.add(cmd)
	return cmd
}

// run serves until the child ends. The harness is closed after the child, whatever happens to either.
func run(cmd *cobra.Command, h *harness.Harness, args []string) (err error) {
	ctx, stop := context.WithCancel(cmd.Context())
	served := make(chan error, 1)
	defer func() {
		stop()
		err = errors.Join(err, <-served, h.Close())
	}()
	if err := h.Listen("127.0.0.1:0"); err != nil {
		served <- nil
		return err
	}
	go func() { served <- h.Serve(ctx) }()
	child := exec.Command(args[0], args[1:]...) //nolint:noctx // the child ends by itself or by a signal passed on
	child.Stdin, child.Stdout, child.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	child.Env = childEnv(os.Environ(), h.Env())
	return wait(child)
}

// wait runs child and passes on the signals that reach us but not it.
func wait(child *exec.Cmd) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, append(endings(), syscall.SIGQUIT)...)
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return fmt.Errorf("start the command: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for {
		select {
		case sig := <-signals:
			// Ctrl-C reaches the whole foreground process group, so the child has it already. Sent twice, it would
			// make Terraform give up at once instead of saving its state.
			if sig == syscall.SIGTERM || !onTerminal() {
				_ = child.Process.Signal(sig) // the child may just have ended
			}
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return codeOf(exit)
			}
			if err != nil {
				return fmt.Errorf("run the command: %w", err)
			}
			return nil
		}
	}
}

// codeOf is the child's exit code, or 128 plus the signal that ended it, as shells have it.
func codeOf(exit *exec.ExitError) exitCode {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitCode(128 + int(status.Signal()))
	}
	return exitCode(exit.ExitCode())
}

// misleading are the settings that would send a command past the harness, or sign with something else.
var misleading = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
}

// misleads says whether a setting is one of those, an endpoint of one service included.
func misleads(name string) bool {
	return slices.Contains(misleading, name) || strings.HasPrefix(name, "AWS_ENDPOINT_URL")
}

func childEnv(parent []string, ours map[string]string) []string {
	env := slices.DeleteFunc(slices.Clone(parent), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		_, set := ours[name]
		return set || misleads(name) ||
			slices.ContainsFunc(secretPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	})
	for name, value := range ours {
		env = append(env, name+"="+value)
	}
	return env
}
