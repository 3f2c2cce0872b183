package sts_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	stsclient "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGetSessionToken makes sessions of a user and of root: they are the same callers with other credentials.
func TestGetSessionToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	root := s.root(account)
	alice := root.user("alice", allowing("sts:AssumeRole"))
	for name, c := range map[string]struct {
		who  who
		ask  int32
		want time.Duration
	}{
		"user":          {alice, 0, 12 * time.Hour},
		"user, asking":  {alice, 900, 15 * time.Minute},
		"root":          {root, 0, time.Hour},
		"root, asking":  {root, 7200, time.Hour},
		"root, briefly": {root, 900, 15 * time.Minute},
	} {
		in := &stsclient.GetSessionTokenInput{}
		if c.ask != 0 {
			in.DurationSeconds = &c.ask
		}
		out, err := c.who.sts().GetSessionToken(t.Context(), in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := out.Credentials.Expiration.Sub(s.clock.Now()); got != c.want {
			t.Errorf("%s: lasts %v, want %v", name, got, c.want)
		}
		session := s.as(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
		if diff := cmp.Diff(c.who.identity(t), session.identity(t)); diff != "" {
			t.Errorf("%s: identity (-own +session):\n%s", name, diff)
		}
		// A user's session can assume roles, but not call IAM.
		_, err = session.iam().ListRoles(t.Context(), &iamclient.ListRolesInput{})
		if got := faultText(err); !strings.HasPrefix(got, "InvalidClientTokenId") {
			t.Errorf("%s: ListRoles: %s, want InvalidClientTokenId", name, got)
		}
	}
	arn := root.role("r", trusting(account))
	out, err := alice.sts().GetSessionToken(t.Context(), &stsclient.GetSessionTokenInput{})
	if err != nil {
		t.Fatalf("GetSessionToken: %v", err)
	}
	session := s.as(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	if _, _, err := session.assume(&stsclient.AssumeRoleInput{RoleArn: &arn}); err != nil {
		t.Errorf("AssumeRole with a session of a user: %v", err)
	}
}

// TestGetFederationToken needs permission, which its twin has.
func TestGetFederationToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	root := s.root(account)
	alice := root.user("alice", allowing("sts:AssumeRole"))
	in := &stsclient.GetFederationTokenInput{Name: aws.String("bob"), Policy: aws.String(allowing("kms:Decrypt"))}
	_, err := alice.sts().GetFederationToken(t.Context(), in)
	want := "AccessDenied: User: arn:aws:iam::111122223333:user/alice is not authorized to perform: " +
		"sts:GetFederationToken on resource: arn:aws:sts::111122223333:federated-user/bob because no identity-based " +
		"policy allows the sts:GetFederationToken action"
	if got := faultText(err); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	root.allow("alice", allowing("sts:GetFederationToken"))
	out, err := alice.sts().GetFederationToken(t.Context(), in)
	if err != nil {
		t.Fatalf("GetFederationToken: %v", err)
	}
	session := s.as(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	wantID := [3]string{account, "arn:aws:sts::111122223333:federated-user/bob", account + ":bob"}
	if diff := cmp.Diff(wantID, session.identity(t)); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	// A federated user may not assume roles, even if the role trusts it.
	arn := root.role("r", strings.Replace(trusting(account), `"`+account+`"`,
		`["arn:aws:sts::111122223333:federated-user/bob","arn:aws:iam::111122223333:user/alice"]`, 1))
	if _, _, err = alice.assume(&stsclient.AssumeRoleInput{RoleArn: &arn}); err != nil {
		t.Errorf("AssumeRole of the user: %v", err)
	}
	_, _, err = session.assume(&stsclient.AssumeRoleInput{RoleArn: &arn})
	if got := faultText(err); !strings.HasPrefix(got, "AccessDenied: User: arn:aws:sts::111122223333:federated-user/bob") {
		t.Errorf("AssumeRole: %s", got)
	}
	// Without session policies it may nothing, though alice may do everything.
	root.allow("alice", allowing("*"))
	out, err = alice.sts().GetFederationToken(t.Context(), &stsclient.GetFederationTokenInput{Name: aws.String("bob")})
	if err != nil {
		t.Fatalf("GetFederationToken without a policy: %v", err)
	}
	bob := wire.Caller{Account: account, ARN: wantID[1], UserID: wantID[2]}
	bob.AccessKeyID = *out.Credentials.AccessKeyId
	p, err := s.iam.Principal(t.Context(), bob)
	if err != nil || policy.Decide(policy.Request{Caller: p.Caller, Action: "kms:ListKeys", Resource: "*",
		Policies: p.Policies}).Allowed {
		t.Errorf("without a policy: principal %+v, %v, is allowed something", p, err)
	}
	root.allow("alice", allowing("sts:GetFederationToken"))
	// Tags need a permission of their own.
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}
	_, err = alice.sts().GetFederationToken(t.Context(), in)
	want = "because no identity-based policy allows the sts:TagSession action"
	if got := faultText(err); !strings.HasSuffix(got, want) {
		t.Errorf("with tags: %s", got)
	}
	root.allow("alice", allowing("sts:*"))
	if out, err = alice.sts().GetFederationToken(t.Context(), in); err != nil {
		t.Fatalf("with tags and permission: %v", err)
	}
	bob.AccessKeyID = *out.Credentials.AccessKeyId
	p, err = s.iam.Principal(t.Context(), bob)
	if err != nil || p.Tags["team"] != "a" || len(p.Policies.Session) != 1 {
		t.Errorf("principal %+v, %v", p, err)
	}
}

// TestFaults compares the words of refusals with testdata/faults.txt, which is read and changed on purpose only.
func TestFaults(t *testing.T) {
	t.Parallel()
	const file = "testdata/faults.txt"
	s := newStack(t)
	root := s.root(account)
	alice := root.user("alice", allowing("sts:*"))
	r := aws.String(root.role("r", strings.Replace(trusting(account), `"sts:AssumeRole"`, `"sts:*"`, 1)))
	session, _, err := alice.assume(&stsclient.AssumeRoleInput{RoleArn: r, DurationSeconds: aws.Int32(3600),
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}, TransitiveTagKeys: []string{"a"},
		SourceIdentity: aws.String("alice")})
	if err != nil {
		t.Fatalf("AssumeRole: %v", err)
	}
	if _, err := root.iam().PutRolePolicy(t.Context(), &iamclient.PutRolePolicyInput{RoleName: aws.String("r"),
		PolicyName: aws.String("p"), PolicyDocument: aws.String(allowing("sts:*"))}); err != nil {
		t.Fatalf("PutRolePolicy: %v", err)
	}
	tags := func(keys ...string) []types.Tag {
		var list []types.Tag
		for _, key := range keys {
			list = append(list, types.Tag{Key: &key, Value: aws.String("1")})
		}
		return list
	}
	long := tags("a", "b", "c", "d", "e", "f", "g", "h", "i")
	for i := range long {
		long[i].Value = aws.String(strings.Repeat("x", 256))
	}
	var b strings.Builder
	note := func(name string, err error) {
		if err == nil {
			t.Errorf("%s is not refused", name)
			return
		}
		fmt.Fprintf(&b, "%s\n    %s\n", name, faultText(err))
	}
	for _, c := range []struct {
		name string
		who  who
		in   stsclient.AssumeRoleInput
	}{
		{"no ARN", alice, stsclient.AssumeRoleInput{RoleArn: aws.String("this is not an ARN at all")}},
		{"ARN of a user", alice, stsclient.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::111122223333:user/alice")}},
		{"session name", alice, stsclient.AssumeRoleInput{RoleSessionName: aws.String("Session1:2")}},
		{"short session name", alice, stsclient.AssumeRoleInput{RoleSessionName: aws.String("s")}},
		{"too brief", alice, stsclient.AssumeRoleInput{DurationSeconds: aws.Int32(899)}},
		{"too long", alice, stsclient.AssumeRoleInput{DurationSeconds: aws.Int32(43201)}},
		{"longer than the role's", alice, stsclient.AssumeRoleInput{DurationSeconds: aws.Int32(3601)}},
		{"longer than a chain's", session, stsclient.AssumeRoleInput{DurationSeconds: aws.Int32(3601)}},
		{"policy", alice, stsclient.AssumeRoleInput{Policy: aws.String("{}")}},
		{"managed policy", alice, stsclient.AssumeRoleInput{PolicyArns: []types.PolicyDescriptorType{
			{Arn: aws.String("arn:aws:iam::111122223333:policy/none")}}}},
		{"tags twice", alice, stsclient.AssumeRoleInput{Tags: tags("a", "A")}},
		{"tags of AWS", alice, stsclient.AssumeRoleInput{Tags: tags("aws:x")}},
		{"transitive and not there", alice, stsclient.AssumeRoleInput{TransitiveTagKeys: []string{"a"}}},
		{"transitive and there already", session, stsclient.AssumeRoleInput{Tags: tags("a")}},
		{"a long tag", alice, stsclient.AssumeRoleInput{Tags: tags(strings.Repeat("x", 129))}},
		{"packed", alice, stsclient.AssumeRoleInput{Tags: long,
			Policy: aws.String(strings.Replace(allowing("kms:*"), "{", "{"+strings.Repeat(" ", 1950), 1))}},
		{"source identity changed", session, stsclient.AssumeRoleInput{SourceIdentity: aws.String("bob")}},
		{"MFA", alice, stsclient.AssumeRoleInput{SerialNumber: aws.String("arn:aws:iam::111122223333:mfa/alice"),
			TokenCode: aws.String("123456")}},
		{"root", root, stsclient.AssumeRoleInput{}},
		{"no such role", alice, stsclient.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::111122223333:role/none")}},
	} {
		if c.in.RoleArn == nil {
			c.in.RoleArn = r
		}
		_, _, err := c.who.assume(&c.in)
		note("AssumeRole: "+c.name, err)
	}
	_, err = session.sts().GetSessionToken(t.Context(), &stsclient.GetSessionTokenInput{})
	note("GetSessionToken of a session", err)
	_, err = session.sts().GetFederationToken(t.Context(), &stsclient.GetFederationTokenInput{Name: aws.String("bob")})
	note("GetFederationToken of a session", err)
	if _, err := alice.sts().GetFederationToken(t.Context(),
		&stsclient.GetFederationTokenInput{Name: aws.String("bob")}); err != nil {
		t.Errorf("GetFederationToken of the user: %v", err)
	}
	_, err = alice.sts().GetSessionToken(t.Context(), &stsclient.GetSessionTokenInput{DurationSeconds: aws.Int32(129601)})
	note("GetSessionToken too long", err)
	_, err = alice.sts().DecodeAuthorizationMessage(t.Context(), &stsclient.DecodeAuthorizationMessageInput{
		EncodedMessage: aws.String("x")})
	note("DecodeAuthorizationMessage", err)
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// TestServiceAssumesRole is what a service does for a function that has a role: it is trusted by name.
func TestServiceAssumesRole(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	root := s.root(account)
	arn := root.role("r", strings.Replace(trusting("lambda.amazonaws.com"), `"AWS"`, `"Service"`, 1))
	op := s.sts.Wire().Operations["AssumeRole"]
	for host, want := range map[string]bool{"lambda.amazonaws.com": true, "ec2.amazonaws.com": false} {
		in := op.NewInput()
		v := reflect.ValueOf(in).Elem()
		v.FieldByName("RoleARN").SetString(arn)
		v.FieldByName("RoleSessionName").SetString("function")
		_, err := op.Call(t.Context(), &wire.Call{Caller: wire.Caller{ARN: host, Service: host}}, in)
		if (err == nil) != want {
			t.Errorf("%s: got %v, want allowed %t", host, err, want)
		}
	}
}

func TestUnsignedIsRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleSessionName": {"s1"},
		"RoleArn": {"arn:aws:iam::111122223333:role/r"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 403 || !strings.Contains(string(body), "<Code>MissingAuthenticationToken</Code>") {
		t.Errorf("got %d %s, %v", res.StatusCode, body, err)
	}
}
