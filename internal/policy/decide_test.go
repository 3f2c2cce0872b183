package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// TestDecidingStatements: all statements that decided are named, not just the first.
func TestDecidingStatements(t *testing.T) {
	t.Parallel()
	key := mustParse(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"a","Effect":"Allow","Principal":{"AWS":"`+root+`"},"Action":"kms:*","Resource":"*"},
		{"Sid":"b","Effect":"Allow","Principal":{"AWS":"`+reader+`"},"Action":"kms:Decrypt","Resource":"*"},
		{"Sid":"c","Effect":"Allow","Principal":{"AWS":"`+writer+`"},"Action":"kms:Decrypt","Resource":"*"},
		{"Sid":"d","Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"},
		{"Effect":"Deny","Principal":{"AWS":"`+reader+`"},"Action":"kms:Enc*","Resource":"*"}]}`)
	identity, err := policy.ParseIdentity(`{"Statement":[{"Sid":"x","Effect":"Allow","Action":"*","Resource":"*"},
		{"Sid":"y","Effect":"Deny","Action":"kms:Encrypt","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	r := policy.Request{Caller: mustCaller(t, readerS1), Action: "kms:Decrypt", Resource: keyARN,
		Policies: policy.Policies{Key: key, Identity: []*policy.Policy{mustIdentity(t, "s3:*"), identity}},
		Grants: []policy.Grant{{Grantee: writer, Operations: []string{"Decrypt"}},
			{Grantee: reader, Operations: []string{"Decrypt"}}}}
	want := policy.Decision{Allowed: true, Reason: policy.ByGrant, Grants: []int{1}, Statements: []policy.Deciding{
		{Kind: policy.KeyPolicy, Index: 0, Sid: "a", Effect: policy.Allow},
		{Kind: policy.KeyPolicy, Index: 1, Sid: "b", Effect: policy.Allow},
		{Kind: policy.IdentityPolicy, Policy: 1, Index: 0, Sid: "x", Effect: policy.Allow}}}
	if diff := cmp.Diff(want, policy.Decide(r)); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
	r.Action, r.Grants[1].Operations = "kms:Encrypt", []string{"Encrypt"}
	want = policy.Decision{Explicit: true, Reason: policy.ExplicitDeny, Statements: []policy.Deciding{
		{Kind: policy.KeyPolicy, Index: 3, Sid: "d", Effect: policy.Deny},
		{Kind: policy.KeyPolicy, Index: 4, Effect: policy.Deny},
		{Kind: policy.IdentityPolicy, Policy: 1, Index: 1, Sid: "y", Effect: policy.Deny}}}
	got := policy.Decide(r)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("denied (-want +got):\n%s", diff)
	}
	if got, want := got.Statements[0].String(), `statement 4 ("d") of the key policy`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestCallers has for each kind of caller what reaches it and what does not.
func TestCallers(t *testing.T) {
	t.Parallel()
	const qldb = `{"Service":"qldb.amazonaws.com"}`
	pathRole := "arn:aws:iam::111122223333:role/aws-reserved/sso/ledger-reader"
	session := func(role, name, id string) policy.Caller {
		c, err := policy.NewSession(role, name, id)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	user, err := policy.NewCaller(alice, "AIDAEXAMPLEUSERID123")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		caller    policy.Caller
		principal string
		want      bool
	}{
		"user by ARN":                      {user, `{"AWS":"` + alice + `"}`, true},
		"user by ARN without path":         {user, `{"AWS":"arn:aws:iam::111122223333:user/alice"}`, false},
		"user by id":                       {user, `{"AWS":"AIDAEXAMPLEUSERID123"}`, true},
		"user by another id":               {user, `{"AWS":"AIDAEXAMPLEUSERID124"}`, false},
		"user whose id is a role's":        {user, `{"AWS":"AROAEXAMPLEUSERID123"}`, false},
		"user, space around":               {user, `{"AWS":" ` + alice + ` "}`, true},
		"user in another partition":        {user, `{"AWS":"arn:aws-cn:iam::111122223333:user/team/alice"}`, false},
		"user by account":                  {user, `{"AWS":"` + root + `"}`, false},
		"root by account":                  {mustCaller(t, root), `{"AWS":"111122223333"}`, true},
		"root by ARN":                      {mustCaller(t, root), `{"AWS":"` + root + `"}`, true},
		"root by ARN of another partition": {mustCaller(t, root), `{"AWS":"arn:aws-cn:iam::111122223333:root"}`, false},
		"root of another account": {mustCaller(t, "arn:aws:iam::444455556666:root"),
			`{"AWS":"` + root + `"}`, false},
		"foreign root by its account": {mustCaller(t, "arn:aws:iam::444455556666:root"),
			`{"AWS":"444455556666"}`, true},
		"session by role":                  {session(reader, "s1", ""), `{"AWS":"` + reader + `"}`, true},
		"session by role with path":        {session(pathRole, "s1", ""), `{"AWS":"` + pathRole + `"}`, true},
		"session by role without its path": {session(pathRole, "s1", ""), `{"AWS":"` + reader + `"}`, false},
		"session of role with path":        {session(pathRole, "s1", ""), `{"AWS":"` + readerS1 + `"}`, true},
		"session by role id": {session(reader, "s1", "AROANEWROLENEWROLE00"),
			`{"AWS":"AROANEWROLENEWROLE00"}`, true},
		"session by another session": {session(reader, "s2", ""), `{"AWS":"` + readerS1 + `"}`, false},
		"federated user": {mustCaller(t, "arn:aws:sts::111122223333:federated-user/fred"),
			`{"AWS":"arn:aws:sts::111122223333:federated-user/fred"}`, true},
		"federated user, another": {mustCaller(t, "arn:aws:sts::111122223333:federated-user/fred"),
			`{"AWS":"arn:aws:sts::111122223333:federated-user/free"}`, false},
		"service": {policy.NewService("qldb.amazonaws.com"), qldb, true},
		"service by its other name": {policy.NewService("qldb.eu-west-2.amazonaws.com", "qldb.amazonaws.com"),
			qldb, true},
		"another service":                   {policy.NewService("s3.amazonaws.com"), qldb, false},
		"service by *":                      {policy.NewService("s3.amazonaws.com"), `"*"`, true},
		"service by account":                {policy.NewService("s3.amazonaws.com"), `{"AWS":"` + account + `"}`, false},
		"nobody by *":                       {policy.Caller{Kind: policy.Anonymous}, `"*"`, false},
		"zero caller by *":                  {policy.Caller{}, `"*"`, false},
		"user by identity provider":         {user, `{"Federated":"accounts.example.com"}`, false},
		"several principals, the last fits": {user, `{"AWS":["` + reader + `","` + writer + `","` + alice + `"]}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: c.caller, Action: "kms:Decrypt", Resource: keyARN,
				Policies: policy.Policies{Key: mustParse(t, one(`"Principal":`+c.principal))}}
			if c.caller.Account == foreign && c.caller.Kind != policy.RootUser {
				r.Policies.Identity = one1(mustIdentity(t, "*"))
			}
			if got := policy.Decide(r); got.Allowed != c.want {
				t.Errorf("got %+v, want allowed %t", got, c.want)
			}
			verdictOf(t, r, c.want)

			// The same principal in a Deny hits whom it names, the account all of its own.
			byAccount := c.principal == `{"AWS":"`+root+`"}` && c.caller.Account == account
			r.Policies.Key = mustParse(t, `{"Statement":[
				{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
				{"Effect":"Deny","Principal":`+c.principal+`,"Action":"*","Resource":"*"}]}`)
			r.Policies.Identity = one1(mustIdentity(t, "*"))
			want := c.want || byAccount || c.principal == `"*"`
			if got := policy.Decide(r); got.Explicit != want {
				t.Errorf("Deny: got %+v, want explicit %t", got, want)
			}
		})
	}
}

func TestNotPrincipal(t *testing.T) {
	t.Parallel()
	session := callerOf(t, "s(ledger-reader/s1)")
	for name, c := range map[string]struct {
		caller policy.Caller
		effect string
		list   string
		want   bool // the statement applies
	}{
		"Deny, nothing of it listed": {session, "Deny", `{"AWS":"` + writer + `"}`, true},
		"Deny, session not listed":   {session, "Deny", `{"AWS":["` + root + `","` + reader + `"]}`, true},
		"Deny, role not listed":      {session, "Deny", `{"AWS":["` + root + `","` + readerS1 + `"]}`, true},
		"Deny, account not listed":   {session, "Deny", `{"AWS":["` + reader + `","` + readerS1 + `"]}`, true},
		"Deny, all three": {session, "Deny",
			`{"AWS":["` + account + `","` + reader + `","` + readerS1 + `"]}`, false},
		"Deny, role by its id": {session, "Deny",
			`{"AWS":["` + root + `","AROANEWROLENEWROLE00","` + readerS1 + `"]}`, false},
		"Deny, everybody listed": {session, "Deny", `"*"`, false},
		"Deny, user and account": {mustCaller(t, alice), "Deny",
			`{"AWS":["` + account + `","` + alice + `"]}`, false},
		"Deny, user alone":              {mustCaller(t, alice), "Deny", `{"AWS":"` + alice + `"}`, true},
		"Deny, root user":               {mustCaller(t, root), "Deny", `{"AWS":"` + account + `"}`, false},
		"Deny, service listed":          {policy.NewService("qldb.amazonaws.com"), "Deny", `{"Service":"qldb.amazonaws.com"}`, false},
		"Deny, another service":         {policy.NewService("qldb.amazonaws.com"), "Deny", `{"Service":"s3.amazonaws.com"}`, true},
		"Deny, nobody":                  {policy.Caller{Kind: policy.Anonymous}, "Deny", `{"AWS":"` + account + `"}`, true},
		"Allow, nothing of it listed":   {session, "Allow", `{"AWS":"` + writer + `"}`, true},
		"Allow, the session listed":     {session, "Allow", `{"AWS":"` + readerS1 + `"}`, false},
		"Allow, the role listed":        {session, "Allow", `{"AWS":"` + reader + `"}`, false},
		"Allow, the account listed":     {session, "Allow", `{"AWS":"` + root + `"}`, false},
		"Allow, another account listed": {session, "Allow", `{"AWS":"` + foreign + `"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: c.caller, Action: "kms:Decrypt", Resource: keyARN,
				Policies: policy.Policies{Key: mustParse(t, `{"Statement":{"Effect":"`+c.effect+`","NotPrincipal":`+c.list+
					`,"Action":"*","Resource":"*"}}`)}}
			d := policy.Decide(r)
			if got := d.Allowed || d.Explicit; got != c.want {
				t.Errorf("got %+v, want applies %t", d, c.want)
			}
			verdictOf(t, r, d.Allowed)
		})
	}
}

// TestStrength has what else is needed, for each way to be named by the key policy.
func TestStrength(t *testing.T) {
	t.Parallel()
	all, other := mustIdentity(t, "*"), mustIdentity(t, "s3:*")
	caller := callerOf(t, "s(ledger-reader/s1)")
	for principal, need := range map[string]struct{ identity, limits bool }{
		`{"AWS":"` + account + `"}`:                     {true, true},
		`{"AWS":"` + reader + `"}`:                      {false, true},
		`{"AWS":"AROANEWROLENEWROLE00"}`:                {false, true},
		`{"AWS":"` + readerS1 + `"}`:                    {false, false},
		`"*"`:                                           {false, false},
		`{"AWS":["` + root + `","` + reader + `"]}`:     {false, true},
		`{"AWS":["` + reader + `","` + readerS1 + `"]}`: {false, false},
	} {
		for name, c := range map[string]struct {
			policies policy.Policies
			want     bool
		}{
			"nothing else":   {policy.Policies{}, !need.identity},
			"identity":       {policy.Policies{Identity: one1(all)}, true},
			"boundary":       {policy.Policies{Identity: one1(all), Boundary: other}, !need.limits},
			"session policy": {policy.Policies{Identity: one1(all), Session: one1(other)}, !need.limits},
			"both pass": {policy.Policies{Identity: one1(all), Boundary: all,
				Session: []*policy.Policy{other, all}}, true},
			"organisation":     {policy.Policies{Identity: one1(all), ServiceControl: one1(other)}, false},
			"organisation too": {policy.Policies{Identity: one1(all), ServiceControl: one1(all)}, true},
		} {
			t.Run(principal+" "+name, func(t *testing.T) {
				t.Parallel()
				r := policy.Request{Caller: caller, Action: "kms:Decrypt", Resource: keyARN, Policies: c.policies}
				r.Policies.Key = mustParse(t, one(`"Principal":`+principal))
				if got := policy.Decide(r); got.Allowed != c.want {
					t.Errorf("got %+v, want allowed %t", got, c.want)
				}
				verdictOf(t, r, c.want)
			})
		}
	}
}

// TestResourceOfNobody: without an account on either side nothing is in the key's account.
func TestResourceOfNobody(t *testing.T) {
	t.Parallel()
	everybody := mustParse(t, one(`"Principal":"*","Action":"*"`))
	for _, c := range []policy.Caller{{}, {Kind: policy.Anonymous}, mustCaller(t, alice)} {
		for _, resource := range []string{"", "*", "garbage", "arn:aws:kms:eu-west-2::key/x", keyARN + "x"} {
			for _, action := range []string{"kms:Decrypt", "kms:PutKeyPolicy", "sts:AssumeRole"} {
				r := policy.Request{Caller: c, Action: action, Resource: resource,
					Policies: policy.Policies{Key: everybody, Trust: everybody}}
				want := c.Account != "" && resource == keyARN+"x"
				if got := policy.Decide(r); got.Allowed != want {
					t.Errorf("%s on %q: got %+v, want allowed %t", action, resource, got, want)
				}
				verdictOf(t, r, want)
			}
		}
	}
}

// TestPartlyKnownCallers: Decide takes what it does not know of a caller for something that no policy names; Can does
// not know.
func TestPartlyKnownCallers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller, principal string
		want              policy.Verdict
	}{
		"role, a session of it":      {reader, readerS1, policy.Depends},
		"role, a session of another": {reader, "arn:aws:sts::111122223333:assumed-role/other/s1", policy.Never},
		"role, a session abroad": {reader, "arn:aws:sts::444455556666:assumed-role/ledger-reader/s1",
			policy.Never},
		"session without id, an id":       {readerS1, "AROANEWROLENEWROLE00", policy.Depends},
		"session without id, a user's id": {readerS1, "AIDAEXAMPLEUSERID123", policy.Never},
		"federated user without id, any id": {"arn:aws:sts::111122223333:federated-user/f", "AROANEWROLENEWROLE00",
			policy.Never},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: mustCaller(t, c.caller), Action: "kms:Decrypt", Resource: keyARN,
				Policies: policy.Policies{Key: mustParse(t, one(`"Principal":{"AWS":"`+c.principal+`"}`))}}
			if got := policy.Decide(r); got.Allowed {
				t.Errorf("Decide allows: %+v", got)
			}
			got := policy.Can(r, policy.Assumptions{Complete: true})
			if got.Verdict != c.want || (len(got.Doubts) > 0) != (c.want == policy.Depends) {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

// TestRootUserAndServices have no identity policies, need none, and services are in no organisation.
func TestRootUserAndServices(t *testing.T) {
	t.Parallel()
	key := mustParse(t, `{"Statement":[{"Effect":"Allow","Principal":{"AWS":["`+account+`","`+foreign+`"],
		"Service":"qldb.amazonaws.com"},"Action":"kms:*","Resource":"*"}]}`)
	other := mustIdentity(t, "s3:*")
	for name, c := range map[string]struct {
		caller   policy.Caller
		policies policy.Policies
		want     policy.Reason
	}{
		"root user": {mustCaller(t, root), policy.Policies{}, policy.ByResourcePolicy},
		"root user in organisation": {mustCaller(t, root), policy.Policies{ServiceControl: one1(other)},
			policy.NoServiceControl},
		"root user, foreign": {callerOf(t, "root(B)"), policy.Policies{}, policy.ByResourcePolicy},
		"service":            {policy.NewService("qldb.amazonaws.com"), policy.Policies{}, policy.ByResourcePolicy},
		"service, user's limits": {policy.NewService("qldb.amazonaws.com"), policy.Policies{ServiceControl: one1(other)},
			policy.ByResourcePolicy},
		"user through its account": {callerOf(t, "u(alice)"), policy.Policies{Identity: one1(mustIdentity(t, "*"))},
			policy.ByDelegation},
		"anonymous":                    {policy.Caller{Kind: policy.Anonymous}, policy.Policies{}, policy.NoResourcePolicy},
		"user without identity policy": {callerOf(t, "u(bob)"), policy.Policies{}, policy.NoIdentityPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Caller: c.caller, Action: "kms:Decrypt", Resource: keyARN, Policies: c.policies}
			r.Policies.Key = key
			d := policy.Decide(r)
			if d.Reason != c.want {
				t.Errorf("got %+v, want %s", d, c.want)
			}
			verdictOf(t, r, d.Allowed)
		})
	}
}
