package harness_test

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/google/go-cmp/cmp"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
)

// The AWS provider makes these calls, in this order: what is seen here was recorded from release 1.60.0 against the
// harness and extended by what later releases do.
//
// Source: hashicorp/terraform-provider-aws, internal/service/iam/role.go, role_policy.go; internal/service/kms/key.go,
// alias.go; internal/service/qldb/ledger.go.

// awsProvider is what the AWS provider holds: one client per service.
type awsProvider struct {
	t       *testing.T
	iam     *iam.Client
	kms     *kms.Client
	qldb    *qldb.Client
	advance func(time.Duration)
}

func newAWSProvider(t *testing.T) awsProvider {
	t.Helper()
	h, server := open(t, config(t.TempDir()))
	cfg := sdk(h, server, "eu-west-2")
	t.Cleanup(func() {
		for _, call := range h.Recorder().Calls(0) {
			if call.Operation == "" {
				t.Errorf("a call that the harness does not know: %s", call.ErrorCode)
			}
		}
	})
	return awsProvider{t, iam.NewFromConfig(cfg), kms.NewFromConfig(cfg), qldb.NewFromConfig(cfg),
		func(d time.Duration) { t.Helper(); advance(t, h, d) }}
}

// answered fails the test when a call was refused.
func answered[T any](t *testing.T, out T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// articleRole is one of the two roles of the article: its policies are JSON.
type articleRole struct{ Name, Trust, Policy string }

func articleRoles(t *testing.T) []articleRole {
	t.Helper()
	read := func(name string) string {
		raw, err := os.ReadFile("../../examples/lambda-app/record/roles/" + name)
		return string(answered(t, raw, err))
	}
	return []articleRole{
		{"qldb-kms-create-record-role", read("trust.json"), read("create-record.json")},
		{"qldb-kms-get-record-role", read("trust.json"), read("get-record.json")},
	}
}

// roleState is aws_iam_role with its aws_iam_role_policy and attachments, as a state has them.
type roleState struct {
	ARN, Description, Boundary, Trust, Inline string
	MaxSession                                int32
	Managed                                   []string
	Tags                                      map[string]string
}

func (p awsProvider) createRole(role articleRole, tags map[string]string) {
	p.t.Helper()
	answered(p.t, role, failed(p.iam.CreateRole(p.t.Context(), &iam.CreateRoleInput{
		RoleName: &role.Name, AssumeRolePolicyDocument: &role.Trust, Path: aws.String("/"), Tags: iamTags(tags),
		MaxSessionDuration: aws.Int32(3600),
	})))
	answered(p.t, role, failed(p.iam.PutRolePolicy(p.t.Context(), &iam.PutRolePolicyInput{
		RoleName: &role.Name, PolicyName: aws.String("record"), PolicyDocument: &role.Policy,
	})))
}

func iamTags(tags map[string]string) (list []iamtypes.Tag) {
	for name, value := range tags {
		list = append(list, iamtypes.Tag{Key: aws.String(name), Value: aws.String(value)})
	}
	return list
}

// readRole is how the provider refreshes a role.
func (p awsProvider) readRole(name string) roleState {
	p.t.Helper()
	ctx := p.t.Context()
	out, err := p.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	role := answered(p.t, out, err).Role
	state := roleState{ARN: *role.Arn, Description: aws.ToString(role.Description), MaxSession: *role.MaxSessionDuration,
		Trust: p.document(role.AssumeRolePolicyDocument)}
	if role.PermissionsBoundary != nil {
		state.Boundary = *role.PermissionsBoundary.PermissionsBoundaryArn
	}
	for _, tag := range role.Tags {
		if state.Tags == nil {
			state.Tags = map[string]string{}
		}
		state.Tags[*tag.Key] = *tag.Value
	}
	inline := iam.NewListRolePoliciesPaginator(p.iam, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		for _, policy := range answered(p.t, page, err).PolicyNames {
			out, err := p.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
			state.Inline += p.document(answered(p.t, out, err).PolicyDocument)
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(p.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		for _, policy := range answered(p.t, page, err).AttachedPolicies {
			state.Managed = append(state.Managed, *policy.PolicyArn)
		}
	}
	return state
}

// document decodes a policy as the provider does.
func (p awsProvider) document(encoded *string) string {
	p.t.Helper()
	text, err := url.QueryUnescape(*encoded)
	return answered(p.t, text, err)
}

// deleteRole is destroy, with force_detach_policies.
func (p awsProvider) deleteRole(name string) {
	p.t.Helper()
	ctx := p.t.Context()
	profiles, err := p.iam.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: &name})
	for _, profile := range answered(p.t, profiles, err).InstanceProfiles {
		out, err := p.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{
			InstanceProfileName: profile.InstanceProfileName, RoleName: &name,
		})
		answered(p.t, out, err)
	}
	for _, arn := range p.readRole(name).Managed {
		out, err := p.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: &arn})
		answered(p.t, out, err)
	}
	answered(p.t, name, failed(p.iam.DeleteRolePolicy(ctx,
		&iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: aws.String("record")})))
	answered(p.t, name, failed(p.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})))
	if _, err := p.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name}); !strings.HasPrefix(said(err), "NoSuchEntity: ") {
		p.t.Errorf("role %s after destroy: %s, want NoSuchEntity", name, said(err))
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestAWSProviderRoles applies, plans, changes and destroys the two roles of the article.
func TestAWSProviderRoles(t *testing.T) {
	t.Parallel()
	p := newAWSProvider(t)
	ctx := t.Context()
	for _, role := range articleRoles(t) {
		p.createRole(role, map[string]string{"owner": "records"})
		want := roleState{ARN: "arn:aws:iam::" + account + ":role/" + role.Name, Trust: role.Trust, Inline: role.Policy,
			MaxSession: 3600, Tags: map[string]string{"owner": "records"}}
		same(t, role.Name+", planned again", want, p.readRole(role.Name))

		boundary := allowed("qldb:*", "*")
		made, err := p.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("b-" + role.Name),
			PolicyDocument: &boundary, Path: aws.String("/")})
		bound := answered(t, made, err).Policy.Arn
		want.Trust = strings.ReplaceAll(role.Trust, "lambda", "ecs-tasks")
		for what, err := range map[string]error{
			"UpdateAssumeRolePolicy": failed(p.iam.UpdateAssumeRolePolicy(ctx,
				&iam.UpdateAssumeRolePolicyInput{RoleName: &role.Name, PolicyDocument: &want.Trust})),
			"UpdateRoleDescription": failed(p.iam.UpdateRoleDescription(ctx,
				&iam.UpdateRoleDescriptionInput{RoleName: &role.Name, Description: aws.String("records")})),
			"UpdateRole": failed(p.iam.UpdateRole(ctx,
				&iam.UpdateRoleInput{RoleName: &role.Name, MaxSessionDuration: aws.Int32(7200)})),
			"PutRolePermissionsBoundary": failed(p.iam.PutRolePermissionsBoundary(ctx,
				&iam.PutRolePermissionsBoundaryInput{RoleName: &role.Name, PermissionsBoundary: bound})),
			"AttachRolePolicy": failed(p.iam.AttachRolePolicy(ctx,
				&iam.AttachRolePolicyInput{RoleName: &role.Name, PolicyArn: bound})),
			"TagRole": failed(p.iam.TagRole(ctx,
				&iam.TagRoleInput{RoleName: &role.Name, Tags: iamTags(map[string]string{"stage": "poc"})})),
			"UntagRole": failed(p.iam.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &role.Name, TagKeys: []string{"owner"}})),
		} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		want.Description, want.MaxSession, want.Boundary = "records", 7200, *bound
		want.Managed, want.Tags = []string{*bound}, map[string]string{"stage": "poc"}
		same(t, role.Name+", changed", want, p.readRole(role.Name))
		p.deleteRole(role.Name)
	}
}

func failed[T any](_ T, err error) error { return err }

// TestAWSProviderLedger does the same with the article's key, alias and ledger.
func TestAWSProviderLedger(t *testing.T) {
	t.Parallel()
	p := newAWSProvider(t)
	ctx := t.Context()
	var readers []string
	for _, role := range articleRoles(t) {
		p.createRole(role, nil)
		readers = append(readers, `"arn:aws:iam::`+account+`:role/`+role.Name+`"`)
	}
	policy := keyPolicy(throughQLDB, `{"Effect":"Allow","Principal":{"AWS":[`+strings.Join(readers, ",")+`]},
		"Action":"kms:Decrypt","Resource":"*"}`)
	first, second := p.createKey(policy), p.createKey(policy)
	alias := aws.String("alias/qldb-kms-poc")
	answered(t, alias, failed(p.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: alias, TargetKeyId: first})))

	name, tags := aws.String("qldb-kms-ledger-poc"), map[string]string{"name": "qldb-kms-ledger"}
	created, err := p.qldb.CreateLedger(ctx, &qldb.CreateLedgerInput{
		Name: name, PermissionsMode: types.PermissionsModeStandard, DeletionProtection: aws.Bool(false), KmsKey: first,
		Tags: aws.StringMap(tags),
	})
	arn := answered(t, created, err).Arn
	p.advance(10 * time.Second) // in which the provider asks DescribeLedger
	want := ledgerState{types.LedgerStateActive, *arn, *first, types.PermissionsModeStandard, false, tags}
	same(t, "planned again", want, p.readLedger(name))

	for what, err := range map[string]error{
		"UpdateLedgerPermissionsMode": failed(p.qldb.UpdateLedgerPermissionsMode(ctx,
			&qldb.UpdateLedgerPermissionsModeInput{Name: name, PermissionsMode: types.PermissionsModeAllowAll})),
		"UpdateLedger": failed(p.qldb.UpdateLedger(ctx,
			&qldb.UpdateLedgerInput{Name: name, DeletionProtection: aws.Bool(false), KmsKey: second})),
		"UntagResource": failed(p.qldb.UntagResource(ctx,
			&qldb.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"name"}})),
		"TagResource": failed(p.qldb.TagResource(ctx,
			&qldb.TagResourceInput{ResourceArn: arn, Tags: aws.StringMap(map[string]string{"stage": "poc"})})),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The provider does not wait for a key change: it reads the new key at once.
	want.Key, want.Mode, want.Tags = *second, types.PermissionsModeAllowAll, map[string]string{"stage": "poc"}
	same(t, "changed", want, p.readLedger(name))
	p.advance(time.Hour)

	deleted, err := p.qldb.DeleteLedger(ctx, &qldb.DeleteLedgerInput{Name: name})
	answered(t, deleted, err)
	p.advance(time.Minute)
	_, err = p.qldb.DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: name})
	if !strings.HasPrefix(said(err), "ResourceNotFoundException: ") {
		t.Errorf("ledger after destroy: %s, want ResourceNotFoundException", said(err))
	}
	answered(t, alias, failed(p.kms.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: alias})))
	for _, key := range []*string{first, second} {
		out, err := p.kms.ScheduleKeyDeletion(ctx,
			&kms.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: aws.Int32(7)})
		if state := answered(t, out, err).KeyState; state != kmstypes.KeyStatePendingDeletion {
			t.Errorf("key after destroy: %s", state)
		}
	}
}

// createKey makes an aws_kms_key with rotation and reads it as the provider does.
func (p awsProvider) createKey(policy string) (arn *string) {
	p.t.Helper()
	ctx := p.t.Context()
	tag := kmstypes.Tag{TagKey: aws.String("name"), TagValue: aws.String("qldb-kms")}
	out, err := p.kms.CreateKey(ctx, &kms.CreateKeyInput{
		CustomerMasterKeySpec: kmstypes.CustomerMasterKeySpecSymmetricDefault, KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt,
		Policy: &policy, Tags: []kmstypes.Tag{tag},
	})
	id := answered(p.t, out, err).KeyMetadata.KeyId
	answered(p.t, id, failed(p.kms.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: id})))
	described, err := p.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
	arn = answered(p.t, described, err).KeyMetadata.Arn
	kept, err := p.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: id, PolicyName: aws.String("default")})
	same(p.t, "key policy", policy, *answered(p.t, kept, err).Policy)
	rotation, err := p.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: id})
	if r := answered(p.t, rotation, err); !r.KeyRotationEnabled || aws.ToInt32(r.RotationPeriodInDays) != 365 {
		p.t.Errorf("rotation: got %t every %d days", r.KeyRotationEnabled, aws.ToInt32(r.RotationPeriodInDays))
	}
	tags, err := p.kms.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: id})
	if got := answered(p.t, tags, err).Tags; len(got) != 1 || *got[0].TagKey != "name" {
		p.t.Errorf("tags of the key: %v", got)
	}
	return arn
}

// ledgerState is aws_qldb_ledger as a state has it.
type ledgerState struct {
	State      types.LedgerState
	ARN, Key   string
	Mode       types.PermissionsMode
	Protection bool
	Tags       map[string]string
}

func (p awsProvider) readLedger(name *string) ledgerState {
	p.t.Helper()
	out, err := p.qldb.DescribeLedger(p.t.Context(), &qldb.DescribeLedgerInput{Name: name})
	l := answered(p.t, out, err)
	tags, err := p.qldb.ListTagsForResource(p.t.Context(), &qldb.ListTagsForResourceInput{ResourceArn: l.Arn})
	return ledgerState{l.State, *l.Arn, *l.EncryptionDescription.KmsKeyArn, l.PermissionsMode, *l.DeletionProtection,
		aws.ToStringMap(answered(p.t, tags, err).Tags)}
}

// TestAWSProviderStart is how the AWS provider finds its credentials and its account, with the library it does that
// with: it assumes the role of its provider block and asks who it is.
func TestAWSProviderStart(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account +
		`:user/dev"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"x-1"}}}]}`
	answered(t, c, failed(iam.NewFromConfig(c.root()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("terraform"), AssumeRolePolicyDocument: &trust})))
	for externalID, want := range map[string]string{"x-1": account, "x-2": ""} {
		base := &awsbase.Config{
			APNInfo: &awsbase.APNInfo{PartnerName: "test"}, Region: "eu-west-2", MaxRetries: 1,
			AccessKey: devKey, SecretKey: devSecret, StsEndpoint: c.server.URL, IamEndpoint: c.server.URL,
			AssumeRole: []awsbase.AssumeRole{{RoleARN: "arn:aws:iam::" + account + ":role/terraform",
				SessionName: "terraform", ExternalID: externalID, Tags: map[string]string{"stage": "poc"}}},
			SharedConfigFiles: []string{t.TempDir() + "/none"}, SharedCredentialsFiles: []string{t.TempDir() + "/none"},
			SuppressDebugLog: true,
		}
		ctx, cfg, diags := awsbase.GetAwsConfig(t.Context(), base)
		if want == "" {
			if !diags.HasError() {
				t.Errorf("external id %s: assumed", externalID)
			}
			continue
		}
		if diags.HasError() {
			t.Fatalf("external id %s: %v", externalID, diags)
		}
		got, partition, diags := awsbase.GetAwsAccountIDAndPartition(ctx, cfg, base)
		if diags.HasError() || got != want || partition != "aws" {
			t.Errorf("account %s in %s, %v, want %s in aws", got, partition, diags, want)
		}
	}
}
