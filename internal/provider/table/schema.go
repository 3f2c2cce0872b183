package table

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/place"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// maxTags is what the service allows.
const maxTags = 50

// Schema describes every argument and attribute.
func (r *Resource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A table of a ledger, with its tags.\n\nDestroying it drops the table only when it holds no " +
			"documents, or when `drop_with_documents = true` was applied before. The ledger keeps a dropped table, inactive, " +
			"with documents and history; `undrop` brings it back. Inactive tables count towards the ledger's limit of 40.",
		Attributes: attributes(),
		Blocks: map[string]schema.Block{
			"timeouts": validate.Timeouts(ctx, timeouts.Opts{
				Create: true, Update: true, Delete: true,
				CreateDescription: "How long to wait for a ledger that takes no statements yet, such as `10m`. Default `5m`.",
				UpdateDescription: "How long a change may take, such as `10m`. Default `5m`.",
				DeleteDescription: "How long the drop may take, such as `10m`. Default `5m`. Read from the state, so a new " +
					"value must be applied before the destroy.",
			}),
		},
	}
}

// IdentitySchema describes what names a table for import and lists.
func (r *Resource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"ledger": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the ledger."},
		"name":   identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the table."},
		"region": place.Identity(),
	}}
}

func attributes() map[string]schema.Attribute {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return map[string]schema.Attribute{
		"ledger": schema.StringAttribute{
			Required: true, PlanModifiers: replace, Validators: []validator.String{validate.LedgerName()},
			MarkdownDescription: "Name of the ledger. A change makes a table in the other ledger and drops this one.",
		},
		"name": schema.StringAttribute{
			Required: true, PlanModifiers: replace, Validators: []validator.String{validate.TableName()},
			MarkdownDescription: "Name of the table: 1 to 128 letters, digits and underscores, no digit first. Case matters. " +
				"A table cannot be renamed: a change drops it and makes another.",
		},
		"region": place.Attribute("A change makes a table there and drops this one."),
		"drop_with_documents": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether a destroy may drop the table although it holds documents. Default `false`. Must be " +
				"applied before the destroy.",
		},
		"undrop": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.UniqueID()},
			MarkdownDescription: "Id of a dropped table of the same name, to bring back instead of creating an empty one. " +
				"Default: create. Only looked at when the resource is created.",
		},
		"tags": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			Validators: []validator.Map{
				mapvalidator.SizeAtMost(maxTags), mapvalidator.KeysAre(validate.TagKey()),
				mapvalidator.ValueStringsAre(stringvalidator.LengthAtMost(256)), mapvalidator.NoNullValues(),
			},
			MarkdownDescription: "Tags of the table. Default: none but the provider's `default_tags`. In a ledger with " +
				"permissions mode `STANDARD` the table is created with them, else they are set afterwards. Changes in place.",
		},
		"tags_all": schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Tags of the table with the provider's `default_tags`.",
		},
		"arn": schema.StringAttribute{Computed: true, PlanModifiers: keep, MarkdownDescription: "ARN of the table."},
		"table_id": schema.StringAttribute{
			Computed: true, PlanModifiers: keep,
			MarkdownDescription: "Id of the table, by which its history can be read even after a drop.",
		},
		"status": schema.StringAttribute{
			Computed: true, PlanModifiers: keep, MarkdownDescription: "`ACTIVE`.",
		},
	}
}
