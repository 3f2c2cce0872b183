package policy

// A Use says what one Allow statement of a key policy is good for in a set of requests. Where the analysis has doubts
// it says true, so that false can be relied on.
type Use struct {
	Statement Deciding
	Met       bool // it matches some request: caller, action, resource, and conditions that can be met together
	Live      bool // it does where no Deny statement takes it away
	Needed    bool // it does where, besides, no other Allow statement of the key policy does as much for the caller
}

// Uses looks at the Allow statements of a key policy, in written order. The requests say for which callers, actions and
// keys; their own key policy does not matter. Two equal statements make each other not Needed.
func Uses(key *Policy, requests []Request, a Assumptions) []Use {
	return NewAnalyst().Uses(key, requests, a)
}

// Uses is the function of that name.
func (m *Analyst) Uses(key *Policy, requests []Request, a Assumptions) []Use {
	var list []Use
	at := make([]int, len(key.Statements)) // in list
	for i := range key.Statements {
		if s := &key.Statements[i]; s.Effect == Allow {
			at[i] = len(list)
			list = append(list, Use{Statement: Deciding{Kind: KeyPolicy, Index: i, Sid: s.Sid, Effect: Allow}})
		}
	}
	for _, r := range requests {
		r.Policies.Key = key
		an := m.analyse(&r, a)
		for i := range an.clauses {
			c := &an.clauses[i]
			if c.grant || c.attached.kind != KeyPolicy || c.statement.Effect != Allow {
				continue
			}
			u := &list[at[c.statement.Index]]
			u.Met = u.Met || an.exists(c.truth)
			u.Live = u.Live || an.exists(func(at []*class) truth { return min(c.truth(at), an.denied(at).not()) })
			u.Needed = u.Needed || an.exists(func(at []*class) truth {
				return min(c.truth(at), an.denied(at).not(), an.covered(at, i).not())
			})
		}
	}
	return list
}

// denied tells whether some Deny statement applies at a point.
func (an *analysis) denied(at []*class) truth {
	t := no
	for i := range an.clauses {
		if c := &an.clauses[i]; c.statement.Effect == Deny {
			t = max(t, min(c.truth(at), c.certainty(direct)))
		}
	}
	return t
}

// covered tells whether an Allow statement of the key policy other than clause i applies at a point and is as strong.
func (an *analysis) covered(at []*class, i int) truth {
	t := no
	for j := range an.clauses {
		c := &an.clauses[j]
		if j != i && !c.grant && c.attached.kind == KeyPolicy && c.statement.Effect == Allow {
			t = max(t, min(c.truth(at), c.certainty(an.clauses[i].reach.high)))
		}
	}
	return t
}

// certainty tells whether c, if its conditions are met, reaches the caller as strongly as s; a Deny at all.
func (c *clause) certainty(s strength) truth {
	if c.statement.Effect == Deny {
		s = delegated
	}
	switch {
	case c.reach.low >= s:
		return yes
	case c.reach.high >= s:
		return maybe
	}
	return no
}

// exists tells whether there is a point for which holds is true, or may be.
func (an *analysis) exists(holds func(at []*class) truth) bool {
	if an.memory.exhausted() {
		return true
	}
	s := newSearch(an)
	defer s.end()
	var try func(i int) bool
	try = func(i int) bool {
		s.points++
		t := holds(s.at)
		if t != maybe || i == len(s.vars) || s.tired() {
			return t != no
		}
		v := s.vars[i]
		for j := range v.classes {
			if s.at[i] = &v.classes[j]; s.feasible(s.at) && try(i+1) {
				return true
			}
		}
		s.at[i] = &v.all
		return false
	}
	return try(0)
}
