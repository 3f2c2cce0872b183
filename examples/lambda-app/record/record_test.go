package record_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/examples/lambda-app/record"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

const ledger = "qldb-kms-ledger-poc"

// keyPolicy lets QLDB ask for grants; readers may decrypt.
const keyPolicy = `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}%s]}`

const readers = `, {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Principal": {"AWS": [
  "arn:aws:iam::111122223333:role/qldb-kms-create-record-role",
  "arn:aws:iam::111122223333:role/qldb-kms-get-record-role"]}}`

// app is the handler over a harness of its own, with the roles and the ledger it needs.
type app struct {
	t       *testing.T
	harness *acctest.Harness
	handler http.Handler
	swapped http.Handler // each function has the role of the other
	key     string
}

func newApp(t *testing.T) *app {
	t.Helper()
	// The ledger notices what happens to its key when the test says so.
	a := &app{t: t, harness: acctest.Start(t, acctest.WithTiming(acctest.Timing{
		KeyCache: time.Hour, KeyRecovery: time.Hour,
	}))}
	root := aws.Config{
		Region: acctest.Region, BaseEndpoint: aws.String("http://harness.invalid"),
		HTTPClient:  &http.Client{Transport: a.harness.Transport},
		Credentials: credentials.NewStaticCredentialsProvider(a.harness.AccessKeyID, a.harness.SecretKey, ""),
	}
	// The account root may not assume roles.
	user := a.user(root)
	stores := map[string]*record.Store{}
	for _, role := range []record.Role{record.CreateRole(), record.GetRole()} {
		client := iam.NewFromConfig(root)
		made, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{
			RoleName: &role.Name, AssumeRolePolicyDocument: &role.Trust,
		})
		a.must(err)
		_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: &role.Name, PolicyName: aws.String("records"), PolicyDocument: &role.Policy,
		})
		a.must(err)
		cfg := root.Copy()
		cfg.Credentials = aws.NewCredentialsCache(
			stscreds.NewAssumeRoleProvider(sts.NewFromConfig(user), *made.Role.Arn))
		store, err := record.Open(ledger, cfg)
		a.must(err)
		t.Cleanup(func() { store.Close(context.WithoutCancel(t.Context())) })
		stores[role.Name] = store
	}
	a.key = a.makeKey(readers)
	_, err := a.harness.QLDB().CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String(ledger), PermissionsMode: types.PermissionsModeStandard, KmsKey: &a.key,
		DeletionProtection: aws.Bool(false),
	})
	a.must(err)
	a.harness.Advance(time.Minute)
	a.administer(root, "CREATE TABLE Test", "CREATE INDEX ON Test (id)")
	creator, getter := stores[record.CreateRole().Name], stores[record.GetRole().Name]
	a.handler, a.swapped = record.Handler(creator, getter), record.Handler(getter, creator)
	return a
}

// user is cfg with the access key of a user who may assume roles.
func (a *app) user(cfg aws.Config) aws.Config {
	a.t.Helper()
	client, name := iam.NewFromConfig(cfg), aws.String("records")
	_, err := client.CreateUser(a.t.Context(), &iam.CreateUserInput{UserName: name})
	a.must(err)
	_, err = client.PutUserPolicy(a.t.Context(), &iam.PutUserPolicyInput{
		UserName: name, PolicyName: aws.String("assume"), PolicyDocument: aws.String(`{"Version": "2012-10-17",
			"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}`),
	})
	a.must(err)
	key, err := client.CreateAccessKey(a.t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	a.must(err)
	user := cfg.Copy()
	user.Credentials = credentials.NewStaticCredentialsProvider(
		*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	return user
}

func (a *app) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// makeKey makes a key whose policy has more statements than the account's.
func (a *app) makeKey(more string) string {
	a.t.Helper()
	made, err := a.harness.KMS().CreateKey(a.t.Context(), &kms.CreateKeyInput{
		Policy: aws.String(fmt.Sprintf(keyPolicy, more)),
	})
	a.must(err)
	return *made.KeyMetadata.KeyId
}

// administer runs statements as the account root.
func (a *app) administer(root aws.Config, statements ...string) {
	a.t.Helper()
	driver, err := qldbdriver.New(ledger, qldbsession.NewFromConfig(root), func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
	})
	a.must(err)
	defer driver.Shutdown(a.t.Context())
	for _, statement := range statements {
		_, err := driver.Execute(a.t.Context(), func(txn qldbdriver.Transaction) (any, error) {
			return txn.Execute(statement)
		})
		a.must(err)
	}
}

// want makes a request and compares the answer. A body between slashes is a regular expression.
func (a *app) want(method, path, body string, status int, want string) {
	a.t.Helper()
	answer := httptest.NewRecorder()
	a.handler.ServeHTTP(answer,
		httptest.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(body)))
	raw, err := io.ReadAll(answer.Result().Body)
	a.must(err)
	same := string(raw) == want
	if pattern, ok := strings.CutPrefix(want, "/"); ok {
		same = regexp.MustCompile("^" + strings.TrimSuffix(pattern, "/") + "$").Match(raw)
	}
	if answer.Code != status || !same {
		a.t.Errorf("%s %s: got %d %s\nwant %d %s", method, path, answer.Code, raw, status, want)
	}
}

const ada = `{"id":1,"firstName":"Ada","lastName":"Byron","email":"ada@example.com","street":"St James's Square 12",` +
	`"postcode":"SW1Y 4JH"}`

func TestRecords(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.want("POST", "/record", ada, 201, `"Success"`)
	a.want("GET", "/record/1", "", 200, ada)
	a.want("GET", "/record/9999", "", 400,
		`{"status":400,"title":"Record Not Found Error","detail":"Record with id 9999 does not exist"}`)
	a.want("GET", "/record/one", "", 400,
		`{"status":400,"title":"Invalid Request Error","detail":"The id \"one\" is not an integer"}`)
	a.want("POST", "/record", `{"firstName":"Ada"}`, 400,
		`{"status":400,"title":"Invalid Request Error","detail":"The record has no id"}`)
	a.want("POST", "/record", `{`, 400,
		`{"status":400,"title":"Invalid Request Error","detail":"The body is not a record: unexpected EOF"}`)
}

// Each role may do what its function needs, and nothing of what the other's does.
func TestRolesMayNoMore(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.want("POST", "/record", ada, 201, `"Success"`)
	a.handler = a.swapped
	denied := `{"status":500,"title":"AccessDeniedException","detail":"Access denied. Unable to run the statement due to ` +
		`insufficient permissions or an improper variable reference"}`
	a.want("POST", "/record", ada, 500, denied)
	a.want("GET", "/record/1", "", 500, denied)
}

func TestKeyDisabled(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.want("POST", "/record", ada, 201, `"Success"`)
	_, err := a.harness.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &a.key})
	a.must(err)
	a.want("GET", "/record/1", "", 200, ada) // the ledger has not noticed
	a.harness.Probe()
	impaired := `{"status":500,"title":"AccessDeniedException","detail":"Amazon QLDB does not have grant access on the ` +
		`AWS KMS customer managed key of the ledger. Restore the grant on the key for the ledger."}`
	a.want("GET", "/record/1", "", 500, impaired)
	a.want("POST", "/record", ada, 500, impaired)
	_, err = a.harness.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &a.key})
	a.must(err)
	a.harness.Probe()
	a.want("GET", "/record/1", "", 200, ada)
}

func TestKeyWithoutAccess(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.want("POST", "/record", ada, 201, `"Success"`)
	_, err := a.harness.QLDB().UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{
		Name: aws.String(ledger), KmsKey: aws.String(a.makeKey("")),
	})
	a.must(err)
	a.harness.Advance(time.Minute)
	a.want("GET", "/record/1", "", 500, `/\{"status":500,"title":"AccessDeniedException","detail":"The user does not `+
		`have permissions to use the customer managed KMS key of the ledger \(KMS Request ID: [0-9a-f-]{36}\) : The `+
		`ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not `+
		`allowed to access."\}/`)
}
