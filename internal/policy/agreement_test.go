package policy_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A dispute is a question for both engines: a request that is not known completely, and ways to complete it.
type dispute struct {
	*rand.Rand
	request policy.Request
	assume  policy.Assumptions
	analyst *policy.Analyst // that has answered other questions before
	keys    []string
	values  map[string][]string
	sets    map[string]bool
}

func newDispute(t *testing.T, r *rand.Rand, analyst *policy.Analyst) *dispute {
	t.Helper()
	d := &dispute{Rand: r, analyst: analyst, request: policy.Request{
		Caller: callerOf(t, pick(r, "s(ledger-reader/s1)", "s(ledger-reader/s1)", "r(ledger-reader)", "u(alice)",
			"root(A)", "s(B:ext/s1)")),
		Action:   pick(r, actionPool...),
		Resource: keyARN,
		Policies: policy.Policies{Key: randomPolicy(t, r, true, true)},
	}}
	p := &d.request.Policies
	if r.IntN(2) == 0 {
		p.Identity = []*policy.Policy{randomPolicy(t, r, false, true)}
	}
	if r.IntN(6) == 0 {
		p.Boundary = randomPolicy(t, r, false, true)
	}
	if r.IntN(6) == 0 {
		p.Session = []*policy.Policy{randomPolicy(t, r, false, true)}
	}
	if r.IntN(8) == 0 {
		p.ServiceControl = []*policy.Policy{randomPolicy(t, r, false, true)}
	}
	if r.IntN(4) == 0 {
		d.request.Grants = []policy.Grant{{Grantee: pick(r, reader, root, "arn:aws:iam::444455556666:role/ext"),
			Operations: []string{"Decrypt", "CreateGrant"}}}
		g := &d.request.Grants[0]
		switch r.IntN(3) {
		case 0:
			g.EncryptionContextSubset = map[string]string{"Ledger": "orders"}
		case 1:
			g.EncryptionContextEquals = map[string]string{"ledger": "orders"}
		}
	}
	if r.IntN(4) == 0 {
		for _, kind := range some(r, string(policy.IdentityPolicy), string(policy.PermissionsBoundary),
			string(policy.SessionPolicy)) {
			d.assume.Unknown = append(d.assume.Unknown, policy.PolicyKind(kind))
		}
	}
	d.keys, d.values, d.sets = conditionValues(append(append(append([]*policy.Policy{p.Key, p.Boundary}, p.Identity...),
		p.Session...), p.ServiceControl...)...)
	if len(d.request.Grants) > 0 {
		d.keys = append(d.keys, "kms:encryptioncontext:ledger", "kms:encryptioncontext:other")
		for _, key := range d.keys[len(d.keys)-2:] {
			d.values[key] = append(d.values[key], "orders")
		}
	}
	if r.IntN(2) == 0 && len(d.keys) > 0 {
		d.request.Context = randomContext(r, d.request.Action, nil, some(r, d.keys...), d.values, d.sets)
	}
	return d
}

// completed is a request that the question may have meant.
func (d *dispute) completed(t *testing.T) policy.Request {
	t.Helper()
	r := d.request
	keys := d.keys
	if via := r.Context["aws:viaawsservice"]; len(via) == 1 && via[0] == "false" {
		keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == "kms:viaservice" })
	}
	r.Context = randomContext(d.Rand, r.Action, r.Context, keys, d.values, d.sets)
	if r.Caller.ARN == "" {
		c, err := policy.NewSession(r.Caller.RoleARN, pick(d.Rand, "s1", "s2", "s3"),
			pick(d.Rand, "AROANEWROLENEWROLE00", "AROAOLDROLEOLDROLE00", "AROAANYROLEANYROLE00"))
		if err != nil {
			t.Fatal(err)
		}
		r.Caller = c
	}
	for _, kind := range d.assume.Unknown {
		if d.IntN(2) == 0 {
			addPolicy(&r, kind, randomPolicy(t, d.Rand, false, false))
		}
	}
	return r
}

// addPolicy gives the caller a policy of a kind, if it may have one more.
func addPolicy(r *policy.Request, kind policy.PolicyKind, p *policy.Policy) {
	switch {
	case kind == policy.IdentityPolicy:
		r.Policies.Identity = append(slices.Clip(r.Policies.Identity), p)
	case kind == policy.PermissionsBoundary && r.Policies.Boundary == nil:
		r.Policies.Boundary = p
	case kind == policy.SessionPolicy && r.Caller.Kind == policy.RoleSession && len(r.Policies.Session) == 0:
		r.Policies.Session = []*policy.Policy{p}
	}
}

// check asks both engines. It returns the verdict.
func (d *dispute) check(t *testing.T) policy.Verdict {
	t.Helper()
	answer := policy.Can(d.request, d.assume)
	if again := d.analyst.Can(d.request, d.assume); !cmp.Equal(answer, again) {
		t.Fatalf("Can answers differently after other questions:\n%+v\n%+v\n%s", answer, again, describe(t, d.request))
	}
	for range 8 {
		r := d.completed(t)
		decision := policy.Decide(r)
		if again := policy.Decide(r); !cmp.Equal(decision, again) {
			t.Fatalf("Decide answers differently the second time: %+v, %+v", decision, again)
		}
		if decision.Allowed && answer.Verdict == policy.Never || !decision.Allowed && answer.Verdict == policy.Always {
			t.Fatalf("Can says %s, Decide says %+v\nasked with context %v, %+v\n%s", answer.Verdict, decision,
				d.request.Context, d.assume, describe(t, r))
		}
		complete := d.analyst.Can(r, policy.Assumptions{Complete: true})
		if complete.Verdict == policy.Depends || (complete.Verdict == policy.Always) != decision.Allowed {
			t.Fatalf("of a complete request Can says %+v, Decide says %+v\n%s", complete, decision, describe(t, r))
		}
	}
	d.checkWitness(t, answer, answer.Allowed, true)
	d.checkWitness(t, answer, answer.Denied, false)
	if answer.Verdict == policy.Depends && len(answer.Hinges) == 0 && len(answer.Doubts) == 0 {
		t.Fatalf("Can says depends, but not on what: %+v\n%s", answer, describe(t, d.request))
	}
	return answer.Verdict
}

// checkWitness: the requests that Can shows are answered as it says.
func (d *dispute) checkWitness(t *testing.T, answer policy.Answer, w *policy.Witness, allowed bool) {
	t.Helper()
	if w == nil {
		return
	}
	r := d.request
	r.Context = maps.Clone(r.Context)
	if r.Context == nil {
		r.Context = policy.RequestContext{}
	}
	maps.Copy(r.Context, w.Context)
	for kind, allows := range w.Policies {
		action := "s3:*"
		if allows {
			action = "*"
		}
		addPolicy(&r, kind, mustIdentity(t, action))
	}
	if got := policy.Decide(r); got.Allowed != allowed {
		t.Fatalf("witness %+v: Decide says %+v, Can %+v\n%s", *w, got, answer, describe(t, r))
	}
}

// mustIdentity is a policy that allows one action on everything.
func mustIdentity(t *testing.T, action string) *policy.Policy {
	t.Helper()
	p, err := policy.ParseIdentity(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action +
		`","Resource":"*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEnginesAgree: whatever Can says of a request that is not known completely, Decide says of every request it may
// be.
func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	verdicts := map[policy.Verdict]int{}
	analyst := policy.NewAnalyst()
	const seeds = 3000
	for seed := range uint64(seeds) {
		verdicts[newDispute(t, rand.New(rand.NewPCG(seed, 3)), analyst).check(t)]++
	}
	for _, v := range []policy.Verdict{policy.Always, policy.Never, policy.Depends} {
		if verdicts[v] < seeds/20 {
			t.Errorf("%d verdicts are %q: the policies are too much alike to show anything", verdicts[v], v)
		}
	}
	t.Log(verdicts)
}

// TestEnginesAgreeOnLargePolicies is TestEnginesAgree for policies with more conditions than Can tells apart, and for
// an Analyst that is tired of questions: it may be in doubt, but not wrong.
func TestEnginesAgreeOnLargePolicies(t *testing.T) {
	t.Parallel()
	tired, doubts, certain := policy.NewAnalyst(), 0, 0
	for seed := range uint64(300) {
		d := newDispute(t, rand.New(rand.NewPCG(seed, 7)), nil)
		key := *d.request.Policies.Key
		for range 10 + d.IntN(40) {
			more := randomPolicy(t, d.Rand, true, d.IntN(3) == 0)
			if more.Version == key.Version {
				key.Statements = append(key.Statements, more.Statements...)
			}
		}
		for i := range key.Statements {
			key.Statements[i].Index = i
		}
		d.request.Policies.Key = &key
		d.keys, d.values, d.sets = conditionValues(&key)
		answers := []policy.Answer{policy.Can(d.request, d.assume), tired.Can(d.request, d.assume)}
		tired.Uses(&key, []policy.Request{d.request}, d.assume)
		for range 8 {
			r := d.completed(t)
			decision := policy.Decide(r)
			for i, a := range answers {
				if decision.Allowed && a.Verdict == policy.Never || !decision.Allowed && a.Verdict == policy.Always {
					t.Fatalf("seed %d, %d: Can says %s, Decide says %+v\n%s", seed, i, a.Verdict, decision, describe(t, r))
				}
			}
		}
		if a := answers[1]; a.Verdict != policy.Depends {
			certain++
		} else if len(a.Doubts) > 0 {
			doubts++
		}
	}
	if doubts < 30 || certain < 30 {
		t.Errorf("%d answers are in doubt and %d certain: too few to show anything", doubts, certain)
	}
}

// TestRandomPoliciesUseEveryOperator: what TestEnginesAgree makes up has every condition operator, with and without
// IfExists, alone and under both set operators.
func TestRandomPoliciesUseEveryOperator(t *testing.T) {
	t.Parallel()
	seen := map[policy.Operator]int{}
	for seed := range uint64(3000) {
		d := newDispute(t, rand.New(rand.NewPCG(seed, 3)), policy.NewAnalyst())
		for _, s := range d.request.Policies.Key.Statements {
			for _, c := range s.Conditions {
				seen[c.Operator]++
			}
		}
	}
	for _, name := range append(slices.Clone(anyOperators), "Null") {
		for _, set := range []policy.SetOperator{policy.OneValue, policy.ForAllValues, policy.ForAnyValue} {
			for _, ifExists := range []bool{false, true} {
				if name == "Null" && (ifExists || set != policy.OneValue) {
					continue
				}
				if op := (policy.Operator{Set: set, Name: name, IfExists: ifExists}); seen[op] == 0 {
					t.Errorf("%s is in none of the policies", op)
				}
			}
		}
	}
}

// FuzzEnginesAgree is TestEnginesAgree for seeds and key policies that the fuzzer makes up. Run it with
// -fuzzminimizetime=1x: a seed cannot be made smaller.
func FuzzEnginesAgree(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(seed, ledgerPolicy)
	}
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		d := newDispute(t, rand.New(rand.NewPCG(seed, 4)), policy.NewAnalyst())
		if p, err := policy.Parse(text); err == nil {
			d.request.Policies.Key = p
			keys, values, sets := conditionValues(p)
			for _, key := range keys {
				if len(values[key]) > 0 && (inPools(key) || !strings.Contains(key, ":")) {
					d.keys = append(d.keys, key)
					d.values[key] = append(d.values[key], values[key]...)
					d.sets[key] = d.sets[key] || sets[key]
				}
			}
		}
		d.check(t)
	})
}

// inPools tells whether the test knows what values a condition key in lower case can have.
func inPools(key string) bool {
	return slices.ContainsFunc(keyPools, func(p keyPool) bool { return strings.EqualFold(p.key, key) })
}
