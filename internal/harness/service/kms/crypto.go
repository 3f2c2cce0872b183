package kms

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

const symmetric = "SYMMETRIC_DEFAULT"

var (
	encryptionAlgorithms = []string{symmetric, "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"}
	dryRunModifiers      = []string{"IGNORE_CIPHERTEXT"}
)

// usageOf is the KeyUsage that each cryptographic operation needs.
var usageOf = map[string]string{
	"Decapsulate":                         usageEncapsulate,
	"Decrypt":                             usageEncrypt,
	"DeriveSharedSecret":                  usageAgree,
	"Encapsulate":                         usageEncapsulate,
	"Encrypt":                             usageEncrypt,
	"GenerateDataKey":                     usageEncrypt,
	"GenerateDataKeyPair":                 usageEncrypt,
	"GenerateDataKeyPairWithoutPlaintext": usageEncrypt,
	"GenerateDataKeyWithoutPlaintext":     usageEncrypt,
	"GenerateMac":                         usageMAC,
	"ReEncryptFrom":                       usageEncrypt,
	"ReEncryptTo":                         usageEncrypt,
	"Sign":                                usageSign,
	"Verify":                              usageSign,
	"VerifyMac":                           usageMAC,
}

// request is what a cryptographic operation asks of a key.
type request struct {
	operation string // key of usageOf; what policy or grant must allow
	ec        map[string]string
	tokens    []string // grant tokens
	algorithm string   // with which it is done, that of the condition key of its usage
	more      policy.RequestContext
}

// algorithmKeys are the condition keys that tell the algorithm, by key usage.
//
// Source: KMS Developer Guide, "AWS KMS condition keys".
var algorithmKeys = map[string]string{
	usageEncrypt: "kms:EncryptionAlgorithm", usageSign: "kms:SigningAlgorithm", usageMAC: "kms:MacAlgorithm",
	usageAgree: "kms:KeyAgreementAlgorithm",
}

// conditionKeys are those that follow from what is asked.
func (r *request) conditionKeys() policy.RequestContext {
	keys := policy.RequestContext{}
	maps.Copy(keys, r.more)
	if name := algorithmKeys[usageOf[r.operation]]; name != "" && r.algorithm != "" {
		keys[name] = []string{r.algorithm}
	}
	return keys
}

// use finds the key that ref names, an id, ARN or alias, for a cryptographic operation.
func (t *txn) use(ref string, r request) (*key, error) {
	k, err := t.key(ref, true)
	if err != nil {
		return nil, err
	}
	return k, t.admit(k, r)
}

// admit authorises the caller, then checks the key's state, then its usage.
func (t *txn) admit(k *key, r request) error {
	if k.StoreID != "" {
		t.c.Note("customKeyStoreId", k.StoreID)
	}
	if k.XksKeyID != "" {
		t.c.Note("xksKeyId", k.XksKeyID)
	}
	if err := t.authorize(k, r.operation, r.ec, r.conditionKeys()); err != nil {
		return err
	}
	if err := t.checkGrantTokens(r.tokens); err != nil {
		return err
	}
	if err := t.require(k, r.operation); err != nil {
		return err
	}
	if k.Usage != usageOf[r.operation] {
		return wire.Faultf("InvalidKeyUsageException", "%s key usage is %s which is not valid for %s.",
			k.arn(), k.Usage, r.operation)
	}
	return nil
}

// fits refuses an algorithm that the key's spec does not have, and an encryption context where there is nothing
// that could authenticate it.
func fits(k *key, algorithm string, ec map[string]string) error {
	if !slices.Contains(cryptoAlgorithmsOf(k.Spec, k.Usage), algorithm) {
		return errAlgorithm(k, algorithm)
	}
	if k.Spec != symmetric && len(ec) > 0 {
		return errValidation(
			"EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")
	}
	return nil
}

func errAlgorithm(k *key, algorithm string) error {
	return errValidation("Algorithm %s is incompatible with key spec %s.", algorithm, k.Spec)
}

// errDryRun is what a request that is otherwise fine gets when it asked for DryRun.
func errDryRun(dry bool) error {
	if !dry {
		return nil
	}
	return wire.Faultf("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}

// refuseRecipient refuses Nitro enclave attestation, which needs the attestation root of AWS.
func refuseRecipient(r *Recipient) error {
	if r == nil {
		return nil
	}
	return wire.Faultf("UnsupportedOperationException", "Recipient is not supported.")
}

// Recipient is the attestation document of a Nitro enclave; it is read to be refused.
type Recipient struct {
	AttestationDocument    []byte `json:"AttestationDocument"`
	KeyEncryptionAlgorithm string `json:"KeyEncryptionAlgorithm"`
}

// encryptWith is plaintext under the CURRENT material of a symmetric key, or under the public key of an RSA key.
// materialID is empty for RSA.
func (t *txn) encryptWith(k *key, algorithm string, plaintext []byte, ec map[string]string,
) (ciphertext []byte, materialID string, err error) {
	if k.Spec != symmetric {
		ciphertext, err = t.encryptRSA(k, algorithm, plaintext)
		return ciphertext, "", err
	}
	m := k.current()
	secret, err := t.secret(k, m)
	if err != nil {
		return nil, "", err
	}
	ciphertext, err = sealBlob(t.s.cfg.Rand, k.arn(), m.ID, secret, plaintext, ec)
	return ciphertext, m.ID, err
}

// EncryptInput is the input of Encrypt.
type EncryptInput struct {
	KeyID               *string           `json:"KeyId"`
	Plaintext           []byte            `json:"Plaintext"`
	EncryptionContext   map[string]string `json:"EncryptionContext"`
	EncryptionAlgorithm string            `json:"EncryptionAlgorithm"`
	GrantTokens         []string          `json:"GrantTokens"`
	DryRun              bool              `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *EncryptInput) Target() string { return text(in.KeyID) }

// EncryptOutput is the output of Encrypt; KeyID is an ARN.
type EncryptOutput struct {
	CiphertextBlob      []byte `json:"CiphertextBlob"`
	KeyID               string `json:"KeyId"`
	EncryptionAlgorithm string `json:"EncryptionAlgorithm"`
}

// Encrypt encrypts 1 to 4096 bytes under a symmetric key with an encryption context, or under an RSA key up to the
// limit of its algorithm.
//
// Source: KMS API reference, Encrypt.
func (s *Service) Encrypt(ctx context.Context, c *wire.Call, in *EncryptInput) (*EncryptOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.blob("plaintext", in.Plaintext, 1, maxPlaintext)
	v.enum("encryptionAlgorithm", in.EncryptionAlgorithm, encryptionAlgorithms)
	v.grantTokens(in.GrantTokens)
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &EncryptOutput{EncryptionAlgorithm: or(in.EncryptionAlgorithm, symmetric)}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		k, err := t.use(*in.KeyID, request{
			operation: "Encrypt", ec: in.EncryptionContext, tokens: in.GrantTokens, algorithm: out.EncryptionAlgorithm,
		})
		if err != nil {
			return err
		}
		if err := fits(k, out.EncryptionAlgorithm, in.EncryptionContext); err != nil {
			return err
		}
		out.KeyID = k.arn()
		var material string
		out.CiphertextBlob, material, err = t.encryptWith(
			k, out.EncryptionAlgorithm, in.Plaintext, in.EncryptionContext)
		if err != nil {
			return err
		}
		if material != "" {
			c.Note("keyMaterialId", material)
		}
		return errDryRun(in.DryRun)
	}))
}

// GenerateDataKeyInput is the input of GenerateDataKey and GenerateDataKeyWithoutPlaintext.
type GenerateDataKeyInput struct {
	KeyID             *string           `json:"KeyId"`
	KeySpec           string            `json:"KeySpec"`
	NumberOfBytes     *int              `json:"NumberOfBytes"`
	EncryptionContext map[string]string `json:"EncryptionContext"`
	GrantTokens       []string          `json:"GrantTokens"`
	Recipient         *Recipient        `json:"Recipient"`
	DryRun            bool              `json:"DryRun"`
}

// Target implements wire.Targeter.
func (in *GenerateDataKeyInput) Target() string { return text(in.KeyID) }

// GenerateDataKeyOutput is the output of GenerateDataKey, and without Plaintext that of
// GenerateDataKeyWithoutPlaintext; KeyID is an ARN.
type GenerateDataKeyOutput struct {
	Plaintext      []byte `json:"Plaintext,omitempty"`
	CiphertextBlob []byte `json:"CiphertextBlob"`
	KeyID          string `json:"KeyId"`
	KeyMaterialID  string `json:"KeyMaterialId,omitempty"`
}

// GenerateDataKey returns fresh random bytes in the clear and encrypted under a symmetric key.
//
// Source: KMS API reference, GenerateDataKey.
func (s *Service) GenerateDataKey(
	ctx context.Context, c *wire.Call, in *GenerateDataKeyInput,
) (*GenerateDataKeyOutput, error) {
	return s.generateDataKey(ctx, c, "GenerateDataKey", in)
}

// GenerateDataKeyWithoutPlaintext is GenerateDataKey for somebody who will decrypt the key later.
//
// Source: KMS API reference, GenerateDataKeyWithoutPlaintext.
func (s *Service) GenerateDataKeyWithoutPlaintext(
	ctx context.Context, c *wire.Call, in *GenerateDataKeyInput,
) (*GenerateDataKeyOutput, error) {
	out, err := s.generateDataKey(ctx, c, "GenerateDataKeyWithoutPlaintext", in)
	if err != nil {
		return nil, err
	}
	out.Plaintext = nil
	return out, nil
}

// dataKeySize is how many bytes the input asks for.
func (in *GenerateDataKeyInput) dataKeySize() (int, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.enum("keySpec", in.KeySpec, []string{"AES_256", "AES_128"})
	v.number("numberOfBytes", in.NumberOfBytes, 1, 1024)
	v.grantTokens(in.GrantTokens)
	if err := v.err(); err != nil {
		return 0, err
	}
	switch {
	case (in.KeySpec == "") == (in.NumberOfBytes == nil):
		return 0, errValidation("Please specify either number of bytes or key spec.")
	case in.KeySpec == "AES_256":
		return 32, nil
	case in.KeySpec == "AES_128":
		return 16, nil
	}
	return *in.NumberOfBytes, nil
}

func (s *Service) generateDataKey(
	ctx context.Context, c *wire.Call, operation string, in *GenerateDataKeyInput,
) (*GenerateDataKeyOutput, error) {
	size, err := in.dataKeySize()
	if err != nil {
		return nil, err
	}
	if err := refuseRecipient(in.Recipient); err != nil {
		return nil, err
	}
	out := &GenerateDataKeyOutput{}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		k, err := t.useSymmetric(*in.KeyID, request{
			operation: operation, ec: in.EncryptionContext, tokens: in.GrantTokens, algorithm: symmetric,
		})
		if err != nil {
			return err
		}
		if out.Plaintext, err = s.random(size); err != nil {
			return err
		}
		out.KeyID = k.arn()
		out.CiphertextBlob, out.KeyMaterialID, err = t.encryptWith(k, symmetric, out.Plaintext, in.EncryptionContext)
		if err != nil {
			return err
		}
		return errDryRun(in.DryRun)
	}))
}

// useSymmetric is use for the operations that only a symmetric encryption key has.
func (t *txn) useSymmetric(ref string, r request) (*key, error) {
	k, err := t.use(ref, r)
	if err != nil {
		return nil, err
	}
	if k.Spec != symmetric {
		return nil, wire.Faultf("InvalidKeyUsageException", "%s key spec is %s which is not valid for %s.",
			k.arn(), k.Spec, r.operation)
	}
	return k, nil
}

// GenerateRandomInput is the input of GenerateRandom.
type GenerateRandomInput struct {
	NumberOfBytes    *int       `json:"NumberOfBytes"`
	CustomKeyStoreID *string    `json:"CustomKeyStoreId"`
	Recipient        *Recipient `json:"Recipient"`
}

// GenerateRandomOutput is the output of GenerateRandom.
type GenerateRandomOutput struct {
	Plaintext []byte `json:"Plaintext"`
}

// GenerateRandom returns 1 to 1024 random bytes.
//
// Source: KMS API reference, GenerateRandom.
func (s *Service) GenerateRandom(
	ctx context.Context, c *wire.Call, in *GenerateRandomInput,
) (*GenerateRandomOutput, error) {
	var v constraints
	v.number("numberOfBytes", in.NumberOfBytes, 1, 1024)
	if err := v.err(); err != nil {
		return nil, err
	}
	if in.NumberOfBytes == nil {
		return nil, errValidation("NumberOfBytes is required.")
	}
	if err := refuseRecipient(in.Recipient); err != nil {
		return nil, err
	}
	if err := s.authorizeAccount(ctx, c, "GenerateRandom"); err != nil {
		return nil, err
	}
	if in.CustomKeyStoreID != nil {
		err := s.view(ctx, c, func(t *txn) error { return t.canGenerateRandom(*in.CustomKeyStoreID) })
		if err != nil {
			return nil, err
		}
	}
	b, err := s.random(*in.NumberOfBytes)
	if err != nil {
		return nil, err
	}
	return &GenerateRandomOutput{Plaintext: b}, nil
}

// answer is out, or err alone: nobody may find half an answer, or a data key, beside an error.
func answer[T any](out *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// hasCode says that err is a fault of the service with this code.
func hasCode(err error, code string) bool {
	var f *wire.Fault
	return errors.As(err, &f) && f.Code == code
}
