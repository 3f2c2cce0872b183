package scenario

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteSummary writes how many checks passed, and what was seen where one did not.
func (r *Report) WriteSummary(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d observations as expected, in %.1f s", r.checks()-len(r.Failed()), r.checks(), r.Seconds)
	if r.Speedup != 1 {
		fmt.Fprintf(&b, " (%g times the article's pace)", r.Speedup)
	}
	b.WriteString("\n")
	if late := r.slow(); late != "" {
		b.WriteString(late + "\n")
	}
	for _, c := range r.Failed() {
		fmt.Fprintf(&b, "FAIL %s %s\n     seen: %s\n", c.Step, c.What, short(c.Seen, 600))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// WriteText writes the scenario's table: loads, encryption status over time, and checks.
func (s *Scenario) WriteText(out io.Writer) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s: %s (%.1f s)\n", s.Name, s.Title, s.Seconds)
	if len(s.Loads) > 0 {
		fmt.Fprintf(b, "  %-26s %9s %7s %8s %8s %8s\n", "load", "requests", "failed", "p50 ms", "p99 ms", "max ms")
	}
	for _, l := range s.Loads {
		fmt.Fprintf(b, "  %-26s %9d %7d %8.1f %8.1f %8.1f\n", l.Step+" "+l.Title, l.Requests, l.Failed, l.P50, l.P99, l.Max)
		for _, f := range l.Failures {
			fmt.Fprintf(b, "       %s\n", f)
		}
	}
	var spans []string
	for _, span := range s.Statuses {
		spans = append(spans, fmt.Sprintf("%s %.1f s", span.Status, span.To-span.From))
	}
	if len(spans) > 0 {
		fmt.Fprintf(b, "  status: %s\n", strings.Join(spans, ", "))
	}
	for _, c := range s.Checks {
		word := "pass"
		if !c.Passed {
			word = "FAIL"
		}
		fmt.Fprintf(b, "  %s  %-2s  %s\n            %s\n", word, c.Step, c.What, short(c.Seen, 240))
	}
	b.WriteString("\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// short is s in at most n characters.
func short(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-3]) + "..."
}
