package scenario_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/browsertest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/scenario"
)

var update = flag.Bool("update", false, "write the golden files")

// outage is a report of a key that was disabled for a while, with one expectation that did not hold.
func outage() *scenario.Report {
	const text = "500 AccessDeniedException: Amazon QLDB does not have grant access on the AWS KMS customer managed key " +
		"of the ledger. Restore the grant on the key for the ledger."
	var samples []scenario.Sample
	for i := range 1500 {
		s := scenario.Sample{At: 2 + float64(i)/50, Latency: 4 + float64(i*7919%31), Status: http.StatusOK}
		switch {
		case i >= 500 && i < 900:
			s.Status, s.Failure, s.Latency = http.StatusInternalServerError, text, 2
		case i == 1200:
			s.Latency = 812
		}
		samples = append(samples, s)
	}
	return &scenario.Report{
		Started: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Seconds: 35, Records: 1500, Rate: 5, Speedup: 5,
		Timing: map[string]float64{"key-change": 9, "key-cache": 4, "key-recovery": 4},
		Scenarios: []*scenario.Scenario{
			{
				Name: "disable-key", Title: "Disable the key and enable it again", Seconds: 33,
				Checks: []scenario.Check{
					{Step: "3a", What: "the ledger notices within 4 s", Passed: true, Seen: "after 3.61 s"},
					{Step: "3d", What: "reads work <again>", Passed: false, Seen: "500 of 600 reads succeed"},
				},
				Loads: []*scenario.Load{scenario.NewLoad("3a", "GET /record/{id}", samples)},
				Statuses: []scenario.Span{
					{From: 0, To: 12, Status: "ENABLED"}, {From: 12, To: 20, Status: "KMS_KEY_INACCESSIBLE"},
					{From: 20, To: 33, Status: "ENABLED"},
				},
				Events: []scenario.Event{{At: 8, What: "disable-key"}, {At: 18, What: "enable-key"}},
			},
			{
				Name: "tidy-up", Title: "Remove everything", Seconds: 2,
				Checks:   []scenario.Check{{Step: "5", What: "the alias is gone", Passed: true, Seen: "NotFoundException"}},
				Statuses: []scenario.Span{{From: 0, To: 1.5, Status: "DELETING"}, {From: 1.5, To: 2, Status: "no ledger"}},
			},
		},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	report := outage()
	for _, s := range report.Scenarios {
		if err := s.WriteText(&out); err != nil {
			t.Fatal(err)
		}
	}
	if err := report.WriteSummary(&out); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "report.golden")
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	want := outage()
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got scenario.Report
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Errorf("what was read differs from what was written (-want +got):\n%s", diff)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	var samples []scenario.Sample
	for i := range 100 { // out of order, latencies 1 to 100
		samples = append(samples, scenario.Sample{At: float64((i * 37) % 100), Latency: float64((i*37)%100 + 1)})
	}
	for _, text := range []string{"a", "b", "b"} {
		samples = append(samples, scenario.Sample{At: 200, Latency: 9999, Failure: text})
	}
	l := scenario.NewLoad("1b", "x", samples)
	got := fmt.Sprint(l.Requests, l.Failed, l.Failures, l.P50, l.P99, l.Max, l.Samples[0].At, l.Samples[99].At)
	if want := "103 3 [2 x b 1 x a] 50 99 100 0 99"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if none := scenario.NewLoad("1b", "x", nil); none.P99 != 0 || none.Requests != 0 {
		t.Errorf("a load without requests: got %+v", none)
	}
}

// TestPage looks at the page as people do: in light and dark, on wide and narrow screens.
func TestPage(t *testing.T) {
	t.Parallel()
	raw, err := outage().HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"<script", "http:", "https:", "src=", "@import", "url("} {
		if bytes.Contains(raw, []byte(foreign)) {
			t.Errorf("the page has %s: it is to need nothing else", foreign)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNoContent) // the icon that browsers ask for
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(raw)
	}))
	t.Cleanup(server.Close)
	page := browsertest.Open(t, server.URL+"/", browsertest.View{})
	for _, view := range []browsertest.View{
		{Width: 1280, Height: 900}, {Width: 1280, Height: 900, Dark: true}, {Width: 360, Height: 740},
		{Width: 360, Height: 740, Dark: true},
	} {
		page.Resize(view)
		name := fmt.Sprintf("scenario-%d-dark-%t", view.Width, view.Dark)
		page.Screenshot(name)
		if wide := page.Overflow(); len(wide) > 0 {
			t.Errorf("%s: wider than the screen: %q", name, wide)
		}
		for _, low := range browsertest.Eval[[]string](page, contrasts) {
			t.Errorf("%s: too little contrast: %s", name, low)
		}
	}
	text := page.Text("body")
	for _, want := range []string{
		"1 of 3 observations failed", "reads work <again>", "500 of 600 reads succeed", "disable-key at 8.0 s",
		"KMS_KEY_INACCESSIBLE 8.0 s", "400 x 500 AccessDeniedException", "812 ms",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for expression, want := range map[string]int{
		`document.querySelectorAll("svg[role=img] title").length`:                       1,
		`document.querySelectorAll("svg[role=img] desc").length`:                        1,
		`document.querySelector(".tick").getAttribute("d").split("M").length - 1`:       400,
		`document.querySelector(".plot .dots").getAttribute("d").split("M").length - 1`: 1100,
		`document.querySelectorAll(".plot rect.inaccessible").length`:                   1,
		`Math.round(document.querySelectorAll(".strip span")[1].getBoundingClientRect().width /
			document.querySelector(".strip").getBoundingClientRect().width * 33)`: 8,
		`[...document.querySelectorAll("nav a")].filter(a => document.querySelector(a.hash)).length`: 2,
	} {
		if got := browsertest.Eval[int](page, expression); got != want {
			t.Errorf("%s: got %d, want %d", expression, got, want)
		}
	}
}

// contrasts lists texts that stand out too little from what is behind them.
//
// Source: Web Content Accessibility Guidelines 2.2, success criterion 1.4.3: at least 4.5 to 1.
const contrasts = `(() => {
	const parse = text => text.match(/[\d.]+/g).map(Number)
	const shine = ([r, g, b]) => [r, g, b].map(v => v / 255)
		.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
	const behind = e => {
		for (; e; e = e.parentElement) {
			const back = parse(getComputedStyle(e).backgroundColor)
			if (back.length === 3 || back[3] === 1) return back
		}
		return [255, 255, 255]
	}
	const low = new Set()
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest("svg")) continue
		const [a, b] = [shine(parse(getComputedStyle(e).color)), shine(behind(e))].sort((x, y) => y - x)
		const ratio = (a + 0.05) / (b + 0.05)
		if (ratio < 4.5) low.add(e.tagName + "." + e.className + " " + ratio.toFixed(2))
	}
	return [...low]
})()`
