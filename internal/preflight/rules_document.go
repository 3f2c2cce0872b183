package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// document are the rules about the text and about statements that do nothing, or more than they seem to.
//
// Source: IAM User Guide, "Grammar of the IAM JSON policy language"; KMS Developer Guide, "Creating a key policy".
func document() []rule {
	return []rule{
		{"KP-501", Error, "The policy is too large", "", (*judge).large},
		{"KP-502", Error, "The policy is malformed", "", (*judge).nothing},
		{"KP-503", Error, "A statement without Action or Resource", "", (*judge).incomplete},
		{"KP-504", Error, "Unknown action", "", (*judge).unknownAction},
		{"KP-505", Warning, "An action of another service", "", (*judge).otherService},
		{"KP-506", Note, "An action without effect in a key policy", "", (*judge).ineffective},
		{"KP-507", Error, "The resource is not this key", "", (*judge).otherResource},
		{"KP-508", Warning, "Allow with NotAction", "", (*judge).allowNotAction},
		{"KP-509", Warning, "A Deny statement takes all of an Allow away", "", (*judge).unreachable},
		{"KP-510", Note, "A statement adds nothing", "", (*judge).redundant},
		{"KP-511", Note, "Two statements are called or written the same", "", (*judge).duplicates},
		{"KP-512", Warning, "The policy is not of Version 2012-10-17", "", (*judge).oldVersion},
		{"KP-513", Warning, "An element without meaning, or one twice", "", (*judge).nothing},
		{"KP-514", Warning, "One principal both administers and uses the key", "", (*judge).bothDuties},
		{"KP-515", Note, "Everyone is spelt in a way that KMS changes", "", (*judge).bareStar},
	}
}

func (j *judge) large() []hit {
	if len(j.Input.Policy) <= nearlyFull {
		return nil
	}
	return []hit{{as: new(Warning),
		what: fmt.Sprintf("The policy has %d bytes; KMS takes %d.", len(j.Input.Policy), policy.MaxBytes),
		fix:  "List roles by a pattern under aws:PrincipalArn, or give them access by identity policies."}}
}

func (j *judge) incomplete() []hit {
	var list []hit
	for s := range j.all() {
		if !s.Action.Present {
			list = append(list, hit{statement: s, what: "it has no Action; KMS takes it and ignores it.",
				fix: "Add its actions."})
		}
		if !s.Resource.Present {
			list = append(list, hit{statement: s, what: "it has no Resource; KMS takes it and ignores it.",
				fix: `Add "Resource": "*".`})
		}
	}
	return list
}

// eachAction makes findings of the actions that statements list.
func (j *judge) eachAction(check func(action string) (what, fix string)) []hit {
	var list []hit
	for s := range j.all() {
		for _, a := range s.Action.List {
			if what, fix := check(a.Text); what != "" {
				list = append(list, hit{statement: s, action: a.Text, what: what, fix: fix})
			}
		}
	}
	return list
}

// ofKMS tells whether an action is one of KMS, or meant to be.
func ofKMS(action string) bool {
	service, _, named := strings.Cut(strings.ToLower(action), ":")
	return !named || glob(service, "kms")
}

func (j *judge) unknownAction() []hit {
	return j.eachAction(func(action string) (string, string) {
		if !ofKMS(action) || len(expand(action)) > 0 {
			return "", ""
		}
		fix := "Look the name up in the Service Authorization Reference."
		switch near := nearest(action, knownActions); {
		case strings.EqualFold(action, "kms:ReEncrypt"):
			fix = "Write kms:ReEncryptFrom and kms:ReEncryptTo."
		case near != "":
			fix = fmt.Sprintf("Write %s.", near)
		}
		return fmt.Sprintf("KMS has no action %q; the policy is stored and this has no effect.", action), fix
	})
}

func (j *judge) otherService() []hit {
	return j.eachAction(func(action string) (string, string) {
		if ofKMS(action) {
			return "", ""
		}
		return fmt.Sprintf("a key policy is asked about actions of KMS only, never about %q.", action),
			"Put it in an identity policy."
	})
}

func (j *judge) ineffective() []hit {
	return j.eachAction(func(action string) (string, string) {
		known := expand(action)
		if len(known) == 0 || slices.ContainsFunc(known, func(k string) bool {
			return !slices.Contains(inIdentityPolicies, k) && k != "kms:RetireGrant"
		}) {
			return "", ""
		}
		return fmt.Sprintf("%s has no effect in a key policy.", action), "Put it in an identity policy."
	})
}

func (j *judge) otherResource() []hit {
	var list []hit
	for s := range j.all() {
		if !s.Resource.Present || s.Resource.Not || slices.ContainsFunc(s.Resource.List, func(v policy.Value) bool {
			return glob(v.Text, j.key) || strings.Contains(v.Text, "${")
		}) {
			continue
		}
		list = append(list, hit{statement: s,
			what: fmt.Sprintf("%s is not this key; the statement has no effect.", quoted(texts(s.Resource.List))),
			fix:  `Write "Resource": "*", which means the key that has the policy.`})
	}
	return list
}

func (j *judge) allowNotAction() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		if !s.Action.Not {
			continue
		}
		h := hit{statement: s, what: "it allows everything but what it lists, actions to come included.",
			fix: "List in Action what is meant."}
		if covers(s, putKeyPolicy) && !slices.ContainsFunc(s.Principal.List, j.isRoot) {
			h.as, h.action = new(Error), putKeyPolicy
			h.what += " That includes kms:PutKeyPolicy."
		}
		list = append(list, h)
	}
	return list
}

func (j *judge) duplicates() []hit {
	var list []hit
	called, written := map[string]int{}, map[string]int{} // by Sid, by content: number of the first
	canonical := j.policy.Canonical(policy.Context{Partition: j.Partition, KeyARN: j.KeyARN})
	for i := range canonical.Statements {
		s := &j.policy.Statements[i]
		if first := called[s.Sid]; s.Sid != "" && first > 0 {
			list = append(list, hit{statement: s, what: fmt.Sprintf("it has the Sid of statement %d.", first),
				fix: "Give each statement a Sid of its own."})
		}
		content := contentOf(&canonical.Statements[i])
		if first := written[content]; first > 0 {
			list = append(list, hit{statement: s, what: fmt.Sprintf("it says the same as statement %d.", first),
				fix: "Remove one of them."})
		}
		if called[s.Sid] == 0 {
			called[s.Sid] = s.Number()
		}
		if written[content] == 0 {
			written[content] = s.Number()
		}
	}
	return list
}

// contentOf is a canonical statement without its Sid, as text that is the same for equal ones.
func contentOf(s *policy.Statement) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %t", s.Effect, s.Principal.Not)
	for _, p := range s.Principal.List {
		fmt.Fprintf(&b, " %s:%q", p.Type, p.Value)
	}
	for _, e := range []policy.ListElement{s.Action, s.Resource} {
		fmt.Fprintf(&b, " %t %t %q", e.Present, e.Not, texts(e.List))
	}
	for _, c := range s.Conditions {
		fmt.Fprintf(&b, " %s %q %q", c.Operator, c.Key, texts(c.Values))
	}
	return b.String()
}

func (j *judge) oldVersion() []hit {
	if j.policy.Version == policy.Version2012 {
		return nil
	}
	return []hit{{what: "Without a Version, or with 2008-10-17, a policy has no variables, and tools take it for another.",
		fix: `Set "Version": "2012-10-17".`}}
}

func (j *judge) bothDuties() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		if s.Principal.Not || !covers(s, putKeyPolicy) || !covers(s, decrypt) {
			continue
		}
		for _, p := range s.Principal.List {
			c, err := policy.NewCaller(p.Value, "")
			if err != nil || j.isRoot(p) || j.direct(c, putKeyPolicy).level != granted || j.direct(c, decrypt).level != granted {
				continue
			}
			list = append(list, hit{statement: s, principal: p.Value,
				what: fmt.Sprintf("%s may both change the policy and decrypt.", p.Value),
				fix:  "Let one role administer the key and others use it."})
		}
	}
	return list
}

func (j *judge) bareStar() []hit {
	var list []hit
	for s := range j.all() {
		if s.Principal.Bare {
			list = append(list, hit{statement: s, principal: "*",
				what: `KMS returns "Principal": "*" as {"AWS": "*"}, which tools that compare texts take for a change.`,
				fix:  `Write "Principal": {"AWS": "*"}.`})
		}
	}
	return list
}
