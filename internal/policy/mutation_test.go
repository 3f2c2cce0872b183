package policy_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// negations are the operators that say the opposite of another.
var negations = map[string]string{
	"StringEquals": "StringNotEquals", "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
	"StringLike": "StringNotLike", "ArnEquals": "ArnNotEquals", "ArnLike": "ArnNotLike",
	"NumericEquals": "NumericNotEquals", "DateEquals": "DateNotEquals", "IpAddress": "NotIpAddress",
}

// TestNegatedOperators: with the operator of its only condition negated, a statement applies to just those requests
// that it did not apply to, by the witnesses of one and the other.
func TestNegatedOperators(t *testing.T) {
	t.Parallel()
	turned := map[string]int{}
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 6))
		pool := pick(r, keyPools...)
		op := pick(r, pool.operators...)
		not, negatable := negations[op]
		values := some(r, pool.values...)
		nonsense := slices.ContainsFunc(values, func(v string) bool { return slices.Contains(noValues, v) })
		if !negatable || multiValuedInPools[pool.key] || nonsense || strings.HasPrefix(pool.key, "own:") {
			continue
		}
		keyed := func(op string) policy.Request {
			text := mustJSON(t, map[string]any{"Version": policy.Version2012, "Statement": map[string]any{
				"Effect": "Allow", "Principal": map[string]any{"AWS": reader}, "Action": "kms:Decrypt", "Resource": "*",
				"Condition": map[string]any{op: map[string]any{pool.key: values}}}})
			return policy.Request{Caller: callerOf(t, "s(ledger-reader/s1)"), Action: "kms:Decrypt", Resource: keyARN,
				Policies: policy.Policies{Key: mustParse(t, text)}}
		}
		plain, negated := keyed(op), keyed(not)
		answer, opposite := policy.Can(plain, policy.Assumptions{}), policy.Can(negated, policy.Assumptions{})
		if len(answer.Doubts)+len(opposite.Doubts) > 0 {
			continue // a policy variable, or values of two kinds
		}
		swapped := map[policy.Verdict]policy.Verdict{policy.Always: policy.Never, policy.Never: policy.Always,
			policy.Depends: policy.Depends}
		if opposite.Verdict != swapped[answer.Verdict] {
			t.Fatalf("%s %s %v: %s, but %s: %s", op, pool.key, values, answer.Verdict, not, opposite.Verdict)
		}
		for _, w := range []struct {
			witness *policy.Witness
			r       policy.Request
			allowed bool
		}{
			{answer.Allowed, plain, true}, {answer.Allowed, negated, false},
			{answer.Denied, plain, false}, {answer.Denied, negated, true},
			{opposite.Allowed, negated, true}, {opposite.Allowed, plain, false},
		} {
			if w.witness == nil {
				continue
			}
			turned[op]++
			w.r.Context = w.witness.Context
			if d := policy.Decide(w.r); d.Allowed != w.allowed {
				t.Fatalf("%s %s %v and %s: %v: got %+v, want allowed %t", op, pool.key, values, not, w.witness.Context, d,
					w.allowed)
			}
		}
	}
	for op := range negations {
		if turned[op] == 0 {
			t.Errorf("%s was never tried", op)
		}
	}
}

// noValues are no numbers, dates or addresses: neither an operator nor its negation applies to a value beside them.
var noValues = []string{"never", "nonsense", "many"}

var multiValuedInPools = map[string]bool{"kms:EncryptionContextKeys": true, "kms:GrantOperations": true}
