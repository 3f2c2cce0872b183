package iam_test

import (
	"net/url"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const administrator = "arn:aws:iam::aws:policy/AdministratorAccess"

var name = aws.String("ledger-reader")

// TestRoleLife makes a role as Terraform does, changes it, and takes it apart.
func TestRoleLife(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	trust := trusting(account)
	made := must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, Path: aws.String("/ledger/"),
		AssumeRolePolicyDocument: &trust, Description: aws.String("reads"), PermissionsBoundary: aws.String(administrator),
		Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("")}}}))(t)
	role := made.Role
	if !regexp.MustCompile(`^AROA[A-Z2-7]{17}$`).MatchString(*role.RoleId) || role.MaxSessionDuration != nil {
		t.Errorf("created %s with duration %v, want an AROA id and none", *role.RoleId, role.MaxSessionDuration)
	}
	got := must(c.GetRole(ctx, &iamclient.GetRoleInput{RoleName: name}))(t).Role
	document, err := url.QueryUnescape(*got.AssumeRolePolicyDocument)
	if err != nil || document != trust || *got.AssumeRolePolicyDocument == trust {
		t.Errorf("trust policy %s, want %s encoded", *got.AssumeRolePolicyDocument, trust)
	}
	want := &types.Role{Path: aws.String("/ledger/"), RoleName: name, RoleId: role.RoleId,
		Arn:                      aws.String("arn:aws:iam::111122223333:role/ledger/ledger-reader"),
		AssumeRolePolicyDocument: got.AssumeRolePolicyDocument, CreateDate: aws.Time(s.clock.Now()),
		Description: aws.String("reads"), MaxSessionDuration: aws.Int32(3600), RoleLastUsed: &types.RoleLastUsed{},
		PermissionsBoundary: &types.AttachedPermissionsBoundary{PermissionsBoundaryType: "Policy",
			PermissionsBoundaryArn: aws.String(administrator)},
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}, {Key: aws.String("b"), Value: aws.String("2")}}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.Role{}, types.RoleLastUsed{}, types.Tag{},
		types.AttachedPermissionsBoundary{})); diff != "" {
		t.Errorf("role (-want +got):\n%s", diff)
	}

	must(c.UpdateRole(ctx, &iamclient.UpdateRoleInput{RoleName: name, MaxSessionDuration: aws.Int32(7200)}))(t)
	must(c.UpdateRoleDescription(ctx, &iamclient.UpdateRoleDescriptionInput{RoleName: name,
		Description: aws.String("")}))(t)
	must(c.TagRole(ctx, &iamclient.TagRoleInput{RoleName: name,
		Tags: []types.Tag{{Key: aws.String("B"), Value: aws.String("3")}}}))(t)
	must(c.UntagRole(ctx, &iamclient.UntagRoleInput{RoleName: name, TagKeys: []string{"a", "none"}}))(t)
	must(c.PutRolePolicy(ctx, &iamclient.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"),
		PolicyDocument: aws.String(allowing("qldb:SendCommand"))}))(t)
	for range 2 { // attaching again changes nothing
		must(c.AttachRolePolicy(ctx, &iamclient.AttachRolePolicyInput{RoleName: name,
			PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")}))(t)
	}
	got = must(c.GetRole(ctx, &iamclient.GetRoleInput{RoleName: name}))(t).Role
	if *got.MaxSessionDuration != 7200 || got.Description != nil || len(got.Tags) != 1 || *got.Tags[0].Key != "B" {
		t.Errorf("updated role: %v s, description %v, tags %v", got.MaxSessionDuration, got.Description, got.Tags)
	}
	inline := must(c.GetRolePolicy(ctx, &iamclient.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("p")}))(t)
	if text, err := url.QueryUnescape(*inline.PolicyDocument); err != nil || text != allowing("qldb:SendCommand") {
		t.Errorf("inline policy %s, %v", text, err)
	}
	attached := must(c.ListAttachedRolePolicies(ctx, &iamclient.ListAttachedRolePoliciesInput{RoleName: name}))(t)
	if len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "AWSLambdaBasicExecutionRole" {
		t.Errorf("attached %v, want one", attached.AttachedPolicies)
	}

	refused := func(want string) {
		t.Helper()
		_, err := c.DeleteRole(ctx, &iamclient.DeleteRoleInput{RoleName: name})
		if got := faultText(err); got != "DeleteConflict: Cannot delete entity, "+want {
			t.Errorf("DeleteRole: got %s, want %s", got, want)
		}
	}
	refused("must detach all policies first.")
	must(c.DetachRolePolicy(ctx, &iamclient.DetachRolePolicyInput{RoleName: name,
		PolicyArn: attached.AttachedPolicies[0].PolicyArn}))(t)
	refused("must delete policies first.")
	must(c.DeleteRolePolicy(ctx, &iamclient.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("p")}))(t)
	must(c.DeleteRole(ctx, &iamclient.DeleteRoleInput{RoleName: name}))(t)
	if _, found, err := s.ARN(ctx, *role.RoleId); found || err != nil {
		t.Errorf("ARN of the deleted role: found %t, %v", found, err)
	}
	again := must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &trust}))(t)
	if *again.Role.RoleId == *role.RoleId {
		t.Error("a role made anew has the id of the old one")
	}
}

// TestManagedPolicyLife makes versions of a policy, uses it, and counts where.
func TestManagedPolicyLife(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	made := must(c.CreatePolicy(ctx, &iamclient.CreatePolicyInput{PolicyName: aws.String("p"), Path: aws.String("/x/"),
		PolicyDocument: aws.String(allowing("kms:Decrypt"))}))(t).Policy
	arn := made.Arn
	if *arn != "arn:aws:iam::111122223333:policy/x/p" || *made.DefaultVersionId != "v1" || *made.AttachmentCount != 0 {
		t.Errorf("created %s %s", *arn, *made.DefaultVersionId)
	}
	for i, action := range []string{"kms:Encrypt", "kms:Sign", "kms:Verify", "kms:ListKeys"} {
		must(c.CreatePolicyVersion(ctx, &iamclient.CreatePolicyVersionInput{PolicyArn: arn, SetAsDefault: i == 1,
			PolicyDocument: aws.String(allowing(action))}))(t)
	}
	versions := must(c.ListPolicyVersions(ctx, &iamclient.ListPolicyVersionsInput{PolicyArn: arn}))(t).Versions
	var ids []string
	for _, v := range versions {
		ids = append(ids, *v.VersionId)
	}
	if diff := cmp.Diff([]string{"v5", "v4", "v3", "v2", "v1"}, ids); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	v3 := must(c.GetPolicyVersion(ctx, &iamclient.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v3")}))(t)
	if text, _ := url.QueryUnescape(*v3.PolicyVersion.Document); text != allowing("kms:Sign") ||
		!v3.PolicyVersion.IsDefaultVersion {
		t.Errorf("v3 is %s, default %t", text, v3.PolicyVersion.IsDefaultVersion)
	}
	must(c.DeletePolicyVersion(ctx, &iamclient.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v5")}))(t)
	next := must(c.CreatePolicyVersion(ctx, &iamclient.CreatePolicyVersionInput{PolicyArn: arn,
		PolicyDocument: aws.String(allowing("kms:Decrypt"))}))(t)
	if *next.PolicyVersion.VersionId != "v6" {
		t.Errorf("the version after a deleted v5 is %s, want v6", *next.PolicyVersion.VersionId)
	}

	trust := trusting(account)
	must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &trust,
		PermissionsBoundary: arn}))(t)
	must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: aws.String("alice")}))(t)
	must(c.AttachUserPolicy(ctx, &iamclient.AttachUserPolicyInput{UserName: aws.String("alice"), PolicyArn: arn}))(t)
	// A name changes nothing about what is attached.
	must(c.UpdateUser(ctx, &iamclient.UpdateUserInput{UserName: aws.String("alice"), NewUserName: aws.String("bob")}))(t)
	got := must(c.GetPolicy(ctx, &iamclient.GetPolicyInput{PolicyArn: arn}))(t).Policy
	if *got.AttachmentCount != 1 || *got.PermissionsBoundaryUsageCount != 1 || *got.DefaultVersionId != "v3" {
		t.Errorf("attached %d, boundary of %d, default %s", *got.AttachmentCount, *got.PermissionsBoundaryUsageCount,
			*got.DefaultVersionId)
	}
	users := must(c.ListEntitiesForPolicy(ctx, &iamclient.ListEntitiesForPolicyInput{PolicyArn: arn}))(t)
	if len(users.PolicyUsers) != 1 || *users.PolicyUsers[0].UserName != "bob" || len(users.PolicyRoles) != 1 {
		t.Errorf("entities %v %v, want bob and the role", users.PolicyUsers, users.PolicyRoles)
	}
	local := must(c.ListPolicies(ctx, &iamclient.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}))(t)
	all := must(c.ListPolicies(ctx, &iamclient.ListPoliciesInput{}))(t)
	if len(local.Policies) != 1 || len(all.Policies) < 8 {
		t.Errorf("%d local and %d policies", len(local.Policies), len(all.Policies))
	}
	_, err := c.DeletePolicy(ctx, &iamclient.DeletePolicyInput{PolicyArn: arn})
	if got := faultText(err); got != "DeleteConflict: Cannot delete a policy attached to entities." {
		t.Errorf("DeletePolicy: %s", got)
	}
	must(c.DetachUserPolicy(ctx, &iamclient.DetachUserPolicyInput{UserName: aws.String("bob"), PolicyArn: arn}))(t)
	must(c.DeleteRole(ctx, &iamclient.DeleteRoleInput{RoleName: name}))(t)
	for _, v := range []string{"v1", "v2", "v4", "v6"} {
		must(c.DeletePolicyVersion(ctx, &iamclient.DeletePolicyVersionInput{PolicyArn: arn, VersionId: &v}))(t)
	}
	must(c.DeletePolicy(ctx, &iamclient.DeletePolicyInput{PolicyArn: arn}))(t)
}

// TestUserKeys calls with the keys of a user.
func TestUserKeys(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	alice := aws.String("alice")
	must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: alice, Path: aws.String("/staff/")}))(t)
	key := must(c.CreateAccessKey(ctx, &iamclient.CreateAccessKeyInput{UserName: alice}))(t).AccessKey
	mine := s.as(*key.AccessKeyId, *key.SecretAccessKey, "")
	me := must(mine.GetUser(ctx, &iamclient.GetUserInput{}))(t).User
	if *me.Arn != "arn:aws:iam::111122223333:user/staff/alice" {
		t.Errorf("GetUser says the caller is %s", *me.Arn)
	}
	second := must(mine.CreateAccessKey(ctx, &iamclient.CreateAccessKeyInput{}))(t).AccessKey
	if *second.UserName != "alice" {
		t.Errorf("a key for the caller is one of %s", *second.UserName)
	}
	must(c.UpdateUser(ctx, &iamclient.UpdateUserInput{UserName: alice, NewUserName: aws.String("Alice"),
		NewPath: aws.String("/")}))(t)
	me = must(mine.GetUser(ctx, &iamclient.GetUserInput{}))(t).User
	if *me.Arn != "arn:aws:iam::111122223333:user/Alice" {
		t.Errorf("after the rename the caller is %s", *me.Arn)
	}
	keys := must(c.ListAccessKeys(ctx, &iamclient.ListAccessKeysInput{UserName: aws.String("Alice")}))(t)
	if len(keys.AccessKeyMetadata) != 2 {
		t.Errorf("%d keys, want 2", len(keys.AccessKeyMetadata))
	}
	own := must(c.ListAccessKeys(ctx, &iamclient.ListAccessKeysInput{}))(t).AccessKeyMetadata
	if len(own) != 1 || own[0].UserName != nil || *own[0].AccessKeyId == *key.AccessKeyId {
		t.Errorf("keys of the root user %v, want its one", own)
	}
	set := func(status types.StatusType) {
		must(c.UpdateAccessKey(ctx, &iamclient.UpdateAccessKeyInput{UserName: aws.String("Alice"),
			AccessKeyId: key.AccessKeyId, Status: status}))(t)
	}
	set(types.StatusTypeInactive)
	_, err := mine.GetUser(ctx, &iamclient.GetUserInput{})
	if got := faultText(err); got != "InvalidClientTokenId: The security token included in the request is invalid." {
		t.Errorf("inactive key: %s", got)
	}
	set(types.StatusTypeActive)
	must(mine.GetUser(ctx, &iamclient.GetUserInput{}))(t)
	must(c.DeleteAccessKey(ctx, &iamclient.DeleteAccessKeyInput{UserName: aws.String("Alice"),
		AccessKeyId: key.AccessKeyId}))(t)
	if _, err := mine.GetUser(ctx, &iamclient.GetUserInput{}); err == nil {
		t.Error("a deleted key still works")
	}
	_, err = c.DeleteUser(ctx, &iamclient.DeleteUserInput{UserName: aws.String("Alice")})
	if got := faultText(err); got != "DeleteConflict: Cannot delete entity, must remove referenced objects first." {
		t.Errorf("DeleteUser with a key: %s", got)
	}
}

// TestGroups gives a user what its group may.
func TestGroups(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	alice, readers := aws.String("alice"), aws.String("readers")
	must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: alice}))(t)
	must(c.CreateGroup(ctx, &iamclient.CreateGroupInput{GroupName: readers}))(t)
	must(c.PutGroupPolicy(ctx, &iamclient.PutGroupPolicyInput{GroupName: readers, PolicyName: aws.String("p"),
		PolicyDocument: aws.String(allowing("kms:Decrypt"))}))(t)
	must(c.AddUserToGroup(ctx, &iamclient.AddUserToGroupInput{GroupName: readers, UserName: alice}))(t)
	if got := must(c.GetGroup(ctx, &iamclient.GetGroupInput{GroupName: readers}))(t).Users; len(got) != 1 {
		t.Errorf("members %v, want alice", got)
	}
	if got := must(c.ListGroupsForUser(ctx, &iamclient.ListGroupsForUserInput{UserName: alice}))(t).Groups; len(got) != 1 {
		t.Errorf("groups of alice %v, want readers", got)
	}
	_, err := c.DeleteGroup(ctx, &iamclient.DeleteGroupInput{GroupName: readers})
	if got := faultText(err); got != "DeleteConflict: Cannot delete entity, must remove users from group first." {
		t.Errorf("DeleteGroup: %s", got)
	}
	must(c.RemoveUserFromGroup(ctx, &iamclient.RemoveUserFromGroupInput{GroupName: readers, UserName: alice}))(t)
	must(c.DeleteGroupPolicy(ctx, &iamclient.DeleteGroupPolicyInput{GroupName: readers, PolicyName: aws.String("p")}))(t)
	must(c.DeleteGroup(ctx, &iamclient.DeleteGroupInput{GroupName: readers}))(t)
	must(c.DeleteUser(ctx, &iamclient.DeleteUserInput{UserName: alice}))(t)
}

// TestPages walks through a list in pages and gets each item once, also when one goes away in between.
func TestPages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	want := []string{"a", "B", "c", "D", "e"}
	for _, n := range []string{"e", "D", "a", "c", "B"} {
		must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: &n}))(t)
	}
	var got []string
	in := &iamclient.ListUsersInput{MaxItems: aws.Int32(2)}
	for pages := 1; ; pages++ {
		out := must(c.ListUsers(ctx, in))(t)
		for _, u := range out.Users {
			got = append(got, *u.UserName)
		}
		if !out.IsTruncated {
			if pages != 3 || out.Marker != nil {
				t.Errorf("%d pages, last marker %v, want 3 and none", pages, out.Marker)
			}
			break
		}
		if in.Marker = out.Marker; pages == 1 {
			must(c.DeleteUser(ctx, &iamclient.DeleteUserInput{UserName: aws.String("B")}))(t)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	_, err := c.ListUsers(ctx, &iamclient.ListUsersInput{Marker: aws.String("!")})
	if got := faultText(err); got != "ValidationError: Invalid Marker." {
		t.Errorf("bad marker: %s", got)
	}
}

// TestTerraformReads makes the calls with which Terraform looks at and takes apart users and roles.
func TestTerraformReads(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	alice, trust := aws.String("alice"), trusting(account)
	must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: alice}))(t)
	must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &trust}))(t)
	must(c.ListMFADevices(ctx, &iamclient.ListMFADevicesInput{UserName: alice}))(t)
	must(c.ListVirtualMFADevices(ctx, &iamclient.ListVirtualMFADevicesInput{}))(t)
	must(c.ListSSHPublicKeys(ctx, &iamclient.ListSSHPublicKeysInput{UserName: alice}))(t)
	must(c.ListServiceSpecificCredentials(ctx, &iamclient.ListServiceSpecificCredentialsInput{UserName: alice}))(t)
	must(c.ListSigningCertificates(ctx, &iamclient.ListSigningCertificatesInput{UserName: alice}))(t)
	must(c.ListInstanceProfilesForRole(ctx, &iamclient.ListInstanceProfilesForRoleInput{RoleName: name}))(t)
	must(c.ListAccountAliases(ctx, &iamclient.ListAccountAliasesInput{}))(t)
	must(c.ListUserTags(ctx, &iamclient.ListUserTagsInput{UserName: alice}))(t)
	must(c.ListRolePolicies(ctx, &iamclient.ListRolePoliciesInput{RoleName: name}))(t)
	must(c.ListUserPolicies(ctx, &iamclient.ListUserPoliciesInput{UserName: alice}))(t)
	must(c.ListGroups(ctx, &iamclient.ListGroupsInput{}))(t)
	summary := must(c.GetAccountSummary(ctx, &iamclient.GetAccountSummaryInput{}))(t).SummaryMap
	if summary["Users"] != 1 || summary["Roles"] != 1 || summary["AccessKeysPerUserQuota"] != 2 {
		t.Errorf("summary %v", summary)
	}
	roles := must(c.ListRoles(ctx, &iamclient.ListRolesInput{}))(t).Roles
	if len(roles) != 1 || roles[0].AssumeRolePolicyDocument == nil {
		t.Errorf("roles %v", roles)
	}
	linked := must(c.CreateServiceLinkedRole(ctx, &iamclient.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String("autoscaling.amazonaws.com"), CustomSuffix: aws.String("x")}))(t).Role
	if *linked.Arn != "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/"+
		"AWSServiceRoleForAutoScaling_x" {
		t.Errorf("linked role %s", *linked.Arn)
	}
	task := must(c.DeleteServiceLinkedRole(ctx, &iamclient.DeleteServiceLinkedRoleInput{RoleName: linked.RoleName}))(t)
	status := must(c.GetServiceLinkedRoleDeletionStatus(ctx, &iamclient.GetServiceLinkedRoleDeletionStatusInput{
		DeletionTaskId: task.DeletionTaskId}))(t)
	if status.Status != types.DeletionTaskStatusTypeSucceeded {
		t.Errorf("deletion is %s", status.Status)
	}
}
