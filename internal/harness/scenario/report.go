package scenario

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Report is what a Run saw.
type Report struct {
	Started   time.Time          `json:"started"`
	Seconds   float64            `json:"seconds"`
	Records   int                `json:"records"`
	Rate      float64            `json:"creates_per_second"` // before Speedup
	Speedup   float64            `json:"speedup"`
	Timing    map[string]float64 `json:"timing_seconds"` // of the harness, by the name of its flag
	Scenarios []*Scenario        `json:"scenarios"`
}

// Scenario is what one scenario saw. Times are seconds since it began.
type Scenario struct {
	Name     string  `json:"name"`
	Title    string  `json:"title"`
	Seconds  float64 `json:"seconds"`
	Checks   []Check `json:"checks"`
	Loads    []*Load `json:"loads"`
	Statuses []Span  `json:"statuses"`
	Events   []Event `json:"events"`
}

// Check is an expectation with its outcome.
type Check struct {
	Step   string `json:"step"` // of the checklist, such as "3a"
	What   string `json:"what"` // is expected
	Passed bool   `json:"passed"`
	Seen   string `json:"seen"`
}

// Load is a series of requests. The latencies are of those that were answered as they should, from the intended time
// of arrival, in milliseconds.
type Load struct {
	Step     string    `json:"step"`
	Title    string    `json:"title"`
	Requests int       `json:"requests"`
	Failed   int       `json:"failed"`
	Failures []Failure `json:"failures"` // most frequent first
	P50      float64   `json:"p50_ms"`
	P99      float64   `json:"p99_ms"`
	Max      float64   `json:"max_ms"`
	Samples  []Sample  `json:"samples"` // in order of arrival
}

// Failure is a text with how many requests ended in it.
type Failure struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

// Sample is one request.
type Sample struct {
	At      float64 `json:"at"` // intended arrival
	Latency float64 `json:"ms"`
	Status  int     `json:"status"`            // of HTTP; 0 when there was no answer
	Failure string  `json:"failure,omitempty"` // why it is not what it should be
}

// End is when the request was answered.
func (s Sample) End() float64 { return s.At + s.Latency/1000 }

// Span is a time during which the ledger had one status: its encryption status while it is ACTIVE, else its state.
type Span struct {
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Status string  `json:"status"`
}

// Event is something an operator did.
type Event struct {
	At   float64 `json:"at"`
	What string  `json:"what"`
}

func newReport(c *Config) *Report {
	r := &Report{
		Started: c.Now(), Records: c.Records, Rate: c.Rate, Speedup: c.Speedup, Timing: map[string]float64{},
	}
	t := c.timing()
	for _, knob := range t.Knobs() {
		r.Timing[knob.Name] = knob.Value.Seconds()
	}
	return r
}

// checks is how many expectations there were.
func (r *Report) checks() int {
	n := 0
	for _, s := range r.Scenarios {
		n += len(s.Checks)
	}
	return n
}

// Failed are the checks that did not pass.
func (r *Report) Failed() []Check {
	var list []Check
	for _, s := range r.Scenarios {
		list = append(list, s.Failed()...)
	}
	return list
}

// Failed are the checks that did not pass.
func (s *Scenario) Failed() []Check {
	return slices.DeleteFunc(slices.Clone(s.Checks), func(c Check) bool { return c.Passed })
}

// newLoad counts samples.
func newLoad(step, title string, samples []Sample) *Load {
	slices.SortStableFunc(samples, func(a, b Sample) int { return int(math.Copysign(1, a.At-b.At)) })
	l := &Load{Step: step, Title: title, Requests: len(samples), Samples: samples}
	counts := map[string]int{}
	var good []float64
	for _, s := range samples {
		if s.Failure == "" {
			good = append(good, s.Latency)
			continue
		}
		l.Failed++
		counts[s.Failure]++
	}
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		l.Failures = append(l.Failures, Failure{text, counts[text]})
	}
	slices.SortStableFunc(l.Failures, func(a, b Failure) int { return b.Count - a.Count })
	slices.Sort(good)
	l.P50, l.P99, l.Max = rank(good, 0.5), rank(good, 0.99), rank(good, 1)
	return l
}

// rank is the nearest-rank quantile q of sorted; 0 when it is empty.
func rank(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}

// between counts the requests that arrived and were answered within [from, to], with those that failed.
func (l *Load) between(from, to float64) (requests, failed int) {
	for _, s := range l.Samples {
		if s.At < from || s.End() > to {
			continue
		}
		requests++
		if s.Failure != "" {
			failed++
		}
	}
	return requests, failed
}

// p99 is the 99th percentile, in milliseconds, of the requests that arrived within spans and succeeded, and of those
// that arrived outside.
func (l *Load) p99(spans []Span) (within, outside float64) {
	var in, out []float64
	for _, s := range l.Samples {
		switch {
		case s.Failure != "":
		case slices.ContainsFunc(spans, func(p Span) bool { return s.At >= p.From && s.At <= p.To }):
			in = append(in, s.Latency)
		default:
			out = append(out, s.Latency)
		}
	}
	slices.Sort(in)
	slices.Sort(out)
	return rank(in, 0.99), rank(out, 0.99)
}

// failures is the texts of l's failures for a message.
func (l *Load) failures() string {
	if l.Failed == 0 {
		return "no failures"
	}
	var list []string
	for _, f := range l.Failures {
		list = append(list, f.String())
	}
	return strings.Join(list, "; ")
}
