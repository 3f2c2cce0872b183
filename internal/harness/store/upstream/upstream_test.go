package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/upstream"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/upstream/stub"
)

// server is a stub on a port of its own.
type server struct {
	*stub.Server

	URL string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := stub.New()
	front := httptest.NewServer(s)
	t.Cleanup(func() {
		front.Close()
		for _, complaint := range s.Complaints {
			t.Error(complaint)
		}
	})
	return &server{s, front.URL}
}

func options(s *server) upstream.Options {
	return upstream.Options{
		SDK: aws.Config{
			Region: "eu-west-2", BaseEndpoint: &s.URL,
			Credentials: credentials.NewStaticCredentialsProvider(stub.OwnID, stub.OwnSecret, ""),
			Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		},
		Where: "the test server", Timeout: time.Minute,
		Wait: func(context.Context, time.Duration) error { return nil },
	}
}

// seen has a look at the server between requests.
func seen[T any](s *server, look func() T) T {
	s.Lock()
	defer s.Unlock()
	return look()
}

// codeOf is the code by which QLDB judges an error, or "ok".
func codeOf(err error) string {
	if err == nil {
		return "ok"
	}
	var answered interface {
		error
		ErrorCode() string
	}
	if errors.As(err, &answered) {
		return answered.ErrorCode()
	}
	return "no answer: " + err.Error()
}

func anObject() delivery.Object {
	return delivery.Object{
		Bucket: "Bucket.with_odd.name", Key: "journal/2026/01/05/10/strand.0-9.ion", ContentType: "text/plain",
		Body: []byte("{a: 1}"), Region: "eu-west-2", RoleARN: stub.RoleARN, Encryption: "NO_ENCRYPTION",
	}
}

func TestObjectsArriveAsTheyAreEncrypted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ encryption, key, header, headerKey string }{
		{"NO_ENCRYPTION", "", "", ""},
		{"SSE_S3", "", "AES256", ""},
		{"SSE_KMS", "arn:aws:kms:eu-west-2:111122223333:key/k", "aws:kms", "arn:aws:kms:eu-west-2:111122223333:key/k"},
	} {
		t.Run(test.encryption, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			o := anObject()
			o.Encryption, o.KMSKeyARN = test.encryption, test.key
			s.Buckets[o.Bucket] = true
			to := upstream.NewObjects(options(s))
			for range 2 { // the same object may be put again
				if err := to.Put(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			}
			got := seen(s, func() stub.Object { return s.Objects[o.Bucket+"/"+o.Key] })
			want := map[string]string{
				"Content-Type": "text/plain", "X-Amz-Server-Side-Encryption": test.header,
				"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": test.headerKey, "X-Amz-Acl": "bucket-owner-full-control",
			}
			for name, value := range want {
				if got.Header.Get(name) != value {
					t.Errorf("%s: got %q, want %q", name, got.Header.Get(name), value)
				}
			}
			if got.Body != string(o.Body) {
				t.Errorf("content: got %q", got.Body)
			}
		})
	}
}

// TestObjectsOverTLS: only there does the SDK leave the content unsigned, and would it send it in chunks.
func TestObjectsOverTLS(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	front := httptest.NewTLSServer(s)
	t.Cleanup(front.Close)
	s.Buckets[anObject().Bucket] = true
	o := options(s)
	o.SDK.BaseEndpoint, o.SDK.HTTPClient = &front.URL, front.Client()
	if err := upstream.NewObjects(o).Put(t.Context(), anObject()); err != nil {
		t.Fatal(err)
	}
}

func TestObjectsThatFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		fail       func(http.ResponseWriter, *http.Request, []byte) bool
	}{
		{"denied", "AccessDenied", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			stub.XMLFault(w, http.StatusForbidden, "AccessDenied", "Access Denied")
			return true
		}},
		{"busy", "SlowDown", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			stub.XMLFault(w, http.StatusServiceUnavailable, "SlowDown", "Reduce your request rate.")
			return true
		}},
		{"no S3", "ServiceUnavailable", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			fmt.Fprint(w, "<html>please log in</html>")
			return true
		}},
		{"a proxy", "ServiceUnavailable", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
			return true
		}},
		{"connection lost", "ServiceUnavailable", func(http.ResponseWriter, *http.Request, []byte) bool {
			panic(http.ErrAbortHandler)
		}},
		{"no bucket", "NoSuchBucket", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Fail = test.fail
			if got := codeOf(upstream.NewObjects(options(s)).Put(t.Context(), anObject())); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestServerThatDoesNotEncrypt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.NoSSE = true
	o := anObject()
	o.Encryption = "SSE_S3"
	s.Buckets[o.Bucket] = true
	err := upstream.NewObjects(options(s)).Put(t.Context(), o)
	if codeOf(err) != "InvalidEncryptionAlgorithmError" || !strings.Contains(err.Error(), "does not encrypt objects") {
		t.Errorf("got %v", err)
	}
}

func TestThatHangs(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var reached atomic.Bool
	s.Fail = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		reached.Store(true)
		<-r.Context().Done()
		return true
	}
	o := options(s)
	for o.Timeout = 50 * time.Millisecond; !reached.Load(); o.Timeout *= 2 { // on a slow machine it may end before
		if got := codeOf(upstream.NewObjects(o).Put(t.Context(), anObject())); got != "ServiceUnavailable" {
			t.Fatalf("got %s, want ServiceUnavailable", got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := upstream.NewObjects(o).Put(ctx, anObject()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestRolesAreAssumed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o := options(s)
	o.AssumeRoles = true
	objects, records := upstream.NewObjects(o), upstream.NewRecords(o)
	s.Buckets[anObject().Bucket] = true
	s.Streams["audit"] = &stub.Stream{Status: "ACTIVE", ARN: auditARN}
	for range 2 {
		if err := errors.Join(objects.Put(t.Context(), anObject()), records.Check(t.Context(), audit)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"sts " + stub.OwnID, "s3 " + stub.RoleID, "sts " + stub.OwnID, "kinesis " + stub.RoleID,
		"s3 " + stub.RoleID, "kinesis " + stub.RoleID,
	}
	if d := cmp.Diff(want, seen(s, func() []string { return s.Callers })); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}

	other, to := anObject(), audit
	other.RoleARN, to.RoleARN = stub.RoleARN+"-of-another", stub.RoleARN+"-of-another"
	if got := codeOf(objects.Put(t.Context(), other)); got != "AccessDenied" {
		t.Errorf("S3 as a role that cannot be assumed: got %s", got)
	}
	if got := codeOf(records.Check(t.Context(), to)); got != "AccessDeniedException" {
		t.Errorf("Kinesis as a role that cannot be assumed: got %s", got)
	}
}

const auditARN = "arn:aws:kinesis:eu-west-2:111122223333:stream/audit"

var audit = delivery.Target{Account: "111122223333", Region: "eu-west-2", Name: "audit", RoleARN: stub.RoleARN}

func batch(first, n int) (records []delivery.Record) {
	for i := range n {
		number := uint64(first + i)
		records = append(records, delivery.Record{
			PartitionKey: fmt.Sprint("p", number), Data: fmt.Append(nil, number), Producer: "a", First: number, Count: 1,
		})
	}
	return records
}

// numbers are what a stream holds after batches from 0 to n.
func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

func TestCheckOfATarget(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ status, arn, want string }{
		{"ACTIVE", auditARN, "ok"}, {"UPDATING", auditARN, "ok"}, {"CREATING", auditARN, "ResourceInUseException"},
		{"DELETING", auditARN, "ResourceInUseException"}, {"", auditARN, "InternalFailure"},
		{"ACTIVE", "arn:aws:kinesis:eu-west-2:444455556666:stream/audit", "ResourceNotFoundException"},
	} {
		s := newServer(t)
		s.Streams["audit"] = &stub.Stream{Status: test.status, ARN: test.arn}
		if got := codeOf(upstream.NewRecords(options(s)).Check(t.Context(), audit)); got != test.want {
			t.Errorf("%s %s: got %s, want %s", test.status, test.arn, got, test.want)
		}
	}
}

func TestRecordsAreSplitIntoRequests(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Streams["audit"] = &stub.Stream{Status: "ACTIVE", ARN: auditARN}
	to := upstream.NewRecords(options(s))
	if err := to.Append(t.Context(), audit, batch(0, 1201)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{500, 500, 201}, seen(s, func() []int { return s.Sizes })); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	if d := cmp.Diff(numbers(1201), seen(s, func() []string { return s.Streams["audit"].Records })); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
	large := batch(1201, 6)
	for i := range large {
		large[i].Data = make([]byte, 1<<20-100)
	}
	seen(s, func() any { s.Sizes = nil; return nil })
	if err := to.Append(t.Context(), audit, large); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{5, 1}, seen(s, func() []int { return s.Sizes })); d != "" {
		t.Errorf("requests of large records (-want +got):\n%s", d)
	}
}

// Kinesis refuses a request for one record that is too large; those before it arrive all the same, those after it wait.
func TestARecordThatIsTooLarge(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 3, 5} {
		s := newServer(t)
		s.Streams["audit"] = &stub.Stream{Status: "ACTIVE", ARN: auditARN}
		records := batch(0, 6)
		records[at].Data = make([]byte, 1<<20+1)
		if got := codeOf(upstream.NewRecords(options(s)).Append(t.Context(), audit, records)); got != "ValidationException" {
			t.Errorf("record %d: got %s, want ValidationException", at, got)
		}
		got := seen(s, func() []string { return append([]string{}, s.Streams["audit"].Records...) })
		if d := cmp.Diff(numbers(6)[:at], got); d != "" {
			t.Errorf("record %d, arrived (-want +got):\n%s", at, d)
		}
	}
}

func TestRecordsThatAreNotTakenAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	tries := map[string]int{}
	to := &stub.Stream{Status: "ACTIVE", ARN: auditARN}
	to.Refuse = func(data string) bool { // every third one, twice
		tries[data]++
		return strings.HasSuffix(data, "3") && tries[data] <= 2
	}
	s.Streams["audit"] = to
	if err := upstream.NewRecords(options(s)).Append(t.Context(), audit, batch(0, 700)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{500, 50, 50, 200, 20, 20}, seen(s, func() []int { return s.Sizes })); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	records := seen(s, func() []string { return to.Records })
	sorted := slices.Clone(records)
	slices.SortFunc(sorted, func(a, b string) int { return len(a)*1000 - len(b)*1000 + strings.Compare(a, b) })
	if d := cmp.Diff(numbers(700), sorted); d != "" {
		t.Errorf("records, sorted (-want +got):\n%s", d)
	}
	if first, last := slices.Index(records, "500"), slices.Index(records, "493"); first < last {
		t.Errorf("a record of the second request is at %d, one of the first at %d", first, last)
	}
}

func TestRecordsThatAreNotTakenAreSentAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	to := &stub.Stream{Status: "ACTIVE", ARN: auditARN}
	closed := true
	to.Refuse = func(data string) bool { return closed && data == "1" }
	s.Streams["audit"] = to
	records := upstream.NewRecords(options(s))
	if got := codeOf(records.Append(t.Context(), audit, batch(0, 3))); got != "ProvisionedThroughputExceededException" {
		t.Fatalf("got %s", got)
	}
	seen(s, func() any { closed = false; return nil })
	if err := records.Append(t.Context(), audit, batch(0, 5)); err != nil {
		t.Fatal(err)
	}
	if err := records.Append(t.Context(), audit, batch(5, 2)); err != nil {
		t.Fatal(err)
	}
	got := seen(s, func() []string { return to.Records })
	if d := cmp.Diff([]string{"0", "2", "1", "3", "4", "5", "6"}, got); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
}

func TestRecordsThatFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		fail       func(http.ResponseWriter, *http.Request, []byte) bool
	}{
		{"no stream", "ResourceNotFoundException", nil},
		{"denied", "AccessDeniedException", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			stub.JSONFault(w, "AccessDeniedException", "not authorized to perform: kinesis:PutRecords")
			return true
		}},
		{"too large", "ValidationException", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			stub.JSONFault(w, "ValidationException", "Member must have length less than or equal to 1048576")
			return true
		}},
		{"answers about others", "InternalFailure", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			fmt.Fprint(w, `{"FailedRecordCount": 0, "Records": []}`)
			return true
		}},
		{"answers nothing", "InternalFailure", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			fmt.Fprint(w, `<html>`)
			return true
		}},
		{"connection lost", "InternalFailure", func(http.ResponseWriter, *http.Request, []byte) bool {
			panic(http.ErrAbortHandler)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Fail = test.fail
			if got := codeOf(upstream.NewRecords(options(s)).Append(t.Context(), audit, batch(0, 2))); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
