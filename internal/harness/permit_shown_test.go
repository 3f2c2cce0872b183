package harness_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
)

func (c cast) shown(key string) string {
	c.t.Helper()
	out, err := kms.NewFromConfig(c.root()).GetKeyPolicy(c.t.Context(), &kms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.Policy
}

// TestPrincipalsAsShown: KMS shows an account by the ARN of its root, nobody twice in a list, and all else as it was.
//
// Source: IAM User Guide, "AWS JSON policy elements: Principal"; hashicorp/terraform-provider-aws, issue 30232.
func TestPrincipalsAsShown(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	role, err := iam.NewFromConfig(c.root()).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("reader")})
	if err != nil {
		t.Fatal(err)
	}
	list := func(principals ...string) string { return `["` + strings.Join(principals, `","`) + `"]` }
	const foreignRoot = "arn:aws:iam::" + foreigner + ":root"
	for name, tt := range map[string]struct{ put, shown string }{
		"an account":    {`"` + account + `"`, `"` + rootARN + `"`},
		"a list of one": {list(account), list(rootARN)},
		"accounts": {
			`[ "` + account + `" , "` + foreigner + `" ]`, `[ "` + rootARN + `" , "` + foreignRoot + `" ]`,
		},
		"twice": {
			`["` + rootARN + `", "` + readerARN + `" , "` + rootARN + `" ]`, `["` + rootARN + `", "` + readerARN + `" ]`,
		},
		"thrice":               {list(rootARN, rootARN, rootARN), list(rootARN)},
		"in both forms":        {list(account, rootARN), list(rootARN)},
		"the other way":        {list(rootARN, account, readerARN), list(rootARN, readerARN)},
		"a role by its id":     {list(rootARN, *role.Role.RoleId), list(rootARN, readerARN)},
		"a role in both forms": {list(rootARN, readerARN, *role.Role.RoleId), list(rootARN, readerARN)},
		"everybody":            {`"*"`, `"*"`},
	} {
		text := func(principal string) string {
			return `{"Version":"2012-10-17", "Id" : "x","Statement":[ {"Effect":"Allow","Principal":{"AWS":` + principal + `},` +
				"\n" + `"Action":["kms:*","kms:*"],"Resource":"*"},{"Effect":"Allow","Principal":{"Service":` +
				`["qldb.amazonaws.com"],"AWS":"` + rootARN + `"},"Action":"kms:Decrypt","Resource":"*"}]}`
		}
		key, err := c.newKey(text(tt.put))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := c.shown(key), text(tt.shown); got != want {
			t.Errorf("CreateKey, %s:\n got %s\nwant %s", name, got, want)
		}
		c.putPolicy(key, keyPolicy())
		c.putPolicy(key, text(tt.put))
		if got, want := c.shown(key), text(tt.shown); got != want {
			t.Errorf("PutKeyPolicy, %s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func (c cast) grantTo(key, grantee, retiring string) (*kms.CreateGrantOutput, error) {
	in := &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: &grantee, Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationEncrypt},
	}
	if retiring != "" {
		in.RetiringPrincipal = &retiring
	}
	return kms.NewFromConfig(c.root()).CreateGrant(c.t.Context(), in)
}

// TestPrincipalsOfGrants: who gets a grant, and who may retire it, must exist.
func TestPrincipalsOfGrants(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key := c.key("")
	const missing = "InvalidArnException: ARN does not refer to a valid principal: "
	for _, tt := range []struct {
		principal string
		there     bool
	}{
		{readerARN, true},
		{readerARN + "2", false},
		{strings.Replace(readerARN, "role/", "role/path/", 1), false},
		{strings.Replace(readerARN, "role/", "user/", 1), false},
		{"arn:aws:iam::" + account + ":user/dev", true},
		{rootARN, true},
		{readerS1, true},
		{strings.Replace(readerS1, "reader", "writer", 1), false},
		{"arn:aws:sts::" + account + ":federated-user/bob", true},
		{"arn:aws:iam::" + foreigner + ":user/stranger", true},
		{"arn:aws:iam::" + foreigner + ":user/nobody", false},
		{"arn:aws:iam::999999999999:role/r", true}, // of an account that nobody uses here
		{"qldb.eu-west-2.amazonaws.com", true},
	} {
		text := "ok"
		if !tt.there {
			text = missing + tt.principal
		}
		_, err := c.grantTo(key, tt.principal, "")
		want(t, "grantee "+tt.principal, err, text)
		_, err = c.grantTo(key, readerARN, tt.principal)
		want(t, "retiring "+tt.principal, err, text)
	}
	out, err := kms.NewFromConfig(c.root()).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Grants) != 16 {
		t.Errorf("got %d grants, want the 16 that were allowed", len(out.Grants))
	}
}

// TestGrantOfRecreatedRole: a grant means the role that was there when it was made.
func TestGrantOfRecreatedRole(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key, name := c.key(""), aws.String("reader")
	encrypt := func() string {
		return said(second(kms.NewFromConfig(c.as("reader")).Encrypt(t.Context(), &kms.EncryptInput{
			KeyId: &key, Plaintext: []byte("x"),
		})))
	}
	grantees := func() (all []string) {
		out, err := kms.NewFromConfig(c.root()).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range out.Grants {
			all = append(all, aws.ToString(g.GranteePrincipal)+" "+aws.ToString(g.RetiringPrincipal))
		}
		return all
	}
	retirable := func() (ids []string) {
		out, err := kms.NewFromConfig(c.root()).ListRetirableGrants(t.Context(), &kms.ListRetirableGrantsInput{
			RetiringPrincipal: aws.String(readerARN),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range out.Grants {
			ids = append(ids, *g.GrantId)
		}
		return ids
	}
	g, err := c.grantTo(key, readerARN, readerARN)
	want(t, "grant", err, "ok")
	if got := retirable(); !slices.Equal(got, []string{*g.GrantId}) {
		t.Errorf("the role can retire %v, want %s", got, *g.GrantId)
	}
	if got := encrypt(); got != "ok" {
		t.Errorf("with the grant: got %s", got)
	}
	roles := iam.NewFromConfig(c.root())
	old, err := roles.GetRole(t.Context(), &iam.GetRoleInput{RoleName: name})
	if err != nil {
		t.Fatal(err)
	}
	_, err = roles.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name})
	want(t, "delete", err, "ok")
	_, err = roles.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: aws.String(trustAll),
	})
	want(t, "create", err, "ok")
	if got := encrypt(); !strings.HasPrefix(got, "AccessDeniedException") {
		t.Errorf("another role of the name: got %s", got)
	}
	_, err = kms.NewFromConfig(c.as("reader")).RetireGrant(t.Context(), &kms.RetireGrantInput{
		KeyId: &key, GrantId: g.GrantId,
	})
	if got := said(err); !strings.HasPrefix(got, "AccessDeniedException") {
		t.Errorf("another role of the name retires it: got %s", got)
	}
	id := *old.Role.RoleId
	if got := strings.Join(grantees(), ", "); got != id+" "+id {
		t.Errorf("the grant shows %s, want the id %s twice", got, id)
	}
	if got := retirable(); len(got) > 0 {
		t.Errorf("the other role can retire %v, want none", got)
	}
	anew, err := c.grantTo(key, readerARN, readerARN)
	want(t, "grant anew", err, "ok")
	if got := retirable(); !slices.Equal(got, []string{*anew.GrantId}) {
		t.Errorf("the other role can retire %v, want %s", got, *anew.GrantId)
	}
	if got := encrypt(); got != "ok" {
		t.Errorf("with a grant of its own: got %s", got)
	}
	_, err = kms.NewFromConfig(c.as("reader")).RetireGrant(t.Context(), &kms.RetireGrantInput{
		KeyId: &key, GrantId: anew.GrantId,
	})
	want(t, "it retires that", err, "ok")
}

// TestServiceConditions: what QLDB does on its own account is done for the account of the ledger.
func TestServiceConditions(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	for name, tt := range map[string]struct {
		condition string
		denied    bool
	}{
		"the account":         {`"StringEquals":{"aws:SourceAccount":"` + account + `"}`, true},
		"another account":     {`"StringEquals":{"aws:SourceAccount":"` + foreigner + `"}`, false},
		"a service":           {`"Bool":{"aws:PrincipalIsAWSService":"true"}`, true},
		"no service":          {`"Bool":{"aws:PrincipalIsAWSService":"false"}`, false},
		"QLDB by name":        {`"StringEquals":{"aws:PrincipalServiceName":"qldb.eu-west-2.amazonaws.com"}`, true},
		"QLDB by either name": {`"ForAnyValue:StringEquals":{"aws:PrincipalServiceNamesList":"qldb.amazonaws.com"}`, true},
		"through a service":   {`"Bool":{"aws:ViaAWSService":"true"}`, true},
		"for somebody else":   {`"Null":{"kms:ViaService":"false"}`, false},
		"with an address":     {`"Null":{"aws:SourceIp":"false"}`, false},
		"the node of the key": {`"Null":{"kms:EncryptionContext:key-hierarchy-node-id":"false"}`, true},
	} {
		key := c.key(keyPolicy(`{"Effect":"Deny","Principal":"*","Action":"kms:GenerateDataKey","Resource":"*",
			"Condition":{` + tt.condition + `}}`))
		client := qldb.NewFromConfig(c.root())
		_, err := client.CreateLedger(t.Context(), &qldb.CreateLedgerInput{
			Name: aws.String("orders"), PermissionsMode: types.PermissionsModeStandard, KmsKey: &key,
			DeletionProtection: aws.Bool(false),
		})
		if denied := err != nil; denied != tt.denied {
			t.Errorf("%s: got %s, want denied %t", name, said(err), tt.denied)
		}
		if err != nil {
			continue
		}
		advance(t, c.h, 2*time.Second)
		_, err = client.DeleteLedger(t.Context(), &qldb.DeleteLedgerInput{Name: aws.String("orders")})
		want(t, "delete", err, "ok")
		advance(t, c.h, 2*time.Second)
	}
}
