package iam_test

import (
	"slices"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// FuzzSubstitute replaces a principal in any policy: what comes out is a policy without it, that names nobody twice in
// a statement, and otherwise the same.
func FuzzSubstitute(f *testing.F) {
	const old, id = "arn:aws:iam::111122223333:role/r", "AROAREADERREADERREADE"
	f.Add(trusting(old))
	f.Add(trusting(account))
	f.Add(`{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["` + old +
		`" , "*","arn:aws:iam::111122223333:role\/r"]},` +
		`"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":"*","Action":"*"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		before, err := policy.ParseTrust(text)
		if err != nil {
			return
		}
		out, err := iam.Substitute(text, map[string]string{old: id})
		if err != nil {
			t.Fatalf("Substitute: %v", err)
		}
		after, err := policy.ParseTrust(out)
		if err != nil {
			t.Fatalf("the result is no policy: %v", err)
		}
		for i := range before.Statements {
			var want, got []policy.Principal
			for _, p := range before.Statements[i].Principal.List {
				if p.Type == policy.AWS && p.Value == old {
					p.Value = id
				}
				if p.Offset = 0; !slices.Contains(want, p) {
					want = append(want, p)
				}
			}
			for _, p := range after.Statements[i].Principal.List {
				p.Offset = 0
				got = append(got, p)
			}
			if !slices.Equal(got, want) {
				t.Errorf("statement %d: principals %v, want %v", i, got, want)
			}
		}
	})
}
