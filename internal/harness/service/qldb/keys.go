package qldb

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Keys is what QLDB needs of KMS. The harness adapts service/kms to it; tests use a fake that fails on demand.
//
// DescribeKey, CreateGrant and DecryptAs are made as the principal of c, through QLDB: KMS must see kms:ViaService
// qldb.<region>.amazonaws.com, kms:CallerAccount of the caller and, for CreateGrant, kms:GrantIsForAWSResource. The
// other methods are made by the service principal itself (Place.Principal) and are allowed by grants alone, so a
// missing grant must show as an AccessDeniedException.
//
// A refusal of KMS is a *wire.Fault with KMS's own code; its Members may hold "RequestId", the id under which KMS
// recorded the call. Any other error, such as an *UnaskedError, means that KMS could not be asked, and says nothing
// about the key.
// A key ARN may belong to another account than Place.Account.
type Keys interface {
	// DescribeKey resolves keyID, which is a key id, key ARN, alias name or alias ARN.
	DescribeKey(ctx context.Context, c *wire.Call, keyID string) (KeyInfo, error)
	// CreateGrant makes g and returns its id. A repeat with the same Grant returns the grant that is there.
	CreateGrant(ctx context.Context, c *wire.Call, g Grant) (grantID string, err error)
	// FindGrants returns the ids of all grants called name on the key that the principal of at may retire. It must
	// work without any grant, for it finds those that a crash left behind. The error for a key that no longer exists
	// is a NotFoundException or no grants.
	FindGrants(ctx context.Context, at Place, keyARN, name string) (grantIDs []string, err error)
	// RetireGrant ends a grant. One that is already gone may be a NotFoundException, an InvalidGrantIdException or
	// no error.
	RetireGrant(ctx context.Context, at Place, keyARN, grantID string) error
	// GenerateDataKey makes a data key of 32 bytes.
	GenerateDataKey(ctx context.Context, at Place, keyARN string, encryptionContext map[string]string) (DataKey, error)
	// Decrypt opens the Ciphertext of a DataKey. It must fail under another encryption context or key.
	Decrypt(ctx context.Context, at Place, keyARN string, ciphertext []byte,
		encryptionContext map[string]string) (plaintext []byte, err error)
	// DecryptAs is Decrypt as the principal of c, through QLDB, without naming the key. The plaintext is dropped: the
	// call is made to see whether the principal may make it.
	DecryptAs(ctx context.Context, c *wire.Call, ciphertext []byte, encryptionContext map[string]string) error
}

// An UnaskedError says that KMS gave no answer about a key: it was not reached, is too busy, or answered garbage. Its
// text is for the user, who has set up that KMS.
type UnaskedError struct {
	KMS       string // in words, such as: KMS at https://kms.example
	Operation string // such as Decrypt
	Err       error
}

// Error says who was not asked what, and why.
func (e *UnaskedError) Error() string {
	return fmt.Sprintf("%s has no answer to %s: %v", e.KMS, e.Operation, e.Err)
}

// Unwrap returns the cause.
func (e *UnaskedError) Unwrap() error { return e.Err }

// Place is the account and Region that a ledger lives in.
type Place struct {
	Partition string // aws
	Account   string // 12 digits
	Region    string // eu-west-2
}

// Principal is the host name under which QLDB calls KMS for itself in p's Region.
func (p Place) Principal() string { return "qldb." + p.Region + ".amazonaws.com" }

// KeyInfo is what QLDB looks at in the answer of KMS DescribeKey. The words are those of KMS.
type KeyInfo struct {
	ARN     string // key ARN, never an alias ARN
	Manager string // CUSTOMER, AWS
	Spec    string // SYMMETRIC_DEFAULT, ...
	Usage   string // ENCRYPT_DECRYPT, ...
	State   string // Enabled, Disabled, ...
}

// Grant is what QLDB asks of KMS CreateGrant.
type Grant struct {
	KeyARN     string
	Name       string // qldb-<ledger id>, so that a repeat is recognised
	Grantee    string // host name of the service, see Place.Principal
	Retiring   string // the same
	Operations []string
}

// DataKey is a fresh key and its form wrapped by KMS.
type DataKey = envelope.DataKey

// grantOperations are the KMS operations QLDB asks for on a customer managed key. The service is closed and its list
// unpublished; this one covers what a key hierarchy needs. Source: Amazon QLDB developer guide, How Amazon QLDB uses
// grants in AWS KMS.
func grantOperations() []string {
	return []string{
		"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
		"DescribeKey", "RetireGrant",
	}
}

// grantOn is the grant that the ledger called ledgerID needs on a key.
func grantOn(at Place, ledgerID, keyARN string) Grant {
	return Grant{
		KeyARN: keyARN, Name: grantName(ledgerID),
		Grantee: at.Principal(), Retiring: at.Principal(), Operations: grantOperations(),
	}
}

func grantName(ledgerID string) string { return "qldb-" + ledgerID }
