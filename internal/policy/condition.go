package policy

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// A test is one condition made ready to be applied to values of its key.
type test struct {
	key      string // in lower case
	op       Operator
	effect   Effect // of its statement: an operator nobody knows makes an Allow fail and a Deny apply
	kind     valueKind
	negated  bool
	patterns []pattern // of text, policy variables filled in
	values   []string  // of all else, as written
	number   int       // of those that an Analyst knows by their content, from 1; else 0

	// one tells whether a value is one of the condition's, before negation. valid is false for a value of another
	// type, which no operator accepts, not even a negated one.
	one func(value string) (match, valid bool)
}

// valueKind is what an operator compares.
type valueKind int8

const (
	noValue valueKind = iota // the operator is not known
	exactText
	foldedText
	globText
	arnText
	numberValue
	dateValue
	networkValue
	binaryValue
	existence
)

func (k valueKind) isText() bool { return k >= exactText && k <= arnText }

// kindOf says what the operator of that name compares.
func kindOf(name string) valueKind {
	switch {
	case strings.HasSuffix(name, "IgnoreCase"), name == "Bool":
		return foldedText
	case name == "StringLike", name == "StringNotLike":
		return globText
	case name == "StringEquals", name == "StringNotEquals":
		return exactText
	case strings.HasPrefix(name, "Arn"):
		return arnText
	case strings.HasPrefix(name, "Numeric"):
		return numberValue
	case strings.HasPrefix(name, "Date"):
		return dateValue
	case name == "IpAddress", name == "NotIpAddress":
		return networkValue
	case name == "BinaryEquals":
		return binaryValue
	case name == "Null":
		return existence
	}
	return noValue
}

// testOf reads a condition. The answer is maybe when a policy variable in it has a value that is not known.
func (e *env) testOf(c *Condition, effect Effect) (*test, truth) {
	name := c.Operator.Name
	t := &test{key: strings.ToLower(c.Key), op: c.Operator, effect: effect, kind: kindOf(name),
		negated: strings.Contains(name, "Not")}
	known := yes
	switch t.kind {
	case exactText, foldedText, globText, arnText:
		known = t.readPatterns(e, c.Values)
		t.one = t.matchText
		return t, known
	case numberValue:
		t.one = ordered(name, c.Values, parseDecimal, decimal.compare)
	case dateValue:
		t.one = ordered(name, c.Values, parseDate, compareDates)
	case networkValue:
		t.one = inNetworks(c.Values)
	case binaryValue:
		t.one = ordered(name, c.Values, parseBinary, strings.Compare)
	}
	for _, v := range c.Values {
		t.values = append(t.values, v.Text)
	}
	return t, known
}

func (t *test) readPatterns(e *env, values []Value) truth {
	known := yes
	for _, v := range values {
		if t.op.Name == "Bool" {
			if _, ok := parseBool(v.Text); ok {
				t.patterns = append(t.patterns, pattern(strings.ToLower(v.Text)))
			}
			continue
		}
		p, found := e.expand(v.Text)
		switch found {
		case no: // matches nothing
			continue
		case maybe:
			known = maybe
		}
		switch t.kind {
		case exactText:
			p = p.taken()
		case foldedText:
			p = pattern(fold(p.literal()))
		}
		t.patterns = append(t.patterns, p)
	}
	return known
}

// fold spells text in one letter case.
func fold(s string) string { return strings.Map(unicode.ToLower, s) }

func (t *test) matchText(value string) (match, valid bool) {
	if t.kind == foldedText {
		value = fold(value)
	}
	s := []rune(value)
	return slices.ContainsFunc(t.patterns, func(p pattern) bool {
		switch t.kind {
		case globText:
			return p.match(s)
		case arnText:
			return p.matchARN(s)
		}
		return slices.Equal(p, s)
	}), true
}

// ordered serves the operators that compare values for equality or order, read by parse.
func ordered[T any](name string, values []Value, parse func(string) (T, bool), compare func(T, T) int,
) func(string) (match, valid bool) {
	var limits []T
	for _, v := range values {
		if limit, ok := parse(v.Text); ok {
			limits = append(limits, limit)
		}
	}
	orEqual := strings.HasSuffix(name, "Equals")
	less, greater := strings.Contains(name, "LessThan"), strings.Contains(name, "GreaterThan")
	return func(value string) (match, valid bool) {
		v, ok := parse(value)
		if !ok {
			return false, false
		}
		return slices.ContainsFunc(limits, func(limit T) bool {
			c := compare(v, limit)
			return c < 0 && less || c > 0 && greater || c == 0 && orEqual
		}), true
	}
}

func inNetworks(values []Value) func(string) (match, valid bool) {
	var networks []netip.Prefix
	for _, v := range values {
		if n, ok := parseNetwork(v.Text); ok {
			networks = append(networks, n)
		}
	}
	return func(value string) (match, valid bool) {
		a, ok := parseAddress(value)
		return ok && slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) }), true
	}
}

// element applies the operator to one value of the key.
func (t *test) element(value string) bool {
	match, valid := t.one(value)
	return valid && match != t.negated
}

// on applies the test to all values of its key; an empty list is an absent key.
//
// Without a set operator, a key with several values satisfies a positive operator if one of them does, and a negated
// one if all of them do.
//
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators"; "Multivalued context keys".
func (t *test) on(values []string) bool {
	switch {
	case t.kind == noValue:
		return t.effect == Deny
	case t.kind == existence:
		return slices.ContainsFunc(t.values, func(v string) bool {
			wantAbsent, ok := parseBool(v)
			return ok && wantAbsent == (len(values) == 0)
		})
	case len(values) == 0:
		return t.op.IfExists || t.op.Set == ForAllValues || t.op.Set == OneValue && t.negated
	case t.ofAll():
		return !slices.ContainsFunc(values, func(v string) bool { return !t.element(v) })
	}
	return slices.ContainsFunc(values, t.element)
}

// ofAll tells whether every value of a key has to pass, not just one.
func (t *test) ofAll() bool { return t.op.Set == ForAllValues || t.op.Set == OneValue && t.negated }
