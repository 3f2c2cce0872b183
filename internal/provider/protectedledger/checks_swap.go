package protectedledger

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// passages compares the keys of a move: whom the new one leaves out, a line for each reader, and what the comparison
// cannot see. The lists are unknown while the new policy or a reader is.
func passages(
	p, st model, f facts, mv move, c checks, s subject,
) (lost []preflight.Finding, checked, unchecked types.List) {
	unknown := types.ListUnknown(types.StringType)
	former := mv.From.ValueString()
	switch {
	case mv.To.ValueString() == awsOwned:
		return nil, texts("everyone whom IAM lets read the ledger: the AWS owned key has no policy"), texts()
	case s.later != "" && (f.Target == nil || f.Target.ARN == ""):
		return nil, unknown, unknown
	case s.later != "":
		return nil, texts(), texts("who can read afterwards: the policy of " + f.Target.ARN + " could not be read")
	case c.partial || c.open:
		return nil, unknown, unknown
	}
	old := s.in
	old.Policy, old.KeyARN, old.Account = formerPolicy(st, f, former), former, accountOf(former)
	free := former == awsOwned
	if free { // without a policy everyone can read
		old = s.in
	}
	if old.Policy == "" {
		return nil, texts(), texts("who can read now: the policy of " + former + " could not be read")
	}
	someone := "arn:" + old.Partition + ":iam::" + s.in.Account + ":role/any-other-role"
	list, err := preflight.Passages(preflight.Swap{Old: old, New: s.in, Users: append([]string{someone}, s.in.Readers...)})
	if err != nil {
		return nil, texts(), texts("everyone: " + strings.ReplaceAll(err.Error(), "\n", " "))
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
	if !free { // else KP-205 says so
		lost = preflight.Lost(list)
	}
	return lost, texts(lines...), texts(open...)
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
