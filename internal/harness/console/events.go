package console

import "slices"

// Condense makes one of records in a row that say the same, and keeps the first limit of what is left. A ledger under
// load asks KMS for the same thing again and again, which would hide everything else.
func Condense(records []Event, limit int) []Event {
	events := []Event{}
	for _, r := range records {
		if n := len(events); n > 0 && events[n-1].says(r) {
			events[n-1].Times++
			events[n-1].ID = r.ID
			continue
		}
		if len(events) == limit {
			break
		}
		r.Times = 1
		events = append(events, r)
	}
	return events
}

func (e Event) says(r Event) bool {
	return e.Source == r.Source && e.Name == r.Name && e.Caller == r.Caller && e.Error == r.Error &&
		slices.Equal(e.Resources, r.Resources)
}
