package kms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const lasts = "KEY_MATERIAL_DOES_NOT_EXPIRE"

// external creates a key without material.
func (w world) external(t *testing.T, spec, usage string) (id, arn string) {
	t.Helper()
	out, err := w.CreateKey(t.Context(), as(ownerAccount), &kms.CreateKeyInput{
		Origin: "EXTERNAL", KeySpec: spec, KeyUsage: usage,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.KeyMetadata.KeyID, out.KeyMetadata.ARN
}

func (w world) keyState(t *testing.T, id string) string {
	t.Helper()
	out, err := w.DescribeKey(t.Context(), as(ownerAccount), &kms.DescribeKeyInput{KeyID: &id})
	if err != nil {
		t.Fatal(err)
	}
	return out.KeyMetadata.KeyState
}

// wrapping is what GetParametersForImport gave for one key.
type wrapping struct {
	token     []byte
	public    *rsa.PublicKey
	algorithm string
}

func (w world) parameters(t *testing.T, id, algorithm, spec string) wrapping {
	t.Helper()
	out, err := w.GetParametersForImport(t.Context(), as(ownerAccount), &kms.GetParametersForImportInput{
		KeyID: &id, WrappingAlgorithm: algorithm, WrappingKeySpec: spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := w.clock.Now().Add(24 * time.Hour); !out.ParametersValidTo.Equal(want) {
		t.Errorf("got ParametersValidTo %s, want %s", out.ParametersValidTo, want)
	}
	p := parsed(t, out.PublicKey, algorithm)
	p.token = out.ImportToken
	return p
}

func parsed(t *testing.T, der []byte, algorithm string) wrapping {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return wrapping{public: public.(*rsa.PublicKey), algorithm: algorithm}
}

// wrap is the importer's side, by the text of the KMS Developer Guide.
func (p wrapping) wrap(t *testing.T, secret []byte) []byte {
	t.Helper()
	hash := crypto.SHA256
	if p.algorithm == "RSAES_OAEP_SHA_1" || p.algorithm == "RSA_AES_KEY_WRAP_SHA_1" {
		hash = crypto.SHA1
	}
	inner, behind := secret, []byte(nil)
	if p.algorithm == "RSA_AES_KEY_WRAP_SHA_1" || p.algorithm == "RSA_AES_KEY_WRAP_SHA_256" {
		inner = random(t, 32)
		behind = wrapAES(t, inner, secret)
	}
	sealed, err := rsa.EncryptOAEP(hash.New(), rand.Reader, p.public, inner, nil)
	if err != nil {
		t.Fatal(err)
	}
	return append(sealed, behind...)
}

func random(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// importing imports secret under p, without expiry unless change says so.
func (w world) importing(
	t *testing.T, id string, p wrapping, secret []byte, change func(*kms.ImportKeyMaterialInput),
) (*kms.ImportKeyMaterialOutput, error) {
	t.Helper()
	in := &kms.ImportKeyMaterialInput{
		KeyID: &id, ImportToken: p.token, EncryptedKeyMaterial: p.wrap(t, secret), ExpirationModel: lasts,
	}
	if change != nil {
		change(in)
	}
	return w.ImportKeyMaterial(t.Context(), as(ownerAccount), in)
}

func (w world) mustImport(
	t *testing.T, id string, p wrapping, secret []byte, change func(*kms.ImportKeyMaterialInput),
) string {
	t.Helper()
	out, err := w.importing(t, id, p, secret, change)
	if err != nil {
		t.Fatal(err)
	}
	return out.KeyMaterialID
}

func (w world) deleteMaterial(t *testing.T, id string, materialID *string) {
	t.Helper()
	_, err := w.DeleteImportedKeyMaterial(t.Context(), as(ownerAccount), &kms.DeleteImportedKeyMaterialInput{
		KeyID: &id, KeyMaterialID: materialID,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func asNew(in *kms.ImportKeyMaterialInput) { in.ImportType = "NEW_KEY_MATERIAL" }

func asExisting(in *kms.ImportKeyMaterialInput) { in.ImportType = "EXISTING_KEY_MATERIAL" }

// The life of imported material from the first import to a rotation.
func TestImportFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, arn := w.external(t, "", "")
	if got := w.keyState(t, id); got != "PendingImport" {
		t.Fatalf("got state %s, want PendingImport", got)
	}
	_, err := w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{KeyID: &id, Plaintext: []byte("x")})
	wantFault(t, err, "KMSInvalidStateException", arn+" is pending import.")

	p := w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	first := random(t, 32)
	firstID := w.mustImport(t, id, p, first, nil)
	if got := w.keyState(t, id); got != "Enabled" {
		t.Fatalf("got state %s, want Enabled", got)
	}
	blob := w.encrypt(t, id, []byte("old"), orders)

	w.deleteMaterial(t, id, nil)
	if got := w.keyState(t, id); got != "PendingImport" {
		t.Fatalf("got state %s, want PendingImport", got)
	}
	_, err = w.decrypt(t, blob, orders)
	wantFault(t, err, "KMSInvalidStateException", arn+" is pending import.")
	w.deleteMaterial(t, id, nil) // again: no effect

	_, err = w.importing(t, id, p, random(t, 32), asExisting)
	wantFault(t, err, "IncorrectKeyMaterialException", "The key material is not associated with "+arn+".")
	if again := w.mustImport(t, id, p, first, nil); again != firstID {
		t.Errorf("got material id %s, want %s again", again, firstID)
	}
	if out, err := w.decrypt(t, blob, orders); err != nil || string(out.Plaintext) != "old" {
		t.Fatalf("got %v, %v, want the old ciphertext to open", out, err)
	}

	_, err = w.importing(t, id, p, first, asNew)
	wantFault(t, err, "IncorrectKeyMaterialException", "The key material is already associated with "+arn+".")
	second := random(t, 32)
	secondID := w.mustImport(t, id, p, second, asNew)
	w.wantCurrent(t, id, firstID)
	third := random(t, 32)
	if _, err = w.importing(t, id, p, third, asNew); faultCode(err) != "KMSInvalidStateException" {
		t.Fatalf("got %v, want KMSInvalidStateException: one is staged already", err)
	}

	w.rotateOnDemand(t, id)
	w.wantCurrent(t, id, secondID)
	fresh := w.encrypt(t, id, []byte("new"), orders)
	for want, b := range map[string][]byte{"old": blob, "new": fresh} {
		if out, err := w.decrypt(t, b, orders); err != nil || string(out.Plaintext) != want {
			t.Errorf("got %v, %v, want %q", out, err, want)
		}
	}
	// Every material is needed: without the first one nothing works.
	w.deleteMaterial(t, id, &firstID)
	_, err = w.decrypt(t, fresh, orders)
	wantFault(t, err, "KMSInvalidStateException", arn+" is pending import.")
	w.mustImport(t, id, p, first, nil)
	if _, err := w.decrypt(t, fresh, orders); err != nil {
		t.Error(err)
	}
}

func (w world) wantCurrent(t *testing.T, id, want string) {
	t.Helper()
	out, err := w.DescribeKey(t.Context(), as(ownerAccount), &kms.DescribeKeyInput{KeyID: &id})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.KeyMetadata.CurrentKeyMaterialID; got != want {
		t.Fatalf("got current material %s, want %s", got, want)
	}
}

func (w world) rotateOnDemand(t *testing.T, id string) {
	t.Helper()
	_, err := w.RotateKeyOnDemand(t.Context(), as(ownerAccount), &kms.RotateKeyOnDemandInput{KeyID: &id})
	if err != nil {
		t.Fatal(err)
	}
}

// A key that lost its material while it was disabled comes back Enabled; new dates for material that is there change
// nothing about Disabled.
func TestImportIntoDisabledKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.external(t, "", "")
	p := w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	secret := random(t, 32)
	w.mustImport(t, id, p, secret, nil)
	w.change(t, id, "disable")
	w.mustImport(t, id, p, secret, nil)
	if got := w.keyState(t, id); got != "Disabled" {
		t.Errorf("got state %s, want Disabled", got)
	}
	w.deleteMaterial(t, id, nil)
	if got := w.keyState(t, id); got != "PendingImport" {
		t.Errorf("got state %s, want PendingImport", got)
	}
	w.mustImport(t, id, p, secret, nil)
	if got := w.keyState(t, id); got != "Enabled" {
		t.Errorf("got state %s, want Enabled", got)
	}
}

// Staged material is not associated with the key: it can be deleted and replaced.
func TestImportStagedMaterialIsReplaceable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, arn := w.external(t, "", "")
	p := w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	w.mustImport(t, id, p, random(t, 32), nil)
	staged := w.mustImport(t, id, p, random(t, 32), asNew)
	w.deleteMaterial(t, id, &staged)
	if got := w.keyState(t, id); got != "Enabled" {
		t.Fatalf("got state %s, want Enabled", got)
	}
	_, err := w.RotateKeyOnDemand(t.Context(), as(ownerAccount), &kms.RotateKeyOnDemandInput{KeyID: &id})
	wantFault(t, err, "KMSInvalidStateException", "No available key material pending rotation for the key: "+arn+".")
	replacement := w.mustImport(t, id, p, random(t, 32), asNew)
	w.rotateOnDemand(t, id)
	w.wantCurrent(t, id, replacement)
}

func TestImportExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, arn := w.external(t, "", "")
	p := w.parameters(t, id, "RSAES_OAEP_SHA_1", "RSA_2048")
	secret := random(t, 32)
	until := func(at time.Time) func(*kms.ImportKeyMaterialInput) {
		return func(in *kms.ImportKeyMaterialInput) {
			in.ExpirationModel, in.ValidTo = "KEY_MATERIAL_EXPIRES", wire.At(at)
		}
	}
	w.mustImport(t, id, p, secret, until(start.Add(time.Hour)))
	blob := w.encrypt(t, id, []byte("x"), nil)
	w.clock.Advance(time.Hour - time.Second)
	if _, err := w.decrypt(t, blob, nil); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	_, err := w.decrypt(t, blob, nil)
	wantFault(t, err, "KMSInvalidStateException", arn+" is pending import.")

	// A new import with another date: the old date does nothing any more.
	w.mustImport(t, id, p, secret, until(start.Add(2*time.Hour)))
	w.mustImport(t, id, p, secret, until(start.Add(20*time.Hour)))
	w.clock.Advance(2 * time.Hour)
	if _, err := w.decrypt(t, blob, nil); err != nil {
		t.Fatal(err)
	}
	w.mustImport(t, id, p, secret, nil)
	w.clock.Advance(30 * time.Hour)
	if _, err := w.decrypt(t, blob, nil); err != nil {
		t.Fatal(err)
	}
}

func TestImportExpiryRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.external(t, "", "")
	p := w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	const window = "ValidTo must be in the future and within 365 days of the request."
	for name, test := range map[string]struct {
		model   string
		validTo *wire.Time
		want    string
	}{
		"default without date": {"", nil, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"},
		"past":                 {"", wire.At(start.Add(-time.Second)), window},
		"now":                  {"", wire.At(start), window},
		"after a year":         {"", wire.At(start.Add(365*24*time.Hour + time.Second)), window},
		"date for ever": {
			lasts, wire.At(start.Add(time.Hour)),
			"A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
		},
	} {
		_, err := w.importing(t, id, p, make([]byte, 32), func(in *kms.ImportKeyMaterialInput) {
			in.ExpirationModel, in.ValidTo = test.model, test.validTo
		})
		if err == nil {
			t.Fatalf("%s: imported", name)
		}
		wantFault(t, err, "ValidationException", test.want)
	}
}

func TestImportToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.external(t, "", "")
	other, _ := w.external(t, "", "")
	p := w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	secret := random(t, 32)

	_, err := w.importing(t, other, p, secret, nil)
	wantFault(t, err, "InvalidImportTokenException", "")
	_, err = w.importing(t, id, p, secret, func(in *kms.ImportKeyMaterialInput) {
		in.ImportToken = bytes.Clone(in.ImportToken)
		in.ImportToken[len(in.ImportToken)/2] ^= 1
	})
	wantFault(t, err, "InvalidImportTokenException", "")
	// The token says how the material is wrapped; material that is wrapped otherwise does not open.
	sha1 := p
	sha1.algorithm = "RSAES_OAEP_SHA_1"
	_, err = w.importing(t, id, sha1, secret, nil)
	wantFault(t, err, "InvalidCiphertextException", "")
	_, err = w.importing(t, id, p, make([]byte, 31), nil)
	wantFault(t, err, "IncorrectKeyMaterialException", "Key material of key spec SYMMETRIC_DEFAULT must be 32 bytes.")

	// A second set of parameters leaves the first one valid, to its last moment.
	w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	w.clock.Advance(24*time.Hour - time.Second)
	w.mustImport(t, id, p, secret, nil)
	w.clock.Advance(time.Second)
	_, err = w.importing(t, id, p, secret, nil)
	wantFault(t, err, "ExpiredImportTokenException", "")
}

func TestImportMaterialID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.external(t, "", "")
	p := w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	secret := random(t, 32)
	materialID := w.mustImport(t, id, p, secret, nil)
	w.mustImport(t, id, p, secret, func(in *kms.ImportKeyMaterialInput) { in.KeyMaterialID = &materialID })
	wrong := string(bytes.Repeat([]byte("0"), 64))
	_, err := w.importing(t, id, p, secret, func(in *kms.ImportKeyMaterialInput) { in.KeyMaterialID = &wrong })
	wantFault(t, err, "IncorrectKeyMaterialException", "The key material is not the one with id "+wrong+".")
	_, err = w.importing(t, id, p, secret, func(in *kms.ImportKeyMaterialInput) {
		in.KeyMaterialID, in.ImportType = &materialID, "NEW_KEY_MATERIAL"
	})
	wantFault(t, err, "ValidationException", "KeyMaterialId cannot be specified with ImportType NEW_KEY_MATERIAL.")
}

// Only keys of Origin EXTERNAL take material.
func TestImportOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	want := arn + " origin is AWS_KMS which is not valid for this operation."
	_, err := w.GetParametersForImport(t.Context(), as(ownerAccount), &kms.GetParametersForImportInput{
		KeyID: ptr(keyID), WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048",
	})
	wantFault(t, err, "UnsupportedOperationException", want)
	_, err = w.ImportKeyMaterial(t.Context(), as(ownerAccount), &kms.ImportKeyMaterialInput{
		KeyID: ptr(keyID), ImportToken: []byte("x"), EncryptedKeyMaterial: []byte("x"), ExpirationModel: lasts,
	})
	wantFault(t, err, "UnsupportedOperationException", want)
	_, err = w.DeleteImportedKeyMaterial(t.Context(), as(ownerAccount), &kms.DeleteImportedKeyMaterialInput{
		KeyID: ptr(keyID),
	})
	wantFault(t, err, "UnsupportedOperationException", want)
}

func TestImportWrappingRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.external(t, "", "")
	rsaID, _ := w.external(t, "RSA_2048", "SIGN_VERIFY")
	p521, _ := w.external(t, "ECC_NIST_P521", "SIGN_VERIFY")
	for _, test := range []struct{ key, algorithm, spec, code, message string }{
		{
			id, "RSAES_PKCS1_V1_5", "RSA_2048", "UnsupportedOperationException",
			"WrappingAlgorithm RSAES_PKCS1_V1_5 with WrappingKeySpec RSA_2048 is not supported.",
		},
		{
			id, "RSAES_OAEP_SHA_256", "SM2", "UnsupportedOperationException",
			"WrappingAlgorithm RSAES_OAEP_SHA_256 with WrappingKeySpec SM2 is not supported.",
		},
		{
			rsaID, "RSAES_OAEP_SHA_256", "RSA_4096", "ValidationException",
			"Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec RSA_2048.",
		},
		{
			p521, "RSAES_OAEP_SHA_1", "RSA_2048", "ValidationException",
			"Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec ECC_NIST_P521.",
		},
	} {
		_, err := w.GetParametersForImport(t.Context(), as(ownerAccount), &kms.GetParametersForImportInput{
			KeyID: &test.key, WrappingAlgorithm: test.algorithm, WrappingKeySpec: test.spec,
		})
		wantFault(t, err, test.code, test.message)
	}
}

// Imported private keys and MAC keys work as those of the importer do.
func TestImportOtherSpecs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		spec, algorithm, wrapping string
		private                   crypto.Signer
	}{
		{"RSA_2048", "RSASSA_PSS_SHA_256", "RSA_AES_KEY_WRAP_SHA_256", rsaKey},
		{"ECC_NIST_P256", "ECDSA_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", ecKey},
		{"ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "RSAES_OAEP_SHA_256", edKey},
	} {
		der, err := x509.MarshalPKCS8PrivateKey(test.private)
		if err != nil {
			t.Fatal(err)
		}
		id, arn := w.external(t, test.spec, "SIGN_VERIFY")
		p := w.parameters(t, id, test.wrapping, "RSA_2048")
		_, err = w.importing(t, id, p, []byte("no private key"), nil)
		wantFault(t, err, "IncorrectKeyMaterialException",
			"Key material of key spec "+test.spec+" must be a PKCS #8 private key in DER.")
		w.mustImport(t, id, p, der, nil)
		public, err := w.GetPublicKey(t.Context(), as(ownerAccount), &kms.GetPublicKeyInput{KeyID: &id})
		if err != nil {
			t.Fatal(err)
		}
		want, err := x509.MarshalPKIXPublicKey(test.private.Public())
		if err != nil || !bytes.Equal(public.PublicKey, want) {
			t.Errorf("%s: got another public key than the importer has, %v", test.spec, err)
		}
		w.signAndVerify(t, id, test.algorithm, "RAW", []byte("message"))
		_, err = w.importing(t, id, p, der, asNew)
		wantFault(t, err, "ValidationException", arn+" key spec is "+test.spec+", which can have one key material only.")
	}
}

func TestImportWrongPrivateKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for spec, other := range map[string]crypto.Signer{"ECC_NIST_P256": p384, "RSA_3072": rsa2048} {
		der, err := x509.MarshalPKCS8PrivateKey(other)
		if err != nil {
			t.Fatal(err)
		}
		id, _ := w.external(t, spec, "SIGN_VERIFY")
		_, err = w.importing(t, id, w.parameters(t, id, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"), der, nil)
		wantFault(t, err, "IncorrectKeyMaterialException", "The private key is not of key spec "+spec+".")
	}
}

// Tick deletes the bytes of expired material: a clock that is set back does not bring them back.
func TestTickExpiresMaterial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.external(t, "", "")
	expires := start.Add(time.Hour)
	p := w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	w.mustImport(t, id, p, random(t, 32), func(in *kms.ImportKeyMaterialInput) {
		in.ExpirationModel, in.ValidTo = "KEY_MATERIAL_EXPIRES", wire.At(expires)
	})
	if next, err := w.Tick(t.Context()); err != nil || !next.Equal(expires) {
		t.Fatalf("got next %s, %v, want %s", next, err, expires)
	}
	w.clock.Set(expires)
	if next, err := w.Tick(t.Context()); err != nil || !next.IsZero() {
		t.Fatalf("got next %s, %v, want none", next, err)
	}
	w.clock.Set(start)
	if got := w.keyState(t, id); got != "PendingImport" {
		t.Errorf("got state %s, want PendingImport", got)
	}
}
