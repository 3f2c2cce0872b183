package main

import (
	"context"
	"errors"
	"fmt"

	amazonion "github.com/amzn/ion-go/ion"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
)

// revisionSamples is how many revisions, spread over the table, are proved in turn.
const revisionSamples = 20

// selectTime measures one select with one session, in milliseconds.
func (l *ledger) selectTime(s *settings, size int) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		rate, err := l.rate(ctx, 1, size, s.time, l.selectOne)
		return 1000 / rate, err
	}
}

// revisionTime measures one GetRevision with its proof, in milliseconds. The first call finds revisions and a digest.
func (l *ledger) revisionTime(s *settings, size int) func(context.Context) (float64, error) {
	var inputs []*qldb.GetRevisionInput
	return func(ctx context.Context) (float64, error) {
		if inputs == nil {
			var err error
			if inputs, err = l.revisions(ctx, size); err != nil {
				return 0, err
			}
		}
		rate, err := l.rate(ctx, 1, len(inputs), s.time, func(ctx context.Context, _ *qldbdriver.QLDBDriver, n int) error {
			out, err := l.control.GetRevision(ctx, inputs[n])
			if err == nil && out.Proof == nil {
				err = errors.New("the revision has no proof")
			}
			return err
		})
		return 1000 / rate, err
	}
}

// revisions are requests for some documents of the table, all against one digest.
func (l *ledger) revisions(ctx context.Context, size int) ([]*qldb.GetRevisionInput, error) {
	digest, err := l.control.GetDigest(ctx, &qldb.GetDigestInput{Name: &l.name})
	if err != nil {
		return nil, err
	}
	var inputs []*qldb.GetRevisionInput
	for i := range revisionSamples {
		id := documentID(i * size / revisionSamples)
		rows, err := query(ctx, l.drivers[0],
			"SELECT blockAddress, metadata.id FROM _ql_committed_Registration WHERE data.id = ?", id)
		if err != nil {
			return nil, err
		}
		if len(rows) != 1 {
			return nil, fmt.Errorf("document %s: got %d rows, want 1", id, len(rows))
		}
		var row struct {
			Address struct {
				StrandID   string `ion:"strandId"`
				SequenceNo int    `ion:"sequenceNo"`
			} `ion:"blockAddress"`
			ID string `ion:"id"`
		}
		if err := amazonion.Unmarshal(rows[0], &row); err != nil {
			return nil, fmt.Errorf("document %s: %w", id, err)
		}
		address := fmt.Sprintf("{strandId:%q,sequenceNo:%d}", row.Address.StrandID, row.Address.SequenceNo)
		inputs = append(inputs, &qldb.GetRevisionInput{
			Name: &l.name, DocumentId: &row.ID, DigestTipAddress: digest.DigestTipAddress,
			BlockAddress: &types.ValueHolder{IonText: aws.String(address)},
		})
	}
	return inputs, nil
}
