package harness_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	sessiontypes "github.com/aws/aws-sdk-go-v2/service/qldbsession/types"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/outbound"
)

// farKMS is a second harness that is the KMS of a first, with a front that can be told to fail.
type farKMS struct {
	t       *testing.T
	account string
	dir     string
	h       *harness.Harness
	root    aws.Config
	front   *httptest.Server
	behind  atomic.Pointer[harness.Harness]
	manner  atomic.Value // string
	only    atomic.Value // string: the operation that manner is for; "" is all
	clock   *clock.Movable

	mu    sync.Mutex
	asked map[string]int // by operation, since forget

	service outbound.Service // with the credentials of the service role
	role    string           // its ARN: a user's
}

// serviceRole is what the package comment of remotekms says that the credentials need.
const serviceRole = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
	"kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants", "kms:GetKeyPolicy"]}]}`

// newFarKMS is the KMS of an account.
func newFarKMS(t *testing.T, account string) *farKMS {
	t.Helper()
	f := &farKMS{t: t, dir: t.TempDir(), account: account, clock: clock.NewFrozen(start)}
	f.manner.Store("")
	f.only.Store("")
	f.forget()
	f.front = httptest.NewServer(f)
	t.Cleanup(f.front.Close)
	f.start()
	const name = "qldb-service"
	people := iam.NewFromConfig(f.root)
	out, err := people.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	f.role = aws.ToString(out.User.Arn)
	if _, err := people.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String(name), PolicyName: aws.String("p"), PolicyDocument: aws.String(serviceRole),
	}); err != nil {
		t.Fatal(err)
	}
	key, err := people.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	f.service = outbound.Service{
		Name: "KMS", Endpoint: f.front.URL, AccessKeyID: aws.ToString(key.AccessKey.AccessKeyId),
		SecretAccessKey: aws.ToString(key.AccessKey.SecretAccessKey),
	}
	return f
}

// start starts the second harness over its directory.
func (f *farKMS) start() {
	f.t.Helper()
	cfg := config(f.dir)
	cfg.Account, cfg.Clock = f.account, f.clock
	h, err := harness.New(f.t.Context(), cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := h.Close(); err != nil {
			f.t.Errorf("close the other KMS: %v", err)
		}
	})
	f.h = h
	f.behind.Store(h)
	f.root = sdk(h, f.front, "eu-west-2")
}

// ServeHTTP answers in the manner that is set.
func (f *farKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if operation == "" { // of STS nothing else is asked
		operation = "GetCallerIdentity"
	}
	f.note(operation)
	manner := f.manner.Load()
	if only := f.only.Load(); only != "" && only != operation {
		manner = ""
	}
	switch manner {
	case "lost":
		f.behind.Load().ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case "refuse":
		f.fault(w, http.StatusBadRequest, "AccessDeniedException", "not today")
	case "internal":
		f.fault(w, http.StatusInternalServerError, "KMSInternalException", "sorry")
	case "hang":
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices when the client leaves
		<-r.Context().Done()
	case "drop":
		panic(http.ErrAbortHandler)
	case "throttle":
		f.fault(w, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	case "garbage":
		fmt.Fprint(w, "<html>this is no KMS</html>")
	case "empty":
		fmt.Fprint(w, "{}")
	default:
		f.behind.Load().ServeHTTP(w, r)
	}
}

func (f *farKMS) fault(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type": %q, "message": %q}`, code, text)
}

// note counts a call.
func (f *farKMS) note(operation string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[operation]++
}

// forget makes operations count anew.
func (f *farKMS) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = map[string]int{}
}

// operations are the calls since forget.
func (f *farKMS) operations() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.asked)
}

// near is the configuration of a harness whose ledgers are under keys of f.
func (f *farKMS) near(dir string) harness.Config {
	cfg := config(dir)
	service := f.service
	service.Timeout = 2 * time.Second
	cfg.KMS = &service
	return cfg
}

// insert makes a document; the error is the driver's.
func insert(ctx context.Context, driver *qldbdriver.QLDBDriver, id int) error {
	_, err := driver.Execute(ctx, func(txn qldbdriver.Transaction) (any, error) {
		return txn.Execute("INSERT INTO Test ?", record{ID: id})
	})
	return err
}

func TestLedgerUnderAnotherKMS(t *testing.T) {
	t.Parallel()
	f := newFarKMS(t, account)
	keys := kms.NewFromConfig(f.root)
	first, second := makeKey(t, keys), makeKey(t, keys)
	h, server := open(t, f.near(t.TempDir()))
	cfg := sdk(h, server, "eu-west-2")
	ledgers := qldb.NewFromConfig(cfg)
	createLedger(t, ledgers, first)
	advance(t, h, 2*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, first)
	grants, err := keys.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &first})
	if err != nil || len(grants.Grants) != 1 {
		t.Fatalf("grants: got %v, %v, want one", grants, err)
	}
	if got := aws.ToString(grants.Grants[0].GranteePrincipal); got != f.role {
		t.Errorf("grantee: got %s, want %s", got, f.role)
	}
	driver := newDriver(t, cfg, "orders")
	execute(t, driver, "CREATE TABLE Test")

	rekey := func(key string) {
		t.Helper()
		if _, err := ledgers.UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{
			Name: aws.String("orders"), KmsKey: &key,
		}); err != nil {
			t.Fatal(err)
		}
	}
	rekey(second)
	wantStatus(t, ledgers, types.EncryptionStatusUpdating, second)
	advance(t, h, 3*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, second)
	wantGrants(t, keys, first, 0)
	wantGrants(t, keys, second, 1)
	execute(t, driver, "INSERT INTO Test ?", record{ID: 1})

	if _, err := keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &second}); err != nil {
		t.Fatal(err)
	}
	advance(t, h, 6*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusKmsKeyInaccessible, second)
	want(t, "a write under a disabled key", insert(t.Context(), driver, 2), "AccessDeniedException: Amazon QLDB does "+
		"not have grant access on the AWS KMS customer managed key of the ledger. Restore the grant on the key for the "+
		"ledger.")
	if _, err := keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &second}); err != nil {
		t.Fatal(err)
	}
	advance(t, h, 6*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, second)
	execute(t, driver, "INSERT INTO Test ?", record{ID: 2})

	// The grant is what counts: the service role may not decrypt by itself.
	grants, err = keys.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &second})
	if err != nil || len(grants.Grants) != 1 {
		t.Fatalf("grants: got %v, %v, want one", grants, err)
	}
	if _, err := keys.RevokeGrant(t.Context(), &kms.RevokeGrantInput{
		KeyId: &second, GrantId: grants.Grants[0].GrantId,
	}); err != nil {
		t.Fatal(err)
	}
	advance(t, h, 6*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusKmsKeyInaccessible, second)
	rekey(second)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, second)
	if got := execute(t, driver, "SELECT * FROM Test"); got != 2 {
		t.Errorf("documents: got %d, want 2", got)
	}

	// The records of the calls are where the calls were made.
	far, near := cast{t, f.h, f.front}, cast{t, h, server}
	if events := far.events(f.root, trailtypes.LookupAttributeKeyEventName, "CreateGrant"); len(events) != 3 {
		t.Errorf("grants in the trail of the other KMS: got %d, want 3", len(events))
	}
	if events := near.events(cfg, trailtypes.LookupAttributeKeyEventName, "CreateGrant"); len(events) != 0 {
		t.Errorf("grants in the trail of the harness: got %d, want none", len(events))
	}
}

func TestAnotherKMSIsAwayForAWhile(t *testing.T) {
	t.Parallel()
	for _, manner := range []string{"hang", "drop", "throttle", "garbage", "empty"} {
		t.Run(manner, func(t *testing.T) {
			t.Parallel()
			f := newFarKMS(t, account)
			key := makeKey(t, kms.NewFromConfig(f.root))
			h, server := open(t, f.near(t.TempDir()))
			cfg := sdk(h, server, "eu-west-2")
			ledgers := qldb.NewFromConfig(cfg)
			createLedger(t, ledgers, key)
			advance(t, h, 2*time.Second)
			driver := newDriver(t, cfg, "orders")
			execute(t, driver, "CREATE TABLE Test")

			f.manner.Store(manner)
			_ = h.Advance(t.Context(), 6*time.Second)                  // the probe fails, here or in the background
			wantStatus(t, ledgers, types.EncryptionStatusEnabled, key) // nothing is known of the key
			text := "ServiceUnavailable: KMS at " + f.front.URL + " has no answer to DescribeKey: "
			if err := again(t.Context(), ledgers, key); !strings.HasPrefix(said(err), text) {
				t.Errorf("UpdateLedger: got %s, want %s...", said(err), text)
			}
			// What was known of the key has expired. The status is one that drivers try again.
			_, err := qldbsession.NewFromConfig(cfg).SendCommand(t.Context(), &qldbsession.SendCommandInput{
				StartSession: &sessiontypes.StartSessionRequest{LedgerName: aws.String("orders")},
			})
			if got := said(err); !strings.HasPrefix(got, "ServiceUnavailable: ") || !strings.Contains(got, f.front.URL) {
				t.Errorf("StartSession: got %s", got)
			}

			f.manner.Store("")
			answers(t, ledgers, key)
			advance(t, h, 6*time.Second)
			wantStatus(t, ledgers, types.EncryptionStatusEnabled, key)
			execute(t, driver, "INSERT INTO Test ?", record{ID: 1})
		})
	}
}

// again asks for the key that the ledger has.
func again(ctx context.Context, ledgers *qldb.Client, key string) error {
	_, err := ledgers.UpdateLedger(ctx, &qldb.UpdateLedgerInput{Name: aws.String("orders"), KmsKey: &key})
	return err
}

// answers waits until the other KMS is asked again, which after a time-out takes as long of real time.
func answers(t *testing.T, ledgers *qldb.Client, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for err := again(ctx, ledgers, key); err != nil; err = again(ctx, ledgers, key) {
		if ctx.Err() != nil {
			t.Fatalf("the other KMS does not answer again: %v", err)
		}
	}
}

func TestEitherHarnessRestarts(t *testing.T) {
	t.Parallel()
	f := newFarKMS(t, account)
	key := makeKey(t, kms.NewFromConfig(f.root))
	dir := t.TempDir()
	h, server := open(t, f.near(dir))
	createLedger(t, qldb.NewFromConfig(sdk(h, server, "eu-west-2")), key)
	advance(t, h, 2*time.Second)
	execute(t, newDriver(t, sdk(h, server, "eu-west-2"), "orders"), "CREATE TABLE Test")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	f.manner.Store("drop")
	h, server = open(t, f.near(dir))
	_ = h.Advance(t.Context(), 10*time.Second) // its clock begins anew; what it asks of the other KMS fails
	cfg := sdk(h, server, "eu-west-2")
	ledgers := qldb.NewFromConfig(cfg)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, key)
	if err := f.h.Close(); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.manner.Store("")
	answers(t, ledgers, key)
	advance(t, h, 6*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, key)
	execute(t, newDriver(t, cfg, "orders"), "INSERT INTO Test ?", record{ID: 1})
}

// TestKeysOfTheHarnessItself has a ledger under a key of the one KMS and a harness that asks the other.
func TestKeysOfTheHarnessItself(t *testing.T) {
	t.Parallel()
	f := newFarKMS(t, account)
	dir := t.TempDir()
	h, server := open(t, f.near(dir))
	cfg := sdk(h, server, "eu-west-2")
	own := makeKey(t, kms.NewFromConfig(cfg)) // its KMS serves keys all the same
	_, err := qldb.NewFromConfig(cfg).CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: types.PermissionsModeStandard, KmsKey: &own,
	})
	want(t, "a ledger under a key of the harness itself", err,
		"InvalidParameterException: The KMS key "+own+" does not exist.")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	alone := f.near(dir)
	alone.KMS = nil
	h, server = open(t, alone)
	createLedger(t, qldb.NewFromConfig(sdk(h, server, "eu-west-2")), own)
	advance(t, h, 2*time.Second)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h, server = open(t, f.near(dir))
	advance(t, h, 10*time.Second)
	wantStatus(t, qldb.NewFromConfig(sdk(h, server, "eu-west-2")), types.EncryptionStatusKmsKeyInaccessible, own)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	alone.Clock = clock.NewFrozen(start)
	h, server = open(t, alone)
	advance(t, h, 20*time.Second)
	wantStatus(t, qldb.NewFromConfig(sdk(h, server, "eu-west-2")), types.EncryptionStatusEnabled, own)
}

// mayRead is the policy of a reader of ledgers.
func mayRead(more ...string) string {
	return allowedAll(append(more, "qldb:SendCommand", "qldb:PartiQLSelect")...)
}

// TestKeyPolicyOfAnotherKMS has a role of the account of the key.
func TestKeyPolicyOfAnotherKMS(t *testing.T) {
	t.Parallel()
	f := newFarKMS(t, account)
	if _, err := iam.NewFromConfig(f.root).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("reader"), AssumeRolePolicyDocument: aws.String(trustAll),
	}); err != nil {
		t.Fatal(err)
	}
	far := cast{t, f.h, f.front}
	key := far.key(keyPolicy(throughQLDB))
	near := newCastIn(t, f.near(t.TempDir()))
	near.may("reader", allowedAll("qldb:CreateLedger"))
	_, err := qldb.NewFromConfig(near.as("reader")).CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("other"), PermissionsMode: types.PermissionsModeStandard, KmsKey: &key,
	})
	want(t, "CreateLedger by what the key policy allows through QLDB", err, "ok")

	near.ledger(key)
	near.may("reader", mayRead())
	reader := near.as("reader")
	wantKeyDenied(t, "no kms:Decrypt", near.run(reader, "SELECT * FROM Test"))
	far.putPolicy(key, keyPolicy(throughQLDB, to(readerARN, "kms:Decrypt")))
	wantKeyDenied(t, "as long as the former policy is kept", near.run(reader, "SELECT * FROM Test"))
	advance(t, near.h, 6*time.Second)
	want(t, "kms:Decrypt by the key policy", near.run(reader, "SELECT * FROM Test"), "ok")
	far.putPolicy(key, keyPolicy(throughQLDB))
	near.may("reader", mayRead("kms:Decrypt"))
	advance(t, near.h, 6*time.Second)
	want(t, "kms:Decrypt by delegation", near.run(reader, "SELECT * FROM Test"), "ok")
}

// TestKeyOfAnotherAccountOfAnotherKMS has a role whose account the other KMS has never heard of.
func TestKeyOfAnotherAccountOfAnotherKMS(t *testing.T) {
	t.Parallel()
	f := newFarKMS(t, foreigner)
	near := newCastIn(t, f.near(t.TempDir()))
	near.ledger(makeKey(t, kms.NewFromConfig(f.root)))
	near.may("reader", mayRead())
	wantKeyDenied(t, "no kms:Decrypt", near.run(near.as("reader"), "SELECT * FROM Test"))
	near.may("reader", mayRead("kms:Decrypt"))
	want(t, "kms:Decrypt by its own policy", near.run(near.as("reader"), "SELECT * FROM Test"), "ok")
}
