package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/qldb"
)

// TestMissedAim: a figure below its aim comes with the profile of the server, a figure above it without.
func TestMissedAim(t *testing.T) {
	t.Parallel()
	root, ctx := t.TempDir(), t.Context()
	program := filepath.Join(root, "build", "qldbkms-harness")
	if err := build(ctx, filepath.Join("..", "..", ".."), "./internal/cmd/qldbkms-harness", program); err != nil {
		t.Fatal(err)
	}
	harness, err := serveHarness(ctx, root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer harness.close()
	s := &settings{root: root, time: 500 * time.Millisecond}
	client := qldb.NewFromConfig(harness.sdk())
	f := figure{
		name: "calls", unit: "/s",
		ours: func(ctx context.Context) (float64, error) {
			for range 100 {
				if _, err := client.ListLedgers(ctx, &qldb.ListLedgersInput{}); err != nil {
					return 0, err
				}
			}
			return 84, nil
		},
		yardstick: func(context.Context) (float64, error) { return 100, nil },
	}
	f.missed = func(ctx context.Context, out io.Writer) error { return f.explain(ctx, out, s, harness) }
	var out bytes.Buffer
	if err := f.measure(ctx, &out, 1); err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile(`^calls ours=84/s yardstick=100/s ratio=0\.84 .*\n` +
		`# calls is below 0\.85; where the server's time goes \(build/calls\.pprof\):\n#  +flat  flat%`)
	if !told.Match(out.Bytes()) {
		t.Errorf("got %s\nwant %s", out.Bytes(), told)
	}
	if info, err := os.Stat(filepath.Join(root, "build", "calls.pprof")); err != nil || info.Size() == 0 {
		t.Errorf("the profile: got %v, %v, want a file that is not empty", info, err)
	}

	out.Reset()
	f.yardstick = func(context.Context) (float64, error) { return 98, nil }
	if err := f.measure(ctx, &out, 1); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out.Bytes(), []byte("below")) {
		t.Errorf("got %s\nwant no profile", out.Bytes())
	}
}
