package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLogsAreOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		environ []string
		want    map[string]string
	}{
		"nobody asked": {
			environ: []string{"PATH=/bin", "HOME=/x"},
			want:    map[string]string{"TF_LOG_SDK": "off", "TF_LOG_PROVIDER": "off"},
		},
		"everything":      {environ: []string{"TF_LOG=TRACE"}, want: map[string]string{}},
		"only providers":  {environ: []string{"TF_LOG_PROVIDER=DEBUG"}, want: map[string]string{}},
		"one subsystem":   {environ: []string{"TF_LOG_PROVIDER_QLDBKMS_AWS=TRACE"}, want: map[string]string{}},
		"acceptance test": {environ: []string{"TF_ACC_LOG=DEBUG"}, want: map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			if err := quiet(tc.environ, func(name, value string) error { got[name] = value; return nil }); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("set (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPollIntervalComesFromTheEnvironment(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		options int
		fails   bool
	}{"": {}, "100ms": {options: 1}, "0s": {fails: true}, "-1s": {fails: true}, "soon": {fails: true}} {
		options, err := fromEnvironment(func(string) string { return text })
		if len(options) != want.options || (err != nil) != want.fails {
			t.Errorf("QLDBKMS_POLL_INTERVAL=%q: got %d options, %v", text, len(options), err)
		}
	}
}
