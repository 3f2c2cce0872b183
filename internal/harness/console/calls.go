package console

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// maxPoints is how many calls of each operation the page draws.
const maxPoints = 40

func nameOf(c wire.Record) string { return cmp.Or(c.Command, c.Operation) }

// failed says that c was answered with an error, or not at all.
func failed(c wire.Record) bool { return c.Status == 0 || c.Status >= http.StatusBadRequest }

// Operations measures calls, which are oldest first. Those that still run, or named no operation, do not count.
func Operations(calls []wire.Record) []Operation {
	byName := map[[2]string]*Operation{}
	times := map[*Operation][]time.Duration{}
	for _, c := range calls {
		if c.InFlight || c.Operation == "" {
			continue
		}
		name := [2]string{c.Service, nameOf(c)}
		o := byName[name]
		if o == nil {
			o = &Operation{Service: name[0], Name: name[1]}
			byName[name] = o
		}
		o.Count++
		if failed(c) {
			o.Failed++
		}
		o.Recent = append(o.Recent, Point{MS: milliseconds(c.Took), Failed: failed(c)})
		times[o] = append(times[o], c.Took)
	}
	operations := []Operation{}
	for o, took := range times {
		slices.Sort(took)
		o.P50, o.P99 = milliseconds(percentile(took, 50)), milliseconds(percentile(took, 99))
		o.Max = milliseconds(took[len(took)-1])
		o.Recent = o.Recent[max(len(o.Recent)-maxPoints, 0):]
		operations = append(operations, *o)
	}
	slices.SortFunc(operations, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name))
	})
	return operations
}

// percentile is the smallest of sorted, which is not empty, that p percent do not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max((len(sorted)*p+99)/100, 1)-1]
}

// milliseconds keeps three digits: more is noise, and travels.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*1000) / 1000
}
