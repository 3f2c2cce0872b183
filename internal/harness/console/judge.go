package console

import (
	"slices"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// A Judge judges key policies by the rules of the plan. It remembers what it found, since a page asks every second and
// a policy seldom changes. The zero Judge is ready; its methods may be called concurrently.
type Judge struct {
	mu    sync.Mutex
	known map[string]judgement // by key ARN
}

type judgement struct {
	policy   string
	findings []Finding
	rules    int
}

// maxJudgements bounds what a Judge remembers.
const maxJudgements = 1000

// Findings are those on the policy of a key, the worst first, and how many rules it was judged by.
func (j *Judge) Findings(keyARN, account, region, partition, policy string) (findings []Finding, rules int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if known, ok := j.known[keyARN]; ok && known.policy == policy {
		return known.findings, known.rules
	}
	in := preflight.Input{Policy: policy, Account: account, Region: region, Partition: partition, KeyARN: keyARN}
	made := judgement{policy: policy, findings: []Finding{}, rules: len(preflight.Rules()) - len(preflight.Unchecked(in))}
	found := preflight.Check(in)
	slices.SortStableFunc(found, func(a, b preflight.Finding) int { return int(b.Severity) - int(a.Severity) })
	for _, f := range found {
		made.findings = append(made.findings, Finding{
			Rule: f.Rule, Severity: f.Severity.String(), Summary: f.Summary, Detail: f.Detail, Principal: f.Principal,
		})
	}
	if j.known == nil || len(j.known) >= maxJudgements {
		j.known = map[string]judgement{}
	}
	j.known[keyARN] = made
	return made.findings, made.rules
}
