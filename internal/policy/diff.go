package policy

import (
	"fmt"
	"slices"
	"strings"
)

// ChangeKind says what happened to a statement, or to the policy as a whole.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
)

// A Change is one difference between two policies, in words that may go into a message: it names statements,
// principals and actions, never conditions, resources or the text.
type Change struct {
	Kind      ChangeKind
	Statement int      // number, from 1, in the policy that has it (the second, unless removed); 0: the policy itself
	Sid       string   // "" when the statement has none
	Details   []string // for Changed: what changed, such as `Action gained "kms:encrypt"`
}

// String is one line, such as `statement 2 ("Ledger users") changed: Action gained "kms:encrypt"`.
func (c Change) String() string {
	name := "policy"
	if c.Statement != 0 {
		name = statementName(c.Statement, c.Sid)
	}
	s := name + " " + string(c.Kind)
	if len(c.Details) > 0 {
		s += ": " + strings.Join(c.Details, "; ")
	}
	return s
}

// Diff says what changed from a to b: first the policy itself, then the statements of b, then those that are gone.
// It is empty exactly when Structural(a, b, ctx). A statement is recognised by its content, else by its Sid, else, if
// it has none, by its number.
func Diff(a, b *Policy, ctx Context) []Change {
	before, after := a.Canonical(ctx), b.Canonical(ctx)
	var changes []Change
	if details := headDetails(before, after); len(details) > 0 {
		changes = append(changes, Change{Kind: Changed, Details: details})
	}
	gone, come := unmatched(before, after), unmatched(after, before)
	partner := pairUp(gone, come)
	for i, s := range come {
		c := Change{Kind: Added, Statement: s.Number(), Sid: s.Sid}
		if old := partner[i]; old != nil {
			c.Kind = Changed
			c.Details = statementDetails(old, s.Statement)
		}
		changes = append(changes, c)
	}
	for _, s := range gone {
		if !slices.Contains(partner, s.Statement) {
			changes = append(changes, Change{Kind: Removed, Statement: s.Number(), Sid: s.Sid})
		}
	}
	return changes
}

func headDetails(before, after *Canonical) []string {
	var details []string
	if before.Version != after.Version {
		details = append(details, fmt.Sprintf("Version from %s to %s", before.Version, after.Version))
	}
	if before.ID != after.ID {
		details = append(details, fmt.Sprintf("Id from %s to %s", quote(before.ID), quote(after.ID)))
	}
	return details
}

// entry is a canonical statement with the encoding of its content.
type entry struct {
	*Statement
	body string
}

// unmatched returns the statements of c that other does not have, each once.
func unmatched(c, other *Canonical) []entry {
	var list []entry
	seen := map[string]bool{}
	for i := range c.Statements {
		s := &c.Statements[i]
		key := withSid(s.Sid, c.bodies[i])
		if _, found := slices.BinarySearch(other.structural, key); !found && !seen[key] {
			seen[key] = true
			list = append(list, entry{s, c.bodies[i]})
		}
	}
	return list
}

// pairUp finds for each statement of come the one of gone that it was before, or nil.
func pairUp(gone, come []entry) []*Statement {
	partner := make([]*Statement, len(come))
	used := make([]bool, len(gone))
	for _, alike := range []func(old, s entry) bool{
		func(old, s entry) bool { return old.body == s.body },
		func(old, s entry) bool { return old.Sid != "" && old.Sid == s.Sid },
		func(old, s entry) bool { return old.Sid == "" && s.Sid == "" && old.Index == s.Index },
	} {
		for i := range come {
			for j := range gone {
				if partner[i] == nil && !used[j] && alike(gone[j], come[i]) {
					partner[i] = gone[j].Statement
					used[j] = true
				}
			}
		}
	}
	return partner
}

func statementDetails(old, s *Statement) []string {
	details := contentDetails(old, s)
	if old.Sid != s.Sid {
		details = append(details, fmt.Sprintf("Sid was %s", quote(old.Sid)))
	}
	return details
}

// contentDetails compares two canonical statements, their Sids left out. It is empty when their encodings are equal.
func contentDetails(old, s *Statement) []string {
	var details []string
	if old.Effect != s.Effect {
		details = append(details, fmt.Sprintf("Effect from %s to %s", old.Effect, s.Effect))
	}
	was, is := elementName("Principal", old.Principal.Not), elementName("Principal", s.Principal.Not)
	details = append(details, listDetails(was, is, principalTexts(old), principalTexts(s))...)
	was, is = elementName("Action", old.Action.Not), elementName("Action", s.Action.Not)
	details = append(details, listDetails(was, is, texts(old.Action.List), texts(s.Action.List))...)
	if old.Resource.Not != s.Resource.Not || !slices.Equal(texts(old.Resource.List), texts(s.Resource.List)) {
		details = append(details, "Resource differs")
	}
	if !slices.EqualFunc(old.Conditions, s.Conditions, func(a, b Condition) bool {
		return compareConditions(a, b) == 0
	}) {
		details = append(details, "Condition differs")
	}
	return details
}

func elementName(name string, not bool) string {
	if not {
		return "Not" + name
	}
	return name
}

func principalTexts(s *Statement) []string {
	var list []string
	for _, p := range s.Principal.List {
		if p.Type == AWS {
			list = append(list, p.Value)
		} else {
			list = append(list, string(p.Type)+" "+p.Value)
		}
	}
	return list
}

func texts(list []Value) []string {
	var s []string
	for _, v := range list {
		s = append(s, v.Text)
	}
	return s
}

func listDetails(was, is string, old, list []string) []string {
	var details []string
	if was != is {
		details = append(details, was+" became "+is)
	}
	if gained := without(list, old); len(gained) > 0 {
		details = append(details, is+" gained "+enumerate(gained))
	}
	if lost := without(old, list); len(lost) > 0 {
		details = append(details, is+" lost "+enumerate(lost))
	}
	return details
}

func without(list, other []string) []string {
	have := make(map[string]bool, len(other))
	for _, s := range other {
		have[s] = true
	}
	var rest []string
	for _, s := range list {
		if !have[s] {
			rest = append(rest, s)
		}
	}
	return rest
}

// enumerate keeps a message readable when a policy lists hundreds of principals.
func enumerate(list []string) string {
	const most = 5
	var quoted []string
	for _, s := range list[:min(most, len(list))] {
		quoted = append(quoted, quote(s))
	}
	s := strings.Join(quoted, ", ")
	if len(list) > most {
		s += fmt.Sprintf(" and %d more", len(list)-most)
	}
	return s
}
