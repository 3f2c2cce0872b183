package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// isForServices tells whether a condition is that an AWS service asks for the grant.
func isForServices(c policy.Condition) bool {
	return strings.EqualFold(c.Key, "kms:GrantIsForAWSResource") && c.Operator.Name == "Bool"
}

func (j *judge) grantsForbidden() []hit {
	var list []hit
	for s := range j.each(policy.Deny) {
		if !covers(s, createGrant) || !slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool {
			return isForServices(c) && isTrue(c)
		}) {
			continue
		}
		if !slices.ContainsFunc(append(callers(j.Callers), j.people()...), func(c policy.Caller) bool {
			return slices.ContainsFunc(j.through(c, createGrant).denying, func(d policy.Deciding) bool {
				return d.Kind == policy.KeyPolicy && d.Index == s.Index
			})
		}) {
			continue
		}
		list = append(list, hit{statement: s, action: createGrant,
			what: "it denies the grants that AWS services ask for; QLDB cannot use the key.",
			fix:  `Deny grants that are not for services instead: Bool kms:GrantIsForAWSResource "false".`})
	}
	return list
}

func (j *judge) freeGrants() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		bound := len(viaService(s)) > 0 || slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool {
			return isForServices(c) && narrows(c) && isTrue(c) && !isFalse(c)
		})
		if bound || !covers(s, createGrant) || !s.Resource.Present {
			continue
		}
		for _, p := range s.Principal.List {
			if p.Type == policy.Service || !s.Principal.Not && (j.isRoot(p) || j.administers(p.Value)) {
				continue
			}
			list = append(list, hit{statement: s, principal: p.Value, action: createGrant,
				what: fmt.Sprintf("%s may make grants for anyone, itself included, for any use of the key.", p.Value),
				fix:  `Add Bool kms:GrantIsForAWSResource "true", or StringEquals kms:ViaService.`})
		}
	}
	return list
}

func (j *judge) administers(arn string) bool {
	c, err := policy.NewCaller(arn, "")
	return err == nil && c.Account == j.Account && j.direct(c, putKeyPolicy).level > refused
}

func (j *judge) narrowGrants() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		if !covers(s, createGrant) || len(viaService(s)) > 0 && !forQLDB(s) {
			continue
		}
		for _, c := range conditionsOn(s, "kms:GrantOperations", "kms:GranteePrincipal") {
			if negated(c.Operator.Name) || c.Operator.Name == "Null" {
				continue
			}
			values, want := texts(c.Values), []string{j.qldb}
			if strings.EqualFold(c.Key, "kms:GrantOperations") {
				if want = grantedToQLDB; c.Operator.Set == policy.ForAnyValue {
					continue
				}
			}
			for _, w := range want {
				if !slices.ContainsFunc(values, func(v string) bool {
					return v == w || c.Operator.Name == "StringLike" && glob(v, w)
				}) {
					list = append(list, hit{statement: s, action: createGrant,
						what: fmt.Sprintf("it demands %s %s; QLDB asks for %s.", c.Key, quoted(values), w),
						fix:  fmt.Sprintf("Remove the condition, or list %s too.", strings.Join(want, ", "))})
					break
				}
			}
		}
	}
	return list
}
