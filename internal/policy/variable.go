package policy

import "strings"

// env is what is known about a request while statements of one policy are compared with it.
type env struct {
	facts map[string][]string // condition keys, names in lower case; an empty list says that the key is absent

	// open tells whether a key that is not among the facts may have any value. It is nil where the facts are all
	// there is.
	open func(key string) bool

	variables bool // policy variables work: the policy has Version2012
}

// in is the same request seen from p, whose version says whether policy variables work.
func (e *env) in(p *Policy) *env {
	inside := *e
	inside.variables = p.Version == Version2012
	return &inside
}

// values are those of a condition key in lower case. known is false when they may be any.
func (e *env) values(key string) (values []string, known bool) {
	values, known = e.facts[key]
	return values, known || e.open == nil || !e.open(key)
}

// expand reads text as a pattern with policy variables, if they work. The answer is no when a variable has no value
// and no default: then nothing matches; maybe when its value is not known.
//
// Source: IAM User Guide, "IAM policy elements: Variables and tags". Default values are written ${key, 'default'};
// ${*}, ${?} and ${$} are the characters themselves.
func (e *env) expand(text string) (pattern, truth) {
	if !e.variables || !strings.Contains(text, "${") {
		return patternOf(text), yes
	}
	var p pattern
	found := yes
	for {
		before, rest, more := strings.Cut(text, "${")
		if more = more && strings.Contains(rest, "}"); !more {
			return append(p, patternOf(text)...), found
		}
		p = append(p, patternOf(before)...)
		v, after, ok := readVariable(rest)
		if !ok {
			p = append(p, '$', '{')
			text = rest
			continue
		}
		value, t := e.variable(v)
		found = min(found, t)
		if p = append(p, []rune(value)...); len(p) > maxExpanded {
			return nil, no
		}
		text = after
	}
}

// maxExpanded bounds a pattern with its variables filled in, in characters. A longer one would match only values that
// are longer than any policy, and a few thousand variables of a long value must not fill the memory.
const maxExpanded = 2 * MaxIdentityBytes

type variable struct {
	key        string
	fallback   string
	hasDefault bool
}

// readVariable reads what follows "${". ok is false for what is no variable; it then stands for itself.
func readVariable(s string) (v variable, rest string, ok bool) {
	end := strings.IndexAny(s, ",}")
	if end < 1 {
		return v, "", false
	}
	v.key = strings.TrimSpace(s[:end])
	if s[end] == '}' {
		return v, s[end+1:], v.key != ""
	}
	s, quoted := strings.CutPrefix(strings.TrimLeft(s[end+1:], " "), "'")
	if !quoted {
		return v, "", false
	}
	fallback, s, closed := strings.Cut(s, "'")
	s, ends := strings.CutPrefix(strings.TrimLeft(s, " "), "}")
	v.fallback, v.hasDefault = fallback, true
	return v, s, closed && ends
}

// variable gives the value of v. Only keys with one value can be variables.
func (e *env) variable(v variable) (string, truth) {
	if v.key == "*" || v.key == "?" || v.key == "$" {
		return v.key, yes
	}
	key := strings.ToLower(v.key)
	values, known := e.values(key)
	switch {
	case multiValued(key):
	case !known:
		return "", maybe
	case len(values) == 1:
		return values[0], yes
	}
	return v.fallback, truthOf(v.hasDefault)
}
