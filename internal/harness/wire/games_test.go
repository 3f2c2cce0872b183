package wire_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	unsignedPayload = "UNSIGNED-PAYLOAD"
	chunkedPayload  = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
)

// headerGames are requests that say two things at once, or that their signature covers less than it must.
func headerGames() []faultCase {
	after := func(fn func(*http.Request)) func(*request) { return func(q *request) { q.afterSigning = fn } }
	addHeader := func(name, value string) func(*request) {
		return after(func(r *http.Request) { r.Header.Add(name, value) })
	}
	withHash := func(hash string) func(*request) {
		return func(q *request) { q.hash, q.afterSigning = hash, setHeader("X-Amz-Content-Sha256", hash) }
	}
	once := func(name string) string { return regexp.QuoteMeta("'" + name + "' must be there once.") }
	return []faultCase{
		{"forged", func(q *request) { q.secret = "a guess" }, "InvalidSignatureException", mismatchText},
		{"signature too long", after(func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")+"0")
		}), "InvalidSignatureException", mismatchText},
		{"signature in capitals", after(func(r *http.Request) {
			head, sig, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", head+"Signature="+strings.ToUpper(sig)+"A")
		}), "InvalidSignatureException", mismatchText},
		{"the same date twice", addHeader("X-Amz-Date", "20260105T101500Z"), "IncompleteSignatureException",
			once("X-Amz-Date")},
		{"a later date first", after(func(r *http.Request) {
			r.Header["X-Amz-Date"] = []string{"20260105T101600Z", "20260105T101500Z"}
		}), "IncompleteSignatureException", once("X-Amz-Date")},
		{"two dates of the other kind", after(func(r *http.Request) {
			r.Header["Date"] = []string{start.Format(http.TimeFormat), start.Format(http.TimeFormat)}
		}), "IncompleteSignatureException", once("Date")},
		{"two tokens", func(q *request) {
			q.key, q.token = session, "token"
			q.afterSigning = func(r *http.Request) { r.Header.Add("X-Amz-Security-Token", "token") }
		}, "IncompleteSignatureException", once("X-Amz-Security-Token")},
		{"two hashes", after(func(r *http.Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{unsignedPayload, unsignedPayload}
		}), "IncompleteSignatureException", once("X-Amz-Content-Sha256")},
		{"header and query", after(func(r *http.Request) {
			r.URL.RawQuery = "X-Amz-Signature=" + strings.Repeat("0", 64)
		}), "IncompleteSignatureException", "Only one auth mechanism allowed; .*"},
		{"header and the whole of a presigned query", after(func(r *http.Request) {
			r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=host"
		}), "IncompleteSignatureException", "Only one auth mechanism allowed; .*"},
		{"a parameter twice", after(func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260105T101500Z&X-Amz-Date=20260105T101500Z"
		}), "IncompleteSignatureException", once("X-Amz-Date")},
		{"nothing but the host signed twice over", after(replaceAuth("x-amz-date", "host")), "InvalidSignatureException",
			".*"},
		{"signed headers in capitals", after(replaceAuth("host;", "Host;")), "InvalidSignatureException", mismatchText},
		{"no signed headers", after(func(r *http.Request) {
			head, rest, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
			_, tail, _ := strings.Cut(rest, ",")
			r.Header.Set("Authorization", head+"SignedHeaders=,"+tail)
		}), "IncompleteSignatureException", "Authorization header requires 'SignedHeaders' parameter. Authorization=.*"},
		{"another host", after(func(r *http.Request) { r.Host = "kms.eu-west-2.amazonaws.com" }),
			"InvalidSignatureException", mismatchText},
		{"the host without its port", after(func(r *http.Request) { r.Host, _, _ = strings.Cut(r.URL.Host, ":") }),
			"InvalidSignatureException", mismatchText},
		{"algorithm in small letters", after(replaceAuth("AWS4-HMAC-SHA256", "aws4-hmac-sha256")),
			"IncompleteSignatureException", ".*requires 'SignedHeaders' parameter. Authorization=aws4-hmac-sha256 .*"},
		{"asymmetric algorithm", after(replaceAuth("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")),
			"IncompleteSignatureException", ".*requires 'SignedHeaders' parameter. Authorization=AWS4-ECDSA-P256-SHA256 .*"},
		{"first version of signatures", after(setHeader("Authorization", "AWS "+accessKey+":AAAA")),
			"IncompleteSignatureException", ".*requires 'SignedHeaders' parameter. Authorization=AWS AKIA.*"},
		{"scope Region in capitals", after(replaceAuth("/eu-west-2/", "/EU-WEST-2/")), "InvalidSignatureException",
			"Credential should be scoped to a valid Region, not 'EU-WEST-2'."},
		{"scope service in capitals", func(q *request) { q.service = strings.ToUpper(q.service) },
			"InvalidSignatureException", "Credential should be scoped to correct service: '(kms|sts|qldb)'."},
		{"scope terminator in capitals", after(replaceAuth("aws4_request", "AWS4_REQUEST")),
			"InvalidSignatureException",
			"Credential should be scoped with a valid terminator: 'aws4_request', not 'AWS4_REQUEST'."},
		{"everything wrong with the scope", func(q *request) {
			q.service, q.region = "s3", "nowhere"
			q.afterSigning = func(r *http.Request) {
				replaceAuth("/20260105/", "/20260104/")(r)
				replaceAuth("aws4_request", "x")(r)
			}
		}, "InvalidSignatureException", "Date in Credential scope does not match .* Credential should be scoped to a " +
			"valid Region, not 'nowhere'. Credential should be scoped to correct service: '.*'. Credential should be " +
			"scoped with a valid terminator: 'aws4_request', not 'x'."},
		{"another Region in the scope", after(replaceAuth("/eu-west-2/", "/eu-west-1/")), "InvalidSignatureException",
			mismatchText},
		{"another key in the scope", after(replaceAuth(accessKey, inactive)), "UnrecognizedClientException", invalidToken},
		{"token changed", func(q *request) {
			q.key, q.token = session, "token"
			q.afterSigning = setHeader("X-Amz-Security-Token", "Token")
		}, "UnrecognizedClientException", invalidToken},
		{"token taken away", func(q *request) {
			q.key, q.token = session, "token"
			q.afterSigning = func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }
		}, "UnrecognizedClientException", invalidToken},
		{"expired session, forged", func(q *request) { q.key, q.token, q.secret = expired, "token", "a guess" },
			"InvalidSignatureException", mismatchText},
		{"a header added to those signed", after(func(r *http.Request) {
			r.Header.Set("X-Amz-Extra", "1")
			replaceAuth("x-amz-date", "x-amz-date;x-amz-extra")(r)
		}), "InvalidSignatureException", mismatchText},
		{"payload left unsigned", withHash(unsignedPayload), "InvalidSignatureException", mismatchText},
		{"payload in signed chunks", withHash(chunkedPayload), "InvalidSignatureException", mismatchText},
		{"payload said to be in signed chunks", after(setHeader("X-Amz-Content-Sha256", chunkedPayload)),
			"InvalidSignatureException", mismatchText},
	}
}

// TestUnsignedTarget: the header that names the operation is there once, and signed.
func TestUnsignedTarget(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for name, tt := range map[string]struct {
		change func(*request)
		want   string
	}{
		"added after signing": {func(q *request) {
			delete(q.header, "X-Amz-Target")
			q.afterSigning = setHeader("X-Amz-Target", "TrentService.EnableKey")
		}, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."},
		"two of them": {func(q *request) {
			q.afterSigning = func(r *http.Request) { r.Header.Add("X-Amz-Target", "TrentService.DescribeKey") }
		}, "'X-Amz-Target' must be there once."},
	} {
		q := kmsRequest()
		tt.change(&q)
		res := q.send(t, h.url)
		if body := readAll(t, res); !strings.Contains(body, tt.want) || res.StatusCode != 400 {
			t.Errorf("%s: got %d %s, want %q", name, res.StatusCode, body, tt.want)
		}
	}
	if n := h.count(); n != 0 {
		t.Errorf("%d operations ran", n)
	}
}

// TestBodyAfterSignature: a body is looked into only once it is known who sent it.
func TestBodyAfterSignature(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	deep := strings.Repeat(`{"a":`, 50_000)
	for name, body := range map[string]string{
		"no JSON": "{", "wrong type": `{"KeyId":7}`, "deep": deep, "not UTF-8": "{\"KeyId\":\"\xff\"}",
	} {
		signed := kmsRequest()
		signed.body = body
		res := signed.send(t, h.url)
		if got := readAll(t, res); strings.Contains(got, "Signature") || strings.Contains(got, "Token") {
			t.Errorf("%s, signed: got %s, want nothing about the signature", name, got)
		}
		for what, change := range map[string]func(*request){
			"UnrecognizedClientException":         func(q *request) { q.key = "AKIAUNKNOWN000000001" },
			"InvalidSignatureException":           func(q *request) { q.secret = "a guess" },
			"MissingAuthenticationTokenException": func(q *request) { q.withoutSignature = true },
		} {
			q := signed
			change(&q)
			res := q.send(t, h.url)
			if got := readAll(t, res); !strings.Contains(got, what) {
				t.Errorf("%s: got %d %s, want %s", name, res.StatusCode, got, what)
			}
		}
	}
}

// TestReplay: a request that was overheard can be sent again as long as its time is near, as at AWS, and not later.
//
// Source: IAM User Guide, "AWS Signature Version 4 for API requests": a request must arrive within five minutes.
func TestReplay(t *testing.T) {
	t.Parallel()
	presigned := request{service: "sts", method: "GET", presign: true,
		path: "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60"}
	for name, tt := range map[string]struct {
		q    request
		life time.Duration
	}{
		"header": {kmsRequest(), 5 * time.Minute}, "presigned": {presigned, time.Minute},
	} {
		h := newHarness(t)
		for _, step := range []struct {
			later time.Duration
			good  bool
		}{{0, true}, {0, true}, {tt.life, true}, {tt.life + time.Second, false}, {24 * time.Hour, false}} {
			now := start.Add(step.later)
			h.now.Store(&now)
			res := tt.q.send(t, h.url)
			body := readAll(t, res)
			if good := res.StatusCode == 200; good != step.good || !good && !strings.Contains(body, "Signature expired") {
				t.Errorf("%s after %s: got %d %s, want accepted %t", name, step.later, res.StatusCode, body, step.good)
			}
		}
	}
}
