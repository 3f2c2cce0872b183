package record

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/place"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// The words of if_exists, compare and on_destroy; the first of each is the default.
const (
	refuse = "error"
	adopt  = "adopt"

	exact  = "exact"
	subset = "subset"

	deleteIt = "delete"
	retain   = "retain"
)

// maxKeyFields keeps a lookup readable; the service has no limit of its own.
const maxKeyFields = 5

// Schema describes every argument and attribute.
func (r *Resource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	all := documentAttributes()
	for _, group := range []map[string]schema.Attribute{behaviourAttributes(), revisionAttributes()} {
		for name, a := range group {
			all[name] = a
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A document of a table, with the revision it became.\n\nA change is made only if the current " +
			"revision is the one Terraform knows; otherwise the apply stops instead of overwriting what somebody else wrote. " +
			"Earlier revisions, those of deleted documents too, stay in the ledger's history.",
		Attributes: all,
		Blocks: map[string]schema.Block{
			"timeouts": validate.Timeouts(ctx, timeouts.Opts{
				Create: true, Update: true, Delete: true,
				CreateDescription: "How long to wait for a ledger that takes no statements yet, such as `10m`. Default `5m`.",
				UpdateDescription: "How long a change may take, such as `10m`. Default `5m`.",
				DeleteDescription: "How long the deletion may take, such as `10m`. Default `5m`. Read from the state, so a new " +
					"value must be applied before the destroy.",
			}),
		},
	}
}

// IdentitySchema describes what names a document for import and lists.
func (r *Resource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"ledger":      identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the ledger."},
		"table":       identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the table."},
		"document_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the document."},
		"region":      place.Identity(),
	}}
}

// ConfigValidators want exactly one form of the document.
func (r *Resource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.ExactlyOneOf(
			path.MatchRoot("document"), path.MatchRoot("document_ion"), path.MatchRoot("document_wo")),
		resourcevalidator.RequiredTogether(path.MatchRoot("document_wo"), path.MatchRoot("document_wo_version")),
	}
}

func documentAttributes() map[string]schema.Attribute {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	return map[string]schema.Attribute{
		"ledger": schema.StringAttribute{
			Required: true, PlanModifiers: replace, Validators: []validator.String{validate.LedgerName()},
			MarkdownDescription: "Name of the ledger. A change makes another document there.",
		},
		"table": schema.StringAttribute{
			Required: true, PlanModifiers: replace, Validators: []validator.String{validate.TableName()},
			MarkdownDescription: "Name of the table, which must exist. Case matters. A change makes another document there.",
		},
		"region": place.Attribute("A change makes another document there."),
		"document": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "The document as a JSON object, such as `jsonencode({ VIN = \"1N4\" })`, at most 128 KB in " +
				"Ion. Numbers without point and exponent become ints, with a point decimals, with an exponent floats. Compared " +
				"by value: order, spacing and `1.0` for `1` are no change. Exactly one of the three forms of the document is " +
				"needed. Changes in place.",
		},
		"document_ion": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "The document as an Ion struct in text, for what JSON cannot say: timestamps, decimals of a " +
				"certain precision, blobs, symbols, annotations. Compared as Ion: `1.0` and `1.00` differ. Changes in place.",
		},
		"document_wo": schema.StringAttribute{
			Optional: true, WriteOnly: true, Sensitive: true,
			MarkdownDescription: "The document as a JSON object, or as an Ion struct, that is in neither plan nor state. " +
				"Needs Terraform 1.11 and `document_wo_version`. A document that was changed by somebody else is noticed by " +
				"the hash of its revision. An import, which cannot know the form, shows the document until the next apply.",
		},
		"document_wo_version": schema.Int64Attribute{
			Optional: true, CustomType: validate.Whole("a whole number from 0 on; another one writes the document again"),
			Validators: []validator.Int64{int64validator.AtLeast(0)},
			MarkdownDescription: "Version of `document_wo`, chosen by you: another number writes the document again. Shown as " +
				"removed when the ledger's document is not the one that was written.",
		},
	}
}

func behaviourAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"key_fields": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			PlanModifiers: []planmodifier.List{otherKey()},
			Validators: []validator.List{
				listvalidator.SizeBetween(1, maxKeyFields), listvalidator.UniqueValues(),
				listvalidator.NoNullValues(), listvalidator.ValueStringsAre(validate.FieldName()),
			},
			MarkdownDescription: "Top-level fields whose values together identify a document, since tables have no unique " +
				"constraint. Before inserting, the table is searched for a document with the same values, in the same " +
				"transaction. One of them should be indexed, or each search reads the whole table. Default: none, every create " +
				"inserts. A change makes another document, but for a record that had none before, as after an import.",
		},
		"if_exists": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(refuse),
			Validators: []validator.String{stringvalidator.OneOf(refuse, adopt)},
			MarkdownDescription: "What to do when `key_fields` find a document: `error`, or `adopt` it and change it to what " +
				"is configured. Default `error`. Only looked at when the resource is created.",
		},
		"compare": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(exact),
			Validators: []validator.String{stringvalidator.OneOf(exact, subset)},
			MarkdownDescription: "`exact`: the document is what is configured. `subset`: fields that the configuration does " +
				"not name, at any depth of objects, belong to others: they are neither shown nor removed. Default `exact`.",
		},
		"on_destroy": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(deleteIt),
			Validators: []validator.String{stringvalidator.OneOf(deleteIt, retain)},
			MarkdownDescription: "`delete` writes a final revision without data; the history stays. `retain` only forgets the " +
				"document. Default `delete`. Must be applied before the destroy.",
		},
		"verify": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether to fetch digest and proof after each write and to check them here, without trusting " +
				"the service. Default `false`. Needs `qldb:GetDigest` and `qldb:GetRevision`.",
		},
	}
}

// otherKey replaces a document that was found by other key fields. One that was found in another way stays: an import
// cannot know the key fields, and must not end in the deletion of what it imported.
func otherKey() planmodifier.List {
	const meaning = "replaces a document that has other key fields already"
	return listplanmodifier.RequiresReplaceIf(
		func(_ context.Context, req planmodifier.ListRequest, resp *listplanmodifier.RequiresReplaceIfFuncResponse) {
			resp.RequiresReplace = !req.StateValue.IsNull()
		}, meaning, meaning)
}

func revisionAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"document_id": schema.StringAttribute{
			Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			MarkdownDescription: "Id of the document, which no change of the document changes.",
		},
		"version": schema.Int64Attribute{
			Computed: true, MarkdownDescription: "Version of the current revision, counted from 0.",
		},
		"txn_id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Id of the transaction that wrote the current revision.",
		},
		"txn_time": schema.StringAttribute{
			Computed: true, MarkdownDescription: "When that transaction was committed, as the ledger noted it.",
		},
		"revision_hash": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Hash of the current revision, in base64: data and metadata.",
		},
		"block_address": schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "Block of the journal that holds the current revision.",
			Attributes: map[string]schema.Attribute{
				"strand_id":   schema.StringAttribute{Computed: true, MarkdownDescription: "Strand of the journal."},
				"sequence_no": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of the block in its strand."},
			},
		},
	}
}
