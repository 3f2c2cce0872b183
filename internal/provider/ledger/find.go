package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// ErrNotFound is returned by Find for a ledger that does not exist or is deleted.
var ErrNotFound = errors.New("ledger not found")

// A Ledger is what QLDB says of one ledger.
type Ledger struct {
	Name               string
	ARN                string
	State              types.LedgerState
	Created            time.Time
	PermissionsMode    types.PermissionsMode
	DeletionProtection bool
	KeyARN             string // or validate.AWSOwnedKey
	EncryptionStatus   types.EncryptionStatus
	InaccessibleSince  *time.Time
}

// Find describes the ledger called name. The error is ErrNotFound or the call's own.
func Find(ctx context.Context, client *qldb.Client, name string) (Ledger, error) {
	out, err := client.DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: &name})
	var gone *types.ResourceNotFoundException
	switch {
	case errors.As(err, &gone):
		return Ledger{}, ErrNotFound
	case err != nil:
		return Ledger{}, fmt.Errorf("describe ledger %s: %w", name, err)
	case out.State == types.LedgerStateDeleted:
		return Ledger{}, ErrNotFound
	}
	l := Ledger{
		Name:               name,
		ARN:                aws.ToString(out.Arn),
		State:              out.State,
		Created:            aws.ToTime(out.CreationDateTime),
		PermissionsMode:    out.PermissionsMode,
		DeletionProtection: aws.ToBool(out.DeletionProtection),
		// QLDB describes no encryption while a ledger has only ever used the AWS owned key, and says this once
		// it has been moved back to it. Both mean the same.
		KeyARN:           validate.AWSOwnedKey,
		EncryptionStatus: types.EncryptionStatusEnabled,
	}
	if e := out.EncryptionDescription; e != nil {
		l.KeyARN = aws.ToString(e.KmsKeyArn)
		l.EncryptionStatus = e.EncryptionStatus
		l.InaccessibleSince = e.InaccessibleKmsKeyDateTime
	}
	return l, nil
}
