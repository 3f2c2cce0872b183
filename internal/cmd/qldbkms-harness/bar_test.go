package main

import (
	"bytes"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/scenario"
)

func TestBarLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		done, total, width int
		want               string
	}{
		{0, 0, 80, "s 2b [........................] 0/0 UPDATING"},
		{750, 1500, 80, "s 2b [############............] 750/1500 UPDATING"},
		{1600, 1500, 80, "s 2b [########################] 1600/1500 UPDATING"},
		{750, 1500, 11, "s 2b [####"},
		{1, 2, 0, ""},
	} {
		p := scenario.Progress{Scenario: "s", Step: "2b", Done: test.done, Total: test.total, Status: "UPDATING"}
		if got := barLine(p, test.width); got != test.want {
			t.Errorf("%d of %d in %d columns: got %q, want %q", test.done, test.total, test.width, got, test.want)
		}
	}
}

func TestNoBarElsewhere(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := newBar(&out)
	b.show(scenario.Progress{Done: 1, Total: 1})
	b.clear()
	if out.Len() > 0 {
		t.Errorf("what is no terminal was written to: %q", out.String())
	}
}
