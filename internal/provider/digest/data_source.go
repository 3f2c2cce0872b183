// Package digest is the data source qldbkms_digest.
//
// It reads the digest of a ledger: 32 bytes that stand for the whole journal up to its newest block. It changes
// nothing, and a later read finds another digest as soon as something was committed.
package digest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledger"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
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
	resp.TypeName = req.ProviderTypeName + "_digest"
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
	name, region := m.Ledger.ValueString(), m.Region.ValueString()
	if region == "" {
		region = d.api.Region()
	}
	call := diagnose.Call{
		Service: "QLDB", Region: region, Blame: path.Root("ledger"),
		Failed: fmt.Sprintf("The digest of ledger %q was not read", name),
		Advice: fmt.Sprintf("Reading needs qldb:GetDigest on ledger/%s, and an active ledger.", name),
	}
	clients, err := d.api.In(region)
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	found, err := Find(ctx, clients.QLDB, name)
	if errors.Is(err, ledger.ErrNotFound) {
		resp.Diagnostics.AddAttributeError(path.Root("ledger"),
			fmt.Sprintf("Ledger %q does not exist in %s", name, clients.Region),
			fmt.Sprintf("QLDB knows no ledger of this name in %s for the account of the credentials. Check the name, in "+
				"which case matters, the Region and the account.", clients.Region))
		return
	}
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	m.Region = types.StringValue(clients.Region)
	m.Digest = types.StringValue(base64.StdEncoding.EncodeToString(found.Hash))
	m.TipAddress = types.StringValue(found.TipText)
	m.StrandID = types.StringValue(found.Tip.StrandID)
	m.SequenceNo = types.Int64Value(found.Tip.SequenceNo)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// A Digest stands for all blocks of a ledger up to Tip.
type Digest struct {
	Hash    []byte // 32 bytes
	Tip     verify.BlockAddress
	TipText string // Tip as the service wrote it, Ion text
}

// Find asks for the digest of the ledger called name. The error is ledger.ErrNotFound, the call's own, or, for an
// answer that is no digest, a *verify.FormatError, wrapped.
func Find(ctx context.Context, client *qldb.Client, name string) (Digest, error) {
	out, err := client.GetDigest(ctx, &qldb.GetDigestInput{Name: &name})
	if _, gone := errors.AsType[*qldbtypes.ResourceNotFoundException](err); gone {
		return Digest{}, ledger.ErrNotFound
	}
	if err != nil {
		return Digest{}, fmt.Errorf("get digest of ledger %s: %w", name, err)
	}
	found := Digest{Hash: out.Digest}
	if out.DigestTipAddress != nil {
		found.TipText = aws.ToString(out.DigestTipAddress.IonText)
	}
	if found.Tip, err = verify.ParseAddress([]byte(found.TipText)); err == nil && len(found.Hash) != sha256.Size {
		err = &verify.FormatError{What: "digest", Reason: "has not 32 bytes"}
	}
	if err != nil {
		return Digest{}, fmt.Errorf("read digest of ledger %s: %w", name, err)
	}
	return found, nil
}
