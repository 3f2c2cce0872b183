package cloudtrail

import (
	"context"
	"slices"
	"time"
)

// find returns the newest events that q asks for, at most one more than a page holds.
func (t *trail) find(ctx context.Context, q query) ([]event, error) {
	// The list first: what comes into it afterwards is in memory.
	names, entries, err := t.list(ctx)
	if err != nil {
		return nil, err
	}
	found := newest{q: &q}
	held := map[string]bool{}
	for _, c := range t.inMemory(held) {
		for i := range c {
			found.offer(&c[i])
		}
	}
	for i, name := range slices.Backward(names) {
		e := entries[i]
		if held[name] || e.Full && found.without(e) {
			continue
		}
		err := t.readClosed(ctx, name, e, func(e event) error {
			found.offer(&e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found.list, nil
}

// inMemory are the events of the chunks in memory, whose names it adds to held.
func (t *trail) inMemory(held map[string]bool) [][]event {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list [][]event
	for _, c := range []*chunk{t.now, t.former} {
		if c != nil {
			list = append(list, c.events)
			held[chunkName(c.number)] = true
		}
	}
	return list
}

// newest is the first page of what is offered to it, and one event more.
type newest struct {
	q    *query
	list []event // newest first
}

func (n *newest) offer(e *event) {
	if !n.q.matches(e) {
		return
	}
	i, _ := slices.BinarySearchFunc(n.list, e.position(), func(a event, p position) int { return a.position().compare(p) })
	if i > n.q.size {
		return
	}
	n.list = slices.Insert(n.list, i, *e)
	n.list = n.list[:min(len(n.list), n.q.size+1)]
}

// without says that nothing in a full chunk can be on the page.
func (n *newest) without(e entry) bool {
	q := n.q
	switch {
	case e.To.Before(q.from), !q.to.IsZero() && e.From.Truncate(time.Second).After(q.to),
		e.Values.lack("home", home(q.account, q.region)), q.key != "" && e.Values.lack(q.key, q.value):
		return true
	case len(n.list) > q.size:
		return e.To.Before(n.list[q.size].Time)
	}
	return false
}

func (q *query) matches(e *event) bool {
	at := e.Time.Truncate(time.Second)
	return e.Account == q.account && e.Region == q.region &&
		!at.Before(q.from) && (q.to.IsZero() || !at.After(q.to)) && !e.Time.After(q.seen) &&
		(q.key == "" || attributes[q.key](e, q.value)) &&
		(q.after.ID == "" || q.after.compare(e.position()) < 0)
}
