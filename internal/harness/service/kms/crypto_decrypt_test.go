package kms_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

func TestDecryptWrongContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	for name, pair := range map[string][2]map[string]string{
		"missing":        {{"a": "b"}, nil},
		"unexpected":     {nil, {"a": "b"}},
		"other value":    {{"a": "b"}, {"a": "c"}},
		"case of key":    {{"a": "b"}, {"A": "b"}},
		"case of value":  {{"a": "b"}, {"a": "B"}},
		"one more":       {{"a": "b"}, {"a": "b", "c": "d"}},
		"moved boundary": {{"a": "bc"}, {"ab": "c"}},
		"swapped":        {{"a": "b", "c": "d"}, {"a": "d", "c": "b"}},
		"empty pair":     {nil, {"": ""}},
	} {
		blob := w.encrypt(t, keyID, []byte("secret"), pair[0])
		out, err := w.decrypt(t, blob, pair[1])
		if out != nil || err == nil {
			t.Errorf("%s: got %v, %v, want InvalidCiphertextException", name, out, err)
			continue
		}
		wantFault(t, err, "InvalidCiphertextException", "")
	}
}

// Every byte of a blob counts, those of the key ARN too: a blob is never tried with another key than its own.
func TestDecryptTamperedBlob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("secret"), orders)
	for i := range blob {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			bad := bytes.Clone(blob)
			bad[i] ^= flip
			_, err := w.decrypt(t, bad, orders)
			wantFault(t, err, "InvalidCiphertextException", "")
		}
	}
	for n := range blob {
		_, err := w.decrypt(t, blob[:n], orders)
		if n == 0 {
			wantFault(t, err, "ValidationException", "1 validation error detected: Value at 'ciphertextBlob' failed to "+
				"satisfy constraint: Member must have length greater than or equal to 1")
			continue
		}
		wantFault(t, err, "InvalidCiphertextException", "")
	}
	_, err := w.decrypt(t, append(bytes.Clone(blob), 0), orders)
	wantFault(t, err, "InvalidCiphertextException", "")
}

func TestDecryptOtherKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	w.addKey(t, otherKeyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("secret"), nil)
	_, err := w.Decrypt(t.Context(), as(ownerAccount), &kms.DecryptInput{CiphertextBlob: blob, KeyID: ptr(otherKeyID)})
	wantFault(t, err, "IncorrectKeyException",
		"The key ID in the request does not identify a CMK that can perform this operation.")
}

// Without a KeyId nobody learns whether the key is gone, elsewhere or forbidden.
func TestDecryptHiddenKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("secret"), nil)
	in := &kms.DecryptInput{CiphertextBlob: blob}

	_, err := w.Decrypt(t.Context(), as(foreignAccount), in)
	wantFault(t, err, "AccessDeniedException", hiddenKey)
	w.open(t, keyID, foreignAccount)
	if _, err = w.Decrypt(t.Context(), as(foreignAccount), in); err != nil {
		t.Errorf("named by the key policy: got %v", err)
	}

	// Elsewhere there is even a key of the same id, as multi-Region keys have.
	elsewhere := as(ownerAccount)
	elsewhere.Region = "us-east-1"
	if _, err := w.AddKey(t.Context(), elsewhere, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Decrypt(t.Context(), elsewhere, in)
	wantFault(t, err, "AccessDeniedException", hiddenKey)

	w.change(t, keyID, "delete")
	_, err = w.Decrypt(t.Context(), as(ownerAccount), in)
	wantFault(t, err, "AccessDeniedException", hiddenKey)
}

func TestRotatedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	before := w.encrypt(t, keyID, []byte("old"), orders)
	w.change(t, keyID, "rotate")
	after := w.encrypt(t, keyID, []byte("new"), orders)
	o, err := w.decrypt(t, before, orders)
	if err != nil {
		t.Fatal(err)
	}
	n, err := w.decrypt(t, after, orders)
	if err != nil {
		t.Fatal(err)
	}
	if string(o.Plaintext) != "old" || string(n.Plaintext) != "new" || o.KeyMaterialID == n.KeyMaterialID {
		t.Errorf("got %q under %s, %q under %s; want old and new under two materials",
			o.Plaintext, o.KeyMaterialID, n.Plaintext, n.KeyMaterialID)
	}

	re, err := w.ReEncrypt(t.Context(), as(ownerAccount), &kms.ReEncryptInput{
		CiphertextBlob: before, SourceEncryptionContext: orders, DestinationKeyID: ptr(keyID),
		DestinationEncryptionContext: orders,
	})
	if err != nil {
		t.Fatal(err)
	}
	if re.SourceKeyMaterialID != o.KeyMaterialID || re.DestinationKeyMaterialID != n.KeyMaterialID {
		t.Errorf("got ReEncrypt from %s to %s, want from %s to %s",
			re.SourceKeyMaterialID, re.DestinationKeyMaterialID, o.KeyMaterialID, n.KeyMaterialID)
	}
}

func TestReEncrypt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	otherARN := w.addKey(t, otherKeyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("secret"), orders)
	got, err := w.ReEncrypt(t.Context(), as(ownerAccount), &kms.ReEncryptInput{
		CiphertextBlob: blob, SourceEncryptionContext: orders, DestinationKeyID: ptr(otherKeyID),
		DestinationEncryptionContext: map[string]string{"moved": "yes"},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.decrypt(t, got.CiphertextBlob, map[string]string{"moved": "yes"})
	if err != nil || string(out.Plaintext) != "secret" || out.KeyID != otherARN {
		t.Fatalf("got %v, %v, want the secret under %s", out, err, otherARN)
	}
	want := &kms.ReEncryptOutput{
		CiphertextBlob: got.CiphertextBlob, SourceKeyID: arn, KeyID: otherARN,
		SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT", DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
		SourceKeyMaterialID: got.SourceKeyMaterialID, DestinationKeyMaterialID: out.KeyMaterialID,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReEncrypt (-want +got):\n%s", diff)
	}
	_, err = w.ReEncrypt(t.Context(), as(ownerAccount), &kms.ReEncryptInput{
		CiphertextBlob: blob, SourceKeyID: ptr(otherKeyID), SourceEncryptionContext: orders,
		DestinationKeyID: ptr(otherKeyID),
	})
	wantFault(t, err, "IncorrectKeyException",
		"The key ID in the request does not identify a CMK that can perform this operation.")
}
