// Package index is the resource qldbkms_index.
//
// An index belongs to a field of a table. The service builds it in the background; Create waits until queries use it. A
// build that takes longer than the wait goes on by itself: the index is saved with the status it had, and the next
// apply waits for the rest.
package index

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/place"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

var (
	_ resource.Resource                = (*Resource)(nil)
	_ resource.ResourceWithConfigure   = (*Resource)(nil)
	_ resource.ResourceWithIdentity    = (*Resource)(nil)
	_ resource.ResourceWithImportState = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan  = (*Resource)(nil)
)

// Resource implements qldbkms_index.
type Resource struct {
	configured.Resource
	opts statement.Options
}

// New makes the resource.
func New(opts statement.Options) resource.Resource {
	return &Resource{configured.NewResource("index"), opts.WithDefaults()}
}

type model struct {
	Ledger   types.String   `tfsdk:"ledger"`
	Table    types.String   `tfsdk:"table"`
	Field    types.String   `tfsdk:"field"`
	Region   types.String   `tfsdk:"region"`
	IndexID  types.String   `tfsdk:"index_id"`
	Status   types.String   `tfsdk:"status"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

type identity struct {
	Ledger types.String `tfsdk:"ledger"`
	Table  types.String `tfsdk:"table"`
	Field  types.String `tfsdk:"field"`
	Region types.String `tfsdk:"region"`
}

// identify must come first in every method: a state written by a Terraform without identities has none.
func (m model) identify(ctx context.Context, to *tfsdk.ResourceIdentity) {
	if to != nil {
		to.Set(ctx, identity{Ledger: m.Ledger, Table: m.Table, Field: m.Field, Region: m.Region})
	}
}

func (r *Resource) open(m model) (*statement.Ledger, error) {
	return statement.Open(r.API, m.Region.ValueString(), m.Ledger.ValueString(), r.opts)
}

// title names the index in the summary of a diagnostic; where says on which table it is.
func (m model) title() string {
	return fmt.Sprintf("Index on %q of %q", short(m.Field.ValueString()), short(m.Table.ValueString()))
}

func (m model) where() string {
	return fmt.Sprintf("field %q of table %q of ledger %q", m.Field.ValueString(), m.Table.ValueString(),
		m.Ledger.ValueString())
}

func short(name string) string {
	if r := []rune(name); len(r) > 14 {
		return string(r[:13]) + "…"
	}
	return name
}

// problem starts a diagnostic on what was not done to the index.
func (m model) problem(failed string, err error) diagnose.Problem {
	p := diagnose.Problem{Summary: m.title() + " " + failed, Cause: m.words(err)}
	if statement.IsGone(err) {
		p.At = path.Root("table")
		p.Next = "Create ledger and table first; let the index refer to those of the other resources, so that Terraform " +
			"keeps the order."
	}
	return p
}

// Schema describes every argument and attribute.
func (r *Resource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An index on a top-level field of a table, which lets queries with `field = ...` and " +
			"`field IN (...)` read only the documents they want. A table can have five. An index is not unique: two documents " +
			"may have the same value.",
		Attributes: map[string]schema.Attribute{
			"ledger": schema.StringAttribute{
				Required: true, PlanModifiers: replace, Validators: []validator.String{validate.LedgerName()},
				MarkdownDescription: "Name of the ledger. A change makes an index there and drops this one.",
			},
			"table": schema.StringAttribute{
				Required: true, PlanModifiers: replace, Validators: []validator.String{validate.TableName()},
				MarkdownDescription: "Name of the table, which must exist. Case matters. A change makes an index there and drops " +
					"this one.",
			},
			"field": schema.StringAttribute{
				Required: true, PlanModifiers: replace, Validators: []validator.String{validate.FieldName()},
				MarkdownDescription: "Name of the top-level field, 1 to 128 characters. Case matters. A change drops the index " +
					"and makes another.",
			},
			"region": place.Attribute("A change makes an index there and drops this one."),
			"index_id": schema.StringAttribute{
				Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "Id of the index.",
			},
			"status": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "`ONLINE` when queries use the index; before that `BUILDING` or `FINALIZING`, and `FAILED` " +
					"when it could not be built.",
			},
		},
		Blocks: map[string]schema.Block{
			"timeouts": validate.Timeouts(ctx, timeouts.Opts{
				Create: true, Update: true, Delete: true,
				CreateDescription: "How long to wait for the ledger and for the index to be built, such as `1h`. Default `10m`.",
				UpdateDescription: "How long to wait for the rest of a build that took longer than its create. Default `10m`.",
				DeleteDescription: "How long to wait for the index to be gone, such as `20m`. Default `10m`. Read from the " +
					"state, so a new value must be applied before the destroy.",
			}),
		},
	}
}

// IdentitySchema describes what names an index for import and lists.
func (r *Resource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"ledger": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the ledger."},
		"table":  identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the table."},
		"field":  identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the field."},
		"region": place.Identity(),
	}}
}
