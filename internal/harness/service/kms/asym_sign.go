package kms

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

var messageTypes = []string{"RAW", "DIGEST", "EXTERNAL_MU"}

// SignInput is the input of Sign.
type SignInput struct {
	KeyID            *string  `json:"KeyId"`
	Message          []byte   `json:"Message"`
	MessageType      string   `json:"MessageType"`
	SigningAlgorithm string   `json:"SigningAlgorithm"`
	GrantTokens      []string `json:"GrantTokens"`
	DryRun           bool     `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *SignInput) Target() string { return text(in.KeyID) }

// SignOutput is the output of Sign; KeyID is an ARN. Signature is DER for ECDSA, as long as the modulus for RSA and
// 64 bytes for Ed25519.
type SignOutput struct {
	KeyID            string `json:"KeyId"`
	Signature        []byte `json:"Signature"`
	SigningAlgorithm string `json:"SigningAlgorithm"`
}

// Sign signs a message of at most 4096 bytes, or its digest.
//
// Source: KMS API reference, Sign.
func (s *Service) Sign(ctx context.Context, c *wire.Call, in *SignInput) (*SignOutput, error) {
	var v constraints
	checkSigning(&v, in.KeyID, in.Message, in.MessageType, in.SigningAlgorithm, in.GrantTokens)
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &SignOutput{SigningAlgorithm: in.SigningAlgorithm}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		k, private, input, err := t.signer("Sign", *in)
		if err != nil {
			return err
		}
		out.KeyID = k.arn()
		out.Signature, err = private.Sign(s.cfg.Rand, input, signerOptions(in.SigningAlgorithm))
		if err != nil {
			return fmt.Errorf("sign with %s: %w", k.arn(), err)
		}
		return errDryRun(in.DryRun)
	}))
}

// VerifyInput is the input of Verify.
type VerifyInput struct {
	KeyID            *string  `json:"KeyId"`
	Message          []byte   `json:"Message"`
	MessageType      string   `json:"MessageType"`
	Signature        []byte   `json:"Signature"`
	SigningAlgorithm string   `json:"SigningAlgorithm"`
	GrantTokens      []string `json:"GrantTokens"`
	DryRun           bool     `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *VerifyInput) Target() string { return text(in.KeyID) }

// VerifyOutput is the output of Verify; SignatureValid is always true, a wrong signature is a fault.
type VerifyOutput struct {
	KeyID            string `json:"KeyId"`
	SignatureValid   bool   `json:"SignatureValid"`
	SigningAlgorithm string `json:"SigningAlgorithm"`
}

// Verify checks a signature; one that does not fit is a KMSInvalidSignatureException without message.
//
// Source: KMS API reference, Verify.
func (s *Service) Verify(ctx context.Context, c *wire.Call, in *VerifyInput) (*VerifyOutput, error) {
	var v constraints
	checkSigning(&v, in.KeyID, in.Message, in.MessageType, in.SigningAlgorithm, in.GrantTokens)
	v.blob("signature", in.Signature, 1, maxBlobSize)
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &VerifyOutput{SigningAlgorithm: in.SigningAlgorithm, SignatureValid: true}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		k, private, input, err := t.signer("Verify", SignInput{
			in.KeyID, in.Message, in.MessageType, in.SigningAlgorithm, in.GrantTokens, in.DryRun,
		})
		if err != nil {
			return err
		}
		if !verifies(private.Public(), in.SigningAlgorithm, input, in.Signature) {
			return &wire.Fault{Code: "KMSInvalidSignatureException"}
		}
		out.KeyID = k.arn()
		return errDryRun(in.DryRun)
	}))
}

// signer is the key of in, which an operation may use, its private key, and what in's algorithm signs.
func (t *txn) signer(operation string, in SignInput) (k *key, private crypto.Signer, input []byte, err error) {
	k, err = t.use(*in.KeyID, request{
		operation: operation, tokens: in.GrantTokens, algorithm: in.SigningAlgorithm,
		more: policy.RequestContext{"kms:MessageType": {or(in.MessageType, "RAW")}},
	})
	if err != nil {
		return nil, nil, nil, err
	}
	if input, err = signingInput(k, in.SigningAlgorithm, in.MessageType, in.Message); err != nil {
		return nil, nil, nil, err
	}
	private, err = t.privateKey(k)
	return k, private, input, err
}

func checkSigning(v *constraints, id *string, message []byte, messageType, algorithm string, tokens []string) {
	v.keyID("keyId", id, true)
	v.blob("message", message, 1, maxPlaintext)
	v.enum("messageType", messageType, messageTypes)
	v.given("signingAlgorithm", algorithm != "")
	v.enum("signingAlgorithm", algorithm, signingAlgorithms)
	v.grantTokens(tokens)
}

// signingInput is what the scheme of the algorithm signs: the digest of the message, made here or by the caller.
// Pure Ed25519 signs the message itself. Ed25519ph takes a digest and hashes it once more, as the service does.
//
// Source: KMS API reference, Sign, MessageType.
func signingInput(k *key, name, messageType string, message []byte) ([]byte, error) {
	if err := fits(k, name, nil); err != nil {
		return nil, err
	}
	messageType = or(messageType, "RAW")
	hash := algorithms[name].hash
	wantRaw, wantDigest := name == "ED25519_SHA_512", name == "ED25519_PH_SHA_512"
	switch {
	case hash == 0 && !wantRaw:
		return nil, errNoCryptography(k.Spec)
	case messageType == "EXTERNAL_MU":
		return nil, errValidation("Message type %s is incompatible with key spec %s.",
			messageType, k.Spec)
	case wantRaw && messageType != "RAW" || wantDigest && messageType != "DIGEST":
		return nil, errValidation("Message type %s is incompatible with algorithm %s.",
			messageType, name)
	case wantRaw:
		return message, nil
	case messageType == "DIGEST" && len(message) != hash.Size():
		return nil, errValidation("Digest is invalid length for algorithm %s.", name)
	case messageType == "DIGEST" && !wantDigest:
		return message, nil
	}
	h := hash.New()
	_, _ = h.Write(message) // a hash never fails
	return h.Sum(nil), nil
}

// signerOptions selects the scheme of a crypto.Signer.
func signerOptions(name string) crypto.SignerOpts {
	a := algorithms[name]
	if a.pss {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
	}
	return a.hash
}

func verifies(public crypto.PublicKey, name string, input, signature []byte) bool {
	a := algorithms[name]
	switch p := public.(type) {
	case *rsa.PublicKey:
		if a.pss {
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
			return rsa.VerifyPSS(p, a.hash, input, signature, options) == nil
		}
		return rsa.VerifyPKCS1v15(p, a.hash, input, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(p, input, signature)
	case ed25519.PublicKey:
		return ed25519.VerifyWithOptions(p, input, signature, &ed25519.Options{Hash: a.hash}) == nil
	}
	return false
}
