package functions

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// ledgerARN is the parts of a ledger's ARN.
type ledgerARN struct {
	Partition string `tfsdk:"partition"`
	Region    string `tfsdk:"region"`
	AccountID string `tfsdk:"account_id"`
	Name      string `tfsdk:"name"`
}

func ledgerARNParse() pure {
	definition := function.Definition{
		Summary: "Parts of a ledger's ARN.",
		MarkdownDescription: "The parts of the ARN of a ledger: an object of `partition`, `region`, `account_id` and " +
			"`name`.\n\nARNs of anything else, tables and streams of a ledger included, are refused.",
		Parameters: []function.Parameter{
			text("arn", "ARN of a ledger, such as `arn:aws:qldb:eu-west-2:111122223333:ledger/orders`."),
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"partition": types.StringType, "region": types.StringType, "account_id": types.StringType,
			"name": types.StringType,
		}},
	}
	return pure{"ledger_arn_parse", definition, func(
		ctx context.Context, req function.RunRequest, resp *function.RunResponse,
	) {
		var arn string
		if resp.Error = req.Arguments.Get(ctx, &arn); resp.Error != nil {
			return
		}
		parts, err := parseLedgerARN(ctx, arn)
		if err != nil {
			resp.Error = function.NewArgumentFuncError(0, err.Error())
			return
		}
		resp.Error = resp.Result.Set(ctx, parts)
	}}
}

// parseLedgerARN takes apart arn:<partition>:qldb:<region>:<account>:ledger/<name>.
//
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon QLDB".
func parseLedgerARN(ctx context.Context, arn string) (ledgerARN, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return ledgerARN{}, fmt.Errorf("%q is not an ARN: want arn:<partition>:qldb:<region>:<account>:ledger/<name>", arn)
	}
	name, isLedger := strings.CutPrefix(parts[5], "ledger/")
	switch {
	case parts[1] != "aws" && !strings.HasPrefix(parts[1], "aws-"):
		return ledgerARN{}, fmt.Errorf("partition %q is none of AWS", parts[1])
	case parts[2] != "qldb":
		return ledgerARN{}, fmt.Errorf("the ARN is of service %q, not of qldb", parts[2])
	case !isLedger || strings.Contains(name, "/"):
		return ledgerARN{}, fmt.Errorf("the ARN is of %q, not of a ledger: want ledger/<name>", parts[5])
	}
	for _, part := range []struct {
		name, value string
		rule        validator.String
	}{
		{"region", parts[3], validate.Region()},
		{"account", parts[4], validate.AccountID()},
		{"ledger name", name, validate.LedgerName()},
	} {
		if !passes(ctx, part.rule, part.value) {
			return ledgerARN{}, fmt.Errorf("%s %q %s", part.name, part.value, part.rule.Description(ctx))
		}
	}
	return ledgerARN{Partition: parts[1], Region: parts[3], AccountID: parts[4], Name: name}, nil
}

// passes says whether an attribute's validator would accept value.
func passes(ctx context.Context, rule validator.String, value string) bool {
	var resp validator.StringResponse
	rule.ValidateString(ctx, validator.StringRequest{
		Path: path.Empty(), ConfigValue: types.StringValue(value),
	}, &resp)
	return !resp.Diagnostics.HasError()
}
