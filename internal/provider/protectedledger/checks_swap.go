package protectedledger

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// compare tells what a move does to readers: whom the new key leaves out, a line for each, and what the comparison
// cannot see. The lists stay unknown while a policy or a reader is: whoever applies the plan may see more.
func (v *verdict) compare(st model, f facts, mv move, c checks, s subject) []preflight.Finding {
	former := mv.From.ValueString()
	switch {
	case mv.To.ValueString() == awsOwned:
		v.checked = texts("everyone whom IAM lets read the ledger: the AWS owned key has no policy")
		v.unchecked = texts()
		return nil
	case s.later != "" && f.Target != nil && f.Target.ARN != "":
		v.unread = f.Target.ARN
		return nil
	case s.later != "" || c.partial || c.open:
		return nil
	}
	free := former == awsOwned // without a policy everyone can read
	old := s.in
	if !free {
		old.Policy, old.KeyARN, old.Account = formerPolicy(st, f, former), former, accountOf(former)
	}
	if old.Policy == "" {
		v.unread = former
		return nil
	}
	someone := "arn:" + s.in.Partition + ":iam::" + s.in.Account + ":role/any-other-role"
	list, err := preflight.Passages(preflight.Swap{Old: old, New: s.in, Users: append([]string{someone}, s.in.Readers...)})
	if err != nil {
		v.unread = former // a text that KMS keeps and that is no policy to us
		return nil
	}
	var lines, open []string
	list = slices.DeleteFunc(list, func(one preflight.Passage) bool {
		if free {
			one.Before, one.During = preflight.Reached, preflight.Reached
		}
		if one.Principal == someone {
			open = append(open, others(one, free)...)
			return true
		}
		lines = append(lines, short(one.Principal, s.in.Account)+": before "+string(one.Before)+", during "+
			string(one.During)+", after "+string(one.After))
		return false
	})
	v.checked, v.unchecked = texts(lines...), texts(open...)
	if free {
		return nil // KP-205 says who is left out
	}
	v.passages = list
	return preflight.Lost(list)
}

// narrowed finds whom a change of the policy of the key that the ledger stays under takes access from, besides those
// whom the configuration names: of them KP-205 speaks. Who writes the policy in words sees whom the plan takes out.
func narrowed(p, st model, mv move, s subject) []preflight.Finding {
	if !st.exists() || replaces(p, st) || mv.Kind != stays || st.Key == nil ||
		!st.Key.Access.IsNull() && !p.Key.Access.IsNull() {
		return nil
	}
	before := s.in
	before.Policy = st.Key.PolicyDocument.ValueString()
	list, err := preflight.Passages(preflight.Swap{Old: before, New: s.in})
	if err != nil {
		return nil // a text that KMS keeps and that is no policy to us
	}
	return preflight.Narrowed(slices.DeleteFunc(list, func(one preflight.Passage) bool {
		return slices.Contains(s.in.Readers, one.Principal)
	}))
}

// others says what the comparison leaves open about roles that no policy and no argument names.
func others(one preflight.Passage, free bool) []string {
	switch {
	case free:
		return []string{"who reads now under the AWS owned key, which has no policy: name them in policy_checks.callers"}
	case one.Before == preflight.Unreached:
		return nil
	case one.Loses():
		return []string{"roles that only IAM policies let read now; under the new key: " + string(one.After)}
	}
	return []string{"roles that only IAM policies let read: name them in policy_checks.callers"}
}

// formerPolicy is the policy of the key that the ledger leaves, "" if it is not known.
func formerPolicy(st model, f facts, arn string) string {
	if st.ownKey() == arn {
		return st.Key.PolicyDocument.ValueString()
	}
	return f.Former
}

// short is a principal without what everyone in the account has in common.
func short(arn, account string) string {
	if _, name, ok := strings.Cut(arn, ":iam::"+account+":"); ok {
		return name
	}
	return arn
}

func texts(list ...string) types.List {
	elements := []attr.Value{}
	for _, text := range list {
		elements = append(elements, types.StringValue(text))
	}
	return types.ListValueMust(types.StringType, elements)
}
