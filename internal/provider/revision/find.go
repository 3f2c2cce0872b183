package revision

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/digest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledger"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

// A request names a revision and, unless both are empty, the digest that has to cover it.
type request struct {
	ledger, documentID string
	address            string // Ion text
	digest             string // base64
	tip                string // Ion text
}

// proven is a revision that was checked.
type proven struct {
	verify.Revision
	text, proof    string // Ion text, as the service wrote them
	digest         []byte
	tip            string // Ion text
	version        int64
	txnID, txnTime string
}

// An unprovenError says that an answer came, but does not show what it has to. It wraps a *verify.MismatchError or a
// *verify.FormatError, or stands for itself.
type unprovenError struct {
	err     error
	meaning string // what it means, what to do
}

func (e *unprovenError) Error() string { return e.err.Error() }
func (e *unprovenError) Unwrap() error { return e.err }

const (
	otherThing = "The service answered with something else than it was asked for. Rely on this ledger, and on what " +
		"stands between it and Terraform, only when you know why."
	notCovered = "The revision, its proof and the digest do not belong together. If digest and tip_address are what " +
		"GetDigest once returned for this ledger, then the journal was changed since, or this answer on its way: " +
		"keep all of it as evidence. If they are not, correct them."
)

// find asks for the revision and checks it. The error is ledger.ErrNotFound, *unprovenError, or a call's own, wrapped.
func find(ctx context.Context, client *qldb.Client, r request) (proven, error) {
	address, err := verify.ParseAddress([]byte(r.address))
	if err != nil {
		return proven{}, err
	}
	against, err := r.against(ctx, client)
	if err != nil {
		return proven{}, err
	}
	out, err := client.GetRevision(ctx, &qldb.GetRevisionInput{
		Name: &r.ledger, DocumentId: &r.documentID,
		BlockAddress:     &qldbtypes.ValueHolder{IonText: &r.address},
		DigestTipAddress: &qldbtypes.ValueHolder{IonText: &against.TipText},
	})
	if _, gone := errors.AsType[*qldbtypes.ResourceNotFoundException](err); gone {
		return proven{}, ledger.ErrNotFound
	}
	if err != nil {
		return proven{}, fmt.Errorf("get revision of %s: %w", r.documentID, err)
	}
	p := proven{text: ionText(out.Revision), proof: ionText(out.Proof), digest: against.Hash, tip: against.TipText}
	if err := p.check(r.documentID, address, against.Tip); err != nil {
		return proven{}, err
	}
	return p, nil
}

// against is the digest of the request, or the ledger's present one.
func (r request) against(ctx context.Context, client *qldb.Client) (digest.Digest, error) {
	if r.digest == "" && r.tip == "" {
		return digest.Find(ctx, client, r.ledger)
	}
	given := digest.Digest{TipText: r.tip}
	var err error
	if given.Hash, err = verify.ParseDigest(r.digest); err != nil {
		return digest.Digest{}, err
	}
	given.Tip, err = verify.ParseAddress([]byte(r.tip))
	return given, err
}

// check reads the texts of p and proves them. A proof shows that a revision is in the journal, not that it is the one
// that was asked for: that is compared first.
func (p *proven) check(documentID string, address, tip verify.BlockAddress) error {
	var err error
	if p.Revision, err = verify.ParseRevision([]byte(p.text)); err != nil {
		return &unprovenError{err, otherThing}
	}
	if p.proof == "" {
		return &unprovenError{fmt.Errorf("%s came without a proof", p.Revision), otherThing}
	}
	proof, err := verify.ParseProof([]byte(p.proof))
	if err != nil {
		return &unprovenError{err, otherThing}
	}
	if id, _ := p.Metadata.Field("id"); id.Text() != documentID || p.Address != address {
		return &unprovenError{fmt.Errorf("asked for a revision of %s at %s, got %s at %s",
			documentID, address, p.Revision, p.Address), otherThing}
	}
	if err := verify.Inclusion(p.Revision, proof, p.digest, tip); err != nil {
		return &unprovenError{err, notCovered}
	}
	return p.readMetadata()
}

func (p *proven) readMetadata() error {
	version, _ := p.Metadata.Field("version")
	txnID, _ := p.Metadata.Field("txId")
	txnTime, _ := p.Metadata.Field("txTime")
	n, ok := version.Int64()
	if !ok || txnID.Text() == "" || txnTime.Type() != ion.TimestampType || txnTime.IsNull() {
		return &unprovenError{fmt.Errorf("%s has metadata without version, txId or txTime", p.Revision), otherThing}
	}
	p.version, p.txnID, p.txnTime = n, txnID.Text(), txnTime.String()
	return nil
}

func ionText(holder *qldbtypes.ValueHolder) string {
	if holder == nil {
		return ""
	}
	return aws.ToString(holder.IonText)
}
