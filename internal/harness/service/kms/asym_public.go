package kms

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// GetPublicKeyInput is the input of GetPublicKey.
type GetPublicKeyInput struct {
	KeyID       *string  `json:"KeyId"`
	GrantTokens []string `json:"GrantTokens"`
}

// Target implements wire.Targeter.
func (in *GetPublicKeyInput) Target() string { return text(in.KeyID) }

// GetPublicKeyOutput is the output of GetPublicKey; KeyID is an ARN and PublicKey a DER SubjectPublicKeyInfo.
// Of the algorithm lists the one of the key's usage is there.
type GetPublicKeyOutput struct {
	KeyID                   string   `json:"KeyId"`
	PublicKey               []byte   `json:"PublicKey"`
	CustomerMasterKeySpec   string   `json:"CustomerMasterKeySpec"`
	KeySpec                 string   `json:"KeySpec"`
	KeyUsage                string   `json:"KeyUsage"`
	EncryptionAlgorithms    []string `json:"EncryptionAlgorithms,omitempty"`
	SigningAlgorithms       []string `json:"SigningAlgorithms,omitempty"`
	KeyAgreementAlgorithms  []string `json:"KeyAgreementAlgorithms,omitempty"`
	EncapsulationAlgorithms []string `json:"EncapsulationAlgorithms,omitempty"`
}

// GetPublicKey returns the public half of an asymmetric key.
//
// Source: KMS API reference, GetPublicKey.
func (s *Service) GetPublicKey(
	ctx context.Context, c *wire.Call, in *GetPublicKeyInput,
) (*GetPublicKeyOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.grantTokens(in.GrantTokens)
	if err := v.err(); err != nil {
		return nil, err
	}
	var out GetPublicKeyOutput
	return answer(&out, s.view(ctx, c, func(t *txn) error {
		k, err := t.key(*in.KeyID, true)
		if err != nil {
			return err
		}
		if err := t.authorize(k, "GetPublicKey", nil); err != nil {
			return err
		}
		if err := t.checkGrantTokens(in.GrantTokens); err != nil {
			return err
		}
		if err := t.require(k, "GetPublicKey"); err != nil {
			return err
		}
		public, err := publicKey(k)
		if err != nil {
			return err
		}
		out = GetPublicKeyOutput{
			KeyID: k.arn(), PublicKey: public, CustomerMasterKeySpec: k.Spec, KeySpec: k.Spec, KeyUsage: k.Usage,
		}
		out.list(k)
		return nil
	}))
}

func (out *GetPublicKeyOutput) list(k *key) {
	names := cryptoAlgorithmsOf(k.Spec, k.Usage)
	switch k.Usage {
	case usageEncrypt:
		out.EncryptionAlgorithms = names
	case usageSign:
		out.SigningAlgorithms = names
	case usageAgree:
		out.KeyAgreementAlgorithms = names
	case usageEncapsulate:
		out.EncapsulationAlgorithms = names
	}
}

// publicKey is the SubjectPublicKeyInfo of k. Symmetric and HMAC keys have none.
func publicKey(k *key) ([]byte, error) {
	if k.family() != familyAsymmetric {
		return nil, wire.Faultf("UnsupportedOperationException",
			"%s key spec is %s which is not valid for GetPublicKey.", k.arn(), k.Spec)
	}
	m := k.current()
	if m == nil || len(m.Sealed) == 0 {
		return nil, errKeyState(k, stateWords[statePendingImport])
	}
	if len(m.Public) == 0 {
		return nil, errNoCryptography(k.Spec)
	}
	return m.Public, nil
}

// DeriveSharedSecretInput is the input of DeriveSharedSecret; PublicKey is a DER SubjectPublicKeyInfo.
type DeriveSharedSecretInput struct {
	KeyID                 *string    `json:"KeyId"`
	KeyAgreementAlgorithm string     `json:"KeyAgreementAlgorithm"`
	PublicKey             []byte     `json:"PublicKey"`
	GrantTokens           []string   `json:"GrantTokens"`
	Recipient             *Recipient `json:"Recipient"`
	DryRun                bool       `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *DeriveSharedSecretInput) Target() string { return text(in.KeyID) }

// DeriveSharedSecretOutput is the output of DeriveSharedSecret; SharedSecret is the x coordinate of the shared
// point, as long as the curve's field.
type DeriveSharedSecretOutput struct {
	KeyID                 string `json:"KeyId"`
	SharedSecret          []byte `json:"SharedSecret"`
	KeyAgreementAlgorithm string `json:"KeyAgreementAlgorithm"`
	KeyOrigin             string `json:"KeyOrigin"`
}

// DeriveSharedSecret does one side of an elliptic curve Diffie-Hellman agreement.
//
// Source: KMS API reference, DeriveSharedSecret.
func (s *Service) DeriveSharedSecret(
	ctx context.Context, c *wire.Call, in *DeriveSharedSecretInput,
) (*DeriveSharedSecretOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.given("keyAgreementAlgorithm", in.KeyAgreementAlgorithm != "")
	v.enum("keyAgreementAlgorithm", in.KeyAgreementAlgorithm, []string{"ECDH"})
	v.blob("publicKey", in.PublicKey, 1, 8192)
	v.grantTokens(in.GrantTokens)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := refuseRecipient(in.Recipient); err != nil {
		return nil, err
	}
	out := &DeriveSharedSecretOutput{KeyAgreementAlgorithm: in.KeyAgreementAlgorithm}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		k, err := t.use(*in.KeyID, request{
			operation: "DeriveSharedSecret", tokens: in.GrantTokens, algorithm: in.KeyAgreementAlgorithm,
		})
		if err != nil {
			return err
		}
		if out.SharedSecret, err = t.agree(k, in.PublicKey); err != nil {
			return err
		}
		out.KeyID, out.KeyOrigin = k.arn(), k.Origin
		return errDryRun(in.DryRun)
	}))
}

// agree is the shared secret of k and the peer's public key, which must be a point of the same curve.
func (t *txn) agree(k *key, peerDER []byte) ([]byte, error) {
	signer, err := t.privateKey(k)
	if err != nil {
		return nil, err
	}
	own, isECDSA := signer.(*ecdsa.PrivateKey)
	if !isECDSA {
		return nil, fmt.Errorf("%s holds %T, want an elliptic curve key", k.arn(), signer)
	}
	private, err := own.ECDH()
	if err != nil {
		return nil, fmt.Errorf("agree with %s: %w", k.arn(), err)
	}
	invalid := errValidation("PublicKey is not a valid public key of key spec %s.", k.Spec)
	parsed, err := x509.ParsePKIXPublicKey(peerDER)
	if err != nil {
		return nil, invalid
	}
	peer, isECDSA := parsed.(*ecdsa.PublicKey)
	if !isECDSA || peer.Curve != own.Curve {
		return nil, invalid
	}
	point, err := peer.ECDH()
	if err != nil {
		return nil, invalid
	}
	secret, err := private.ECDH(point)
	if err != nil {
		return nil, invalid
	}
	return secret, nil
}
