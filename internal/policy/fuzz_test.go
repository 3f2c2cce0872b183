package policy_test

import (
	"errors"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func FuzzParse(f *testing.F) {
	f.Add(ledgerPolicy)
	f.Add(policy.Default("aws", account))
	for _, p := range pairs {
		f.Add(p.a)
	}
	for _, text := range hostile() {
		f.Add(text)
	}
	f.Add(attachedTo(`"Action":"kms:*","Resource":"arn:aws:kms:*:*:key/*"`))
	f.Add(attachedTo(`"Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"`))
	f.Fuzz(func(t *testing.T, text string) {
		fuzzAttached(t, text)
		p, err := policy.Parse(text)
		if err != nil {
			var syntax *policy.SyntaxError
			var principal *policy.PrincipalError
			switch {
			case p != nil:
				t.Error("both a policy and an error")
			case errors.As(err, &syntax):
				if syntax.Offset < 0 || syntax.Offset > len(text) || syntax.Line < 1 || syntax.Column < 1 {
					t.Errorf("position outside the text: %+v", *syntax)
				}
			case errors.As(err, &principal):
				if principal.Offset <= 0 || principal.Offset >= len(text) || principal.Statement < 1 {
					t.Errorf("position outside the text: %+v", *principal)
				}
			case !errors.Is(err, policy.ErrTooLarge):
				t.Errorf("unknown error %v", err)
			}
			return
		}
		if !policy.Structural(p, p, ledgerContext) || !policy.Semantic(p, p, ledgerContext) {
			t.Error("not equal to itself")
		}
		if changes := policy.Diff(p, p, ledgerContext); len(changes) > 0 {
			t.Errorf("differs from itself: %v", changes)
		}
	})
}

// FuzzEqual: where awspolicyequivalence says equal, so do we, except for its listed defects; the three answers about
// one pair agree, in both directions.
func FuzzEqual(f *testing.F) {
	for _, p := range pairs {
		f.Add(p.a, p.b)
	}
	f.Add(ledgerPolicy, policy.Default("aws", account))
	f.Fuzz(func(t *testing.T, a, b string) {
		checkLibrary(t, a, b)
		pa, errA := policy.Parse(a)
		pb, errB := policy.Parse(b)
		if errA != nil || errB != nil {
			return
		}
		structural := policy.Structural(pa, pb, ledgerContext)
		if policy.Structural(pb, pa, ledgerContext) != structural {
			t.Error("Structural depends on the direction")
		}
		if structural && !policy.Semantic(pa, pb, ledgerContext) {
			t.Error("Structural without Semantic")
		}
		if changes := policy.Diff(pa, pb, ledgerContext); (len(changes) == 0) != structural {
			t.Errorf("Structural %t, but Diff %v", structural, changes)
		}
	})
}

// fuzzAttached: no text makes the other parsers, or the engines after them, panic.
func fuzzAttached(t *testing.T, text string) {
	t.Helper()
	r := policy.Request{Caller: callerOf(t, "s(ledger-reader/s1)"), Action: "sts:AssumeRole", Resource: writer}
	if p, err := policy.ParseTrust(text); err == nil {
		r.Policies.Trust = p
	}
	if p, err := policy.ParseIdentity(text); err == nil {
		r.Policies.Identity = one1(p)
	}
	if p, err := policy.Parse(text); err == nil {
		r.Policies.Key, r.Action, r.Resource = p, "kms:Decrypt", keyARN
	}
	verdictOf(t, r, policy.Decide(r).Allowed)
	policy.Can(r, policy.Assumptions{})
}
