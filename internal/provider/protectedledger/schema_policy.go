package protectedledger

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const defaultAccountRoot = true

// An accessModel is key.access.
type accessModel struct {
	AccountRoot     types.Bool `tfsdk:"account_root"`
	Administrators  types.Set  `tfsdk:"administrators"`
	Users           types.Set  `tfsdk:"users"`
	ExtraStatements types.List `tfsdk:"extra_statements"`
}

var (
	stringSet   = types.SetType{ElemType: types.StringType}
	accessTypes = map[string]attr.Type{
		"account_root": types.BoolType, "administrators": stringSet, "users": stringSet,
		"extra_statements": types.ListType{ElemType: types.StringType},
	}
	checksTypes = map[string]attr.Type{"accept": stringSet, "callers": stringSet, "use_iam": types.BoolType}
	findingType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "severity": types.StringType, "accepted": types.BoolType, "statement": types.StringType,
		"message": types.StringType,
	}}
)

func accessAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "The key policy in words: each gets what it needs and no more. Excludes `policy`; " +
			"`policy_document` shows the policy that comes of it. Whoever IAM allows `qldb:CreateLedger` or " +
			"`qldb:UpdateLedger` may put ledgers of the account under the key, through QLDB only. Changes in place.",
		Validators: []validator.Object{
			objectvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("policy")),
		},
		Attributes: map[string]schema.Attribute{
			"account_root": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(defaultAccountRoot),
				MarkdownDescription: "Whether identity policies of the account decide about the key too, and its root user " +
					"can repair the policy. Default `true`. Without it there must be two administrators.",
			},
			"administrators": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "ARNs of roles and users that manage the key, and cannot decrypt.",
				Validators:          []validator.Set{setvalidator.NoNullValues()},
			},
			"users": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "ARNs of roles and users that read or write the ledger. They may decrypt, through QLDB " +
					"only.",
				Validators: []validator.Set{setvalidator.NoNullValues()},
			},
			"extra_statements": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Statements, each a JSON object, that are appended as they are. They are checked like " +
					"those of `policy`.",
				Validators: []validator.List{listvalidator.NoNullValues()},
			},
		},
	}
}

func checksAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "What to check the policy of the key for, and what to let pass. Only changes what a plan says.",
		Attributes: map[string]schema.Attribute{
			"accept": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Ids of rules, such as `KP-207`, whose findings neither stop nor warn for this ledger. " +
					"They stay listed in `policy_findings`, those about a change of key in its preview. Rules that AWS enforces " +
					"cannot be accepted.",
				Validators: []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(acceptable{})},
			},
			"callers": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "ARNs of roles and users that read or write the ledger, to check that the policy lets " +
					"them. Those of `key.access.users` need not be named.",
				Validators: []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(entity{})},
			},
			"use_iam": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether the plan also asks IAM what the identity policies and the permissions boundary " +
					"of each reader say (`iam:SimulatePrincipalPolicy`), whenever it judges the key policy. Then it tells who " +
					"can really read, before and after. `policy_findings` and `key_change` hold by key policy all the same.",
			},
		},
	}
}

func findingsAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Computed: true,
		MarkdownDescription: "What is to be said of the key and its policy, in force or planned, accepted findings " +
			"included. It holds by key policy: identity policies, boundaries and service control policies are not known " +
			"here. What hinges on who runs Terraform is told in the plan and not kept.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"id":       computedString("Rule that fired, such as `KP-205`."),
			"severity": computedString("`error`, `warning` or `note`."),
			"accepted": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether `policy_checks.accept` names the rule.",
			},
			"statement": computedString("Number and `Sid` of the statement, empty if it is about the policy as a whole."),
			"message":   computedString("What is so, and what to write instead."),
		}},
	}
}
