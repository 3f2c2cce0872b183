package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/scenario"
)

// endings are the signals that end the program cleanly. One that was ignored from the start, as nohup does with SIGHUP,
// stays ignored.
func endings() []os.Signal {
	list := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// pointToHelp lets every error about flags and arguments name the page that lists the right ones.
func pointToHelp(root *cobra.Command) {
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return helped(cmd, err) })
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		text := fmt.Sprintf("there is no command %q", args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += ", did you mean " + strings.Join(near, " or ") + "?"
		}
		return helped(cmd, fmt.Errorf("%s", text))
	}
	root.SuggestionsMinimumDistance = 2
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	for _, cmd := range root.Commands() {
		if check := cmd.Args; check != nil {
			cmd.Args = func(cmd *cobra.Command, args []string) error { return helped(cmd, check(cmd, args)) }
		}
	}
}

func helped(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help")
}

// noArguments is for commands that take flags only.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%q is one word too many: this command takes flags only", args[0])
	}
	return nil
}

// aCommand is for run.
func aCommand(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf(`no command to run is given: write it behind "--", such as "run -- terraform apply"`)
	}
	return nil
}

// scenarioNames is for scenario.
func scenarioNames(_ *cobra.Command, args []string) error {
	known := append([]string{"all"}, scenario.Names()...)
	if len(args) == 0 {
		return fmt.Errorf("no scenario is named: want one or more of %s", strings.Join(known, ", "))
	}
	for _, name := range args {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no scenario %q: want one or more of %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// check finds out before a run of many minutes whether its results can be written.
func (d *drill) check() error {
	if _, err := os.Lstat(filepath.Join(d.dataDir, "root.secret")); d.dataDir != "" && err == nil {
		return fmt.Errorf("--data-dir %s: a harness keeps its data there; scenarios have one of their own: name another "+
			"directory", d.dataDir)
	}
	for flag, file := range map[string]string{"--report": d.report, "--json": d.json} {
		if file == "" {
			continue
		}
		if at, err := os.Stat(file); err == nil && at.IsDir() {
			return fmt.Errorf("%s %s: it is a directory; want the name of a file", flag, file)
		}
		if _, err := os.Stat(filepath.Dir(file)); err != nil {
			return fmt.Errorf("%s %s: %w", flag, file, err)
		}
	}
	return nil
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,8}(-[a-z]{2,16}){1,3}-[0-9]{1,2}$`)
)

// check says which of the flags has a value that cannot be meant. Zero is refused where the harness would take it for
// its default.
func (s *settings) check() error {
	switch {
	case s.dataDir == "":
		return fmt.Errorf(`--data-dir "": want the name of a directory`)
	case !accountForm.MatchString(s.account):
		return fmt.Errorf("--account %q: want 12 digits", s.account)
	case !regionForm.MatchString(s.region):
		return fmt.Errorf(`--region %q: want the name of a Region, such as eu-west-2`, s.region)
	case s.maxLedgers < 1:
		return fmt.Errorf("--max-ledgers %d: want 1 or more", s.maxLedgers)
	case s.lookups < 0:
		return fmt.Errorf("--lookups-per-second %d: want 1 or more, or 0 for as many as come", s.lookups)
	}
	for _, knob := range s.timing.Knobs() {
		if *knob.Value < 0 || *knob.Value == 0 && knob.Value != &s.timing.TrailDelay {
			return fmt.Errorf("--%s %s: want a duration above zero, such as 1s", knob.Name, *knob.Value)
		}
	}
	if s.elsewhere.kms.Timeout <= 0 {
		return fmt.Errorf("--kms-timeout %s: want a duration above zero, such as 5s", s.elsewhere.kms.Timeout)
	}
	return nil
}
