package fault

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Set is a list of rules, a wire.Faults. Its methods may be called concurrently.
type Set struct {
	sleep func(context.Context, time.Duration) error

	mu     sync.Mutex
	lastID int
	rules  []*active
}

// active is a rule in a Set. The Set's mu guards its counts.
type active struct {
	Status
	released chan struct{} // closed by Release and when the rule is removed
}

// NewSet returns an empty Set. Latency is real time, not the harness clock's, which may stand still.
func NewSet() *Set { return &Set{sleep: wait} }

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Add appends r and returns it with its ID. It refuses a rule that contradicts itself.
func (s *Set) Add(r Rule) (Rule, error) {
	if err := r.check(); err != nil {
		return Rule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	r.ID = fmt.Sprintf("fault-%d", s.lastID)
	s.rules = append(s.rules, &active{Status: Status{Rule: r}, released: make(chan struct{})})
	return r, nil
}

// Rules returns the rules in the order in which they are tried.
func (s *Set) Rules() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Status, len(s.rules))
	for i, a := range s.rules {
		list[i] = a.Status
	}
	return list
}

// Remove takes the rule called id away, lets go of the calls it holds, and reports whether there was one.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return false
	}
	close(s.rules[i].released)
	s.rules = slices.Delete(s.rules, i, i+1)
	return true
}

// Clear takes all rules away and lets go of the calls they hold.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.rules {
		close(a.released)
	}
	s.rules = nil
}

// Release lets go of the calls that the rule called id holds, keeps the rule, and reports whether there is one.
func (s *Set) Release(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return false
	}
	close(s.rules[i].released)
	s.rules[i].released = make(chan struct{})
	return true
}

func (s *Set) index(id string) int {
	return slices.IndexFunc(s.rules, func(a *active) bool { return a.ID == id })
}

// Inject implements wire.Faults. Rules are tried in their order. The delays of all latency rules add up; the first
// other rule that fires is the last that is tried, so the ones behind it do not count the call.
func (s *Set) Inject(c *wire.Call) (beforeCall, afterCall func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var delay time.Duration
	for _, a := range s.rules {
		if !a.fires(c) {
			continue
		}
		if a.Kind != Latency {
			beforeCall, afterCall = s.effect(a)
			break
		}
		delay += time.Duration(a.Duration)
	}
	if delay > 0 {
		beforeCall = s.delayed(delay, beforeCall)
	}
	return beforeCall, afterCall
}

// fires counts the call and says whether the rule disturbs it. The Set's mu is held.
func (a *active) fires(c *wire.Call) bool {
	if !is(a.Service, c.Service) || !is(a.Operation, c.Operation) || !is(a.Region, c.Region) ||
		!is(a.Target, c.Target) || a.Via != anything && a.Via != via(c) {
		return false
	}
	if a.Count > 0 && a.Hits >= a.Count {
		return false
	}
	a.Matched++
	if a.Matched <= a.Skip {
		return false
	}
	a.Hits++
	return true
}

// via is the service that makes c, "qldb" for qldb.eu-west-2.amazonaws.com, or empty.
func via(c *wire.Call) string {
	host := c.Caller.Service
	if host == "" {
		host = c.ViaService
	}
	name, _, _ := strings.Cut(host, ".")
	return name
}

func is(pattern, value string) bool { return pattern == "" || pattern == anything || pattern == value }

// effect is what a does to one call. The Set's mu is held.
func (s *Set) effect(a *active) (beforeCall, afterCall func(context.Context) error) {
	fail := func(err error) func(context.Context) error {
		return func(context.Context) error { return err }
	}
	switch a.Kind {
	case Error:
		status := a.Rule.Status
		if status == 0 {
			status = defaultErrorStatus
		}
		return fail(&wire.Fault{Code: a.Code, Message: a.Message, Status: status}), nil
	case Throttle:
		return fail(wire.ErrThrottled), nil
	case DropBefore, RefuseConnection:
		return fail(wire.ErrDropped), nil
	case LostAnswer:
		return nil, fail(wire.ErrDropped)
	case Hang:
		if a.When == after {
			return nil, s.hold(a)
		}
		return s.hold(a), nil
	}
	return nil, nil
}

// hold waits until a lets go or the client leaves.
func (s *Set) hold(a *active) func(context.Context) error {
	released := a.released
	return func(ctx context.Context) error {
		s.addHeld(a, 1)
		defer s.addHeld(a, -1)
		select {
		case <-released:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Set) addHeld(a *active, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.Held += n
}

func (s *Set) delayed(d time.Duration, then func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := s.sleep(ctx, d); err != nil || then == nil {
			return err
		}
		return then(ctx)
	}
}
