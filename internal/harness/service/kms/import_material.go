package kms

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// importedID is the id of imported material. It follows from key and bytes alone, so material that comes back after
// it was deleted is recognised although nothing of it was kept.
//
// Source: KMS API reference, ImportKeyMaterial, KeyMaterialId.
func importedID(k *key, secret []byte) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "imported key material\x00%s\x00", k.arn()) // a hash never fails
	_, _ = h.Write(secret)
	return hex.EncodeToString(h.Sum(nil))
}

// checkSecret checks that secret is material of the key's spec; public is the SubjectPublicKeyInfo of an asymmetric
// one. Symmetric and HMAC material has exactly the length of the spec, asymmetric material is a PKCS #8 private key.
//
// Source: AWS KMS Developer Guide, "Requirements for imported key material".
func checkSecret(k *key, secret []byte) (public []byte, err error) {
	if size := specOf(k.Spec).size; size > 0 {
		if len(secret) != size {
			return nil, errMaterial("Key material of key spec %s must be %d bytes.", k.Spec, size)
		}
		return nil, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		// The parser's words could show bytes of the key.
		return nil, errMaterial("Key material of key spec %s must be a PKCS #8 private key in DER.", k.Spec)
	}
	matches := false
	var publicKey any
	switch p := parsed.(type) {
	case *rsa.PrivateKey:
		matches, publicKey = rsaSpecs[k.Spec] == p.N.BitLen(), p.Public()
	case *ecdsa.PrivateKey:
		c, isCurve := curves[k.Spec]
		matches, publicKey = isCurve && c.ecdsa == p.Curve, p.Public()
	case ed25519.PrivateKey:
		matches, publicKey = k.Spec == "ECC_NIST_EDWARDS25519", p.Public()
	}
	if !matches {
		return nil, errMaterial("The private key is not of key spec %s.", k.Spec)
	}
	if public, err = x509.MarshalPKIXPublicKey(publicKey); err != nil {
		return nil, fmt.Errorf("encode public key of %s: %w", k.arn(), err)
	}
	return public, nil
}

func errMaterial(format string, args ...any) error {
	return wire.Faultf("IncorrectKeyMaterialException", format, args...)
}

// stagedMaterial is imported material that waits for RotateKeyOnDemand, or nil.
func (t *txn) stagedMaterial(k *key) *material {
	for i := range k.Materials {
		if m := &k.Materials[i]; m.State == materialPending && m.present(t.now) {
			return m
		}
	}
	return nil
}

// expireMaterial deletes what has expired of the key's imported material; the caller stores k. A key in any other
// state than PendingDeletion becomes PendingImport by it.
//
// Source: AWS KMS Developer Guide, "Delete imported key material".
func (t *txn) expireMaterial(k *key) {
	for i := len(k.Materials) - 1; i >= 0; i-- {
		if m := &k.Materials[i]; !m.present(t.now) {
			if len(m.Sealed) > 0 {
				t.emit("DeleteExpiredKeyMaterial", k, nil)
			}
			k.dropMaterial(m.ID)
		}
	}
}

// dropMaterial deletes the bytes of a material. What the key has encrypted with it needs it back, so its place is
// kept; material that was only staged is not associated with the key yet and leaves nothing.
func (k *key) dropMaterial(id string) {
	i := slices.IndexFunc(k.Materials, func(m material) bool { return m.ID == id })
	if i < 0 {
		return
	}
	if k.Materials[i].State == materialPending {
		k.Materials = slices.Delete(k.Materials, i, i+1)
		return
	}
	k.Materials[i].Sealed, k.Materials[i].Expires = nil, time.Time{}
}
