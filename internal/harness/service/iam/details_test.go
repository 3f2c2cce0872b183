package iam_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
)

// TestContextKeys has the example of the AWS CLI, and what a user, its group and a role ask for.
//
// Source: AWS CLI, "get-context-keys-for-custom-policy", example 1.
func TestContextKeys(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	const example = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*",
		"Resource":"arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}",
		"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2015-08-16T12:00:00Z"}}}}`
	custom := func(texts ...string) []string {
		t.Helper()
		return must(c.GetContextKeysForCustomPolicy(ctx,
			&iamclient.GetContextKeysForCustomPolicyInput{PolicyInputList: texts}))(t).ContextKeyNames
	}
	asking := func(key, value string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"kms:*","Resource":"*",
			"Condition":{"StringLike":{"` + key + `":"` + value + `"}}}}`
	}
	for name, tt := range map[string]struct{ got, want []string }{
		"the example":  {custom(example), []string{"aws:username", "aws:CurrentTime"}},
		"two policies": {custom(asking("kms:ViaService", "x"), asking("KMS:viaservice", "y")), []string{"kms:ViaService"}},
		"variables": {
			custom(asking("kms:ViaService", "${*}${aws:PrincipalTag/team, 'none'}${aws:userid}")),
			[]string{"kms:ViaService", "aws:PrincipalTag/team", "aws:userid"},
		},
		"none": {custom(allowing("kms:*")), []string{}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}

	user := must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: aws.String("alice")}))(t).User
	must(c.CreateGroup(ctx, &iamclient.CreateGroupInput{GroupName: aws.String("admins")}))(t)
	must(c.AddUserToGroup(ctx, &iamclient.AddUserToGroupInput{
		UserName: user.UserName, GroupName: aws.String("admins"),
	}))(t)
	must(c.PutUserPolicy(ctx, &iamclient.PutUserPolicyInput{
		UserName: user.UserName, PolicyName: aws.String("p"), PolicyDocument: aws.String(asking("aws:SourceIp", "x")),
	}))(t)
	must(c.PutGroupPolicy(ctx, &iamclient.PutGroupPolicyInput{
		GroupName: aws.String("admins"), PolicyName: aws.String("p"),
		PolicyDocument: aws.String(asking("aws:MultiFactorAuthPresent", "true")),
	}))(t)
	in := &iamclient.GetContextKeysForPrincipalPolicyInput{
		PolicySourceArn: user.Arn, PolicyInputList: []string{asking("kms:ViaService", "x")},
	}
	want := []string{"aws:SourceIp", "aws:MultiFactorAuthPresent", "kms:ViaService"}
	got := must(c.GetContextKeysForPrincipalPolicy(ctx, in))(t).ContextKeyNames
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a user (-want +got):\n%s", diff)
	}
	for _, tt := range []struct{ arn, policy, want string }{
		{"arn:aws:iam::" + account + ":user/nobody", allowing("kms:*"), "NoSuchEntity"},
		{"arn:aws:iam::" + foreign + ":user/alice", allowing("kms:*"), "AccessDenied"},
		{*user.Arn, "{}", "InvalidInput"},
	} {
		in.PolicySourceArn, in.PolicyInputList = &tt.arn, []string{tt.policy}
		if _, err := c.GetContextKeysForPrincipalPolicy(ctx, in); !strings.HasPrefix(faultText(err), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.arn, err, tt.want)
		}
	}
}

// TestSimulateCustom: policies are tried that nobody has.
func TestSimulateCustom(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t).root(), t.Context()
	in := &iamclient.SimulateCustomPolicyInput{
		PolicyInputList: []string{allowing("kms:Decrypt")}, ActionNames: []string{"kms:Decrypt", "kms:Encrypt"},
	}
	decisions := func() string {
		var got []string
		for _, r := range must(c.SimulateCustomPolicy(ctx, in))(t).EvaluationResults {
			got = append(got, string(r.EvalDecision))
			for _, m := range r.MatchedStatements {
				got = append(got, *m.SourcePolicyId)
			}
		}
		return strings.Join(got, " ")
	}
	if got, want := decisions(), "allowed PolicyInputList.1 implicitDeny"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	in.PermissionsBoundaryPolicyInputList = []string{allowing("qldb:*")}
	if got := decisions(); strings.Contains(got, "allowed") {
		t.Errorf("within a boundary: got %s, want nothing allowed", got)
	}
	in.PolicyInputList = []string{"{}"}
	if _, err := c.SimulateCustomPolicy(ctx, in); !strings.HasPrefix(faultText(err), "InvalidInput") {
		t.Errorf("no policy: got %v, want InvalidInput", err)
	}
}

// TestSimulatePage: of 25 million answers only those of the page are worked out.
func TestSimulatePage(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t).root(), t.Context()
	in := &iamclient.SimulateCustomPolicyInput{PolicyInputList: []string{allowing("kms:Decrypt")}}
	for i := range 5000 {
		in.ActionNames = append(in.ActionNames, fmt.Sprintf("kms:A%d", i))
		in.ResourceArns = append(in.ResourceArns, fmt.Sprintf("arn:aws:kms:::k/%d", i))
	}
	page := must(c.SimulateCustomPolicy(ctx, in))(t)
	if n := len(page.EvaluationResults); n != 100 || !page.IsTruncated {
		t.Fatalf("got %d answers, truncated %t, want 100 and more", n, page.IsTruncated)
	}
	in.Marker = page.Marker
	next := must(c.SimulateCustomPolicy(ctx, in))(t).EvaluationResults[0]
	if *next.EvalActionName != "kms:A0" || *next.EvalResourceName != "arn:aws:kms:::k/100" {
		t.Errorf("the next page begins with %s on %s", *next.EvalActionName, *next.EvalResourceName)
	}
	for _, marker := range []string{"AAAA", "-", base64.RawURLEncoding.EncodeToString([]byte("-1"))} {
		in.Marker = &marker
		if _, err := c.SimulateCustomPolicy(ctx, in); faultText(err) != "ValidationError: Invalid Marker." {
			t.Errorf("marker %s: got %v", marker, err)
		}
	}
	in.Marker = aws.String(base64.RawURLEncoding.EncodeToString([]byte("99999999")))
	if out := must(c.SimulateCustomPolicy(ctx, in))(t); len(out.EvaluationResults) > 0 || out.IsTruncated {
		t.Errorf("after the end: got %d answers", len(out.EvaluationResults))
	}
}

// TestAccountDetails: one call shows everything that is attached to anything.
func TestAccountDetails(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	name := aws.String
	must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: name("alice"), Tags: []types.Tag{
		{Key: name("team"), Value: name("audit")},
	}}))(t)
	must(c.CreateGroup(ctx, &iamclient.CreateGroupInput{GroupName: name("admins")}))(t)
	must(c.CreateRole(ctx, &iamclient.CreateRoleInput{
		RoleName: name("reader"), AssumeRolePolicyDocument: aws.String(trusting(account)),
	}))(t)
	made := must(c.CreatePolicy(ctx, &iamclient.CreatePolicyInput{
		PolicyName: name("own"), PolicyDocument: aws.String(allowing("kms:*")),
	}))(t).Policy
	must(c.CreatePolicyVersion(ctx, &iamclient.CreatePolicyVersionInput{
		PolicyArn: made.Arn, PolicyDocument: aws.String(allowing("qldb:*")), SetAsDefault: true,
	}))(t)
	must(c.AddUserToGroup(ctx, &iamclient.AddUserToGroupInput{UserName: name("alice"), GroupName: name("admins")}))(t)
	must(c.PutGroupPolicy(ctx, &iamclient.PutGroupPolicyInput{
		GroupName: name("admins"), PolicyName: name("inline"), PolicyDocument: aws.String(allowing("iam:*")),
	}))(t)
	const readOnly = "arn:aws:iam::aws:policy/AmazonQLDBReadOnly"
	must(c.AttachRolePolicy(ctx, &iamclient.AttachRolePolicyInput{
		RoleName: name("reader"), PolicyArn: name(readOnly),
	}))(t)
	must(c.PutUserPermissionsBoundary(ctx, &iamclient.PutUserPermissionsBoundaryInput{
		UserName: name("alice"), PermissionsBoundary: made.Arn,
	}))(t)

	all := must(c.GetAccountAuthorizationDetails(ctx, &iamclient.GetAccountAuthorizationDetailsInput{}))(t)
	if len(all.UserDetailList) != 1 || len(all.GroupDetailList) != 1 || len(all.RoleDetailList) != 1 ||
		len(all.Policies) != 2 || all.IsTruncated {
		t.Fatalf("got %d users, %d groups, %d roles, %d policies", len(all.UserDetailList), len(all.GroupDetailList),
			len(all.RoleDetailList), len(all.Policies))
	}
	alice, admins, reader := all.UserDetailList[0], all.GroupDetailList[0], all.RoleDetailList[0]
	decoded := func(text *string) string {
		plain, err := url.QueryUnescape(aws.ToString(text))
		if err != nil {
			t.Fatal(err)
		}
		return plain
	}
	for what, tt := range map[string]struct{ got, want string }{
		"groups of the user":   {strings.Join(alice.GroupList, " "), "admins"},
		"boundary of the user": {aws.ToString(alice.PermissionsBoundary.PermissionsBoundaryArn), *made.Arn},
		"tag of the user":      {*alice.Tags[0].Key + "=" + *alice.Tags[0].Value, "team=audit"},
		"policy of the group":  {decoded(admins.GroupPolicyList[0].PolicyDocument), allowing("iam:*")},
		"trust of the role":    {decoded(reader.AssumeRolePolicyDocument), trusting(account)},
		"policy of the role":   {*reader.AttachedManagedPolicies[0].PolicyArn, readOnly},
		"policy of AWS":        {*all.Policies[1].Arn + *all.Policies[0].Arn, readOnly + *made.Arn},
		"version in force":     {*all.Policies[0].PolicyVersionList[0].VersionId + *all.Policies[0].DefaultVersionId, "v2v2"},
		"its text":             {decoded(all.Policies[0].PolicyVersionList[0].Document), allowing("qldb:*")},
		"the text before":      {decoded(all.Policies[0].PolicyVersionList[1].Document), allowing("kms:*")},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %s, want %s", what, tt.got, tt.want)
		}
	}

	in := &iamclient.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(2)}
	var pages []int
	for pager := iamclient.NewGetAccountAuthorizationDetailsPaginator(c, in); pager.HasMorePages(); {
		page := must(pager.NextPage(ctx))(t)
		pages = append(pages, len(page.UserDetailList)+len(page.GroupDetailList)+len(page.RoleDetailList)+len(page.Policies))
	}
	if diff := cmp.Diff([]int{2, 2, 1}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	in = &iamclient.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{
		types.EntityTypeRole, types.EntityTypeLocalManagedPolicy,
	}}
	some := must(c.GetAccountAuthorizationDetails(ctx, in))(t)
	if len(some.UserDetailList)+len(some.GroupDetailList) != 0 || len(some.RoleDetailList) != 1 ||
		len(some.Policies) != 1 {
		t.Errorf("filtered: got %d users, %d groups, %d roles, %d policies", len(some.UserDetailList),
			len(some.GroupDetailList), len(some.RoleDetailList), len(some.Policies))
	}
	in.Filter = []types.EntityType{"Robot"}
	if _, err := c.GetAccountAuthorizationDetails(ctx, in); !strings.HasPrefix(faultText(err), "ValidationError") {
		t.Errorf("another filter: got %v, want ValidationError", err)
	}
}

// TestOperationsOfTheSpecification: what Terraform, the CLI and the demo need of IAM is served.
func TestOperationsOfTheSpecification(t *testing.T) {
	t.Parallel()
	served := serve(t).Wire().Operations
	for _, name := range strings.Fields(`
		CreateRole GetRole ListRoles UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole TagRole UntagRole
		ListRoleTags PutRolePermissionsBoundary DeleteRolePermissionsBoundary CreateServiceLinkedRole
		DeleteServiceLinkedRole ListInstanceProfilesForRole
		CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
		ListInstanceProfiles TagInstanceProfile UntagInstanceProfile ListInstanceProfileTags
		PutRolePolicy GetRolePolicy ListRolePolicies DeleteRolePolicy
		CreatePolicy GetPolicy CreatePolicyVersion GetPolicyVersion ListPolicyVersions SetDefaultPolicyVersion
		DeletePolicyVersion DeletePolicy ListPolicies ListEntitiesForPolicy TagPolicy UntagPolicy AttachRolePolicy
		DetachRolePolicy ListAttachedRolePolicies CreateUser GetUser ListUsers UpdateUser DeleteUser TagUser UntagUser
		PutUserPolicy GetUserPolicy ListUserPolicies DeleteUserPolicy AttachUserPolicy DetachUserPolicy
		ListAttachedUserPolicies ListGroupsForUser PutUserPermissionsBoundary DeleteUserPermissionsBoundary
		GetLoginProfile ListMFADevices ListSSHPublicKeys ListServiceSpecificCredentials ListSigningCertificates
		ListVirtualMFADevices CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey GetAccessKeyLastUsed
		CreateGroup GetGroup DeleteGroup AddUserToGroup RemoveUserFromGroup PutGroupPolicy GetGroupPolicy
		ListGroupPolicies DeleteGroupPolicy AttachGroupPolicy DetachGroupPolicy ListAttachedGroupPolicies
		ListAccountAliases GetAccountSummary SimulatePrincipalPolicy GetAccountAuthorizationDetails
		GetContextKeysForPrincipalPolicy`) {
		if op, ok := served[name]; !ok || op.Action != "iam:"+name {
			t.Errorf("%s: served %t, as %s", name, ok, op.Action)
		}
	}
}
