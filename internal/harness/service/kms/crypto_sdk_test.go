package kms_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// client is the real SDK against the service behind a real HTTP server. Only it can show that names, types and
// faults on the wire are those that the SDK reads.
func (w world) client(t *testing.T) *sdk.Client {
	t.Helper()
	server, err := wire.New(wire.Config{
		Services: []wire.Service{w.Wire()}, Now: w.clock.Now, Rand: rand.Reader, AuthOff: true,
		AuthOffCaller: as(ownerAccount).Caller,
	})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := httptest.NewServer(server)
	t.Cleanup(endpoint.Close)
	return sdk.New(sdk.Options{
		Region: "eu-west-2", BaseEndpoint: &endpoint.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
	})
}

func TestSDKSymmetric(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := w.client(t), t.Context()
	created, err := client.CreateKey(ctx, &sdk.CreateKeyInput{})
	ok(t, err)
	id := created.KeyMetadata.KeyId
	sealed, err := client.Encrypt(ctx, &sdk.EncryptInput{
		KeyId: id, Plaintext: []byte("secret"), EncryptionContext: orders,
	})
	ok(t, err)
	opened, err := client.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: orders})
	ok(t, err)
	if string(opened.Plaintext) != "secret" || *opened.KeyId != *created.KeyMetadata.Arn ||
		*opened.KeyMaterialId != *created.KeyMetadata.CurrentKeyMaterialId ||
		opened.EncryptionAlgorithm != types.EncryptionAlgorithmSpecSymmetricDefault {
		t.Errorf("got %+v, want the secret under %s", opened, *created.KeyMetadata.Arn)
	}
	dataKey, err := client.GenerateDataKey(ctx, &sdk.GenerateDataKeyInput{KeyId: id, KeySpec: types.DataKeySpecAes256})
	ok(t, err)
	if len(dataKey.Plaintext) != 32 || *dataKey.KeyMaterialId != *opened.KeyMaterialId {
		t.Errorf("got %d bytes under %s, want 32", len(dataKey.Plaintext), *dataKey.KeyMaterialId)
	}
	hidden, err := client.GenerateDataKeyWithoutPlaintext(ctx, &sdk.GenerateDataKeyWithoutPlaintextInput{
		KeyId: id, NumberOfBytes: aws.Int32(64),
	})
	ok(t, err)
	re, err := client.ReEncrypt(ctx, &sdk.ReEncryptInput{CiphertextBlob: hidden.CiphertextBlob, DestinationKeyId: id})
	ok(t, err)
	if *re.SourceKeyId != *re.KeyId || *re.SourceKeyMaterialId != *re.DestinationKeyMaterialId {
		t.Errorf("got %+v, want the same key and material on both sides", re)
	}
	out, err := client.GenerateRandom(ctx, &sdk.GenerateRandomInput{NumberOfBytes: aws.Int32(1024)})
	if err != nil || len(out.Plaintext) != 1024 {
		t.Errorf("got %v, %v, want 1024 bytes", out, err)
	}
}

// The SDK makes of every fault the type that programs look for.
func TestSDKFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := w.client(t), t.Context()
	created, err := client.CreateKey(ctx, &sdk.CreateKeyInput{})
	ok(t, err)
	id := created.KeyMetadata.KeyId
	sealed, err := client.Encrypt(ctx, &sdk.EncryptInput{
		KeyId: id, Plaintext: []byte("secret"), EncryptionContext: orders,
	})
	ok(t, err)

	_, err = client.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	var ciphertext *types.InvalidCiphertextException
	if !errors.As(err, &ciphertext) || ciphertext.ErrorMessage() != "" {
		t.Errorf("got %v, want InvalidCiphertextException without a message", err)
	}
	_, err = client.Encrypt(ctx, &sdk.EncryptInput{KeyId: id, Plaintext: []byte("x"), DryRun: aws.Bool(true)})
	var dry *types.DryRunOperationException
	if !errors.As(err, &dry) {
		t.Errorf("got %v, want DryRunOperationException", err)
	}
	_, err = client.DisableKey(ctx, &sdk.DisableKeyInput{KeyId: id})
	ok(t, err)
	_, err = client.Encrypt(ctx, &sdk.EncryptInput{KeyId: id, Plaintext: []byte("x")})
	var disabled *types.DisabledException
	if !errors.As(err, &disabled) || disabled.ErrorMessage() != *created.KeyMetadata.Arn+" is disabled." {
		t.Errorf("got %v, want DisabledException with its words", err)
	}
	_, err = client.GenerateDataKey(ctx, &sdk.GenerateDataKeyInput{KeyId: id})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "ValidationException" {
		t.Errorf("got %v, want ValidationException", err)
	}
}

func TestSDKAsymmetric(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := w.client(t), t.Context()
	created, err := client.CreateKey(ctx, &sdk.CreateKeyInput{
		KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify,
	})
	ok(t, err)
	id := created.KeyMetadata.KeyId
	signed, err := client.Sign(ctx, &sdk.SignInput{
		KeyId: id, Message: []byte("m"), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	})
	ok(t, err)
	verified, err := client.Verify(ctx, &sdk.VerifyInput{
		KeyId: id, Message: []byte("m"), Signature: signed.Signature,
		SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	})
	if err != nil || !verified.SignatureValid {
		t.Errorf("got %v, %v, want a valid signature", verified, err)
	}
	public, err := client.GetPublicKey(ctx, &sdk.GetPublicKeyInput{KeyId: id})
	if err != nil || len(public.PublicKey) != 91 || len(public.SigningAlgorithms) != 1 {
		t.Errorf("got %v, %v, want a P-256 public key", public, err)
	}
	symmetric, err := client.CreateKey(ctx, &sdk.CreateKeyInput{})
	ok(t, err)
	pair, err := client.GenerateDataKeyPair(ctx, &sdk.GenerateDataKeyPairInput{
		KeyId: symmetric.KeyMetadata.KeyId, KeyPairSpec: types.DataKeyPairSpecEccNistP384,
	})
	if err != nil || len(pair.PrivateKeyPlaintext) == 0 || len(pair.PublicKey) == 0 {
		t.Errorf("got %v, want a key pair", err)
	}
	mac, err := client.CreateKey(ctx, &sdk.CreateKeyInput{
		KeySpec: types.KeySpecHmac384, KeyUsage: types.KeyUsageTypeGenerateVerifyMac,
	})
	ok(t, err)
	made, err := client.GenerateMac(ctx, &sdk.GenerateMacInput{
		KeyId: mac.KeyMetadata.KeyId, Message: []byte("m"), MacAlgorithm: types.MacAlgorithmSpecHmacSha384,
	})
	ok(t, err)
	_, err = client.VerifyMac(ctx, &sdk.VerifyMacInput{
		KeyId: mac.KeyMetadata.KeyId, Message: []byte("x"), Mac: made.Mac,
		MacAlgorithm: types.MacAlgorithmSpecHmacSha384,
	})
	var invalid *types.KMSInvalidMacException
	if !errors.As(err, &invalid) {
		t.Errorf("got %v, want KMSInvalidMacException", err)
	}
}

func TestSDKImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := w.client(t), t.Context()
	created, err := client.CreateKey(ctx, &sdk.CreateKeyInput{Origin: types.OriginTypeExternal})
	ok(t, err)
	id := created.KeyMetadata.KeyId
	parameters, err := client.GetParametersForImport(ctx, &sdk.GetParametersForImportInput{
		KeyId: id, WrappingAlgorithm: types.AlgorithmSpecRsaAesKeyWrapSha256, WrappingKeySpec: types.WrappingKeySpecRsa2048,
	})
	ok(t, err)
	if want := start.AddDate(0, 0, 1); !parameters.ParametersValidTo.Equal(want) {
		t.Errorf("got %s, want %s", parameters.ParametersValidTo, want)
	}
	p := parsed(t, parameters.PublicKey, "RSA_AES_KEY_WRAP_SHA_256")
	validTo := start.AddDate(0, 0, 30)
	imported, err := client.ImportKeyMaterial(ctx, &sdk.ImportKeyMaterialInput{
		KeyId: id, ImportToken: parameters.ImportToken, EncryptedKeyMaterial: p.wrap(t, bytes.Repeat([]byte{3}, 32)),
		ValidTo: &validTo, KeyMaterialDescription: aws.String("first"),
	})
	ok(t, err)
	described, err := client.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: id})
	ok(t, err)
	m := described.KeyMetadata
	if m.KeyState != types.KeyStateEnabled || m.ExpirationModel != types.ExpirationModelTypeKeyMaterialExpires ||
		!m.ValidTo.Equal(validTo) || *m.CurrentKeyMaterialId != *imported.KeyMaterialId {
		t.Errorf("got %+v, want Enabled until %s", m, validTo)
	}
	deleted, err := client.DeleteImportedKeyMaterial(ctx, &sdk.DeleteImportedKeyMaterialInput{KeyId: id})
	if err != nil || *deleted.KeyMaterialId != *imported.KeyMaterialId {
		t.Errorf("got %v, %v, want material %s deleted", deleted, err, *imported.KeyMaterialId)
	}
}

func TestSDKCustomKeyStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := w.client(t), t.Context()
	created, err := client.CreateCustomKeyStore(ctx, &sdk.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("orders"), CloudHsmClusterId: aws.String("cluster-1a23b4cdefg"),
		KeyStorePassword: aws.String("kmsPswd"), TrustAnchorCertificate: aws.String("-----BEGIN CERTIFICATE-----"),
	})
	ok(t, err)
	_, err = client.UpdateCustomKeyStore(ctx, &sdk.UpdateCustomKeyStoreInput{
		CustomKeyStoreId: created.CustomKeyStoreId, CloudHsmClusterId: aws.String("cluster-2a23b4cdefg"),
	})
	ok(t, err)
	_, err = client.ConnectCustomKeyStore(ctx, &sdk.ConnectCustomKeyStoreInput{CustomKeyStoreId: created.CustomKeyStoreId})
	ok(t, err)
	listed, err := client.DescribeCustomKeyStores(ctx, &sdk.DescribeCustomKeyStoresInput{})
	ok(t, err)
	if len(listed.CustomKeyStores) != 1 {
		t.Fatalf("got %d stores, want 1", len(listed.CustomKeyStores))
	}
	got := listed.CustomKeyStores[0]
	if *got.CloudHsmClusterId != "cluster-2a23b4cdefg" || got.ConnectionState != types.ConnectionStateTypeConnecting ||
		!got.CreationDate.Equal(start) {
		t.Errorf("got %+v, want the new cluster, CONNECTING", got)
	}
	_, err = client.DisconnectCustomKeyStore(ctx, &sdk.DisconnectCustomKeyStoreInput{
		CustomKeyStoreId: created.CustomKeyStoreId,
	})
	ok(t, err)
	_, err = client.DeleteCustomKeyStore(ctx, &sdk.DeleteCustomKeyStoreInput{CustomKeyStoreId: created.CustomKeyStoreId})
	var state *types.CustomKeyStoreInvalidStateException
	if !errors.As(err, &state) {
		t.Errorf("got %v, want CustomKeyStoreInvalidStateException", err)
	}
}
