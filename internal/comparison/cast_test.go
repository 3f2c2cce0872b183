package comparison_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	sessiontypes "github.com/aws/aws-sdk-go-v2/service/qldbsession/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Identity policies of the cast.
const (
	all      = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	onlyQLDB = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"qldb:*","Resource":"*"}}`
	useKeys  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["qldb:*","kms:Encrypt","kms:Decrypt",` +
		`"kms:GenerateDataKey*","kms:ReEncrypt*","kms:DescribeKey","kms:CreateGrant"],"Resource":"*"}}`
	ownKeys = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["qldb:*","kms:DescribeKey","kms:Decrypt"],` +
		`"Resource":"*"}}`
	ownLedgers = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"qldb:*","Resource":"*"},` +
		`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":` +
		`"qldb.eu-west-2.amazonaws.com"}}}]}`
	trustAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`
	secret   = "a secret that only this test knows"
)

// keyCache is how long a ledger goes on before it tries its key again.
const keyCache = time.Hour

// seed has the cast, and the roles that the table names besides.
const seed = `{"accounts": [
	{"id": "` + home + `",
	 "users": [
		{"name": "admin", "id": "AIDALEDGERADMINAAAAAA", "inline": {"p": ` + all + `},
			"access_keys": [{"id": "AKIAADMINISTRATORAAA", "secret": "` + secret + `"}]},
		{"name": "nobody", "inline": {"p": ` + onlyQLDB + `},
			"access_keys": [{"id": "AKIANOBODYATALLAAAAA", "secret": "` + secret + `"}]},
		{"name": "grantee", "inline": {"p": ` + onlyQLDB + `},
			"access_keys": [{"id": "AKIAGRANTEEOFAKEYAAA", "secret": "` + secret + `"}]}],
	 "policies": [{"name": "limit", "document": ` + ownKeys + `}],
	 "roles": [
		{"name": "ledger-reader", "id": "AROALEDGERREADERAAAAA", "trust": ` + trustAll + `, "tags": {"team": "ledger"},
			"inline": {"p": ` + onlyQLDB + `}},
		{"name": "ledger-writer", "path": "/apps/", "trust": ` + trustAll + `, "inline": {"p": ` + useKeys + `}},
		{"name": "ledger-bounded", "trust": ` + trustAll + `, "inline": {"p": ` + all + `},
			"boundary": "arn:aws:iam::` + home + `:policy/limit"},
		{"name": "ledger-admin", "trust": ` + trustAll + `},
		{"name": "AWSServiceRoleForAutoScaling", "path": "/aws-service-role/autoscaling.amazonaws.com/",
			"trust": ` + trustAll + `},
		{"name": "AWSServiceRoleForBackup", "path": "/aws-service-role/backup.amazonaws.com/",
			"trust": ` + trustAll + `}]},
	{"id": "` + abroad + `",
	 "users": [{"name": "operator", "inline": {"p": ` + all + `},
		"access_keys": [{"id": "AKIAOPERATORABROADAA", "secret": "` + secret + `"}]}],
	 "roles": [{"name": "partner", "trust": ` + trustAll + `, "inline": {"p": ` + all + `}},
		{"name": "guest", "trust": ` + trustAll + `, "inline": {"p": ` + onlyQLDB + `}}]},
	{"id": "` + far + `",
	 "users": [{"name": "stranger", "inline": {"p": ` + all + `},
		"access_keys": [{"id": "AKIASTRANGERAAAAAAAA", "secret": "` + secret + `"}]}]}]}`

// An actor is one caller of the cast: what package policy knows of it, and its clients.
type actor struct {
	name     string
	caller   policy.Caller
	identity *policy.Policy // nil for root users
	boundary *policy.Policy // nil for none
	scope    *policy.Policy // session policy, nil for none
	granted  bool           // has a grant to decrypt with each key
	tags     policy.RequestContext
	kms      *kms.Client
	qldb     *qldb.Client
	session  *qldbsession.Client
}

// A stage is a harness with its cast.
type stage struct {
	t    *testing.T
	h    *harness.Harness
	cast []*actor // in the order of a line of verdicts.txt
}

func newStage(t *testing.T, ledgers int) *stage {
	t.Helper()
	laid, err := harness.ParseSeed([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	h, err := harness.New(t.Context(), harness.Config{
		DataDir: t.TempDir(), Clock: clock.New(time.Now), SignatureNow: time.Now, Rand: rand.Reader, NoSync: true,
		Seed: laid, MaxLedgers: ledgers,
		// What a ledger finds out by itself, it finds out when the test moves the clock.
		Timing: harness.Timing{LedgerCreate: time.Second, KeyCache: keyCache, KeyRecovery: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, h: h}
	env := h.Env()
	s.add("root", arn("root"), "", "", s.config(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""))
	s.user("admin", home, "AKIAADMINISTRATORAAA", "AIDALEDGERADMINAAAAAA", all)
	s.role("reader", "r/ledger-reader", "AKIAADMINISTRATORAAA", "AROALEDGERREADERAAAAA", onlyQLDB, "")
	s.actor("reader").tags = policy.RequestContext{"aws:PrincipalTag/team": {"ledger"}}
	s.role("writer", "r/apps/ledger-writer", "AKIAADMINISTRATORAAA", "", useKeys, "")
	s.user("nobody", home, "AKIANOBODYATALLAAAAA", "", onlyQLDB)
	s.role("partner", abroad+":r/partner", "AKIAOPERATORABROADAA", "", all, "")
	s.role("guest", abroad+":r/guest", "AKIAOPERATORABROADAA", "", onlyQLDB, "")
	s.user("stranger", far, "AKIASTRANGERAAAAAAAA", "", all)
	s.role("scoped", "r/ledger-reader", "AKIAADMINISTRATORAAA", "AROALEDGERREADERAAAAA", onlyQLDB, ownLedgers)
	s.actor("scoped").tags = s.actor("reader").tags
	s.role("bounded", "r/ledger-bounded", "AKIAADMINISTRATORAAA", "", all, "")
	s.actor("bounded").boundary = s.parse(ownKeys)
	s.user("grantee", home, "AKIAGRANTEEOFAKEYAAA", "", onlyQLDB)
	s.actor("grantee").granted = true
	return s
}

func (s *stage) close() {
	if err := s.h.Close(); err != nil {
		s.t.Errorf("close: %v", err)
	}
}

func (s *stage) advance(d time.Duration) {
	s.t.Helper()
	if err := s.h.Advance(s.t.Context(), d); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) config(id, secret, token string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String("http://harness.invalid"),
		HTTPClient:  &http.Client{Transport: inProcess{s.h}},
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, token),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// inProcess hands each request to a handler without a port, which is half the time of a test under the race detector.
type inProcess struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "127.0.0.1:0", r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := httptest.NewRecorder()
	p.ServeHTTP(out, in)
	return out.Result(), nil
}

func (s *stage) user(name, account, key, id, may string) {
	s.add(name, arn(account+":u/"+name), id, may, s.config(key, secret, ""))
}

func (s *stage) parse(identity string) *policy.Policy {
	s.t.Helper()
	p, err := policy.ParseIdentity(identity)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// role adds the session "s1" of a role, which the user with that access key assumes, perhaps with a session policy.
func (s *stage) role(name, role, key, id, may, scope string) {
	s.t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: aws.String(arn(role)), RoleSessionName: aws.String("s1")}
	if scope != "" {
		in.Policy = &scope
	}
	out, err := sts.NewFromConfig(s.config(key, secret, "")).AssumeRole(s.t.Context(), in)
	if err != nil {
		s.t.Fatalf("assume %s: %v", role, err)
	}
	c := out.Credentials
	s.add(name, arn(role), id, may, s.config(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken))
	if scope != "" {
		s.actor(name).scope = s.parse(scope)
	}
}

func (s *stage) add(name, arn, id, may string, cfg aws.Config) {
	s.t.Helper()
	a := &actor{name: name, kms: kms.NewFromConfig(cfg), qldb: qldb.NewFromConfig(cfg),
		session: qldbsession.NewFromConfig(cfg)}
	var err error
	if a.caller, err = policy.NewSession(arn, "s1", id); err != nil {
		a.caller, err = policy.NewCaller(arn, id)
	}
	if err == nil && may != "" {
		a.identity, err = policy.ParseIdentity(may)
	}
	if err != nil {
		s.t.Fatalf("cast %s: %v", name, err)
	}
	s.cast = append(s.cast, a)
}

func (s *stage) actor(name string) *actor {
	for _, a := range s.cast {
		if a.name == name {
			return a
		}
	}
	s.t.Fatalf("nobody is called %s", name)
	return nil
}

// A play is one policy on the key of a ledger.
type play struct {
	*stage
	shape
	ledger     string
	key        string // ARN
	ciphertext []byte
	put        error // what the administrator was told who put the policy
	started    bool  // the policy is on the key
	parsed     *policy.Policy
	answers    map[string]bool // by capability and caller
	result
}

// prepare makes the key and the ledger while the key has its first policy.
func (p *play) prepare() {
	p.t.Helper()
	root := p.actor("root")
	made, err := root.kms.CreateKey(p.t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		p.t.Fatal(err)
	}
	p.key = *made.KeyMetadata.Arn
	if _, err := root.kms.CreateGrant(p.t.Context(), &kms.CreateGrantInput{
		KeyId: &p.key, GranteePrincipal: aws.String(arn("u/grantee")),
		Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
	}); err != nil {
		p.t.Fatal(err)
	}
	sealed, err := root.kms.Encrypt(p.t.Context(), &kms.EncryptInput{KeyId: &p.key, Plaintext: []byte("x")})
	if err != nil {
		p.t.Fatal(err)
	}
	p.ciphertext = sealed.CiphertextBlob
	if err := p.create(root, p.ledger); err != nil {
		p.t.Fatalf("create ledger: %v", err)
	}
}

func (p *play) create(a *actor, ledger string) error {
	_, err := a.qldb.CreateLedger(p.t.Context(), &qldb.CreateLedgerInput{
		Name: &ledger, PermissionsMode: types.PermissionsModeStandard, KmsKey: &p.key, DeletionProtection: aws.Bool(false),
	})
	return err
}

// start puts the policy on the key: as the administrator, then with the safety check bypassed as the root user. The
// result is false when the policy is refused for what it says.
func (p *play) start() bool {
	p.t.Helper()
	if p.put = p.putPolicy(p.actor("admin"), false); p.put == nil {
		return true
	}
	err := p.putPolicy(p.actor("root"), true)
	if err != nil && code(err) != "MalformedPolicyDocumentException" {
		p.t.Fatalf("%s: put the policy: %v", p.name, err)
	}
	return err == nil
}

func (p *play) putPolicy(a *actor, bypass bool) error {
	_, err := a.kms.PutKeyPolicy(p.t.Context(), &kms.PutKeyPolicyInput{
		KeyId: &p.key, Policy: &p.text, BypassPolicyLockoutSafetyCheck: bypass,
	})
	return err
}

// startSession is the first command of a driver. QLDB asks KMS to decrypt for the caller.
func (p *play) startSession(a *actor) error {
	_, err := a.session.SendCommand(p.t.Context(), &qldbsession.SendCommandInput{
		StartSession: &sessiontypes.StartSessionRequest{LedgerName: &p.ledger},
	})
	return err
}

// impaired is nil for a ledger whose key QLDB can use.
func (p *play) impaired() error {
	out, err := p.actor("root").qldb.DescribeLedger(p.t.Context(), &qldb.DescribeLedgerInput{Name: &p.ledger})
	if err == nil && out.EncryptionDescription.EncryptionStatus == types.EncryptionStatusKmsKeyInaccessible {
		err = &smithy.GenericAPIError{Code: "AccessDeniedException"}
	}
	return err
}

func (p *play) createGrant(a *actor) error {
	_, err := a.kms.CreateGrant(p.t.Context(), &kms.CreateGrantInput{
		KeyId: &p.key, GranteePrincipal: aws.String(arn("u/nobody")), DryRun: aws.Bool(true),
		Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
	})
	return err
}

// code is the code of a service's fault, or "".
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
