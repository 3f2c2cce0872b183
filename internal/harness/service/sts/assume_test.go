package sts_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	stsclient "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func (w who) identity(t *testing.T) [3]string {
	t.Helper()
	out, err := w.sts().GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatalf("GetCallerIdentity: %v", err)
	}
	return [3]string{*out.Account, *out.Arn, *out.UserId}
}

// TestLedgerRoles makes the reader and the writer of a ledger and calls as a session of each.
func TestLedgerRoles(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	root := s.root(account)
	alice := root.user("alice", allowing("sts:AssumeRole"))
	for _, name := range []string{"ledger-reader", "ledger-writer"} {
		arn := root.role(name, trusting("arn:aws:iam::"+account+":root"))
		_, err := root.iam().PutRolePolicy(t.Context(), &iamclient.PutRolePolicyInput{RoleName: &name,
			PolicyName: aws.String("ledger"), PolicyDocument: aws.String(allowing("qldb:SendCommand"))})
		if err != nil {
			t.Fatalf("PutRolePolicy: %v", err)
		}
		got, err := root.iam().GetRole(t.Context(), &iamclient.GetRoleInput{RoleName: &name})
		if err != nil {
			t.Fatalf("GetRole: %v", err)
		}
		session, out, err := alice.assume(&stsclient.AssumeRoleInput{RoleArn: &arn})
		if err != nil {
			t.Fatalf("AssumeRole %s: %v", name, err)
		}
		id := *got.Role.RoleId
		if !regexp.MustCompile(`^AROA[A-Z2-7]{17}$`).MatchString(id) ||
			!regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(*out.Credentials.AccessKeyId) ||
			len(*out.Credentials.SecretAccessKey) != 40 {
			t.Errorf("role id %s, key id %s: want the AWS forms", id, *out.Credentials.AccessKeyId)
		}
		want := [3]string{account, "arn:aws:sts::" + account + ":assumed-role/" + name + "/s1", id + ":s1"}
		if diff := cmp.Diff(want, session.identity(t)); diff != "" {
			t.Errorf("identity of %s (-want +got):\n%s", name, diff)
		}
		if *out.AssumedRoleUser.Arn != want[1] || *out.AssumedRoleUser.AssumedRoleId != want[2] {
			t.Errorf("AssumedRoleUser %v, want %v", out.AssumedRoleUser, want[1:])
		}
		if got, want := *out.Credentials.Expiration, s.clock.Now().Add(time.Hour); !got.Equal(want) {
			t.Errorf("expires %v, want %v", got, want)
		}
	}
}

// TestSessionCredentials uses credentials with a wrong token, without one, and after they expired.
func TestSessionCredentials(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	root := s.root(account)
	alice := root.user("alice", allowing("sts:AssumeRole"))
	arn := root.role("reader", trusting(account))
	session, out, err := alice.assume(&stsclient.AssumeRoleInput{RoleArn: &arn, DurationSeconds: aws.Int32(900)})
	if err != nil {
		t.Fatalf("AssumeRole: %v", err)
	}
	key, secret := *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey
	const invalid = "InvalidClientTokenId: The security token included in the request is invalid."
	for name, c := range map[string]struct {
		who  who
		want string
	}{
		"wrong token":  {s.as(key, secret, "x"), invalid},
		"no token":     {s.as(key, secret, ""), invalid},
		"wrong secret": {s.as(key, "x", *out.Credentials.SessionToken), "SignatureDoesNotMatch: The request signature"},
	} {
		_, err := c.who.sts().GetCallerIdentity(t.Context(), nil)
		if got := faultText(err); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	session.identity(t)
	s.clock.Advance(15 * time.Minute)
	_, err = session.sts().GetCallerIdentity(t.Context(), nil)
	if got, want := faultText(err), "ExpiredToken: The security token included in the request is expired"; got != want {
		t.Errorf("expired: got %s, want %s", got, want)
	}
	next, err := s.iam.Tick(t.Context())
	if due := out.Credentials.Expiration.Add(24 * time.Hour); err != nil || !next.Equal(due) {
		t.Errorf("Tick: next %v, %v, want %v", next, err, due)
	}
	s.clock.Advance(24 * time.Hour)
	if next, err = s.iam.Tick(t.Context()); err != nil || !next.IsZero() {
		t.Errorf("Tick: next %v, %v, want none", next, err)
	}
	_, err = session.sts().GetCallerIdentity(t.Context(), nil)
	if got := faultText(err); !strings.HasPrefix(got, "InvalidClientTokenId") {
		t.Errorf("forgotten: got %s, want InvalidClientTokenId", got)
	}
}

// TestWhoMayAssume pairs each refusal with a twin in which one thing differs.
func TestWhoMayAssume(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	root := s.root(account)
	other := s.root(foreign)
	may, mayNot := allowing("sts:AssumeRole"), allowing("kms:Decrypt")
	alice := root.user("alice", "")
	eve := other.user("eve", "")
	root.role("r", trusting(account))
	aliceARN, eveARN := "arn:aws:iam::"+account+":user/alice", "arn:aws:iam::"+foreign+":user/eve"
	conditional := func(key, value string) string {
		return strings.Replace(trusting(aliceARN), `"sts:AssumeRole"`,
			`["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],`+
				`"Condition":{"StringEquals":{"`+key+`":"`+value+`"}}`, 1)
	}
	const (
		noTrust    = " because no role trust policy allows the sts:AssumeRole action"
		noIdentity = " because no identity-based policy allows the sts:AssumeRole action"
		denied     = " with an explicit deny in a resource-based policy"
	)
	deny := strings.Replace(trusting(aliceARN), `[{`, `[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"},{`, 1)
	for _, c := range []struct {
		name, trust, policy string
		who                 who
		arn                 string
		in                  stsclient.AssumeRoleInput
		want                string // how the refusal ends; "" for none
	}{
		{name: "user named", trust: trusting(aliceARN), policy: mayNot, who: alice},
		{name: "another user named", trust: trusting(eveARN), policy: may, who: alice, want: noTrust},
		{name: "account, with identity policy", trust: trusting(account), policy: may, who: alice},
		{name: "account, without", trust: trusting(account), policy: mayNot, who: alice, want: noIdentity},
		{name: "foreign user named, with identity policy", trust: trusting(eveARN), policy: may, who: eve},
		{name: "foreign user named, without", trust: trusting(eveARN), policy: mayNot, who: eve, want: "role/r"},
		{name: "foreign user not named", trust: trusting(aliceARN), policy: may, who: eve, want: "role/r"},
		{name: "foreign user, no such role", trust: trusting(eveARN), policy: may, who: eve,
			arn: "arn:aws:iam::" + account + ":role/x", want: "role/x"},
		{name: "denied", trust: deny, policy: may, who: alice, want: denied},
		{name: "external id", trust: conditional("sts:ExternalId", "x1"), policy: mayNot, who: alice,
			in: stsclient.AssumeRoleInput{ExternalId: aws.String("x1")}},
		{name: "another external id", trust: conditional("sts:ExternalId", "x1"), policy: mayNot, who: alice,
			in: stsclient.AssumeRoleInput{ExternalId: aws.String("x2")}, want: noTrust},
		{name: "source identity", trust: conditional("sts:SourceIdentity", "alice"), policy: mayNot, who: alice,
			in: stsclient.AssumeRoleInput{SourceIdentity: aws.String("alice")}},
		{name: "over TLS, as at AWS", trust: conditional("aws:SecureTransport", "true"), policy: mayNot, who: alice},
		{name: "no source identity", trust: conditional("sts:SourceIdentity", "alice"), policy: mayNot, who: alice,
			want: noTrust},
		{name: "tagged", trust: conditional("aws:RequestTag/team", "a"), policy: mayNot, who: alice,
			in: stsclient.AssumeRoleInput{Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}},
		{name: "tagged otherwise", trust: conditional("aws:RequestTag/team", "a"), policy: mayNot, who: alice,
			in: stsclient.AssumeRoleInput{Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("b")}}}, want: noTrust},
		{name: "tags need permission", trust: trusting(aliceARN), policy: mayNot, who: alice,
			in:   stsclient.AssumeRoleInput{Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("b")}}},
			want: " because no role trust policy allows the sts:TagSession action"},
		{name: "root", trust: trusting(account), policy: may, who: root, want: "Roles may not be assumed by root accounts."},
		{name: "no such role", trust: trusting(account), policy: may, who: alice, arn: "arn:aws:iam::" + account + ":role/x",
			want: "on resource: arn:aws:iam::" + account + ":role/x"},
	} {
		_, err := root.iam().UpdateAssumeRolePolicy(t.Context(), &iamclient.UpdateAssumeRolePolicyInput{
			RoleName: aws.String("r"), PolicyDocument: &c.trust})
		if err != nil {
			t.Fatalf("%s: UpdateAssumeRolePolicy: %v", c.name, err)
		}
		root.allow("alice", c.policy)
		other.allow("eve", c.policy)
		c.in.RoleArn = aws.String("arn:aws:iam::" + account + ":role/r")
		if c.arn != "" {
			c.in.RoleArn = &c.arn
		}
		_, _, err = c.who.assume(&c.in)
		got := ""
		if err != nil {
			got = faultText(err)
		}
		if (c.want == "") != (err == nil) || !strings.HasSuffix(got, c.want) ||
			err != nil && !strings.HasPrefix(got, "AccessDenied: ") {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestRecreatedUserIsNotTrusted deletes a trusted user and makes it anew: the role trusts the old one.
func TestRecreatedUserIsNotTrusted(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	root := s.root(account)
	alice := root.user("alice", "")
	arn := root.role("r", trusting("arn:aws:iam::"+account+":user/alice"))
	if _, _, err := alice.assume(&stsclient.AssumeRoleInput{RoleArn: &arn}); err != nil {
		t.Fatalf("AssumeRole before: %v", err)
	}
	keys, err := root.iam().ListAccessKeys(t.Context(), &iamclient.ListAccessKeysInput{UserName: aws.String("alice")})
	if err != nil {
		t.Fatalf("ListAccessKeys: %v", err)
	}
	old, err := root.iam().GetUser(t.Context(), &iamclient.GetUserInput{UserName: aws.String("alice")})
	if err != nil {
		t.Fatalf("GetUser: %v", err)
	}
	if _, err := root.iam().DeleteAccessKey(t.Context(), &iamclient.DeleteAccessKeyInput{UserName: aws.String("alice"),
		AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId}); err != nil {
		t.Fatalf("DeleteAccessKey: %v", err)
	}
	_, err = root.iam().DeleteUser(t.Context(), &iamclient.DeleteUserInput{UserName: aws.String("alice")})
	if err != nil {
		t.Fatalf("DeleteUser: %v", err)
	}
	alice = root.user("alice", "")
	_, _, err = alice.assume(&stsclient.AssumeRoleInput{RoleArn: &arn})
	if got := faultText(err); !strings.HasSuffix(got, "because no role trust policy allows the sts:AssumeRole action") {
		t.Errorf("recreated user: got %s", got)
	}
	role, err := root.iam().GetRole(t.Context(), &iamclient.GetRoleInput{RoleName: aws.String("r")})
	if err != nil || !strings.Contains(*role.Role.AssumeRolePolicyDocument, *old.User.UserId) {
		t.Errorf("trust policy %v, %v: want the id %s of the user that is gone", role, err, *old.User.UserId)
	}
}

// TestSessionIsLimited looks at what a session comes with: the role's policies, the session's, tags of both.
func TestSessionIsLimited(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	root := s.root(account)
	alice := root.user("alice", allowing("sts:*"))
	arn := root.role("r", strings.Replace(trusting(account), `"sts:AssumeRole"`, `"sts:*"`, 1))
	in := &stsclient.AssumeRoleInput{RoleArn: &arn, Policy: aws.String(allowing("kms:Decrypt")),
		PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}},
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")},
			{Key: aws.String("x"), Value: aws.String("1")}},
		TransitiveTagKeys: []string{"team"}, SourceIdentity: aws.String("alice")}
	session, out, err := alice.assume(in)
	if err != nil {
		t.Fatalf("AssumeRole: %v", err)
	}
	if *out.SourceIdentity != "alice" || out.PackedPolicySize == nil || *out.PackedPolicySize < 1 {
		t.Errorf("answer %v, want the source identity and a packed size", out)
	}
	caller := wire.Caller{Account: account, ARN: *out.AssumedRoleUser.Arn, UserID: *out.AssumedRoleUser.AssumedRoleId,
		AccessKeyID: *out.Credentials.AccessKeyId}
	p, err := s.iam.Principal(t.Context(), caller)
	if err != nil || len(p.Policies.Session) != 2 || p.Caller.RoleARN != arn || p.Tags["x"] != "1" {
		t.Errorf("principal %+v, %v", p, err)
	}
	if got := p.Context["aws:PrincipalTag/team"]; !cmp.Equal(got, []string{"a"}) {
		t.Errorf("aws:PrincipalTag/team %v, want a", got)
	}
	// The next session of the chain inherits the transitive tag, the source identity, and the limit of one hour.
	_, err = root.iam().PutRolePolicy(t.Context(), &iamclient.PutRolePolicyInput{RoleName: aws.String("r"),
		PolicyName: aws.String("p"), PolicyDocument: aws.String(allowing("sts:*"))})
	if err != nil {
		t.Fatalf("PutRolePolicy: %v", err)
	}
	in.Policy, in.PolicyArns = aws.String(allowing("sts:*")), nil
	if session, _, err = alice.assume(in); err != nil {
		t.Fatalf("AssumeRole with another session policy: %v", err)
	}
	_, chained, err := session.assume(&stsclient.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("s2")})
	if err != nil {
		t.Fatalf("AssumeRole from the session: %v", err)
	}
	caller = wire.Caller{Account: account, ARN: *chained.AssumedRoleUser.Arn,
		UserID: *chained.AssumedRoleUser.AssumedRoleId, AccessKeyID: *chained.Credentials.AccessKeyId}
	p, err = s.iam.Principal(t.Context(), caller)
	if err != nil || !cmp.Equal(p.Tags, map[string]string{"team": "a"}) || p.SourceIdentity != "alice" {
		t.Errorf("chained: tags %v, source identity %q, %v, want team and alice", p.Tags, p.SourceIdentity, err)
	}
}
