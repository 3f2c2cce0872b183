package kms

import (
	"context"
	"crypto/hmac"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// GenerateMacInput is the input of GenerateMac.
type GenerateMacInput struct {
	KeyID        *string  `json:"KeyId"`
	Message      []byte   `json:"Message"`
	MacAlgorithm string   `json:"MacAlgorithm"`
	GrantTokens  []string `json:"GrantTokens"`
	DryRun       bool     `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *GenerateMacInput) Target() string { return text(in.KeyID) }

// GenerateMacOutput is the output of GenerateMac; KeyID is an ARN.
type GenerateMacOutput struct {
	KeyID        string `json:"KeyId"`
	Mac          []byte `json:"Mac"`
	MacAlgorithm string `json:"MacAlgorithm"`
}

// GenerateMac makes the HMAC of a message of at most 4096 bytes.
//
// Source: KMS API reference, GenerateMac.
func (s *Service) GenerateMac(ctx context.Context, c *wire.Call, in *GenerateMacInput) (*GenerateMacOutput, error) {
	var v constraints
	checkMac(&v, in.KeyID, in.Message, in.MacAlgorithm, in.GrantTokens)
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &GenerateMacOutput{MacAlgorithm: in.MacAlgorithm}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		k, err := t.use(*in.KeyID, request{operation: "GenerateMac", tokens: in.GrantTokens, algorithm: in.MacAlgorithm})
		if err != nil {
			return err
		}
		if out.Mac, err = t.mac(k, in.MacAlgorithm, in.Message); err != nil {
			return err
		}
		out.KeyID = k.arn()
		return errDryRun(in.DryRun)
	}))
}

// VerifyMacInput is the input of VerifyMac.
type VerifyMacInput struct {
	KeyID        *string  `json:"KeyId"`
	Message      []byte   `json:"Message"`
	Mac          []byte   `json:"Mac"`
	MacAlgorithm string   `json:"MacAlgorithm"`
	GrantTokens  []string `json:"GrantTokens"`
	DryRun       bool     `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *VerifyMacInput) Target() string { return text(in.KeyID) }

// VerifyMacOutput is the output of VerifyMac; MacValid is always true, a wrong MAC is a fault.
type VerifyMacOutput struct {
	KeyID        string `json:"KeyId"`
	MacValid     bool   `json:"MacValid"`
	MacAlgorithm string `json:"MacAlgorithm"`
}

// VerifyMac checks an HMAC; one that does not fit is a KMSInvalidMacException without message.
//
// Source: KMS API reference, VerifyMac.
func (s *Service) VerifyMac(ctx context.Context, c *wire.Call, in *VerifyMacInput) (*VerifyMacOutput, error) {
	var v constraints
	checkMac(&v, in.KeyID, in.Message, in.MacAlgorithm, in.GrantTokens)
	v.blob("mac", in.Mac, 1, maxBlobSize)
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &VerifyMacOutput{MacAlgorithm: in.MacAlgorithm, MacValid: true}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		k, err := t.use(*in.KeyID, request{operation: "VerifyMac", tokens: in.GrantTokens, algorithm: in.MacAlgorithm})
		if err != nil {
			return err
		}
		want, err := t.mac(k, in.MacAlgorithm, in.Message)
		if err != nil {
			return err
		}
		if !hmac.Equal(want, in.Mac) {
			return &wire.Fault{Code: "KMSInvalidMacException"}
		}
		out.KeyID = k.arn()
		return errDryRun(in.DryRun)
	}))
}

func checkMac(v *constraints, id *string, message []byte, algorithm string, tokens []string) {
	v.keyID("keyId", id, true)
	v.blob("message", message, 1, maxPlaintext)
	v.given("macAlgorithm", algorithm != "")
	v.enum("macAlgorithm", algorithm, macAlgorithms)
	v.grantTokens(tokens)
}

func (t *txn) mac(k *key, name string, message []byte) ([]byte, error) {
	if err := fits(k, name, nil); err != nil {
		return nil, err
	}
	secret, err := t.secret(k, k.current())
	if err != nil {
		return nil, err
	}
	h := hmac.New(algorithms[name].hash.New, secret)
	_, _ = h.Write(message) // a hash never fails
	return h.Sum(nil), nil
}
