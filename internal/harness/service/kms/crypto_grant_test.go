package kms_test

import (
	"bytes"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// A service that calls for itself, as QLDB does, lives on its grant: its operations, its encryption context, its end.
func TestGrantForService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	const host = "qldb.eu-west-2.amazonaws.com"
	service := as(ownerAccount)
	service.Caller = wire.Caller{Account: ownerAccount, ARN: host, Service: host}
	dataKey := func(ec map[string]string) (*kms.GenerateDataKeyOutput, error) {
		return w.GenerateDataKey(t.Context(), service, &kms.GenerateDataKeyInput{
			KeyID: &arn, NumberOfBytes: ptr(32), EncryptionContext: ec,
		})
	}
	if _, err := dataKey(orders); faultCode(err) != "AccessDeniedException" {
		t.Fatalf("without a grant: got %v, want AccessDeniedException", err)
	}
	granted, err := w.CreateGrant(t.Context(), as(ownerAccount), &kms.CreateGrantInput{
		KeyID: &arn, GranteePrincipal: ptr(host), Operations: []string{"GenerateDataKey", "Decrypt"},
		Constraints: &kms.GrantConstraints{EncryptionContextEquals: orders},
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := dataKey(orders)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dataKey(nil); faultCode(err) != "AccessDeniedException" {
		t.Errorf("another context: got %v, want AccessDeniedException", err)
	}
	_, err = w.Encrypt(t.Context(), service, &kms.EncryptInput{
		KeyID: &arn, Plaintext: []byte("x"), EncryptionContext: orders,
	})
	if faultCode(err) != "AccessDeniedException" {
		t.Errorf("an operation that is not granted: got %v, want AccessDeniedException", err)
	}
	open := &kms.DecryptInput{CiphertextBlob: made.CiphertextBlob, EncryptionContext: orders}
	if out, err := w.Decrypt(t.Context(), service, open); err != nil || !bytes.Equal(out.Plaintext, made.Plaintext) {
		t.Fatalf("got %v, want the data key", err)
	}
	_, err = w.RevokeGrant(t.Context(), as(ownerAccount), &kms.RevokeGrantInput{KeyID: &arn, GrantID: &granted.GrantID})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Decrypt(t.Context(), service, open)
	wantFault(t, err, "AccessDeniedException", hiddenKey)
}

func TestGrantTokenIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	_, err := w.Encrypt(t.Context(), as(ownerAccount), &kms.EncryptInput{
		KeyID: ptr(keyID), Plaintext: []byte("x"), GrantTokens: []string{"nonsense"},
	})
	wantFault(t, err, "InvalidGrantTokenException", "The grant token is not valid.")
}
