package scenario

import (
	"bytes"
	_ "embed" // the template of the page
	"fmt"
	"html/template"
	"strings"
	"time"
)

//go:embed report.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("report").Parse(pageText))

// page is a Report as the template shows it.
type page struct {
	Verdict, Mark, Slow             string
	Started, Machine, Took          string
	Records, Pace, Arrivals, Timing string
	Scenarios                       []pageScenario
}

type pageScenario struct {
	Name, Title, Count, Mark string
	Chart                    *chart // nil when there is nothing to draw
	Loads                    []pageLoad
	Checks                   []Check
}

type pageLoad struct {
	Step, Title      string
	Requests, Failed int
	Failures         []Failure
	P50, P99, Max    string
}

// HTML is the report as one page that needs nothing else: style and charts are in it, and it runs no script.
func (r *Report) HTML() ([]byte, error) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, r.page()); err != nil {
		return nil, fmt.Errorf("write the report as a page: %w", err)
	}
	return out.Bytes(), nil
}

func (r *Report) page() page {
	p := page{
		Slow:    r.slow(),
		Started: r.Started.UTC().Format("2 January 2006, 15:04 MST"), Machine: r.Started.UTC().Format(time.RFC3339),
		Took: took(r.Seconds), Records: fmt.Sprint(r.Records), Pace: "the article's",
		Arrivals: fmt.Sprintf("%g creates or %g reads per second", r.Rate*r.Speedup, 2*r.Rate*r.Speedup),
	}
	p.Verdict, p.Mark = verdictOf(r.checks(), len(r.Failed()))
	if r.Speedup != 1 {
		p.Pace = fmt.Sprintf("%g times the article's", r.Speedup)
	}
	p.Timing = fmt.Sprintf("a key change lasts %s, an unusable key is noticed within %s, a usable one within %s",
		seconds(r.Timing["key-change"]), seconds(r.Timing["key-cache"]), seconds(r.Timing["key-recovery"]))
	for _, s := range r.Scenarios {
		p.Scenarios = append(p.Scenarios, s.page())
	}
	return p
}

func (s *Scenario) page() pageScenario {
	p := pageScenario{Name: s.Name, Title: s.Title, Checks: s.Checks, Chart: newChart(s)}
	p.Count, p.Mark = verdictOf(len(s.Checks), len(s.Failed()))
	for _, l := range s.Loads {
		p.Loads = append(p.Loads, pageLoad{
			Step: l.Step, Title: l.Title, Requests: l.Requests, Failed: l.Failed, Failures: l.Failures,
			P50: milliseconds(l.P50), P99: milliseconds(l.P99), Max: milliseconds(l.Max),
		})
	}
	return p
}

// verdictOf is the outcome of checks in words, with the class that colours it.
func verdictOf(checks, failed int) (text, class string) {
	switch {
	case failed > 0:
		return fmt.Sprintf("%d of %d observations failed", failed, checks), "fail"
	case checks == 0:
		return "nothing was observed", "fail"
	case checks == 1:
		return "1 observation as expected", "pass"
	}
	return fmt.Sprintf("all %d observations as expected", checks), "pass"
}

// tooSlow is the median in milliseconds from which on a load tells of the machine, not of the ledger.
const tooSlow = 1000

// slow says that the machine did not keep up with the arrivals, or nothing.
func (r *Report) slow() string {
	var late []string
	for _, s := range r.Scenarios {
		for _, l := range s.Loads {
			if l.P50 > tooSlow {
				late = append(late, l.Step)
			}
		}
	}
	if len(late) == 0 {
		return ""
	}
	return fmt.Sprintf("This machine did not keep up with %g requests per second (steps %s), so requests queued: "+
		"lower --speedup for latencies that mean something.", 2*r.Rate*r.Speedup, strings.Join(late, ", "))
}

// took is how long a run was, for people.
func took(s float64) string {
	if s >= 120 {
		return fmt.Sprintf("%.1f min", s/60)
	}
	return seconds(s)
}

// seconds and milliseconds are times within a run, in the unit of the charts.
func seconds(s float64) string {
	if s >= 100 {
		return fmt.Sprintf("%.0f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}

func milliseconds(ms float64) string {
	switch {
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f ms", ms)
}
