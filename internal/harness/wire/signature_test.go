package wire_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// request is one raw request. Its zero parts are those of a good KMS call.
type request struct {
	service, region  string
	method, path     string
	header           map[string]string
	body             string
	key, token       string
	secret           string // other than the key's
	hash             string // other than the body's, to sign with
	at               time.Time
	afterSigning     func(*http.Request)
	presign          bool
	withoutSignature bool
}

func kmsRequest() request {
	return request{service: "kms", method: "POST", path: "/", body: `{"KeyId":"k"}`, header: map[string]string{
		"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.EnableKey"}}
}

func stsRequest() request {
	return request{service: "sts", method: "POST", path: "/", body: "Action=GetCallerIdentity&Version=2011-06-15",
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}}
}

func qldbRequest() request {
	return request{service: "qldb", method: "DELETE", path: "/ledgers/orders"}
}

func (q request) send(t *testing.T, base string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.method, base+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if !q.withoutSignature {
		q.sign(t, r)
	}
	if q.afterSigning != nil {
		q.afterSigning(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return res
}

func (q request) sign(t *testing.T, r *http.Request) {
	t.Helper()
	sum := sha256.Sum256([]byte(q.body))
	hash := hex.EncodeToString(sum[:])
	creds := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret, SessionToken: q.token}
	if q.key != "" {
		creds.AccessKeyID = q.key
	}
	if q.secret != "" {
		creds.SecretAccessKey = q.secret
	}
	if q.hash != "" {
		hash = q.hash
	}
	region, at := "eu-west-2", start
	if q.region != "" {
		region = q.region
	}
	if !q.at.IsZero() {
		at = q.at
	}
	signer := v4.NewSigner()
	if q.presign {
		signed, _, err := signer.PresignHTTP(t.Context(), creds, r, hash, q.service, region, at)
		if err != nil {
			t.Fatalf("presign: %v", err)
		}
		if r.URL, err = url.Parse(signed); err != nil {
			t.Fatalf("parse presigned URL: %v", err)
		}
		return
	}
	if err := signer.SignHTTP(t.Context(), creds, r, hash, q.service, region, at); err != nil {
		t.Fatalf("sign: %v", err)
	}
}

func replaceAuth(old, replacement string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, replacement, 1))
	}
}

func setHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func setBody(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

const (
	mismatchText = "The request signature we calculated does not match the signature you provided. Check your AWS " +
		"Secret Access Key and signing method. Consult the service documentation for details."
	invalidToken = "The security token included in the request is invalid."
)

// faultCase is a change to a good request and the fault it must lead to.
type faultCase struct {
	name   string
	change func(*request)
	code   string // of the JSON protocols
	text   string // a regular expression
}

func faultCases() []faultCase {
	after := func(fn func(*http.Request)) func(*request) { return func(q *request) { q.afterSigning = fn } }
	quote := regexp.QuoteMeta
	return []faultCase{
		{"none", func(q *request) { q.withoutSignature = true }, "MissingAuthenticationTokenException",
			"(Request is missing|Missing) Authentication Token"},
		{"other scheme", after(setHeader("Authorization", "Bearer x")), "IncompleteSignatureException",
			quote("Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' " +
				"parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=Bearer x")},
		{"empty", after(setHeader("Authorization", "AWS4-HMAC-SHA256")), "IncompleteSignatureException",
			".*requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256"},
		{"no signature", after(replaceAuth("Signature=", "Sig=")), "IncompleteSignatureException",
			"Authorization header requires 'Signature' parameter. Authorization=AWS4.*"},
		{"no date", after(func(r *http.Request) { r.Header.Del("X-Amz-Date") }), "IncompleteSignatureException",
			"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4.*"},
		{"bad date", after(setHeader("X-Amz-Date", "2026-01-05T10:15:00Z")), "IncompleteSignatureException",
			"Date must be in ISO-8601 'basic format'. Got '2026-01-05T10:15:00Z'.*"},
		{"two headers", after(func(r *http.Request) {
			r.Header.Add("Authorization", r.Header.Get("Authorization"))
		}), "IncompleteSignatureException", "Authorization header requires 'Signature'.*"},
		{"short credential", after(replaceAuth("/aws4_request", "")), "IncompleteSignatureException",
			"Credential must have exactly 5 slash-delimited elements, .* got '.*/(kms|sts|qldb)'"},
		{"host unsigned", after(replaceAuth("host;", "")), "InvalidSignatureException",
			quote("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")},
		{"unknown key", func(q *request) { q.key = "AKIAUNKNOWN000000001" }, "UnrecognizedClientException", invalidToken},
		{"inactive key", func(q *request) { q.key = inactive }, "UnrecognizedClientException", invalidToken},
		{"no session token", func(q *request) { q.key = session }, "UnrecognizedClientException", invalidToken},
		{"wrong session token", func(q *request) { q.key, q.token = session, "nope" }, "UnrecognizedClientException",
			invalidToken},
		{"token with a long-term key", func(q *request) { q.token = "nope" }, "UnrecognizedClientException",
			invalidToken},
		{"expired session", func(q *request) { q.key, q.token = expired, "token" }, "ExpiredTokenException",
			"The security token included in the request is expired"},
		{"signature of zeros", after(func(r *http.Request) {
			head, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", head+"Signature="+strings.Repeat("0", 64))
		}), "InvalidSignatureException", mismatchText},
		{"truncated signature", after(func(r *http.Request) {
			value := r.Header.Get("Authorization")
			r.Header.Set("Authorization", value[:len(value)-1])
		}), "InvalidSignatureException", mismatchText},
		{"changed date", after(func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260105T101501Z") }),
			"InvalidSignatureException", mismatchText},
		{"signed header missing", after(replaceAuth("x-amz-date", "x-amz-date;x-gone")), "InvalidSignatureException",
			mismatchText},
		{"false body hash", after(setHeader("X-Amz-Content-Sha256", strings.Repeat("0", 64))),
			"InvalidSignatureException", mismatchText},
		{"too old", func(q *request) { q.at = start.Add(-5*time.Minute - time.Second) }, "InvalidSignatureException",
			quote("Signature expired: 20260105T100959Z is now earlier than 20260105T101000Z " +
				"(20260105T101500Z - 5 min.)")},
		{"too new", func(q *request) { q.at = start.Add(5*time.Minute + time.Second) }, "InvalidSignatureException",
			quote("Signature not yet current: 20260105T102001Z is still later than 20260105T102000Z " +
				"(20260105T101500Z + 5 min.)")},
		{"scope date", after(replaceAuth("/20260105/", "/20260104/")), "InvalidSignatureException",
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260104' != " +
				"'20260105', from '20260105T101500Z'."},
		{"scope Region", func(q *request) { q.region = "nowhere" }, "InvalidSignatureException",
			"Credential should be scoped to a valid Region, not 'nowhere'."},
		{"scope service", func(q *request) { q.service = "s3" }, "InvalidSignatureException",
			"Credential should be scoped to correct service: '(kms|sts|qldb)'."},
		{"scope terminator", after(replaceAuth("aws4_request", "aws5_request")), "InvalidSignatureException",
			"Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
	}
}

// queryCodes are the codes and statuses in the Query protocol.
var queryCodes = map[string]string{
	"MissingAuthenticationTokenException": "403 MissingAuthenticationToken",
	"IncompleteSignatureException":        "400 IncompleteSignature",
	"UnrecognizedClientException":         "403 InvalidClientTokenId",
	"InvalidSignatureException":           "403 SignatureDoesNotMatch",
	"ExpiredTokenException":               "403 ExpiredToken",
}

func TestSignatureFaults(t *testing.T) {
	t.Parallel()
	services := map[string]func() request{"kms": kmsRequest, "sts": stsRequest, "qldb": qldbRequest}
	for service, good := range services {
		for _, tc := range append(faultCases(), headerGames()...) {
			t.Run(service+"/"+tc.name, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t)
				if res := good().send(t, h.url); res.StatusCode != 200 {
					t.Fatalf("unchanged request: got %d: %s", res.StatusCode, readAll(t, res))
				}
				q := good()
				tc.change(&q)
				res := q.send(t, h.url)
				body := readAll(t, res)
				want := "400 " + tc.code
				switch service {
				case "sts":
					want = queryCodes[tc.code]
				case "qldb":
					want = "403 " + tc.code
				}
				code, text := faultIn(t, service, res, body)
				if got := fmt.Sprint(res.StatusCode, " ", code); got != want {
					t.Errorf("got %s, want %s; body %s", got, want, body)
				}
				if !regexp.MustCompile("^" + tc.text + "$").MatchString(text) {
					t.Errorf("text: got %q, want %q", text, tc.text)
				}
				if got, want := res.Header.Get("Date"), "Mon, 05 Jan 2026 10:15:00 GMT"; got != want {
					t.Errorf("Date: got %q, want %q", got, want)
				}
				if n := h.count(); n != 1 {
					t.Errorf("%d operations ran, want only the good one", n)
				}
			})
		}
	}
}

// TestTampering changes what was signed.
func TestTampering(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for name, change := range map[string]func(*http.Request){
		"body":          setBody(`{"KeyId":"x"}`),
		"target":        setHeader("X-Amz-Target", "TrentService.DescribeKey"),
		"query":         func(r *http.Request) { r.URL.RawQuery = "a=b" },
		"path":          func(r *http.Request) { r.URL.Path = "/x" },
		"signed header": setHeader("Content-Type", "application/x-amz-json-1.0"),
	} {
		q := kmsRequest()
		q.afterSigning = change
		res := q.send(t, h.url)
		if body := readAll(t, res); !strings.Contains(body, "does not match the signature") {
			t.Errorf("%s: got %d %s, want a wrong signature", name, res.StatusCode, body)
		}
	}
	if n := h.count(); n != 0 {
		t.Errorf("%d operations ran", n)
	}
}

// TestGoodSignatures sends what signers may do.
func TestGoodSignatures(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	emptyHash := sha256.Sum256(nil)
	for name, change := range map[string]func(*request){
		"oldest":    func(q *request) { q.at = start.Add(-5 * time.Minute) },
		"newest":    func(q *request) { q.at = start.Add(5 * time.Minute) },
		"session":   func(q *request) { q.key, q.token = session, "token" },
		"blanks":    func(q *request) { q.header = map[string]string{"X-Amz-Note": " a   b  c"} },
		"odd path":  func(q *request) { q.path = "/ledgers/a%20b%2Fc%25d%C3%BC" },
		"odd query": func(q *request) { q.path += "?b=%20+x&a=2&a=10&a-b=%2F&c" },
		"path normalized by the signer": func(q *request) {
			q.afterSigning = func(r *http.Request) { r.URL.Opaque = "//" + r.URL.Host + "//ledgers/orders" }
		},
		"unsigned extra": func(q *request) { q.afterSigning = setHeader("X-Extra", "1") },
		"another Date":   func(q *request) { q.afterSigning = setHeader("Date", "Sun, 04 Jan 2026 10:15:00 GMT") },
		"no Date at all": func(q *request) { q.afterSigning = setHeader("Date", "yesterday") },
		// Source: IAM User Guide, "Create a signed AWS API request": some services have the token added afterwards.
		"session, its token unsigned": func(q *request) {
			q.key, q.afterSigning = session, setHeader("X-Amz-Security-Token", "token")
		},
		"body hash": func(q *request) {
			q.header = map[string]string{"X-Amz-Content-Sha256": hex.EncodeToString(emptyHash[:])}
		},
	} {
		q := qldbRequest()
		change(&q)
		res := q.send(t, h.url)
		if body := readAll(t, res); res.StatusCode != 200 {
			t.Errorf("%s: got %d %s, want 200", name, res.StatusCode, body)
		}
	}
}

func TestPresigned(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	good := request{service: "sts", method: "GET", presign: true,
		path: "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60"}
	for name, tc := range map[string]struct {
		change func(*request)
		want   string
	}{
		"good":    {func(*request) {}, "<Arn>arn:aws:iam::111122223333:root</Arn>"},
		"session": {func(q *request) { q.key, q.token = session, "token" }, "<Arn>arn:aws:iam::111122223333:root</Arn>"},
		"default expiry": {func(q *request) {
			q.path, q.at = strings.Replace(q.path, "&X-Amz-Expires=60", "", 1), start.Add(-15*time.Minute)
		}, "<Arn>"},
		"expired": {func(q *request) { q.at = start.Add(-61 * time.Second) },
			"Signature expired: 20260105T101359Z is now earlier than 20260105T101400Z (20260105T101500Z - 1 min.)"},
		"not yet": {func(q *request) { q.at = start.Add(5*time.Minute + time.Second) }, "Signature not yet current: " +
			"20260105T102001Z is still later than 20260105T102000Z (20260105T101500Z + 5 min.)"},
		"no time": {func(q *request) { q.path = strings.Replace(q.path, "=60", "=0", 1) }, "X-Amz-Expires must be"},
		"a part of a second": {func(q *request) { q.path = strings.Replace(q.path, "=60", "=1.5", 1) },
			"X-Amz-Expires must be"},
		"another service": {func(q *request) { q.service = "kms" },
			"Credential should be scoped to correct service: &#39;sts&#39;."},
		"another Region": {func(q *request) { q.region = "nowhere" },
			"Credential should be scoped to a valid Region, not &#39;nowhere&#39;."},
		"forged": {func(q *request) { q.secret = "a guess" }, "does not match the signature"},
		"expired session": {func(q *request) { q.key, q.token = expired, "token" },
			"<Code>ExpiredToken</Code>"},
		"token added after signing": {func(q *request) {
			q.key = session
			q.afterSigning = func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Security-Token=token" }
		}, "does not match the signature"},
		"token in a header": {func(q *request) {
			q.key, q.afterSigning = session, setHeader("X-Amz-Security-Token", "token")
		}, invalidToken},
		"host unsigned": {func(q *request) {
			q.afterSigning = func(r *http.Request) {
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=x", 1)
			}
		}, "must be a &#39;SignedHeader&#39;"},
		"another algorithm": {func(q *request) {
			q.afterSigning = func(r *http.Request) {
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", 1)
			}
		}, "must include &#39;X-Amz-Algorithm&#39;. Re-examine the query-string parameters."},
		"cut off": {func(q *request) {
			q.afterSigning = func(r *http.Request) { r.URL.RawQuery = strings.TrimRight(r.URL.RawQuery, "0123456789abcdef") }
		}, "must include &#39;X-Amz-Signature&#39;"},
		"endless": {func(q *request) { q.path = strings.Replace(q.path, "=60", "=604801", 1) }, "X-Amz-Expires must be"},
		"changed": {func(q *request) {
			q.afterSigning = func(r *http.Request) { r.URL.RawQuery += "&DurationSeconds=1" }
		}, "does not match the signature"},
		"incomplete": {func(q *request) {
			q.afterSigning = func(r *http.Request) {
				r.URL.RawQuery = regexp.MustCompile("&X-Amz-Signature=.*").ReplaceAllString(r.URL.RawQuery, "")
			}
		}, "must include &#39;X-Amz-Signature&#39;. Re-examine the query-string parameters."},
	} {
		q := good
		tc.change(&q)
		res := q.send(t, h.url)
		if body := readAll(t, res); !strings.Contains(body, tc.want) {
			t.Errorf("%s: got %d %s, want %q in it", name, res.StatusCode, body, tc.want)
		}
	}
}

// TestClientsClock moves the harness clock: signatures follow the clock the clients have.
func TestClientsClock(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(cfg *wire.Config) { cfg.SignatureNow = func() time.Time { return start } })
	later := start.Add(30 * 24 * time.Hour)
	h.now.Store(&later)
	res := kmsRequest().send(t, h.url)
	if body := readAll(t, res); res.StatusCode != 200 {
		t.Fatalf("got %d %s, want 200", res.StatusCode, body)
	}
	if call, _ := h.last(t); !call.Time.Equal(later) {
		t.Errorf("call at %v, want the harness clock's %v", call.Time, later)
	}
	if got, want := res.Header.Get("Date"), start.Format(http.TimeFormat); got != want {
		t.Errorf("Date: got %q, want %q", got, want)
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(cfg *wire.Config) { cfg.Regions = []string{"eu-west-2"} })
	for region, want := range map[string]int{"eu-west-2": 200, "us-east-1": 400} {
		q := kmsRequest()
		q.region = region
		res := q.send(t, h.url)
		body := readAll(t, res)
		const words = "Credential should be scoped to a valid Region, not 'us-east-1'."
		if res.StatusCode != want || strings.Contains(body, words) != (want == 400) {
			t.Errorf("%s: got %d %s, want %d", region, res.StatusCode, body, want)
		}
	}
	for _, region := range []string{"us-gov-west-1", "cn-north-1", "ap-southeast-5", "us-isob-east-1"} {
		q := kmsRequest()
		q.region = region
		if res := q.send(t, newHarness(t).url); res.StatusCode != 200 {
			t.Errorf("%s: got %d %s, want 200", region, res.StatusCode, readAll(t, res))
		}
	}
}

func TestDateHeaderInsteadOfAmzDate(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	q := qldbRequest()
	q.afterSigning = func(r *http.Request) {
		sig := wire.SignForTest(r, "eu-west-2", "qldb", secret, start, []string{"date", "host"})
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+
			"/20260105/eu-west-2/qldb/aws4_request,SignedHeaders=date;host,Signature="+sig)
	}
	q.withoutSignature = true
	q.header = map[string]string{"Date": start.Format(http.TimeFormat)}
	res := q.send(t, h.url)
	if body := readAll(t, res); res.StatusCode != 200 {
		t.Errorf("got %d %s, want 200", res.StatusCode, body)
	}
}

func TestAuthOff(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(cfg *wire.Config) {
		cfg.AuthOff, cfg.Credentials, cfg.Region = true, nil, "eu-north-1"
		cfg.AuthOffCaller = wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account}
	})
	for name, tc := range map[string]struct {
		change func(*request)
		region string // empty: refused
	}{
		"any signature":  {func(q *request) { q.key, q.at = "AKIAUNKNOWN000000001", start.Add(-time.Hour) }, "eu-west-2"},
		"odd Region":     {func(q *request) { q.region = "x" }, "eu-north-1"},
		"none":           {func(q *request) { q.withoutSignature = true }, "eu-north-1"},
		"not AWS":        {func(q *request) { q.afterSigning = setHeader("Authorization", "Bearer x") }, "eu-north-1"},
		"from a website": {func(q *request) { q.withoutSignature, q.header["Origin"] = true, "https://evil.example" }, ""},
	} {
		q := kmsRequest()
		tc.change(&q)
		before := h.count()
		res := q.send(t, h.url)
		body := readAll(t, res)
		if tc.region == "" {
			if res.StatusCode != 400 || h.count() != before {
				t.Errorf("%s: got %d %s, want it refused", name, res.StatusCode, body)
			}
			continue
		}
		call, _ := h.last(t)
		if res.StatusCode != 200 || call.Region != tc.region || call.Caller.Account != account {
			t.Errorf("%s: got %d, Region %s, account %s, want Region %s", name, res.StatusCode, call.Region,
				call.Caller.Account, tc.region)
		}
	}
}

// FuzzAuthorization sends headers nobody would send: never a panic, never a pass.
func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential="+accessKey+"/20260105/eu-west-2/kms/aws4_request, SignedHeaders=host, "+
		"Signature=00", "20260105T101500Z")
	f.Add("AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;;host,Signature==", "Mon, 05 Jan 2026 10:15:00 GMT")
	f.Add("AWS4-HMAC-SHA256Credential=a,,,=", "")
	server := newServer(f)
	for _, in := range fuzzed.Inputs(f) {
		f.Add(in[0], in[1])
	}
	f.Fuzz(func(t *testing.T, authorization, date string) {
		r, err := http.NewRequest("POST", "http://localhost/", bytes.NewReader([]byte("{}")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header["X-Amz-Target"] = []string{"TrentService.CreateKey"}
		r.Header["Authorization"], r.Header["X-Amz-Date"] = []string{authorization}, []string{date}
		if status := serve(server, r).Code; status != 400 {
			t.Errorf("got status %d, want 400", status)
		}
	})
}
