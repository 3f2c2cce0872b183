package comparison_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

var update = flag.Bool("update", false, "write testdata/verdicts.txt anew")

// allowAll is what the plan takes for identity policies that it does not know, when it asks what is possible at most.
var allowAll = func() *policy.Policy {
	p, err := policy.ParseIdentity(all)
	if err != nil {
		panic(err) // our own text
	}
	return p
}()

// A verdict is what the plan says of one capability of one caller.
type verdict struct {
	byKey policy.Verdict // with any identity policies, for Never; with none, for Always
	known policy.Verdict // with the caller's identity policies
	told  bool           // whether it is allowed, once everything is known
	why   string         // for never, the reason
}

// judge asks package policy about all requests of a capability.
func (p *play) judge(analyst *policy.Analyst, c *capability, a *actor, key *policy.Policy) verdict {
	v := verdict{byKey: policy.Always, known: policy.Always, told: true}
	for _, q := range c.asks {
		r := p.request(a, q, key)
		known := analyst.Can(r, policy.Assumptions{})
		v.known = worse(v.known, known.Verdict)
		if known.Verdict == policy.Never {
			v.why = string(known.Reason)
		}
		v.told = v.told && policy.Decide(p.circumstances(a, q, r)).Allowed
		least, most := r, r
		if !q.itself {
			least.Policies.Identity, most.Policies.Identity = nil, []*policy.Policy{allowAll}
		}
		switch {
		case analyst.Can(most, policy.Assumptions{}).Verdict == policy.Never:
			v.byKey = policy.Never
		case analyst.Can(least, policy.Assumptions{}).Verdict != policy.Always:
			v.byKey = worse(v.byKey, policy.Depends)
		}
	}
	return v
}

func worse(a, b policy.Verdict) policy.Verdict {
	order := []policy.Verdict{policy.Always, policy.Depends, policy.Never}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// letter is how verdicts.txt shows a verdict with the harness's answer; "!" where they disagree.
func (v verdict) letter(allowed bool) byte {
	switch {
	case allowed != v.told, v.known == policy.Always && !allowed, v.known == policy.Never && allowed,
		v.byKey == policy.Always && !allowed, v.byKey == policy.Never && allowed:
		return '!'
	case v.byKey == policy.Always:
		return 'A'
	case v.byKey == policy.Never:
		return '.'
	case v.known == policy.Always:
		return 'a'
	case v.known == policy.Never:
		return 'n'
	case allowed:
		return '+'
	}
	return '-'
}

// A result is one line of verdicts.txt, with what goes with it.
type result struct {
	line          string
	disagreements []string
	counts        map[byte]int
}

// TestPlanAndHarness compares, for every policy of the table, what the plan says with what the harness does.
func TestPlanAndHarness(t *testing.T) {
	t.Parallel()
	table := shapes(t)
	if len(table) < 200 {
		t.Fatalf("got %d policies, want 200 at least", len(table))
	}
	results := make([]result, len(table))
	var wg sync.WaitGroup
	chunks := make(chan int)
	const size = 12 // policies on one harness: each new ledger is held against all others
	for range 2 {
		wg.Go(func() {
			for from := range chunks {
				to := min(from+size, len(table))
				perform(t, table[from:to], results[from:to])
			}
		})
	}
	for from := 0; from < len(table); from += size {
		chunks <- from
	}
	close(chunks)
	wg.Wait()

	var lines, disagreements []string
	counts := map[byte]int{}
	for _, r := range results {
		lines = append(lines, r.line)
		disagreements = append(disagreements, r.disagreements...)
		for letter, n := range r.counts {
			counts[letter] += n
		}
	}
	golden(t, "testdata/verdicts.txt", legend+strings.Join(lines, "\n")+"\n")
	want := explained(t)
	compareLists(t, want, disagreements)
	for _, letter := range "Aan.+-" {
		if counts[byte(letter)] < 50 {
			t.Errorf("%d answers are %q: the policies are too much alike to show anything", counts[byte(letter)], letter)
		}
	}
	t.Logf("%d policies, %d answers, %d disagreements", len(table), total(counts), len(disagreements))
}

// perform puts the policies on keys of one harness and tries everything.
func perform(t *testing.T, table []shape, results []result) {
	s := newStage(t, 8*len(table))
	defer s.close()
	plays := make([]*play, len(table))
	for i, one := range table {
		plays[i] = &play{stage: s, shape: one, ledger: fmt.Sprintf("ledger%d", i)}
		plays[i].prepare()
	}
	s.advance(2 * time.Second)
	for _, p := range plays {
		p.act()
	}
	s.advance(2 * keyCache)
	for i, p := range plays {
		results[i] = p.finish()
	}
}

// compareLists compares the disagreements that are known with those that there are.
func compareLists(t *testing.T, want, got []string) {
	t.Helper()
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("not in testdata/disagreements.txt, with why it is so: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("in testdata/disagreements.txt, but there is no such disagreement: %s", line)
		}
	}
}

func total(counts map[byte]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// act tries everything under the policy.
func (p *play) act() {
	p.result.counts = map[byte]int{}
	p.answers = map[string]bool{} // by capability and caller
	if p.started = p.start(); !p.started {
		return
	}
	var err error
	if p.parsed, err = policy.Parse(p.text); err != nil {
		p.disagree("the harness takes the policy, the parser refuses it: %v", err)
		return
	}
	analyst := policy.NewAnalyst()
	for i := range capabilities {
		c := &capabilities[i]
		cells := ""
		for name := range strings.FieldsSeq(c.who) {
			a := p.actor(name)
			cells += p.one(analyst, c, a, c.try(p, a))
		}
		p.line += " " + c.name + " " + cells
	}
}

// one compares the answer to one caller with the verdict on it.
func (p *play) one(analyst *policy.Analyst, c *capability, a *actor, err error) string {
	if err != nil && !refused(err) {
		p.t.Errorf("%s: %s of %s: %v", p.name, c.name, a.name, err)
	}
	p.answers[c.name+" "+a.name] = err == nil
	v := p.judge(analyst, c, a, p.parsed)
	letter := v.letter(err == nil)
	if letter == '!' {
		p.disagree("%s %s: the plan says %s, once all is known %t; the harness says %t", a.name, c.name, v.known, v.told,
			err == nil)
	}
	p.counts[letter]++
	return string(letter)
}

// finish looks at the ledger after QLDB has tried its key again, and at what was to be expected.
func (p *play) finish() result {
	if p.started {
		works := &capability{name: "works", asks: []ask{opening}}
		p.line += " works " + p.one(policy.NewAnalyst(), works, p.actor("root"), p.impaired())
		p.compareExpectations()
	} else {
		p.line = " refused"
	}
	p.compareFindings()
	p.line = p.name + ":" + p.line
	return p.result
}

func (p *play) disagree(format string, args ...any) {
	p.disagreements = append(p.disagreements, p.name+": "+fmt.Sprintf(format, args...))
}

// refused tells whether an error says that the caller may not do it.
func refused(err error) bool {
	c := code(err)
	return c == "AccessDeniedException" || c == "InvalidParameterException" && strings.Contains(err.Error(), "KMS")
}

// compareExpectations compares what a reader of the document expects with what the harness did.
func (p *play) compareExpectations() {
	for _, side := range []struct {
		expected map[string][]string
		want     bool
	}{{p.yes, true}, {p.no, false}} {
		for name, who := range side.expected {
			for _, a := range who {
				got, tried := p.answers[name+" "+a]
				switch {
				case !tried:
					p.t.Errorf("%s: nobody tries %s as %s", p.name, name, a)
				case got != side.want:
					p.disagree("%s %s: a reader expects %t, the harness says %t", a, name, side.want, got)
				}
			}
		}
	}
}

const legend = `# What the callers of policies.txt can do, by policy: what plan and harness answer, in one letter.
# A allowed by the key policy alone. a allowed, with the caller's identity policies. n never, with the caller's identity
# policies. "." never, whatever the caller's identity policies. + depends on what no plan knows, and was allowed here;
# - likewise, and was refused here. ! the two disagree, see disagreements.txt.
# Callers, in this order: put: root admin reader nobody; describe: reader nobody guest; grant: admin reader nobody;
# decrypt: root admin reader writer nobody partner guest stranger scoped bounded grantee; generate: reader partner
# bounded; read: admin reader writer nobody scoped bounded grantee; ledger: admin writer nobody partner.
# works: whether QLDB itself can use the key.
`

// golden compares with a file, or writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s, which -update writes anew (-want +got):\n%s", path, diff)
	}
}

// explained lists the disagreements that are known. Each follows a comment that says why it is so.
func explained(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("testdata/disagreements.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	why := ""
	for line := range strings.Lines(string(raw)) {
		switch line = strings.TrimSpace(line); {
		case line == "":
			why = ""
		case strings.HasPrefix(line, "#"):
			why += line
		default:
			if why == "" {
				t.Errorf("%q is not explained", line)
			}
			list = append(list, line)
		}
	}
	return list
}
