package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// EncapsulateInput is the input of Encapsulate and, with the blob, of Decapsulate.
type EncapsulateInput struct {
	KeyID                      *string  `json:"KeyId"`
	EncapsulationAlgorithm     string   `json:"EncapsulationAlgorithm"`
	SharedSecretCiphertextBlob []byte   `json:"SharedSecretCiphertextBlob"`
	GrantTokens                []string `json:"GrantTokens"`
	DryRun                     bool     `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *EncapsulateInput) Target() string { return text(in.KeyID) }

// Encapsulate checks everything it is asked and then refuses: keys of ML_KEM specs are managed, not used.
//
// Source: KMS API reference, Encapsulate.
func (s *Service) Encapsulate(ctx context.Context, c *wire.Call, in *EncapsulateInput) (*wire.Empty, error) {
	return s.refuseEncapsulation(ctx, c, "Encapsulate", in)
}

// Decapsulate is as Encapsulate.
//
// Source: KMS API reference, Decapsulate.
func (s *Service) Decapsulate(ctx context.Context, c *wire.Call, in *EncapsulateInput) (*wire.Empty, error) {
	return s.refuseEncapsulation(ctx, c, "Decapsulate", in)
}

func (s *Service) refuseEncapsulation(
	ctx context.Context, c *wire.Call, operation string, in *EncapsulateInput,
) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.given("encapsulationAlgorithm", in.EncapsulationAlgorithm != "")
	v.enum("encapsulationAlgorithm", in.EncapsulationAlgorithm, []string{"ML_KEM"})
	v.grantTokens(in.GrantTokens)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, s.view(ctx, c, func(t *txn) error {
		k, err := t.use(*in.KeyID, request{operation: operation, tokens: in.GrantTokens})
		if err != nil {
			return err
		}
		return errNoCryptography(k.Spec)
	})
}
