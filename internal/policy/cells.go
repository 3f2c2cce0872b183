package policy

import (
	"slices"
	"strings"
)

// A variableKey is a condition key of which the request does not say what it is, or whether unknown policies allow.
// Its classes cover all it can be: two values are in one class when no condition tells them apart.
type variableKey struct {
	name string // as the policy spells it
	key  string // in lower case

	tests     []*test
	uncertain uint64 // of which tests: a policy variable in them has no known value
	work      int    // to tell the classes apart: characters compared, about

	split

	policy  PolicyKind // of unknown policies
	control int        // which service control policy
}

// A class is values that all tests of a variable answer alike. Bit i belongs to test i.
type class struct {
	met    uint64
	doubt  uint64 // which of met are not known
	values []string
	absent bool

	unknown bool // the values could not be worked out; values is empty
}

// maxTests is how many tests of one key are told apart.
const maxTests = 64

// add returns the bit of t, or of the same test added before. ok is false when there are too many.
func (v *variableKey) add(t *test, uncertain bool) (bit uint64, ok bool) {
	for i, known := range v.tests {
		if v.uncertain>>i&1 == 0 && !uncertain && (known == t || known.number*t.number == 0 && known.same(t)) {
			return 1 << i, true
		}
	}
	if len(v.tests) == maxTests {
		return 0, false
	}
	bit = 1 << len(v.tests)
	v.tests = append(v.tests, t)
	if uncertain {
		v.uncertain |= bit
	}
	return bit, true
}

func (t *test) same(other *test) bool {
	return t.op == other.op && (t.kind != noValue || t.effect == other.effect) &&
		slices.Equal(t.values, other.values) &&
		slices.EqualFunc(t.patterns, other.patterns, slices.Equal[pattern])
}

// newSplit works out the classes. suffix is how all values end after at least one character, "" if they may be any.
// Tired, it does not look at what values there are.
func (v *variableKey) newSplit(suffix string, tired bool) split {
	var s split
	if !alwaysPresent[v.key] {
		s.classes = append(s.classes, class{met: v.met(nil), absent: true})
	}
	if tired {
		s.classes = append(s.classes, v.anything())
	} else {
		s.classes = append(s.classes, v.present(suffix)...)
	}
	common := ^uint64(0)
	s.all.met = s.classes[0].met
	for _, c := range s.classes {
		common &^= (c.met ^ s.all.met) | c.doubt
	}
	s.all.doubt = ^common
	return s
}

// met has the bits of the tests that values pass.
func (v *variableKey) met(values []string) uint64 {
	var bits uint64
	for i, t := range v.tests {
		if t.on(values) {
			bits |= 1 << i
		}
	}
	return bits
}

// present works out the classes of a key that is present.
func (v *variableKey) present(suffix string) []class {
	candidates, ok := v.candidates(suffix)
	if !ok || len(candidates)*v.size() > maxComparisons {
		return []class{v.anything()}
	}
	v.work += len(candidates) * v.size()
	var singles []class
	seen := map[uint64]bool{}
	for _, value := range candidates {
		c := class{met: v.met([]string{value}) &^ v.uncertain, doubt: v.uncertain, values: []string{value}}
		if !seen[c.met] {
			seen[c.met] = true
			singles = append(singles, c)
		}
	}
	if v.isSet() {
		if singles, ok = v.sets(singles, seen); !ok {
			return []class{v.anything()}
		}
	}
	return singles
}

// maxComparisons bounds the work for one key: values tried, times the characters and values they are compared with.
const maxComparisons = 1 << 22

func (v *variableKey) size() int {
	n := 1
	for _, t := range v.tests {
		n += 8 * len(t.values) // one takes about as long as a few characters of text
		for _, p := range t.patterns {
			n += len(p)
		}
	}
	return n
}

// isSet tells whether the key may have several values. A set operator is taken for a sign of it. An encryption context
// may have two names that differ only in letter case.
func (v *variableKey) isSet() bool {
	return multiValued(v.key) || strings.HasPrefix(v.key, encryptionContextPrefix) ||
		slices.ContainsFunc(v.tests, func(t *test) bool { return t.op.Set != OneValue })
}

// maxSets bounds the classes of a key with several values.
const maxSets = 256

// sets adds to the classes of single values those of all sets of values. What a test says of a set follows from what
// it says of each value.
func (v *variableKey) sets(classes []class, seen map[uint64]bool) ([]class, bool) {
	var ofAll uint64
	for i, t := range v.tests {
		if t.kind != existence && t.kind != noValue && t.ofAll() {
			ofAll |= 1 << i
		}
	}
	singles := len(classes)
	for i := 0; i < len(classes); i++ {
		for j := range singles {
			a, b := classes[i], classes[j]
			met := a.met&b.met&ofAll | (a.met|b.met)&^ofAll
			if seen[met] {
				continue
			}
			if len(classes) >= maxSets { // single values alone may be more
				return nil, false
			}
			seen[met] = true
			values := append(slices.Clone(a.values), b.values...)
			classes = append(classes, class{met: met, doubt: v.uncertain, values: values})
		}
	}
	return classes, true
}

// anything is the class of all values: only the tests that do not look at the value are certain.
func (v *variableKey) anything() class {
	c := class{met: v.met([]string{""}), unknown: true}
	for i, t := range v.tests {
		if t.kind != existence && t.kind != noValue {
			c.doubt |= 1 << i
		}
	}
	return c
}

// maxCandidates bounds the values tried for one key.
const maxCandidates = 1024

// candidates are values of which at least one is in each class of single values. ok is false when that cannot be
// promised: the operators read the value in different ways, or there are too many classes.
func (v *variableKey) candidates(suffix string) (list []string, ok bool) {
	if booleans[v.key] {
		return []string{"true", "false"}, true
	}
	kind := existence
	for _, t := range v.tests {
		k := t.kind
		if k.isText() {
			k = exactText
		}
		switch {
		case k == existence, k == noValue:
		case kind != existence && kind != k:
			return nil, false
		default:
			kind = k
		}
	}
	if v.size() > maxComparisons/8 {
		return nil, false
	}
	switch kind {
	case numberValue:
		list = v.numbers()
	case dateValue:
		list = v.dates()
	case networkValue:
		list = v.addresses()
	case binaryValue:
		list = v.binaries()
	default:
		return v.texts(suffix)
	}
	return list, len(list) <= maxCandidates
}
