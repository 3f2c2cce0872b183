package preflight

import (
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func (j *judge) unsatisfiable() []hit {
	var list []hit
	for i, u := range j.uses() {
		s := &j.policy.Statements[u.Statement.Index]
		if u.Met || len(s.Conditions) == 0 || !j.metWithout(i) {
			continue
		}
		list = append(list, hit{statement: s, what: "no request meets its conditions; it has no effect.",
			fix: "Correct or remove a condition."})
	}
	return list
}

// metWithout tells whether the Allow statement at that place would match some request if none had conditions.
func (j *judge) metWithout(at int) bool {
	if j.bare == nil {
		bare := *j.policy
		bare.Statements = slices.Clone(bare.Statements)
		for i := range bare.Statements {
			bare.Statements[i].Conditions = nil
		}
		j.bare = j.analyst.Uses(&bare, j.requests(), policy.Assumptions{})
	}
	return j.bare[at].Met
}

func (j *judge) unreachable() []hit {
	var list []hit
	for _, u := range j.uses() {
		if u.Met && !u.Live {
			list = append(list, hit{statement: &j.policy.Statements[u.Statement.Index],
				what: "Deny statements take away all that it allows.", fix: "Remove it, or narrow the Deny statement."})
		}
	}
	return list
}

func (j *judge) redundant() []hit {
	var list []hit
	for _, u := range j.uses() {
		if u.Live && !u.Needed {
			list = append(list, hit{statement: &j.policy.Statements[u.Statement.Index],
				what: "other statements allow all that it allows.", fix: "Remove it."})
		}
	}
	return list
}

func (j *judge) uses() []policy.Use {
	if j.used == nil {
		j.used = j.analyst.Uses(j.policy, j.requests(), policy.Assumptions{})
	}
	return j.used
}

// requests are one for each caller and action that the policy can tell apart: those named, one of this account and one
// of another who are not named, QLDB itself.
func (j *judge) requests() []policy.Request {
	stranger, _ := policy.NewCaller("arn:"+j.Partition+":iam::000000000001:role/any", "")
	who := append(j.people(), stranger, policy.NewService("qldb.amazonaws.com"))
	for s := range j.all() {
		for _, p := range s.Principal.List {
			if p.Type == policy.Service {
				who = append(who, policy.NewService(p.Value))
			}
		}
	}
	var list []policy.Request
	for _, action := range j.actions() {
		for _, c := range who {
			list = append(list, policy.Request{Caller: c, Action: action, Resource: j.key})
		}
	}
	return list
}

// actions are one for each set of known actions that statements and condition keys treat alike.
func (j *judge) actions() []string {
	var keys []conditionKey // that only some actions have
	for s := range j.all() {
		for _, c := range s.Conditions {
			if k, known := knownKey(c.Key); known && k.actions != nil {
				keys = append(keys, k)
			}
		}
	}
	var list []string
	seen := map[string]bool{}
	for _, a := range knownActions {
		var b strings.Builder
		for s := range j.all() {
			b.WriteByte(bit(covers(s, a)))
		}
		for _, k := range keys {
			b.WriteByte(bit(k.has(a)))
		}
		b.WriteByte(bit(slices.Contains(abroad, a)))
		if !seen[b.String()] {
			seen[b.String()] = true
			list = append(list, a)
		}
	}
	return list
}

func bit(b bool) byte {
	if b {
		return '1'
	}
	return '0'
}
