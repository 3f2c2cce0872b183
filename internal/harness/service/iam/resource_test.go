package iam_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// resources are what operations act on when they name a role, a user, a group and a policy all at once: a name that
// does not belong to the operation must not change what is authorised.
//
// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".
var resources = map[string]string{
	"role/x/r": `CreateRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole TagRole
		UntagRole ListRoleTags PutRolePolicy GetRolePolicy ListRolePolicies DeleteRolePolicy AttachRolePolicy
		DetachRolePolicy ListAttachedRolePolicies PutRolePermissionsBoundary DeleteRolePermissionsBoundary
		DeleteServiceLinkedRole ListInstanceProfilesForRole`,
	"instance-profile/x/i": `CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile
		RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile ListInstanceProfileTags`,
	"user/x/u": `CreateUser GetUser UpdateUser DeleteUser TagUser UntagUser ListUserTags PutUserPolicy GetUserPolicy
		ListUserPolicies DeleteUserPolicy AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies ListGroupsForUser
		GetLoginProfile DeleteLoginProfile PutUserPermissionsBoundary DeleteUserPermissionsBoundary ListMFADevices
		ListSSHPublicKeys
		ListServiceSpecificCredentials ListSigningCertificates CreateAccessKey ListAccessKeys UpdateAccessKey
		DeleteAccessKey`,
	"group/x/g": `CreateGroup GetGroup UpdateGroup DeleteGroup AddUserToGroup RemoveUserFromGroup PutGroupPolicy
		GetGroupPolicy ListGroupPolicies DeleteGroupPolicy AttachGroupPolicy DetachGroupPolicy
		ListAttachedGroupPolicies`,
	"policy/x/p": `CreatePolicy GetPolicy ListEntitiesForPolicy DeletePolicy CreatePolicyVersion GetPolicyVersion
		ListPolicyVersions SetDefaultPolicyVersion DeletePolicyVersion TagPolicy UntagPolicy ListPolicyTags`,
	"": `ListRoles ListUsers ListGroups ListPolicies ListAccountAliases ListOpenIDConnectProviders ListSAMLProviders
		ListVirtualMFADevices GetAccountSummary GetAccessKeyLastUsed GetServiceLinkedRoleDeletionStatus
		GetAccountAuthorizationDetails GetContextKeysForCustomPolicy SimulateCustomPolicy ListInstanceProfiles`,
	"role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS": `CreateServiceLinkedRole`,
	"user/x/simulated": `SimulatePrincipalPolicy GetContextKeysForPrincipalPolicy`,
}

const at = "arn:aws:iam::111122223333:"

func TestResource(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	trust, path := trusting(account), aws.String("/x/")
	must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: aws.String("u"), Path: path}))(t)
	must(c.CreateGroup(ctx, &iamclient.CreateGroupInput{GroupName: aws.String("g"), Path: path}))(t)
	must(c.CreateInstanceProfile(ctx, &iamclient.CreateInstanceProfileInput{InstanceProfileName: aws.String("i"),
		Path: path}))(t)
	must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: aws.String("r"), Path: path,
		AssumeRolePolicyDocument: &trust, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}))(t)
	want := map[string]string{}
	for resource, operations := range resources {
		for op := range strings.FieldsSeq(operations) {
			if want[op] = at + resource; resource == "" {
				want[op] = "*"
			}
		}
	}
	got := map[string]string{}
	for name, op := range s.Wire().Operations {
		in := op.NewInput()
		fill(reflect.ValueOf(in).Elem())
		call := &wire.Call{Operation: name, Caller: wire.Caller{Account: account, ARN: at + "root"}}
		arn, keys, err := s.Resource(ctx, call, in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got[name] = arn
		if name == "GetRole" && !cmp.Equal(keys["aws:ResourceTag/team"], []string{"a"}) {
			t.Errorf("GetRole: keys %v, want the role's tag", keys)
		}
		if name == "AttachUserPolicy" && !cmp.Equal(keys["iam:PolicyARN"], []string{at + "policy/x/p"}) {
			t.Errorf("AttachUserPolicy: keys %v, want the policy", keys)
		}
		if op.Action != "iam:"+name {
			t.Errorf("%s needs %s", name, op.Action)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	call := &wire.Call{Operation: "GetUser", Caller: wire.Caller{Account: account, ARN: at + "user/x/u"}}
	arn, _, err := s.Resource(ctx, call, s.Wire().Operations["GetUser"].NewInput())
	if arn != at+"user/x/u" || err != nil {
		t.Errorf("GetUser without a name: %s, %v, want the caller", arn, err)
	}
}

// fill sets the names an input has.
func fill(in reflect.Value) {
	for name, value := range map[string]string{"UserName": "u", "GroupName": "g", "RoleName": "r", "PolicyName": "p",
		"InstanceProfileName": "i",
		"PolicyARN":           at + "policy/x/p", "Path": "/x/", "AWSServiceName": "rds.amazonaws.com",
		"PolicySourceARN": at + "user/x/simulated"} {
		if f := in.FieldByName(name); f.IsValid() {
			f.SetString(value)
		}
	}
}
