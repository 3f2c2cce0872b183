package policy

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Context is what the spelling of a policy depends on besides its text.
type Context struct {
	Partition string // of the account, such as "aws-cn"; "" means "aws"
	KeyARN    string // of the key that has the policy; "" while it does not exist
}

// Canonical is a policy with one spelling for each meaning, as far as spelling is concerned:
//
//   - Version is written out;
//   - "*" is {"AWS": "*"}, an account id is the ARN of its root, principals are sorted;
//   - actions and condition keys are in lower case, actions covered by a wider one of their list are left out;
//   - the key's own ARN is "*", where all actions are KMS actions;
//   - ArnEquals is ArnLike, addresses are networks, TRUE is true, values are sorted;
//   - nothing is listed twice.
//
// Unique ids stay: KMS shows one when the role it stands for was deleted, which is a difference that matters.
type Canonical struct {
	Version    string
	ID         string
	Statements []Statement // in written order, repeated ones included, for display

	bodies     []string // of Statements: encodes all but Sid
	structural []string // set of bodies with their Sids, sorted
	semantic   []string // set of bodies, sorted
}

// Canonical returns the canonical form of p, which stays as it is.
func (p *Policy) Canonical(ctx Context) *Canonical {
	c := &Canonical{
		Version:    cmp.Or(p.Version, Version2008),
		ID:         p.ID,
		Statements: make([]Statement, len(p.Statements)),
		bodies:     make([]string, len(p.Statements)),
		structural: make([]string, len(p.Statements)),
	}
	for i := range p.Statements {
		s := canonicalStatement(p.Statements[i], ctx)
		c.Statements[i] = s
		c.bodies[i] = string(encodeBody(nil, &s))
		c.structural[i] = withSid(s.Sid, c.bodies[i])
	}
	c.semantic = slices.Clone(c.bodies)
	slices.Sort(c.semantic)
	c.semantic = slices.Compact(c.semantic)
	slices.Sort(c.structural)
	c.structural = slices.Compact(c.structural)
	return c
}

func canonicalStatement(s Statement, ctx Context) Statement {
	s.Principal = canonicalPrincipals(s.Principal, ctx)
	s.Action.List = canonicalActions(s.Action.List)
	s.Resource.List = canonicalResources(&s, ctx)
	s.Conditions = canonicalConditions(s.Conditions)
	return s
}

func canonicalPrincipals(e PrincipalElement, ctx Context) PrincipalElement {
	e.Bare = false
	e.List = slices.Clone(e.List)
	for i := range e.List {
		if p := &e.List[i]; p.Type == AWS && isAccountID(p.Value) {
			p.Value = "arn:" + cmp.Or(ctx.Partition, "aws") + ":iam::" + p.Value + ":root"
		}
	}
	slices.SortFunc(e.List, func(a, b Principal) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Offset, b.Offset))
	})
	e.List = slices.CompactFunc(e.List, func(a, b Principal) bool { return a.Type == b.Type && a.Value == b.Value })
	return e
}

// canonicalValues returns list with each text changed by spell, sorted, without repetitions.
func canonicalValues(list []Value, spell func(string) string) []Value {
	list = slices.Clone(list)
	for i := range list {
		list[i].Text = spell(list[i].Text)
	}
	slices.SortFunc(list, func(a, b Value) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Offset, b.Offset))
	})
	return slices.CompactFunc(list, func(a, b Value) bool { return a.Text == b.Text })
}

func same(s string) string { return s }

// canonicalActions serves Action and NotAction alike: either is about the union of its list.
func canonicalActions(list []Value) []Value {
	list = canonicalValues(list, func(s string) string { return oneWildcard(strings.ToLower(s)) })
	return withoutCovered(list)
}

// canonicalResources takes s with canonical actions. KMS reads "*" in a key policy as "this key"; for an action of
// another service, or all of them, the two are kept apart.
//
// Source: KMS Developer Guide, "Key policies in AWS KMS", Resource.
func canonicalResources(s *Statement, ctx Context) []Value {
	keyActions := s.Action.Present && !s.Action.Not && !s.Resource.Not && ctx.KeyARN != ""
	for _, a := range s.Action.List {
		keyActions = keyActions && strings.HasPrefix(a.Text, "kms:")
	}
	return canonicalValues(s.Resource.List, func(text string) string {
		if keyActions && text == ctx.KeyARN {
			return "*"
		}
		return text
	})
}

// canonicalConditions keeps two conditions on one key apart even if only the case of the key differed: both must
// hold, so their values must not become one list of alternatives.
func canonicalConditions(conditions []Condition) []Condition {
	list := slices.Clone(conditions)
	for i := range list {
		c := &list[i]
		c.Key = strings.ToLower(c.Key)
		spell := same
		switch c.Operator.Name {
		case "ArnEquals":
			c.Operator.Name = "ArnLike"
		case "ArnNotEquals":
			c.Operator.Name = "ArnNotLike"
		case "Bool", "Null":
			spell = canonicalBool
		case "IpAddress", "NotIpAddress":
			spell = canonicalNetwork
		}
		c.Values = canonicalValues(c.Values, spell)
	}
	slices.SortFunc(list, compareConditions)
	return slices.CompactFunc(list, func(a, b Condition) bool { return compareConditions(a, b) == 0 })
}

func compareConditions(a, b Condition) int {
	ifExists := func(o Operator) int {
		if o.IfExists {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(a.Operator.Name, b.Operator.Name),
		cmp.Compare(a.Operator.Set, b.Operator.Set),
		cmp.Compare(ifExists(a.Operator), ifExists(b.Operator)),
		cmp.Compare(a.Key, b.Key),
		slices.CompareFunc(a.Values, b.Values, func(x, y Value) int { return cmp.Compare(x.Text, y.Text) }),
	)
}

func canonicalBool(s string) string {
	if lower := strings.ToLower(s); lower == "true" || lower == "false" {
		return lower
	}
	return s
}

// canonicalNetwork spells an address or a network as a network without host bits; anything else stays.
func canonicalNetwork(s string) string {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked().String()
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()).String()
	}
	return s
}

// encodeBody appends an encoding of a canonical statement, its Sid left out. Every string carries its length, so
// different statements never have the same encoding.
func encodeBody(b []byte, s *Statement) []byte {
	b = encodeString(b, string(s.Effect))
	b = encodeCount(b, s.Principal.Not, len(s.Principal.List))
	for _, p := range s.Principal.List {
		b = encodeString(b, string(p.Type))
		b = encodeString(b, p.Value)
	}
	for _, e := range [...]*ListElement{&s.Action, &s.Resource} {
		b = encodeCount(b, e.Not, len(e.List))
		b = encodeValues(b, e.List)
	}
	b = encodeCount(b, false, len(s.Conditions))
	for _, c := range s.Conditions {
		b = encodeString(b, c.Operator.String())
		b = encodeString(b, c.Key)
		b = encodeCount(b, false, len(c.Values))
		b = encodeValues(b, c.Values)
	}
	return b
}

func encodeValues(b []byte, list []Value) []byte {
	for _, v := range list {
		b = encodeString(b, v.Text)
	}
	return b
}

func encodeCount(b []byte, not bool, n int) []byte {
	if not {
		b = append(b, '!')
	}
	return append(strconv.AppendInt(b, int64(n), 10), ';')
}

func encodeString(b []byte, s string) []byte {
	b = append(strconv.AppendInt(b, int64(len(s)), 10), ':')
	return append(b, s...)
}

func withSid(sid, body string) string {
	return string(encodeString(nil, sid)) + body
}
