package kms_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	ownerRoot = "arn:aws:iam::111122223333:root"
	aliceARN  = "arn:aws:iam::111122223333:user/alice"
	qldbHost  = "qldb.eu-west-2.amazonaws.com"
)

// grant makes a grant for alice to decrypt, unless in says otherwise.
func (w world) grant(t *testing.T, key string, in kms.CreateGrantInput) *kms.CreateGrantOutput {
	t.Helper()
	in.KeyID = &key
	if in.GranteePrincipal == nil && in.GranteeServicePrincipal == nil {
		in.GranteePrincipal = ptr(aliceARN)
	}
	if in.Operations == nil {
		in.Operations = []string{"Decrypt"}
	}
	return must[*kms.CreateGrantOutput](t)(w.CreateGrant(t.Context(), as(ownerAccount), &in))
}

func (w world) grants(t *testing.T, key string) []kms.GrantListEntry {
	t.Helper()
	return must[*kms.ListGrantsOutput](t)(w.ListGrants(t.Context(), as(ownerAccount),
		&kms.ListGrantsInput{KeyID: &key})).Grants
}

func (w world) stored(t *testing.T, part string) []string {
	t.Helper()
	return must[[]string](t)(w.Stored(t.Context(), part))
}

// qldb is a call that QLDB makes for itself, for a ledger of the owner's.
func qldb() *wire.Call {
	c := as(ownerAccount)
	c.Caller = wire.Caller{Account: ownerAccount, ARN: qldbHost, Service: qldbHost}
	return c
}

func TestGrantEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	constraints := &kms.GrantConstraints{EncryptionContextSubset: map[string]string{"a": "b"}}
	first := w.grant(t, m.KeyID, kms.CreateGrantInput{})
	w.clock.Advance(day)
	second := w.grant(t, m.ARN, kms.CreateGrantInput{
		Name: ptr("qldb-1"), GranteePrincipal: ptr(qldbHost), RetiringPrincipal: ptr(qldbHost),
		Operations: []string{"GenerateDataKey", "Decrypt"}, Constraints: constraints,
	})
	w.clock.Advance(day)
	third := w.grant(t, m.ARN, kms.CreateGrantInput{
		GranteeServicePrincipal: ptr(qldbHost), RetiringServicePrincipal: ptr(qldbHost),
		Constraints: &kms.GrantConstraints{SourceARN: ptr("arn:aws:qldb:eu-west-2:111122223333:ledger/orders")},
	})
	want := []kms.GrantListEntry{{
		CreationDate: wire.At(start), GrantID: first.GrantID, GranteePrincipal: aliceARN, IssuingAccount: ownerRoot,
		KeyID: m.ARN, Operations: []string{"Decrypt"},
	}, {
		CreationDate: wire.At(start.Add(day)), GrantID: second.GrantID, GranteePrincipal: qldbHost,
		RetiringPrincipal: qldbHost, IssuingAccount: ownerRoot, KeyID: m.ARN, Name: "qldb-1",
		Operations: []string{"GenerateDataKey", "Decrypt"}, Constraints: constraints,
	}, {
		CreationDate: wire.At(start.Add(2 * day)), GrantID: third.GrantID, GranteeServicePrincipal: qldbHost,
		RetiringServicePrincipal: qldbHost, IssuingAccount: ownerRoot, KeyID: m.ARN, Operations: []string{"Decrypt"},
		Constraints: &kms.GrantConstraints{SourceARN: ptr("arn:aws:qldb:eu-west-2:111122223333:ledger/orders")},
	}}
	if diff := cmp.Diff(want, w.grants(t, m.KeyID)); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	for name, tt := range map[string]struct {
		in   kms.ListGrantsInput
		want []kms.GrantListEntry
	}{
		"grant":   {kms.ListGrantsInput{GrantID: &second.GrantID}, want[1:2]},
		"grantee": {kms.ListGrantsInput{GranteePrincipal: ptr(aliceARN)}, want[:1]},
		"service": {kms.ListGrantsInput{GranteeServicePrincipal: ptr(qldbHost)}, want[1:]},
		"nobody":  {kms.ListGrantsInput{GranteePrincipal: ptr(ownerRoot)}, []kms.GrantListEntry{}},
	} {
		tt.in.KeyID = &m.KeyID
		got := must[*kms.ListGrantsOutput](t)(w.ListGrants(t.Context(), as(ownerAccount), &tt.in)).Grants
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestGrantNameMakesIdempotent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	named := kms.CreateGrantInput{Name: ptr("n"), Operations: []string{"Decrypt", "Encrypt"}}
	first, again := w.grant(t, m.KeyID, named), w.grant(t, m.KeyID, named)
	if first.GrantID != again.GrantID || first.GrantToken == again.GrantToken {
		t.Errorf("got %v and %v, want one grant with two tokens", first, again)
	}
	for _, token := range []string{first.GrantToken, again.GrantToken} {
		in := &kms.DescribeKeyInput{KeyID: &m.KeyID, GrantTokens: []string{token}}
		must[*kms.DescribeKeyOutput](t)(w.DescribeKey(t.Context(), as(ownerAccount), in))
	}
	elsewhere := as(ownerAccount)
	elsewhere.Region = "us-east-1"
	_, err := w.RetireGrant(t.Context(), elsewhere, &kms.RetireGrantInput{GrantToken: &first.GrantToken})
	wantFault(t, err, "InvalidGrantTokenException", "The grant token is not valid.")
	other := w.grant(t, m.KeyID, kms.CreateGrantInput{Name: ptr("n")})
	unnamed := kms.CreateGrantInput{}
	if w.grant(t, m.KeyID, unnamed).GrantID == w.grant(t, m.KeyID, unnamed).GrantID || other.GrantID == first.GrantID {
		t.Error("got an old grant, want a new one without a name or with other operations")
	}
	if got := len(w.grants(t, m.KeyID)); got != 4 {
		t.Errorf("got %d grants, want 4", got)
	}
}

// A service that calls for itself may do what a grant says, under the grant's constraint, and nothing else.
func TestGrantAllowsService(t *testing.T) {
	t.Parallel()
	equals := &kms.GrantConstraints{EncryptionContextEquals: map[string]string{"Node": "1"}}
	subset := &kms.GrantConstraints{EncryptionContextSubset: map[string]string{"Node": "1"}}
	for _, tt := range []struct {
		name        string
		grantee     string
		operations  []string
		constraints *kms.GrantConstraints
		ec          map[string]string
		allowed     bool
	}{
		{name: "no constraint", grantee: qldbHost, operations: []string{"GenerateDataKey"}, allowed: true},
		{name: "another grantee", grantee: "s3.eu-west-2.amazonaws.com", operations: []string{"GenerateDataKey"}},
		{name: "the account", grantee: ownerRoot, operations: []string{"GenerateDataKey"}},
		{name: "another operation", grantee: qldbHost, operations: []string{"Encrypt", "Decrypt"}},
		{
			name: "equal context", grantee: qldbHost, operations: []string{"GenerateDataKey"}, constraints: equals,
			ec: map[string]string{"node": "1"}, allowed: true,
		},
		{
			name: "larger context", grantee: qldbHost, operations: []string{"GenerateDataKey"}, constraints: equals,
			ec: map[string]string{"Node": "1", "b": "2"},
		},
		{name: "no context", grantee: qldbHost, operations: []string{"GenerateDataKey"}, constraints: equals},
		{
			name: "contained", grantee: qldbHost, operations: []string{"GenerateDataKey"}, constraints: subset,
			ec: map[string]string{"Node": "1", "b": "2"}, allowed: true,
		},
		{
			name: "another value", grantee: qldbHost, operations: []string{"GenerateDataKey"}, constraints: subset,
			ec: map[string]string{"Node": "2"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := w.create(t, kms.CreateKeyInput{})
			w.grant(t, m.KeyID, kms.CreateGrantInput{
				GranteePrincipal: &tt.grantee, Operations: tt.operations, Constraints: tt.constraints,
			})
			in := &kms.GenerateDataKeyInput{KeyID: &m.ARN, KeySpec: "AES_256", EncryptionContext: tt.ec}
			_, err := w.GenerateDataKey(t.Context(), qldb(), in)
			if tt.allowed {
				if err != nil {
					t.Errorf("got %v, want it allowed", err)
				}
				return
			}
			wantFault(t, err, "AccessDeniedException", "User: qldb.eu-west-2.amazonaws.com is not authorized to "+
				"perform: kms:GenerateDataKey on resource: "+m.ARN+
				" because no resource-based policy allows the kms:GenerateDataKey action")
		})
	}
}

// What no grant can allow is closed to a service that calls for itself, and open to the account.
func TestServiceWithoutGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	w.alias(t, "alias/orders", m.KeyID)
	key := &kms.KeyInput{KeyID: &m.ARN}
	ctx := t.Context()
	for name, call := range map[string]func(c *wire.Call) (any, error){
		"CreateKey":   func(c *wire.Call) (any, error) { return w.CreateKey(ctx, c, &kms.CreateKeyInput{}) },
		"ListKeys":    func(c *wire.Call) (any, error) { return w.ListKeys(ctx, c, &kms.ListKeysInput{}) },
		"ListAliases": func(c *wire.Call) (any, error) { return w.ListAliases(ctx, c, &kms.ListAliasesInput{}) },
		"DisableKey":  func(c *wire.Call) (any, error) { return w.DisableKey(ctx, c, key) },
		"DeleteAlias": func(c *wire.Call) (any, error) {
			return w.DeleteAlias(ctx, c, &kms.DeleteAliasInput{AliasName: ptr("alias/orders")})
		},
		"DescribeKey of a predefined alias": func(c *wire.Call) (any, error) {
			return w.DescribeKey(ctx, c, &kms.DescribeKeyInput{KeyID: ptr("alias/aws/s3")})
		},
		"ListRetirableGrants of another": func(c *wire.Call) (any, error) {
			return w.ListRetirableGrants(ctx, c, &kms.ListRetirableGrantsInput{RetiringPrincipal: ptr(ownerRoot)})
		},
	} {
		if _, err := call(qldb()); code(err) != "AccessDeniedException" {
			t.Errorf("%s: got %v, want AccessDeniedException", name, err)
		}
		if _, err := call(as(ownerAccount)); err != nil {
			t.Errorf("%s of the account: got %v", name, err)
		}
	}
}

func TestForeignAccountNeedsGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	c := as(foreignAccount)
	c.Operation = "DescribeKey"
	in := &kms.DescribeKeyInput{KeyID: &m.ARN}
	if _, err := w.DescribeKey(t.Context(), c, in); fault(err) != hidden {
		t.Errorf("got %v, want it hidden", err)
	}
	w.grant(t, m.KeyID, kms.CreateGrantInput{
		GranteePrincipal: ptr(c.Caller.ARN), Operations: []string{"DescribeKey"},
		Constraints: &kms.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "b"}},
	})
	if _, err := w.DescribeKey(t.Context(), c, in); err != nil {
		t.Errorf("got %v, want it allowed by the grant", err)
	}
}

// Who may create grants by a grant alone can pass on only what that grant has.
func TestGrantCannotGrow(t *testing.T) {
	t.Parallel()
	ab := map[string]string{"a": "b"}
	for _, tt := range []struct {
		name       string
		operations []string
		parent     *kms.GrantConstraints
		child      *kms.GrantConstraints
		allowed    bool
	}{
		{name: "same", operations: []string{"Decrypt"}, allowed: true},
		{name: "more operations", operations: []string{"Decrypt", "Encrypt"}},
		{
			name: "constraint dropped", operations: []string{"Decrypt"},
			parent: &kms.GrantConstraints{EncryptionContextEquals: ab},
		},
		{
			name: "equals to subset", operations: []string{"Decrypt"},
			parent: &kms.GrantConstraints{EncryptionContextEquals: ab},
			child:  &kms.GrantConstraints{EncryptionContextSubset: ab},
		},
		{
			name: "subset to equals", operations: []string{"Decrypt"},
			parent:  &kms.GrantConstraints{EncryptionContextSubset: ab},
			child:   &kms.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "b", "c": "d"}},
			allowed: true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := w.create(t, kms.CreateKeyInput{})
			c := as(foreignAccount)
			w.grant(t, m.KeyID, kms.CreateGrantInput{
				GranteePrincipal: &c.Caller.ARN, Operations: []string{"CreateGrant", "Decrypt"}, Constraints: tt.parent,
			})
			_, err := w.CreateGrant(t.Context(), c, &kms.CreateGrantInput{
				KeyID: &m.ARN, GranteePrincipal: ptr("arn:aws:iam::444455556666:role/reader"),
				Operations: tt.operations, Constraints: tt.child,
			})
			if got := err == nil; got != tt.allowed {
				t.Errorf("got %v, want allowed: %v", err, tt.allowed)
			}
		})
	}
}

func TestEndGrant(t *testing.T) {
	t.Parallel()
	alice := as(ownerAccount)
	alice.Caller.ARN = aliceARN
	foreign := as(foreignAccount)
	for _, tt := range []struct {
		name    string
		in      kms.CreateGrantInput
		c       *wire.Call
		allowed bool
	}{
		{"issuing account", kms.CreateGrantInput{}, as(ownerAccount), true},
		{"retiring principal", kms.CreateGrantInput{RetiringPrincipal: &foreign.Caller.ARN}, foreign, true},
		{"nobody", kms.CreateGrantInput{}, foreign, false},
		{"grantee without RetireGrant", kms.CreateGrantInput{GranteePrincipal: &foreign.Caller.ARN}, foreign, false},
		{"grantee with RetireGrant", kms.CreateGrantInput{
			GranteePrincipal: &foreign.Caller.ARN, Operations: []string{"Decrypt", "RetireGrant"},
		}, foreign, true},
		{"retiring service", kms.CreateGrantInput{
			GranteePrincipal: ptr(qldbHost), RetiringPrincipal: ptr(qldbHost),
		}, qldb(), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := w.create(t, kms.CreateKeyInput{})
			for _, byToken := range []bool{true, false} {
				g := w.grant(t, m.KeyID, tt.in)
				in := &kms.RetireGrantInput{GrantToken: &g.GrantToken}
				if !byToken {
					in = &kms.RetireGrantInput{KeyID: &m.ARN, GrantID: &g.GrantID}
				}
				c := *tt.c
				_, err := w.RetireGrant(t.Context(), &c, in)
				if got := err == nil; got != tt.allowed {
					t.Fatalf("got %v, want allowed: %v", err, tt.allowed)
				}
				if !tt.allowed {
					continue
				}
				if _, err := w.RetireGrant(t.Context(), tt.c, in); err == nil {
					t.Error("retired twice")
				}
				if left := w.stored(t, g.GrantID); len(left) != 0 {
					t.Errorf("a retired grant left %v", left)
				}
			}
		})
	}
}

func TestRevokeGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	g := w.grant(t, m.KeyID, kms.CreateGrantInput{RetiringPrincipal: ptr(ownerRoot)})
	in := &kms.RevokeGrantInput{KeyID: &m.KeyID, GrantID: &g.GrantID, DryRun: true}
	_, err := w.RevokeGrant(t.Context(), as(ownerAccount), in)
	wantFault(t, err, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
	in.DryRun = false
	empty(t)(w.RevokeGrant(t.Context(), as(ownerAccount), in))
	_, err = w.RevokeGrant(t.Context(), as(ownerAccount), in)
	wantFault(t, err, "NotFoundException", "Grant ID "+g.GrantID+" not found")
	if left := w.stored(t, g.GrantID); len(left) != 0 {
		t.Errorf("a revoked grant left %v", left)
	}
}

func TestListRetirableGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.create(t, kms.CreateKeyInput{}), w.create(t, kms.CreateKeyInput{})
	var want []string
	for _, m := range []*kms.KeyMetadata{two, one} {
		w.clock.Advance(day)
		want = append(want, w.grant(t, m.KeyID, kms.CreateGrantInput{RetiringPrincipal: ptr(aliceARN)}).GrantID)
		w.grant(t, m.KeyID, kms.CreateGrantInput{RetiringPrincipal: ptr(aliceARN + "/b")})
		w.grant(t, m.KeyID, kms.CreateGrantInput{})
	}
	in := &kms.ListRetirableGrantsInput{RetiringPrincipal: ptr(aliceARN), Limit: ptr(1)}
	var got []string
	for {
		out := must[*kms.ListRetirableGrantsOutput](t)(w.ListRetirableGrants(t.Context(), as(ownerAccount), in))
		for _, g := range out.Grants {
			got = append(got, g.GrantID)
		}
		if !out.Truncated {
			break
		}
		in.Marker = out.NextMarker
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	_, err := w.ListRetirableGrants(t.Context(), as(foreignAccount), in)
	if code(err) != "AccessDeniedException" {
		t.Errorf("another account: got %v, want AccessDeniedException", err)
	}
}

// QLDB finds the grants it made by their name, even after the key is gone.
func TestGrantsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	mine := kms.CreateGrantInput{Name: ptr("qldb-1"), GranteePrincipal: ptr(qldbHost), RetiringPrincipal: ptr(qldbHost)}
	g := w.grant(t, m.KeyID, mine)
	w.grant(t, m.KeyID, kms.CreateGrantInput{Name: ptr("qldb-2"), RetiringPrincipal: ptr(qldbHost)})
	w.grant(t, m.KeyID, kms.CreateGrantInput{Name: ptr("qldb-1"), RetiringPrincipal: ptr(ownerRoot)})
	got := must[[]string](t)(w.GrantsNamed(t.Context(), qldb(), m.ARN, "qldb-1"))
	if diff := cmp.Diff([]string{g.GrantID}, got); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	none := "arn:aws:kms:eu-west-2:444455556666:key/" + otherKeyID
	if got := must[[]string](t)(w.GrantsNamed(t.Context(), qldb(), none, "qldb-1")); len(got) != 0 {
		t.Errorf("got %v for no key, want none", got)
	}
}
