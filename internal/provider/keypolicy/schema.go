package keypolicy

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

type model struct {
	AccountID       types.String `tfsdk:"account_id"`
	Region          types.String `tfsdk:"region"`
	Ledger          types.String `tfsdk:"ledger"`
	AccountRoot     types.Bool   `tfsdk:"account_root"`
	Administrators  types.Set    `tfsdk:"administrators"`
	Users           types.Set    `tfsdk:"users"`
	ExtraStatements types.List   `tfsdk:"extra_statements"`
	JSON            types.String `tfsdk:"json"`
}

func dataSourceSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Makes the key policy of a ledger from words: each gets what it needs and no more.\n\n" +
			"Whoever `qldb:CreateLedger` or `qldb:UpdateLedger` is allowed to may put a ledger of the account under the " +
			"key, through QLDB only. `users` may decrypt, through QLDB only. The result may also be the `policy` of an " +
			"`aws_kms_key`. The function `key_policy` makes the same policy.",
		Attributes: map[string]schema.Attribute{
			"account_id": schema.StringAttribute{
				Optional: true, Computed: true,
				Validators:          []validator.String{validate.AccountID()},
				MarkdownDescription: "Id of the account that owns the key. Default: that of the provider's credentials.",
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true,
				Validators:          []validator.String{validate.Region()},
				MarkdownDescription: "AWS Region of key and ledger. Default: the provider's.",
			},
			"ledger": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{validate.LedgerName()},
				MarkdownDescription: "Name of the ledger. It only names the policy.",
			},
			"account_root": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether identity policies of the account decide about the key too, and its root user " +
					"can repair the policy. Default: true. Without it there must be two administrators.",
			},
			"administrators": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "ARNs of roles and users that manage the key, and cannot decrypt.",
			},
			"users": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "ARNs of roles and users that read or write the ledger.",
			},
			"extra_statements": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Statements, each a JSON object, that are appended as they are.",
			},
			"json": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The key policy, JSON.",
			},
		},
	}
}
