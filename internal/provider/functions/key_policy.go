package functions

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

func keyPolicy() pure {
	definition := function.Definition{
		Summary: "Key policy for a ledger, from words.",
		MarkdownDescription: "The key policy, JSON, that gives each principal what it needs for one ledger and no more. " +
			"The argument is an object of\n\n" +
			"- `account_id` and `region`, of the key: required;\n" +
			"- `ledger`, its name, for the `Id` of the policy;\n" +
			"- `account_root`, whether identity policies of the account decide too: true by default. Without it there must " +
			"be two administrators;\n" +
			"- `administrators`, ARNs of roles and users that manage the key and cannot decrypt;\n" +
			"- `users`, ARNs of roles and users that read or write the ledger;\n" +
			"- `extra_statements`, JSON objects that are appended as they are.\n\n" +
			"`policy_check` finds nothing above a note in the result, unless in extra statements. The data source " +
			"`qldbkms_key_policy` makes the same policy.",
		Parameters: []function.Parameter{function.DynamicParameter{
			Name: "access", MarkdownDescription: "Object that says who may do what.",
		}},
		Return: function.StringReturn{},
	}
	return pure{"key_policy", definition, func(
		ctx context.Context, req function.RunRequest, resp *function.RunResponse,
	) {
		var argument types.Dynamic
		if resp.Error = req.Arguments.Get(ctx, &argument); resp.Error != nil {
			return
		}
		access, err := accessOf(argument)
		if err == nil {
			if resp.Error = rightPlace(ctx, access.Account, 0, access.Region, 0); resp.Error != nil {
				return
			}
			var policy string
			if policy, err = preflight.Policy(access); err == nil {
				resp.Error = resp.Result.Set(ctx, policy)
				return
			}
		}
		resp.Error = function.NewArgumentFuncError(0, err.Error())
	}}
}

// accessOf reads the object. Members that are null are as if they were not there.
func accessOf(argument types.Dynamic) (preflight.Access, error) {
	var members map[string]attr.Value
	switch v := argument.UnderlyingValue().(type) {
	case types.Object:
		members = v.Attributes()
	case types.Map:
		members = v.Elements()
	default:
		return preflight.Access{}, fmt.Errorf("the argument is no object")
	}
	a := preflight.Access{AccountRoot: true}
	fields := map[string]any{
		"account_id": &a.Account, "region": &a.Region, "ledger": &a.Ledger, "account_root": &a.AccountRoot,
		"administrators": &a.Administrators, "users": &a.Users, "extra_statements": &a.ExtraStatements,
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		to, known := fields[name]
		if !known {
			return a, fmt.Errorf("unknown member %q: there are %s", name,
				strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		if err := assign(to, members[name]); err != nil {
			return a, fmt.Errorf("member %s %w", name, err)
		}
	}
	return a, nil
}

// assign stores a value in a *string, a *bool or a *[]string.
func assign(to any, v attr.Value) error {
	if d, ok := v.(types.Dynamic); ok {
		v = d.UnderlyingValue()
	}
	if v == nil || v.IsNull() {
		return nil
	}
	switch to := to.(type) {
	case *string:
		s, ok := v.(types.String)
		if !ok {
			return fmt.Errorf("is no string; quote it")
		}
		*to = s.ValueString()
	case *bool:
		b, ok := v.(types.Bool)
		if !ok {
			return fmt.Errorf("is neither true nor false")
		}
		*to = b.ValueBool()
	case *[]string:
		list, ok := v.(interface{ Elements() []attr.Value }) // a list, a set or a tuple
		if !ok {
			return fmt.Errorf("is no list")
		}
		for i, e := range list.Elements() {
			s, ok := e.(basetypes.StringValue)
			if !ok || s.IsNull() {
				return fmt.Errorf("has an element %d that is no string", i)
			}
			*to = append(*to, s.ValueString())
		}
	}
	return nil
}
