package iam_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const faultsFile = "testdata/faults.txt"

// attempt is a call that is refused.
type attempt struct {
	name string
	call func() error
}

// TestFaults compares the words of refusals with testdata/faults.txt, which is read and changed on purpose only.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.root()
	populate(t, c)
	var b strings.Builder
	for _, group := range [][]attempt{missing(t, c), taken(t, c), limits(t, c), badInput(t, c), documents(t, c)} {
		for _, a := range group {
			err := a.call()
			if err == nil {
				t.Errorf("%s is not refused", a.name)
				continue
			}
			fmt.Fprintf(&b, "%s\n    %s\n", a.name, faultText(err))
		}
	}
	if *update {
		if err := os.WriteFile(faultsFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(faultsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

const customer = "arn:aws:iam::111122223333:policy/Taken"

// populate makes a user, a role, a group and a policy of the name Taken, and fills them up.
func populate(t *testing.T, c *iamclient.Client) {
	t.Helper()
	ctx, taken, trust := t.Context(), aws.String("Taken"), trusting(account)
	must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: taken}))(t)
	must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: taken, AssumeRolePolicyDocument: &trust}))(t)
	must(c.CreateGroup(ctx, &iamclient.CreateGroupInput{GroupName: taken}))(t)
	must(c.CreatePolicy(ctx, &iamclient.CreatePolicyInput{PolicyName: taken,
		PolicyDocument: aws.String(allowing("kms:*"))}))(t)
	for range 4 {
		must(c.CreatePolicyVersion(ctx, &iamclient.CreatePolicyVersionInput{PolicyArn: aws.String(customer),
			PolicyDocument: aws.String(allowing("kms:*"))}))(t)
	}
	for range 2 {
		must(c.CreateAccessKey(ctx, &iamclient.CreateAccessKeyInput{UserName: taken}))(t)
	}
	for i := range 10 {
		p := must(c.CreatePolicy(ctx, &iamclient.CreatePolicyInput{PolicyName: aws.String(fmt.Sprint("p", i)),
			PolicyDocument: aws.String(allowing("kms:*"))}))(t)
		must(c.AttachRolePolicy(ctx, &iamclient.AttachRolePolicyInput{RoleName: taken, PolicyArn: p.Policy.Arn}))(t)
	}
	must(c.CreateServiceLinkedRole(ctx, &iamclient.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String("rds.amazonaws.com")}))(t)
}

func missing(t *testing.T, c *iamclient.Client) []attempt {
	ctx, none, taken := t.Context(), aws.String("none"), aws.String("Taken")
	nonePolicy := aws.String("arn:aws:iam::111122223333:policy/none")
	return []attempt{
		{"GetRole none", func() error {
			_, err := c.GetRole(ctx, &iamclient.GetRoleInput{RoleName: none})
			return err
		}},
		{"GetRole in another case", func() error {
			_, err := c.GetRole(ctx, &iamclient.GetRoleInput{RoleName: aws.String("taken")})
			return err
		}},
		{"GetUser none", func() error {
			_, err := c.GetUser(ctx, &iamclient.GetUserInput{UserName: none})
			return err
		}},
		{"GetGroup none", func() error {
			_, err := c.GetGroup(ctx, &iamclient.GetGroupInput{GroupName: none})
			return err
		}},
		{"GetRolePolicy none", func() error {
			_, err := c.GetRolePolicy(ctx, &iamclient.GetRolePolicyInput{RoleName: taken, PolicyName: none})
			return err
		}},
		{"DeleteUserPolicy none", func() error {
			_, err := c.DeleteUserPolicy(ctx, &iamclient.DeleteUserPolicyInput{UserName: taken, PolicyName: none})
			return err
		}},
		{"GetPolicy none", func() error {
			_, err := c.GetPolicy(ctx, &iamclient.GetPolicyInput{PolicyArn: nonePolicy})
			return err
		}},
		{"GetPolicyVersion none", func() error {
			_, err := c.GetPolicyVersion(ctx, &iamclient.GetPolicyVersionInput{PolicyArn: aws.String(customer),
				VersionId: aws.String("v9")})
			return err
		}},
		{"AttachRolePolicy none", func() error {
			_, err := c.AttachRolePolicy(ctx, &iamclient.AttachRolePolicyInput{RoleName: taken, PolicyArn: nonePolicy})
			return err
		}},
		{"DetachUserPolicy not attached", func() error {
			_, err := c.DetachUserPolicy(ctx, &iamclient.DetachUserPolicyInput{UserName: taken,
				PolicyArn: aws.String(customer)})
			return err
		}},
		{"PutRolePermissionsBoundary none", func() error {
			_, err := c.PutRolePermissionsBoundary(ctx, &iamclient.PutRolePermissionsBoundaryInput{RoleName: taken,
				PermissionsBoundary: nonePolicy})
			return err
		}},
		{"DeleteUserPermissionsBoundary without", func() error {
			_, err := c.DeleteUserPermissionsBoundary(ctx, &iamclient.DeleteUserPermissionsBoundaryInput{UserName: taken})
			return err
		}},
		{"GetLoginProfile", func() error {
			_, err := c.GetLoginProfile(ctx, &iamclient.GetLoginProfileInput{UserName: taken})
			return err
		}},
		{"DeleteLoginProfile", func() error {
			_, err := c.DeleteLoginProfile(ctx, &iamclient.DeleteLoginProfileInput{UserName: taken})
			return err
		}},
		{"DeleteAccessKey none", func() error {
			_, err := c.DeleteAccessKey(ctx, &iamclient.DeleteAccessKeyInput{UserName: taken,
				AccessKeyId: aws.String("AKIANONENONENONENONE")})
			return err
		}},
		{"GetAccessKeyLastUsed none", func() error {
			_, err := c.GetAccessKeyLastUsed(ctx, &iamclient.GetAccessKeyLastUsedInput{
				AccessKeyId: aws.String("AKIANONENONENONENONE")})
			return err
		}},
	}
}

func taken(t *testing.T, c *iamclient.Client) []attempt {
	ctx, name, trust := t.Context(), aws.String("tAKEN"), trusting(account)
	return []attempt{
		{"CreateRole taken", func() error {
			_, err := c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &trust})
			return err
		}},
		{"CreateUser taken", func() error {
			_, err := c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: name})
			return err
		}},
		{"CreateGroup taken", func() error {
			_, err := c.CreateGroup(ctx, &iamclient.CreateGroupInput{GroupName: name})
			return err
		}},
		{"CreatePolicy taken", func() error {
			_, err := c.CreatePolicy(ctx, &iamclient.CreatePolicyInput{PolicyName: name,
				PolicyDocument: aws.String(allowing("kms:*"))})
			return err
		}},
		{"DeletePolicy with versions", func() error {
			_, err := c.DeletePolicy(ctx, &iamclient.DeletePolicyInput{PolicyArn: aws.String(customer)})
			return err
		}},
		{"DeletePolicyVersion in force", func() error {
			_, err := c.DeletePolicyVersion(ctx, &iamclient.DeletePolicyVersionInput{PolicyArn: aws.String(customer),
				VersionId: aws.String("v1")})
			return err
		}},
		{"CreateServiceLinkedRole taken", func() error {
			_, err := c.CreateServiceLinkedRole(ctx, &iamclient.CreateServiceLinkedRoleInput{
				AWSServiceName: aws.String("rds.amazonaws.com")})
			return err
		}},
		{"CreateServiceLinkedRole with a suffix", func() error {
			_, err := c.CreateServiceLinkedRole(ctx, &iamclient.CreateServiceLinkedRoleInput{
				AWSServiceName: aws.String("rds.amazonaws.com"), CustomSuffix: aws.String("x")})
			return err
		}},
		{"CreateServiceLinkedRole for QLDB", func() error {
			_, err := c.CreateServiceLinkedRole(ctx, &iamclient.CreateServiceLinkedRoleInput{
				AWSServiceName: aws.String("qldb.amazonaws.com")})
			return err
		}},
		{"DeleteRole linked to a service", func() error {
			_, err := c.DeleteRole(ctx, &iamclient.DeleteRoleInput{RoleName: aws.String("AWSServiceRoleForRDS")})
			return err
		}},
	}
}

func limits(t *testing.T, c *iamclient.Client) []attempt {
	ctx, name, trust := t.Context(), aws.String("Taken"), trusting(account)
	long := func(n int) *string {
		return aws.String(strings.Replace(allowing("kms:"+strings.Repeat("x", n)), "{", "{  \n", 1))
	}
	put := func(n int) error {
		_, err := c.PutUserPolicy(ctx, &iamclient.PutUserPolicyInput{UserName: name, PolicyName: aws.String("p"),
			PolicyDocument: long(n)})
		return err
	}
	if n := 2048 - len(allowing("kms:")); put(n) != nil {
		t.Errorf("a policy of 2048 characters, white space aside, is refused: %v", put(n))
	}
	return []attempt{
		{"PutUserPolicy too long", func() error { return put(2049 - len(allowing("kms:"))) }},
		{"PutUserPolicy too long with the other one", func() error {
			_, err := c.PutUserPolicy(ctx, &iamclient.PutUserPolicyInput{UserName: name, PolicyName: aws.String("q"),
				PolicyDocument: long(1)})
			return err
		}},
		{"PutRolePolicy too long", func() error {
			_, err := c.PutRolePolicy(ctx, &iamclient.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"),
				PolicyDocument: long(10240)})
			return err
		}},
		{"CreatePolicy too long", func() error {
			_, err := c.CreatePolicy(ctx, &iamclient.CreatePolicyInput{PolicyName: aws.String("x"),
				PolicyDocument: long(6144)})
			return err
		}},
		{"CreateRole with a long trust policy", func() error {
			text := strings.Replace(trust, `"sts:AssumeRole"`, `"sts:AssumeRole`+strings.Repeat("x", 2048)+`"`, 1)
			_, err := c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: &text})
			return err
		}},
		{"CreatePolicyVersion the sixth", func() error {
			_, err := c.CreatePolicyVersion(ctx, &iamclient.CreatePolicyVersionInput{PolicyArn: aws.String(customer),
				PolicyDocument: aws.String(allowing("kms:*"))})
			return err
		}},
		{"CreateAccessKey the third", func() error {
			_, err := c.CreateAccessKey(ctx, &iamclient.CreateAccessKeyInput{UserName: name})
			return err
		}},
		{"AttachRolePolicy the eleventh", func() error {
			_, err := c.AttachRolePolicy(ctx, &iamclient.AttachRolePolicyInput{RoleName: name,
				PolicyArn: aws.String(customer)})
			return err
		}},
	}
}

func badInput(t *testing.T, c *iamclient.Client) []attempt {
	ctx, name, trust := t.Context(), aws.String("Taken"), trusting(account)
	attach := func(arn string) func() error {
		return func() error {
			_, err := c.AttachRolePolicy(ctx, &iamclient.AttachRolePolicyInput{RoleName: name, PolicyArn: &arn})
			return err
		}
	}
	tag := func(tags ...string) func() error {
		return func() error {
			in := &iamclient.TagRoleInput{RoleName: name}
			for _, key := range tags {
				in.Tags = append(in.Tags, types.Tag{Key: &key, Value: aws.String("x")})
			}
			_, err := c.TagRole(ctx, in)
			return err
		}
	}
	create := func(in iamclient.CreateRoleInput) func() error {
		return func() error {
			in.AssumeRolePolicyDocument = &trust
			_, err := c.CreateRole(ctx, &in)
			return err
		}
	}
	var many []string
	for i := range 51 {
		many = append(many, fmt.Sprint("k", i))
	}
	return []attempt{
		{"attach no ARN", attach("this is no ARN at all")},
		{"attach a role", attach("arn:aws:iam::111122223333:role/x")},
		{"attach a foreign policy", attach("arn:aws:iam::444455556666:policy/x")},
		{"attach something short", attach("arn")},
		{"create a role with a bad name", create(iamclient.CreateRoleInput{RoleName: aws.String("a/b")})},
		{"create a role with a long name", create(iamclient.CreateRoleInput{
			RoleName: aws.String(strings.Repeat("a", 65))})},
		{"create a role with a bad path", create(iamclient.CreateRoleInput{RoleName: aws.String("x"),
			Path: aws.String("x")})},
		{"create a role on a service's path", create(iamclient.CreateRoleInput{RoleName: aws.String("x"),
			Path: aws.String("/aws-service-role/rds.amazonaws.com/")})},
		{"create a role with short sessions", create(iamclient.CreateRoleInput{RoleName: aws.String("x"),
			MaxSessionDuration: aws.Int32(3599)})},
		{"create a role with long sessions", create(iamclient.CreateRoleInput{RoleName: aws.String("x"),
			MaxSessionDuration: aws.Int32(43201)})},
		{"tag twice", tag("team", "Team")},
		{"tag as AWS", tag("aws:x")},
		{"tag too much", tag(many...)},
		{"tag with a bad key", tag("a*")},
		{"change a policy of AWS", func() error {
			_, err := c.CreatePolicyVersion(ctx, &iamclient.CreatePolicyVersionInput{PolicyArn: aws.String(administrator),
				PolicyDocument: aws.String(allowing("kms:*"))})
			return err
		}},
		{"list too many", func() error {
			_, err := c.ListRoles(ctx, &iamclient.ListRolesInput{MaxItems: aws.Int32(1001)})
			return err
		}},
		{"a status that is none", func() error {
			_, err := c.UpdateAccessKey(ctx, &iamclient.UpdateAccessKeyInput{UserName: name,
				AccessKeyId: aws.String("AKIANONENONENONENONE"), Status: "Broken"})
			return err
		}},
	}
}

// documents are policies that IAM refuses.
// Source: recorded answers of CreatePolicy and CreateRole.
func documents(t *testing.T, c *iamclient.Client) []attempt {
	statement := func(members string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + members + `}]}`
	}
	var list []attempt
	for _, d := range [][2]string{
		{"not JSON", "x"},
		{"no Version", `{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`},
		{"old Version", strings.Replace(allowing("kms:*"), "2012", "2008", 1)},
		{"unknown Version", strings.Replace(allowing("kms:*"), "2012", "2013", 1)},
		{"no Statement", `{"Version":"2012-10-17"}`},
		{"unknown element", statement(`"Action":"kms:*","Resource":"*","Extra":"x"`)},
		{"Sid twice", `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"kms:*","Resource":"*"},` +
			`{"Sid":"a","Effect":"Allow","Action":"kms:*","Resource":"*"}]}`},
		{"no Action", statement(`"Resource":"*"`)},
		{"no Resource", statement(`"Action":"kms:*"`)},
		{"action without a service", allowing("Decrypt")},
		{"action with two colons", allowing("kms:a:b")},
		{"action of a service that cannot be", allowing("k_s:Decrypt")},
		{"resource that is no ARN", statement(`"Action":"kms:*","Resource":"key"`)},
		{"Principal", statement(`"Action":"kms:*","Resource":"*","Principal":"*"`)},
	} {
		list = append(list, attempt{"policy: " + d[0], func() error {
			_, err := c.CreatePolicy(t.Context(), &iamclient.CreatePolicyInput{PolicyName: aws.String("x"),
				PolicyDocument: &d[1]})
			return err
		}})
	}
	for _, d := range [][2]string{
		{"not JSON", "x"},
		{"Resource", strings.Replace(trusting(account), `"Action"`, `"Resource":"*","Action"`, 1)},
		{"no Principal", allowing("sts:AssumeRole")},
		{"a user that does not exist", trusting("arn:aws:iam::111122223333:user/none")},
		{"an id that does not exist", trusting("AROAAAAAAAAAAAAAAAAAA")},
		{"a group", trusting("arn:aws:iam::111122223333:group/Taken")},
	} {
		list = append(list, attempt{"trust policy: " + d[0], func() error {
			_, err := c.UpdateAssumeRolePolicy(t.Context(), &iamclient.UpdateAssumeRolePolicyInput{
				RoleName: aws.String("Taken"), PolicyDocument: &d[1]})
			return err
		}})
	}
	return list
}
