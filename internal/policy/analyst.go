package policy

import (
	"encoding/binary"
	"strings"
)

// An Analyst is Can and Uses for many questions about the same policies: it remembers what it worked out about their
// conditions, which most callers and actions share. The answers are those of Can and Uses, until the questions took so
// much work together that it answers Depends sooner.
//
// It keeps the policies it was asked about, and must not be used concurrently.
type Analyst struct {
	ready   map[*Condition]*test // made ready, by where they are written
	tests   map[string]*test     // each content once
	splits  map[string]split
	classes int // in splits
	work    int // of all that was worked out so far
}

// maxKept bounds what is remembered, in conditions and in classes.
const maxKept = 1 << 16

// NewAnalyst returns one that knows nothing yet.
func NewAnalyst() *Analyst {
	return &Analyst{ready: map[*Condition]*test{}, tests: map[string]*test{}, splits: map[string]split{}}
}

// trim forgets everything when it is too much. It must not come between the steps of one analysis.
func (m *Analyst) trim() {
	if len(m.ready) > maxKept || m.classes > maxKept {
		work := m.work
		*m = *NewAnalyst()
		m.work = work
	}
}

// A split is all that a condition key can be, as far as some tests tell it apart.
type split struct {
	classes []class
	all     class // what the classes have in common, the rest in doubt
}

// testOf is that of env, for conditions that are read again and again. Equal conditions give the same test, but for
// those with policy variables: they depend on the request.
func (m *Analyst) testOf(e *env, c *Condition, effect Effect) (*test, truth) {
	if t, known := m.ready[c]; known {
		return t, yes
	}
	t, known := e.testOf(c, effect)
	if e.variables && t.kind.isText() && t.op.Name != "Bool" {
		for _, v := range c.Values {
			if strings.Contains(v.Text, "${") {
				return t, known
			}
		}
	}
	content := string(t.content())
	if same, seen := m.tests[content]; seen {
		t = same
	} else {
		t.number = len(m.tests) + 1
		m.tests[content] = t
	}
	m.ready[c] = t
	return t, known
}

// content encodes what makes t answer as it does.
func (t *test) content() []byte {
	b := encodeString(nil, t.key)
	b = encodeString(b, t.op.String())
	if t.kind == noValue {
		b = encodeString(b, string(t.effect))
	}
	for _, v := range t.values {
		b = encodeString(b, v)
	}
	for _, p := range t.patterns {
		b = encodeCount(b, false, len(p))
		for _, r := range p {
			b = binary.AppendVarint(b, int64(r))
		}
	}
	return b
}

// split works out the classes of a variable, or finds them: variables with the same tests have the same.
func (m *Analyst) split(v *variableKey, suffix string) {
	key := encodeString(nil, v.key)
	key = encodeString(key, suffix)
	key = binary.AppendUvarint(key, v.uncertain)
	for _, t := range v.tests {
		if t.number == 0 {
			v.split = m.newSplit(v, suffix)
			return
		}
		key = binary.AppendUvarint(key, uint64(t.number))
	}
	known, seen := m.splits[string(key)]
	if !seen {
		known = m.newSplit(v, suffix)
		m.classes += len(known.classes)
		m.splits[string(key)] = known
	}
	v.split = known
}

func (m *Analyst) newSplit(v *variableKey, suffix string) split {
	s := v.newSplit(suffix, m.work > maxWorkOfAll)
	m.work += v.work
	return s
}
