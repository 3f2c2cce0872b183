// Package ledgers is the data source qldbkms_ledgers.
//
// It lists the ledgers of a Region and describes each, since a listing does not say which key protects them. It
// leaves none out: who asks which ledgers use a key wants to disable it.
package ledgers

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledger"
)

type dataSource struct{ api awsclient.API }

type model struct {
	KMSKey    types.String  `tfsdk:"kms_key"`
	Region    types.String  `tfsdk:"region"`
	KMSKeyARN types.String  `tfsdk:"kms_key_arn"`
	Ledgers   []ledgerModel `tfsdk:"ledgers"`
}

type ledgerModel struct {
	Name             types.String `tfsdk:"name"`
	ARN              types.String `tfsdk:"arn"`
	State            types.String `tfsdk:"state"`
	KMSKeyARN        types.String `tfsdk:"kms_key_arn"`
	EncryptionStatus types.String `tfsdk:"encryption_status"`
}

var (
	_ datasource.DataSource              = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigure = (*dataSource)(nil)
)

// New returns the data source.
func New() datasource.DataSource { return &dataSource{} }

func (d *dataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_ledgers"
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
	region := m.Region.ValueString()
	if region == "" {
		region = d.api.Region()
	}
	call := diagnose.Call{
		Service: "QLDB", Region: region, Failed: "The ledgers were not listed",
		Advice: "Listing needs qldb:ListLedgers, and qldb:DescribeLedger on every ledger of the Region.",
	}
	clients, err := d.api.In(region)
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	if !m.KMSKey.IsNull() {
		arn, bad := findKeyARN(ctx, clients, m.KMSKey.ValueString())
		if bad != nil {
			resp.Diagnostics.Append(bad)
			return
		}
		m.KMSKeyARN = types.StringValue(arn)
	}
	all, err := findAll(ctx, clients.QLDB)
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	m.Region = types.StringValue(clients.Region)
	m.set(all)
	if warning := m.changing(all); warning != "" {
		resp.Diagnostics.AddAttributeWarning(path.Root("kms_key"), "A ledger may still need this KMS key", warning)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// set keeps the ledgers that use the key asked for.
func (m *model) set(all []ledger.Ledger) {
	m.Ledgers = []ledgerModel{}
	for _, l := range all {
		if !m.KMSKeyARN.IsNull() && l.KeyARN != m.KMSKeyARN.ValueString() {
			continue
		}
		m.Ledgers = append(m.Ledgers, ledgerModel{
			Name:             types.StringValue(l.Name),
			ARN:              types.StringValue(l.ARN),
			State:            types.StringValue(string(l.State)),
			KMSKeyARN:        types.StringValue(l.KeyARN),
			EncryptionStatus: types.StringValue(string(l.EncryptionStatus)),
		})
	}
}
