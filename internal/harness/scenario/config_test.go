package scenario_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/scenario"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*scenario.Config)
		want   string
	}{
		"a scenario nobody knows": {func(c *scenario.Config) { c.Names = []string{"rotate"} }, `scenario "rotate": want create-read`},
		"no records":              {func(c *scenario.Config) { c.Records = 0 }, "records 0: want at least 1"},
		"no rate":                 {func(c *scenario.Config) { c.Rate = 0 }, "rate 0: want requests per second"},
		"slower than the article": {func(c *scenario.Config) { c.Speedup = 0.5 }, "speedup 0.5: want 1 to 1000"},
		"a step nobody knows": {func(c *scenario.Config) { c.Faults = map[string][]fault.Rule{"9z": nil} },
			`fault at step "9z": want one of 1a, 1b, 2a, 2b, 3a`},
		"no clock": {func(c *scenario.Config) { c.Now = nil }, "Config needs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := scenario.Config{
				Dir: t.TempDir(), Names: scenario.Names(), Records: 1, Rate: 1, Speedup: 1, Engine: "terraform",
				Now: time.Now, Rand: rand.Reader,
			}
			test.change(&cfg)
			if _, err := scenario.Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
