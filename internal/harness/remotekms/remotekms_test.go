package remotekms_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/remotekms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

const (
	keyARN   = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	metadata = `{"KeyMetadata": {"KeyId": "1234abcd", "Arn": "` + keyARN + `", "KeyManager": "CUSTOMER",
		"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled", "Origin": "AWS_KMS"}}`
)

// keyPolicy is the answer of GetKeyPolicy.
func keyPolicy() string { return fmt.Sprintf(`{"Policy": %q}`, policy.Default("aws", "111122223333")) }

var place = qldb.Place{Partition: "aws", Account: "111122223333", Region: "eu-west-2"}

// script is a KMS that answers what it is told to: only such a one gives wrong answers. The tests of package harness
// have a second harness as the KMS.
type script struct {
	mu      sync.Mutex
	answers map[string]string // by operation: JSON, or "Code: message" for a fault
	calls   []string
}

// ServeHTTP implements http.Handler.
func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if form, err := url.ParseQuery(string(body)); err == nil && operation == "" {
		operation = form.Get("Action")
	}
	s.calls = append(s.calls, operation)
	answer := s.answers[operation]
	if strings.HasPrefix(answer, "{") || strings.HasPrefix(answer, "<") {
		fmt.Fprint(w, answer)
		return
	}
	code, message, _ := strings.Cut(answer, ": ")
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "the id")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type": %q, "message": %q}`, code, message)
}

// count is how often an operation was called.
func (s *script) count(operation string) (n int) {
	for _, c := range s.made() {
		if c == operation {
			n++
		}
	}
	return n
}

// made are the calls so far.
func (s *script) made() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// will changes an answer.
func (s *script) will(operation, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[operation] = answer
}

// judge refuses everybody, or nobody.
type judge struct{ refuses bool }

// Request implements remotekms.Judge.
func (judge) Request(_ context.Context, c *wire.Call) (policy.Request, error) {
	caller, err := policy.NewCaller(c.Caller.ARN, "")
	return policy.Request{Caller: caller, Context: policy.RequestContext{}}, err
}

// Decide implements remotekms.Judge.
func (j judge) Decide(_ *wire.Call, r policy.Request) (policy.Decision, error) {
	if j.refuses || r.Policies.Key == nil {
		return policy.Decision{}, wire.Faultf("AccessDeniedException", "no")
	}
	return policy.Decision{Allowed: true}, nil
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newKeys(t *testing.T, h http.Handler, change func(*remotekms.Config)) *remotekms.Keys {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg := remotekms.Config{
		SDK: aws.Config{
			Region: "eu-west-2", BaseEndpoint: &server.URL,
			Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
			Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		},
		Where: "KMS at the test", Judge: judge{}, Timeout: time.Minute, Fresh: 5 * time.Second, Now: time.Now,
		Machine: time.Now,
	}
	if change != nil {
		change(&cfg)
	}
	keys, err := remotekms.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func call() *wire.Call {
	return &wire.Call{
		Service: "qldb", Partition: "aws", Region: "eu-west-2",
		Caller: wire.Caller{Account: "111122223333", ARN: "arn:aws:iam::111122223333:root"},
	}
}

// kind is "fault Code", "unasked", "ok", or the text of another error.
func kind(err error) string {
	if fault, ok := errors.AsType[*wire.Fault](err); ok {
		return "fault " + fault.Code
	}
	if _, ok := errors.AsType[*qldb.UnaskedError](err); ok {
		return "unasked"
	}
	if err == nil {
		return "ok"
	}
	return err.Error()
}

func TestAnswersOfKMS(t *testing.T) {
	t.Parallel()
	const plaintext, other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "arn:aws:kms:eu-west-2:1:key/other"
	for _, test := range []struct{ answer, want string }{
		{`{"KeyId": "` + keyARN + `", "Plaintext": "` + plaintext + `"}`, "ok"},
		{"AccessDeniedException: no", "fault AccessDeniedException"},
		{"DisabledException: off", "fault DisabledException"},
		{"KMSInvalidStateException: pending", "fault KMSInvalidStateException"},
		{"NotFoundException: gone", "fault NotFoundException"},
		{"KeyUnavailableException: later", "fault KeyUnavailableException"},
		{"IncorrectKeyException: other", "fault IncorrectKeyException"},
		{"ThrottlingException: slower", "unasked"},
		{"KMSInternalException: sorry", "unasked"},
		{"DependencyTimeoutException: sorry", "unasked"},
		{"UnrecognizedClientException: who", "unasked"},
		{"ExpiredTokenException: late", "unasked"},
		{"InvalidSignatureException: forged", "unasked"},
		{"UnknownOperationException: no KMS", "unasked"},
		{"SomethingNew: unheard of", "unasked"},
		{"{}", "unasked"},
		{`{"KeyId": "` + keyARN + `", "Plaintext": "not base64"}`, "unasked"},
		{`{"KeyId": "` + keyARN + `", "Plaintext": ""}`, "unasked"},
		{`{"KeyId": "` + other + `", "Plaintext": "` + plaintext + `"}`, "unasked"},
		{"<html>log in</html>", "unasked"},
	} {
		keys := newKeys(t, &script{answers: map[string]string{"Decrypt": test.answer}}, nil)
		_, err := keys.Decrypt(t.Context(), place, keyARN, []byte("c"), nil)
		if got := kind(err); got != test.want {
			t.Errorf("%s: got %s, want %s", test.answer, got, test.want)
		}
		if fault, ok := errors.AsType[*wire.Fault](err); ok && fault.Members["RequestId"] != "the id" {
			t.Errorf("%s: request id %q", test.answer, fault.Members["RequestId"])
		}
	}
}

// TestCallersAreNeverTakenForTheServiceRole: what KMS refuses the service role says nothing about a caller, for which
// QLDB would let it in or accuse it.
func TestCallersAreNeverTakenForTheServiceRole(t *testing.T) {
	t.Parallel()
	const opened = `{"KeyId": "` + keyARN + `", "Plaintext": "AAAA"}`
	allows := keyPolicy()
	for _, test := range []struct {
		decrypt, describe, policy string
		refuses                   bool
		want                      string
	}{
		{opened, metadata, allows, false, "ok"},
		{opened, metadata, allows, true, "fault AccessDeniedException"},
		{opened, strings.Replace(metadata, "Enabled", "Disabled", 1), allows, false, "fault DisabledException"},
		{
			opened, strings.Replace(metadata, "Enabled", "PendingDeletion", 1), allows, false,
			"fault KMSInvalidStateException",
		},
		{opened, strings.Replace(metadata, "Enabled", "Disabled", 1), allows, true, "fault AccessDeniedException"},
		{"DisabledException: off", metadata, allows, false, "unasked"},
		{"AccessDeniedException: no grant", metadata, allows, false, "unasked"},
		{opened, "NotFoundException: gone", allows, false, "unasked"},
		{opened, metadata, "AccessDeniedException: no kms:GetKeyPolicy", false, "unasked"},
		{opened, metadata, "NotFoundException: gone", false, "unasked"},
		{opened, metadata, `{"Policy": "no policy"}`, false, "unasked"},
	} {
		keys := newKeys(t, &script{answers: map[string]string{
			"Decrypt": test.decrypt, "DescribeKey": test.describe, "GetKeyPolicy": test.policy,
		}}, func(c *remotekms.Config) { c.Judge = judge{test.refuses} })
		err := keys.DecryptAs(t.Context(), call(), []byte("c"), map[string]string{"a": "b"})
		if got := kind(err); got != test.want {
			t.Errorf("%+v: got %s (%v)", test, got, err)
		}
	}
}

func TestWhatIsKnownOfAKeyIsKept(t *testing.T) {
	t.Parallel()
	kms := &script{answers: map[string]string{
		"Decrypt": `{"KeyId": "` + keyARN + `", "Plaintext": "AAAA"}`, "DescribeKey": metadata,
		"GetKeyPolicy": keyPolicy(),
	}}
	now := &clock{now: time.Now()}
	keys := newKeys(t, kms, func(c *remotekms.Config) { c.Now = now.Now })
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			if err := keys.DecryptAs(t.Context(), call(), []byte("c"), nil); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if kms.count("DescribeKey") != 1 || kms.count("GetKeyPolicy") != 1 {
		t.Errorf("calls of 20 callers at once: got %q", kms.made())
	}
	for i, by := range []time.Duration{5 * time.Second, -time.Hour} { // the clock may be set back
		now.advance(by)
		if err := keys.DecryptAs(t.Context(), call(), []byte("c"), nil); err != nil {
			t.Fatal(err)
		}
		if kms.count("DescribeKey") != 2+i || kms.count("GetKeyPolicy") != 2+i {
			t.Errorf("calls after %v: got %q", by, kms.made())
		}
	}
}

// hanging is a connection to a KMS that does not answer.
type hanging struct{ requests atomic.Int64 }

// Do implements aws.HTTPClient.
func (h *hanging) Do(r *http.Request) (*http.Response, error) {
	h.requests.Add(1)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestCallsAfterOneThatHungFailAtOnce(t *testing.T) {
	t.Parallel()
	const patience = 300 * time.Millisecond // of real time, for what comes before the request too
	var kms hanging
	now := &clock{now: time.Now()}
	keys := newKeys(t, http.NotFoundHandler(), func(c *remotekms.Config) {
		c.Timeout, c.Machine, c.SDK.HTTPClient = patience, now.Now, &kms
	})
	decrypt := func(want int64) {
		t.Helper()
		_, err := keys.Decrypt(t.Context(), place, keyARN, []byte("c"), nil)
		if got := kms.requests.Load(); kind(err) != "unasked" || got != want {
			t.Errorf("got %v after %d requests, want %d", err, got, want)
		}
	}
	decrypt(1)
	decrypt(1)
	now.advance(patience)
	decrypt(2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	now.advance(patience)
	_, err := keys.Decrypt(ctx, place, keyARN, []byte("c"), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	decrypt(kms.requests.Load() + 1) // a caller who leaves says nothing about KMS
}

func TestGrantsAreOfTheServiceRole(t *testing.T) {
	t.Parallel()
	identity := func(arn string) string {
		return "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>" + arn + "</Arn></GetCallerIdentityResult>" +
			"</GetCallerIdentityResponse>"
	}
	for _, test := range []struct{ identity, given, want string }{
		{identity("arn:aws:iam::111122223333:user/path/qldb"), "", "arn:aws:iam::111122223333:user/path/qldb"},
		{identity("arn:aws:iam::111122223333:root"), "", "arn:aws:iam::111122223333:root"},
		{
			identity("arn:aws-cn:sts::111122223333:assumed-role/qldb/i-0abc"), "",
			"arn:aws-cn:iam::111122223333:role/qldb",
		},
		{
			"AccessDenied: no STS here", "arn:aws:iam::111122223333:role/path/qldb",
			"arn:aws:iam::111122223333:role/path/qldb",
		},
		{"InvalidAction: no STS here", "", "unasked"},
		{"<html>", "", "unasked"},
	} {
		keys := newKeys(t, &script{answers: map[string]string{"GetCallerIdentity": test.identity}},
			func(c *remotekms.Config) { c.Grantee = test.given })
		got, err := keys.Principal(t.Context(), "eu-west-2")
		if err != nil {
			got = kind(err)
		}
		if got != test.want {
			t.Errorf("%s: got %s, %v, want %s", test.identity, got, err, test.want)
		}
	}
}

func TestGrantsOfAFormerServiceRole(t *testing.T) {
	t.Parallel()
	kms := &script{answers: map[string]string{
		"ListGrants": `{"Truncated": false, "Grants": [
			{"GrantId": "g1", "Name": "qldb-l1", "GranteePrincipal": "arn:aws:iam::111122223333:role/former"},
			{"GrantId": "g2", "Name": "qldb-l10"}, {"GrantId": "g3", "Name": "qldb-l1"}]}`,
		"RetireGrant": "AccessDeniedException: not the retiring principal", "RevokeGrant": "{}",
	}}
	keys := newKeys(t, kms, nil)
	ids, err := keys.FindGrants(t.Context(), place, keyARN, "qldb-l1")
	if err != nil || !slices.Equal(ids, []string{"g1", "g3"}) {
		t.Fatalf("grants: got %q, %v", ids, err)
	}
	if err := keys.RetireGrant(t.Context(), place, keyARN, "g1"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"ListGrants", "RetireGrant", "RevokeGrant"}, kms.made()); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
	kms.will("RevokeGrant", "AccessDeniedException: neither")
	if err := keys.RetireGrant(t.Context(), place, keyARN, "g1"); kind(err) != "fault AccessDeniedException" {
		t.Errorf("got %v", err)
	}
	kms.will("ListGrants", `{"Truncated": true, "NextMarker": "again", "Grants": []}`)
	if _, err := keys.FindGrants(t.Context(), place, keyARN, "qldb-l1"); kind(err) != "unasked" {
		t.Errorf("a list without end: got %v", err)
	}
}

// An answer that is none must not be taken for one that says that a grant is gone.
func TestGrantsAndGarbage(t *testing.T) {
	t.Parallel()
	for _, garbage := range []string{"<html>log in</html>", "{}"} {
		keys := newKeys(t, &script{answers: map[string]string{
			"ListGrants": garbage, "RetireGrant": garbage, "RevokeGrant": garbage,
		}}, nil)
		if _, err := keys.FindGrants(t.Context(), place, keyARN, "qldb-l1"); kind(err) != "unasked" {
			t.Errorf("ListGrants answers %s: got %v", garbage, err)
		}
		want := "unasked"
		if garbage == "{}" { // what KMS says
			want = "ok"
		}
		if err := keys.RetireGrant(t.Context(), place, keyARN, "g1"); kind(err) != want {
			t.Errorf("RetireGrant answers %s: got %v, want %s", garbage, err, want)
		}
	}
}

func TestAGranteeThatKMSDoesNotKnow(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, &script{answers: map[string]string{
		"DescribeKey": metadata, "GetKeyPolicy": keyPolicy(),
		"CreateGrant": "InvalidArnException: ARN does not refer to a valid principal",
	}}, func(c *remotekms.Config) { c.Grantee = "arn:aws:iam::111122223333:role/qldb" })
	_, err := keys.CreateGrant(t.Context(), call(), qldb.Grant{KeyARN: keyARN, Name: "qldb-l1"})
	if kind(err) != "unasked" || !strings.Contains(err.Error(), "does not take arn:aws:iam::111122223333:role/qldb") {
		t.Errorf("got %v", err)
	}
}
