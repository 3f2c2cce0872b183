package harness_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// TestKMSConditions has for each condition key of KMS a value with which the role's only statement does not apply, and
// the one with which it does.
func TestKMSConditions(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	client := kms.NewFromConfig(c.root())
	key, alias := c.key(""), "alias/orders"
	for _, err := range []error{
		second(client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &key})),
		second(client.TagResource(t.Context(), &kms.TagResourceInput{
			KeyId: &key, Tags: []kmstypes.Tag{{TagKey: aws.String("team"), TagValue: aws.String("sales")}},
		})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	encrypt := func(ctx context.Context, client *kms.Client) error {
		return second(client.Encrypt(ctx, &kms.EncryptInput{
			KeyId: &alias, Plaintext: []byte("x"), EncryptionContext: map[string]string{"for": "orders"},
		}))
	}
	create := func(ctx context.Context, client *kms.Client) error {
		return second(client.CreateKey(ctx, &kms.CreateKeyInput{
			KeySpec: kmstypes.KeySpecHmac256, KeyUsage: kmstypes.KeyUsageTypeGenerateVerifyMac,
			Tags: []kmstypes.Tag{{TagKey: aws.String("team"), TagValue: aws.String("sales")}},
		}))
	}
	grant := func(ctx context.Context, client *kms.Client) error {
		return second(client.CreateGrant(ctx, &kms.CreateGrantInput{
			KeyId: &key, GranteePrincipal: aws.String(readerARN), RetiringPrincipal: aws.String(rootARN),
			Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
			Constraints: &kmstypes.GrantConstraints{
				EncryptionContextEquals: map[string]string{"for": "orders"},
			},
		}))
	}
	for name, tt := range map[string]struct {
		do           func(context.Context, *kms.Client) error
		wrong, right string
	}{
		"kms:RequestAlias":              {encrypt, "alias/other", alias},
		"kms:ResourceAliases":           {encrypt, "alias/other", alias},
		"kms:EncryptionAlgorithm":       {encrypt, "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT"},
		"kms:KeySpec":                   {encrypt, "RSA_2048", "SYMMETRIC_DEFAULT"},
		"kms:KeyUsage":                  {encrypt, "SIGN_VERIFY", "ENCRYPT_DECRYPT"},
		"kms:KeyOrigin":                 {encrypt, "EXTERNAL", "AWS_KMS"},
		"kms:MultiRegion":               {encrypt, "true", "false"},
		"kms:CallerAccount":             {encrypt, foreigner, account},
		"kms:EncryptionContext:for":     {encrypt, "invoices", "orders"},
		"kms:EncryptionContextKeys":     {encrypt, "from", "for"},
		"aws:ResourceTag/team":          {encrypt, "legal", "sales"},
		"aws:ResourceAccount":           {encrypt, foreigner, account},
		"aws:PrincipalArn":              {encrypt, readerARN + "2", readerARN},
		"kms:KeySpec when created":      {create, "SYMMETRIC_DEFAULT", "HMAC_256"},
		"kms:KeyUsage when created":     {create, "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC"},
		"aws:RequestTag/team":           {create, "legal", "sales"},
		"aws:TagKeys":                   {create, "cost", "team"},
		"kms:GranteePrincipal":          {grant, rootARN, readerARN},
		"kms:RetiringPrincipal":         {grant, readerARN, rootARN},
		"kms:GrantOperations":           {grant, "Encrypt", "Decrypt"},
		"kms:GrantConstraintType":       {grant, "EncryptionContextSubset", "EncryptionContextEquals"},
		"kms:GrantIsForAWSResource":     {grant, "true", "false"},
		"kms:EncryptionContext:for too": {grant, "invoices", "orders"},
		"kms:ScheduleKeyDeletionPendingWindowInDays": {func(ctx context.Context, client *kms.Client) error {
			doomed := c.key("")
			return second(client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{
				KeyId: &doomed, PendingWindowInDays: aws.Int32(7),
			}))
		}, "30", "7"},
		"kms:BypassPolicyLockoutSafetyCheck": {func(ctx context.Context, client *kms.Client) error {
			return second(client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{
				KeyId: &key, Policy: aws.String(keyPolicy()), BypassPolicyLockoutSafetyCheck: true,
			}))
		}, "false", "true"},
	} {
		conditionKey, _, _ := strings.Cut(name, " ")
		operator := "StringEquals"
		switch conditionKey {
		case "kms:ResourceAliases", "kms:EncryptionContextKeys", "aws:TagKeys", "kms:GrantOperations":
			operator = "ForAnyValue:StringEquals"
		case "kms:ScheduleKeyDeletionPendingWindowInDays":
			operator = "NumericEquals"
		case "kms:GrantIsForAWSResource", "kms:BypassPolicyLockoutSafetyCheck", "kms:MultiRegion":
			operator = "Bool"
		}
		c.condition(name, operator, conditionKey, tt.wrong, tt.right, "ok", tt.do)
	}
}

// condition gives the role one statement under a condition, with a value for which it does not apply, so that the call
// is refused, and with one for which it does, so that the call ends as said.
func (c cast) condition(
	name, operator, key, wrong, right, end string, do func(context.Context, *kms.Client) error,
) {
	c.t.Helper()
	for value, allow := range map[string]bool{wrong: false, right: true} {
		c.may("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*",
			"Condition":{"`+operator+`":{"`+key+`":"`+value+`"}}}]}`)
		got := said(do(c.t.Context(), kms.NewFromConfig(c.as("reader"))))
		if allow && !strings.HasPrefix(got, end) || !allow && !strings.HasPrefix(got, "AccessDeniedException: ") {
			c.t.Errorf("%s %s %s: got %s, want allowed %t", name, operator, value, got, allow)
		}
	}
}

func second[T any](_ T, err error) error { return err }
