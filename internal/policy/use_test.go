package policy_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func TestUses(t *testing.T) {
	t.Parallel()
	const met, live, needed = 1, 2, 3 // each with those before
	for name, c := range map[string]struct {
		statements []string
		want       []int // of each Allow statement
	}{
		"needed":          {[]string{"Allow r(ledger-reader) kms:Decrypt"}, []int{needed}},
		"another caller":  {[]string{"Allow r(other) kms:Decrypt"}, []int{0}},
		"another action":  {[]string{"Allow r(ledger-reader) kms:Encrypt"}, []int{0}},
		"misspelt action": {[]string{"Allow r(ledger-reader) kms:Decypt"}, []int{0}},
		"conditions that exclude": {[]string{"Allow * kms:* if StringEquals own:A 1 and StringNotEquals own:A 1"},
			[]int{0}},
		"another Region": {[]string{"Allow * kms:* if StringEquals kms:ViaService qldb.us-east-1.amazonaws.com"},
			[]int{0}},
		"denied to all": {[]string{"Allow * kms:Decrypt", "Deny * kms:*"}, []int{met}},
		"denied in part": {[]string{"Allow * kms:Decrypt", "Deny * kms:* if StringEquals own:A 1"},
			[]int{needed}},
		"denied where it applies": {[]string{"Allow * kms:Decrypt if StringEquals own:A 1",
			"Deny * kms:* if StringLike own:A ?"},
			[]int{met}},
		"twice": {[]string{"Allow * kms:Decrypt", "Allow * kms:De*"}, []int{live, live}},
		"wider and narrower": {[]string{"Allow * kms:Decrypt", "Allow * kms:Decrypt if StringEquals own:A 1"},
			[]int{needed, live}},
		"stronger and weaker": {[]string{"Allow root(A) kms:*", "Allow r(ledger-reader) kms:Decrypt"},
			[]int{live, needed}},
		"two halves make the whole": {[]string{"Allow * kms:* if Null own:A true",
			"Allow * kms:* if Null own:A false", "Allow * kms:*"},
			[]int{live, live, live}},
		"through a service, always": {[]string{"Allow * kms:* if StringLike kms:ViaService *",
			"Deny * kms:* if Bool aws:ViaAWSService true"},
			[]int{met}},
		"with doubts": {[]string{"Allow * kms:Decrypt if StringEquals own:A ${own:B}",
			"Allow * kms:Decrypt if StringEquals own:A ${own:B}"},
			[]int{needed, needed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: callerOf(t, "s(ledger-reader/s1)"), Action: "kms:Decrypt", Resource: keyARN}
			var got []int
			for _, u := range policy.Uses(policyOf(t, c.statements, nil), []policy.Request{r}, policy.Assumptions{}) {
				n := 0
				for _, yes := range []bool{u.Met, u.Live, u.Needed} {
					if yes {
						n++
					}
				}
				got = append(got, n)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestUsesOfSeveralRequests: one request is enough to be of use.
func TestUsesOfSeveralRequests(t *testing.T) {
	t.Parallel()
	key := policyOf(t, []string{"Allow root(A) kms:*", "Allow r(ledger-reader) kms:Decrypt",
		"Deny * kms:Decrypt", "Allow r(ledger-reader) kms:Encrypt"}, nil)
	var requests []policy.Request
	for _, action := range []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"} {
		requests = append(requests, policy.Request{Caller: callerOf(t, "s(ledger-reader/s1)"), Action: action,
			Resource: keyARN})
	}
	statement := func(index int) policy.Deciding {
		return policy.Deciding{Kind: policy.KeyPolicy, Index: index, Effect: policy.Allow}
	}
	want := []policy.Use{
		{Statement: statement(0), Met: true, Live: true, Needed: true},
		{Statement: statement(1), Met: true},
		{Statement: statement(3), Met: true, Live: true, Needed: true},
	}
	if diff := cmp.Diff(want, policy.Uses(key, requests, policy.Assumptions{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestUselessStatementsCanGo: without a statement that is not needed, every request is answered as before.
func TestUselessStatementsCanGo(t *testing.T) {
	t.Parallel()
	useless := 0
	const seeds = 600
	analyst := policy.NewAnalyst()
	for seed := range uint64(seeds) {
		d := newDispute(t, rand.New(rand.NewPCG(seed, 5)), analyst)
		key := d.request.Policies.Key
		for _, u := range analyst.Uses(key, []policy.Request{d.request}, policy.Assumptions{}) {
			if u.Live && !u.Met || u.Needed && !u.Live {
				t.Fatalf("contradiction: %+v", u)
			}
			if u.Needed {
				continue
			}
			useless++
			without := *key
			without.Statements = slices.Delete(slices.Clone(key.Statements), u.Statement.Index, u.Statement.Index+1)
			for range 5 {
				r := d.completed(t)
				before := policy.Decide(r)
				r.Policies.Key = &without
				if after := policy.Decide(r); before.Allowed != after.Allowed {
					t.Fatalf("without %+v: got %+v, before %+v\n%s", u, after, before, describe(t, r))
				}
			}
		}
	}
	if useless < seeds/10 {
		t.Errorf("%d statements were not needed: too few to show anything", useless)
	}
}
