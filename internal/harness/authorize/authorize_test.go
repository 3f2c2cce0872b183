package authorize_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/authorize"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

const (
	account = "111122223333"
	keyARN  = "arn:aws:kms:eu-west-2:" + account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	qldb    = "qldb.amazonaws.com"
)

func calling(c wire.Caller) *wire.Call {
	return &wire.Call{
		Service: "kms", Operation: "Decrypt", Partition: "aws", Region: "eu-west-2",
		Time: time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC), Caller: c, SourceIP: "192.0.2.1", UserAgent: "test",
		Referer: "https://console.example/",
	}
}

func root() wire.Caller {
	return wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root"}
}

func service() wire.Caller { return wire.Caller{Account: account, ARN: qldb, Service: qldb} }

// TestContext has the condition keys that follow from the way a call takes.
func TestContext(t *testing.T) {
	t.Parallel()
	direct := policy.RequestContext{
		"aws:CurrentTime": {"2026-01-05T10:15:00Z"}, "aws:EpochTime": {"1767608100"},
		"aws:RequestedRegion": {"eu-west-2"}, "aws:SecureTransport": {"true"}, "aws:UserAgent": {"test"},
	}
	with := func(pairs ...string) policy.RequestContext {
		keys := policy.RequestContext{}
		for i := 0; i < len(pairs); i += 2 {
			keys[pairs[i]] = pairs[i+1 : i+2]
		}
		for k, v := range direct {
			keys[k] = v
		}
		return keys
	}
	own := with("aws:ViaAWSService", "true", "kms:CallerAccount", account, "aws:SourceAccount", account)
	own["aws:PrincipalServiceNamesList"] = []string{qldb}
	caller := wire.Caller{Account: account, ARN: "qldb.eu-west-2.amazonaws.com", Service: "qldb.eu-west-2.amazonaws.com"}
	ofRegion := maps.Clone(own)
	ofRegion["aws:PrincipalServiceNamesList"] = []string{"qldb.eu-west-2.amazonaws.com", qldb}
	from := with("aws:SourceIp", "192.0.2.1", "aws:referer", "https://console.example/")
	through := calling(root())
	through.ViaService = "qldb.eu-west-2.amazonaws.com"
	for name, tt := range map[string]struct {
		call *wire.Call
		want policy.RequestContext
	}{
		"direct":             {calling(root()), from},
		"through a service":  {through, with("kms:ViaService", "qldb.eu-west-2.amazonaws.com")},
		"a service's own":    {calling(service()), own},
		"a Region's service": {calling(caller), ofRegion},
		"nobody, to tidy up": {calling(wire.Caller{Account: account}), from},
	} {
		r, err := authorize.New(nil).Request(t.Context(), tt.call)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tt.want, r.Context); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestServicesNeedGrants: what a key policy allows to everybody does not make up for a grant that is gone.
func TestServicesNeedGrants(t *testing.T) {
	t.Parallel()
	everybody, err := policy.Parse(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	closed, err := policy.Parse(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},
		{"Effect":"Deny","Principal":{"Service":"` + qldb + `"},"Action":"kms:Decrypt","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	granted := []policy.Grant{{Grantee: qldb, Operations: []string{"Decrypt"}}}
	regional := wire.Caller{Account: account, ARN: "qldb.eu-west-2.amazonaws.com", Service: "qldb.eu-west-2.amazonaws.com"}
	prefix := "AccessDeniedException: User: " + qldb + " is not authorized to perform: kms:Decrypt on resource: " + keyARN
	for name, tt := range map[string]struct {
		caller wire.Caller
		key    *policy.Policy
		grants []policy.Grant
		want   string
	}{
		"service without a grant": {service(), everybody, nil, prefix +
			" because no resource-based policy allows the kms:Decrypt action"},
		"service with a grant":        {service(), everybody, granted, ""},
		"service with a grant, alone": {service(), nil, granted, ""},
		"service, denied": {service(), closed, granted, prefix +
			" with an explicit deny in a resource-based policy"},
		"service of a Region, denied by its other name": {regional, closed,
			[]policy.Grant{{Grantee: regional.ARN, Operations: []string{"Decrypt"}}},
			strings.Replace(prefix, qldb, regional.ARN, 1) + " with an explicit deny in a resource-based policy"},
		"root user without a grant": {root(), everybody, nil, ""},
		"nobody": {wire.Caller{Account: account}, everybody, nil, "AccessDeniedException: User: anonymous is not " +
			"authorized to perform: kms:Decrypt on resource: " + keyARN +
			" because no identity-based policy allows the kms:Decrypt action"},
	} {
		a, c := authorize.New(nil), calling(tt.caller)
		r, err := a.Request(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r.Action, r.Resource, r.Policies.Key, r.Grants = "kms:Decrypt", keyARN, tt.key, tt.grants
		got := ""
		if _, err := a.Decide(c, r); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
	}
}

// TestAllow: within its account a root user may do everything, all others nothing without a policy.
func TestAllow(t *testing.T) {
	t.Parallel()
	const ledger = "arn:aws:qldb:eu-west-2:" + account + ":ledger/orders"
	user := wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":user/dev", UserID: "AIDAEXAMPLEUSERID123"}
	denied := " is not authorized to perform: qldb:DeleteLedger on resource: "
	for name, tt := range map[string]struct {
		caller    wire.Caller
		service   string
		operation string
		resource  string
		want      wire.Fault
	}{
		"root user": {root(), "qldb", "DeleteLedger", ledger, wire.Fault{}},
		"root user elsewhere": {root(), "qldb", "DeleteLedger", "arn:aws:qldb:eu-west-2:444455556666:ledger/orders",
			wire.Fault{Code: "AccessDeniedException", Status: 403, Message: "User: " + root().ARN +
				" is not authorized to perform: qldb:DeleteLedger" +
				" on this resource because the resource does not exist in this Region, no resource-based policies " +
				"allow access, or a resource-based policy explicitly denies access"}},
		"user": {user, "qldb", "DeleteLedger", ledger, wire.Fault{
			Code: "AccessDeniedException", Status: 403, Message: "User: " + user.ARN + denied + ledger +
				" because no identity-based policy allows the qldb:DeleteLedger action"}},
		"user of the data plane": {user, "qldb", "SendCommand", ledger, wire.Fault{
			Code: "AccessDeniedException", Message: "User: " + user.ARN + denied + ledger +
				" because no identity-based policy allows the qldb:DeleteLedger action"}},
		"user of IAM": {user, "iam", "GetUser", ledger, wire.Fault{
			Code: "AccessDenied", Status: 403, Message: "User: " + user.ARN + denied + ledger +
				" because no identity-based policy allows the qldb:DeleteLedger action"}},
	} {
		c := calling(tt.caller)
		c.Service, c.Operation = tt.service, tt.operation
		err := authorize.New(nil).Allow(t.Context(), c, "qldb:DeleteLedger", tt.resource, nil)
		var got wire.Fault
		if f, ok := err.(*wire.Fault); ok { //nolint:errorlint // nothing wraps it
			got = *f
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := authorize.IsRefusal(err); got != (err != nil) {
			t.Errorf("%s: IsRefusal: got %t of %v", name, got, err)
		}
	}
}
