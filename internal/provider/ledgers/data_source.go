// Package ledgers is the data source qldbkms_ledgers.
//
// It lists the ledgers of a Region and describes each, since a listing does not say which key protects them. It
// leaves none out: who asks which ledgers use a key wants to disable it.
package ledgers

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledger"
)

type dataSource struct{ configured.DataSource }

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

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// New returns the data source.
func New() datasource.DataSource {
	return &dataSource{configured.NewDataSource("ledgers", dataSourceSchema)}
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	if !d.Begin(ctx, req, resp, &m) {
		return
	}
	region := cmp.Or(m.Region.ValueString(), d.API.Region())
	call := diagnose.Call{
		Service: "QLDB", Region: region, Failed: "The ledgers were not listed",
		Advice: "Listing needs qldb:ListLedgers, and qldb:DescribeLedger on every ledger of the Region.",
	}
	clients, err := d.API.In(region)
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
