package functions

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// finding is one element of the result of policy_check.
type finding struct {
	Rule      string `tfsdk:"rule"`
	Severity  string `tfsdk:"severity"`
	Statement string `tfsdk:"statement"`
	Message   string `tfsdk:"message"`
}

func policyCheck() pure {
	definition := function.Definition{
		Summary: "What is wrong with a key policy.",
		MarkdownDescription: "The findings about a policy for the KMS key of a ledger, as a list of objects of `rule` " +
			"(such as `KP-301`), `severity` (`error`, `warning` or `note`), `statement` (its number and `Sid`, empty if the " +
			"finding is about the policy as a whole) and `message`, which says what to write instead.\n\nOnly the text is " +
			"judged: whether principals exist and what identity policies allow is not known here. A text that is no policy " +
			"gives a finding, not an error. Use it in `check` blocks, in `validation` and in `terraform test`.",
		Parameters: []function.Parameter{
			text("policy", "Key policy, JSON."),
			text("account", "Id of the account that owns the key, 12 digits."),
			text("region", "Region of the key, such as `eu-west-2`."),
		},
		Return: function.ListReturn{ElementType: types.ObjectType{AttrTypes: map[string]attr.Type{
			"rule": types.StringType, "severity": types.StringType, "statement": types.StringType,
			"message": types.StringType,
		}}},
	}
	return pure{"policy_check", definition, func(
		ctx context.Context, req function.RunRequest, resp *function.RunResponse,
	) {
		var policy, account, region string
		if resp.Error = req.Arguments.Get(ctx, &policy, &account, &region); resp.Error != nil {
			return
		}
		if resp.Error = rightPlace(ctx, account, 1, region, 2); resp.Error != nil {
			return
		}
		list := []finding{}
		for _, f := range preflight.Check(preflight.Input{Policy: policy, Account: account, Region: region}) {
			list = append(list, finding{f.Rule, f.Severity.String(), f.Statement, f.Detail})
		}
		resp.Error = resp.Result.Set(ctx, list)
	}}
}

// rightPlace refuses an account id and a Region that cannot be; they are the arguments of those numbers.
func rightPlace(ctx context.Context, account string, a int64, region string, r int64) *function.FuncError {
	for _, part := range []struct {
		name, value string
		rule        validator.String
		argument    int64
	}{
		{"account", account, validate.AccountID(), a},
		{"region", region, validate.Region(), r},
	} {
		if !passes(ctx, part.rule, part.value) {
			return function.NewArgumentFuncError(part.argument,
				fmt.Sprintf("%s %q %s", part.name, part.value, part.rule.Description(ctx)))
		}
	}
	return nil
}
