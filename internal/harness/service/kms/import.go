package kms

import (
	"context"
	"crypto/rsa"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

const (
	importTokenLife = 24 * time.Hour
	maxImportedLife = 365 * 24 * time.Hour

	materialExpires = "KEY_MATERIAL_EXPIRES"
	materialLasts   = "KEY_MATERIAL_DOES_NOT_EXPIRE"

	newKeyMaterial      = "NEW_KEY_MATERIAL"
	existingKeyMaterial = "EXISTING_KEY_MATERIAL"
)

var (
	materialIDForm          = regexp.MustCompile(`^[a-f0-9]{64}$`)
	materialDescriptionForm = regexp.MustCompile(`^[a-zA-Z0-9:/_\s.-]*$`)
)

// importTarget finds the key of an import operation: of the caller's account, by id or ARN, and of Origin EXTERNAL.
// keys are condition keys that follow from the input.
func (t *txn) importTarget(ref, operation string, keys policy.RequestContext) (*key, error) {
	k, err := t.target(ref, operation, keys)
	if err != nil {
		return nil, err
	}
	if k.Origin != originExternal {
		return nil, errOrigin(k)
	}
	return k, nil
}

// GetParametersForImportInput is the input of GetParametersForImport.
type GetParametersForImportInput struct {
	KeyID             *string `json:"KeyId"`
	WrappingAlgorithm string  `json:"WrappingAlgorithm"`
	WrappingKeySpec   string  `json:"WrappingKeySpec"`
}

// Target implements wire.Targeter.
func (in *GetParametersForImportInput) Target() string { return text(in.KeyID) }

// GetParametersForImportOutput is the output of GetParametersForImport. KeyID is an ARN and PublicKey a DER
// SubjectPublicKeyInfo; it belongs to ImportToken.
type GetParametersForImportOutput struct {
	KeyID             string     `json:"KeyId"`
	ImportToken       []byte     `json:"ImportToken"`
	PublicKey         []byte     `json:"PublicKey"`
	ParametersValidTo *wire.Time `json:"ParametersValidTo"`
}

// GetParametersForImport makes a wrapping key for one import within 24 hours. Earlier parameters stay valid.
//
// Source: KMS API reference, GetParametersForImport.
func (s *Service) GetParametersForImport(
	ctx context.Context, c *wire.Call, in *GetParametersForImportInput,
) (*GetParametersForImportOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.given("wrappingAlgorithm", in.WrappingAlgorithm != "")
	v.enum("wrappingAlgorithm", in.WrappingAlgorithm, wrappingAlgorithmNames)
	v.given("wrappingKeySpec", in.WrappingKeySpec != "")
	v.enum("wrappingKeySpec", in.WrappingKeySpec, wrappingKeySpecs)
	if err := v.err(); err != nil {
		return nil, err
	}
	var k *key
	err := s.view(ctx, c, func(t *txn) (err error) {
		if k, err = t.importTarget(*in.KeyID, "GetParametersForImport", policy.RequestContext{
			"kms:WrappingAlgorithm": {in.WrappingAlgorithm}, "kms:WrappingKeySpec": {in.WrappingKeySpec},
		}); err != nil {
			return err
		}
		return canWrap(k, in.WrappingAlgorithm, in.WrappingKeySpec)
	})
	if err != nil {
		return nil, err
	}
	// Outside of the transaction: an RSA key takes seconds, and Go 1.26 draws it from the system, whatever reader
	// it is given.
	private, err := rsa.GenerateKey(s.cfg.Rand, rsaSpecs[in.WrappingKeySpec])
	if err != nil {
		return nil, fmt.Errorf("generate wrapping key for %s: %w", k.arn(), err)
	}
	privateDER, publicDER, err := encodeKeyPair(private)
	if err != nil {
		return nil, err
	}
	token := importToken{
		Algorithm: in.WrappingAlgorithm, ValidTo: s.cfg.Clock.Now().Add(importTokenLife), Private: privateDER,
	}
	sealed, err := s.sealToken(k, token)
	if err != nil {
		return nil, err
	}
	return &GetParametersForImportOutput{
		KeyID: k.arn(), ImportToken: sealed, PublicKey: publicDER, ParametersValidTo: wire.At(token.ValidTo),
	}, nil
}

// canWrap refuses wrapping that the key's material would not fit into, and what the service does not do (any more).
func canWrap(k *key, name, wrappingSpec string) error {
	a, known := wrappingAlgorithms[name]
	if !known || wrappingSpec == "SM2" {
		return wire.Faultf("UnsupportedOperationException",
			"WrappingAlgorithm %s with WrappingKeySpec %s is not supported.", name, wrappingSpec)
	}
	_, isRSA := rsaSpecs[k.Spec]
	if !a.aes && (isRSA || k.Spec == "ECC_NIST_P521" && wrappingSpec == "RSA_2048") {
		return errAlgorithm(k, name)
	}
	if isAsymmetric := k.family() == familyAsymmetric; isAsymmetric && !hasCryptography(k.Spec) {
		return errNoCryptography(k.Spec)
	}
	return nil
}

// ImportKeyMaterialInput is the input of ImportKeyMaterial.
type ImportKeyMaterialInput struct {
	KeyID                  *string    `json:"KeyId"`
	ImportToken            []byte     `json:"ImportToken"`
	EncryptedKeyMaterial   []byte     `json:"EncryptedKeyMaterial"`
	ExpirationModel        string     `json:"ExpirationModel"` // default KEY_MATERIAL_EXPIRES
	ValidTo                *wire.Time `json:"ValidTo"`
	ImportType             string     `json:"ImportType"`
	KeyMaterialID          *string    `json:"KeyMaterialId"`
	KeyMaterialDescription *string    `json:"KeyMaterialDescription"`
}

// Target implements wire.Targeter.
func (in *ImportKeyMaterialInput) Target() string { return text(in.KeyID) }

// ImportKeyMaterialOutput is the output of ImportKeyMaterial; KeyID is an ARN.
type ImportKeyMaterialOutput struct {
	KeyID         string `json:"KeyId"`
	KeyMaterialID string `json:"KeyMaterialId"`
}

// ImportKeyMaterial puts wrapped material into a key of Origin EXTERNAL. The first material makes the key usable;
// deleted or expired material comes back only as the same bytes; new material of a symmetric key is staged for
// RotateKeyOnDemand.
//
// Source: KMS API reference, ImportKeyMaterial.
func (s *Service) ImportKeyMaterial(
	ctx context.Context, c *wire.Call, in *ImportKeyMaterialInput,
) (*ImportKeyMaterialOutput, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	out := &ImportKeyMaterialOutput{}
	return answer(out, s.update(ctx, c, func(t *txn) error {
		k, err := t.importTarget(*in.KeyID, "ImportKeyMaterial", in.conditionKeys())
		if err != nil {
			return err
		}
		expires, err := in.expires(t.now)
		if err != nil {
			return err
		}
		algorithm, private, err := t.openToken(k, in.ImportToken)
		if err != nil {
			return err
		}
		secret, err := algorithm.unwrap(private, in.EncryptedKeyMaterial)
		if err != nil {
			return &wire.Fault{Code: "InvalidCiphertextException"}
		}
		before, err := t.state(k)
		if err != nil {
			return err
		}
		m, err := t.placeMaterial(k, in, secret)
		if err != nil {
			return err
		}
		if before == statePendingImport {
			k.Disabled = false // such a key becomes Enabled, whatever it was before it lost its material
		}
		m.Expires, m.Imported = expires, true
		if in.KeyMaterialDescription != nil {
			m.Description = *in.KeyMaterialDescription
		}
		out.KeyID, out.KeyMaterialID = k.arn(), m.ID
		if err := t.schedule(k, dueExpiry, expires); err != nil {
			return err
		}
		return t.putKey(k)
	}))
}

// conditionKeys are those of ImportKeyMaterial. kms:ValidTo is in seconds since 1970.
//
// Source: KMS Developer Guide, "Condition keys for AWS KMS".
func (in *ImportKeyMaterialInput) conditionKeys() policy.RequestContext {
	keys := policy.RequestContext{"kms:ExpirationModel": {or(in.ExpirationModel, materialExpires)}}
	if in.ValidTo != nil {
		keys["kms:ValidTo"] = []string{strconv.FormatInt(in.ValidTo.Unix(), 10)}
	}
	return keys
}

func (in *ImportKeyMaterialInput) validate() error {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.blob("importToken", in.ImportToken, 1, maxBlobSize)
	v.blob("encryptedKeyMaterial", in.EncryptedKeyMaterial, 1, maxBlobSize)
	v.enum("expirationModel", in.ExpirationModel, []string{materialExpires, materialLasts})
	v.enum("importType", in.ImportType, []string{newKeyMaterial, existingKeyMaterial})
	if d := in.KeyMaterialDescription; d != nil {
		v.text("keyMaterialDescription", *d, 0, 256)
		v.matches("keyMaterialDescription", *d, materialDescriptionForm)
	}
	v.materialID(in.KeyMaterialID)
	return v.err()
}

// expires is when the material is to go, zero for never. The harness clock decides what is past.
func (in *ImportKeyMaterialInput) expires(now time.Time) (time.Time, error) {
	if or(in.ExpirationModel, materialExpires) == materialLasts {
		if in.ValidTo != nil {
			return time.Time{}, errValidation(
				"A validTo date must not be set if the ExpirationModel is %s", materialLasts)
		}
		return time.Time{}, nil
	}
	if in.ValidTo == nil {
		return time.Time{}, errValidation("A validTo date must be set if the ExpirationModel is %s", materialExpires)
	}
	if at := in.ValidTo.Time; !at.After(now) || at.After(now.Add(maxImportedLife)) {
		return time.Time{}, errValidation("ValidTo must be in the future and within 365 days of the request.")
	}
	return in.ValidTo.Time, nil
}

// placeMaterial finds the place of secret among the key's generations and stores it there, sealed. The returned
// material is an element of k.Materials.
func (t *txn) placeMaterial(k *key, in *ImportKeyMaterialInput, secret []byte) (*material, error) {
	public, err := checkSecret(k, secret)
	if err != nil {
		return nil, err
	}
	if err := in.suits(k); err != nil {
		return nil, err
	}
	id := importedID(k, secret)
	if want := in.KeyMaterialID; want != nil && *want != id {
		return nil, errMaterial("The key material is not the one with id %s.", *want)
	}
	isNew := in.ImportType == newKeyMaterial || in.ImportType == "" && len(k.Materials) == 0
	i := slices.IndexFunc(k.Materials, func(m material) bool { return m.ID == id })
	switch {
	case !isNew && i < 0:
		return nil, errMaterial("The key material is not associated with %s.", k.arn())
	case isNew && i >= 0:
		return nil, errMaterial("The key material is already associated with %s.", k.arn())
	case isNew:
		state, err := newMaterialState(k, id)
		if err != nil {
			return nil, err
		}
		k.Materials = append(k.Materials, material{ID: id, State: state})
		i = len(k.Materials) - 1
	}
	m := &k.Materials[i]
	m.Public = public
	if m.Sealed, err = t.s.cfg.Sealer.Seal(secret, materialAAD(k, id)); err != nil {
		return nil, fmt.Errorf("seal material %s of %s: %w", id, k.arn(), err)
	}
	return m, nil
}

// suits refuses members that are for several materials where there can be one only.
func (in *ImportKeyMaterialInput) suits(k *key) error {
	switch {
	case k.Spec != symmetric &&
		(in.ImportType == newKeyMaterial && len(k.Materials) > 0 ||
			in.KeyMaterialID != nil || in.KeyMaterialDescription != nil):
		return errValidation("%s key spec is %s, which can have one key material only.", k.arn(), k.Spec)
	case in.ImportType == newKeyMaterial && in.KeyMaterialID != nil:
		return errValidation("KeyMaterialId cannot be specified with ImportType %s.", newKeyMaterial)
	}
	return nil
}

// newMaterialState is CURRENT for the first material; all others wait for RotateKeyOnDemand, one at a time.
func newMaterialState(k *key, id string) (string, error) {
	if len(k.Materials) == 0 {
		return materialCurrent, nil
	}
	for i := range k.Materials {
		if m := &k.Materials[i]; m.State == materialPending {
			return "", wire.Faultf("KMSInvalidStateException", "New key material (id: %s) cannot be imported "+
				"into KMS key %s, because another key material (id: %s) is pending rotation.", id, k.arn(), m.ID)
		}
	}
	return materialPending, nil
}

func (c *constraints) materialID(id *string) {
	if id == nil {
		return
	}
	c.text("keyMaterialId", *id, 64, 64)
	c.matches("keyMaterialId", *id, materialIDForm)
}

// matches requires a member to have the form of a regular expression.
func (c *constraints) matches(member, value string, form *regexp.Regexp) {
	if !form.MatchString(value) {
		c.add("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s",
			value, member, form)
	}
}
