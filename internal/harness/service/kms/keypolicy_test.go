package kms_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

const allowAccount = `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
	`"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}}`

const defaultPolicy = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

func (w world) policy(t *testing.T, key string) string {
	t.Helper()
	out := must[*kms.GetKeyPolicyOutput](t)(w.GetKeyPolicy(t.Context(), as(ownerAccount),
		&kms.GetKeyPolicyInput{KeyID: &key}))
	if out.PolicyName != "default" {
		t.Errorf("PolicyName: got %q, want default", out.PolicyName)
	}
	return out.Policy
}

// A policy comes back byte for byte as it was put.
func TestKeyPolicy(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	m := w.create(t, kms.CreateKeyInput{})
	if diff := cmp.Diff(defaultPolicy, w.policy(t, m.KeyID)); diff != "" {
		t.Errorf("default policy (-want +got):\n%s", diff)
	}
	put := &kms.PutKeyPolicyInput{KeyID: &m.ARN, Policy: ptr(allowAccount + " \n"), PolicyName: ptr("default")}
	empty(t)(w.PutKeyPolicy(t.Context(), c, put))
	if got := w.policy(t, m.KeyID); got != *put.Policy {
		t.Errorf("got %q, want %q", got, *put.Policy)
	}
	own := w.create(t, kms.CreateKeyInput{Policy: ptr(allowAccount)})
	if got := w.policy(t, own.KeyID); got != allowAccount {
		t.Errorf("got %q, want %q", got, allowAccount)
	}
	put.Policy = ptr("{}")
	if _, err := w.PutKeyPolicy(t.Context(), c, put); code(err) != "MalformedPolicyDocumentException" {
		t.Errorf("got %v, want MalformedPolicyDocumentException", err)
	}
	if got := w.policy(t, m.KeyID); got != allowAccount+" \n" {
		t.Errorf("a refused policy left %q", got)
	}
}

func TestPolicyLockout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		principal, action string
		safe              bool
	}{
		{`{"AWS":"arn:aws:iam::111122223333:root"}`, `"Action":"kms:*"`, true},
		{`{"AWS":"111122223333"}`, `"Action":["kms:Get*","kms:putkeypolicy"]`, true},
		{`{"AWS":["arn:aws:iam::444455556666:root","*"]}`, `"Action":"kms:Put*"`, true},
		{`"*"`, `"Action":"*"`, true},
		{`"*"`, `"NotAction":"kms:Decrypt"`, true},
		{`"*"`, `"NotAction":["kms:Decrypt","kms:Put*"]`, false},
		{`{"AWS":"arn:aws:iam::444455556666:root"}`, `"Action":"kms:*"`, false},
		{`{"AWS":"arn:aws:iam::111122223333:role/reader"}`, `"Action":"kms:*"`, false},
		{`{"Service":"qldb.amazonaws.com"}`, `"Action":"kms:*"`, false},
		{`{"AWS":"arn:aws:iam::111122223333:root"}`, `"Action":"kms:Decrypt"`, false},
		{`{"AWS":"arn:aws:iam::111122223333:root"}`, `"Action":"kms:PutKey?olic"`, false},
		{`{"AWS":"arn:aws:iam::111122223333:root"}`, `"Action":"s3:*"`, false},
	} {
		text := fmt.Sprintf(`{"Statement":[{"Effect":"Allow","Principal":%s,%s,"Resource":"*"}]}`,
			tt.principal, tt.action)
		_, err := w.CreateKey(t.Context(), as(ownerAccount), &kms.CreateKeyInput{Policy: &text})
		switch {
		case tt.safe && err != nil:
			t.Errorf("%s: got %v, want it stored", text, err)
		case !tt.safe && err == nil:
			t.Errorf("%s: stored, want it refused", text)
		case !tt.safe:
			wantFault(t, err, "MalformedPolicyDocumentException",
				"The new key policy will not allow you to update the key policy in the future.")
			in := &kms.CreateKeyInput{Policy: &text, BypassPolicyLockoutSafetyCheck: true}
			must[*kms.CreateKeyOutput](t)(w.CreateKey(t.Context(), as(ownerAccount), in))
		}
	}
	deny := strings.Replace(allowAccount, "Allow", "Deny", 1)
	_, err := w.CreateKey(t.Context(), as(ownerAccount), &kms.CreateKeyInput{Policy: &deny})
	if code(err) != "MalformedPolicyDocumentException" {
		t.Errorf("Deny alone: got %v, want MalformedPolicyDocumentException", err)
	}
}

// The largest policy fits, one byte more does not.
func TestPolicySize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	largest := allowAccount + strings.Repeat(" ", 32768-len(allowAccount))
	m := w.create(t, kms.CreateKeyInput{Policy: &largest})
	if got := w.policy(t, m.KeyID); got != largest {
		t.Errorf("got %d bytes, want %d", len(got), len(largest))
	}
	larger := largest + " "
	_, err := w.CreateKey(t.Context(), as(ownerAccount), &kms.CreateKeyInput{Policy: &larger})
	wantFault(t, err, "LimitExceededException", "The new key policy is larger than 32768 bytes.")
}
