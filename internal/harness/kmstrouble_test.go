package harness_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
)

// troubled is a harness whose ledgers are under keys of a KMS of which any call can be made to go wrong.
type troubled struct {
	t       *testing.T
	h       *harness.Harness
	cfg     aws.Config
	ledgers *qldb.Client
	keys    *kms.Client // at the KMS of the ledgers
	first   string      // key ARNs
	next    string
	// disturb makes every call of one operation of KMS go wrong in a manner; calm ends that.
	disturb func(operation, manner string)
	calm    func()
}

// The calls of KMS that QLDB makes in a request that names a key, and those it makes later, when the change is carried
// out. TestCallsOfKMS sees to it that there are no others.
var (
	requestCalls = map[string][]string{
		"own": {"DescribeKey", "CreateGrant", "GenerateDataKey", "Decrypt"},
		"far": {"DescribeKey", "GetKeyPolicy", "GetCallerIdentity", "CreateGrant", "GenerateDataKey", "Decrypt"},
	}
	laterCalls = map[string][]string{
		"own": {"Decrypt", "ListRetirableGrants", "RetireGrant"},
		"far": {"Decrypt", "ListGrants", "RetireGrant"},
	}
	sessionCalls = map[string][]string{ // at the start of a session or a transaction, for its caller
		"own": {"Decrypt"},
		"far": {"DescribeKey", "GetKeyPolicy"},
	}
	manners = map[string][]string{
		"own": {"throttle", "drop", "lost", "internal", "refuse", "slow"},
		"far": {"throttle", "drop", "lost", "internal", "refuse", "slow", "hang", "garbage", "empty"},
	}
)

// newTroubled has the KMS of the harness itself, "own", or that of another, "far".
func newTroubled(t *testing.T, where string) *troubled {
	t.Helper()
	if where == "far" {
		return newTroubledFar(t)
	}
	h, server := open(t, config(t.TempDir()))
	s := (&troubled{t: t, h: h, cfg: sdk(h, server, "eu-west-2")}).withKeys()
	s.calm = h.Faults().Clear
	s.disturb = func(operation, manner string) {
		rule := fault.Rule{Via: "qldb", Service: "kms", Operation: operation}
		switch manner {
		case "throttle":
			rule.Kind = fault.Throttle
		case "drop":
			rule.Kind = fault.DropBefore
		case "lost":
			rule.Kind = fault.LostAnswer
		case "slow":
			rule.Kind, rule.Duration = fault.Latency, fault.Duration(20*time.Millisecond)
		case "internal":
			rule.Kind, rule.Code, rule.Status = fault.Error, "KMSInternalException", 500
		case "refuse":
			rule.Kind, rule.Code, rule.Message = fault.Error, "AccessDeniedException", "not today"
		}
		if _, err := h.Faults().Add(rule); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func newTroubledFar(t *testing.T) *troubled {
	t.Helper()
	f := newFarKMS(t, account)
	h, server := open(t, f.near(t.TempDir()))
	s := &troubled{t: t, h: h, cfg: sdk(h, server, "eu-west-2")}
	s.keys = kms.NewFromConfig(sdk(f.h, newServer(t, f.h), "eu-west-2")) // past the front
	s.disturb = func(operation, manner string) {
		f.only.Store(operation)
		f.manner.Store(manner)
	}
	s.calm = func() { f.manner.Store("") }
	return s.ready()
}

// withKeys has the KMS of the harness itself.
func (s *troubled) withKeys() *troubled {
	s.keys = kms.NewFromConfig(s.cfg)
	return s.ready()
}

func (s *troubled) ready() *troubled {
	s.ledgers = qldb.NewFromConfig(s.cfg)
	s.first, s.next = makeKey(s.t, s.keys), makeKey(s.t, s.keys)
	return s
}

func (s *troubled) create() error {
	_, err := s.ledgers.CreateLedger(s.t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: types.PermissionsModeStandard, KmsKey: &s.first,
	})
	return err
}

// eventually repeats do until it succeeds: a KMS that timed out is asked again after as long, of real time.
func (s *troubled) eventually(what string, do func() error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for err := do(); err != nil; err = do() {
		if ctx.Err() != nil {
			s.t.Fatalf("%s: %v", what, err)
		}
		_ = s.h.Advance(ctx, time.Second)
	}
}

func (s *troubled) wantStatus(what string, want types.EncryptionStatus, wantKey string) {
	s.t.Helper()
	if got, key := status(s.t, s.ledgers, "orders"); got != want || key != wantKey {
		s.t.Errorf("%s: got %s under %s, want %s under %s", what, got, key, want, wantKey)
	}
}

// settle waits until the ledger is under a key, and the other has no grant left.
func (s *troubled) settle(what, key, other string) {
	s.t.Helper()
	s.eventually(what+", afterwards", func() error {
		if got, at := status(s.t, s.ledgers, "orders"); got != types.EncryptionStatusEnabled || at != key {
			return fmt.Errorf("the ledger is %s under %s", got, at)
		}
		left, err := s.keys.ListGrants(s.t.Context(), &kms.ListGrantsInput{KeyId: &other})
		if err == nil && len(left.Grants) > 0 {
			err = fmt.Errorf("%s has %d grants", other, len(left.Grants))
		}
		return err
	})
	wantGrants(s.t, s.keys, key, 1)
}

// wantAnswer checks how a request ended whose call of KMS went wrong.
func (s *troubled) wantAnswer(what, manner string, err error) {
	s.t.Helper()
	got := said(err)
	code, _, _ := strings.Cut(got, ":")
	var want []string
	switch manner {
	case "slow":
		want = []string{"ok"}
	case "refuse": // a key policy that cannot be read decides nothing
		want = []string{"AccessDeniedException", "ServiceUnavailable"}
	case "throttle":
		want = []string{"ThrottlingException", "ServiceUnavailable"}
	case "internal":
		want = []string{"KMSInternalException", "ServiceUnavailable"}
	default:
		want = []string{"ServiceUnavailable"}
	}
	if !slices.Contains(want, code) {
		s.t.Errorf("%s: got %s, want one of %q", what, got, want)
	}
	if manner != "slow" && manner != "refuse" && !strings.Contains(got, "try again") {
		s.t.Errorf("%s: %s does not say what to do", what, got)
	}
}

// A request that names a key fails when one of its calls of KMS does, and leaves nothing behind; it succeeds when KMS
// does.
func TestTroubleOfRequests(t *testing.T) {
	t.Parallel()
	for where, calls := range requestCalls {
		for _, operation := range calls {
			t.Run(where+"/"+operation, func(t *testing.T) {
				t.Parallel()
				s := newTroubled(t, where)
				for _, manner := range manners[where] {
					s.troubledCreate(operation, manner)
				}
				s.eventually("CreateLedger", s.create)
				advance(t, s.h, 2*time.Second)
				execute(t, newDriver(t, s.cfg, "orders"), "CREATE TABLE Test")
				if operation == "GetCallerIdentity" {
					return // is asked once
				}
				for i, manner := range manners[where] {
					s.troubledUpdate(operation, manner)
					s.insert(i)
				}
			})
		}
	}
}

func (s *troubled) insert(id int) {
	s.t.Helper()
	driver := newDriver(s.t, s.cfg, "orders")
	s.eventually("insert", func() error { return insert(s.t.Context(), driver, id) })
}

func (s *troubled) troubledCreate(operation, manner string) {
	s.t.Helper()
	if manner == "slow" {
		return // creates the ledger: see troubledUpdate
	}
	what := "CreateLedger with " + operation + " " + manner
	s.disturb(operation, manner)
	err := s.create()
	s.calm()
	s.wantAnswer(what, manner, err)
	if _, err := s.ledgers.DescribeLedger(s.t.Context(), &qldb.DescribeLedgerInput{
		Name: aws.String("orders"),
	}); !strings.HasPrefix(said(err), "ResourceNotFoundException") {
		s.t.Errorf("%s: describe: got %s", what, said(err))
	}
	s.eventually(what, func() error {
		left, err := s.keys.ListGrants(s.t.Context(), &kms.ListGrantsInput{KeyId: &s.first})
		if err == nil && len(left.Grants) > 0 {
			err = fmt.Errorf("%d grants are left", len(left.Grants))
		}
		return err
	})
}

func (s *troubled) troubledUpdate(operation, manner string) {
	s.t.Helper()
	what := "UpdateLedger with " + operation + " " + manner
	s.disturb(operation, manner)
	err := rekeyTo(s.t.Context(), s.ledgers, s.next)
	s.wantAnswer(what, manner, err)
	if err != nil {
		s.wantStatus(what, types.EncryptionStatusEnabled, s.first)
	}
	s.calm()
	s.eventually(what+", again", func() error { return rekeyTo(s.t.Context(), s.ledgers, s.next) })
	s.wantStatus(what+", again", types.EncryptionStatusUpdating, s.next)
	s.settle(what, s.next, s.first)
	s.first, s.next = s.next, s.first
}

// A key change that was accepted waits for calls of KMS that go wrong, and ends when they do not any more: until then
// the ledger is UPDATING, or KMS_KEY_INACCESSIBLE if KMS refuses; letting go of the former key comes after ENABLED.
func TestTroubleOfKeyChanges(t *testing.T) {
	t.Parallel()
	for where, calls := range laterCalls {
		for _, operation := range calls {
			t.Run(where+"/"+operation, func(t *testing.T) {
				t.Parallel()
				s := newTroubled(t, where)
				if err := s.create(); err != nil {
					t.Fatal(err)
				}
				advance(t, s.h, 2*time.Second)
				driver := newDriver(t, s.cfg, "orders")
				execute(t, driver, "CREATE TABLE Test")
				documents := 0
				for _, manner := range manners[where] {
					if operation == "RetireGrant" && manner == "empty" {
						continue // that is how KMS says that it is done
					}
					s.troubledChange(operation, manner)
					s.insert(documents)
					documents++
				}
				if got := execute(t, driver, "SELECT * FROM Test"); got != documents {
					t.Errorf("documents: got %d, want %d", got, documents)
				}
			})
		}
	}
}

func (s *troubled) troubledChange(operation, manner string) {
	s.t.Helper()
	what := "a key change with " + operation + " " + manner
	if err := rekeyTo(s.t.Context(), s.ledgers, s.next); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	s.disturb(operation, manner)
	_ = s.h.Advance(s.t.Context(), 3*time.Second) // fails with KMS
	want := types.EncryptionStatusEnabled
	switch {
	case operation != "Decrypt" || manner == "slow":
	case manner == "refuse":
		want = types.EncryptionStatusKmsKeyInaccessible
	default:
		want = types.EncryptionStatusUpdating
	}
	s.wantStatus(what, want, s.next)
	if want == types.EncryptionStatusEnabled && manner != "slow" && manner != "lost" {
		wantGrants(s.t, s.keys, s.first, 1) // not yet let go of
	}
	s.calm()
	s.settle(what, s.next, s.first)
	s.first, s.next = s.next, s.first
}

// Neither session nor transaction begins while KMS does not say whether its caller may use the key, and the answer says
// what to do: to try again, or to be let use the key.
func TestTroubleOfSessions(t *testing.T) {
	t.Parallel()
	for where, calls := range sessionCalls {
		for _, operation := range calls {
			t.Run(where+"/"+operation, func(t *testing.T) {
				t.Parallel()
				s := newTroubled(t, where)
				if err := s.create(); err != nil {
					t.Fatal(err)
				}
				advance(t, s.h, 2*time.Second)
				execute(t, newDriver(t, s.cfg, "orders"), "CREATE TABLE Test")
				for id, manner := range manners[where] {
					advance(t, s.h, 5*time.Second) // what was known of the key is asked anew
					s.troubledSession(operation, manner)
					s.insert(id)
					s.wantStatus("after "+operation+" "+manner, types.EncryptionStatusEnabled, s.first)
				}
			})
		}
	}
}

func (s *troubled) troubledSession(operation, manner string) {
	s.t.Helper()
	driver := newDriver(s.t, s.cfg, "orders")
	driver.SetRetryPolicy(qldbdriver.RetryPolicy{})
	s.disturb(operation, manner)
	got := said(insert(s.t.Context(), driver, -1))
	s.calm()
	code, words := "ServiceUnavailable: ", "try again"
	switch {
	case manner == "slow":
		code, words = "ok", ""
	case manner == "refuse" && operation == "Decrypt":
		code, words = "AccessDeniedException: ", "The user does not have permissions to use the customer managed KMS key"
	}
	if !strings.HasPrefix(got, code) || !strings.Contains(got, words) {
		s.t.Errorf("session with %s %s: got %s, want %s with %q", operation, manner, got, code, words)
	}
}

// The two tables of calls are complete.
func TestCallsOfKMS(t *testing.T) {
	t.Parallel()
	own := newTroubled(t, "own")
	known := slices.Concat(requestCalls["own"], laterCalls["own"])
	slices.Sort(known)
	known = slices.Compact(known)
	counted := func(operation string) string {
		t.Helper()
		rule, err := own.h.Faults().Add(fault.Rule{
			Via: "qldb", Operation: operation, Kind: fault.Latency, Duration: fault.Duration(time.Nanosecond),
		})
		if err != nil {
			t.Fatal(err)
		}
		return rule.ID
	}
	all := counted("*")
	for _, operation := range known {
		counted(operation)
	}
	own.life()
	sum := 0
	for _, rule := range own.h.Faults().Rules() {
		switch {
		case rule.ID == all:
			sum += rule.Matched
		case rule.Matched == 0:
			t.Errorf("%s is not called", rule.Operation)
		default:
			sum -= rule.Matched
		}
	}
	if sum != 0 {
		t.Errorf("%d calls of KMS are of no operation in the tables", sum)
	}

	f := newFarKMS(t, account)
	h, server := open(t, f.near(t.TempDir()))
	far := (&troubled{t: t, h: h, cfg: sdk(h, server, "eu-west-2"), keys: kms.NewFromConfig(f.root)}).ready()
	f.forget()
	far.life()
	for operation := range f.operations() {
		if !slices.Contains(slices.Concat(requestCalls["far"], laterCalls["far"], []string{"CreateKey"}), operation) {
			t.Errorf("%s is called, and in no table", operation)
		}
	}
}

// life is a ledger from its creation to its end, with a key change.
func (s *troubled) life() {
	s.t.Helper()
	if err := s.create(); err != nil {
		s.t.Fatal(err)
	}
	advance(s.t, s.h, 2*time.Second)
	execute(s.t, newDriver(s.t, s.cfg, "orders"), "CREATE TABLE Test")
	if err := rekeyTo(s.t.Context(), s.ledgers, s.next); err != nil {
		s.t.Fatal(err)
	}
	advance(s.t, s.h, 10*time.Second)
	if _, err := s.ledgers.UpdateLedger(s.t.Context(), &qldb.UpdateLedgerInput{
		Name: aws.String("orders"), DeletionProtection: aws.Bool(false),
	}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.ledgers.DeleteLedger(s.t.Context(), &qldb.DeleteLedgerInput{Name: aws.String("orders")}); err != nil {
		s.t.Fatal(err)
	}
	advance(s.t, s.h, 10*time.Second)
}
