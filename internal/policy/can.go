package policy

import (
	"slices"
	"strings"
)

// Verdict is the answer of Can.
type Verdict string

// The verdicts.
const (
	Always  Verdict = "always"
	Never   Verdict = "never"
	Depends Verdict = "depends"
)

// Assumptions say how much the Request given to Can tells.
type Assumptions struct {
	// Complete: a condition key that the request's context does not have is absent. Otherwise it may have any value,
	// or none; an empty list in the context makes one key absent.
	Complete bool

	// Unknown are kinds of policy that the caller may have without the request having them: IdentityPolicy,
	// PermissionsBoundary, SessionPolicy, ServiceControlPolicy. It is unknown whether they allow; that they do not
	// deny is taken for granted.
	Unknown []PolicyKind
}

// An Answer is what Can found out.
type Answer struct {
	Verdict Verdict

	// Reason is the one for Always and for Never, the most frequent if there are several; for Depends it is "".
	Reason Reason

	// Statements are for Always the Allow statements, for Never the Deny statements that decide in some request.
	Statements []Deciding

	// Unmet are Allow statements for this caller, action and resource that are of no use: one of their conditions
	// cannot be met. All Allow statements are meant, not only those of the resource's policy.
	Unmet []Deciding

	// Allowed and Denied are for Depends one request of each outcome, as like each other as possible; nil if none was
	// found.
	Allowed, Denied *Witness

	// Hinges are for Depends where the two requests differ: condition keys as the policy spells them, kinds of
	// policy. Changing all of them turns one answer into the other.
	Hinges []string

	// Doubts are for Depends what kept the analysis from an answer; without any, the answer is exact.
	Doubts []string
}

// A Witness completes the request given to Can.
type Witness struct {
	Context  RequestContext      // condition keys that matter, as the policy spells them; empty: absent
	Policies map[PolicyKind]bool // of the unknown policies that matter: whether they allow
}

// Can says whether r is allowed whatever the condition keys are that it does not tell.
//
// Always and Never hold for every request that can be: for every r.Context that adds condition keys to this one,
// Decide agrees. Depends may be too cautious, because condition keys are taken to vary independently, but for these
// facts: what the caller determines; keys no request for the action has; keys every request has, which are
// aws:SecureTransport, aws:ViaAWSService and kms:CallerAccount; kms:ViaService names a service in the key's Region and
// comes with aws:ViaAWSService; kms:GrantIsForAWSResource is true for services only.
//
// A caller whose session name or unique id is not known is taken to have any.
//
// A key that does not exist yet has any id: use an ARN with an id of zeros.
func Can(r Request, a Assumptions) Answer { return NewAnalyst().Can(r, a) }

// Can is the function of that name.
func (m *Analyst) Can(r Request, a Assumptions) Answer {
	an := m.analyse(&r, a)
	s := newSearch(an)
	s.run(0)
	s.end()
	answer := Answer{}
	for _, c := range an.dead {
		answer.Unmet = append(answer.Unmet, c.statement)
	}
	switch {
	case s.allowed == nil && s.denied == nil, s.doubtful, s.allowed != nil && s.denied != nil:
		answer.Verdict = Depends
		s.explain(&answer)
	case s.allowed != nil:
		answer.Verdict = Always
	default:
		answer.Verdict = Never
	}
	if answer.Verdict != Depends {
		answer.Reason = s.mainReason()
		for i, c := range an.clauses {
			if s.decided[i] {
				answer.Statements = append(answer.Statements, c.statement)
			}
		}
	}
	return answer
}

// analysis is a request in a form that can be weighed for many values of the unknown condition keys.
type analysis struct {
	memory   *Analyst
	r        *Request
	setting  setting
	env      env
	base     evidence // without any statement
	clauses  []clause
	dead     []clause       // Allow statements whose conditions cannot be met
	vars     []*variableKey // sorted by key, unknown policies last
	byKey    map[string]int
	doubts   []string
	policies int // how many vars are unknown policies
}

// A clause is a statement or a grant that speaks of the request, with the conditions that depend on unknown keys.
type clause struct {
	order     int // in which it was read
	statement Deciding
	attached  attached // zero for a grant
	grant     bool
	reach     reach
	doubt     bool // it is not known whether one of its conditions is met
	needs     []need
}

// need is one bit of one variable that must be set.
type need struct {
	variable int
	bit      uint64
}

func (m *Analyst) analyse(r *Request, a Assumptions) *analysis {
	m.trim()
	an := &analysis{memory: m, r: r, setting: r.setting(), base: newEvidence(&r.Policies), byKey: map[string]int{}}
	an.env.facts = r.facts()
	if !a.Complete {
		an.env.open = func(key string) bool { return !neverPresent(&r.Caller, an.setting.action, key) }
	}
	if _, known := an.env.values("kms:viaservice"); a.Complete || known && len(an.env.facts["kms:viaservice"]) > 0 {
		addVia(an.env.facts)
	}
	for _, p := range r.Policies.all(an.setting.resourceKind) {
		an.addPolicy(p)
	}
	for i := range r.Grants {
		an.addGrant(&r.Grants[i])
	}
	an.sortVariables()
	for _, v := range an.vars {
		m.split(v, an.suffix(v.key))
		if last := v.classes[len(v.classes)-1]; last.unknown {
			an.doubt("too many or too different conditions on " + v.name)
		}
	}
	an.dropDead()
	for _, kind := range a.Unknown {
		an.addUnknown(kind)
	}
	return an
}

func (an *analysis) addPolicy(a attached) {
	inside := an.env.in(a.policy)
	m := matcher{caller: &an.r.Caller, action: an.setting.action, resource: []rune(an.r.Resource), env: inside,
		kind: a.kind}
	for i := range a.policy.Statements {
		s := &a.policy.Statements[i]
		c := clause{order: len(an.clauses) + len(an.dead), attached: a, reach: m.reach(s),
			statement: Deciding{Kind: a.kind, Policy: a.number, Index: i, Sid: s.Sid, Effect: s.Effect}}
		if c.reach.high == noStrength {
			continue
		}
		c.needs = make([]need, 0, len(s.Conditions))
		met := true
		for j := range s.Conditions {
			met = met && an.addCondition(inside, &c, &s.Conditions[j])
		}
		switch {
		case met:
			an.clauses = append(an.clauses, c)
		case s.Effect == Allow:
			an.dead = append(an.dead, c)
		}
		if c.reach.low != c.reach.high {
			an.doubt("whether " + c.statement.String() + " names the caller or the resource")
		}
	}
}

// addCondition makes a condition part of c. It returns false when the condition cannot be met.
func (an *analysis) addCondition(inside *env, c *clause, condition *Condition) bool {
	t, known := an.memory.testOf(inside, condition, c.statement.Effect)
	at, open := an.byKey[t.key]
	if !open {
		switch values, fixed := inside.values(t.key); {
		case fixed && (known == yes || len(values) == 0):
			return t.on(values)
		case fixed:
			c.doubt = true
			an.doubt("the value of a policy variable in " + c.statement.String())
			return true
		}
		at = len(an.vars)
		an.byKey[t.key] = at
		an.vars = append(an.vars, &variableKey{name: condition.Key, key: t.key})
	}
	n, ok := an.vars[at].add(t, known == maybe)
	if !ok {
		c.doubt = true
		an.doubt("too many or too different conditions on " + condition.Key)
		return true
	}
	if known == maybe {
		an.doubt("the value of a policy variable in " + c.statement.String())
	}
	c.needs = append(c.needs, need{variable: at, bit: n})
	return true
}

func (an *analysis) doubt(what string) {
	const enough = 8 // to explain an answer
	if len(an.doubts) < enough && !slices.Contains(an.doubts, what) {
		an.doubts = append(an.doubts, what)
	}
}

// addGrant makes a grant a clause: its constraint is a condition on the encryption context.
func (an *analysis) addGrant(g *Grant) {
	c := clause{order: len(an.clauses) + len(an.dead), grant: true, statement: Deciding{Effect: Allow},
		reach: an.r.grantReach(g, an.setting.action)}
	if c.reach.high == noStrength {
		return
	}
	want, exact := g.constraints(an.setting.action)
	if an.env.open == nil {
		if an.env.meets(g, an.setting.action) {
			an.clauses = append(an.clauses, c)
		}
		return
	}
	for _, key := range sortedKeys(want) {
		present := Condition{Operator: Operator{Name: "Null"}, Key: key, Values: []Value{{Text: "false"}}}
		equal := Condition{Operator: Operator{Set: ForAllValues, Name: "StringEquals"}, Key: key,
			Values: []Value{{Text: want[key]}}}
		if !an.addCondition(&an.env, &c, &present) || !an.addCondition(&an.env, &c, &equal) {
			return
		}
	}
	if exact {
		c.doubt = true
		an.doubt("whether the encryption context has more names than a grant takes")
	}
	an.clauses = append(an.clauses, c)
}

// addUnknown makes whether policies of a kind allow a variable of its own.
func (an *analysis) addUnknown(kind PolicyKind) {
	v := &variableKey{name: string(kind), policy: kind,
		split: split{classes: []class{{met: 1}, {met: 0}}, all: class{doubt: 1}}}
	switch kind {
	case IdentityPolicy:
	case PermissionsBoundary:
		if an.r.Policies.Boundary != nil {
			return
		}
		an.base.boundary = false
	case SessionPolicy:
		if len(an.r.Policies.Session) > 0 || !an.r.Caller.isSession() && an.r.Caller.Kind != FederatedUser {
			return
		}
		an.base.session = false
	case ServiceControlPolicy:
		an.base.control = append(an.base.control, false)
		v.control = len(an.base.control) - 1
	default:
		return
	}
	an.vars = append(an.vars, v)
	an.policies++
}

// sortVariables puts the variables in the order of their keys, so that the answer does not depend on the order of
// statements more than it must.
func (an *analysis) sortVariables() {
	slices.SortFunc(an.vars, func(a, b *variableKey) int { return strings.Compare(a.key, b.key) })
	to := make([]int, len(an.vars))
	for i, v := range an.vars {
		to[an.byKey[v.key]] = i
		an.byKey[v.key] = i
	}
	for i := range an.clauses {
		for j := range an.clauses[i].needs {
			n := &an.clauses[i].needs[j]
			n.variable = to[n.variable]
		}
	}
}

// dropDead takes out the clauses whose conditions on one key exclude each other.
func (an *analysis) dropDead() {
	alive := an.clauses[:0]
	for _, c := range an.clauses {
		switch {
		case an.possible(&c):
			alive = append(alive, c)
		case !c.grant && c.statement.Effect == Allow:
			an.dead = append(an.dead, c)
		}
	}
	an.clauses = alive
	slices.SortFunc(an.dead, func(a, b clause) int { return a.order - b.order })
}

func (an *analysis) possible(c *clause) bool {
	bits := map[int]uint64{}
	for _, n := range c.needs {
		bits[n.variable] |= n.bit
	}
	for variable, want := range bits {
		if !slices.ContainsFunc(an.vars[variable].classes, func(class class) bool {
			return want&^(class.met|class.doubt) == 0
		}) {
			return false
		}
	}
	return true
}

// suffix is how every value of a condition key ends after at least one character, "" for any text.
//
// Source: KMS Developer Guide, "kms:ViaService": the Region is that of the key, and in every partition the name ends in
// amazonaws.com.
func (an *analysis) suffix(key string) string {
	field := strings.SplitN(an.r.Resource, ":", arnFields)
	if key != "kms:viaservice" || len(field) != arnFields || field[2] != "kms" || field[3] == "" {
		return ""
	}
	return "." + field[3] + ".amazonaws.com"
}
