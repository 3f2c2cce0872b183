package scenario

import (
	"context"
	"errors"
	"fmt"

	"github.com/amzn/ion-go/ion"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

// witness is a digest that an auditor kept, with a record that it covers.
type witness struct {
	digest   []byte
	tip      string // address in Ion text
	document string
	address  string // of record 1, in Ion text
}

// keep takes a digest now.
func (w *world) keep(ctx context.Context) (witness, error) {
	var kept witness
	if err := w.locate(ctx, &kept); err != nil {
		return witness{}, err
	}
	out, err := w.qldb.GetDigest(ctx, &qldb.GetDigestInput{Name: aws.String(ledger)})
	if err != nil {
		return witness{}, fmt.Errorf("take a digest: %w", err)
	}
	kept.digest, kept.tip = out.Digest, aws.ToString(out.DigestTipAddress.IonText)
	return kept, nil
}

// locate finds the document of record 1 as the administrator.
func (w *world) locate(ctx context.Context, kept *witness) error {
	driver, err := qldbdriver.New(ledger, qldbsession.NewFromConfig(w.root), func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
	})
	if err != nil {
		return err
	}
	defer driver.Shutdown(ctx)
	_, err = driver.Execute(ctx, func(txn qldbdriver.Transaction) (any, error) {
		result, err := txn.Execute("SELECT metadata.id AS id, blockAddress FROM _ql_committed_Test WHERE data.id = 1")
		if err != nil {
			return nil, err
		}
		if !result.Next(txn) {
			return nil, errors.Join(errors.New("there is no record 1"), result.Err())
		}
		var row struct {
			ID      string `ion:"id"`
			Address struct {
				StrandID   string `ion:"strandId"`
				SequenceNo int64  `ion:"sequenceNo"`
			} `ion:"blockAddress"`
		}
		if err := ion.Unmarshal(result.GetCurrentData(), &row); err != nil {
			return nil, err
		}
		kept.document = row.ID
		kept.address = fmt.Sprintf("{strandId:%q,sequenceNo:%d}", row.Address.StrandID, row.Address.SequenceNo)
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("find the document of record 1: %w", err)
	}
	return nil
}

// prove asks for the record again and checks it against the digest that was kept, as an auditor would.
func (w *world) prove(ctx context.Context, kept witness) error {
	out, err := w.qldb.GetRevision(ctx, &qldb.GetRevisionInput{
		Name: aws.String(ledger), DocumentId: &kept.document,
		BlockAddress:     &types.ValueHolder{IonText: &kept.address},
		DigestTipAddress: &types.ValueHolder{IonText: &kept.tip},
	})
	if err != nil {
		return fmt.Errorf("get the revision of record 1: %w", err)
	}
	revision, err := verify.ParseRevision([]byte(aws.ToString(out.Revision.IonText)))
	if err != nil {
		return err
	}
	proof, err := verify.ParseProof([]byte(aws.ToString(out.Proof.IonText)))
	if err != nil {
		return err
	}
	tip, err := verify.ParseAddress([]byte(kept.tip))
	if err != nil {
		return err
	}
	return verify.Inclusion(revision, proof, kept.digest, tip)
}
