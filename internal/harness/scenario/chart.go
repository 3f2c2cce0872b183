package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The coordinates of a chart. It is stretched to the width of the page, so text is not part of it.
const (
	chartWidth  = 10000.0
	chartHeight = 1000.0
	p99Buckets  = 60
)

// chart is latency over time above the status of the ledger. Its paths are in the coordinates above; X, Width and At
// are percentages.
type chart struct {
	ID, Caption, Description string
	Bands                    []band
	Spans                    []band // Bands by status, each once
	Events                   []pageEvent
	Rows, Columns            []gridLine
	Grid, Dots, P99          string
	Bad, Ticks               string // of failed requests
}

type band struct {
	Class, Label, Title string
	Width               string // in percent
	X, W                string
}

type pageEvent struct {
	N       int
	X, Text string
	SVG     string
}

type gridLine struct{ At, Label string }

// scale maps seconds and milliseconds to a chart. Latency is on a logarithmic scale from 1 ms.
type scale struct{ from, to, decades float64 }

func (s scale) x(at float64) float64 { return chartWidth * (at - s.from) / (s.to - s.from) }

func (s scale) y(ms float64) float64 {
	return chartHeight * (1 - math.Log10(max(ms, 1))/s.decades)
}

// newChart draws s, or nothing when there was no ledger to look at.
func newChart(s *Scenario) *chart {
	if len(s.Statuses) == 0 || s.Seconds <= 0 {
		return nil
	}
	slowest := 100.0
	var samples []Sample
	for _, l := range s.Loads {
		samples = append(samples, l.Samples...)
	}
	for _, sample := range samples {
		slowest = max(slowest, sample.Latency)
	}
	sc := scale{from: 0, to: s.Seconds, decades: math.Ceil(math.Log10(slowest))}
	c := &chart{ID: "chart-" + s.Name, Caption: "Status of the ledger over time"}
	if len(samples) > 0 {
		c.Caption = "Latency of requests, with the status of the ledger, over time"
	}
	c.addBands(s, sc)
	c.addEvents(s, sc)
	c.addGrid(sc)
	c.addSamples(samples, sc)
	c.describe(s)
	return c
}

// classes colours a status.
var classes = map[string]string{
	"ENABLED": "enabled", "UPDATING": "updating", "KMS_KEY_INACCESSIBLE": "inaccessible",
}

func (c *chart) addBands(s *Scenario, sc scale) {
	total := map[string]float64{}
	var order []string
	for _, span := range s.Statuses {
		class := classes[span.Status]
		if class == "" {
			class = "other"
		}
		x, w := sc.x(span.From), sc.x(span.To)-sc.x(span.From)
		c.Bands = append(c.Bands, band{
			Class: class, Label: span.Status, Title: span.Status + " " + seconds(span.To-span.From),
			Width: number(100 * w / chartWidth), X: number(x), W: number(w),
		})
		if _, seen := total[span.Status]; !seen {
			order = append(order, span.Status)
		}
		total[span.Status] += span.To - span.From
	}
	for _, status := range order {
		class := classes[status]
		if class == "" {
			class = "other"
		}
		c.Spans = append(c.Spans, band{Class: class, Title: status + " " + seconds(total[status])})
	}
}

func (c *chart) addEvents(s *Scenario, sc scale) {
	for i, e := range s.Events {
		c.Events = append(c.Events, pageEvent{
			N: i + 1, X: number(100 * sc.x(e.At) / chartWidth), SVG: number(sc.x(e.At)),
			Text: fmt.Sprintf("%s at %s", e.What, seconds(e.At)),
		})
	}
}

// addGrid draws a line per decade of latency and some per time.
func (c *chart) addGrid(sc scale) {
	var grid strings.Builder
	for decade := 0.0; decade <= sc.decades; decade++ {
		y := chartHeight * (1 - decade/sc.decades)
		fmt.Fprintf(&grid, "M0 %sH%s", number(y), number(chartWidth))
		label := fmt.Sprintf("%g ms", math.Pow(10, decade))
		if decade >= 3 {
			label = fmt.Sprintf("%g s", math.Pow(10, decade-3))
		}
		c.Rows = append(c.Rows, gridLine{number(100 * y / chartHeight), label})
	}
	step := niceStep((sc.to - sc.from) / 7)
	for i := 0; ; i++ {
		at := float64(i) * step
		if at > sc.to {
			break
		}
		fmt.Fprintf(&grid, "M%s 0V%s", number(sc.x(at)), number(chartHeight))
		c.Columns = append(c.Columns, gridLine{number(100 * sc.x(at) / chartWidth), fmt.Sprintf("%.4g s", at)})
	}
	c.Grid = grid.String()
}

// niceStep is the smallest of 1, 2 or 5 times a power of ten that is at least d.
func niceStep(d float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(d)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= d {
			return factor * power
		}
	}
	return 10 * power
}

func (c *chart) addSamples(samples []Sample, sc scale) {
	var dots, bad, ticks strings.Builder
	buckets := make([][]float64, p99Buckets)
	for _, s := range samples {
		x := sc.x(s.At)
		if s.Failure != "" {
			fmt.Fprintf(&bad, "M%s %sh0", number(x), number(sc.y(s.Latency)))
			fmt.Fprintf(&ticks, "M%s 0V10", number(x))
			continue
		}
		fmt.Fprintf(&dots, "M%s %sh0", number(x), number(sc.y(s.Latency)))
		i := min(max(int(p99Buckets*x/chartWidth), 0), p99Buckets-1)
		buckets[i] = append(buckets[i], s.Latency)
	}
	c.Dots, c.Bad, c.Ticks = dots.String(), bad.String(), ticks.String()
	if c.Dots == "" && c.Bad != "" {
		c.Dots = "M0 0"
	}
	var line strings.Builder
	drawing := false
	for i, bucket := range buckets {
		const few = 5 // fewer have no 99th percentile worth a line
		if len(bucket) < few {
			drawing = false
			continue
		}
		slices.Sort(bucket)
		command := "M"
		if drawing {
			command = "L"
		}
		drawing = true
		fmt.Fprintf(&line, "%s%s %s", command, number((float64(i)+0.5)*chartWidth/p99Buckets),
			number(sc.y(rank(bucket, 0.99))))
	}
	c.P99 = line.String()
}

// describe tells in words what the picture shows.
func (c *chart) describe(s *Scenario) {
	var parts []string
	for _, l := range s.Loads {
		parts = append(parts, fmt.Sprintf("%s %s: %d requests, %d failed, p50 %s, p99 %s", l.Step, l.Title, l.Requests,
			l.Failed, milliseconds(l.P50), milliseconds(l.P99)))
	}
	for _, span := range s.Statuses {
		parts = append(parts, fmt.Sprintf("%s from %s to %s", span.Status, seconds(span.From), seconds(span.To)))
	}
	c.Description = strings.Join(parts, ". ") + "."
}

// number is a coordinate without needless digits.
func number(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }
