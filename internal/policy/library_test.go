package policy_test

import (
	"strings"
	"testing"

	awspolicy "github.com/hashicorp/awspolicyequivalence"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// The AWS provider compares policies with awspolicyequivalence. Where that library says equal, so must we, or users
// who come from there meet differences they never saw; the exceptions are libraryDefect and texts that Parse refuses.

// libraryDefect names the reason why the library may call two different policies equal, or is "".
func libraryDefect(a, b *policy.Policy) string {
	for _, p := range []*policy.Policy{a, b} {
		for _, s := range p.Statements {
			if s.Principal.Bare {
				return `a string as Principal equals no Principal, and so NotPrincipal "*" equals Principal "*"`
			}
			for _, principal := range s.Principal.List {
				if strings.HasSuffix(principal.Value, ":root") && !strings.HasPrefix(principal.Value, "arn:aws:") {
					return "an account id equals the root of that account in every partition"
				}
			}
			for _, c := range s.Conditions {
				for _, v := range c.Values {
					if len(strings.TrimLeft(v.Text, "-0")) > 15 && strings.Trim(v.Text, "-0123456789") == "" {
						return "whole numbers are rounded to 53 bits"
					}
				}
			}
		}
	}
	return ""
}

// TestLibraryRows holds what the library was seen to answer beside what is true. "" in ours means that Parse refuses
// one of the texts.
func TestLibraryRows(t *testing.T) {
	t.Parallel()
	principal := func(value string) string { return one(`"Principal":` + value) }
	condition := func(text string) string { return one(`"Condition":{"NumericEquals":{"a":` + text + `}}`) }
	noPrincipal := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}]}`
	x := `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"x"}`
	y := `{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"y"}`
	list := func(statements ...string) string { return `{"Statement":[` + strings.Join(statements, ",") + `]}` }
	for _, tt := range []struct {
		name         string
		a, b         string
		theirs, ours string
	}{
		{"statement order", list(x, y), list(y, x), "equal", "equal"},
		{"string and array of one", one(`"Action":"a"`), one(`"Action":["a"]`), "equal", "equal"},
		{"one statement and array", list(x), `{"Statement":` + x + `}`, "equal", "equal"},
		{"account id and root ARN", principal(`{"AWS":"111122223333"}`), principal(`{"AWS":"` + root + `"}`),
			"equal", "equal"},
		{"account id and root ARN elsewhere", principal(`{"AWS":"111122223333"}`),
			principal(`{"AWS":"arn:aws-cn:iam::111122223333:root"}`), "equal", "different"},
		{"boolean and string", condition(`true`), condition(`"true"`), "equal", "equal"},
		{"number and string", condition(`5`), condition(`"5"`), "equal", "equal"},
		{"A,A,B and A,B,B", condition(`["A","A","B"]`), condition(`["A","B","B"]`), "equal", "equal"},
		{"A,A,B and A,B,B as principals", principal(`{"AWS":["` + reader + `","` + reader + `","` + writer + `"]}`),
			principal(`{"AWS":["` + reader + `","` + writer + `","` + writer + `"]}`), "equal", "equal"},
		{"A,A,B and A,B,B as statements", list(x, x, y), list(x, y, y), "equal", "equal"},
		{"letter case of elements", one(`"Sid":"a"`), one(`"sid":"a"`), "equal", ""},
		{"letter case of Effect", one(`"Effect":"Allow"`), one(`"Effect":"allow"`), "equal", ""},
		{"unknown element", one(``), one(`"Principals":"*","Principal":{"AWS":"` + reader + `"}`), "equal", ""},
		{"duplicate member", one(`"Sid":"a"`), one(`"Sid":"b","Sid":"a"`), "equal", ""},
		{"everyone and no Principal", principal(`"*"`), noPrincipal, "equal", ""},
		{"two string Principals", principal(`"x"`), principal(`"y"`), "equal", ""},
		{"string Principal and no AWS principal", principal(`"x"`), principal(`{"AWS":[]}`), "equal", ""},
		{"everyone and everyone but everyone", principal(`"*"`), one(`"NotPrincipal":"*"`), "equal", "different"},
		{"action letter case", one(`"Action":"kms:decrypt"`), one(`"Action":"kms:Decrypt"`), "different", "equal"},
		{"two spellings of everyone", principal(`"*"`), principal(`{"AWS":"*"}`), "different", "equal"},
		{"action twice", one(`"Action":["a","a"]`), one(`"Action":"a"`), "different", "equal"},
		{"principal twice", principal(`{"AWS":["` + reader + `","` + reader + `"]}`), one(``), "different", "equal"},
		{"empty Condition", one(`"Condition":{}`), one(``), "different", "equal"},
		{"no Version and 2008", list(x), `{"Version":"2008-10-17","Statement":` + x + `}`, "different", "equal"},
		{"condition key letter case", one(`"Condition":{"Bool":{"a":"x"}}`), one(`"Condition":{"Bool":{"A":"x"}}`),
			"different", "equal"},
		{"unique id and ARN", principal(`{"AWS":"AROAEXAMPLEROLEID123"}`), one(``), "different", "different"},
		{"Sid", one(`"Sid":"a"`), one(`"Sid":"b"`), "different", "different"},
		{"number past 53 bits", condition(`9007199254740993`), condition(`9007199254740992`), "equal", "different"},
		{"policy in an array", list(x), `[` + list(x) + `]`, "equal", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			equal, err := awspolicy.PoliciesAreEquivalent(tt.a, tt.b)
			if got := answer(equal, err); got != tt.theirs {
				t.Errorf("library: got %q, want %q", got, tt.theirs)
			}
			equal, err = policy.EqualText(tt.a, tt.b, ledgerContext)
			if got := answer(equal, err); got != tt.ours {
				t.Errorf("ours: got %q, %v, want %q", got, err, tt.ours)
			}
			if tt.theirs == "equal" && tt.ours == "different" &&
				libraryDefect(mustParse(t, tt.a), mustParse(t, tt.b)) == "" {
				t.Error("the library's answer is not a listed defect")
			}
		})
	}
}

func answer(equal bool, err error) string {
	switch {
	case err != nil:
		return ""
	case equal:
		return "equal"
	}
	return "different"
}

// checkLibrary fails the test if the library calls a and b equal for no listed defect and we do not.
func checkLibrary(t *testing.T, a, b string) {
	t.Helper()
	pa, errA := policy.Parse(a)
	pb, errB := policy.Parse(b)
	if errA != nil || errB != nil {
		return
	}
	equal, err := awspolicy.PoliciesAreEquivalent(a, b)
	if err == nil && equal && !policy.Structural(pa, pb, ledgerContext) && libraryDefect(pa, pb) == "" {
		t.Errorf("the library says equal, we say different: %v\n%s\n%s", policy.Diff(pa, pb, ledgerContext), a, b)
	}
}
