package iam_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// decides tells whether p's own policies allow action, on something that has no policy.
func decides(p iam.Principal, action string) bool {
	return policy.Decide(policy.Request{Caller: p.Caller, Action: action, Resource: "*", Policies: p.Policies,
		Context: p.Context}).Allowed
}

func (s *server) principal(c wire.Caller) iam.Principal {
	s.t.Helper()
	p, err := s.Principal(s.t.Context(), c)
	if err != nil {
		s.t.Fatalf("Principal: %v", err)
	}
	return p
}

// TestPrincipalOfUser adds and takes away the kinds of policy a user can have, one at a time.
func TestPrincipalOfUser(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	alice, readers := aws.String("alice"), aws.String("readers")
	made := must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: alice, Path: aws.String("/x/"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}))(t).User
	must(c.CreateGroup(ctx, &iamclient.CreateGroupInput{GroupName: readers}))(t)
	custom := must(c.CreatePolicy(ctx, &iamclient.CreatePolicyInput{PolicyName: aws.String("p"),
		PolicyDocument: aws.String(allowing("qldb:ListLedgers"))}))(t).Policy.Arn
	caller := wire.Caller{Account: account, ARN: *made.Arn, UserID: *made.UserId}
	may := func(when string, want ...bool) {
		t.Helper()
		p := s.principal(caller)
		for i, action := range []string{"kms:ListKeys", "qldb:ListLedgers", "qldb:SendCommand"} {
			if got := decides(p, action); got != want[i] {
				t.Errorf("%s: %s allowed %t, want %t", when, action, got, want[i])
			}
		}
	}
	may("without policies", false, false, false)
	must(c.PutUserPolicy(ctx, &iamclient.PutUserPolicyInput{UserName: alice, PolicyName: aws.String("i"),
		PolicyDocument: aws.String(allowing("kms:ListKeys"))}))(t)
	may("inline", true, false, false)
	must(c.AttachUserPolicy(ctx, &iamclient.AttachUserPolicyInput{UserName: alice, PolicyArn: custom}))(t)
	may("managed", true, true, false)
	must(c.CreatePolicyVersion(ctx, &iamclient.CreatePolicyVersionInput{PolicyArn: custom, SetAsDefault: true,
		PolicyDocument: aws.String(allowing("kms:Decrypt"))}))(t)
	may("another version in force", true, false, false)
	must(c.SetDefaultPolicyVersion(ctx, &iamclient.SetDefaultPolicyVersionInput{PolicyArn: custom,
		VersionId: aws.String("v1")}))(t)
	may("the first version in force", true, true, false)
	must(c.AttachGroupPolicy(ctx, &iamclient.AttachGroupPolicyInput{GroupName: readers,
		PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonQLDBFullAccess")}))(t)
	may("a group without the user", true, true, false)
	must(c.AddUserToGroup(ctx, &iamclient.AddUserToGroupInput{GroupName: readers, UserName: alice}))(t)
	may("in the group", true, true, true)
	must(c.PutUserPermissionsBoundary(ctx, &iamclient.PutUserPermissionsBoundaryInput{UserName: alice,
		PermissionsBoundary: custom}))(t)
	may("with a boundary", false, true, false)
	must(c.DeleteUserPermissionsBoundary(ctx, &iamclient.DeleteUserPermissionsBoundaryInput{UserName: alice}))(t)
	may("without it", true, true, true)

	p := s.principal(caller)
	if got := p.Context["aws:PrincipalTag/team"]; !cmp.Equal(got, []string{"a"}) || p.ID != *made.UserId || p.Temporary {
		t.Errorf("tag %v, id %s, temporary %t", got, p.ID, p.Temporary)
	}
	stranger := caller
	stranger.UserID = "AIDAAAAAAAAAAAAAAAAAA" // the user of that name that there was before
	if p := s.principal(stranger); decides(p, "kms:ListKeys") {
		t.Error("a deleted user has the policies of the one made after it")
	}
	if p := s.principal(iam.Root(account)); !decides(p, "kms:ListKeys") || p.Caller.Kind != policy.RootUser {
		t.Errorf("root: %+v", p)
	}
	if p := s.principal(wire.Caller{Service: "qldb.amazonaws.com"}); p.Caller.Kind != policy.AWSService {
		t.Errorf("service: %+v", p)
	}
}

// TestPrincipalOfSession looks at sessions as Issue made them: limited, of a user, federated, of a role that is gone.
func TestPrincipalOfSession(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	trust := trusting(account)
	role := must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, Path: aws.String("/x/"),
		AssumeRolePolicyDocument: &trust, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}))(t).Role
	admin := aws.String(administrator)
	must(c.AttachRolePolicy(ctx, &iamclient.AttachRolePolicyInput{RoleName: name, PolicyArn: admin}))(t)
	user := must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: aws.String("alice")}))(t).User
	must(c.AttachUserPolicy(ctx, &iamclient.AttachUserPolicyInput{UserName: user.UserName, PolicyArn: admin}))(t)
	now := s.clock.Now()
	ofRole := iam.Session{Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/ledger-reader/s1",
		UserID: *role.RoleId + ":s1", RoleID: *role.RoleId, RoleARN: *role.Arn, Issued: now, Expires: now.Add(time.Hour)}
	limited, tagged, lost := ofRole, ofRole, ofRole
	limited.Policies = []string{allowing("kms:ListKeys")}
	tagged.Tags = map[string]string{"Team": "b"}
	lost.PolicyARNs = []string{"arn:aws:iam::111122223333:policy/deleted"}
	federated := iam.Session{Account: account, ARN: "arn:aws:sts::111122223333:federated-user/bob",
		UserID: account + ":bob", UserARN: *user.Arn, UserUID: *user.UserId, Limited: true, Issued: now,
		Expires: now.Add(time.Hour)}
	allowed := federated
	allowed.Policies = []string{allowing("kms:ListKeys")}
	ofRoot := allowed
	ofRoot.UserARN, ofRoot.UserUID = iam.Root(account).ARN, account
	for what, test := range map[string]struct {
		session     iam.Session
		listKeys    bool
		listLedgers bool
	}{
		"role":                             {ofRole, true, true},
		"role, limited":                    {limited, true, false},
		"role, tagged":                     {tagged, true, true},
		"role, its session policy deleted": {lost, false, false},
		"federated":                        {federated, false, false},
		"federated, allowed":               {allowed, true, false},
		"federated by root":                {ofRoot, true, false},
	} {
		made := must(s.Issue(ctx, test.session))(t)
		p := s.principal(made.Caller)
		if decides(p, "kms:ListKeys") != test.listKeys || decides(p, "qldb:ListLedgers") != test.listLedgers {
			t.Errorf("%s: allowed %t, %t", what, decides(p, "kms:ListKeys"), decides(p, "qldb:ListLedgers"))
		}
		if p.Caller.ARN != test.session.ARN || p.Caller.RoleARN != test.session.RoleARN {
			t.Errorf("%s: caller %+v", what, p.Caller)
		}
		unknown := made.Caller
		unknown.AccessKeyID = "ASIAUNKNOWNUNKNOWN00"
		if p := s.principal(unknown); decides(p, "kms:ListKeys") || len(p.Policies.Session) != 1 {
			t.Errorf("%s: credentials that are not known allow something", what)
		}
	}
	made := must(s.Issue(ctx, tagged))(t)
	if got := s.principal(made.Caller).Tags; !cmp.Equal(got, map[string]string{"Team": "b"}) {
		t.Errorf("tags %v: the session's win over the role's", got)
	}
	got, found, err := s.Lookup(ctx, made.Caller.AccessKeyID)
	if err != nil || !found || got != made {
		t.Errorf("Lookup: %v, %t, %v, want what Issue gave", got, found, err)
	}
	must(c.DetachRolePolicy(ctx, &iamclient.DetachRolePolicyInput{RoleName: name, PolicyArn: admin}))(t)
	must(c.DeleteRole(ctx, &iamclient.DeleteRoleInput{RoleName: name}))(t)
	if decides(s.principal(made.Caller), "kms:ListKeys") {
		t.Error("a session of a deleted role is allowed something")
	}
}

// TestResolve asks who exists.
func TestResolve(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	trust := trusting(account)
	role := must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, Path: aws.String("/x/"),
		AssumeRolePolicyDocument: &trust}))(t).Role
	const at = "arn:aws:iam::111122223333:"
	ids, missing, err := s.Resolve(ctx, *role.Arn, *role.RoleId, account, "*", at+"root", at+"role/ledger-reader",
		at+"user/none", "AROAAAAAAAAAAAAAAAAAA", "arn:aws:iam::444455556666:role/any",
		"arn:aws:sts::111122223333:assumed-role/ledger-reader/s1", "arn:aws:sts::111122223333:assumed-role/none/s1",
		"arn:aws:sts::111122223333:federated-user/bob")
	if err != nil {
		t.Fatalf("Resolve: %v", err)
	}
	wantMissing := []string{at + "role/ledger-reader", at + "user/none", "AROAAAAAAAAAAAAAAAAAA",
		"arn:aws:sts::111122223333:assumed-role/none/s1"}
	if diff := cmp.Diff(wantMissing, missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{*role.Arn: *role.RoleId, *role.RoleId: *role.RoleId}, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if arn, found, err := s.ARN(ctx, *role.RoleId); arn != *role.Arn || !found || err != nil {
		t.Errorf("ARN: %s, %t, %v", arn, found, err)
	}
	if known, err := s.KnowsAccount(ctx, "444455556666"); known || err != nil {
		t.Errorf("KnowsAccount of a foreign one: %t, %v", known, err)
	}
}

// TestSessionsOfUsers may not call IAM; those of roles may.
func TestSessionsOfUsers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	trust, now := trusting(account), s.clock.Now()
	role := must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &trust}))(t).Role
	user := must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: aws.String("alice")}))(t).User
	ofUser := must(s.Issue(ctx, iam.Session{Account: account, ARN: *user.Arn, UserID: *user.UserId, UserARN: *user.Arn,
		UserUID: *user.UserId, Issued: now, Expires: now.Add(time.Hour)}))(t)
	ofRole := must(s.Issue(ctx, iam.Session{Account: account,
		ARN: "arn:aws:sts::111122223333:assumed-role/ledger-reader/s", UserID: *role.RoleId + ":s", RoleID: *role.RoleId,
		RoleARN: *role.Arn, Issued: now, Expires: now.Add(time.Hour)}))(t)
	_, err := s.as(ofUser.Caller.AccessKeyID, ofUser.Secret, ofUser.Token).ListRoles(ctx, &iamclient.ListRolesInput{})
	if got := faultText(err); got != "InvalidClientTokenId: The security token included in the request is invalid" {
		t.Errorf("session of a user: %s", got)
	}
	must(s.as(ofRole.Caller.AccessKeyID, ofRole.Secret, ofRole.Token).ListRoles(ctx, &iamclient.ListRolesInput{}))(t)
}
