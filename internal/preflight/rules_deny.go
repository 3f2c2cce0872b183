package preflight

import (
	"fmt"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// shadowed looks for Deny statements that take away what an Allow gives: from the people around the ledger, and from
// QLDB, which uses the key by its grant.
func (j *judge) shadowed() []hit {
	var list []hit
	told := map[question]bool{}
	tell := func(c policy.Caller, action string) {
		q := question{nameOf(c), action, true}
		if told[q] || !j.takenAway(c, action) {
			return
		}
		told[q] = true
		list = append(list, hit{principal: nameOf(c), action: action,
			what: fmt.Sprintf("%s is allowed to call %s through QLDB, but a Deny takes it away%s.", nameOf(c), action,
				by(j.through(c, action).denying)),
			fix: "Narrow the Deny statement: by a condition, or to other principals."})
	}
	for _, c := range append(callers(j.Callers), j.someone()) {
		tell(c, createGrant)
		tell(c, describeKey)
	}
	for _, c := range slices.Concat(callers(j.Readers), callers(j.Writers), j.named) {
		tell(c, decrypt)
	}
	return append(list, j.shutOut()...)
}

// takenAway tells whether a Deny statement takes from the caller what it would be allowed through QLDB.
func (j *judge) takenAway(c policy.Caller, action string) bool {
	if !j.denies(action) {
		return false
	}
	s := j.through(c, action)
	return s.level == refused && len(s.denying) > 0 && j.lenient().through(c, action).level > refused
}

// denies tells whether some Deny statement is about the action.
func (j *judge) denies(action string) bool {
	for s := range j.each(policy.Deny) {
		if covers(s, action) {
			return true
		}
	}
	return false
}

// lenient judges the policy without its Deny statements.
func (j *judge) lenient() *judge {
	if j.allowing == nil {
		without := *j.policy
		without.Statements = slices.DeleteFunc(slices.Clone(without.Statements),
			func(s policy.Statement) bool { return s.Effect == policy.Deny })
		for i := range without.Statements {
			without.Statements[i].Index = i
		}
		j.allowing = newJudge(j.Input, &without)
	}
	return j.allowing
}

// itself is what QLDB does with the key of a ledger on its own account, and what comes of it if it may not.
var itself = [][2]string{
	{"kms:GenerateDataKey", "A ledger cannot be created with the key, nor moved to it."},
	{decrypt, "The ledger cannot be opened: all reads and writes fail."},
}

// shutOut looks for Deny statements that hit QLDB's own calls. No Allow can make up for them.
//
// Source: IAM User Guide, "AWS global condition context keys", aws:PrincipalIsAWSService.
func (j *judge) shutOut() []hit {
	ctx := policy.RequestContext{
		"kms:ViaService": nil, "kms:CallerAccount": {j.Account}, "aws:ViaAWSService": {"true"}, "aws:CalledVia": nil,
		"kms:EncryptionContextKeys": ledgerContext, "aws:SecureTransport": {"true"},
	}
	j.addAbsent(ctx, true)
	var list []hit
	for _, use := range itself {
		if !j.denies(use[0]) {
			continue
		}
		answer := j.analyst.Can(policy.Request{
			Caller: policy.NewService(j.qldb, "qldb.amazonaws.com"), Action: use[0], Resource: j.key, Context: ctx,
			Policies: policy.Policies{Key: j.policy},
			Grants:   []policy.Grant{{Grantee: j.qldb, Operations: grantedToQLDB}},
		}, policy.Assumptions{})
		h := hit{principal: j.qldb, action: use[0], fix: `Add Bool aws:PrincipalIsAWSService "false" to the Deny statement.`,
			what: fmt.Sprintf("QLDB calls %s for itself, by its grant, but a Deny takes it away%s. %s", use[0],
				by(answer.Statements), use[1])}
		if answer.Verdict == policy.Depends {
			h.as, h.witness = new(Warning), words(answer.Denied)
		}
		if answer.Verdict != policy.Always {
			list = append(list, h)
		}
	}
	return list
}
