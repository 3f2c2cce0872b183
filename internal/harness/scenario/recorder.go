package scenario

import (
	"fmt"
	"sync"
	"time"
)

// String is f for a line of a table.
func (f Failure) String() string { return fmt.Sprintf("%d x %s", f.Count, f.Text) }

// recorder collects what one scenario sees. Its methods may be called concurrently.
type recorder struct {
	now      func() time.Time
	began    time.Time
	progress func(Progress)

	mu sync.Mutex
	s  *Scenario
}

func newRecorder(c Config, s script) *recorder {
	return &recorder{
		now: c.Now, began: c.Now(), progress: c.Progress,
		s: &Scenario{Name: s.name, Title: s.title},
	}
}

// at is the time since the scenario began, in seconds.
func (r *recorder) at() float64 { return r.now().Sub(r.began).Seconds() }

// event notes something that an operator does now.
func (r *recorder) event(format string, args ...any) {
	at := r.at()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Events = append(r.s.Events, Event{at, fmt.Sprintf(format, args...)})
}

// check notes the outcome of an expectation.
func (r *recorder) check(step string, passed bool, what, seen string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Checks = append(r.s.Checks, Check{Step: step, What: what, Passed: passed, Seen: fmt.Sprintf(seen, args...)})
}

// status notes what a look at the ledger shows now.
func (r *recorder) status(status string) {
	at := r.at()
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.s.Statuses)
	if n > 0 {
		r.s.Statuses[n-1].To = at
	}
	if n == 0 || r.s.Statuses[n-1].Status != status {
		r.s.Statuses = append(r.s.Statuses, Span{From: at, To: at, Status: status})
	}
}

// statuses are the spans so far.
func (r *recorder) statuses() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Span(nil), r.s.Statuses...)
}

// load notes a load that has ended.
func (r *recorder) load(l *Load) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Loads = append(r.s.Loads, l)
}

// report tells how far a load has come.
func (r *recorder) report(step string, done, total int) {
	status := ""
	if seen := r.statuses(); len(seen) > 0 {
		status = seen[len(seen)-1].Status
	}
	r.progress(Progress{Scenario: r.s.Name, Step: step, Done: done, Total: total, Status: status})
}

// end closes the record.
func (r *recorder) end() *Scenario {
	at := r.at()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Seconds = at
	if n := len(r.s.Statuses); n > 0 {
		r.s.Statuses[n-1].To = at
	}
	return r.s
}
