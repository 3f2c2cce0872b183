package harness_test

import (
	"errors"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amzn/ion-go/ion"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

const (
	account    = "111122223333"
	foreigner  = "444455556666"
	rootARN    = "arn:aws:iam::" + account + ":root"
	readerARN  = "arn:aws:iam::" + account + ":role/reader"
	readerS1   = "arn:aws:sts::" + account + ":assumed-role/reader/s1"
	ordersARN  = "arn:aws:qldb:eu-west-2:" + account + ":ledger/orders"
	trustAll   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`
	mayAssume  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`
	devKey     = "AKIADEVELOPEREXAMPLE"
	devSecret  = "a secret that only this test knows"
	aForeigner = "AKIAFOREIGNERSEXAMPL"
)

// cast is a harness with the users and roles of two accounts.
type cast struct {
	t      *testing.T
	h      *harness.Harness
	server *httptest.Server
}

// newCast has in the account a role "reader" without policies, which everybody may assume, and a user "dev" who may
// assume roles; in the other account a user who may do everything.
func newCast(t *testing.T) cast {
	t.Helper()
	return newCastIn(t, config(t.TempDir()))
}

func newCastIn(t *testing.T, cfg harness.Config) cast {
	t.Helper()
	seed, err := harness.ParseSeed([]byte(`{"accounts": [
		{"id": "` + account + `",
		 "users": [{"name": "dev", "inline": {"p": ` + mayAssume + `},
			"access_keys": [{"id": "` + devKey + `", "secret": "` + devSecret + `"}]}],
		 "roles": [{"name": "reader", "trust": ` + trustAll + `}]},
		{"id": "` + foreigner + `",
		 "users": [{"name": "stranger", "inline": {"p": ` + allowed("*", "*") + `},
			"access_keys": [{"id": "` + aForeigner + `", "secret": "` + devSecret + `"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Seed = seed
	h, server := open(t, cfg)
	c := cast{t, h, server}
	t.Cleanup(c.wantTwins)
	return c
}

// wantTwins wants of each operation that was denied that it was let through as well: a test in which nothing but
// denials happen would pass with a harness that lets nobody do anything.
func (c cast) wantTwins() {
	denied, passed := map[string]bool{}, map[string]bool{}
	for _, r := range c.h.Recorder().Calls(0) {
		name := strings.Join([]string{r.Service, r.Operation, r.Command}, " ")
		if strings.HasPrefix(r.ErrorCode, "AccessDenied") {
			denied[name] = true
		} else {
			passed[name] = true
		}
	}
	for name := range denied {
		if !passed[name] {
			c.t.Errorf("%s is only ever denied here: it needs a twin in which one change allows it", name)
		}
	}
}

func (c cast) root() aws.Config { return sdk(c.h, c.server, "eu-west-2") }

func (c cast) with(id, secret, token string) aws.Config {
	cfg := c.root()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, token)
	return cfg
}

// as is the session "s1" of a role.
func (c cast) as(role string) aws.Config {
	c.t.Helper()
	out, err := sts.NewFromConfig(c.with(devKey, devSecret, "")).AssumeRole(c.t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: aws.String("s1"),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.with(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
}

// may gives a role the one inline policy it has.
func (c cast) may(role, policy string) {
	c.t.Helper()
	_, err := iam.NewFromConfig(c.root()).PutRolePolicy(c.t.Context(), &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: aws.String("p"), PolicyDocument: &policy,
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cast) newKey(policy string) (string, error) {
	in := &kms.CreateKeyInput{}
	if policy != "" {
		in.Policy = &policy
	}
	out, err := kms.NewFromConfig(c.root()).CreateKey(c.t.Context(), in)
	if err != nil {
		return "", err
	}
	return *out.KeyMetadata.Arn, nil
}

func (c cast) key(policy string) string {
	c.t.Helper()
	arn, err := c.newKey(policy)
	if err != nil {
		c.t.Fatal(err)
	}
	return arn
}

func (c cast) putPolicy(key, policy string) {
	c.t.Helper()
	_, err := kms.NewFromConfig(c.root()).PutKeyPolicy(c.t.Context(), &kms.PutKeyPolicyInput{
		KeyId: &key, Policy: &policy,
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// allowed is an identity policy of one statement.
func allowed(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource +
		`"}}`
}

// allowedAll is an identity policy that allows actions on everything.
func allowedAll(actions ...string) string {
	return strings.Replace(allowed("", "*"), `""`, `["`+strings.Join(actions, `","`)+`"]`, 1)
}

// keyPolicy lets the account administer, and has further statements.
func keyPolicy(statements ...string) string {
	all := append([]string{`{"Effect":"Allow","Principal":{"AWS":"` + rootARN + `"},"Action":"kms:*","Resource":"*"}`},
		statements...)
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`
}

func to(principal, action string) string {
	return `{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"` + action + `","Resource":"*"}`
}

// said is "Code: message" of a service's fault, "ok", or what else went wrong.
func said(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &api):
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

func want(t *testing.T, what string, err error, text string) {
	t.Helper()
	if got := said(err); got != text {
		t.Errorf("%s:\n got %s\nwant %s", what, got, text)
	}
}

// run executes one statement through the driver.
func (c cast) run(cfg aws.Config, statement string) error {
	c.t.Helper()
	_, err := newDriver(c.t, cfg, "orders").Execute(c.t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		_, err := txn.Execute(statement)
		return nil, err
	})
	return err
}

// ledger makes the ledger orders with a table Test under a key.
func (c cast) ledger(key string) {
	c.t.Helper()
	createLedger(c.t, qldb.NewFromConfig(c.root()), key)
	advance(c.t, c.h, 2*time.Second)
	if err := c.run(c.root(), "CREATE TABLE Test"); err != nil {
		c.t.Fatal(err)
	}
}

// throughQLDB is the statement of the article that lets users of the account put ledgers under the key.
const throughQLDB = `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:DescribeKey","kms:CreateGrant"],
	"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"qldb.eu-west-2.amazonaws.com",
	"kms:CallerAccount":"` + account + `"}}}`

var keyDenied = regexp.MustCompile(`^AccessDeniedException: The user does not have permissions to use the customer ` +
	`managed KMS key of the ledger \(KMS Request ID: [0-9a-f-]{36}\) : The ciphertext refers to a customer master ` +
	`key that does not exist, does not exist in this region, or you are not allowed to access\.$`)

// wantKeyDenied wants the refusal of a caller who may not decrypt with the key of the ledger.
func wantKeyDenied(t *testing.T, what string, err error) {
	t.Helper()
	if got := said(err); !keyDenied.MatchString(got) {
		t.Errorf("%s: got %s", what, got)
	}
}

// TestRoleWithoutDecrypt is the article's scenario 4: a role that may use the ledger, but not its key.
func TestRoleWithoutDecrypt(t *testing.T) {
	t.Parallel()
	const select1 = "SELECT * FROM Test"
	c := newCast(t)
	key := c.key(keyPolicy(throughQLDB))
	c.ledger(key)
	c.may("reader", allowed("qldb:*", "*"))
	refused := func(what string) {
		t.Helper()
		wantKeyDenied(t, what, c.run(c.as("reader"), select1))
	}
	refused("a key policy without the role")

	c.putPolicy(key, keyPolicy(throughQLDB, to(readerARN, "kms:Decrypt")))
	want(t, "the key policy names the role", c.run(c.as("reader"), select1), "ok")
	c.putPolicy(key, keyPolicy(throughQLDB, `{"Effect":"Allow","Principal":{"AWS":"`+readerARN+`"},
		"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-2.amazonaws.com"}}}`))
	refused("the key policy names the role for another service")
	c.putPolicy(key, keyPolicy(throughQLDB, `{"Effect":"Allow","Principal":{"AWS":"`+readerARN+`"},"Action":"kms:Decrypt",
		"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"qldb.eu-west-2.amazonaws.com"},
		"StringLike":{"kms:EncryptionContext:key-hierarchy-node-version":"1"}}}`))
	want(t, "the key policy names the role for QLDB", c.run(c.as("reader"), select1), "ok")

	c.putPolicy(key, keyPolicy(throughQLDB))
	refused("the role is taken away")
	c.may("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["qldb:*","kms:Decrypt"],
		"Resource":"*"}]}`)
	want(t, "the role's own policy, to which the key policy leaves it", c.run(c.as("reader"), select1), "ok")
	wantStatus(t, qldb.NewFromConfig(c.root()), types.EncryptionStatusEnabled, key)
}

const statementDenied = "AccessDeniedException: Access denied. Unable to run the statement due to insufficient " +
	"permissions or an improper variable reference"

// TestStatements: in STANDARD mode each statement needs its own permission, in ALLOW_ALL only SendCommand.
func TestStatements(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(to(readerARN, "kms:Decrypt"))))
	c.may("reader", allowed("qldb:Describe*", "*"))
	sendDenied := "AccessDeniedException: User: " + readerS1 + " is not authorized to perform: qldb:SendCommand on " +
		"resource: " + ordersARN + " because no identity-based policy allows the qldb:SendCommand action"
	want(t, "without SendCommand", c.run(c.as("reader"), "SELECT * FROM Test"), sendDenied)
	for statement, actions := range map[string][]string{
		"SELECT * FROM Test":                                             {"Select"},
		"SELECT * FROM history(Test)":                                    {"HistoryFunction"},
		"SELECT * FROM information_schema.user_tables":                   {"Select"},
		"INSERT INTO Test VALUE {'id': 1}":                               {"Insert"},
		"UPDATE Test SET id = 2":                                         {"Update", "Select"},
		"DELETE FROM Test":                                               {"Delete", "Select"},
		"CREATE INDEX ON Test (id)":                                      {"CreateIndex"},
		"CREATE TABLE Other":                                             {"CreateTable"},
		"SELECT t.id FROM Test AS t INNER JOIN Test AS u ON t.id = u.id": {"Select"},
	} {
		actions := append([]string{"qldb:SendCommand"}, actions...)
		for i := 1; i < len(actions); i++ {
			actions[i] = "qldb:PartiQL" + actions[i]
		}
		for n := 1; n <= len(actions); n++ {
			c.may("reader", allowedAll(actions[:n]...))
			text := statementDenied
			if n == len(actions) {
				text = "ok"
			}
			want(t, statement+" with "+strings.Join(actions[:n], ", "), c.run(c.as("reader"), statement), text)
		}
	}
	c.may("reader", allowed("qldb:SendCommand", ordersARN))
	want(t, "STANDARD", c.run(c.as("reader"), "SELECT * FROM Test"), statementDenied)
	_, err := qldb.NewFromConfig(c.root()).UpdateLedgerPermissionsMode(t.Context(),
		&qldb.UpdateLedgerPermissionsModeInput{
			Name: aws.String("orders"), PermissionsMode: types.PermissionsModeAllowAll,
		})
	want(t, "change the mode", err, "ok")
	want(t, "ALLOW_ALL", c.run(c.as("reader"), "SELECT * FROM Test"), "ok")
}

// TestTablesByARN: a role limited to one table reads that table and no other.
func TestTablesByARN(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(to(readerARN, "kms:Decrypt"))))
	want(t, "another table", c.run(c.root(), "CREATE TABLE Other"), "ok")
	c.may("reader", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["qldb:SendCommand"],"Resource":"`+ordersARN+`"},
		{"Effect":"Allow","Action":["qldb:PartiQL*"],"Resource":"`+ordersARN+`/table/`+c.tableID("Test")+`"}]}`)
	want(t, "its table", c.run(c.as("reader"), "SELECT * FROM Test"), "ok")
	want(t, "another", c.run(c.as("reader"), "SELECT * FROM Other"), statementDenied)
	want(t, "the catalog", c.run(c.as("reader"), "SELECT * FROM information_schema.user_tables"), statementDenied)
	want(t, "a new one", c.run(c.as("reader"), "CREATE TABLE More"), statementDenied)
	c.may("reader", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["qldb:SendCommand"],"Resource":"`+ordersARN+`"},
		{"Effect":"Allow","Action":["qldb:PartiQL*"],"Resource":["`+ordersARN+`/table/*",
			"`+ordersARN+`/information_schema/user_tables"]}]}`)
	for _, statement := range []string{
		"SELECT * FROM Test", "SELECT * FROM Other", "SELECT * FROM information_schema.user_tables", "CREATE TABLE More",
	} {
		want(t, statement, c.run(c.as("reader"), statement), "ok")
	}
}

func (c cast) tableID(name string) string {
	c.t.Helper()
	id, err := newDriver(c.t, c.root(), "orders").Execute(c.t.Context(),
		func(txn qldbdriver.Transaction) (any, error) {
			result, err := txn.Execute("SELECT tableId FROM information_schema.user_tables WHERE name = ?", name)
			if err != nil {
				return nil, err
			}
			var row struct {
				TableID string `ion:"tableId"`
			}
			if !result.Next(txn) {
				return nil, result.Err()
			}
			err = ion.Unmarshal(result.GetCurrentData(), &row)
			return row.TableID, err
		})
	if err != nil {
		c.t.Fatal(err)
	}
	return id.(string)
}
