package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

var pairSpecs = []string{
	"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "SM2",
	"ECC_NIST_EDWARDS25519", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024",
}

// GenerateDataKeyPairInput is the input of GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.
type GenerateDataKeyPairInput struct {
	KeyID             *string           `json:"KeyId"`
	KeyPairSpec       string            `json:"KeyPairSpec"`
	EncryptionContext map[string]string `json:"EncryptionContext"`
	GrantTokens       []string          `json:"GrantTokens"`
	Recipient         *Recipient        `json:"Recipient"`
	DryRun            bool              `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *GenerateDataKeyPairInput) Target() string { return text(in.KeyID) }

// GenerateDataKeyPairOutput is the output of GenerateDataKeyPair, and without PrivateKeyPlaintext that of
// GenerateDataKeyPairWithoutPlaintext. KeyID is an ARN, the private key PKCS #8 and the public key a
// SubjectPublicKeyInfo, both DER.
type GenerateDataKeyPairOutput struct {
	PrivateKeyPlaintext      []byte `json:"PrivateKeyPlaintext,omitempty"`
	PrivateKeyCiphertextBlob []byte `json:"PrivateKeyCiphertextBlob"`
	PublicKey                []byte `json:"PublicKey"`
	KeyID                    string `json:"KeyId"`
	KeyPairSpec              string `json:"KeyPairSpec"`
	KeyMaterialID            string `json:"KeyMaterialId,omitempty"`
}

// GenerateDataKeyPair returns a fresh key pair, its private key in the clear and encrypted under a symmetric key.
//
// Source: KMS API reference, GenerateDataKeyPair.
func (s *Service) GenerateDataKeyPair(
	ctx context.Context, c *wire.Call, in *GenerateDataKeyPairInput,
) (*GenerateDataKeyPairOutput, error) {
	return s.generateDataKeyPair(ctx, c, "GenerateDataKeyPair", in)
}

// GenerateDataKeyPairWithoutPlaintext is GenerateDataKeyPair for somebody who will decrypt the private key later.
//
// Source: KMS API reference, GenerateDataKeyPairWithoutPlaintext.
func (s *Service) GenerateDataKeyPairWithoutPlaintext(
	ctx context.Context, c *wire.Call, in *GenerateDataKeyPairInput,
) (*GenerateDataKeyPairOutput, error) {
	out, err := s.generateDataKeyPair(ctx, c, "GenerateDataKeyPairWithoutPlaintext", in)
	if err != nil {
		return nil, err
	}
	out.PrivateKeyPlaintext = nil
	return out, nil
}

func (s *Service) generateDataKeyPair(
	ctx context.Context, c *wire.Call, operation string, in *GenerateDataKeyPairInput,
) (*GenerateDataKeyPairOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.given("keyPairSpec", in.KeyPairSpec != "")
	v.enum("keyPairSpec", in.KeyPairSpec, pairSpecs)
	v.grantTokens(in.GrantTokens)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := refuseRecipient(in.Recipient); err != nil {
		return nil, err
	}
	var k *key
	find := func(t *txn) (err error) {
		k, err = t.wrappingKey(in, operation)
		return err
	}
	if err := s.view(ctx, c, find); err != nil {
		return nil, err
	}
	// Between two transactions: an RSA key takes seconds, and nobody may wait for that. The key is looked up again
	// because it may have changed meanwhile.
	private, public, err := generateKeyPair(s.cfg.Rand, in.KeyPairSpec)
	if err != nil {
		return nil, err
	}
	if public == nil {
		return nil, errNoCryptography(in.KeyPairSpec)
	}
	out := &GenerateDataKeyPairOutput{
		PrivateKeyPlaintext: private, PublicKey: public, KeyPairSpec: in.KeyPairSpec,
	}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		if err := find(t); err != nil {
			return err
		}
		out.KeyID = k.arn()
		out.PrivateKeyCiphertextBlob, out.KeyMaterialID, err = t.encryptWith(
			k, symmetric, private, in.EncryptionContext)
		if err != nil {
			return err
		}
		return errDryRun(in.DryRun)
	}))
}

// wrappingKey finds the key of GenerateDataKeyPair, which cannot be in a custom key store.
func (t *txn) wrappingKey(in *GenerateDataKeyPairInput, operation string) (*key, error) {
	k, err := t.useSymmetric(*in.KeyID, request{
		operation: operation, ec: in.EncryptionContext, tokens: in.GrantTokens, algorithm: symmetric,
		more: policy.RequestContext{"kms:DataKeyPairSpec": {in.KeyPairSpec}},
	})
	if err != nil {
		return nil, err
	}
	if k.StoreID != "" {
		return nil, errOrigin(k)
	}
	return k, nil
}
