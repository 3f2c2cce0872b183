// Package configured is the start of every object of the provider.
//
// A data source or resource embeds it, and gets its name from there, the AWS clients that the provider hands out once
// its configuration is known, and an error in place of a call while it is not.
package configured

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// A DataSource is embedded in a data source, which adds Read.
type DataSource struct {
	API awsclient.API // nil until Configure was given one

	name   string
	schema func() schema.Schema
}

// NewDataSource makes the data source that is called name after the provider's prefix, such as "ledger".
func NewDataSource(name string, schema func() schema.Schema) DataSource {
	return DataSource{name: name, schema: schema}
}

// Metadata names the data source.
func (d *DataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_" + d.name
}

// Schema describes every argument and attribute.
func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = d.schema()
}

// Configure takes the AWS clients.
func (d *DataSource) Configure(
	_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse,
) {
	d.API = clients(req.ProviderData, &resp.Diagnostics)
}

// Begin reads the configuration into the model that into points to. It says whether Read can go on; if not, resp has
// the reason.
func (d *DataSource) Begin(
	ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse, into any,
) bool {
	if d.API == nil {
		resp.Diagnostics.AddError("The provider's configuration is not known yet",
			"A data source is read in the plan, but the provider block holds values that are known only after apply.\n\n"+
				"Apply what the provider block depends on first, or give the data source a depends_on, so that it is read "+
				"during the apply.")
		return false
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, into)...)
	return !resp.Diagnostics.HasError()
}

// clients takes what the provider hands to an object: nil during validation and while the provider block is unknown.
func clients(data any, diags *diag.Diagnostics) awsclient.API {
	api, ok := data.(awsclient.API)
	if !ok && data != nil {
		diags.AddError("The provider handed over no AWS clients", fmt.Sprintf(
			"Expected an awsclient.API, got %T. Please report this to the provider's developers.", data))
	}
	return api
}
