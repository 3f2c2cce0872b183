package qldb_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	awsqldb "github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/smithy-go"
)

// The steps of the article "Protecting Data in QLDB Ledger", in order, but for what needs a journal.
func TestArticle(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	mainID, mainARN := s.key()
	rotateID, _ := s.key()
	deleteID, deleteARN := s.key()
	noAccessID, noAccessARN := s.key()
	s.ledger(mainID)
	s.want(types.EncryptionStatusEnabled, mainARN)
	s.wantGrants(mainID, 1)

	// 2a: the alias moves; the ledger does not.
	_, err := s.keys.UpdateAlias(t.Context(), &awskms.UpdateAliasInput{
		AliasName: aws.String("alias/qldb-kms-poc"), TargetKeyId: &rotateID,
	})
	s.must(err)
	s.pass(time.Minute)
	s.want(types.EncryptionStatusEnabled, mainARN)
	s.wantGrants(mainID, 1)
	s.wantGrants(rotateID, 0)

	// 2b: the ledger moves to the key to be deleted.
	out, err := s.rekey(deleteID)
	s.must(err)
	if d := out.EncryptionDescription; out.State != types.LedgerStateActive || *d.KmsKeyArn != deleteARN ||
		d.EncryptionStatus != types.EncryptionStatusUpdating {
		t.Errorf("update: got %s, %s %s", out.State, d.EncryptionStatus, *d.KmsKeyArn)
	}
	s.want(types.EncryptionStatusUpdating, deleteARN)
	s.wantGrants(mainID, 1)
	s.pass(2 * time.Second)
	s.want(types.EncryptionStatusEnabled, deleteARN)
	s.wantGrants(mainID, 0)
	s.wantGrants(deleteID, 1)

	// 3: that key is disabled and enabled again.
	_, err = s.keys.DisableKey(t.Context(), &awskms.DisableKeyInput{KeyId: &deleteID})
	s.must(err)
	s.want(types.EncryptionStatusEnabled, deleteARN) // for a while
	s.pass(5 * time.Second)
	s.want(types.EncryptionStatusKmsKeyInaccessible, deleteARN)
	_, err = s.ledgers.GetDigest(t.Context(), &awsqldb.GetDigestInput{Name: aws.String("orders")})
	if _, ok := errors.AsType[*types.ResourcePreconditionNotMetException](err); !ok {
		t.Errorf("digest while inaccessible: got %v, want ResourcePreconditionNotMetException", err)
	}
	_, err = s.keys.EnableKey(t.Context(), &awskms.EnableKeyInput{KeyId: &deleteID})
	s.must(err)
	s.pass(5 * time.Second)
	s.want(types.EncryptionStatusEnabled, deleteARN)

	// 4a: a key whose users have no access; the service has.
	_, err = s.rekey(noAccessID)
	s.must(err)
	s.pass(2 * time.Second)
	s.want(types.EncryptionStatusEnabled, noAccessARN)

	// 5: the stack is removed.
	_, err = s.ledgers.DeleteLedger(t.Context(), &awsqldb.DeleteLedgerInput{Name: aws.String("orders")})
	s.must(err)
	s.pass(time.Second)
	_, err = s.ledgers.DescribeLedger(t.Context(), &awsqldb.DescribeLedgerInput{Name: aws.String("orders")})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("after the deletion: got %v, want ResourceNotFoundException", err)
	}
	for _, id := range []string{mainID, rotateID, deleteID, noAccessID} {
		s.wantGrants(id, 0)
	}
}

// Every way in which a key can be lost is noticed by opening the root node key for real.
func TestKeyLostForReal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		lose func(s *stack, id string)
		// back undoes it; nil if nothing can.
		back func(s *stack, id string)
	}{
		{"disabled", func(s *stack, id string) {
			_, err := s.keys.DisableKey(s.t.Context(), &awskms.DisableKeyInput{KeyId: &id})
			s.must(err)
		}, func(s *stack, id string) {
			_, err := s.keys.EnableKey(s.t.Context(), &awskms.EnableKeyInput{KeyId: &id})
			s.must(err)
		}},
		{"pending deletion", func(s *stack, id string) {
			_, err := s.keys.ScheduleKeyDeletion(s.t.Context(), &awskms.ScheduleKeyDeletionInput{KeyId: &id})
			s.must(err)
		}, func(s *stack, id string) {
			_, err := s.keys.CancelKeyDeletion(s.t.Context(), &awskms.CancelKeyDeletionInput{KeyId: &id})
			s.must(err)
			s.pass(5 * time.Second)
			s.wantInaccessible() // the key comes back disabled
			_, err = s.keys.EnableKey(s.t.Context(), &awskms.EnableKeyInput{KeyId: &id})
			s.must(err)
		}},
		{"deleted", func(s *stack, id string) {
			_, err := s.keys.ScheduleKeyDeletion(s.t.Context(), &awskms.ScheduleKeyDeletionInput{
				KeyId: &id, PendingWindowInDays: aws.Int32(7),
			})
			s.must(err)
			s.pass(9 * 24 * time.Hour)
		}, nil},
		{"grant revoked", func(s *stack, id string) {
			for _, grant := range s.grants(id) {
				_, err := s.keys.RevokeGrant(s.t.Context(), &awskms.RevokeGrantInput{KeyId: &id, GrantId: &grant})
				s.must(err)
			}
		}, func(s *stack, id string) {
			out, err := s.rekey(id)
			s.must(err)
			if got := out.EncryptionDescription.EncryptionStatus; got != types.EncryptionStatusEnabled {
				s.t.Errorf("status in the answer: got %s, want ENABLED", got)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			id, arn := s.key()
			s.ledger(id)
			test.lose(s, id)
			s.pass(5 * time.Second)
			s.want(types.EncryptionStatusKmsKeyInaccessible, arn)
			if test.back != nil {
				test.back(s, id)
				s.pass(5 * time.Second)
				s.want(types.EncryptionStatusEnabled, arn)
				s.wantGrants(id, 1)
			}
			_, err := s.ledgers.DeleteLedger(t.Context(), &awsqldb.DeleteLedgerInput{Name: aws.String("orders")})
			s.must(err)
			s.pass(time.Second)
			if report, err := s.service.Report(t.Context()); err != nil || len(report.LooseGrants) != 0 {
				t.Errorf("after the deletion: got %+v, %v, want no loose grants", report, err)
			}
		})
	}
}

// Imported material that is deleted makes the ledger inaccessible; imported again, it brings the ledger back.
func TestImportedMaterialLost(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	out, err := s.keys.CreateKey(t.Context(), &awskms.CreateKeyInput{Origin: kmstypes.OriginTypeExternal})
	s.must(err)
	id, arn := *out.KeyMetadata.KeyId, *out.KeyMetadata.Arn
	material := make([]byte, 32)
	s.importMaterial(id, material)
	s.ledger(id)
	_, err = s.keys.DeleteImportedKeyMaterial(t.Context(), &awskms.DeleteImportedKeyMaterialInput{KeyId: &id})
	s.must(err)
	s.pass(5 * time.Second)
	s.want(types.EncryptionStatusKmsKeyInaccessible, arn)
	s.importMaterial(id, material)
	s.pass(5 * time.Second)
	s.want(types.EncryptionStatusEnabled, arn)
}

func (s *stack) importMaterial(id string, material []byte) {
	s.t.Helper()
	params, err := s.keys.GetParametersForImport(s.t.Context(), &awskms.GetParametersForImportInput{
		KeyId: &id, WrappingAlgorithm: kmstypes.AlgorithmSpecRsaesOaepSha256,
		WrappingKeySpec: kmstypes.WrappingKeySpecRsa2048,
	})
	s.must(err)
	public, err := x509.ParsePKIXPublicKey(params.PublicKey)
	s.must(err)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), material, nil)
	s.must(err)
	_, err = s.keys.ImportKeyMaterial(s.t.Context(), &awskms.ImportKeyMaterialInput{
		KeyId: &id, ImportToken: params.ImportToken, EncryptedKeyMaterial: wrapped,
		ExpirationModel: kmstypes.ExpirationModelTypeKeyMaterialDoesNotExpire,
	})
	s.must(err)
}

func (s *stack) wantInaccessible() {
	s.t.Helper()
	report, err := s.service.Report(s.t.Context())
	s.must(err)
	if got, want := report.Ledgers[0].EncryptionStatus, "KMS_KEY_INACCESSIBLE"; got != want {
		s.t.Errorf("encryption status: got %s, want %s", got, want)
	}
}

// The real client finds every operation, and a modelled error becomes its type.
func TestClient(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id, _ := s.key()
	s.ledger(id)
	name, tags := aws.String("orders"), aws.String(arn)

	_, err := s.ledgers.TagResource(t.Context(), &awsqldb.TagResourceInput{
		ResourceArn: tags, Tags: map[string]*string{"stage": aws.String("poc"), "none": nil},
	})
	s.must(err)
	_, err = s.ledgers.UntagResource(t.Context(), &awsqldb.UntagResourceInput{
		ResourceArn: tags, TagKeys: []string{"none", "name"},
	})
	s.must(err)
	listed, err := s.ledgers.ListTagsForResource(t.Context(), &awsqldb.ListTagsForResourceInput{ResourceArn: tags})
	s.must(err)
	if len(listed.Tags) != 1 || aws.ToString(listed.Tags["stage"]) != "poc" {
		t.Errorf("tags: got %v, want stage alone", listed.Tags)
	}
	mode, err := s.ledgers.UpdateLedgerPermissionsMode(t.Context(), &awsqldb.UpdateLedgerPermissionsModeInput{
		Name: name, PermissionsMode: types.PermissionsModeAllowAll,
	})
	s.must(err)
	if mode.PermissionsMode != types.PermissionsModeAllowAll {
		t.Errorf("mode: got %s", mode.PermissionsMode)
	}
	ledgers, err := s.ledgers.ListLedgers(t.Context(), &awsqldb.ListLedgersInput{MaxResults: aws.Int32(1)})
	s.must(err)
	if len(ledgers.Ledgers) != 1 || !ledgers.Ledgers[0].CreationDateTime.Equal(start) || ledgers.NextToken != nil {
		t.Errorf("ledgers: got %+v", ledgers)
	}
	exports, err := s.ledgers.ListJournalS3Exports(t.Context(), &awsqldb.ListJournalS3ExportsInput{})
	s.must(err)
	ofLedger, err := s.ledgers.ListJournalS3ExportsForLedger(t.Context(),
		&awsqldb.ListJournalS3ExportsForLedgerInput{Name: name})
	s.must(err)
	streams, err := s.ledgers.ListJournalKinesisStreamsForLedger(t.Context(),
		&awsqldb.ListJournalKinesisStreamsForLedgerInput{LedgerName: name})
	s.must(err)
	if len(exports.JournalS3Exports)+len(ofLedger.JournalS3Exports)+len(streams.Streams) != 0 {
		t.Error("exports or streams out of nothing")
	}

	_, err = s.ledgers.CreateLedger(t.Context(), &awsqldb.CreateLedgerInput{
		Name: name, PermissionsMode: types.PermissionsModeStandard,
	})
	exists, ok := errors.AsType[*types.ResourceAlreadyExistsException](err)
	if !ok || aws.ToString(exists.ResourceName) != "orders" || aws.ToString(exists.ResourceType) != "Ledger" {
		t.Errorf("second ledger of a name: got %v", err)
	}
	_, err = s.rekey("orders-key")
	invalid, ok := errors.AsType[*types.InvalidParameterException](err)
	if !ok || aws.ToString(invalid.ParameterName) != "KmsKey" {
		t.Errorf("key of a wrong form: got %v", err)
	}
	address := &types.ValueHolder{IonText: aws.String(`{strandId:"BlFTjlSXze9BIh1KOszcE3",sequenceNo:14}`)}
	_, blockErr := s.ledgers.GetBlock(t.Context(), &awsqldb.GetBlockInput{Name: name, BlockAddress: address})
	_, digestErr := s.ledgers.GetDigest(t.Context(), &awsqldb.GetDigestInput{Name: name})
	for operation, err := range map[string]error{"GetBlock": blockErr, "GetDigest": digestErr} {
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "NotYetServedException" {
			t.Errorf("%s: got %v, want NotYetServedException", operation, err)
		}
	}
	_, err = s.ledgers.ListJournalKinesisStreamsForLedger(t.Context(),
		&awsqldb.ListJournalKinesisStreamsForLedgerInput{LedgerName: name, NextToken: aws.String("+=/-")})
	if _, ok := errors.AsType[*types.InvalidParameterException](err); !ok {
		t.Errorf("garbage for a token: got %v, want InvalidParameterException", err)
	}
}
