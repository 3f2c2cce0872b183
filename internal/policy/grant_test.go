package policy_test

import (
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// TestGrantConstraints has which encryption contexts a grant takes.
func TestGrantConstraints(t *testing.T) {
	t.Parallel()
	const a, b = "kms:EncryptionContext:a", "kms:EncryptionContext:b"
	pair := map[string]string{"A": "1"} // names have no letter case here
	for name, c := range map[string]struct {
		equals, subset map[string]string
		action         string // kms:Decrypt if ""
		context        policy.RequestContext
		want           bool
	}{
		"no constraint":         {nil, nil, "", policy.RequestContext{a: {"2"}}, true},
		"equals":                {pair, nil, "", policy.RequestContext{a: {"1"}}, true},
		"equals, another value": {pair, nil, "", policy.RequestContext{a: {"2"}}, false},
		"equals, more":          {pair, nil, "", policy.RequestContext{a: {"1"}, b: {"2"}}, false},
		"equals, none":          {pair, nil, "", nil, false},
		"equals, b is absent":   {pair, nil, "", policy.RequestContext{a: {"1"}, b: {}}, true},
		"equals nothing":        {map[string]string{}, nil, "", nil, true},
		"equals nothing, more":  {map[string]string{}, nil, "", policy.RequestContext{a: {"1"}}, false},
		"equals, two spellings": {pair, nil, "", policy.RequestContext{a: {"1"}, "kms:EncryptionContext:A": {"2"}},
			false},
		"subset":                    {nil, pair, "", policy.RequestContext{a: {"1"}}, true},
		"subset, more":              {nil, pair, "", policy.RequestContext{a: {"1"}, b: {"2"}}, true},
		"subset, other letter case": {nil, map[string]string{"a": "x"}, "", policy.RequestContext{a: {"X"}}, false},
		"subset, none":              {nil, pair, "", nil, false},
		"subset, DescribeKey":       {nil, pair, "kms:DescribeKey", nil, true},
		"equals, DescribeKey":       {pair, nil, "kms:DescribeKey", nil, true},
		"equals, RetireGrant":       {pair, nil, "kms:RetireGrant", nil, true},
		"equals, CreateGrant":       {pair, nil, "kms:CreateGrant", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: mustCaller(t, readerS1), Action: or(c.action, "kms:Decrypt"), Resource: keyARN,
				Context: c.context, Grants: []policy.Grant{{Grantee: reader,
					Operations:              []string{"Decrypt", "DescribeKey", "RetireGrant", "CreateGrant"},
					EncryptionContextEquals: c.equals, EncryptionContextSubset: c.subset}}}
			if got := policy.Decide(r); got.Allowed != c.want {
				t.Errorf("got %+v, want allowed %t", got, c.want)
			}
			verdictOf(t, r, c.want)
			r.Context = nil
			got := policy.Can(r, policy.Assumptions{}).Verdict
			if got == policy.Never && c.want || got == policy.Always && !c.want {
				t.Errorf("of an unknown encryption context Can says %s, but it may be %t", got, c.want)
			}
		})
	}
}

// TestForeignActions: a grant is for actions of KMS only.
func TestForeignActions(t *testing.T) {
	t.Parallel()
	r := policy.Request{Caller: mustCaller(t, readerS1), Action: "qldb:Decrypt", Resource: keyARN,
		Grants: []policy.Grant{{Grantee: reader, Operations: []string{"Decrypt"}}}}
	if got := policy.Decide(r); got.Allowed {
		t.Errorf("got %+v", got)
	}
}
