// Package acctest starts a harness for provider tests.
//
// It is the one door from the provider's tests to the harness. A Harness lives in the test process without a port:
// the provider under test and the test's own SDK clients reach it through Transport. Asynchronous things take a few
// milliseconds, unless a test asks for longer and moves the clock.
package acctest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Account and Region are where a Harness puts what its root user makes.
const (
	Account = harness.DefaultAccount
	Region  = harness.DefaultRegion
)

// endpoint is a name that resolves nowhere: what leaves the process fails.
const endpoint = "http://harness.invalid"

// Harness is a harness of one test.
type Harness struct {
	Transport   http.RoundTripper // answers every request in this process
	AccessKeyID string
	SecretKey   string
	t           testing.TB
	h           *harness.Harness
}

// Option changes the configuration a test starts with.
type Option func(*harness.Config)

// WithTiming sets how long asynchronous things take; zero values stay at 20 ms, and KeyCache at 100 ms.
func WithTiming(timing harness.Timing) Option {
	return func(c *harness.Config) {
		for i, knob := range timing.Knobs() {
			if *knob.Value != 0 {
				*c.Timing.Knobs()[i].Value = *knob.Value
			}
		}
	}
}

// WithMaxLedgers raises the quota of active ledgers.
func WithMaxLedgers(n int) Option { return func(c *harness.Config) { c.MaxLedgers = n } }

// WithSeed lays down users, roles and policies before the test begins; text is what --seed of qldbkms-harness takes.
func WithSeed(t testing.TB, text string) Option {
	t.Helper()
	seed, err := harness.ParseSeed([]byte(text))
	if err != nil {
		t.Fatalf("seed: %v", err)
	}
	return func(c *harness.Config) { c.Seed = seed }
}

// Timing is how long asynchronous things take, see WithTiming.
type Timing = harness.Timing

// Call is one call the harness recorded.
type Call = wire.Record

// Fault is a failure on demand.
type Fault = fault.Rule

// Start opens a harness over a directory of its own and closes it when the test ends.
func Start(t testing.TB, options ...Option) *Harness {
	t.Helper()
	const quick = 20 * time.Millisecond
	cfg := harness.Config{
		DataDir: t.TempDir(), Clock: clock.New(time.Now), SignatureNow: time.Now, Rand: rand.Reader, NoSync: true,
		Timing: harness.Timing{
			LedgerCreate: quick, LedgerDelete: quick, KeyChange: quick, KeyRecovery: quick, StoreConnect: quick,
			KeyCache: 5 * quick, // at 20 ms a fifth of the time of the tests went into trying keys
		},
	}
	for _, option := range options {
		option(&cfg)
	}
	h, err := harness.New(context.Background(), cfg)
	if err != nil {
		t.Fatalf("start a harness: %v", err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close the harness: %v", err)
		}
	})
	env := h.Env()
	return &Harness{
		Transport: direct{h}, AccessKeyID: env["AWS_ACCESS_KEY_ID"], SecretKey: env["AWS_SECRET_ACCESS_KEY"],
		t: t, h: h,
	}
}

// Fault adds a failure on demand and returns its id.
func (h *Harness) Fault(rule Fault) string {
	h.t.Helper()
	added, err := h.h.Faults().Add(rule)
	if err != nil {
		h.t.Fatalf("add fault: %v", err)
	}
	return added.ID
}

// ClearFaults removes all failures on demand; calls that hang go on.
func (h *Harness) ClearFaults() { h.h.Faults().Clear() }

// Advance moves the clock and returns when everything that became due has happened.
func (h *Harness) Advance(d time.Duration) {
	h.t.Helper()
	if err := h.h.Advance(context.Background(), d); err != nil {
		h.t.Fatalf("advance the clock by %s: %v", d, err)
	}
}

// Probe makes every ledger look at its key now.
func (h *Harness) Probe() {
	h.t.Helper()
	if err := h.h.Probe(context.Background()); err != nil {
		h.t.Fatalf("probe: %v", err)
	}
}

// Calls are the calls made so far by the provider, oldest first. Those of the test's own clients, see KMS and QLDB,
// are left out.
func (h *Harness) Calls() []Call {
	return slices.DeleteFunc(h.h.Recorder().Calls(0), func(c Call) bool { return c.UserAgent == userAgent })
}

// Mutations are the names of the calls so far that could change something, such as "CreateKey", oldest first.
func (h *Harness) Mutations() []string {
	names := []string{}
	for _, c := range h.Calls() {
		if c.Access == wire.Write {
			names = append(names, c.Operation)
		}
	}
	return names
}

// ForgetCalls starts the list of calls anew.
func (h *Harness) ForgetCalls() { h.h.Recorder().Reset() }

// Config is a provider block that leads to the harness. lines are added to it.
func (h *Harness) Config(lines string) string {
	return fmt.Sprintf(`
provider "qldbkms" {
  region     = %q
  access_key = %q
  secret_key = %q
  endpoints = {
    kms          = %[4]q
    qldb         = %[4]q
    qldb_session = %[4]q
    sts          = %[4]q
    cloudtrail   = %[4]q
  }
  %[5]s
}
`, Region, h.AccessKeyID, h.SecretKey, endpoint, lines)
}

// userAgent marks the calls of the test itself.
const userAgent = "acctest"

func (h *Harness) aws(region string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   &http.Client{Transport: marked{h.Transport}},
		Credentials:  credentials.NewStaticCredentialsProvider(h.AccessKeyID, h.SecretKey, ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// marked sets the User-Agent by which Calls leaves a request out.
type marked struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (m marked) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", userAgent)
	return m.next.RoundTrip(r)
}

// KMS is a client of the test's own, to look and act behind the provider's back.
func (h *Harness) KMS() *kms.Client { return kms.NewFromConfig(h.aws(Region)) }

// QLDB is a client of the test's own, to look and act behind the provider's back.
func (h *Harness) QLDB() *qldb.Client { return qldb.NewFromConfig(h.aws(Region)) }
