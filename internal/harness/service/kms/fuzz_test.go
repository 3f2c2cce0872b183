package kms_test

import (
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

// Whatever a caller puts where a key, a marker or a token belongs, the answer is a fault of the service, never an
// error of the harness.
func FuzzReferences(f *testing.F) {
	for _, seed := range []string{
		"", "alias/", "arn:", "arn:aws:kms:eu-west-2:111122223333:key/", keyID, "alias/aws/s3", "AAAA", "\x00\xff",
		"arn:aws:kms:eu-west-2:111122223333:alias/aws/ebs", "arn:aws:kms:eu-west-2:../../x:key/" + keyID, "mrk-",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, c, ctx := newWorld(t), as(ownerAccount), t.Context()
		_, described := w.DescribeKey(ctx, c, &kms.DescribeKeyInput{KeyID: &text})
		_, enabled := w.EnableKey(ctx, c, &kms.KeyInput{KeyID: &text})
		_, listed := w.ListKeys(ctx, c, &kms.ListKeysInput{Marker: &text})
		_, retired := w.RetireGrant(ctx, c, &kms.RetireGrantInput{GrantToken: &text})
		_, named := w.CreateAlias(ctx, c, &kms.CreateAliasInput{AliasName: &text, TargetKeyID: &text})
		for name, err := range map[string]error{
			"DescribeKey": described, "EnableKey": enabled, "ListKeys": listed, "RetireGrant": retired,
			"CreateAlias": named,
		} {
			if err != nil && code(err) == "" || err == nil && name != "DescribeKey" {
				t.Errorf("%s with %q: got %v, want a fault", name, text, err)
			}
		}
	})
}
