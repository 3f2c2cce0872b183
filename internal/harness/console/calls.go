package console

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	maxEvents = 40
	maxPoints = 40
)

// Events are the latest of calls, which are oldest first. What an application does with a ledger all the time, session
// commands that went well, is left out: it would hide everything else.
func Events(calls []wire.Record) []Event {
	events := []Event{}
	for _, c := range slices.Backward(calls) {
		if len(events) == maxEvents {
			break
		}
		if c.Command != "" && c.Command != "StartSession" && (c.InFlight || statusOf(c) == "ok") {
			continue
		}
		events = append(events, Event{
			ID: strconv.Itoa(c.ID), Time: c.Start, Service: c.Service, Operation: nameOf(c), Target: c.Target,
			Caller: c.Account, Status: statusOf(c), Error: c.ErrorCode,
		})
	}
	return events
}

func nameOf(c wire.Record) string { return cmp.Or(c.Command, c.Operation) }

func statusOf(c wire.Record) string {
	switch {
	case c.InFlight:
		return "running"
	case c.Status == 0:
		return "unanswered"
	case c.Status >= http.StatusInternalServerError:
		return "failed"
	case c.Status >= http.StatusBadRequest:
		return "refused"
	}
	return "ok"
}

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
		failed := statusOf(c) != "ok"
		o.Count++
		if failed {
			o.Failed++
		}
		o.Recent = append(o.Recent, Point{MS: milliseconds(c.Took), Failed: failed})
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
