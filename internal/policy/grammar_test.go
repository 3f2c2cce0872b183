package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// attachedTo is an identity policy or a trust policy of one statement with these members besides Effect.
func attachedTo(members string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + members + `}]}`
}

func TestParseIdentity(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want string // the error's Msg, "" for none
		at   string // where, the first occurrence
	}{
		"plain":                 {attachedTo(`"Action":"kms:*","Resource":"*"`), "", ""},
		"everything":            {attachedTo(`"Action":"*","Resource":"*"`), "", ""},
		"every service":         {attachedTo(`"Action":"*:*","Resource":"*"`), "", ""},
		"negations":             {attachedTo(`"NotAction":"iam:*","NotResource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]`), "", ""},
		"short pattern":         {attachedTo(`"Action":"s3:*","Resource":"arn:aws:s3:*"`), "", ""},
		"variable":              {attachedTo(`"Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}"`), "", ""},
		"condition":             {attachedTo(`"Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true}}`), "", ""},
		"Sids":                  {attachedTo(`"Sid":"Az09","Action":"s3:*","Resource":"*"`), "", ""},
		"statement, not a list": {`{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`, "", ""},
		"principal": {attachedTo(`"Principal":"*","Action":"s3:*","Resource":"*"`),
			"Policy document should not specify a principal.", `"*"`},
		"not principal": {attachedTo(`"NotPrincipal":{"AWS":"x"},"Action":"s3:*","Resource":"*"`),
			"Policy document should not specify a principal.", `{"AWS"`},
		"no action":   {attachedTo(`"Resource":"*"`), "Policy statement must contain actions.", `{"Eff`},
		"no resource": {attachedTo(`"Action":"s3:*"`), "Policy statement must contain resources.", `{"Eff`},
		"action, no vendor": {attachedTo(`"Action":["s3:*","Get"],"Resource":"*"`),
			"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", `"Get"`},
		"action, two": {attachedTo(`"Action":"s3:a:b","Resource":"*"`),
			"Actions/Condition can contain only one colon.", `"s3:a`},
		"action, odd":     {attachedTo(`"Action":"s 3:a","Resource":"*"`), "Vendor s 3 is not valid", `"s 3`},
		"action, no name": {attachedTo(`"Action":":a","Resource":"*"`), "Vendor  is not valid", `":a"`},
		"resource": {attachedTo(`"Action":"s3:*","Resource":["*","bucket"]`),
			`Resource bucket must be in ARN format or "*".`, `"bucket"`},
		"resource, short": {attachedTo(`"Action":"s3:*","Resource":"arn:aws:s3"`),
			`Resource arn:aws:s3 must be in ARN format or "*".`, `"arn:`},
		"Sid with space": {attachedTo(`"Sid":"a b","Action":"s3:*","Resource":"*"`),
			"Statement IDs (SID) must be alpha-numeric. " +
				"Check that your input satisfies the regular expression [0-9A-Za-z]*", `{"Eff`},
		"Sid twice": {`{"Statement":[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},
			{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]}`,
			"Statement IDs (SID) in a single policy must be unique.", `{"Sid":"a","Effect":"Deny"`},
		"no effect": {`{"Statement":{"Action":"*","Resource":"*"}}`, "statement 1: Effect is missing", `{"Action`},
		"not JSON":  {`{"Statement":`, "unexpected end of the policy", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := policy.ParseIdentity(c.text)
			checkParsed(t, c.text, p, err, c.want, c.at)
		})
	}
}

func TestParseTrust(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want, at string }{
		"service":  {attachedTo(`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"`), "", ""},
		"account":  {attachedTo(`"Principal":{"AWS":"111122223333"},"Action":["sts:AssumeRole","sts:TagSession"]`), "", ""},
		"provider": {attachedTo(`"Principal":{"Federated":"accounts.example.com"},"Action":"sts:AssumeRoleWithWebIdentity"`), "", ""},
		"condition": {attachedTo(`"Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":
			{"sts:ExternalId":"x"}}`), "", ""},
		"resource":     {attachedTo(`"Principal":"*","Action":"sts:AssumeRole","Resource":"*"`), "Has prohibited field Resource.", `"*"}]`},
		"not resource": {attachedTo(`"Principal":"*","Action":"sts:AssumeRole","NotResource":"x"`), "Has prohibited field Resource.", `"x"`},
		"no principal": {attachedTo(`"Action":"sts:AssumeRole"`), "statement 1: Principal is missing", `{"Eff`},
		"no action":    {attachedTo(`"Principal":"*"`), "Policy statement must contain actions.", `{"Eff`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := policy.ParseTrust(c.text)
			checkParsed(t, c.text, p, err, c.want, c.at)
		})
	}
	var principal *policy.PrincipalError
	_, err := policy.ParseTrust(attachedTo(`"Principal":{"AWS":"arn:aws:iam::1:role/*"},"Action":"sts:AssumeRole"`))
	if !errors.As(err, &principal) {
		t.Errorf("invalid principal: got %v, want a PrincipalError", err)
	}
	_, err = policy.Parse(strings.ReplaceAll("{`Version`:`2012-10-17`,\n `Statement`:{`Sid`:`é`,"+
		"`Principal`:{`AWS`:`nobody`},\n `Effect`:`Allow`,`Action`:`kms:*`,`Resource`:`*`}}", "`", `"`))
	const want = `line 2, column 44: statement 1 ("é"): invalid principal "nobody": `
	if !errors.As(err, &principal) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("place of an invalid principal: got %v, want %s", err, want)
	}
}

func checkParsed(t *testing.T, text string, p *policy.Policy, err error, want, at string) {
	t.Helper()
	if want == "" {
		if err != nil || len(p.Statements) != 1 {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	var syntax *policy.SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("got %v, want a SyntaxError", err)
	}
	if !strings.HasPrefix(syntax.Msg, want) {
		t.Errorf("got %s, want %s", syntax.Msg, want)
	}
	if offset := strings.Index(text, at); at != "" && syntax.Offset != offset {
		t.Errorf("got offset %d, want %d", syntax.Offset, offset)
	}
}

func TestParseIdentityTooLarge(t *testing.T) {
	t.Parallel()
	text := attachedTo(`"Action":"*","Resource":"*"`)
	text += strings.Repeat(" ", policy.MaxIdentityBytes-len(text))
	if _, err := policy.ParseIdentity(text); err != nil {
		t.Error(err)
	}
	if _, err := policy.ParseIdentity(text + " "); !errors.Is(err, policy.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

// TestTrust: a role can be assumed by whom its trust policy names, and by those it leaves to their account.
func TestTrust(t *testing.T) {
	t.Parallel()
	all := mustIdentity(t, "*")
	for name, c := range map[string]struct {
		caller, principal string
		identity          []*policy.Policy
		want              policy.Reason
	}{
		"named":                              {alice, alice, nil, policy.ByResourcePolicy},
		"account, identity policy allows":    {alice, account, one1(all), policy.ByDelegation},
		"account, no identity policy":        {alice, root, nil, policy.NoIdentityPolicy},
		"not named":                          {alice, reader, one1(all), policy.NoResourcePolicy},
		"foreign, both allow":                {external, foreign, one1(all), policy.ByResourcePolicy},
		"foreign, its account does not":      {external, "arn:aws:iam::444455556666:role/ext", nil, policy.NoIdentityPolicy},
		"foreign, the trust policy does not": {external, account, one1(all), policy.NoResourcePolicy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trust, err := policy.ParseTrust(attachedTo(`"Principal":{"AWS":"` + c.principal +
				`"},"Action":"sts:AssumeRole"`))
			if err != nil {
				t.Fatal(err)
			}
			r := policy.Request{Caller: mustCaller(t, c.caller), Action: "sts:AssumeRole", Resource: writer,
				Policies: policy.Policies{Trust: trust, Identity: c.identity, Key: mustParse(t, policy.Default("aws", account))}}
			d := policy.Decide(r)
			if d.Reason != c.want {
				t.Errorf("got %+v, want %s", d, c.want)
			}
			verdictOf(t, r, d.Allowed)
		})
	}
	service := policy.NewService("lambda.amazonaws.com")
	trust, err := policy.ParseTrust(attachedTo(`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"`))
	if err != nil {
		t.Fatal(err)
	}
	r := policy.Request{Caller: service, Action: "sts:AssumeRole", Resource: writer,
		Policies: policy.Policies{Trust: trust}}
	if d := policy.Decide(r); !d.Allowed {
		t.Errorf("service: got %+v", d)
	}
}

// TestActionsWithoutResourcePolicy: identity policies decide, in the account.
func TestActionsWithoutResourcePolicy(t *testing.T) {
	t.Parallel()
	const ledger = "arn:aws:qldb:eu-west-2:111122223333:ledger/orders"
	const alias = "arn:aws:kms:eu-west-2:111122223333:alias/orders"
	for name, c := range map[string]struct {
		caller, action, resource, allowed string
		want                              policy.Reason
	}{
		"ledger":                          {alice, "qldb:SendCommand", ledger, "qldb:Send*", policy.ByIdentityPolicy},
		"ledger, another action":          {alice, "qldb:PartiQLInsert", ledger, "qldb:Send*", policy.NoIdentityPolicy},
		"ledger of another account":       {external, "qldb:SendCommand", ledger, "*", policy.NoResourcePolicy},
		"ledger, root user":               {root, "qldb:SendCommand", ledger, "s3:*", policy.ByRootUser},
		"key creation":                    {alice, "kms:CreateKey", "*", "kms:Create*", policy.ByIdentityPolicy},
		"key creation, resource left out": {alice, "kms:CreateKey", "", "kms:Create*", policy.ByIdentityPolicy},
		"key creation, root user":         {root, "kms:CreateKey", "*", "s3:*", policy.ByRootUser},
		"alias, its own half":             {alice, "kms:CreateAlias", alias, "kms:*", policy.ByIdentityPolicy},
		"alias, the key's half":           {alice, "kms:CreateAlias", keyARN, "kms:*", policy.NoResourcePolicy},
		"decryption is never of an alias": {alice, "kms:Decrypt", alias, "*", policy.NoResourcePolicy},
		"decryption without a key":        {alice, "kms:Decrypt", "*", "*", policy.NoResourcePolicy},
		"unknown KMS action":              {alice, "kms:Detonate", keyARN, "*", policy.NoResourcePolicy},
		"AWS's own policies": {alice, "iam:GetPolicy", "arn:aws:iam::aws:policy/AdministratorAccess", "iam:*",
			policy.ByIdentityPolicy},
		"retiring a grant": {alice, "kms:RetireGrant", keyARN, "kms:*", policy.ByIdentityPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: mustCaller(t, c.caller), Action: c.action, Resource: c.resource,
				Policies: policy.Policies{Identity: one1(mustIdentity(t, c.allowed))}}
			d := policy.Decide(r)
			if d.Reason != c.want {
				t.Errorf("got %+v, want %s", d, c.want)
			}
			verdictOf(t, r, d.Allowed)
		})
	}
}

func TestRetireGrant(t *testing.T) {
	t.Parallel()
	everything := mustParse(t, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`)
	grant := policy.Grant{Grantee: reader, Retiring: writer, Issuer: foreign, Operations: []string{"Decrypt"}}
	own := grant
	own.Operations = []string{"Decrypt", "RetireGrant"}
	for name, c := range map[string]struct {
		caller   string
		grant    policy.Grant
		identity []*policy.Policy
		want     policy.Reason
	}{
		"key policy":                   {alice, grant, nil, policy.NoIdentityPolicy},
		"retiring principal":           {writer, grant, nil, policy.ByGrant},
		"grantee":                      {reader, grant, nil, policy.NoIdentityPolicy},
		"grantee that may":             {reader, own, nil, policy.ByGrant},
		"issuing account":              {external, grant, one1(mustIdentity(t, "kms:RetireGrant")), policy.ByIdentityPolicy},
		"issuing account, not allowed": {external, grant, nil, policy.NoIdentityPolicy},
		"another account": {"arn:aws:iam::999999999999:user/x", grant, one1(mustIdentity(t, "*")),
			policy.NoResourcePolicy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: mustCaller(t, c.caller), Action: "kms:RetireGrant", Resource: keyARN,
				Policies: policy.Policies{Key: everything, Identity: c.identity}, Grants: []policy.Grant{c.grant}}
			d := policy.Decide(r)
			if d.Reason != c.want {
				t.Errorf("got %+v, want %s", d, c.want)
			}
			verdictOf(t, r, d.Allowed)
		})
	}
}

func TestGrantees(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller   policy.Caller
		grantee  string
		identity []*policy.Policy
		want     bool
	}{
		"role":                          {callerOf(t, "s(ledger-reader/s1)"), reader, nil, true},
		"session":                       {callerOf(t, "s(ledger-reader/s1)"), readerS1, nil, true},
		"another session":               {callerOf(t, "s(ledger-reader/s2)"), readerS1, nil, false},
		"user":                          {mustCaller(t, alice), alice, nil, true},
		"foreign role, alone":           {callerOf(t, "s(B:ext/s1)"), "arn:aws:iam::444455556666:role/ext", nil, true},
		"account, identity allows":      {mustCaller(t, alice), root, one1(mustIdentity(t, "kms:Decrypt")), true},
		"account, identity does not":    {mustCaller(t, alice), root, nil, false},
		"account, its root user":        {mustCaller(t, root), root, nil, true},
		"service":                       {policy.NewService(viaLedger), viaLedger, nil, true},
		"service by another name":       {policy.NewService("qldb.amazonaws.com", viaLedger), viaLedger, nil, true},
		"user of the service's name":    {mustCaller(t, alice), viaLedger, nil, false},
		"nobody for everybody":          {mustCaller(t, alice), "*", nil, false},
		"nobody for nothing":            {mustCaller(t, alice), "", nil, false},
		"anonymous for nothing":         {policy.Caller{Kind: policy.Anonymous}, "", nil, false},
		"service without name, nothing": {policy.NewService(""), "", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: c.caller, Action: "kms:Decrypt", Resource: keyARN,
				Policies: policy.Policies{Identity: c.identity, Boundary: mustIdentity(t, "s3:*")},
				Grants:   []policy.Grant{{Grantee: c.grantee, Operations: []string{"Encrypt", "Decrypt"}}}}
			if got := policy.Decide(r); got.Allowed != c.want {
				t.Errorf("got %+v, want allowed %t", got, c.want)
			}
			verdictOf(t, r, c.want)
			r.Action = "kms:GenerateDataKey"
			if got := policy.Decide(r); got.Allowed {
				t.Errorf("operation not granted: got %+v", got)
			}
		})
	}
}
