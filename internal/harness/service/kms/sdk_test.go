package kms_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// newClient is the SDK's own client of w over HTTP. It signs; the server takes every signature for the owner's.
func newClient(t *testing.T, w world) *sdk.Client {
	t.Helper()
	server, err := wire.New(wire.Config{
		Services: []wire.Service{w.Wire()}, Now: w.clock.Now, Rand: rand.Reader, AuthOff: true,
		AuthOffCaller: wire.Caller{Account: ownerAccount, ARN: ownerRoot}, Region: "eu-west-2",
	})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	return sdk.New(sdk.Options{
		Region: "eu-west-2", BaseEndpoint: &front.URL, HTTPClient: front.Client(), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

// Keys as the AWS SDK sees them: every answer decodes into the SDK's types, every fault into its errors.
func TestSDKKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := newClient(t, w), t.Context()
	created := must[*sdk.CreateKeyOutput](t)(client.CreateKey(ctx, &sdk.CreateKeyInput{
		Description: ptr("orders"), Tags: []types.Tag{{TagKey: ptr("a"), TagValue: ptr("b")}},
	})).KeyMetadata
	id := created.KeyId
	want := &types.KeyMetadata{
		KeyId: id, Arn: created.Arn, CurrentKeyMaterialId: created.CurrentKeyMaterialId, AWSAccountId: ptr(ownerAccount),
		CreationDate: ptr(start), Description: ptr("orders"), Enabled: true, KeyManager: types.KeyManagerTypeCustomer,
		KeySpec: types.KeySpecSymmetricDefault, KeyState: types.KeyStateEnabled, MultiRegion: ptr(false),
		CustomerMasterKeySpec: types.CustomerMasterKeySpecSymmetricDefault,
		KeyUsage:              types.KeyUsageTypeEncryptDecrypt, Origin: types.OriginTypeAwsKms,
		EncryptionAlgorithms: []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecSymmetricDefault},
	}
	unexported := cmpopts.IgnoreUnexported(
		types.KeyMetadata{}, types.GrantListEntry{}, types.AliasListEntry{}, types.RotationsListEntry{})
	if diff := cmp.Diff(want, created, unexported); diff != "" {
		t.Errorf("CreateKey (-want +got):\n%s", diff)
	}

	alias := ptr("alias/orders")
	must[*sdk.CreateAliasOutput](t)(client.CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: alias, TargetKeyId: id}))
	aliases := must[*sdk.ListAliasesOutput](t)(client.ListAliases(ctx, &sdk.ListAliasesInput{KeyId: id})).Aliases
	wantAliases := []types.AliasListEntry{{
		AliasArn: ptr(aliasARN(*alias)), AliasName: alias, TargetKeyId: id, CreationDate: ptr(start),
		LastUpdatedDate: ptr(start),
	}}
	if diff := cmp.Diff(wantAliases, aliases, unexported); diff != "" {
		t.Errorf("ListAliases (-want +got):\n%s", diff)
	}

	must[*sdk.EnableKeyRotationOutput](t)(client.EnableKeyRotation(ctx,
		&sdk.EnableKeyRotationInput{KeyId: id, RotationPeriodInDays: ptr(int32(180))}))
	status := must[*sdk.GetKeyRotationStatusOutput](t)(client.GetKeyRotationStatus(ctx,
		&sdk.GetKeyRotationStatusInput{KeyId: id}))
	if !status.KeyRotationEnabled || *status.RotationPeriodInDays != 180 ||
		!status.NextRotationDate.Equal(start.Add(180*day)) || *status.KeyId != *created.Arn {
		t.Errorf("GetKeyRotationStatus: got %+v", status)
	}
}

func TestSDKGrantsAndPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := newClient(t, w), t.Context()
	created := w.create(t, kms.CreateKeyInput{})
	id := &created.KeyID
	granted := must[*sdk.CreateGrantOutput](t)(client.CreateGrant(ctx, &sdk.CreateGrantInput{
		KeyId: id, GranteePrincipal: ptr(qldbHost), RetiringPrincipal: ptr(ownerRoot), Name: ptr("qldb-1"),
		Operations:  []types.GrantOperation{types.GrantOperationDecrypt},
		Constraints: &types.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "b"}},
	}))
	entries := must[*sdk.ListGrantsOutput](t)(client.ListGrants(ctx, &sdk.ListGrantsInput{KeyId: id})).Grants
	if len(entries) != 1 || *entries[0].GrantId != *granted.GrantId || *entries[0].KeyId != created.ARN {
		t.Errorf("ListGrants: got %+v", entries)
	}
	must[*sdk.RetireGrantOutput](t)(client.RetireGrant(ctx, &sdk.RetireGrantInput{GrantToken: granted.GrantToken}))

	must[*sdk.PutKeyPolicyOutput](t)(client.PutKeyPolicy(ctx,
		&sdk.PutKeyPolicyInput{KeyId: id, Policy: ptr(allowAccount)}))
	policy := must[*sdk.GetKeyPolicyOutput](t)(client.GetKeyPolicy(ctx, &sdk.GetKeyPolicyInput{KeyId: id}))
	if *policy.Policy != allowAccount || *policy.PolicyName != "default" {
		t.Errorf("GetKeyPolicy: got %q, %q", *policy.Policy, *policy.PolicyName)
	}
	usage := must[*sdk.GetKeyLastUsageOutput](t)(client.GetKeyLastUsage(ctx, &sdk.GetKeyLastUsageInput{KeyId: id}))
	if usage.KeyLastUsage == nil || usage.KeyLastUsage.Timestamp != nil || !usage.TrackingStartDate.Equal(start) {
		t.Errorf("GetKeyLastUsage: got %+v, want nothing on record", usage)
	}
}

// A constraint without pairs is none: the AWS provider sends the one it was not given that way.
func TestSDKGrantEmptyConstraint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := newClient(t, w), t.Context()
	id, pairs, none := &w.create(t, kms.CreateKeyInput{}).KeyID, map[string]string{"a": "b"}, map[string]string{}
	for name, tt := range map[string]struct{ sent, want *types.GrantConstraints }{
		"equals": {
			&types.GrantConstraints{EncryptionContextEquals: pairs, EncryptionContextSubset: none},
			&types.GrantConstraints{EncryptionContextEquals: pairs},
		},
		"subset": {
			&types.GrantConstraints{EncryptionContextEquals: none, EncryptionContextSubset: pairs},
			&types.GrantConstraints{EncryptionContextSubset: pairs},
		},
		"neither": {&types.GrantConstraints{EncryptionContextEquals: none, EncryptionContextSubset: none}, nil},
	} {
		granted := must[*sdk.CreateGrantOutput](t)(client.CreateGrant(ctx, &sdk.CreateGrantInput{
			KeyId: id, GranteePrincipal: ptr(aliceARN), Constraints: tt.sent,
			Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		}))
		listed := must[*sdk.ListGrantsOutput](t)(client.ListGrants(ctx,
			&sdk.ListGrantsInput{KeyId: id, GrantId: granted.GrantId})).Grants
		if diff := cmp.Diff(tt.want, listed[0].Constraints, cmpopts.IgnoreUnexported(types.GrantConstraints{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	_, err := client.CreateGrant(ctx, &sdk.CreateGrantInput{
		KeyId: id, GranteePrincipal: ptr(aliceARN), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		Constraints: &types.GrantConstraints{EncryptionContextEquals: pairs, EncryptionContextSubset: pairs},
	})
	const both = "More than one constraint supplied"
	if fault := new(smithy.GenericAPIError); !errors.As(err, &fault) || fault.Message != both {
		t.Errorf("both: got %v, want %s", err, both)
	}
}

func TestSDKDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, ctx := newClient(t, w), t.Context()
	created := w.create(t, kms.CreateKeyInput{})
	id, alias := &created.KeyID, ptr("alias/orders")
	w.alias(t, *alias, *id)
	deleted := must[*sdk.ScheduleKeyDeletionOutput](t)(client.ScheduleKeyDeletion(ctx,
		&sdk.ScheduleKeyDeletionInput{KeyId: id}))
	if deleted.KeyState != types.KeyStatePendingDeletion || !deleted.DeletionDate.Equal(start.Add(30*day)) {
		t.Errorf("ScheduleKeyDeletion: got %+v", deleted)
	}
	_, err := client.Encrypt(ctx, &sdk.EncryptInput{KeyId: alias, Plaintext: []byte("x")})
	var invalid *types.KMSInvalidStateException
	if !errors.As(err, &invalid) || *invalid.Message != created.ARN+" is pending deletion." {
		t.Errorf("Encrypt: got %v, want KMSInvalidStateException", err)
	}
	w.clock.Advance(30 * day)
	_, err = client.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: id})
	var notFound *types.NotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("DescribeKey: got %v, want NotFoundException", err)
	}
}

// The SDK's paginator follows the markers to the end.
func TestSDKPaginator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want, got []string
	for range 5 {
		want = append(want, w.create(t, kms.CreateKeyInput{}).KeyID)
		w.clock.Advance(time.Second)
	}
	pages := sdk.NewListKeysPaginator(newClient(t, w), &sdk.ListKeysInput{Limit: ptr(int32(2))})
	for pages.HasMorePages() {
		page := must[*sdk.ListKeysOutput](t)(pages.NextPage(t.Context()))
		for _, k := range page.Keys {
			got = append(got, *k.KeyId)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// The table has every operation of the SDK, so that no client meets an unknown one.
func TestSDKOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	have := w.Wire().Operations
	client := reflect.TypeFor[*sdk.Client]()
	for i := range client.NumMethod() {
		name := client.Method(i).Name
		if name == "Options" {
			continue
		}
		if _, found := have[name]; !found {
			t.Errorf("operation %s is not served", name)
		}
		delete(have, name)
	}
	for name := range have {
		t.Errorf("operation %s is not one of the API", name)
	}
}
