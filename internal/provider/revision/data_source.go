// Package revision is the data source qldbkms_revision.
//
// It reads one revision of a document with its proof, and shows it only if the proof leads from this revision to the
// digest. The check is made here, offline; the service is asked for the texts and believed in nothing.
package revision

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/digest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledger"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

// patience is how long a ledger that cannot use its key is waited for.
const patience = 5 * time.Minute

type dataSource struct {
	configured.DataSource
	opts statement.Options
}

var (
	_ datasource.DataSource                     = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigure        = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*dataSource)(nil)
)

// New returns the data source.
func New(opts statement.Options) datasource.DataSource {
	return &dataSource{configured.NewDataSource("revision", dataSourceSchema), opts}
}

func (d *dataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.RequiredTogether(path.MatchRoot("digest"), path.MatchRoot("tip_address")),
	}
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	if !d.Begin(ctx, req, resp, &m) {
		return
	}
	region := cmp.Or(m.Region.ValueString(), d.API.Region())
	of, err := statement.Open(d.API, region, m.Ledger.ValueString(), d.opts)
	if err != nil {
		resp.Diagnostics.Append(m.failed(region, err))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var found proven
	err = of.WhenReady(ctx, func(ctx context.Context) (err error) {
		found, err = find(ctx, of.Clients().QLDB, request{
			ledger: m.Ledger.ValueString(), documentID: m.DocumentID.ValueString(), address: m.BlockAddress.ValueString(),
			digest: m.Digest.ValueString(), tip: m.TipAddress.ValueString(),
		})
		return err
	})
	if err != nil {
		resp.Diagnostics.Append(m.failed(of.Region, err))
		return
	}
	m.set(of.Region, found)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (m *model) set(region string, p proven) {
	m.Region = types.StringValue(region)
	m.Digest = types.StringValue(base64.StdEncoding.EncodeToString(p.digest))
	m.TipAddress = types.StringValue(p.tip)
	m.Revision = types.StringValue(p.text)
	if !p.Data.IsNull() {
		m.Data = types.StringValue(string(ion.ToJSON(p.Data)))
	}
	m.RevisionHash = types.StringValue(base64.StdEncoding.EncodeToString(p.Hash[:]))
	m.Version = types.Int64Value(p.version)
	m.TxnID = types.StringValue(p.txnID)
	m.TxnTime = types.StringValue(p.txnTime)
	m.Proof = types.StringValue(p.proof)
	m.Verified = types.BoolValue(true)
}

// failed words why the revision is not shown.
func (m *model) failed(region string, err error) diag.Diagnostic {
	name := m.Ledger.ValueString()
	if errors.Is(err, ledger.ErrNotFound) || statement.IsGone(err) {
		return ledger.Missing(path.Root("ledger"), name, region)
	}
	if unproven, ok := errors.AsType[*unprovenError](err); ok {
		return diag.NewErrorDiagnostic(fmt.Sprintf("A revision of document %s is not proven", m.DocumentID.ValueString()),
			fmt.Sprintf("%s.\n\n%s", unproven, unproven.meaning))
	}
	call := diagnose.Call{
		Service: "QLDB", Region: region,
		Failed: fmt.Sprintf("A revision of document %s was not read", m.DocumentID.ValueString()),
		Advice: fmt.Sprintf("Reading needs qldb:GetRevision on ledger/%[1]s, qldb:GetDigest when no digest is given, and an "+
			"active ledger. document_id and block_address come from one row of the committed view or of the history.", name),
	}
	if statement.IsNotReady(err) {
		return digest.NotReady(call, err)
	}
	return call.Error(err)
}
