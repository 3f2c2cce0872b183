package harness_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// keyring has keys of all kinds, and the calls that use them.
type keyring struct {
	cast
	symmetric, other, signing, mac, agreeing, external, multi string

	blob, peer []byte // of symmetric, and a public key for agreeing
}

func newKeyring(t *testing.T) *keyring {
	t.Helper()
	c := newCast(t)
	client := kms.NewFromConfig(c.root())
	made := func(in *kms.CreateKeyInput) string {
		t.Helper()
		out, err := client.CreateKey(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return *out.KeyMetadata.Arn
	}
	r := &keyring{cast: c, symmetric: c.key(""), other: c.key("")}
	r.signing = made(&kms.CreateKeyInput{KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	r.mac = made(&kms.CreateKeyInput{KeySpec: kmstypes.KeySpecHmac256, KeyUsage: kmstypes.KeyUsageTypeGenerateVerifyMac})
	r.agreeing = made(&kms.CreateKeyInput{
		KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeKeyAgreement,
	})
	r.external = made(&kms.CreateKeyInput{Origin: kmstypes.OriginTypeExternal})
	r.multi = made(&kms.CreateKeyInput{MultiRegion: aws.Bool(true)})
	out, err := client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &r.symmetric, Plaintext: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	peer, err := client.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: &r.agreeing})
	if err != nil {
		t.Fatal(err)
	}
	r.blob, r.peer = out.CiphertextBlob, peer.PublicKey
	return r
}

func (r *keyring) reEncrypt(from *string, to string) func(context.Context, *kms.Client) error {
	return func(ctx context.Context, client *kms.Client) error {
		return second(client.ReEncrypt(ctx, &kms.ReEncryptInput{
			CiphertextBlob: r.blob, SourceKeyId: from, DestinationKeyId: &to,
		}))
	}
}

func (r *keyring) encrypt(ctx context.Context, client *kms.Client) error {
	return second(client.Encrypt(ctx, &kms.EncryptInput{KeyId: &r.symmetric, Plaintext: []byte("x")}))
}

func (r *keyring) decrypt(ctx context.Context, client *kms.Client) error {
	return second(client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: r.blob}))
}

func (r *keyring) dataKey(ctx context.Context, client *kms.Client) error {
	return second(client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: &r.symmetric, KeySpec: kmstypes.DataKeySpecAes256,
	}))
}

func (r *keyring) pair(ctx context.Context, client *kms.Client) error {
	return second(client.GenerateDataKeyPair(ctx, &kms.GenerateDataKeyPairInput{
		KeyId: &r.symmetric, KeyPairSpec: kmstypes.DataKeyPairSpecEccNistP256,
	}))
}

func (r *keyring) sign(ctx context.Context, client *kms.Client) error {
	return second(client.Sign(ctx, &kms.SignInput{
		KeyId: &r.signing, Message: []byte("x"), SigningAlgorithm: kmstypes.SigningAlgorithmSpecEcdsaSha256,
	}))
}

func (r *keyring) verify(ctx context.Context, client *kms.Client) error {
	return second(client.Verify(ctx, &kms.VerifyInput{
		KeyId: &r.signing, Message: make([]byte, 32), MessageType: kmstypes.MessageTypeDigest, Signature: []byte("x"),
		SigningAlgorithm: kmstypes.SigningAlgorithmSpecEcdsaSha256,
	}))
}

func (r *keyring) macs(ctx context.Context, client *kms.Client) error {
	return second(client.GenerateMac(ctx, &kms.GenerateMacInput{
		KeyId: &r.mac, Message: []byte("x"), MacAlgorithm: kmstypes.MacAlgorithmSpecHmacSha256,
	}))
}

func (r *keyring) derive(ctx context.Context, client *kms.Client) error {
	return second(client.DeriveSharedSecret(ctx, &kms.DeriveSharedSecretInput{
		KeyId: &r.agreeing, PublicKey: r.peer, KeyAgreementAlgorithm: kmstypes.KeyAgreementAlgorithmSpecEcdh,
	}))
}

func (r *keyring) parameters(ctx context.Context, client *kms.Client) error {
	return second(client.GetParametersForImport(ctx, &kms.GetParametersForImportInput{
		KeyId: &r.external, WrappingAlgorithm: kmstypes.AlgorithmSpecRsaesOaepSha256,
		WrappingKeySpec: kmstypes.WrappingKeySpecRsa2048,
	}))
}

func (r *keyring) importMaterial(ctx context.Context, client *kms.Client) error {
	return second(client.ImportKeyMaterial(ctx, &kms.ImportKeyMaterialInput{
		KeyId: &r.external, ImportToken: []byte("x"), EncryptedKeyMaterial: []byte("x"), ValidTo: aws.Time(validTo),
	}))
}

var validTo = start.Add(24 * time.Hour)

func (r *keyring) rotate(ctx context.Context, client *kms.Client) error {
	return second(client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{
		KeyId: &r.symmetric, RotationPeriodInDays: aws.Int32(180),
	}))
}

func (r *keyring) rotateYearly(ctx context.Context, client *kms.Client) error {
	return second(client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: &r.symmetric}))
}

func (r *keyring) replicate(ctx context.Context, client *kms.Client) error {
	return second(client.ReplicateKey(ctx, &kms.ReplicateKeyInput{
		KeyId: &r.multi, ReplicaRegion: aws.String("eu-west-1"),
	}))
}

func (r *keyring) move(ctx context.Context, client *kms.Client) error {
	return second(client.UpdatePrimaryRegion(ctx, &kms.UpdatePrimaryRegionInput{
		KeyId: &r.multi, PrimaryRegion: aws.String("eu-west-1"),
	}))
}

// TestKMSConditionsOfInputs has the condition keys of KMS that follow from a member of the input, or its default.
//
// Source: KMS Developer Guide, "AWS KMS condition keys".
func TestKMSConditionsOfInputs(t *testing.T) {
	t.Parallel()
	r := newKeyring(t)
	const badSignature = "KMSInvalidSignatureException"
	const noReplicas = "UnsupportedOperationException"
	for _, tt := range []struct {
		name, key, operator, wrong, right, end string
		do                                     func(context.Context, *kms.Client) error
	}{
		{"Encrypt", "kms:EncryptionAlgorithm", "", "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT", "", r.encrypt},
		{"Decrypt", "kms:EncryptionAlgorithm", "", "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT", "", r.decrypt},
		{"GenerateDataKey", "kms:EncryptionAlgorithm", "", "SM2PKE", "SYMMETRIC_DEFAULT", "", r.dataKey},
		{"GenerateDataKeyPair", "kms:EncryptionAlgorithm", "", "SM2PKE", "SYMMETRIC_DEFAULT", "", r.pair},
		{"ReEncrypt", "kms:EncryptionAlgorithm", "", "SM2PKE", "SYMMETRIC_DEFAULT", "", r.reEncrypt(nil, r.other)},
		{"to the same", "kms:ReEncryptOnSameKey", "Bool", "false", "true", "", r.reEncrypt(nil, r.symmetric)},
		{"from and to", "kms:ReEncryptOnSameKey", "Bool", "false", "true", "", r.reEncrypt(&r.symmetric, r.symmetric)},
		{"to another", "kms:ReEncryptOnSameKey", "Bool", "true", "false", "", r.reEncrypt(nil, r.other)},
		{"from, to another", "kms:ReEncryptOnSameKey", "Bool", "true", "false", "", r.reEncrypt(&r.symmetric, r.other)},
		{"", "kms:DataKeyPairSpec", "", "RSA_2048", "ECC_NIST_P256", "", r.pair},
		{"", "kms:SigningAlgorithm", "", "ECDSA_SHA_384", "ECDSA_SHA_256", "", r.sign},
		{"", "kms:MessageType", "", "DIGEST", "RAW", "", r.sign},
		{"Verify", "kms:SigningAlgorithm", "", "ECDSA_SHA_384", "ECDSA_SHA_256", badSignature, r.verify},
		{"Verify", "kms:MessageType", "", "RAW", "DIGEST", badSignature, r.verify},
		{"", "kms:MacAlgorithm", "", "HMAC_SHA_512", "HMAC_SHA_256", "", r.macs},
		{"", "kms:KeyAgreementAlgorithm", "", "ECDH2", "ECDH", "", r.derive},
		{"", "kms:CustomerMasterKeySpec", "", "RSA_2048", "ECC_NIST_P256", "", r.sign},
		{"", "kms:CustomerMasterKeyUsage", "", "ENCRYPT_DECRYPT", "SIGN_VERIFY", "", r.sign},
		{"", "kms:RotationPeriodInDays", "NumericLessThanEquals", "179", "180", "", r.rotate},
		{"default", "kms:RotationPeriodInDays", "NumericEquals", "180", "365", "", r.rotateYearly},
		{"", "kms:WrappingAlgorithm", "", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "", r.parameters},
		{"", "kms:WrappingKeySpec", "", "RSA_4096", "RSA_2048", "", r.parameters},
		{"", "kms:ExpirationModel", "", "KEY_MATERIAL_DOES_NOT_EXPIRE", "KEY_MATERIAL_EXPIRES",
			"InvalidImportTokenException", r.importMaterial},
		{"", "kms:ValidTo", "NumericLessThan", strconv.FormatInt(validTo.Unix(), 10),
			strconv.FormatInt(validTo.Unix()+1, 10), "InvalidImportTokenException", r.importMaterial},
		{"", "kms:ReplicaRegion", "", "eu-west-3", "eu-west-1", noReplicas, r.replicate},
		{"", "kms:PrimaryRegion", "", "eu-west-3", "eu-west-1", noReplicas, r.move},
		{"", "kms:MultiRegionKeyType", "", "REPLICA", "PRIMARY", noReplicas, r.replicate},
	} {
		operator, end := tt.operator, tt.end
		if operator == "" {
			operator = "StringEquals"
		}
		if end == "" {
			end = "ok"
		}
		r.condition(tt.key+" "+tt.name, operator, tt.key, tt.wrong, tt.right, end, tt.do)
	}
}

// TestGlobalConditions has the condition keys that follow from who calls, when and how.
//
// Source: IAM User Guide, "AWS global condition context keys".
func TestGlobalConditions(t *testing.T) {
	t.Parallel()
	r := newKeyring(t)
	later := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	for _, tt := range []struct{ key, operator, wrong, right string }{
		{"aws:PrincipalArn", "ArnEquals", readerS1, readerARN},
		{"aws:PrincipalAccount", "StringEquals", foreigner, account},
		{"aws:PrincipalType", "StringEquals", "User", "AssumedRole"},
		{"aws:PrincipalIsAWSService", "Bool", "true", "false"},
		{"aws:userid", "StringLike", "AIDA*", "AROA*:s1"},
		{"aws:username", "Null", "false", "true"},
		{"aws:SourceIp", "IpAddress", "203.0.113.0/24", "127.0.0.1/32"},
		{"aws:SourceVpc", "Null", "false", "true"},
		{"aws:SourceAccount", "Null", "false", "true"},
		{"aws:PrincipalOrgID", "Null", "false", "true"},
		{"aws:ViaAWSService", "Bool", "true", "false"},
		{"aws:CalledVia", "Null", "false", "true"},
		{"aws:MultiFactorAuthPresent", "Bool", "true", "false"},
		{"aws:TokenIssueTime", "DateLessThan", "2020-01-01T00:00:00Z", later},
		{"aws:CurrentTime", "DateEquals", "2020-01-01T00:00:00Z", start.Format(time.RFC3339)},
		{"aws:EpochTime", "NumericEquals", "0", strconv.FormatInt(start.Unix(), 10)},
		{"aws:SecureTransport", "Bool", "false", "true"},
		{"aws:RequestedRegion", "StringEquals", "us-east-1", "eu-west-2"},
		{"aws:UserAgent", "StringLike", "curl*", "*aws-sdk-go-v2*"},
		{"kms:ViaService", "Null", "false", "true"},
		{"aws:ResourceAccount", "StringEquals", foreigner, account},
		{"aws:PrincipalOrgPaths", "Null", "false", "true"},
		{"aws:PrincipalServiceName", "Null", "false", "true"},
		{"aws:PrincipalServiceNamesList", "Null", "false", "true"},
		{"aws:SourceArn", "Null", "false", "true"},
		{"aws:SourceOrgID", "Null", "false", "true"},
		{"aws:SourceVpce", "Null", "false", "true"},
		{"aws:VpcSourceIp", "Null", "false", "true"},
		{"aws:SourceIdentity", "Null", "false", "true"},
		{"aws:MultiFactorAuthAge", "Null", "false", "true"},
		{"aws:PrincipalTag/team", "Null", "false", "true"},
		{"aws:referer", "Null", "false", "true"},
	} {
		r.condition(tt.key, tt.operator, tt.key, tt.wrong, tt.right, "ok", r.encrypt)
	}
	const page = "https://console.example/"
	r.condition("a page", "StringEquals", "aws:referer", page+"x", page, "ok",
		func(ctx context.Context, client *kms.Client) error {
			return second(client.ListAliases(ctx, &kms.ListAliasesInput{}, func(o *kms.Options) {
				o.HTTPClient = withReferer(page)
			}))
		})
}

// withReferer is a client that sends a header which no SDK does.
type withReferer string

func (page withReferer) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("Referer", string(page))
	return http.DefaultClient.Do(r)
}

// TestConditionsThroughQLDB: QLDB is not among the services that aws:CalledVia names; kms:ViaService names it.
//
// Source: IAM User Guide, "AWS global condition context keys", aws:CalledVia.
func TestConditionsThroughQLDB(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(""))
	for _, tt := range []struct{ key, operator, wrong, right string }{
		{"kms:ViaService", "StringEquals", "qldb.us-east-1.amazonaws.com", "qldb.eu-west-2.amazonaws.com"},
		{"kms:CallerAccount", "StringEquals", foreigner, account},
		{"kms:EncryptionAlgorithm", "StringEquals", "SM2PKE", "SYMMETRIC_DEFAULT"},
		{"aws:ViaAWSService", "Bool", "false", "true"},
		{"aws:PrincipalIsAWSService", "Bool", "true", "false"},
		{"aws:SourceIp", "Null", "false", "true"},
		{"aws:SourceAccount", "Null", "false", "true"},
		{"aws:CalledVia", "Null", "false", "true"},
		{"aws:CalledViaFirst", "Null", "false", "true"},
		{"aws:CalledViaLast", "Null", "false", "true"},
	} {
		for value, allow := range map[string]bool{tt.wrong: false, tt.right: true} {
			c.may("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"qldb:*","Resource":"*"},
				{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*",
				"Condition":{"`+tt.operator+`":{"`+tt.key+`":"`+value+`"}}}]}`)
			if got := said(c.run(c.as("reader"), "SELECT * FROM Test")); (got == "ok") != allow {
				t.Errorf("%s %s %s: got %s, want allowed %t", tt.key, tt.operator, value, got, allow)
			}
		}
	}
}
