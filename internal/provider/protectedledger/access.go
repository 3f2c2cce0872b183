package protectedledger

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// A setting is where a key policy is to be in force.
type setting struct {
	Partition string
	Account   string // "" when not known
	Region    types.String
	Ledger    types.String
}

// access reads key.access; ok is false when there is none or it is not known.
func (k keyModel) access() (a accessModel, ok bool) {
	if !known(k.Access) {
		return a, false
	}
	members := k.Access.Attributes()
	a.AccountRoot, _ = members["account_root"].(types.Bool)
	a.Administrators, _ = members["administrators"].(types.Set)
	a.Users, _ = members["users"].(types.Set)
	a.ExtraStatements, _ = members["extra_statements"].(types.List)
	return a, true
}

// accessWithDefaults fills in what key.access left open.
func accessWithDefaults(v types.Object) types.Object {
	a, ok := keyModel{Access: v}.access()
	if !ok {
		return accessOrNull(v)
	}
	return types.ObjectValueMust(accessTypes, map[string]attr.Value{
		"account_root": boolOr(a.AccountRoot, defaultAccountRoot), "administrators": a.Administrators, "users": a.Users,
		"extra_statements": a.ExtraStatements,
	})
}

// accessOrNull gives the zero value, which is null, its type.
func accessOrNull(v types.Object) types.Object {
	if v.IsNull() {
		return types.ObjectNull(accessTypes)
	}
	return v
}

// elements are the strings of a list or set that are known; open says that some are not.
func elements(v interface {
	attr.Value
	Elements() []attr.Value
}) (list []string, open bool) {
	if v.IsUnknown() {
		return nil, true
	}
	for _, e := range v.Elements() {
		if s, ok := e.(types.String); ok && known(s) {
			list = append(list, s.ValueString())
		} else {
			open = true
		}
	}
	return list, open
}

// words are what key.access says as far as it is known; open says that a part is not.
func (a accessModel) words(at setting) (w preflight.Access, open bool) {
	var parts [3]bool
	w = preflight.Access{
		Partition: at.Partition, Account: at.Account, Region: at.Region.ValueString(), Ledger: at.Ledger.ValueString(),
		AccountRoot: boolOr(a.AccountRoot, defaultAccountRoot).ValueBool(),
	}
	w.Administrators, parts[0] = elements(a.Administrators)
	w.Users, parts[1] = elements(a.Users)
	w.ExtraStatements, parts[2] = elements(a.ExtraStatements)
	if w.Account == "" { // the key's account is the one whose roles and users it names; any other is refused
		for _, arn := range append(append([]string{}, w.Administrators...), w.Users...) {
			if account := accountOf(arn); account != "" {
				w.Account, w.Partition = account, partitionOf(arn)
				break
			}
		}
	}
	return w, parts[0] || parts[1] || parts[2] || a.AccountRoot.IsUnknown() || !known(at.Region) || at.Ledger.IsUnknown()
}

// policy is the policy that key.access makes; it is unknown while something it is made of is.
func (a accessModel) policy(at setting) (types.String, []finding) {
	w, open := a.words(at)
	if open || w.Account == "" {
		return types.StringUnknown(), a.faults(at)
	}
	text, err := preflight.Policy(w)
	if err != nil {
		return types.StringUnknown(), []finding{accessFault(err)}
	}
	return types.StringValue(text), nil
}

// faults are what is wrong with key.access, whatever the rest turns out to be.
func (a accessModel) faults(at setting) []finding {
	w, _ := a.words(at)
	if w.Account == "" {
		w.Account = "000000000000"
	}
	if w.Region == "" {
		w.Region = "eu-west-2" // where it is does not matter here
	}
	if _, open := elements(a.Administrators); open || a.AccountRoot.IsUnknown() {
		w.AccountRoot = true // whether there are administrators enough is not known yet
	}
	if w.Partition == "" {
		w.Partition = preflight.PartitionOf(w.Region)
	}
	if _, err := preflight.Policy(w); err != nil {
		return []finding{accessFault(err)}
	}
	return nil
}

// accessFault is an error of preflight.Policy, on the argument to blame.
func accessFault(err error) finding {
	at := path.Root("key").AtName("access")
	const summary = "No key policy can be made of this"
	cause := strings.TrimPrefix(err.Error(), "make the key policy: ")
	if fault, ok := errors.AsType[*preflight.AccessError](err); ok && fault.Field != "" {
		at, cause = at.AtName(fault.Field), fault.Err.Error()
		if fault.Field == "extra_statements" {
			at = at.AtListIndex(fault.Index)
		}
	}
	return failure(at, summary, fmt.Sprintf("%s: %s.", at, cause))
}

// effectivePolicy is the policy a key gets: the configured one, the one its words make, or the default written out,
// because KMS would keep the last policy for ever if it were left out.
func effectivePolicy(k keyModel, at setting) (types.String, []finding) {
	if a, ok := k.access(); ok {
		return a.policy(at)
	}
	switch {
	case k.Policy.IsUnknown(), k.Access.IsUnknown():
		return types.StringUnknown(), nil
	case !k.Policy.IsNull():
		return k.Policy, nil
	case at.Account == "":
		return types.StringUnknown(), nil
	}
	return types.StringValue(policy.Default(at.Partition, at.Account)), nil
}

// noAccount refuses key.access where no account can be had for it: the default policy must not take its place.
func noAccount(p model, f facts) []finding {
	if p.Key == nil || f.CallerUnknown == "" || !p.Key.PolicyDocument.IsUnknown() {
		return nil
	}
	a, ok := p.Key.access()
	if !ok {
		return nil
	}
	if w, open := a.words(setting{Account: f.Account, Region: p.Region, Ledger: p.Name}); open || w.Account != "" {
		return nil
	}
	return []finding{failure(path.Root("key").AtName("access"), "The account of the key is not known", fmt.Sprintf(
		"The policy is for the account of the credentials, and %s. Name an administrator or a user, whose ARN tells the "+
			"account, or let the provider ask STS.", f.CallerUnknown))}
}
