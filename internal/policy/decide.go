package policy

import (
	"slices"
	"strings"
)

// Reason says why a request is allowed or denied.
type Reason string

// The reasons for a decision.
const (
	ByResourcePolicy Reason = "the resource's policy allows it to the caller"
	ByDelegation     Reason = "the resource's policy leaves it to the account, and an identity policy allows it"
	ByIdentityPolicy Reason = "an identity policy allows it"
	ByGrant          Reason = "a grant allows it"
	ByRootUser       Reason = "the root user may do it in its account"
	ByBypass         Reason = "the check was bypassed" // of LockOut alone

	ExplicitDeny      Reason = "a statement denies it"
	NotAcrossAccounts Reason = "it cannot be allowed to other accounts"
	NoResourcePolicy  Reason = "no statement of the resource's policy allows it"
	NoIdentityPolicy  Reason = "no identity policy allows it"
	NoBoundary        Reason = "the permissions boundary does not allow it"
	NoSessionPolicy   Reason = "no session policy allows it"
	NoServiceControl  Reason = "a service control policy does not allow it"
	noReason          Reason = ""
)

// A Deciding statement is one that matched the request.
type Deciding struct {
	Kind   PolicyKind
	Policy int    // which of the policies of that kind, from 0
	Index  int    // of the statement in its policy, from 0
	Sid    string // "" when it has none
	Effect Effect
}

// String names the statement, such as `statement 2 ("Ledger users") of the key policy`.
func (d Deciding) String() string {
	return statementName(d.Index+1, d.Sid) + " of the " + string(d.Kind)
}

// A Decision is the answer to a Request, with what led to it.
type Decision struct {
	Allowed      bool
	Explicit     bool // denied by a Deny statement
	Reason       Reason
	CrossAccount bool // the resource belongs to another account than the caller

	// Statements are, for an explicit denial, all Deny statements that matched, else all Allow statements that did,
	// of all policies: those of a policy that did not suffice too. The resource's policy comes first, then identity,
	// boundary, session and service control policies, each in written order.
	Statements []Deciding
	Grants     []int // which of the request's grants allow it, unless it is explicitly denied
}

// Decide says whether r is allowed. It never fails: what it does not understand, such as an unknown condition
// operator, makes an Allow fail and a Deny apply. Its time grows with the size of the policies times that of the
// longest value in the context.
//
// A KMS key's policy must allow, to the caller or to its account; identity policies alone never give access to a key.
// The same is true of assuming a role. Everywhere else identity policies decide, within the account.
//
// Source: KMS Developer Guide, "Troubleshooting key access"; IAM User Guide, "Policy evaluation logic".
func Decide(r Request) Decision {
	s := r.setting()
	e := &env{facts: r.facts()}
	addVia(e.facts)
	ev := newEvidence(&r.Policies)
	var denies, allows []Deciding
	for _, a := range r.Policies.all(s.resourceKind) {
		inside := e.in(a.policy)
		m := matcher{caller: &r.Caller, action: s.action, resource: []rune(r.Resource), env: inside, kind: a.kind}
		for i := range a.policy.Statements {
			st := &a.policy.Statements[i]
			how := m.reach(st).low
			if how == noStrength || !inside.hold(st) {
				continue
			}
			ev.add(a, st.Effect, how)
			d := Deciding{Kind: a.kind, Policy: a.number, Index: i, Sid: st.Sid, Effect: st.Effect}
			if st.Effect == Deny {
				denies = append(denies, d)
			} else {
				allows = append(allows, d)
			}
		}
	}
	d := Decision{CrossAccount: s.crossAccount}
	for i := range r.Grants {
		if how := r.grantReach(&r.Grants[i], s.action).low; how != noStrength && e.meets(&r.Grants[i], s.action) {
			ev.addGrant(how)
			d.Grants = append(d.Grants, i)
		}
	}
	d.Allowed, d.Reason = s.decide(&r.Caller, ev)
	d.Statements = allows
	if d.Reason == ExplicitDeny {
		d.Explicit, d.Statements, d.Grants = true, denies, nil
	}
	return d
}

// hold tells whether all conditions of s are met.
func (e *env) hold(s *Statement) bool {
	return !slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		t, _ := e.testOf(&c, s.Effect)
		values, _ := e.values(t.key)
		return !t.on(values)
	})
}

// matcher compares statements of one policy with what is certain about a request: caller, action, resource.
type matcher struct {
	caller   *Caller
	action   string // in lower case
	resource []rune
	env      *env
	kind     PolicyKind
}

// reach says how strongly s speaks of the request, its conditions left aside. Statements of policies that are attached
// to the caller, which have no Principal, reach it directly.
func (m *matcher) reach(s *Statement) reach {
	if !m.matchAction(&s.Action) {
		return reach{}
	}
	t := m.matchResource(&s.Resource)
	if t == no {
		return reach{}
	}
	r := exactly(direct)
	if m.kind == KeyPolicy || m.kind == TrustPolicy {
		r = m.caller.reach(&s.Principal, s.Effect)
	}
	if t == maybe {
		r.low = noStrength
	}
	return r
}

// matchAction: a statement without Action has no effect.
func (m *matcher) matchAction(e *ListElement) bool {
	return e.Present && e.Not != slices.ContainsFunc(e.List, func(v Value) bool {
		text := v.Text
		if text == "*" {
			return true
		}
		wild := strings.IndexAny(text, "*?")
		if wild < 0 {
			return strings.EqualFold(text, m.action)
		}
		if wild > len(m.action) || !strings.EqualFold(text[:wild], m.action[:wild]) {
			return false // most are: it saves reading the pattern
		}
		if text[wild:] == "*" {
			return true
		}
		return patternOf(strings.ToLower(text)).match([]rune(m.action))
	})
}

// matchResource: a statement without Resource has no effect, except in a trust policy, whose resource is the role.
func (m *matcher) matchResource(e *ListElement) truth {
	if m.kind == TrustPolicy {
		return yes
	}
	if !e.Present {
		return no
	}
	any := no
	for _, v := range e.List {
		any = max(any, m.matchOneResource(v.Text))
	}
	if e.Not {
		return any.not()
	}
	return any
}

func (m *matcher) matchOneResource(text string) truth {
	if text == "*" {
		return yes
	}
	p, found := m.env.expand(text)
	if found != yes {
		return found
	}
	return truthOf(p.match(m.resource))
}
