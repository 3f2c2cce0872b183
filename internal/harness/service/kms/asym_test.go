package kms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

// signAndVerify signs a message and checks that the signature holds for it, and for nothing else.
func (w world) signAndVerify(t *testing.T, id, algorithm, messageType string, message []byte) []byte {
	t.Helper()
	signed, err := w.Sign(t.Context(), as(ownerAccount), &kms.SignInput{
		KeyID: &id, Message: message, MessageType: messageType, SigningAlgorithm: algorithm,
	})
	if err != nil {
		t.Fatalf("%s: %v", algorithm, err)
	}
	in := &kms.VerifyInput{
		KeyID: &id, Message: message, MessageType: messageType, Signature: signed.Signature, SigningAlgorithm: algorithm,
	}
	got, err := w.Verify(t.Context(), as(ownerAccount), in)
	if err != nil {
		t.Fatalf("%s: %v", algorithm, err)
	}
	want := &kms.VerifyOutput{KeyID: signed.KeyID, SignatureValid: true, SigningAlgorithm: algorithm}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: Verify (-want +got):\n%s", algorithm, diff)
	}
	for _, i := range []int{0, len(signed.Signature) / 2, len(signed.Signature) - 1} {
		in.Signature = bytes.Clone(signed.Signature)
		in.Signature[i] ^= 1
		_, err = w.Verify(t.Context(), as(ownerAccount), in)
		wantFault(t, err, "KMSInvalidSignatureException", "")
	}
	in.Signature, in.Message = signed.Signature, bytes.Clone(message)
	in.Message[0] ^= 1
	_, err = w.Verify(t.Context(), as(ownerAccount), in)
	wantFault(t, err, "KMSInvalidSignatureException", "")
	return signed.Signature
}

func (w world) publicKey(t *testing.T, id string) crypto.PublicKey {
	t.Helper()
	out, err := w.GetPublicKey(t.Context(), as(ownerAccount), &kms.GetPublicKeyInput{KeyID: &id})
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// Every signing algorithm of every spec, and that the public key alone verifies outside of the service.
func TestSign(t *testing.T) {
	t.Parallel()
	message := []byte("a message to sign")
	digests := map[int][]byte{}
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		d := h.New()
		d.Write(message)
		digests[h.Size()] = d.Sum(nil)
	}
	rsaAlgorithms := []string{
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
		"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
	}
	for spec, algorithms := range map[string][]string{
		"RSA_2048":      rsaAlgorithms,
		"RSA_3072":      rsaAlgorithms,
		"RSA_4096":      rsaAlgorithms,
		"ECC_NIST_P256": {"ECDSA_SHA_256"},
		"ECC_NIST_P384": {"ECDSA_SHA_384"},
		"ECC_NIST_P521": {"ECDSA_SHA_512"},
	} {
		t.Run(spec, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && spec != "RSA_2048" && spec[:3] == "RSA" {
				t.Skip("a long RSA key takes seconds to make")
			}
			w := newWorld(t)
			w.addKey(t, keyID, spec, "SIGN_VERIFY")
			public := w.publicKey(t, keyID)
			for _, algorithm := range algorithms {
				raw := w.signAndVerify(t, keyID, algorithm, "", message)
				hash := hashOf(algorithm)
				digest := digests[hash.Size()]
				fromDigest := w.signAndVerify(t, keyID, algorithm, "DIGEST", digest)
				for _, signature := range [][]byte{raw, fromDigest} {
					if !holds(public, algorithm, hash, digest, signature) {
						t.Errorf("%s: the signature does not hold outside of the service", algorithm)
					}
				}
				_, err := w.Sign(t.Context(), as(ownerAccount), &kms.SignInput{
					KeyID: ptr(keyID), Message: digest[1:], MessageType: "DIGEST", SigningAlgorithm: algorithm,
				})
				wantFault(t, err, "ValidationException", "Digest is invalid length for algorithm "+algorithm+".")
			}
		})
	}
}

func hashOf(algorithm string) crypto.Hash {
	return map[string]crypto.Hash{
		"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512,
	}[algorithm[len(algorithm)-3:]]
}

func holds(public crypto.PublicKey, algorithm string, hash crypto.Hash, digest, signature []byte) bool {
	switch p := public.(type) {
	case *rsa.PublicKey:
		if algorithm[:10] == "RSASSA_PSS" {
			options := &rsa.PSSOptions{SaltLength: hash.Size()} // RFC 7518 and AWS: as long as the digest
			return rsa.VerifyPSS(p, hash, digest, signature, options) == nil
		}
		return rsa.VerifyPKCS1v15(p, hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(p, digest, signature)
	}
	return false
}

// Pure Ed25519 signs the message; Ed25519ph hashes the digest that it is given once more.
func TestSignEd25519(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
	public, message := w.publicKey(t, keyID).(ed25519.PublicKey), []byte("message")
	if s := w.signAndVerify(t, keyID, "ED25519_SHA_512", "RAW", message); !ed25519.Verify(public, message, s) {
		t.Error("the pure signature does not hold outside of the service")
	}
	digest := sha512.Sum512(message)
	signature := w.signAndVerify(t, keyID, "ED25519_PH_SHA_512", "DIGEST", digest[:])
	twice := sha512.Sum512(digest[:])
	if err := ed25519.VerifyWithOptions(public, twice[:], signature, &ed25519.Options{Hash: crypto.SHA512}); err != nil {
		t.Errorf("prehashed: %v", err)
	}
	for algorithm, messageType := range map[string]string{"ED25519_SHA_512": "DIGEST", "ED25519_PH_SHA_512": "RAW"} {
		_, err := w.Sign(t.Context(), as(ownerAccount), &kms.SignInput{
			KeyID: ptr(keyID), Message: digest[:], MessageType: messageType, SigningAlgorithm: algorithm,
		})
		wantFault(t, err, "ValidationException",
			"Message type "+messageType+" is incompatible with algorithm "+algorithm+".")
	}
}

func TestEncryptRSA(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		spec         string
		sha1, sha256 int
		sha1Words    string
	}{
		{"RSA_2048", 214, 190, "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot encrypt data larger than 214 bytes."},
		{"RSA_3072", 342, 318, "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_3072 cannot encrypt data larger than 342 bytes."},
		{"RSA_4096", 470, 446, "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_4096 cannot encrypt data larger than 470 bytes."},
	} {
		t.Run(test.spec, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && test.spec != "RSA_2048" {
				t.Skip("a long RSA key takes seconds to make")
			}
			w := newWorld(t)
			arn := w.addKey(t, keyID, test.spec, "ENCRYPT_DECRYPT")
			for algorithm, limit := range map[string]int{
				"RSAES_OAEP_SHA_1": test.sha1, "RSAES_OAEP_SHA_256": test.sha256,
			} {
				w.rsaRoundTrip(t, arn, algorithm, random(t, limit))
			}
			_, err := w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{
				KeyID: ptr(keyID), Plaintext: make([]byte, test.sha1+1), EncryptionAlgorithm: "RSAES_OAEP_SHA_1",
			})
			wantFault(t, err, "ValidationException", test.sha1Words)
		})
	}
}

func (w world) rsaRoundTrip(t *testing.T, arn, algorithm string, plaintext []byte) {
	t.Helper()
	sealed, err := w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{
		KeyID: &arn, Plaintext: plaintext, EncryptionAlgorithm: algorithm,
	})
	if err != nil {
		t.Fatal(err)
	}
	in := &kms.DecryptInput{KeyID: &arn, CiphertextBlob: sealed.CiphertextBlob, EncryptionAlgorithm: algorithm}
	got, err := w.Decrypt(t.Context(), as(ownerAccount), in)
	if err != nil {
		t.Fatal(err)
	}
	want := &kms.DecryptOutput{Plaintext: plaintext, KeyID: arn, EncryptionAlgorithm: algorithm}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decrypt (-want +got):\n%s", diff)
	}
	in.CiphertextBlob = bytes.Clone(in.CiphertextBlob)
	in.CiphertextBlob[9] ^= 1
	_, err = w.Decrypt(t.Context(), as(ownerAccount), in)
	wantFault(t, err, "InvalidCiphertextException", "")
}

// What works with symmetric keys alone is refused with the service's words.
func TestEncryptRSARefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "RSA_2048", "ENCRYPT_DECRYPT")
	ctx, c := t.Context(), as(ownerAccount)
	_, err := w.Encrypt(ctx, c, &kms.EncryptInput{KeyID: &arn, Plaintext: []byte("x")})
	wantFault(t, err, "ValidationException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.")
	_, err = w.Encrypt(ctx, c, &kms.EncryptInput{
		KeyID: &arn, Plaintext: []byte("x"), EncryptionAlgorithm: "RSAES_OAEP_SHA_1", EncryptionContext: orders,
	})
	wantFault(t, err, "ValidationException",
		"EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")
	_, err = w.GenerateDataKey(ctx, c, &kms.GenerateDataKeyInput{KeyID: &arn, KeySpec: "AES_256"})
	wantFault(t, err, "InvalidKeyUsageException", arn+" key spec is RSA_2048 which is not valid for GenerateDataKey.")
	_, err = w.Decrypt(ctx, c, &kms.DecryptInput{CiphertextBlob: []byte("x"), EncryptionAlgorithm: "RSAES_OAEP_SHA_1"})
	wantFault(t, err, "ValidationException", "KeyId is required with algorithm RSAES_OAEP_SHA_1.")
	_, err = w.Decrypt(ctx, c, &kms.DecryptInput{KeyID: &arn, CiphertextBlob: []byte("x")})
	wantFault(t, err, "InvalidCiphertextException", "")

	// ReEncrypt crosses from one kind of key to the other.
	symmetricARN := w.addKey(t, otherKeyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, symmetricARN, []byte("secret"), orders)
	re, err := w.ReEncrypt(ctx, c, &kms.ReEncryptInput{
		CiphertextBlob: blob, SourceEncryptionContext: orders, DestinationKeyID: &arn,
		DestinationEncryptionAlgorithm: "RSAES_OAEP_SHA_256",
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.Decrypt(ctx, c, &kms.DecryptInput{
		KeyID: &arn, CiphertextBlob: re.CiphertextBlob, EncryptionAlgorithm: "RSAES_OAEP_SHA_256",
	})
	if err != nil || string(out.Plaintext) != "secret" || re.DestinationKeyMaterialID != "" {
		t.Errorf("got %v, %v, material %q; want the secret and no material", out, err, re.DestinationKeyMaterialID)
	}
}

func TestMac(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for spec, size := range map[string]int{"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64} {
		out, err := w.CreateKey(t.Context(), as(ownerAccount), &kms.CreateKeyInput{
			KeySpec: spec, KeyUsage: "GENERATE_VERIFY_MAC",
		})
		if err != nil {
			t.Fatal(err)
		}
		id, algorithm := out.KeyMetadata.KeyID, "HMAC_SHA_"+spec[5:]
		made, err := w.GenerateMac(t.Context(), as(ownerAccount), &kms.GenerateMacInput{
			KeyID: &id, Message: []byte("message"), MacAlgorithm: algorithm,
		})
		if err != nil || len(made.Mac) != size {
			t.Fatalf("%s: got %v, %v, want %d bytes", spec, made, err, size)
		}
		in := &kms.VerifyMacInput{KeyID: &id, Message: []byte("message"), Mac: made.Mac, MacAlgorithm: algorithm}
		got, err := w.VerifyMac(t.Context(), as(ownerAccount), in)
		want := &kms.VerifyMacOutput{KeyID: out.KeyMetadata.ARN, MacValid: true, MacAlgorithm: algorithm}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("VerifyMac: %v (-want +got):\n%s", err, diff)
		}
		in.Mac = in.Mac[1:]
		_, err = w.VerifyMac(t.Context(), as(ownerAccount), in)
		wantFault(t, err, "KMSInvalidMacException", "")
		in.Mac, in.Message = made.Mac, []byte("massage")
		_, err = w.VerifyMac(t.Context(), as(ownerAccount), in)
		wantFault(t, err, "KMSInvalidMacException", "")
		if algorithm != "HMAC_SHA_256" {
			in.MacAlgorithm = "HMAC_SHA_256"
			_, err = w.VerifyMac(t.Context(), as(ownerAccount), in)
			wantFault(t, err, "ValidationException", "Algorithm HMAC_SHA_256 is incompatible with key spec "+spec+".")
		}
	}
}

// A MAC is what the importer of the key computes for himself.
func TestMacIsHMAC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.external(t, "HMAC_256", "GENERATE_VERIFY_MAC")
	secret := random(t, 32)
	w.mustImport(t, id, w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048"), secret, nil)
	got, err := w.GenerateMac(t.Context(), as(ownerAccount), &kms.GenerateMacInput{
		KeyID: &id, Message: []byte("message"), MacAlgorithm: "HMAC_SHA_256",
	})
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("message"))
	if want := h.Sum(nil); !bytes.Equal(got.Mac, want) {
		t.Errorf("got %x, want %x", got.Mac, want)
	}
}

func TestDeriveSharedSecret(t *testing.T) {
	t.Parallel()
	for spec, c := range map[string]struct {
		agree ecdh.Curve
		size  int
		other elliptic.Curve
	}{
		"ECC_NIST_P256": {ecdh.P256(), 32, elliptic.P384()},
		"ECC_NIST_P384": {ecdh.P384(), 48, elliptic.P521()},
		"ECC_NIST_P521": {ecdh.P521(), 66, elliptic.P256()},
	} {
		w := newWorld(t)
		arn := w.addKey(t, keyID, spec, "KEY_AGREEMENT")
		peer, err := c.agree.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(peer.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		in := &kms.DeriveSharedSecretInput{KeyID: ptr(keyID), KeyAgreementAlgorithm: "ECDH", PublicKey: der}
		got, err := w.DeriveSharedSecret(t.Context(), as(ownerAccount), in)
		if err != nil {
			t.Fatal(err)
		}
		own, err := w.publicKey(t, keyID).(*ecdsa.PublicKey).ECDH()
		if err != nil {
			t.Fatal(err)
		}
		secret, err := peer.ECDH(own)
		if err != nil {
			t.Fatal(err)
		}
		want := &kms.DeriveSharedSecretOutput{
			KeyID: arn, SharedSecret: secret, KeyAgreementAlgorithm: "ECDH", KeyOrigin: "AWS_KMS",
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got.SharedSecret) != c.size {
			t.Errorf("%s: DeriveSharedSecret (-want +got):\n%s", spec, diff)
		}
		stranger, err := ecdsa.GenerateKey(c.other, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		strange, err := x509.MarshalPKIXPublicKey(stranger.Public())
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range [][]byte{strange, []byte("no key"), der[:len(der)-1]} {
			in.PublicKey = bad
			_, err = w.DeriveSharedSecret(t.Context(), as(ownerAccount), in)
			wantFault(t, err, "ValidationException", "PublicKey is not a valid public key of key spec "+spec+".")
		}
	}
}

func TestGenerateDataKeyPair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	for _, spec := range []string{
		"RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_NIST_EDWARDS25519",
	} {
		in := &kms.GenerateDataKeyPairInput{KeyID: ptr(keyID), KeyPairSpec: spec, EncryptionContext: orders}
		got, err := w.GenerateDataKeyPair(t.Context(), as(ownerAccount), in)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.ParsePKCS8PrivateKey(got.PrivateKeyPlaintext)
		if err != nil {
			t.Fatal(err)
		}
		public, err := x509.MarshalPKIXPublicKey(private.(crypto.Signer).Public())
		if err != nil || !bytes.Equal(public, got.PublicKey) {
			t.Errorf("%s: the halves do not belong together, %v", spec, err)
		}
		back, err := w.decrypt(t, got.PrivateKeyCiphertextBlob, orders)
		if err != nil || !bytes.Equal(back.Plaintext, got.PrivateKeyPlaintext) {
			t.Errorf("%s: the ciphertext does not hold the private key, %v", spec, err)
		}
		if got.KeyID != arn || got.KeyPairSpec != spec || got.KeyMaterialID != back.KeyMaterialID {
			t.Errorf("got %s %s %s, want %s %s %s",
				got.KeyID, got.KeyPairSpec, got.KeyMaterialID, arn, spec, back.KeyMaterialID)
		}
		hidden, err := w.GenerateDataKeyPairWithoutPlaintext(t.Context(), as(ownerAccount), in)
		if err != nil || hidden.PrivateKeyPlaintext != nil || len(hidden.PrivateKeyCiphertextBlob) == 0 {
			t.Errorf("%s: got %v, want a ciphertext alone", spec, err)
		}
	}
	_, err := w.GenerateDataKeyPair(t.Context(), as(ownerAccount), &kms.GenerateDataKeyPairInput{
		KeyID: ptr(keyID), KeyPairSpec: "ECC_SECG_P256K1",
	})
	wantFault(t, err, "UnsupportedOperationException", "Cryptography with key spec ECC_SECG_P256K1 is not supported.")
}

// Keys without cryptography can be made and described; using them is refused, never faked.
func TestUnsupportedSpecs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range []struct{ spec, usage, algorithm string }{
		{"ECC_SECG_P256K1", "SIGN_VERIFY", "ECDSA_SHA_256"},
		{"SM2", "SIGN_VERIFY", "SM2DSA"},
		{"ML_DSA_44", "SIGN_VERIFY", "ML_DSA_SHAKE_256"},
		{"ML_DSA_65", "SIGN_VERIFY", "ML_DSA_SHAKE_256"},
		{"ML_DSA_87", "SIGN_VERIFY", "ML_DSA_SHAKE_256"},
		{"SM2", "ENCRYPT_DECRYPT", "SM2PKE"},
		{"ML_KEM_512", "ENCAPSULATE_DECAPSULATE", "ML_KEM"},
		{"ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "ML_KEM"},
		{"ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", "ML_KEM"},
	} {
		out, err := w.CreateKey(t.Context(), as(ownerAccount), &kms.CreateKeyInput{
			KeySpec: test.spec, KeyUsage: test.usage,
		})
		if err != nil {
			t.Fatal(err)
		}
		id, ctx, c := &out.KeyMetadata.KeyID, t.Context(), as(ownerAccount)
		switch test.usage {
		case "SIGN_VERIFY":
			_, err = w.Sign(ctx, c, &kms.SignInput{KeyID: id, Message: []byte("x"), SigningAlgorithm: test.algorithm})
		case "ENCRYPT_DECRYPT":
			_, err = w.Encrypt(ctx, c, &kms.EncryptInput{
				KeyID: id, Plaintext: []byte("x"), EncryptionAlgorithm: test.algorithm,
			})
		default:
			_, err = w.Encapsulate(ctx, c, &kms.EncapsulateInput{KeyID: id, EncapsulationAlgorithm: test.algorithm})
		}
		want := "Cryptography with key spec " + test.spec + " is not supported."
		wantFault(t, err, "UnsupportedOperationException", want)
		_, err = w.GetPublicKey(ctx, c, &kms.GetPublicKeyInput{KeyID: id})
		wantFault(t, err, "UnsupportedOperationException", want)
	}
}

func TestGetPublicKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "ECC_NIST_P256", "SIGN_VERIFY")
	symmetricARN := w.addKey(t, otherKeyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	got, err := w.GetPublicKey(t.Context(), as(ownerAccount), &kms.GetPublicKeyInput{KeyID: ptr(keyID)})
	if err != nil {
		t.Fatal(err)
	}
	want := &kms.GetPublicKeyOutput{
		KeyID: arn, PublicKey: got.PublicKey, CustomerMasterKeySpec: "ECC_NIST_P256", KeySpec: "ECC_NIST_P256",
		KeyUsage: "SIGN_VERIFY", SigningAlgorithms: []string{"ECDSA_SHA_256"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("GetPublicKey (-want +got):\n%s", diff)
	}
	_, err = w.GetPublicKey(t.Context(), as(ownerAccount), &kms.GetPublicKeyInput{KeyID: ptr(otherKeyID)})
	wantFault(t, err, "UnsupportedOperationException",
		symmetricARN+" key spec is SYMMETRIC_DEFAULT which is not valid for GetPublicKey.")
	w.change(t, keyID, "disable")
	if _, err := w.GetPublicKey(t.Context(), as(ownerAccount), &kms.GetPublicKeyInput{KeyID: ptr(keyID)}); err != nil {
		t.Errorf("got %v for a disabled key, want its public key", err)
	}
}
