// Package scenario replays what happens to an application while the key of its ledger changes.
//
// Run starts a harness of its own, builds the stack of examples/scenarios with Terraform, puts the functions of
// examples/lambda-app behind a port, sends them requests, and meanwhile does to the key what an operator would do.
// Every expectation becomes a Check of the Report, with what was seen.
//
// Requests arrive at fixed times whether or not earlier ones were answered, and latency counts from the time a request
// should have arrived: a server that stalls cannot hide it by slowing its clients down.
//
// Source of the scenarios: "Protecting Data in QLDB Ledger", the sections Scenario 1 to 4; what it leaves open follows
// the API reference of Amazon QLDB, LedgerEncryptionDescription.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
)

// Config says what to replay, and how. Everything without a default is required.
type Config struct {
	Dir      string   // holds the harness's data and Terraform's working directory; made when it is not there
	Names    []string // of Names(); they run in the order of the article
	Records  int      // to create and to read
	Rate     float64  // creates per second before Speedup; reads arrive twice as often
	Speedup  float64  // divides every interval, the harness's own among them
	Engine   string   // path of terraform or tofu
	Provider string   // path of the provider's binary; "" lets the engine install it as its configuration says
	Environ  []string // of the engine, without anything that leads AWS clients elsewhere
	Now      func() time.Time
	Rand     io.Reader
	Log      *slog.Logger
	// Faults are laid down when a step begins, such as "2b", to see an expectation fail. They are removed after it.
	Faults   map[string][]fault.Rule
	Progress func(Progress)        // called often, from several goroutines; nil for none
	Ended    func(*Scenario) error // called with each scenario that was checked, before the next; nil for none
}

// Progress is how far a load has come.
type Progress struct {
	Scenario, Step string
	Done, Total    int // requests; Done passes Total when a load waits for what goes on beside it
	Status         string
}

// script is one scenario.
type script struct {
	name, title string
	run         func(ctx context.Context, w *world, r *recorder) error
}

func scripts() []script {
	return []script{
		{"create-read", "Create and query data", createRead},
		{"rotate-key", "Rotate the key", rotateKey},
		{"disable-key", "Disable the key and enable it again", disableKey},
		{"no-access", "A key the functions may not use", noAccess},
		{"tidy-up", "Remove everything", tidyUp},
	}
}

// Names are the scenarios in their order.
func Names() []string {
	var list []string
	for _, s := range scripts() {
		list = append(list, s.name)
	}
	return list
}

// timing is what the harness takes for asynchronous things before Speedup. A read of all records lasts 150 s in the
// article: these are short enough to begin and end within it.
var timing = harness.Timing{
	LedgerCreate: 15 * time.Second,
	LedgerDelete: 15 * time.Second,
	KeyChange:    45 * time.Second,
	KeyCache:     20 * time.Second,
	KeyRecovery:  20 * time.Second,
	StoreConnect: 15 * time.Second,
}

// shortest is what no part of the timing falls below: a key change must last long enough to be seen.
const shortest = 500 * time.Millisecond

func (c *Config) timing() harness.Timing {
	fast := timing
	for _, knob := range fast.Knobs() {
		*knob.Value = max(time.Duration(float64(*knob.Value)/c.Speedup), shortest)
	}
	return fast
}

// Run replays the scenarios. A Check that fails is no error. When an error ends a run early, the Report has what was
// observed until then; it is nil when that is nothing.
func Run(ctx context.Context, cfg Config) (report *Report, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	report = newReport(&cfg)
	w, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		report.Seconds = cfg.Now().Sub(report.Started).Seconds()
		err = errors.Join(err, w.close(context.WithoutCancel(ctx)))
		if err != nil && report.checks() == 0 {
			report = nil
		}
	}()
	for _, s := range scripts() {
		if !slices.Contains(cfg.Names, s.name) {
			continue
		}
		result, err := w.play(ctx, s)
		report.Scenarios = append(report.Scenarios, result)
		if len(result.Checks) > 0 {
			err = errors.Join(err, cfg.Ended(result))
		}
		if err != nil {
			return report, fmt.Errorf("scenario %s: %w", s.name, err)
		}
	}
	return report, nil
}

func (c *Config) check() error {
	for _, name := range c.Names {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("scenario %q: want %s", name, strings.Join(Names(), ", "))
		}
	}
	for step := range c.Faults {
		if !slices.Contains(steps, step) {
			return fmt.Errorf("fault at step %q: want one of %s", step, strings.Join(steps, ", "))
		}
	}
	switch {
	case c.Dir == "" || c.Engine == "" || c.Now == nil || c.Rand == nil || len(c.Names) == 0:
		return errors.New("scenario: Config needs Dir, Names, Engine, Now and Rand")
	case c.Records < 1:
		return fmt.Errorf("records %d: want at least 1", c.Records)
	case !(c.Rate > 0 && c.Rate <= 1000):
		return fmt.Errorf("rate %g: want requests per second, at most 1000", c.Rate)
	case !(c.Speedup >= 1 && c.Speedup <= 1000):
		return fmt.Errorf("speedup %g: want 1 to 1000", c.Speedup)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Ended == nil {
		c.Ended = func(*Scenario) error { return nil }
	}
	return nil
}

// play runs one scenario under watch.
func (w *world) play(ctx context.Context, s script) (*Scenario, error) {
	r := newRecorder(w.cfg, s)
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.watch(watching, r)
	}()
	err := s.run(ctx, w, r)
	stop()
	<-watched
	return r.end(), err
}
