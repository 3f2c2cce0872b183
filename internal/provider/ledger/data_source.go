// Package ledger is the data source qldbkms_ledger.
//
// It reads one ledger and, where the caller may, its tags and its KMS key: one call to find the ledger, then the
// others beside each other. It changes nothing.
package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
)

type dataSource struct{ configured.DataSource }

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// New returns the data source.
func New() datasource.DataSource {
	return &dataSource{configured.NewDataSource("ledger", dataSourceSchema)}
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	if !d.Begin(ctx, req, resp, &m) {
		return
	}
	name, region := m.Name.ValueString(), cmp.Or(m.Region.ValueString(), d.API.Region())
	call := diagnose.Call{
		Service: "QLDB", Region: region, Blame: path.Root("name"),
		Failed: fmt.Sprintf("Ledger %q was not read", name),
		Advice: fmt.Sprintf("Reading needs qldb:DescribeLedger on ledger/%s.", name),
	}
	clients, err := d.API.In(region)
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	found, err := Find(ctx, clients.QLDB, name)
	if errors.Is(err, ErrNotFound) {
		resp.Diagnostics.Append(Missing(path.Root("name"), name, clients.Region))
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
	m.set(clients.Region, found, rest, d.API.Ignored)
	warn(&resp.Diagnostics, found, rest.key)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// Missing says that there is no ledger called name in region. at is the argument to blame.
func Missing(at path.Path, name, region string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(at, fmt.Sprintf("Ledger %q does not exist in %s", name, region),
		fmt.Sprintf("QLDB knows no ledger of this name in %s for the account of the credentials. Check the name, in "+
			"which case matters, the Region and the account.", region))
}
