// Package digest is the data source qldbkms_digest.
//
// It reads the digest of a ledger: 32 bytes that stand for the whole journal up to its newest block. It changes
// nothing, and a later read finds another digest as soon as something was committed.
package digest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledger"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

// patience is how long a ledger that has no digest yet, or cannot use its key, is waited for.
const patience = 5 * time.Minute

type dataSource struct {
	configured.DataSource
	opts statement.Options
}

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// New returns the data source.
func New(opts statement.Options) datasource.DataSource {
	return &dataSource{configured.NewDataSource("digest", dataSourceSchema), opts}
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	if !d.Begin(ctx, req, resp, &m) {
		return
	}
	name, region := m.Ledger.ValueString(), cmp.Or(m.Region.ValueString(), d.API.Region())
	call := diagnose.Call{
		Service: "QLDB", Region: region, Blame: path.Root("ledger"),
		Failed: fmt.Sprintf("The digest of ledger %q was not read", name),
		Advice: fmt.Sprintf("Reading needs qldb:GetDigest on ledger/%s, and an active ledger.", name),
	}
	of, err := statement.Open(d.API, region, name, d.opts)
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var found Digest
	err = of.WhenReady(ctx, func(ctx context.Context) (err error) {
		found, err = Find(ctx, of.Clients().QLDB, name)
		return err
	})
	switch {
	case errors.Is(err, ledger.ErrNotFound) || statement.IsGone(err):
		resp.Diagnostics.Append(ledger.Missing(path.Root("ledger"), name, of.Region))
		return
	case statement.IsNotReady(err):
		resp.Diagnostics.Append(NotReady(call, err))
		return
	case err != nil:
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	m.Region = types.StringValue(of.Region)
	m.Digest = types.StringValue(base64.StdEncoding.EncodeToString(found.Hash))
	m.TipAddress = types.StringValue(found.TipText)
	m.StrandID = types.StringValue(found.Tip.StrandID)
	m.SequenceNo = types.Int64Value(found.Tip.SequenceNo)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// NotReady words that call failed as the ledger could not be waited for any longer.
func NotReady(call diagnose.Call, err error) diag.Diagnostic {
	return diagnose.Problem{
		At: path.Root("ledger"), Summary: call.Failed, Cause: statement.Words(err, call.Region),
		Next: "Plan again when the ledger is ACTIVE and can use its key.",
	}.Error()
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
