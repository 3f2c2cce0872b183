package kms_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

const hiddenKey = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, " +
	"or you are not allowed to access."

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

func TestEncryptDecrypt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	for _, size := range []int{1, 32, 4096} {
		plaintext := bytes.Repeat([]byte{7}, size)
		blob := w.encrypt(t, keyID, plaintext, orders)
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
