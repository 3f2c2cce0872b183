package kms_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const hiddenKey = "The ciphertext refers to a customer master key that does not exist, " +
	"does not exist in this region, or you are not allowed to access."

var orders = map[string]string{"ledger": "orders", "node": "1"}

func (w world) encrypt(t *testing.T, ref string, plaintext []byte, ec map[string]string) []byte {
	t.Helper()
	out, err := w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{
		KeyID: &ref, Plaintext: plaintext, EncryptionContext: ec,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.CiphertextBlob
}

func (w world) decrypt(t *testing.T, blob []byte, ec map[string]string) (*kms.DecryptOutput, error) {
	t.Helper()
	return w.Decrypt(t.Context(), as(ownerAccount), &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: ec})
}

func TestEncryptDecrypt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	for _, size := range []int{1, 32, 4096} {
		plaintext := bytes.Repeat([]byte{7}, size)
		blob := w.encrypt(t, keyID, plaintext, orders)
		if len(blob) > 6144 {
			t.Errorf("blob of %d bytes is %d bytes, want at most 6144", size, len(blob))
		}
		for _, ref := range []*string{nil, ptr(keyID), &arn} {
			got, err := w.Decrypt(t.Context(), as(ownerAccount), &kms.DecryptInput{
				CiphertextBlob: blob, KeyID: ref, EncryptionContext: orders,
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.KeyMaterialID) != 64 {
				t.Errorf("got material id %q, want 64 hex digits", got.KeyMaterialID)
			}
			want := &kms.DecryptOutput{
				Plaintext: plaintext, KeyID: arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
				KeyMaterialID: got.KeyMaterialID,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Decrypt (-want +got):\n%s", diff)
			}
		}
	}
}

func TestEncryptIsRandomised(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	a, b := w.encrypt(t, keyID, []byte("x"), nil), w.encrypt(t, keyID, []byte("x"), nil)
	if bytes.Equal(a, b) {
		t.Error("two encryptions of one plaintext are equal")
	}
}

func TestEncryptForeignAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	in := &kms.EncryptInput{KeyID: ptr(keyID), Plaintext: []byte("x")}
	_, err := w.Encrypt(t.Context(), as(foreignAccount), in)
	wantFault(t, err, "NotFoundException",
		"Key 'arn:aws:kms:eu-west-2:"+foreignAccount+":key/"+keyID+"' does not exist")
	in.KeyID = &arn
	if _, err := w.Encrypt(t.Context(), as(foreignAccount), in); faultCode(err) != "AccessDeniedException" {
		t.Errorf("got %v, want AccessDeniedException", err)
	}
	w.open(t, keyID, foreignAccount)
	if _, err := w.Encrypt(t.Context(), as(foreignAccount), in); err != nil {
		t.Errorf("named by the key policy: got %v", err)
	}
}

// open puts a key policy that lets the account administer, and another one use the key.
func (w *world) open(t *testing.T, id, account string) {
	t.Helper()
	text := `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + ownerAccount + `"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"kms:*","Resource":"*"}]}`
	_, err := w.PutKeyPolicy(t.Context(), as(ownerAccount), &kms.PutKeyPolicyInput{KeyID: &id, Policy: &text})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGenerateDataKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	for _, test := range []struct {
		in   kms.GenerateDataKeyInput
		size int
	}{
		{kms.GenerateDataKeyInput{KeySpec: "AES_256"}, 32},
		{kms.GenerateDataKeyInput{KeySpec: "AES_128"}, 16},
		{kms.GenerateDataKeyInput{NumberOfBytes: ptr(1)}, 1},
		{kms.GenerateDataKeyInput{NumberOfBytes: ptr(1024)}, 1024},
	} {
		in := test.in
		in.KeyID, in.EncryptionContext = ptr(keyID), orders
		got, err := w.GenerateDataKey(t.Context(), as(ownerAccount), &in)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Plaintext) != test.size || got.KeyID != arn {
			t.Errorf("got %d bytes under %s, want %d under %s", len(got.Plaintext), got.KeyID, test.size, arn)
		}
		back, err := w.decrypt(t, got.CiphertextBlob, orders)
		if err != nil || !bytes.Equal(back.Plaintext, got.Plaintext) || back.KeyMaterialID != got.KeyMaterialID {
			t.Errorf("got %v, %v; want what GenerateDataKey returned", back, err)
		}
		hidden, err := w.GenerateDataKeyWithoutPlaintext(t.Context(), as(ownerAccount), &in)
		if err != nil || hidden.Plaintext != nil {
			t.Fatalf("got plaintext of %d bytes, %v, want none", len(hidden.Plaintext), err)
		}
		if back, err = w.decrypt(t, hidden.CiphertextBlob, orders); err != nil || len(back.Plaintext) != test.size {
			t.Errorf("got %v, %v, want %d bytes", back, err, test.size)
		}
	}
}

// A key that may not be used stops every use and gives it back unchanged.
func TestKeyStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("secret"), nil)
	try := func(code, message string) {
		t.Helper()
		_, err := w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{KeyID: ptr(keyID), Plaintext: []byte("x")})
		wantFault(t, err, code, message)
		_, err = w.decrypt(t, blob, nil)
		wantFault(t, err, code, message)
		_, err = w.GenerateDataKey(t.Context(), as(ownerAccount), &kms.GenerateDataKeyInput{
			KeyID: ptr(keyID), KeySpec: "AES_256",
		})
		wantFault(t, err, code, message)
		_, err = w.ReEncrypt(t.Context(), as(ownerAccount), &kms.ReEncryptInput{
			CiphertextBlob: blob, DestinationKeyID: ptr(keyID),
		})
		wantFault(t, err, code, message)
	}
	w.change(t, keyID, "disable")
	try("DisabledException", arn+" is disabled.")
	w.change(t, keyID, "enable")
	if _, err := w.decrypt(t, blob, nil); err != nil {
		t.Fatal(err)
	}
	w.change(t, keyID, "schedule")
	try("KMSInvalidStateException", arn+" is pending deletion.")
	w.clock.Advance(7 * 24 * time.Hour)
	_, err := w.decrypt(t, blob, nil)
	wantFault(t, err, "AccessDeniedException", hiddenKey)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "HMAC_256", "GENERATE_VERIFY_MAC")
	symmetricARN := w.addKey(t, otherKeyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	_, err := w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{KeyID: ptr(keyID), Plaintext: []byte("x")})
	wantFault(t, err, "InvalidKeyUsageException",
		arn+" key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.")
	_, err = w.GenerateDataKey(t.Context(), as(ownerAccount), &kms.GenerateDataKeyInput{
		KeyID: ptr(keyID), KeySpec: "AES_256",
	})
	wantFault(t, err, "InvalidKeyUsageException",
		arn+" key usage is GENERATE_VERIFY_MAC which is not valid for GenerateDataKey.")
	_, err = w.Sign(t.Context(), as(ownerAccount), &kms.SignInput{
		KeyID: ptr(otherKeyID), Message: []byte("x"), SigningAlgorithm: "ECDSA_SHA_256",
	})
	wantFault(t, err, "InvalidKeyUsageException",
		symmetricARN+" key usage is ENCRYPT_DECRYPT which is not valid for Sign.")
}

// The words of the service for input that breaks the model, and for what only a key can tell.
func TestCryptoValidation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	ctx, c := t.Context(), as(ownerAccount)
	const one = "1 validation error detected: "
	for name, test := range map[string]struct {
		call          func() error
		code, message string
	}{
		"no key": {func() error {
			_, err := w.Encrypt(ctx, c, &kms.EncryptInput{Plaintext: []byte("x")})
			return err
		}, "ValidationException", one + "Value null at 'keyId' failed to satisfy constraint: Member must not be null"},
		"all at once": {func() error {
			_, err := w.Encrypt(ctx, c, &kms.EncryptInput{EncryptionAlgorithm: "ROT13"})
			return err
		}, "ValidationException", "3 validation errors detected: " +
			"Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'plaintext' failed to satisfy constraint: Member must not be null; " +
			"Value 'ROT13' at 'encryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: " +
			"[SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE]"},
		"too long": {func() error {
			_, err := w.Encrypt(ctx, c, &kms.EncryptInput{KeyID: ptr(keyID), Plaintext: make([]byte, 4097)})
			return err
		}, "ValidationException", one + "Value at 'plaintext' failed to satisfy constraint: " +
			"Member must have length less than or equal to 4096"},
		"wrong algorithm": {func() error {
			_, err := w.Encrypt(ctx, c, &kms.EncryptInput{
				KeyID: ptr(keyID), Plaintext: []byte("x"), EncryptionAlgorithm: "RSAES_OAEP_SHA_1",
			})
			return err
		}, "ValidationException", "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT."},
		"no size": {func() error {
			_, err := w.GenerateDataKey(ctx, c, &kms.GenerateDataKeyInput{KeyID: ptr(keyID)})
			return err
		}, "ValidationException", "Please specify either number of bytes or key spec."},
		"both sizes": {func() error {
			_, err := w.GenerateDataKey(ctx, c, &kms.GenerateDataKeyInput{
				KeyID: ptr(keyID), KeySpec: "AES_256", NumberOfBytes: ptr(32),
			})
			return err
		}, "ValidationException", "Please specify either number of bytes or key spec."},
		"no bytes": {func() error {
			_, err := w.GenerateDataKey(ctx, c, &kms.GenerateDataKeyInput{KeyID: ptr(keyID), NumberOfBytes: ptr(0)})
			return err
		}, "ValidationException", one + "Value '0' at 'numberOfBytes' failed to satisfy constraint: " +
			"Member must have value greater than or equal to 1"},
		"too many bytes": {func() error {
			_, err := w.GenerateRandom(ctx, c, &kms.GenerateRandomInput{NumberOfBytes: ptr(1025)})
			return err
		}, "ValidationException", one + "Value '1025' at 'numberOfBytes' failed to satisfy constraint: " +
			"Member must have value less than or equal to 1024"},
		"random of no size": {func() error {
			_, err := w.GenerateRandom(ctx, c, &kms.GenerateRandomInput{})
			return err
		}, "ValidationException", "NumberOfBytes is required."},
		"enclave": {func() error {
			_, err := w.GenerateDataKey(ctx, c, &kms.GenerateDataKeyInput{
				KeyID: ptr(keyID), KeySpec: "AES_256", Recipient: &kms.Recipient{},
			})
			return err
		}, "UnsupportedOperationException", "Recipient is not supported."},
		"unknown key": {func() error {
			_, err := w.Encrypt(ctx, c, &kms.EncryptInput{KeyID: ptr("orders"), Plaintext: []byte("x")})
			return err
		}, "NotFoundException", "Invalid keyId 'orders'"},
		"unknown alias": {func() error {
			_, err := w.Encrypt(ctx, c, &kms.EncryptInput{KeyID: ptr("alias/orders"), Plaintext: []byte("x")})
			return err
		}, "NotFoundException", "Alias arn:aws:kms:eu-west-2:111122223333:alias/orders is not found."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantFault(t, test.call(), test.code, test.message)
		})
	}
}

func TestDryRunComesLast(t *testing.T) {
	t.Parallel()
	const would = "The request would have succeeded, but the DryRun option is set."
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("x"), nil)
	ctx, c := t.Context(), as(ownerAccount)

	out, err := w.GenerateDataKey(ctx, c, &kms.GenerateDataKeyInput{KeyID: ptr(keyID), KeySpec: "AES_256", DryRun: true})
	wantFault(t, err, "DryRunOperationException", would)
	if out != nil {
		t.Error("a dry run returned a data key")
	}
	_, err = w.Decrypt(ctx, c, &kms.DecryptInput{CiphertextBlob: blob, DryRun: true})
	wantFault(t, err, "DryRunOperationException", would)
	_, err = w.Decrypt(ctx, c, &kms.DecryptInput{CiphertextBlob: blob[:60], DryRun: true})
	wantFault(t, err, "InvalidCiphertextException", "")
	_, err = w.Decrypt(ctx, c, &kms.DecryptInput{
		KeyID: ptr(keyID), DryRun: true, DryRunModifiers: []string{"IGNORE_CIPHERTEXT"},
	})
	wantFault(t, err, "DryRunOperationException", would)
	w.change(t, keyID, "disable")
	_, err = w.Decrypt(ctx, c, &kms.DecryptInput{CiphertextBlob: blob, DryRun: true})
	wantFault(t, err, "DisabledException", arn+" is disabled.")
}

// An alias stands for its key; what is answered is the key's ARN.
func TestEncryptByAlias(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	name := "alias/orders"
	_, err := w.CreateAlias(t.Context(), as(ownerAccount), &kms.CreateAliasInput{
		AliasName: &name, TargetKeyID: ptr(keyID),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{name, "arn:aws:kms:eu-west-2:" + ownerAccount + ":alias/orders"} {
		sealed, err := w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{KeyID: &ref, Plaintext: []byte("x")})
		if err != nil || sealed.KeyID != arn {
			t.Fatalf("%s: got %v, %v, want %s", ref, sealed, err, arn)
		}
		opened, err := w.Decrypt(t.Context(), as(ownerAccount), &kms.DecryptInput{
			CiphertextBlob: sealed.CiphertextBlob, KeyID: &ref,
		})
		if err != nil || opened.KeyID != arn {
			t.Errorf("%s: got %v, %v, want %s", ref, opened, err, arn)
		}
	}
}

func TestGenerateRandom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.GenerateRandom(t.Context(), as(ownerAccount), &kms.GenerateRandomInput{NumberOfBytes: ptr(32)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.GenerateRandom(t.Context(), as(ownerAccount), &kms.GenerateRandomInput{NumberOfBytes: ptr(32)})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Plaintext) != 32 || bytes.Equal(a.Plaintext, b.Plaintext) {
		t.Errorf("got %d bytes, equal %v; want 32 bytes, different each time",
			len(a.Plaintext), bytes.Equal(a.Plaintext, b.Plaintext))
	}
}

// What the recorder notes beside a call must never be a secret.
func TestTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("x"), nil)
	var in wire.Targeter = &kms.DecryptInput{CiphertextBlob: blob}
	if got := in.Target(); got != arn {
		t.Errorf("got target %q, want %q", got, arn)
	}
	in = &kms.DecryptInput{CiphertextBlob: []byte("garbage")}
	if got := in.Target(); got != "" {
		t.Errorf("got target %q, want none", got)
	}
}
