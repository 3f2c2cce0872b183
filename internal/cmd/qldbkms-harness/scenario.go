package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/scenario"
)

// drill is the flags of scenario.
type drill struct {
	dataDir  string
	report   string
	json     string
	engine   string
	provider string
	faults   []string
	records  int
	rate     float64
	speedup  float64
}

func newScenario() *cobra.Command {
	var d drill
	cmd := &cobra.Command{
		Use:   "scenario [all|" + strings.Join(scenario.Names(), "|") + "]...",
		Short: "Replay what happens to an application while its ledger's key changes",
		Long: "Replay what happens to an application while its ledger's key changes.\n\n" +
			"Terraform builds a ledger with its key through the qldbkms provider, in a harness of its own. Two\n" +
			"functions with a role each create and read records through the Go driver, while the key is rotated,\n" +
			"disabled, enabled and taken away. Every expectation is a line of the report; the exit code is 1 when\n" +
			"one does not hold.\n\n" +
			"With the article's timing all scenarios take about 15 minutes; --speedup 30 takes about one.",
		ValidArgs: append([]string{"all"}, scenario.Names()...),
		Args:      scenarioNames,
		RunE:      func(cmd *cobra.Command, args []string) error { return d.run(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVar(&d.dataDir, "data-dir", "", "directory to keep harness data and Terraform state in (default: one\n"+
		"that is removed afterwards)")
	f.Float64Var(&d.speedup, "speedup", 1, "divides every interval: of arrivals, and of what the harness takes")
	f.IntVar(&d.records, "records", 1500, "records to create and to read")
	f.Float64Var(&d.rate, "rate", 5, "creates per second, before --speedup; reads arrive twice as often")
	f.StringVar(&d.report, "report", "", "HTML file with the charts (default: DATA-DIR-report.html, or\n"+
		"qldbkms-scenario.html)")
	f.StringVar(&d.json, "json", "", "file for everything that was measured")
	f.StringVar(&d.engine, "terraform", "", "terraform or tofu to use (default: $TERRAFORM, else from the PATH)")
	f.StringVar(&d.provider, "provider", "", "file of the qldbkms provider (default: beside this program or on the\n"+
		"PATH, else what terraform init installs)")
	f.StringArrayVar(&d.faults, "fault", nil, `failure on demand during a step, as /_harness/faults takes it:
2b={"operation":"SendCommand","kind":"error","code":"InternalFailure","status":500,"count":20}`)
	f.SortFlags = false
	return cmd
}

func (d *drill) run(cmd *cobra.Command, names []string) (err error) {
	ctx, stop := signal.NotifyContext(cmd.Context(), endings()...)
	defer stop()
	if err := d.check(); err != nil {
		return err
	}
	cfg, err := d.config(cmd, names)
	if err != nil {
		return err
	}
	if d.dataDir == "" {
		if cfg.Dir, err = os.MkdirTemp("", "qldbkms-scenario-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(cfg.Dir)) }()
	}
	bar := newBar(cmd.ErrOrStderr())
	cfg.Progress = bar.show
	cfg.Ended = func(s *scenario.Scenario) error {
		bar.clear()
		return s.WriteText(cmd.OutOrStdout())
	}
	report, err := scenario.Run(ctx, cfg)
	bar.clear()
	if report == nil {
		return err
	}
	return errors.Join(err, d.write(cmd, report))
}

// write puts the report where it was asked for. The error is exitCode 1 when an expectation did not hold.
func (d *drill) write(cmd *cobra.Command, report *scenario.Report) error {
	if err := report.WriteSummary(cmd.OutOrStdout()); err != nil {
		return err
	}
	if d.json != "" {
		raw, err := json.MarshalIndent(report, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(d.json, append(raw, '\n'), 0o644); err != nil {
			return fmt.Errorf("--json: %w", err)
		}
	}
	file := d.report
	switch {
	case file != "":
	case d.dataDir != "":
		file = filepath.Clean(d.dataDir) + "-report.html"
	default:
		file = "qldbkms-scenario.html"
	}
	page, err := report.HTML()
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, page, 0o644); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "report: %s\n", file)
	if len(report.Failed()) > 0 {
		return exitCode(1)
	}
	return nil
}

func (d *drill) config(cmd *cobra.Command, names []string) (scenario.Config, error) {
	if slices.Contains(names, "all") {
		names = scenario.Names()
	}
	engine, err := d.findEngine()
	if err != nil {
		return scenario.Config{}, err
	}
	faults, err := parseFaults(d.faults)
	if err != nil {
		return scenario.Config{}, err
	}
	return scenario.Config{
		Dir: d.dataDir, Names: names, Records: d.records, Rate: d.rate, Speedup: d.speedup,
		Engine: engine, Provider: d.findProvider(), Environ: childEnv(os.Environ(), nil), Faults: faults,
		Now: time.Now, Rand: rand.Reader,
		Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, nil
}

// findEngine is the program named by --terraform or $TERRAFORM, else terraform or tofu from the PATH.
func (d *drill) findEngine() (string, error) {
	named := d.engine
	if named == "" {
		named = os.Getenv("TERRAFORM")
	}
	if named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("the engine %q: %w", named, err)
		}
		return filepath.Abs(path)
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("neither terraform nor tofu is on the PATH: install one of them, or name it with --terraform")
}

// findProvider is the file named by --provider, else the provider beside this program or on the PATH, else "".
func (d *drill) findProvider() string {
	const name = "terraform-provider-qldbkms"
	if d.provider != "" {
		return d.provider
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name)
		if _, err := os.Stat(beside); err == nil {
			return beside
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

func parseFaults(texts []string) (map[string][]fault.Rule, error) {
	rules := map[string][]fault.Rule{}
	for _, text := range texts {
		step, raw, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--fault %q: want STEP=RULE", text)
		}
		rule, err := fault.Parse([]byte(raw))
		if err != nil {
			return nil, fmt.Errorf("--fault %s: %w", step, err)
		}
		rules[step] = append(rules[step], rule)
	}
	return rules, nil
}
