// Package keypolicy is the data source qldbkms_key_policy.
//
// It makes the key policy of a ledger from words: who manages the key, who reads or writes the ledger. It reads nothing
// of AWS but, where it is not given, the id of the account.
package keypolicy

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
)

type dataSource struct{ configured.DataSource }

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// New returns the data source.
func New() datasource.DataSource {
	return &dataSource{configured.NewDataSource("key_policy", dataSourceSchema)}
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	if !d.Begin(ctx, req, resp, &m) {
		return
	}
	resp.Diagnostics.Append(d.locate(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	a := preflight.Access{Account: m.AccountID.ValueString(), Region: m.Region.ValueString(),
		Ledger: m.Ledger.ValueString()}
	if m.AccountRoot.IsNull() {
		m.AccountRoot = types.BoolValue(true)
	}
	a.AccountRoot = m.AccountRoot.ValueBool()
	resp.Diagnostics.Append(m.Administrators.ElementsAs(ctx, &a.Administrators, false)...)
	resp.Diagnostics.Append(m.Users.ElementsAs(ctx, &a.Users, false)...)
	resp.Diagnostics.Append(m.ExtraStatements.ElementsAs(ctx, &a.ExtraStatements, false)...)
	if resp.Diagnostics.HasError() {
		return
	}
	policy, err := preflight.Policy(a)
	if err != nil {
		resp.Diagnostics.Append(refused(err))
		return
	}
	m.JSON = types.StringValue(policy)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// locate fills in the provider's Region and the account of its credentials.
func (d *dataSource) locate(ctx context.Context, m *model) (diags diag.Diagnostics) {
	if m.Region.IsNull() {
		m.Region = types.StringValue(d.API.Region())
	}
	if m.Region.ValueString() == "" {
		diags.AddAttributeError(path.Root("region"), "No Region",
			"Neither the data source nor the provider names a Region. Set region in one of them.")
	}
	if m.AccountID.IsNull() {
		id, err := d.API.CallerIdentity(ctx)
		if err != nil {
			call := diagnose.Call{
				Service: "STS", Region: m.Region.ValueString(), Blame: path.Root("account_id"),
				Failed: "The account of the credentials is not known", Advice: "Set account_id.",
			}
			diags.Append(call.Error(err))
			return diags
		}
		m.AccountID = types.StringValue(id.Account)
	}
	if m.AccountID.ValueString() == "" {
		diags.AddAttributeError(path.Root("account_id"), "No account",
			"The provider does not ask for the account of its credentials. Set account_id.")
	}
	return diags
}

// refused is an error of preflight.Policy, on the attribute to blame.
func refused(err error) diag.Diagnostic {
	const summary = "No key policy can be made of this"
	if fault, ok := errors.AsType[*preflight.AccessError](err); ok && fault.Field != "" {
		return diag.NewAttributeErrorDiagnostic(path.Root(fault.Field), summary, fault.Err.Error()+".")
	}
	return diag.NewErrorDiagnostic(summary, err.Error()+".")
}
