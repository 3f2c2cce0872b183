// Package table is the resource qldbkms_table.
//
// A table belongs to a ledger that may be managed elsewhere; the resource owns the table and its tags. It never drops a
// table that holds documents unless that was allowed before, and looks for documents in the very transaction that
// drops. A dropped table stays in the ledger, inactive, with its documents; undrop brings it back.
package table

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

var (
	_ resource.Resource                = (*Resource)(nil)
	_ resource.ResourceWithConfigure   = (*Resource)(nil)
	_ resource.ResourceWithIdentity    = (*Resource)(nil)
	_ resource.ResourceWithImportState = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan  = (*Resource)(nil)
)

// Resource implements qldbkms_table.
type Resource struct {
	configured.Resource
	opts statement.Options
}

// New makes the resource.
func New(opts statement.Options) resource.Resource {
	return &Resource{configured.NewResource("table"), opts}
}

type model struct {
	Ledger            types.String   `tfsdk:"ledger"`
	Name              types.String   `tfsdk:"name"`
	Region            types.String   `tfsdk:"region"`
	DropWithDocuments types.Bool     `tfsdk:"drop_with_documents"`
	Undrop            types.String   `tfsdk:"undrop"`
	Tags              types.Map      `tfsdk:"tags"`
	TagsAll           types.Map      `tfsdk:"tags_all"`
	ARN               types.String   `tfsdk:"arn"`
	TableID           types.String   `tfsdk:"table_id"`
	Status            types.String   `tfsdk:"status"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
}

// title names the table in the summary of a diagnostic.
func (m model) title() string {
	name := m.Name.ValueString()
	if len(name) > 30 {
		name = name[:29] + "…"
	}
	return fmt.Sprintf("Table %q", name)
}

type identity struct {
	Ledger types.String `tfsdk:"ledger"`
	Name   types.String `tfsdk:"name"`
	Region types.String `tfsdk:"region"`
}

// identify must come first in every method: a state written by a Terraform without identities has none.
func (m model) identify(ctx context.Context, to *tfsdk.ResourceIdentity) {
	if to != nil {
		to.Set(ctx, identity{Ledger: m.Ledger, Name: m.Name, Region: m.Region})
	}
}

func (r *Resource) open(m model) (*statement.Ledger, error) {
	return statement.Open(r.API, m.Region.ValueString(), m.Ledger.ValueString(), r.opts)
}

// problem starts a diagnostic on what was not done to the table.
func (m model) problem(failed string, err error) diagnose.Problem {
	p := diagnose.Problem{Summary: m.title() + " " + failed, Cause: statement.Words(err, m.Region.ValueString())}
	if statement.IsGone(err) {
		p.At = path.Root("ledger")
	}
	return p
}
