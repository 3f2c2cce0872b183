package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a key policy of at most MaxBytes bytes of UTF-8.
//
// The error is nil, ErrTooLarge (wrapped), a *SyntaxError, or a *PrincipalError. Faults are looked for in this order:
// size, characters, JSON, grammar, principals; the first one found is returned. Whether principals exist is not known
// here: see Principals.
//
// Source: IAM User Guide, "Grammar of the IAM JSON policy language", with the latitude of the KMS Developer Guide,
// "Creating a key policy": a statement may lack Action or Resource and then has no effect.
func Parse(text string) (*Policy, error) { return parse(text, MaxBytes, keyGrammar) }

func parse(text string, maxBytes int, g grammar) (*Policy, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("parse policy of %d bytes, at most %d: %w", len(text), maxBytes, ErrTooLarge)
	}
	root, err := (&scanner{text: text}).document()
	if err != nil {
		return nil, err
	}
	r := reader{text: text, grammar: g}
	p, err := r.policy(&root)
	if err != nil {
		return nil, err
	}
	if g == identityGrammar {
		return p, nil
	}
	if err := checkPrincipals(p); err != nil {
		err.Line, err.Column = position(text, err.Offset)
		return nil, err
	}
	return p, nil
}

// reader turns nodes into a Policy. where names the statement being read, for messages.
type reader struct {
	text    string
	grammar grammar
	where   string
}

func (r *reader) errorf(offset int, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	if r.where != "" {
		msg = r.where + ": " + msg
	}
	return syntaxError(r.text, offset, msg)
}

func (r *reader) policy(n *node) (*Policy, error) {
	if n.kind != kindObject {
		return nil, r.errorf(n.offset, "a policy is an object, not %v", n.kind)
	}
	p := &Policy{}
	found := false
	for i := range n.members {
		m := &n.members[i]
		var err error
		switch m.name {
		case "Version":
			p.Version, err = r.version(&m.value)
		case "Id":
			p.ID, err = r.string("Id", &m.value)
		case "Statement":
			found = true
			p.Statements, err = r.statements(&m.value)
		default:
			err = r.unknown(m, "Version", "Id", "Statement")
		}
		if err != nil {
			return nil, err
		}
		r.where = ""
	}
	if !found {
		return nil, r.errorf(n.offset, "the policy has no Statement")
	}
	return p, nil
}

func (r *reader) version(n *node) (string, error) {
	v, err := r.string("Version", n)
	if err == nil && v != Version2008 && v != Version2012 {
		err = r.errorf(n.offset, "Version %s is unknown: it is %q or %q", quote(v), Version2012, Version2008)
	}
	return v, err
}

func (r *reader) string(element string, n *node) (string, error) {
	if n.kind != kindString {
		return "", r.errorf(n.offset, "%s is a string, not %v", element, n.kind)
	}
	return n.text, nil
}

// unknown reports a member that is none of known, with the right spelling if only its case is wrong.
func (r *reader) unknown(m *member, known ...string) error {
	for _, k := range known {
		if strings.EqualFold(k, m.name) {
			return r.errorf(m.offset, "unknown element %s: names are case-sensitive, write %q", quote(m.name), k)
		}
	}
	return r.errorf(m.offset, "unknown element %s", quote(m.name))
}

func (r *reader) statements(n *node) ([]Statement, error) {
	nodes := n.items
	switch {
	case n.kind == kindObject:
		nodes = []node{*n}
	case n.kind != kindArray:
		return nil, r.errorf(n.offset, "Statement is an object or an array of objects, not %v", n.kind)
	case len(nodes) == 0:
		return nil, r.errorf(n.offset, "Statement is an empty array")
	}
	var list []Statement
	sids := map[string]bool{}
	for i := range nodes {
		r.where = statementName(i+1, "")
		s, err := r.statement(&nodes[i], i)
		if err == nil {
			err = r.check(&s, sids)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (r *reader) statement(n *node, index int) (Statement, error) {
	s := Statement{Index: index, Offset: n.offset}
	if n.kind != kindObject {
		return s, r.errorf(n.offset, "a statement is an object, not %v", n.kind)
	}
	for i := range n.members { // first, so that every message can name the statement by it
		if m := &n.members[i]; m.name == "Sid" && m.value.kind == kindString {
			s.Sid = m.value.text
			r.where = statementName(s.Number(), s.Sid)
		}
	}
	for i := range n.members {
		if err := r.element(&s, &n.members[i]); err != nil {
			return s, err
		}
	}
	if s.Effect == "" {
		return s, r.errorf(n.offset, "Effect is missing")
	}
	return s, nil
}

// element reads one member of a statement into s.
func (r *reader) element(s *Statement, m *member) (err error) {
	not := strings.HasPrefix(m.name, "Not")
	switch m.name {
	case "Sid":
		s.Sid, err = r.string("Sid", &m.value)
	case "Effect":
		s.Effect, err = r.effect(&m.value)
	case "Principal", "NotPrincipal":
		if s.Principal.Offset != 0 {
			return r.errorf(m.offset, "both Principal and NotPrincipal")
		}
		s.Principal, err = r.principal(&m.value, s.Index)
		s.Principal.Not = not
	case "Action", "NotAction":
		if s.Action.Present {
			return r.errorf(m.offset, "both Action and NotAction")
		}
		s.Action, err = r.list(m)
		s.Action.Not = not
	case "Resource", "NotResource":
		if s.Resource.Present {
			return r.errorf(m.offset, "both Resource and NotResource")
		}
		s.Resource, err = r.list(m)
		s.Resource.Not = not
	case "Condition":
		s.Conditions, err = r.conditions(&m.value)
	default:
		err = r.unknown(m, "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
			"NotResource", "Condition")
	}
	return err
}

func (r *reader) effect(n *node) (Effect, error) {
	e, err := r.string("Effect", n)
	if err == nil && e != string(Allow) && e != string(Deny) {
		err = r.errorf(n.offset, "Effect is %q or %q, not %s", Allow, Deny, quote(e))
	}
	return Effect(e), err
}

// list reads the strings of an Action or Resource element.
func (r *reader) list(m *member) (ListElement, error) {
	e := ListElement{Present: true, Offset: m.value.offset}
	var err error
	e.List, err = r.strings(m.name, &m.value)
	if err == nil && len(e.List) == 0 {
		err = r.errorf(m.value.offset, "%s is an empty array", m.name)
	}
	return e, err
}

func (r *reader) strings(element string, n *node) ([]Value, error) {
	nodes := n.items
	switch n.kind {
	case kindString:
		return []Value{{Text: n.text, Offset: n.offset}}, nil
	case kindArray:
	default:
		return nil, r.errorf(n.offset, "%s is a string or an array of strings, not %v", element, n.kind)
	}
	list := make([]Value, 0, len(nodes))
	for i := range nodes {
		text, err := r.string("each value of "+element, &nodes[i])
		if err != nil {
			return nil, err
		}
		list = append(list, Value{Text: text, Offset: nodes[i].offset})
	}
	return list, nil
}

// principal reads the shape of a principal element; checkPrincipals looks at the values once the grammar is right.
// An empty list becomes one empty value, for checkPrincipals to refuse.
func (r *reader) principal(n *node, statement int) (PrincipalElement, error) {
	e := PrincipalElement{Offset: n.offset}
	add := func(t PrincipalType, text string, offset int) {
		if t == AWS {
			text = strings.TrimSpace(text)
		}
		e.List = append(e.List, Principal{Type: t, Value: text, Statement: statement, Offset: offset})
	}
	switch n.kind {
	case kindString:
		e.Bare = true
		add(AWS, n.text, n.offset)
		return e, nil
	case kindObject:
	default:
		return e, r.errorf(n.offset, "Principal is %q or an object, not %v", "*", n.kind)
	}
	for i := range n.members {
		m := &n.members[i]
		t := PrincipalType(m.name)
		switch t {
		case AWS, Service, Federated, CanonicalUser:
		default:
			return e, r.unknown(m, string(AWS), string(Service), string(Federated), string(CanonicalUser))
		}
		values, err := r.strings(m.name, &m.value)
		if err != nil {
			return e, err
		}
		if len(values) == 0 {
			add(t, "", m.value.offset)
		}
		for _, v := range values {
			add(t, v.Text, v.Offset)
		}
	}
	return e, nil
}

func (r *reader) conditions(n *node) ([]Condition, error) {
	if n.kind != kindObject {
		return nil, r.errorf(n.offset, "Condition is an object, not %v", n.kind)
	}
	var list []Condition
	for i := range n.members {
		m := &n.members[i]
		op, hint, ok := parseOperator(m.name)
		if !ok {
			if hint != "" {
				hint = ": " + hint
			}
			return nil, r.errorf(m.offset, "invalid condition type %s%s", quote(m.name), hint)
		}
		if m.value.kind != kindObject {
			return nil, r.errorf(m.value.offset, "%s takes an object of condition keys, not %v", op, m.value.kind)
		}
		for j := range m.value.members {
			c, err := r.condition(op, &m.value.members[j])
			if err != nil {
				return nil, err
			}
			list = append(list, c)
		}
	}
	return list, nil
}

func (r *reader) condition(op Operator, m *member) (Condition, error) {
	c := Condition{Operator: op, Key: m.name, Offset: m.offset}
	if m.name == "" {
		return c, r.errorf(m.offset, "condition key is empty")
	}
	if what := singleValued(m.name); op.Set == ForAllValues && what != "" {
		err := syntaxError(r.text, m.offset, fmt.Sprintf(overlyPermissive, what, what))
		err.cause = ErrOverlyPermissive
		return c, err
	}
	nodes := m.value.items
	if m.value.kind != kindArray {
		nodes = []node{m.value}
	}
	if len(nodes) == 0 {
		return c, r.errorf(m.value.offset, "condition key %s has an empty array of values", quote(m.name))
	}
	c.Values = make([]Value, 0, len(nodes))
	for i := range nodes {
		switch n := &nodes[i]; n.kind {
		case kindString, kindBool:
			c.Values = append(c.Values, Value{Text: n.text, Offset: n.offset})
		case kindNumber:
			c.Values = append(c.Values, Value{Text: numberText(n.text), Offset: n.offset})
		default:
			return c, r.errorf(n.offset, "a value of condition key %s is a string, a number or a boolean, not %v",
				quote(m.name), n.kind)
		}
	}
	return c, nil
}

// overlyPermissive is the service's text.
//
// Source: KMS Developer Guide, "AWS KMS condition keys", Using condition keys with set operators.
const overlyPermissive = "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued " +
	"condition key matches requests without the specified %s or with an unspecified %s. To fix, remove ForAllValues."

// singleValued says what the service calls the value of a condition key that it refuses under ForAllValues, "" for
// all other keys.
func singleValued(key string) string {
	lower := strings.ToLower(key)
	switch {
	case strings.HasPrefix(lower, "kms:encryptioncontext:"):
		return "encryption context"
	case strings.HasPrefix(lower, "aws:requesttag/"):
		return "tag"
	}
	return ""
}

// numberText is the string form of a JSON number: 5 for 5, 5.0 and 5e0. Whole numbers keep every digit, since an
// account id or an epoch in nanoseconds must not be rounded.
func numberText(literal string) string {
	if !strings.ContainsAny(literal, ".eE") {
		return literal
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return literal
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
