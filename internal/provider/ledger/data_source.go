// Package ledger is the data source qldbkms_ledger.
//
// It reads one ledger and, where the caller may, its tags and its KMS key: one call to find the ledger, then the
// others beside each other. It changes nothing.
package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
)

type dataSource struct{ api awsclient.API }

var (
	_ datasource.DataSource              = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigure = (*dataSource)(nil)
)

// New returns the data source.
func New() datasource.DataSource { return &dataSource{} }

func (d *dataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_ledger"
}

func (d *dataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = dataSourceSchema()
}

func (d *dataSource) Configure(
	_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse,
) {
	if req.ProviderData == nil {
		return // validate, or a provider block that is not known yet
	}
	api, ok := req.ProviderData.(awsclient.API)
	if !ok {
		resp.Diagnostics.AddError("The provider hands out no AWS clients", fmt.Sprintf("got %T", req.ProviderData))
		return
	}
	d.api = api
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if d.api == nil {
		resp.Diagnostics.Append(diagnose.NotConfigured())
		return
	}
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name, region := m.Name.ValueString(), m.Region.ValueString()
	if region == "" {
		region = d.api.Region()
	}
	call := diagnose.Call{
		Service: "QLDB", Region: region, Blame: path.Root("name"),
		Failed: fmt.Sprintf("Ledger %q was not read", name),
		Advice: fmt.Sprintf("Reading needs qldb:DescribeLedger on ledger/%s.", name),
	}
	clients, err := d.api.In(region)
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	found, err := Find(ctx, clients.QLDB, name)
	if errors.Is(err, ErrNotFound) {
		resp.Diagnostics.AddAttributeError(path.Root("name"),
			fmt.Sprintf("Ledger %q does not exist in %s", name, clients.Region),
			fmt.Sprintf("QLDB knows no ledger of this name in %s for the account of the credentials. Check the name, in "+
				"which case matters, the Region and the account.", clients.Region))
		return
	}
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	rest, errs := readRest(ctx, clients, found)
	for _, e := range errs {
		call.Service, call.Advice = e.service, ""
		resp.Diagnostics.Append(call.Error(e.err))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m.set(clients.Region, found, rest, d.api.Ignored)
	warn(&resp.Diagnostics, found, rest.key)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
