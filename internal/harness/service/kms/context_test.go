package kms_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/authorize"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// checked is an authority that holds each request against what the analysis of policies takes for granted: no request
// has a condition key that it says no such request has, each has those that it says all have, and what it says of
// requests of which nothing is known holds for this one.
type checked struct {
	kms.Authority
	t *testing.T
}

func newChecked(t *testing.T) kms.Authority { return checked{authorize.New(nil), t} }

// Decide implements kms.Authority.
func (a checked) Decide(c *wire.Call, r policy.Request) (policy.Decision, error) {
	for key, values := range r.Context {
		if len(values) > 0 && never(r, key) {
			a.t.Errorf("%s of %s has %s, which the analysis says it never has", r.Action, r.Caller.Kind, key)
		}
	}
	if r.Caller.Account != "" && r.Action != "kms:RetireGrant" { // that grants allow
		for _, key := range []string{"aws:SecureTransport", "aws:ViaAWSService", "kms:CallerAccount"} {
			there := r
			there.Policies, there.Grants = deniedIf(key, "true"), nil
			if !policy.Decide(there).Allowed {
				a.t.Errorf("%s of %s does not have %s, which the analysis says all have", r.Action, r.Caller.Kind, key)
			}
		}
	}
	unknown, decision := r, policy.Decide(r)
	unknown.Context = nil
	answer := policy.Can(unknown, policy.Assumptions{}).Verdict
	if decision.Allowed && answer == policy.Never || !decision.Allowed && answer == policy.Always {
		a.t.Errorf("%s of %s: the analysis says %s, the decision is %+v", r.Action, r.Caller.Kind, answer, decision)
	}
	return a.Authority.Decide(c, r)
}

// absences are answers of never, which many requests ask for.
var absences sync.Map

// never tells whether the analysis says that no request of the caller for the action has a condition key.
func never(r policy.Request, key string) bool {
	asked := fmt.Sprint(r.Caller.Kind, r.Action, r.Resource == "*", key)
	if known, found := absences.Load(asked); found {
		return known.(bool)
	}
	r.Context, r.Grants, r.Policies = nil, nil, deniedIf(key, "false")
	answer := policy.Can(r, policy.Assumptions{}).Verdict == policy.Always
	absences.Store(asked, answer)
	return answer
}

// deniedIf are policies that allow everything, unless a condition key is absent, "true", or is there, "false".
func deniedIf(key, absent string) policy.Policies {
	statements := func(who string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + who + `"Action":"*","Resource":"*"},
			{"Effect":"Deny",` + who + `"Action":"*","Resource":"*","Condition":{"Null":{"` + key + `":"` + absent + `"}}}]}`
	}
	identity, err := policy.ParseIdentity(statements(""))
	if err != nil {
		panic(err) // keys are names without quotes
	}
	of, err := policy.Parse(statements(`"Principal":"*",`))
	if err != nil {
		panic(err)
	}
	return policy.Policies{Key: of, Identity: []*policy.Policy{identity}}
}
