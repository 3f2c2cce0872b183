// Package browsertest opens pages in a headless Chromium for tests.
//
// A Page gathers what a person would find in the browser's console: errors, exceptions nobody caught, requests that
// failed. A test that ends with some it did not ask about fails, so a page that quietly lost its script does not pass.
//
// Where no Chromium is installed a test is skipped, with a count; where the environment says CI it fails. Chromium may
// speak to nothing but the pages under test: everything it does by itself is switched off.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for the browser before it fails. It is long, because a machine under load is slow
// and a test that passes never waits for it.
const patience = time.Minute

// names are what Chromium and its kin are called on the PATH, Debian's package first.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// skipped counts the tests that this test binary left out.
var skipped atomic.Int64

// A Browser is one Chromium process with a fresh profile.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Start starts a Chromium that stops when the test ends. Without one on this machine the test is skipped, or fails
// where the environment variable CI is set.
func Start(t testing.TB) *Browser {
	t.Helper()
	program := find(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.NoSandbox, // in a container Chromium has no rights to build one
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-default-browser-check", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("lang", "en-GB"),
	)
	// The profile is chromedp's own temporary directory: it takes it away with patience, while t.TempDir fails a test
	// when a crash handler of Chromium still writes there.
	allocator, stopAllocator := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, _ := chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() {
		bounded, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := chromedp.Cancel(bounded); err != nil {
			t.Logf("stop %s: %v", program, err)
		}
		stopAllocator()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return &Browser{t: t, ctx: ctx}
}

// find is the path of a Chromium.
func find(t testing.TB) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "no Chromium on the PATH (looked for %s): install Debian's package chromium"
	if os.Getenv("CI") != "" {
		t.Fatalf(missing, strings.Join(names, ", "))
	}
	t.Skipf("browser test %d skipped: "+missing, skipped.Add(1), strings.Join(names, ", "))
	return ""
}
