package kms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// errNoCryptography refuses a key spec for which the standard library has no implementation. Such keys can be
// created, described and managed, not used.
func errNoCryptography(spec string) error {
	return wire.Faultf("UnsupportedOperationException", "Cryptography with key spec %s is not supported.", spec)
}

// generateKeyPair makes the key pair of an asymmetric spec: PKCS #8 and SubjectPublicKeyInfo, both DER.
//
// For a spec without cryptography (ECC_SECG_P256K1, SM2, ML_DSA_*, ML_KEM_*) private is 32 random bytes and public
// is nil: the key exists and can be managed.
//
// rand decides Ed25519 keys and those 32 bytes. For RSA and the NIST curves Go 1.26 ignores the reader and draws
// from the system's secure source, so those keys are not reproducible from a seeded reader.
func generateKeyPair(rand io.Reader, spec string) (private, public []byte, err error) {
	signer, err := generateSigner(rand, spec)
	if err != nil {
		return nil, nil, fmt.Errorf("generate %s: %w", spec, err)
	}
	if signer == nil {
		private = make([]byte, 32)
		if _, err := io.ReadFull(rand, private); err != nil {
			return nil, nil, fmt.Errorf("generate %s: %w", spec, err)
		}
		return private, nil, nil
	}
	return encodeKeyPair(signer)
}

// hasCryptography says that keys of an asymmetric spec can be used, not only managed.
func hasCryptography(spec string) bool {
	_, isRSA := rsaSpecs[spec]
	_, isCurve := curves[spec]
	return isRSA || isCurve || spec == "ECC_NIST_EDWARDS25519"
}

// generateSigner is nil for a spec without cryptography.
func generateSigner(rand io.Reader, spec string) (crypto.Signer, error) {
	if bits, isRSA := rsaSpecs[spec]; isRSA {
		return rsa.GenerateKey(rand, bits)
	}
	if c, isCurve := curves[spec]; isCurve {
		return ecdsa.GenerateKey(c.ecdsa, rand)
	}
	if spec == "ECC_NIST_EDWARDS25519" {
		seed := make([]byte, ed25519.SeedSize)
		if _, err := io.ReadFull(rand, seed); err != nil {
			return nil, err
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	return nil, nil
}

func encodeKeyPair(signer crypto.Signer) (private, public []byte, err error) {
	if private, err = x509.MarshalPKCS8PrivateKey(signer); err != nil {
		return nil, nil, fmt.Errorf("encode private key: %w", err)
	}
	if public, err = x509.MarshalPKIXPublicKey(signer.Public()); err != nil {
		return nil, nil, fmt.Errorf("encode public key: %w", err)
	}
	return private, public, nil
}

// privateKey opens the private key of an asymmetric key.
func (t *txn) privateKey(k *key) (crypto.Signer, error) {
	m := k.current()
	if m != nil && len(m.Sealed) > 0 && len(m.Public) == 0 {
		return nil, errNoCryptography(k.Spec)
	}
	secret, err := t.secret(k, m)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		// The parser's words could show bytes of the key.
		return nil, fmt.Errorf("parse private key of %s: not PKCS #8", k.arn())
	}
	signer, isSigner := parsed.(crypto.Signer)
	if !isSigner {
		return nil, fmt.Errorf("parse private key of %s: %T does not sign", k.arn(), parsed)
	}
	return signer, nil
}

func (t *txn) rsaKey(k *key) (*rsa.PrivateKey, error) {
	signer, err := t.privateKey(k)
	if err != nil {
		return nil, err
	}
	private, isRSA := signer.(*rsa.PrivateKey)
	if !isRSA {
		return nil, fmt.Errorf("%s holds %T, want RSA", k.arn(), signer)
	}
	return private, nil
}

// encryptRSA encrypts plaintext with RSAES-OAEP, up to the modulus less two hashes and two bytes.
func (t *txn) encryptRSA(k *key, name string, plaintext []byte) ([]byte, error) {
	private, err := t.rsaKey(k)
	if err != nil {
		return nil, err
	}
	hash := algorithms[name].hash
	if limit := private.Size() - 2*hash.Size() - 2; len(plaintext) > limit {
		return nil, errValidation(
			"Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.", name, k.Spec, limit)
	}
	ciphertext, err := rsa.EncryptOAEP(hash.New(), t.s.cfg.Rand, &private.PublicKey, plaintext, nil)
	if err != nil {
		return nil, fmt.Errorf("encrypt under %s: %w", k.arn(), err)
	}
	return ciphertext, nil
}

func (t *txn) decryptRSA(k *key, name string, ciphertext []byte) ([]byte, error) {
	private, err := t.rsaKey(k)
	if err != nil {
		return nil, err
	}
	plaintext, err := rsa.DecryptOAEP(algorithms[name].hash.New(), nil, private, ciphertext, nil)
	if err != nil {
		return nil, errCiphertext()
	}
	return plaintext, nil
}
