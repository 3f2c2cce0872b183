package qldb_test

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	awsqldb "github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/authorize"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// realKeys is the KMS of package kms, asked as the caller or as QLDB. The harness has one like it.
type realKeys struct{ *kms.Service }

func via(c *wire.Call) *wire.Call {
	as := *c
	as.ViaService = "qldb." + c.Region + ".amazonaws.com"
	return &as
}

func itself(at qldb.Place) *wire.Call {
	return &wire.Call{
		Service: "kms", Partition: at.Partition, Region: at.Region,
		Caller: wire.Caller{Account: at.Account, ARN: at.Principal(), Service: at.Principal()},
	}
}

func (k realKeys) DescribeKey(ctx context.Context, c *wire.Call, keyID string) (qldb.KeyInfo, error) {
	out, err := k.Service.DescribeKey(ctx, via(c), &kms.DescribeKeyInput{KeyID: &keyID})
	if err != nil {
		return qldb.KeyInfo{}, err
	}
	m := out.KeyMetadata
	return qldb.KeyInfo{ARN: m.ARN, Manager: m.KeyManager, Spec: m.KeySpec, Usage: m.KeyUsage, State: m.KeyState}, nil
}

func (k realKeys) CreateGrant(ctx context.Context, c *wire.Call, g qldb.Grant) (string, error) {
	out, err := k.Service.CreateGrant(ctx, via(c), &kms.CreateGrantInput{
		KeyID: &g.KeyARN, Name: &g.Name, GranteePrincipal: &g.Grantee, RetiringPrincipal: &g.Retiring,
		Operations: g.Operations,
	})
	if err != nil {
		return "", err
	}
	return out.GrantID, nil
}

func (k realKeys) FindGrants(ctx context.Context, at qldb.Place, keyARN, name string) ([]string, error) {
	return k.GrantsNamed(ctx, itself(at), keyARN, name)
}

func (k realKeys) RetireGrant(ctx context.Context, at qldb.Place, keyARN, grantID string) error {
	_, err := k.Service.RetireGrant(ctx, itself(at), &kms.RetireGrantInput{KeyID: &keyARN, GrantID: &grantID})
	return err
}

func (k realKeys) GenerateDataKey(
	ctx context.Context, at qldb.Place, keyARN string, ec map[string]string,
) (qldb.DataKey, error) {
	out, err := k.Service.GenerateDataKey(ctx, itself(at), &kms.GenerateDataKeyInput{
		KeyID: &keyARN, NumberOfBytes: ptr(32), EncryptionContext: ec,
	})
	if err != nil {
		return qldb.DataKey{}, err
	}
	return qldb.DataKey{Plaintext: out.Plaintext, Ciphertext: out.CiphertextBlob}, nil
}

func (k realKeys) Decrypt(
	ctx context.Context, at qldb.Place, keyARN string, ciphertext []byte, ec map[string]string,
) ([]byte, error) {
	out, err := k.Service.Decrypt(ctx, itself(at), &kms.DecryptInput{
		KeyID: &keyARN, CiphertextBlob: ciphertext, EncryptionContext: ec,
	})
	if err != nil {
		return nil, err
	}
	return out.Plaintext, nil
}

func (k realKeys) DecryptAs(ctx context.Context, c *wire.Call, ciphertext []byte, ec map[string]string) error {
	_, err := k.Service.Decrypt(ctx, via(c), &kms.DecryptInput{CiphertextBlob: ciphertext, EncryptionContext: ec})
	return err
}

// stack is QLDB over the real KMS, both spoken to with the SDK.
type stack struct {
	t       *testing.T
	clock   *clock.Movable
	kms     *kms.Service
	service *qldb.Service
	keys    *awskms.Client
	ledgers *awsqldb.Client
}

func newStack(t *testing.T) *stack {
	t.Helper()
	state, err := local.Open(t.Context(), t.TempDir(), local.Options{NoSync: true, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, clock: clock.NewFrozen(start)}
	if s.kms, err = kms.New(kms.Config{
		Authority: authorize.New(nil), State: state, Sealer: state.Sealer(), Clock: s.clock, Rand: rand.Reader,
	}); err != nil {
		t.Fatal(err)
	}
	s.service = newService(t, qldb.Config{
		State: state, Sealer: ownSealer{}, Keys: realKeys{s.kms}, Clock: s.clock, Rand: rand.Reader,
	})
	server, err := wire.New(wire.Config{
		Services: []wire.Service{s.kms.Wire(), s.service.Wire()}, Now: s.clock.Now, Rand: rand.Reader,
		AuthOff: true, AuthOffCaller: call().Caller,
	})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(server)
	t.Cleanup(func() {
		front.Close()
		if err := state.Close(); err != nil {
			t.Errorf("close state: %v", err)
		}
	})
	cfg := aws.Config{
		Region: "eu-west-2", BaseEndpoint: &front.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "any"}, nil
		}),
	}
	s.keys, s.ledgers = awskms.NewFromConfig(cfg), awsqldb.NewFromConfig(cfg)
	return s
}

func (s *stack) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) pass(d time.Duration) {
	s.t.Helper()
	s.clock.Advance(d)
	_, err := s.kms.Tick(s.t.Context())
	s.must(err)
	_, err = s.service.Tick(s.t.Context())
	s.must(err)
}

// key makes a key and returns its id and ARN.
func (s *stack) key() (id, arn string) {
	s.t.Helper()
	out, err := s.keys.CreateKey(s.t.Context(), &awskms.CreateKeyInput{})
	s.must(err)
	return *out.KeyMetadata.KeyId, *out.KeyMetadata.Arn
}

// ledger makes the article's ledger, under an alias of the key, and waits until it is there.
func (s *stack) ledger(keyID string) {
	s.t.Helper()
	_, err := s.keys.CreateAlias(s.t.Context(), &awskms.CreateAliasInput{
		AliasName: aws.String("alias/qldb-kms-poc"), TargetKeyId: &keyID,
	})
	s.must(err)
	_, err = s.ledgers.CreateLedger(s.t.Context(), &awsqldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: types.PermissionsModeStandard,
		DeletionProtection: aws.Bool(false), KmsKey: aws.String("alias/qldb-kms-poc"),
		Tags: map[string]*string{"name": aws.String("qldb-kms-ledger")},
	})
	s.must(err)
	s.pass(time.Second)
}

func (s *stack) rekey(key string) (*awsqldb.UpdateLedgerOutput, error) {
	return s.ledgers.UpdateLedger(s.t.Context(), &awsqldb.UpdateLedgerInput{
		Name: aws.String("orders"), KmsKey: &key,
	})
}

func (s *stack) want(status types.EncryptionStatus, key string) {
	s.t.Helper()
	out, err := s.ledgers.DescribeLedger(s.t.Context(), &awsqldb.DescribeLedgerInput{Name: aws.String("orders")})
	s.must(err)
	d := out.EncryptionDescription
	if d.EncryptionStatus != status || *d.KmsKeyArn != key || out.State != types.LedgerStateActive {
		s.t.Errorf("got %s, %s %s, want ACTIVE, %s %s", out.State, d.EncryptionStatus, *d.KmsKeyArn, status, key)
	}
	inaccessible := status == types.EncryptionStatusKmsKeyInaccessible
	if (d.InaccessibleKmsKeyDateTime != nil) != inaccessible {
		s.t.Errorf("status %s: got InaccessibleKmsKeyDateTime %v", status, d.InaccessibleKmsKeyDateTime)
	}
}

func (s *stack) grants(keyID string) []string {
	s.t.Helper()
	out, err := s.keys.ListGrants(s.t.Context(), &awskms.ListGrantsInput{KeyId: &keyID})
	s.must(err)
	var ids []string
	for _, g := range out.Grants {
		ids = append(ids, *g.GrantId)
	}
	return ids
}

func (s *stack) wantGrants(keyID string, want int) {
	s.t.Helper()
	if got := s.grants(keyID); len(got) != want {
		s.t.Errorf("grants on %s: got %d, want %d", keyID, len(got), want)
	}
}
