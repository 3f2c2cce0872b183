package iam_test

import (
	"slices"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// FuzzSubstitute replaces a principal in any policy: what comes out is a policy without it, and otherwise the same.
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
		want, got := before.Principals(), after.Principals()
		if len(got) != len(want) {
			t.Fatalf("%d principals, want %d", len(got), len(want))
		}
		for i := range want {
			if want[i].Value == old {
				want[i].Value = id
			}
			want[i].Offset, got[i].Offset = 0, 0
		}
		if !slices.Equal(got, want) {
			t.Errorf("principals %v, want %v", got, want)
		}
	})
}
