package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// administration are the rules about who can still manage the key.
//
// Source: KMS Developer Guide, "Default key policy"; KMS API reference, PutKeyPolicy.
func administration() []rule {
	return []rule{
		{"KP-101", Error, "The caller locks itself out of the key", needsCaller, (*judge).lockedOut},
		{"KP-102", Error, "Nobody can change the key policy", "", (*judge).orphaned},
		{"KP-103", Warning, "The lock-out safety check is bypassed", "bypass_policy_lockout_safety_check", nil},
		{"KP-104", Warning, "The only administrator is one session", "", (*judge).sessionAdministrator},
		{"KP-105", Warning, "One principal alone administers the key", "", (*judge).singleAdministrator},
		{"KP-106", Error, "Calls that run the key will be refused", "", (*judge).lifecycleRefused},
		{"KP-107", Note, "Administration depends on identity policies", needsCaller, (*judge).leftToIdentity},
		{"KP-108", Error, "Everybody is denied administration, for ever", "", (*judge).deniedToAll},
		{"KP-109", Warning, "Administration only from somewhere or at some time", "", (*judge).volatile},
	}
}

const accountStatement = "Add a statement that allows kms:* to the account's root user."

func (j *judge) lockedOut() []hit {
	var list []hit
	for _, c := range callers(j.Callers) {
		h := hit{principal: nameOf(c), action: putKeyPolicy,
			fix: fmt.Sprintf("Allow kms:PutKeyPolicy to %s or to the account.", lasting(c))}
		switch s := j.direct(c, putKeyPolicy); s.level {
		case refused:
			h.what = fmt.Sprintf("%s could not change this policy again: %s%s. KMS refuses to store it.",
				nameOf(c), s.reason, by(s.denying))
		case conditional:
			h.as, h.witness = new(Warning), s.example
			h.what = fmt.Sprintf("%s could change this policy again only where the conditions hold.", nameOf(c))
		default:
			continue
		}
		list = append(list, h)
	}
	return list
}

// by names the statements that deny.
func by(denying []policy.Deciding) string {
	var list []string
	for _, d := range denying {
		if d.Kind == policy.KeyPolicy {
			list = append(list, d.String())
		}
	}
	if list == nil {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// managed tells whether there is somebody who can change the policy, under some condition at least.
func (j *judge) managed() bool {
	return slices.ContainsFunc(j.people(), func(c policy.Caller) bool { return j.direct(c, putKeyPolicy).level > refused })
}

func (j *judge) orphaned() []hit {
	if j.managed() {
		return nil
	}
	return []hit{{action: putKeyPolicy, fix: accountStatement,
		what: "No principal of account " + j.Account + " can change this policy; only AWS Support could repair the key."}}
}

// administrators are those named who can change the policy. delegated tells instead that a statement leaves it to the
// account, or to everybody.
func (j *judge) administrators() (list []policy.Caller, delegated bool) {
	for s := range j.each(policy.Allow) {
		if !covers(s, putKeyPolicy) || s.Principal.Not {
			continue
		}
		for _, p := range s.Principal.List {
			delegated = delegated || j.isRoot(p) || p.Value == "*"
		}
	}
	if delegated {
		return nil, true
	}
	for _, c := range j.named {
		if j.direct(c, putKeyPolicy).level > refused {
			list = append(list, c)
		}
	}
	return list, delegated
}

func (j *judge) sessionAdministrator() []hit {
	list, delegated := j.administrators()
	isSession := func(c policy.Caller) bool { return c.Kind == policy.RoleSession && c.ARN != "" }
	if delegated || len(list) == 0 || !slices.ContainsFunc(list, isSession) ||
		slices.ContainsFunc(list, func(c policy.Caller) bool { return !isSession(c) }) {
		return nil
	}
	return []hit{{principal: nameOf(list[0]), action: putKeyPolicy,
		what: "Only a session can change the policy. The next run has a session of another name and is locked out.",
		fix:  fmt.Sprintf("Name the role instead: %s.", list[0].RoleARN)}}
}

func (j *judge) singleAdministrator() []hit {
	list, delegated := j.administrators()
	if delegated || len(list) != 1 {
		return nil
	}
	return []hit{{principal: nameOf(list[0]), action: putKeyPolicy, fix: accountStatement,
		what: fmt.Sprintf("Only %s can change the policy. When it is deleted, nobody can.", nameOf(list[0]))}}
}

// lifecycleRefused looks at the callers; without any, at whether there is anybody.
func (j *judge) lifecycleRefused() []hit {
	if !j.managed() {
		return nil
	}
	var list []hit
	who := callers(j.Callers)
	for _, c := range who {
		if j.direct(c, putKeyPolicy).level == refused {
			continue
		}
		if missing := j.missing([]policy.Caller{c}, lifecycle); missing != nil {
			list = append(list, lacks(nameOf(c), missing))
		}
	}
	if len(who) == 0 {
		if missing := j.missing(j.people(), lifecycle); missing != nil {
			list = append(list, lacks("no principal of the account", missing))
		}
	}
	return list
}

// missing are the actions that none of the callers has.
func (j *judge) missing(who []policy.Caller, actions []string) []string {
	var list []string
	for _, a := range actions {
		if !slices.ContainsFunc(who, func(c policy.Caller) bool { return j.direct(c, a).level > refused }) {
			list = append(list, a)
		}
	}
	return list
}

func lacks(who string, missing []string) hit {
	verb := who + " cannot make"
	if strings.HasPrefix(who, "no ") {
		verb = "N" + who[1:] + " can make"
	}
	return hit{principal: who, action: missing[0],
		what: fmt.Sprintf("%s the calls %s, so that an apply stops half-way.", verb, strings.Join(missing, ", ")),
		fix:  "Allow them to the key's administrators."}
}

func (j *judge) leftToIdentity() []hit {
	var list []hit
	for _, c := range callers(j.Callers) {
		if j.direct(c, putKeyPolicy).level == byIdentity {
			list = append(list, hit{principal: nameOf(c), action: putKeyPolicy,
				what: fmt.Sprintf("The key policy leaves it to the account whether %s may change it.", nameOf(c)),
				fix:  "Make sure that an identity policy allows kms:PutKeyPolicy, or KMS refuses the policy."})
		}
	}
	return list
}

func (j *judge) deniedToAll() []hit {
	var list []hit
	for s := range j.each(policy.Deny) {
		if !covers(s, putKeyPolicy) || len(s.Conditions) > 0 || !s.Resource.Present {
			continue
		}
		root := slices.ContainsFunc(s.Principal.List, j.isRoot)
		if s.Principal.Not && !root || !s.Principal.Not && (root || everyone(s)) {
			list = append(list, hit{statement: s, action: putKeyPolicy,
				what: "it denies administration to everybody, the root user included, who can then not remove it.",
				fix:  "Deny only what must not happen, and never kms:PutKeyPolicy without a condition."})
		}
	}
	return list
}

// volatileKeys change with the machine, the network or the time of a call.
var volatileKeys = []string{
	"aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp", "aws:MultiFactorAuthPresent",
	"aws:MultiFactorAuthAge", "aws:CurrentTime", "aws:EpochTime", "aws:UserAgent", "aws:TokenIssueTime",
}

func (j *judge) volatile() []hit {
	var last *policy.Statement
	for s := range j.each(policy.Allow) {
		if !covers(s, putKeyPolicy) {
			continue
		}
		if len(conditionsOn(s, volatileKeys...)) == 0 {
			return nil
		}
		last = s
	}
	if last == nil {
		return nil
	}
	return []hit{{statement: last, action: putKeyPolicy,
		what: fmt.Sprintf("every statement that allows administration demands %s; other machines, or the same one later, "+
			"are locked out.", conditionsOn(last, volatileKeys...)[0].Key),
		fix: "Allow administration without such a condition to one role at least."}}
}
