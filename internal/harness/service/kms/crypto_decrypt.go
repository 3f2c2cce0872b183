package kms

import (
	"context"
	"slices"
	"strconv"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// errHiddenKey answers a Decrypt that leaves the key to the blob when that key is gone, elsewhere or not for the
// caller: it must not tell these apart.
func errHiddenKey() error {
	return wire.Faultf("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, "+
		"does not exist in this region, or you are not allowed to access.")
}

// source is one ciphertext to decrypt: the input of Decrypt, or the source half of ReEncrypt.
type source struct {
	ciphertext []byte
	keyID      *string // nil: the blob names it
	algorithm  string
	ec         map[string]string
	operation  string // Decrypt or ReEncryptFrom: what must be allowed
	tokens     []string
	more       policy.RequestContext // condition keys
	ignore     bool                  // dry run that only asks for permission
}

// request is what is asked of the source's key.
func (src *source) request() request {
	return request{
		operation: src.operation, ec: src.ec, tokens: src.tokens, algorithm: src.algorithm, more: src.more,
	}
}

// opened is a decrypted ciphertext.
type opened struct {
	key        *key
	plaintext  []byte
	materialID string // empty for RSA
}

// decrypt resolves and authorises the key before it looks at anything secret.
func (t *txn) decrypt(src source) (opened, error) {
	if src.keyID == nil {
		return t.decryptSelfDescribing(src)
	}
	k, err := t.use(*src.keyID, src.request())
	if err != nil {
		return opened{}, err
	}
	var b *blob
	if src.algorithm == symmetric && !src.ignore {
		// Before the algorithm is held against the key, as in the service: what is no symmetric ciphertext at all
		// says so, whatever the key.
		if b, err = parseBlob(src.ciphertext); err != nil {
			return opened{}, err
		}
	}
	if err := fits(k, src.algorithm, src.ec); err != nil {
		return opened{}, err
	}
	if src.ignore {
		return opened{key: k}, nil
	}
	if k.Spec != symmetric {
		plaintext, err := t.decryptRSA(k, src.algorithm, src.ciphertext)
		return opened{key: k, plaintext: plaintext}, err
	}
	if b.arn != k.arn() {
		return opened{}, wire.Faultf("IncorrectKeyException",
			"The key ID in the request does not identify a CMK that can perform this operation.")
	}
	return t.openBlob(k, b, src.ec)
}

// decryptSelfDescribing takes the key from the blob. The blob is not authentic yet, so what it says only selects
// whom to ask for permission; the tag is checked last.
func (t *txn) decryptSelfDescribing(src source) (opened, error) {
	if src.algorithm != symmetric {
		return opened{}, errValidation("KeyId is required with algorithm %s.", src.algorithm)
	}
	b, err := parseBlob(src.ciphertext)
	if err != nil {
		return opened{}, err
	}
	if b.region != t.c.Region || b.partition != t.c.Partition {
		return opened{}, errHiddenKey()
	}
	k, err := t.keyByID(b.account, b.resourceID)
	if hasCode(err, "NotFoundException") || hasCode(err, "AccessDeniedException") {
		return opened{}, errHiddenKey()
	}
	if err != nil {
		return opened{}, err
	}
	t.askedFor = "" // whatever the other half of a ReEncrypt was asked for
	err = t.admit(k, src.request())
	if hasCode(err, "AccessDeniedException") {
		return opened{}, errHiddenKey()
	}
	if err != nil {
		return opened{}, err
	}
	return t.openBlob(k, b, src.ec)
}

func (t *txn) openBlob(k *key, b *blob, ec map[string]string) (opened, error) {
	m := k.materialByID(b.material)
	if m == nil || k.Spec != symmetric {
		return opened{}, errCiphertext()
	}
	secret, err := t.secret(k, m)
	if err != nil {
		return opened{}, err
	}
	plaintext, err := b.open(secret, ec)
	return opened{key: k, plaintext: plaintext, materialID: m.ID}, err
}

// DecryptInput is the input of Decrypt.
type DecryptInput struct {
	CiphertextBlob      []byte            `json:"CiphertextBlob"`
	KeyID               *string           `json:"KeyId"`
	EncryptionContext   map[string]string `json:"EncryptionContext"`
	EncryptionAlgorithm string            `json:"EncryptionAlgorithm"`
	Recipient           *Recipient        `json:"Recipient"`
	GrantTokens         []string          `json:"GrantTokens"`
	DryRun              bool              `json:"DryRun"`
	DryRunModifiers     []string          `json:"DryRunModifiers"`
}

// Target implements wire.Targeter. Without a KeyId it is the key that the ciphertext names, if it names one.
func (in *DecryptInput) Target() string {
	if in.KeyID != nil {
		return *in.KeyID
	}
	if b, err := parseBlob(in.CiphertextBlob); err == nil {
		return b.arn
	}
	return ""
}

// DecryptOutput is the output of Decrypt; KeyID is an ARN.
type DecryptOutput struct {
	Plaintext           []byte `json:"Plaintext"`
	KeyID               string `json:"KeyId"`
	EncryptionAlgorithm string `json:"EncryptionAlgorithm"`
	KeyMaterialID       string `json:"KeyMaterialId,omitempty"`
}

// Decrypt opens what Encrypt, ReEncrypt and GenerateDataKey* made. A symmetric ciphertext names its key; for RSA the
// caller must. Any material of the key decrypts.
//
// Source: KMS API reference, Decrypt.
func (s *Service) Decrypt(ctx context.Context, c *wire.Call, in *DecryptInput) (*DecryptOutput, error) {
	ignore := in.DryRun && slices.Contains(in.DryRunModifiers, "IGNORE_CIPHERTEXT")
	var v constraints
	checkCiphertext(&v, in.CiphertextBlob, ignore && in.KeyID != nil)
	v.keyID("keyId", in.KeyID, false)
	v.enum("encryptionAlgorithm", in.EncryptionAlgorithm, encryptionAlgorithms)
	v.grantTokens(in.GrantTokens)
	checkModifiers(&v, in.DryRunModifiers)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := refuseRecipient(in.Recipient); err != nil {
		return nil, err
	}
	out := &DecryptOutput{EncryptionAlgorithm: or(in.EncryptionAlgorithm, symmetric)}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		o, err := t.decrypt(source{
			ciphertext: in.CiphertextBlob, keyID: in.KeyID, algorithm: out.EncryptionAlgorithm,
			ec: in.EncryptionContext, operation: "Decrypt", tokens: in.GrantTokens, ignore: ignore,
		})
		if err != nil {
			return err
		}
		out.Plaintext, out.KeyID, out.KeyMaterialID = o.plaintext, o.key.arn(), o.materialID
		return errDryRun(in.DryRun)
	}))
}

// onSameKey says whether a ReEncrypt leads back to the key that its source names. What cannot be found is another key,
// and refused when its turn comes.
func (t *txn) onSameKey(src source, destination string) (bool, error) {
	to, err := t.key(destination, true)
	if err != nil {
		return false, err
	}
	if src.keyID == nil {
		b, err := parseBlob(src.ciphertext)
		return err == nil && b.arn == to.arn(), nil
	}
	from, err := t.key(*src.keyID, true)
	if hasCode(err, "NotFoundException") || hasCode(err, "AccessDeniedException") {
		return false, nil
	}
	return err == nil && from.arn() == to.arn(), err
}

func checkCiphertext(v *constraints, ciphertext []byte, optional bool) {
	if ciphertext != nil || !optional {
		v.blob("ciphertextBlob", ciphertext, 1, maxBlobSize)
	}
}

func checkModifiers(v *constraints, modifiers []string) {
	for _, m := range modifiers {
		v.enum("dryRunModifiers", m, dryRunModifiers)
	}
}

// ReEncryptInput is the input of ReEncrypt.
type ReEncryptInput struct {
	CiphertextBlob                 []byte            `json:"CiphertextBlob"`
	SourceKeyID                    *string           `json:"SourceKeyId"`
	SourceEncryptionContext        map[string]string `json:"SourceEncryptionContext"`
	SourceEncryptionAlgorithm      string            `json:"SourceEncryptionAlgorithm"`
	DestinationKeyID               *string           `json:"DestinationKeyId"`
	DestinationEncryptionContext   map[string]string `json:"DestinationEncryptionContext"`
	DestinationEncryptionAlgorithm string            `json:"DestinationEncryptionAlgorithm"`
	GrantTokens                    []string          `json:"GrantTokens"`
	DryRun                         bool              `json:"DryRun"`
	DryRunModifiers                []string          `json:"DryRunModifiers"`
}

// Target implements wire.Targeter.
func (in *ReEncryptInput) Target() string { return text(in.DestinationKeyID) }

// ReEncryptOutput is the output of ReEncrypt; both key ids are ARNs.
type ReEncryptOutput struct {
	CiphertextBlob                 []byte `json:"CiphertextBlob"`
	SourceKeyID                    string `json:"SourceKeyId"`
	KeyID                          string `json:"KeyId"`
	SourceEncryptionAlgorithm      string `json:"SourceEncryptionAlgorithm"`
	DestinationEncryptionAlgorithm string `json:"DestinationEncryptionAlgorithm"`
	SourceKeyMaterialID            string `json:"SourceKeyMaterialId,omitempty"`
	DestinationKeyMaterialID       string `json:"DestinationKeyMaterialId,omitempty"`
}

// ReEncrypt decrypts a ciphertext and encrypts it again under another key, context or algorithm, or under the
// current material of the same key. The plaintext does not leave the service.
//
// Source: KMS API reference, ReEncrypt.
func (s *Service) ReEncrypt(ctx context.Context, c *wire.Call, in *ReEncryptInput) (*ReEncryptOutput, error) {
	ignore := in.DryRun && slices.Contains(in.DryRunModifiers, "IGNORE_CIPHERTEXT")
	var v constraints
	checkCiphertext(&v, in.CiphertextBlob, ignore && in.SourceKeyID != nil)
	v.keyID("sourceKeyId", in.SourceKeyID, false)
	v.keyID("destinationKeyId", in.DestinationKeyID, true)
	v.enum("sourceEncryptionAlgorithm", in.SourceEncryptionAlgorithm, encryptionAlgorithms)
	v.enum("destinationEncryptionAlgorithm", in.DestinationEncryptionAlgorithm, encryptionAlgorithms)
	v.grantTokens(in.GrantTokens)
	checkModifiers(&v, in.DryRunModifiers)
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &ReEncryptOutput{
		SourceEncryptionAlgorithm:      or(in.SourceEncryptionAlgorithm, symmetric),
		DestinationEncryptionAlgorithm: or(in.DestinationEncryptionAlgorithm, symmetric),
	}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		src := source{
			ciphertext: in.CiphertextBlob, keyID: in.SourceKeyID, algorithm: out.SourceEncryptionAlgorithm,
			ec: in.SourceEncryptionContext, operation: "ReEncryptFrom", tokens: in.GrantTokens, ignore: ignore,
		}
		same, err := t.onSameKey(src, *in.DestinationKeyID)
		if err != nil {
			return err
		}
		src.more = inputKey("kms:ReEncryptOnSameKey", strconv.FormatBool(same))
		dst, err := t.use(*in.DestinationKeyID, request{
			operation: "ReEncryptTo", ec: in.DestinationEncryptionContext, tokens: in.GrantTokens,
			algorithm: out.DestinationEncryptionAlgorithm, more: src.more,
		})
		if err != nil {
			return err
		}
		err = fits(dst, out.DestinationEncryptionAlgorithm, in.DestinationEncryptionContext)
		if err != nil {
			return err
		}
		o, err := t.decrypt(src)
		if err != nil {
			return err
		}
		out.SourceKeyID, out.SourceKeyMaterialID, out.KeyID = o.key.arn(), o.materialID, dst.arn()
		if ignore {
			return errDryRun(true)
		}
		out.CiphertextBlob, out.DestinationKeyMaterialID, err = t.encryptWith(
			dst, out.DestinationEncryptionAlgorithm, o.plaintext, in.DestinationEncryptionContext)
		if err != nil {
			return err
		}
		return errDryRun(in.DryRun)
	}))
}
