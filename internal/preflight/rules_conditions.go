package preflight

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// conditions are the rules about conditions that do something else than they seem to.
//
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "AWS global condition context keys"; KMS
// Developer Guide, "AWS KMS condition keys".
func conditions() []rule {
	return []rule{
		{"KP-401", Error, "A wildcard under an operator that takes none", "", eachCondition(literalWildcard)},
		{"KP-402", Error, "ForAllValues holds where the key is absent", "", eachCondition(emptyHolds)},
		{"KP-403", Warning, "Allow with a negated operator", "", eachCondition(negatedAllow)},
		{"KP-404", Warning, "Deny does not apply where the key is absent", "", eachCondition(weakDeny)},
		{"KP-405", Error, "The actions never have the condition key", "", eachCondition(neverThere)},
		{"KP-406", Warning, "Unknown condition key", "", eachCondition(unknownKey)},
		{"KP-407", Error, "Set operator and condition key do not fit", "", eachCondition(wrongSet)},
		{"KP-408", Warning, "The conditions cannot hold together", "", (*judge).unsatisfiable},
		{"KP-409", Warning, "The condition key works in identity policies only", "", eachCondition(identityOnly)},
		{"KP-410", Warning, "A policy variable without Version 2012-10-17", "", (*judge).literalVariable},
		{"KP-411", Warning, "A value that the operator cannot compare", "", eachCondition(wrongValue)},
		{"KP-412", Warning, "The principals never have the condition key", "", eachCondition(notOnThese)},
	}
}

// eachCondition makes a rule of a check of one condition, which gives nil if there is nothing to say.
func eachCondition(check func(*policy.Statement, policy.Condition) *hit) func(*judge) []hit {
	return func(j *judge) []hit {
		var list []hit
		for s := range j.all() {
			for _, c := range s.Conditions {
				if h := check(s, c); h != nil {
					h.statement = s
					list = append(list, *h)
				}
			}
		}
		return list
	}
}

func literalWildcard(_ *policy.Statement, c policy.Condition) *hit {
	if !strings.HasPrefix(c.Operator.Name, "String") || strings.HasSuffix(c.Operator.Name, "Like") ||
		strings.EqualFold(c.Key, "kms:ViaService") { // which has a rule of its own
		return nil
	}
	for _, v := range texts(c.Values) {
		if plain := strings.NewReplacer("${*}", "", "${?}", "").Replace(v); strings.ContainsAny(plain, "*?") {
			like := "StringLike"
			if negated(c.Operator.Name) {
				like = "StringNotLike"
			}
			return &hit{
				what: fmt.Sprintf("%s compares %s with %q as it is written, wildcards included.", c.Operator, c.Key, v),
				fix:  fmt.Sprintf("Use %s, or Arn operators for ARNs.", like)}
		}
	}
	return nil
}

func emptyHolds(s *policy.Statement, c policy.Condition) *hit {
	if s.Effect != policy.Allow || c.Operator.Set != policy.ForAllValues || demandsPresence(s, c.Key) {
		return nil
	}
	return &hit{what: fmt.Sprintf("%s allows requests that have no %s at all.", c.Operator, c.Key),
		fix: fmt.Sprintf(`Add Null %s "false".`, c.Key)}
}

// demandsPresence tells whether a statement applies only to requests that have the key, by Null.
func demandsPresence(s *policy.Statement, key string) bool {
	return slices.ContainsFunc(conditionsOn(s, key), func(c policy.Condition) bool {
		return c.Operator.Name == "Null" && isFalse(c) && !isTrue(c)
	})
}

func negatedAllow(s *policy.Statement, c policy.Condition) *hit {
	if s.Effect != policy.Allow || !negated(c.Operator.Name) {
		return nil
	}
	return &hit{what: fmt.Sprintf("%s allows all other values of %s, and requests without it.", c.Operator, c.Key),
		fix: "Say in the Allow what must be; put what must not be in a Deny."}
}

func weakDeny(s *policy.Statement, c policy.Condition) *hit {
	k, known := knownKey(c.Key)
	if s.Effect != policy.Deny || !known || !k.absent || negated(c.Operator.Name) || c.Operator.IfExists ||
		c.Operator.Name == "Null" || c.Operator.Set == policy.ForAllValues || demandsPresence(s, c.Key) {
		return nil
	}
	return &hit{what: fmt.Sprintf("requests without %s are not denied.", c.Key),
		fix: fmt.Sprintf(`Use a negated operator, which applies to them too; add Null %s "false" if they may pass.`, c.Key)}
}

func neverThere(s *policy.Statement, c policy.Condition) *hit {
	k, known := knownKey(c.Key)
	if !known || k.actions == nil || s.Action.Not || c.Operator.IfExists || c.Operator.Name == "Null" ||
		s.Effect == policy.Deny && !negated(c.Operator.Name) {
		return nil
	}
	var dead []string
	for _, a := range s.Action.List {
		if known := expand(a.Text); len(known) > 0 && !slices.ContainsFunc(known, k.has) {
			dead = append(dead, a.Text)
		}
	}
	if dead == nil {
		return nil
	}
	so := "the statement does not apply to it"
	if negated(c.Operator.Name) {
		so = "the condition always holds"
	}
	actions := strings.Join(dead, ", ")
	return &hit{action: dead[0], what: fmt.Sprintf("%s is never present for %s: %s.", c.Key, actions, so),
		fix: fmt.Sprintf("Move %s to a statement without the condition.", actions)}
}

func unknownKey(_ *policy.Statement, c policy.Condition) *hit {
	if _, known := knownKey(c.Key); known {
		return nil
	}
	h := &hit{what: fmt.Sprintf("no request to KMS has a condition key %q.", c.Key), fix: "Remove the condition."}
	if near := nearest(c.Key, slices.Sorted(maps.Keys(conditionKeys))); near != "" {
		h.fix = fmt.Sprintf("Write %s.", near)
	}
	return h
}

func wrongSet(_ *policy.Statement, c policy.Condition) *hit {
	k, known := knownKey(c.Key)
	if !known || c.Operator.Name == "Null" || k.many == (c.Operator.Set != policy.OneValue) {
		return nil
	}
	if k.many {
		return &hit{what: fmt.Sprintf("%s has several values; %s compares one.", c.Key, c.Operator),
			fix: fmt.Sprintf("Use ForAnyValue:%s or, with Null, ForAllValues:%s.", c.Operator, c.Operator)}
	}
	one := c.Operator
	one.Set = policy.OneValue
	return &hit{what: fmt.Sprintf("%s has one value; %s is for several.", c.Key, c.Operator),
		fix: fmt.Sprintf("Use %s.", one)}
}

func identityOnly(s *policy.Statement, c policy.Condition) *hit {
	ofCreation := contains([]string{
		"kms:KeyOrigin", "kms:KeySpec", "kms:KeyUsage", "kms:MultiRegion", "kms:CustomerMasterKeySpec",
	}, c.Key) && !s.Action.Not && len(s.Action.List) > 0 && !slices.ContainsFunc(s.Action.List,
		func(a policy.Value) bool { return !strings.EqualFold(a.Text, "kms:CreateKey") })
	if !ofCreation && !strings.EqualFold(c.Key, "kms:ResourceAliases") {
		return nil
	}
	return &hit{what: fmt.Sprintf("%s has no effect in a key policy.", c.Key),
		fix: "Put it in identity policies, or remove it."}
}

func (j *judge) literalVariable() []hit {
	if j.policy.Version == policy.Version2012 {
		return nil
	}
	var list []hit
	for s := range j.all() {
		values := texts(s.Resource.List)
		for _, c := range s.Conditions {
			values = append(values, texts(c.Values)...)
		}
		for _, v := range values {
			if strings.Contains(v, "${") {
				list = append(list, hit{statement: s,
					what: fmt.Sprintf("%q is taken as it is written: the policy's version has no variables.", v),
					fix:  `Set "Version": "2012-10-17".`})
			}
		}
	}
	return list
}

func wrongValue(_ *policy.Statement, c policy.Condition) *hit {
	kind := operatorKinds[c.Operator.Name]
	if k, known := knownKey(c.Key); known && kind == aText && k.kind == aBool {
		kind = aBool // StringEquals compares "true" and "false" well
	}
	for _, v := range texts(c.Values) {
		if !strings.Contains(v, "${") && !fits(kind, v) {
			return &hit{what: fmt.Sprintf("%s can never find %s to be %q.", c.Operator, c.Key, v),
				fix: "Write " + shapes[kind] + "."}
		}
	}
	return nil
}

// shapes say what values look like.
var shapes = map[valueKind]string{
	aBool: `"true" or "false"`, aNumber: "a number", aDate: "a date such as 2030-01-31T12:00:00Z, or seconds since 1970",
	anARN: "an ARN of six parts", aNetwork: "an address or a network such as 203.0.113.0/24", bytes64: "base64",
}

func fits(kind valueKind, v string) bool {
	var err error
	switch kind {
	case aBool:
		return strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	case aNumber:
		_, err = strconv.ParseFloat(v, 64)
	case aDate:
		return isDate(v)
	case anARN:
		return v == "*" || strings.Count(v, ":") >= 5 && glob("arn:*", v)
	case aNetwork:
		if _, err = netip.ParseAddr(v); err != nil {
			_, err = netip.ParsePrefix(v)
		}
	case bytes64:
		_, err = base64.StdEncoding.DecodeString(v)
	}
	return err == nil
}

func isDate(v string) bool {
	if _, err := strconv.ParseFloat(v, 64); err == nil {
		return true
	}
	for _, layout := range [...]string{
		time.RFC3339, "2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700",
	} {
		if _, err := time.Parse(layout, v); err == nil {
			return true
		}
	}
	return false
}

// notOnThese finds keys of services in statements for users, and keys of organisations in statements for services.
func notOnThese(s *policy.Statement, c policy.Condition) *hit {
	if s.Principal.Not || c.Operator.Name == "Null" || c.Operator.IfExists {
		return nil
	}
	only := func(t policy.PrincipalType) bool {
		return !slices.ContainsFunc(s.Principal.List, func(p policy.Principal) bool { return p.Type != t || p.Value == "*" })
	}
	switch {
	case contains([]string{"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"}, c.Key) &&
		only(policy.AWS):
		return &hit{what: fmt.Sprintf("%s is present only when a service calls for itself, not for these principals.", c.Key),
			fix: "Use kms:CallerAccount and kms:ViaService for users."}
	case contains([]string{"aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalArn", "aws:PrincipalAccount"},
		c.Key) && only(policy.Service):
		return &hit{what: fmt.Sprintf("%s is absent when a service calls for itself.", c.Key),
			fix: "Use aws:SourceAccount or aws:SourceOrgID for services."}
	}
	return nil
}
