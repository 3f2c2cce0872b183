package policy

import (
	"maps"
	"slices"
)

// maxWork bounds a search: clauses and conditions weighed, over all points.
const maxWork = 1_000_000

// An Analyst whose work so far is more than maxWorkOfAll, which no policy that people write takes, gives each further
// search littleWork, and no longer looks at what values a condition key can have. After twice as much, what is not
// plain at once is left in doubt.
const (
	maxWorkOfAll = 16 * maxWork
	littleWork   = maxWork / 100
)

// maxPoints bounds a search in points, where there are few clauses.
const maxPoints = 20_000

// search goes through the classes of all variables, one variable after the other. It turns back as soon as the
// variables so far decide, and stops when both answers were found.
type search struct {
	*analysis
	at       []*class // of each variable: its class, or what all its classes have in common
	points   int
	cost     int      // of weighing one point
	limit    int      // of the work
	allowed  []*class // a point with that answer
	denied   []*class
	doubtful bool
	reasons  []Reason // in the order in which they appeared
	counts   map[Reason]int
	decided  []bool // of each clause
}

func newSearch(an *analysis) *search {
	s := &search{analysis: an, at: make([]*class, len(an.vars)), counts: map[Reason]int{},
		decided: make([]bool, len(an.clauses))}
	for i, v := range an.vars {
		s.at[i] = &v.all
	}
	for i := range an.clauses {
		s.cost += 1 + len(an.clauses[i].needs)
	}
	switch s.limit = maxWork; {
	case an.memory.exhausted():
		s.limit = 0
	case an.memory.work > maxWorkOfAll:
		s.limit = littleWork
	}
	return s
}

func (m *Analyst) exhausted() bool { return m.work > 2*maxWorkOfAll }

// tired tells whether the search took as long as it may.
func (s *search) tired() bool { return s.points > maxPoints || s.points*s.cost > s.limit }

// end remembers what the search took.
func (s *search) end() { s.memory.work += s.points * s.cost }

// run tries all classes of the variables from i on.
func (s *search) run(i int) {
	s.points++
	switch t, reason := s.weigh(s.at); {
	case t == maybe && s.tired():
		s.doubtful = true
		s.doubt("too many combinations of condition keys")
		return
	case t == yes:
		s.found(&s.allowed, reason, Allow)
		return
	case t == no:
		s.found(&s.denied, reason, Deny)
		return
	}
	if i == len(s.vars) {
		s.doubtful = true
		return
	}
	v := s.vars[i]
	for j := range v.classes {
		if s.allowed != nil && s.denied != nil {
			break
		}
		if s.at[i] = &v.classes[j]; s.feasible(s.at) {
			s.run(i + 1)
		}
	}
	s.at[i] = &v.all
}

// found notes a decided point, and the statements that decided it.
func (s *search) found(point *[]*class, reason Reason, effect Effect) {
	if *point == nil {
		*point = slices.Clone(s.at)
	}
	if s.counts[reason]++; s.counts[reason] == 1 {
		s.reasons = append(s.reasons, reason)
	}
	if effect == Deny && reason != ExplicitDeny {
		return
	}
	for i := range s.clauses {
		c := &s.clauses[i]
		if !s.decided[i] && !c.grant && c.statement.Effect == effect && c.reach.low != noStrength &&
			c.truth(s.at) == yes {
			s.decided[i] = true
		}
	}
}

func (s *search) mainReason() Reason {
	main := noReason
	for _, r := range s.reasons {
		if s.counts[r] > s.counts[main] {
			main = r
		}
	}
	return main
}

// truth tells whether the conditions of c are met at a point.
func (c *clause) truth(at []*class) truth {
	t := yes
	if c.doubt {
		t = maybe
	}
	for _, n := range c.needs {
		switch class := at[n.variable]; {
		case class.doubt&n.bit != 0:
			t = maybe
		case class.met&n.bit == 0:
			return no
		}
	}
	return t
}

// weigh decides a point. It decides twice: with every doubt against the caller, and with every doubt for it.
func (an *analysis) weigh(at []*class) (truth, Reason) {
	low, high := an.base, an.base
	low.control, high.control = slices.Clone(low.control), slices.Clone(high.control)
	for i := range an.clauses {
		c := &an.clauses[i]
		t := c.truth(at)
		if t == no {
			continue
		}
		certain := t == yes && c.reach.low != noStrength
		switch {
		case c.grant:
			high.addGrant(c.reach.high)
			if certain {
				low.addGrant(c.reach.low)
			}
		case c.statement.Effect == Deny:
			low.denied = true
			high.denied = high.denied || certain
		default:
			high.add(c.attached, Allow, c.reach.high)
			if certain {
				low.add(c.attached, Allow, c.reach.low)
			}
		}
	}
	for i, v := range an.vars[len(an.vars)-an.policies:] {
		class := at[len(an.vars)-an.policies+i]
		if (class.met|class.doubt)&1 != 0 {
			high.add(attached{kind: v.policy, number: v.control}, Allow, direct)
		}
		if class.met&^class.doubt&1 != 0 {
			low.add(attached{kind: v.policy, number: v.control}, Allow, direct)
		}
	}
	if allowed, reason := an.setting.decide(&an.r.Caller, low); allowed {
		return yes, reason
	}
	if allowed, reason := an.setting.decide(&an.r.Caller, high); !allowed {
		return no, reason
	}
	return maybe, noReason
}

// feasible tells whether a point can be a request, as far as its variables are decided.
func (an *analysis) feasible(at []*class) bool {
	via, viaOpen := an.presence(at, "kms:viaservice")
	if via == yes && an.value(at, "aws:viaawsservice") == "false" && an.r.Caller.Kind != AWSService {
		return false
	}
	return !(viaOpen && via == no && an.value(at, "kms:grantisforawsresource") == "true")
}

// presence tells whether a condition key is present at a point. open is false when it was given with the request.
func (an *analysis) presence(at []*class, key string) (present truth, open bool) {
	i, open := an.byKey[key]
	switch {
	case !open:
		return truthOf(len(an.env.facts[key]) > 0), false
	case at[i] == &an.vars[i].all:
		return maybe, true
	}
	return truthOf(!at[i].absent), true
}

// value is that of a condition key at a point, "" if it has none or is not decided.
func (an *analysis) value(at []*class, key string) string {
	values := an.env.facts[key]
	if i, open := an.byKey[key]; open {
		values = at[i].values
	}
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// explain fills in the witnesses: as alike as they can be, with nothing in them that does not matter.
func (s *search) explain(answer *Answer) {
	if s.allowed != nil && s.denied != nil {
		s.bring(s.denied, s.allowed, no)
		s.bring(s.allowed, s.denied, yes)
		for i, v := range s.vars {
			if s.allowed[i] != s.denied[i] {
				answer.Hinges = append(answer.Hinges, v.name)
			}
		}
	}
	s.forget()
	answer.Allowed, answer.Denied = s.witness(s.allowed), s.witness(s.denied)
	switch {
	case s.allowed == nil && s.denied == nil && !s.doubtful:
		answer.Doubts = []string{"what is assumed contradicts itself: there is no such request"}
	case answer.Allowed == nil || answer.Denied == nil:
		answer.Doubts = s.doubts
	}
}

// bring changes from, variable by variable, to what to has, as long as the answer stays.
func (s *search) bring(from, to []*class, answer truth) {
	for i := range from {
		if from[i] == to[i] {
			continue
		}
		before := from[i]
		from[i] = to[i]
		if t, _ := s.weigh(from); t != answer || !s.feasible(from) {
			from[i] = before
		}
	}
}

// forget takes variables back out of both points where neither answer needs them.
func (s *search) forget() {
	for i, v := range s.vars {
		needed := false
		if !s.decidedIn(s.allowed, i) && !s.decidedIn(s.denied, i) {
			continue
		}
		for _, p := range []struct {
			at     []*class
			answer truth
		}{{s.allowed, yes}, {s.denied, no}} {
			if p.at == nil {
				continue
			}
			before := p.at[i]
			p.at[i] = &v.all
			t, _ := s.weigh(p.at)
			needed = needed || t != p.answer
			p.at[i] = before
		}
		if needed {
			continue
		}
		for _, at := range [][]*class{s.allowed, s.denied} {
			if at != nil {
				at[i] = &v.all
			}
		}
	}
}

// decidedIn tells whether a point has a class for variable i.
func (s *search) decidedIn(at []*class, i int) bool { return at != nil && at[i] != &s.vars[i].all }

func (s *search) witness(at []*class) *Witness {
	if at == nil {
		return nil
	}
	w := &Witness{Context: RequestContext{}, Policies: map[PolicyKind]bool{}}
	for i, v := range s.vars {
		switch class := at[i]; {
		case class == &v.all, class.unknown:
		case v.policy != "":
			w.Policies[v.policy] = class.met != 0
		default:
			w.Context[v.name] = class.values
		}
	}
	return w
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
