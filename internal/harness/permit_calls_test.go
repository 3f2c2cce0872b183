package harness_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const missingResource = " on this resource because the resource does not exist in this Region, no resource-based " +
	"policies allow access, or a resource-based policy explicitly denies access"

// call is one operation of a service.
type call struct {
	action   string
	resource string
	do       func(context.Context, aws.Config) error
}

// controlCalls act on the ledger orders, whose key is of the caller's account.
func controlCalls() []call {
	name := aws.String("orders")
	on := func(action string, do func(context.Context, *qldb.Client) error) call {
		return call{"qldb:" + action, ordersARN, func(ctx context.Context, cfg aws.Config) error {
			return do(ctx, qldb.NewFromConfig(cfg))
		}}
	}
	list := on("ListLedgers", func(ctx context.Context, c *qldb.Client) error {
		_, err := c.ListLedgers(ctx, &qldb.ListLedgersInput{})
		return err
	})
	list.resource = "*"
	streams := on("ListJournalKinesisStreamsForLedger", func(ctx context.Context, c *qldb.Client) error {
		_, err := c.ListJournalKinesisStreamsForLedger(ctx,
			&qldb.ListJournalKinesisStreamsForLedgerInput{LedgerName: name})
		return err
	})
	streams.resource = strings.Replace(ordersARN, "ledger/orders", "stream/orders/*", 1)
	return []call{
		list, streams,
		on("DescribeLedger", func(ctx context.Context, c *qldb.Client) error {
			_, err := c.DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: name})
			return err
		}),
		on("UpdateLedger", func(ctx context.Context, c *qldb.Client) error {
			_, err := c.UpdateLedger(ctx, &qldb.UpdateLedgerInput{Name: name, DeletionProtection: aws.Bool(false)})
			return err
		}),
		on("UpdateLedgerPermissionsMode", func(ctx context.Context, c *qldb.Client) error {
			_, err := c.UpdateLedgerPermissionsMode(ctx, &qldb.UpdateLedgerPermissionsModeInput{
				Name: name, PermissionsMode: types.PermissionsModeStandard,
			})
			return err
		}),
		on("GetDigest", func(ctx context.Context, c *qldb.Client) error {
			_, err := c.GetDigest(ctx, &qldb.GetDigestInput{Name: name})
			return err
		}),
		on("TagResource", func(ctx context.Context, c *qldb.Client) error {
			_, err := c.TagResource(ctx, &qldb.TagResourceInput{
				ResourceArn: aws.String(ordersARN), Tags: map[string]*string{"team": aws.String("sales")},
			})
			return err
		}),
		on("ListTagsForResource", func(ctx context.Context, c *qldb.Client) error {
			_, err := c.ListTagsForResource(ctx, &qldb.ListTagsForResourceInput{ResourceArn: aws.String(ordersARN)})
			return err
		}),
		on("UntagResource", func(ctx context.Context, c *qldb.Client) error {
			_, err := c.UntagResource(ctx, &qldb.UntagResourceInput{
				ResourceArn: aws.String(ordersARN), TagKeys: []string{"team"},
			})
			return err
		}),
		on("DeleteLedger", func(ctx context.Context, c *qldb.Client) error {
			_, err := c.DeleteLedger(ctx, &qldb.DeleteLedgerInput{Name: name})
			return err
		}),
	}
}

// TestControlPlane has each call denied to a role without policies, then allowed by one statement on that resource.
func TestControlPlane(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(""))
	reader := c.as("reader")
	for _, call := range controlCalls() {
		c.may("reader", allowed("s3:*", "*"))
		want(t, call.action+" denied", call.do(t.Context(), reader), "AccessDeniedException: User: "+readerS1+
			" is not authorized to perform: "+call.action+" on resource: "+call.resource+
			" because no identity-based policy allows the "+call.action+" action")
		if call.resource != "*" {
			c.may("reader", allowed(call.action, call.resource+"-other"))
			if got := said(call.do(t.Context(), reader)); !strings.HasPrefix(got, "AccessDeniedException") {
				t.Errorf("%s on another resource: got %s", call.action, got)
			}
		}
		c.may("reader", allowed(call.action, call.resource))
		want(t, call.action, call.do(t.Context(), reader), "ok")
	}
}

// TestCreateLedgerAsRole needs qldb:CreateLedger, and of the key, through QLDB, DescribeKey and CreateGrant.
func TestCreateLedgerAsRole(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key := c.key(keyPolicy())
	create := func(tags map[string]*string) error {
		_, err := qldb.NewFromConfig(c.as("reader")).CreateLedger(t.Context(), &qldb.CreateLedgerInput{
			Name: aws.String("orders"), PermissionsMode: types.PermissionsModeStandard, KmsKey: &key, Tags: tags,
		})
		return err
	}
	c.may("reader", allowed("qldb:CreateLedger", ordersARN))
	noKey := said(create(nil))
	if !strings.Contains(noKey, ") : User: "+readerS1+" is not authorized to perform: kms:DescribeKey on resource: "+key+
		" because no identity-based policy allows the kms:DescribeKey action") {
		t.Errorf("without a right to the key: got %s", noKey)
	}
	c.putPolicy(key, keyPolicy(strings.Replace(throughQLDB, `,"kms:CreateGrant"`, "", 1)))
	if got := said(create(nil)); !strings.Contains(got, "is not authorized to perform: kms:CreateGrant") {
		t.Errorf("without CreateGrant: got %s", got)
	}
	c.putPolicy(key, keyPolicy(strings.Replace(throughQLDB, `"StringEquals":{`,
		`"BoolIfExists":{"kms:GrantIsForAWSResource":"false"},"StringEquals":{`, 1)))
	if got := said(create(nil)); !strings.Contains(got, "is not authorized to perform: kms:CreateGrant") {
		t.Errorf("grants that are not for an AWS resource: got %s", got)
	}
	c.putPolicy(key, keyPolicy(strings.Replace(throughQLDB, `"kms:DescribeKey","kms:CreateGrant"`,
		`"kms:DescribeKey"`, 1), strings.Replace(strings.Replace(throughQLDB, `"kms:DescribeKey",`, "", 1),
		`"StringEquals":{`, `"Bool":{"kms:GrantIsForAWSResource":"true"},"StringEquals":{`, 1)))
	c.may("reader", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"qldb:CreateLedger","Resource":"*",
		"Condition":{"StringEquals":{"aws:RequestTag/team":"sales"},"ForAllValues:StringEquals":{"aws:TagKeys":"team"}}}}`)
	if got := said(create(nil)); !strings.Contains(got, "is not authorized to perform: qldb:CreateLedger") {
		t.Errorf("without the tag: got %s", got)
	}
	want(t, "with the tag", create(map[string]*string{"team": aws.String("sales")}), "ok")
	advance(t, c.h, 2*time.Second)

	describe := func() error {
		_, err := qldb.NewFromConfig(c.as("reader")).DescribeLedger(t.Context(),
			&qldb.DescribeLedgerInput{Name: aws.String("orders")})
		return err
	}
	tagged := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"qldb:Describe*","Resource":"*",
		"Condition":{"StringEquals":{"aws:ResourceTag/team":"TEAM"}}}}`
	c.may("reader", strings.Replace(tagged, "TEAM", "legal", 1))
	if got := said(describe()); !strings.Contains(got, "is not authorized to perform: qldb:DescribeLedger") {
		t.Errorf("another team's ledger: got %s", got)
	}
	c.may("reader", strings.Replace(tagged, "TEAM", "sales", 1))
	want(t, "the team's ledger", describe(), "ok")

	// Used directly, the key is closed to the role.
	describeKey := func() error {
		return second(kms.NewFromConfig(c.as("reader")).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key}))
	}
	want(t, "DescribeKey not through QLDB", describeKey(), "AccessDeniedException: User: "+readerS1+" is not authorized "+
		"to perform: kms:DescribeKey on resource: "+key+" because no identity-based policy allows the kms:DescribeKey "+
		"action")
	c.may("reader", allowed("kms:DescribeKey", key))
	want(t, "DescribeKey by the role's own policy", describeKey(), "ok")
}

// TestIAMAsRole: IAM's own calls are decided too; who one is, anybody may ask.
func TestIAMAsRole(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	reader := c.as("reader")
	list := func() error {
		_, err := iam.NewFromConfig(reader).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("reader")})
		return err
	}
	want(t, "denied", list(), "AccessDenied: User: "+readerS1+" is not authorized to perform: iam:GetRole on resource: "+
		readerARN+" because no identity-based policy allows the iam:GetRole action")
	c.may("reader", allowed("iam:GetRole", readerARN))
	want(t, "allowed", list(), "ok")
	c.may("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":"iam:Get*","Resource":"*"},{"Effect":"Deny","Action":"sts:*","Resource":"*"}]}`)
	want(t, "explicitly denied", list(), "AccessDenied: User: "+readerS1+" is not authorized to perform: iam:GetRole "+
		"on resource: "+readerARN+" with an explicit deny in an identity-based policy")
	who, err := sts.NewFromConfig(reader).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *who.Arn != readerS1 {
		t.Errorf("GetCallerIdentity: got %v, %v", who, err)
	}
}

// TestKeyPolicies has what KMS says when a key gets a policy.
func TestKeyPolicies(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	const malformed = "MalformedPolicyDocumentException: "
	const lockedOut = malformed + "The new key policy will not allow you to update the key policy in the future."
	const strangers = malformed + "Policy contains a statement with one or more invalid principals."
	for name, tt := range map[string]struct{ policy, want string }{
		"root alone":             {keyPolicy(), "ok"},
		"a role that is there":   {keyPolicy(to(readerARN, "kms:Decrypt")), "ok"},
		"a role that is not":     {keyPolicy(to(readerARN+"2", "kms:Decrypt")), strangers},
		"a user that is not":     {keyPolicy(to("arn:aws:iam::"+account+":user/nobody", "kms:Decrypt")), strangers},
		"a role of no account":   {keyPolicy(to("arn:aws:iam::999999999999:role/r", "kms:Decrypt")), "ok"},
		"another account":        {keyPolicy(to(foreigner, "kms:Decrypt")), "ok"},
		"somebody else alone":    {`{"Statement":` + to(readerARN, "kms:*") + `}`, lockedOut},
		"with a Deny":            {keyPolicy(strings.Replace(to("*", "kms:PutKeyPolicy"), "Allow", "Deny", 1)), lockedOut},
		"with another Deny":      {keyPolicy(strings.Replace(to(readerARN, "kms:PutKeyPolicy"), "Allow", "Deny", 1)), "ok"},
		"through a service only": {`{"Statement":` + strings.Replace(throughQLDB, `"kms:DescribeKey"`, `"kms:*"`, 1) + `}`, lockedOut},
	} {
		_, err := c.newKey(tt.policy)
		want(t, "CreateKey: "+name, err, tt.want)
		key := c.key("")
		_, err = kms.NewFromConfig(c.root()).PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{
			KeyId: &key, Policy: &tt.policy,
		})
		want(t, "PutKeyPolicy: "+name, err, tt.want)
		if tt.want == lockedOut {
			_, err = kms.NewFromConfig(c.root()).PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{
				KeyId: &key, Policy: &tt.policy, BypassPolicyLockoutSafetyCheck: true,
			})
			want(t, "PutKeyPolicy without the check: "+name, err, "ok")
		}
	}
}

// TestRecreatedRole: a key policy means the role that was there when it was put, not the next one of that name.
func TestRecreatedRole(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	text := keyPolicy(to(readerARN, "kms:Encrypt"))
	key := c.key(text)
	encrypt := func() error {
		_, err := kms.NewFromConfig(c.as("reader")).Encrypt(t.Context(), &kms.EncryptInput{
			KeyId: &key, Plaintext: []byte("x"),
		})
		return err
	}
	wantPolicy := func(what, want string) {
		t.Helper()
		out, err := kms.NewFromConfig(c.root()).GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: &key})
		if err != nil || *out.Policy != want {
			t.Errorf("%s: got %v, %v, want %s", what, out, err, want)
		}
	}
	want(t, "the role", encrypt(), "ok")
	wantPolicy("the role is there", text)

	roles, name := iam.NewFromConfig(c.root()), aws.String("reader")
	old, err := roles.GetRole(t.Context(), &iam.GetRoleInput{RoleName: name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roles.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name}); err != nil {
		t.Fatal(err)
	}
	gone := strings.Replace(text, readerARN, *old.Role.RoleId, 1)
	wantPolicy("the role is gone", gone)
	_, err = roles.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: aws.String(trustAll),
	})
	if err != nil {
		t.Fatal(err)
	}
	wantPolicy("another role of the name", gone)
	want(t, "the other role", encrypt(), "AccessDeniedException: User: "+readerS1+" is not authorized to perform: "+
		"kms:Encrypt on resource: "+key+" because no identity-based policy allows the kms:Encrypt action")
	c.putPolicy(key, text)
	want(t, "the other role, named anew", encrypt(), "ok")
}

// TestLockOutOfRole: that the policy leaves administration to the account is no help for who may not use that.
func TestLockOutOfRole(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	create := func() error {
		_, err := kms.NewFromConfig(c.as("reader")).CreateKey(t.Context(), &kms.CreateKeyInput{
			Policy: aws.String(keyPolicy()),
		})
		return err
	}
	want(t, "CreateKey denied", create(), "AccessDeniedException: User: "+readerS1+" is not authorized to perform: "+
		"kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey action")
	c.may("reader", allowed("kms:CreateKey", "*"))
	want(t, "CreateKey alone", create(), "MalformedPolicyDocumentException: The new key policy will not allow you to "+
		"update the key policy in the future.")
	c.may("reader", allowedAll("kms:CreateKey", "kms:PutKeyPolicy"))
	want(t, "and PutKeyPolicy", create(), "ok")
}

// TestKeysOfOthers: across accounts the key's policy and the caller's own must allow, and nothing is told otherwise.
func TestKeysOfOthers(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key := c.key("")
	stranger := kms.NewFromConfig(c.with(aForeigner, devSecret, ""))
	who := "AccessDeniedException: User: arn:aws:iam::" + foreigner + ":user/stranger is not authorized to perform: "
	encrypt := func() error {
		_, err := stranger.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("x")})
		return err
	}
	want(t, "not named", encrypt(), who+"kms:Encrypt"+missingResource)
	c.putPolicy(key, keyPolicy(to(foreigner, "kms:*")))
	want(t, "account named", encrypt(), "ok")
	_, err := stranger.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key})
	want(t, "what no other account may", err, who+"kms:DisableKey"+missingResource)
	_, err = kms.NewFromConfig(c.root()).DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key})
	want(t, "the key's own account", err, "ok")
	c.putPolicy(key, keyPolicy())
	want(t, "not named any more", encrypt(), who+"kms:Encrypt"+missingResource)
}

// TestGrantInsteadOfPolicy: a grant allows what no policy does, as long as it is there and as far as it goes.
func TestGrantInsteadOfPolicy(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key := c.key("")
	encrypt := func(ec map[string]string) error {
		_, err := kms.NewFromConfig(c.as("reader")).Encrypt(t.Context(), &kms.EncryptInput{
			KeyId: &key, Plaintext: []byte("x"), EncryptionContext: ec,
		})
		return err
	}
	denied := "AccessDeniedException: User: " + readerS1 + " is not authorized to perform: kms:Encrypt on resource: " +
		key + " because no identity-based policy allows the kms:Encrypt action"
	orders := map[string]string{"for": "orders"}
	want(t, "before", encrypt(orders), denied)
	g, err := kms.NewFromConfig(c.root()).CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: aws.String(readerARN), Constraints: &kmstypes.GrantConstraints{
			EncryptionContextSubset: orders,
		},
		Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationEncrypt},
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "with the grant", encrypt(orders), "ok")
	want(t, "outside its constraint", encrypt(nil), denied)
	c.putPolicy(key, keyPolicy(strings.Replace(to(readerARN, "kms:Encrypt"), "Allow", "Deny", 1)))
	want(t, "against a Deny", encrypt(orders), "AccessDeniedException: User: "+readerS1+" is not authorized to perform: "+
		"kms:Encrypt on resource: "+key+" with an explicit deny in a resource-based policy")
	c.putPolicy(key, keyPolicy())
	want(t, "without the Deny", encrypt(orders), "ok")
	_, err = kms.NewFromConfig(c.root()).RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: &key, GrantId: g.GrantId})
	want(t, "RevokeGrant", err, "ok")
	want(t, "after", encrypt(orders), denied)
}

// TestAddresses: a direct call has a source address, one that QLDB makes for a user has none.
func TestAddresses(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy()))
	from := func(network string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"qldb:*","Resource":"*"},
			{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"` + network + `"}}}]}`
	}
	list := func() string {
		_, err := kms.NewFromConfig(c.as("reader")).ListKeys(t.Context(), &kms.ListKeysInput{})
		return said(err)
	}
	c.may("reader", from("203.0.113.0/24"))
	if got := list(); !strings.HasPrefix(got, "AccessDeniedException") {
		t.Errorf("from elsewhere: got %s", got)
	}
	c.may("reader", from("127.0.0.0/8"))
	if got := list(); got != "ok" {
		t.Errorf("from here: got %s", got)
	}
	if got := said(c.run(c.as("reader"), "SELECT * FROM Test")); !strings.HasPrefix(got, "AccessDeniedException") {
		t.Errorf("through QLDB: got %s", got)
	}
}

// TestAliases: an alias and its key must both be allowed.
func TestAliases(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key, alias := c.key(""), "alias/orders"
	aliasARN := "arn:aws:kms:eu-west-2:" + account + ":" + alias
	create := func() error {
		_, err := kms.NewFromConfig(c.as("reader")).CreateAlias(t.Context(), &kms.CreateAliasInput{
			AliasName: &alias, TargetKeyId: &key,
		})
		return err
	}
	denied := "AccessDeniedException: User: " + readerS1 + " is not authorized to perform: kms:CreateAlias on resource: "
	const because = " because no identity-based policy allows the kms:CreateAlias action"
	c.may("reader", allowed("kms:CreateAlias", key))
	want(t, "the key alone", create(), denied+aliasARN+because)
	c.may("reader", allowed("kms:CreateAlias", aliasARN))
	want(t, "the alias alone", create(), denied+key+because)
	c.may("reader", strings.Replace(allowed("kms:CreateAlias", "X"), `"X"`, `["`+aliasARN+`","`+key+`"]`, 1))
	want(t, "both", create(), "ok")
}

// TestPassRole: who hands QLDB a role must be allowed to pass it.
func TestPassRole(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(""))
	export := func() string {
		_, err := qldb.NewFromConfig(c.as("reader")).ExportJournalToS3(t.Context(), &qldb.ExportJournalToS3Input{
			Name: aws.String("orders"), RoleArn: aws.String(readerARN),
			InclusiveStartTime: aws.Time(start), ExclusiveEndTime: aws.Time(start.Add(time.Second)),
			S3ExportConfiguration: &types.S3ExportConfiguration{
				Bucket: aws.String("exports"), Prefix: aws.String("orders/"),
				EncryptionConfiguration: &types.S3EncryptionConfiguration{ObjectEncryptionType: types.S3ObjectEncryptionTypeSseS3},
			},
		})
		return said(err)
	}
	c.may("reader", allowed("qldb:*", "*"))
	if got, want := export(), "AccessDeniedException: User: "+readerS1+" is not authorized to perform: iam:PassRole on "+
		"resource: "+readerARN+" because no identity-based policy allows the iam:PassRole action"; got != want {
		t.Errorf("without iam:PassRole:\n got %s\nwant %s", got, want)
	}
	c.may("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"qldb:*","Resource":"*"},
		{"Effect":"Allow","Action":"iam:PassRole","Resource":"`+readerARN+`",
		"Condition":{"StringEquals":{"iam:PassedToService":"qldb.amazonaws.com"}}}]}`)
	if got := export(); strings.HasPrefix(got, "AccessDeniedException") {
		t.Errorf("with iam:PassRole: got %s", got)
	}
}

// TestPassRoleToProfile: so must who puts it into an instance profile.
func TestPassRoleToProfile(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	client := iam.NewFromConfig(c.as("reader"))
	add := func() string {
		_, err := client.AddRoleToInstanceProfile(t.Context(), &iam.AddRoleToInstanceProfileInput{
			InstanceProfileName: aws.String("records"), RoleName: aws.String("reader")})
		return said(err)
	}
	c.may("reader", allowed("iam:*InstanceProfile", "*"))
	if _, err := client.CreateInstanceProfile(t.Context(), &iam.CreateInstanceProfileInput{
		InstanceProfileName: aws.String("records")}); err != nil {
		t.Fatal(err)
	}
	if got, want := add(), "AccessDenied: User: "+readerS1+" is not authorized to perform: iam:PassRole on resource: "+
		readerARN+" because no identity-based policy allows the iam:PassRole action"; got != want {
		t.Errorf("without iam:PassRole:\n got %s\nwant %s", got, want)
	}
	c.may("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*Profile","Resource":"*"},
		{"Effect":"Allow","Action":"iam:PassRole","Resource":"`+readerARN+`",
		"Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}]}`)
	if got := add(); got != "ok" {
		t.Errorf("with iam:PassRole: got %s", got)
	}
}
