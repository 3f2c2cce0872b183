package record

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

// after is what follows a committed write. The document is there: what goes wrong now is a warning, unless the ledger
// cannot prove what it acknowledged.
type after struct {
	ledger *statement.Ledger
	now    model
	done   written
	save   func(model)
	diags  *diag.Diagnostics
}

// finish saves what is known, reads the revision back, saves again, and verifies.
func (a *after) finish(ctx context.Context) {
	a.now.wrote(a.done)
	a.save(a.now)
	var r revision
	var there bool
	table := a.now.Table.ValueString()
	err := a.ledger.Do(ctx, func(tx *statement.Tx) (err error) {
		r, there, err = find(tx, table, a.done.ID)
		return err
	})
	switch {
	case err != nil:
		p := a.now.problem("was written but not read back", err)
		p.Exists = fmt.Sprintf("version %d, written by transaction %s.", a.done.Version, a.done.TxID)
		p.Next = "The next plan reads the rest."
		a.diags.Append(p.Warning())
		return
	case !there || r.TxID != a.done.TxID:
		return // somebody else was faster; the next plan shows it
	}
	a.now.observe(r)
	a.save(a.now)
	if a.now.Verify.ValueBool() {
		a.verify(ctx, r)
	}
}

// verify checks the revision against a digest taken now, here and offline.
func (a *after) verify(ctx context.Context, r revision) {
	err := proven(ctx, a.ledger, r, a.done.Data)
	var wrong *verify.MismatchError
	var odd *unprovenError
	switch {
	case err == nil:
	case errors.As(err, &wrong) || errors.As(err, &odd):
		a.diags.Append(diagnose.Problem{
			At: path.Root("verify"), Summary: a.now.title() + " is not what the ledger proves",
			Cause: fmt.Sprintf("Version %d was acknowledged, but its proof fails: %s.", r.Version, err),
			Next: "Do not trust this ledger, or what answers in its place, before this is explained. The document is in the " +
				"state; if Terraform has marked it tainted, run \"terraform untaint <address>\" to keep it.",
		}.Error())
	default:
		p := a.now.problem("was written but not verified", err)
		p.At = path.Root("verify")
		p.Next = "Verification needs qldb:GetDigest and qldb:GetRevision. To check this revision later, use the data " +
			"source qldbkms_revision."
		a.diags.Append(p.Warning())
	}
}

// An unprovenError says that what is proven is another revision than the one that was written.
type unprovenError struct{ What string }

func (e *unprovenError) Error() string { return "the proven revision has another " + e.What }

// proven checks that the ledger's present digest covers the revision, and that the revision holds the document.
func proven(ctx context.Context, ledger *statement.Ledger, r revision, document ion.Value) error {
	client := ledger.Clients().QLDB
	digest, err := client.GetDigest(ctx, &qldb.GetDigestInput{Name: &ledger.Name})
	if err != nil {
		return err
	}
	block := ion.Struct(ion.F("strandId", ion.String(r.StrandID)), ion.F("sequenceNo", ion.Int(r.SequenceNo))).String()
	out, err := client.GetRevision(ctx, &qldb.GetRevisionInput{
		Name: &ledger.Name, DocumentId: &r.ID, BlockAddress: &qldbtypes.ValueHolder{IonText: &block},
		DigestTipAddress: digest.DigestTipAddress,
	})
	if err != nil {
		return err
	}
	if out.Revision == nil || out.Proof == nil || digest.DigestTipAddress == nil {
		return &unprovenError{"shape: parts of the answer are missing"}
	}
	got, err := verify.ParseRevision([]byte(aws.ToString(out.Revision.IonText)))
	if err != nil {
		return err
	}
	proof, err := verify.ParseProof([]byte(aws.ToString(out.Proof.IonText)))
	if err != nil {
		return err
	}
	tip, err := verify.ParseAddress([]byte(aws.ToString(digest.DigestTipAddress.IonText)))
	if err != nil {
		return err
	}
	if err := verify.Inclusion(got, proof, digest.Digest, tip); err != nil {
		return err
	}
	version, _ := got.Metadata.Field("version")
	number, _ := version.Int64()
	switch {
	case statement.Text(got.Metadata, "id") != r.ID || number != r.Version:
		return &unprovenError{"id or version"}
	case !got.Data.Equal(document):
		return &unprovenError{"document than was written"}
	}
	return nil
}
