package session_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// resolvers are the ways in which generations of SDKs find the type of an error, as measured with them.
var resolvers = map[string]func(header string, body map[string]any) string{
	"Go qldbsession 1.13": func(header string, body map[string]any) string {
		return firstOf(body["Code"], header, body["__type"])
	},
	"Go qldbsession 1.18": func(header string, body map[string]any) string {
		return firstOf(header, body["Code"], body["__type"])
	},
	"Go qldbsession 1.32": func(header string, body map[string]any) string {
		return firstOf(header, body["__type"], body["Code"])
	},
	"JavaScript 3": func(header string, body map[string]any) string {
		for name, value := range body {
			if header == "" && strings.EqualFold(name, "code") {
				return firstOf(value)
			}
		}
		return firstOf(header, body["__type"])
	},
	"botocore": func(_ string, body map[string]any) string { return firstOf(body["__type"]) },
	"Java 2":   func(header string, body map[string]any) string { return firstOf(header, body["__type"]) },
	"Rust 0":   func(header string, body map[string]any) string { return firstOf(header, body["__type"]) },
}

// firstOf is the first name that is there, without what SDKs cut off.
func firstOf(names ...any) string {
	for _, name := range names {
		if text, _ := name.(string); text != "" {
			text = text[strings.LastIndexByte(text, '#')+1:]
			text, _, _ = strings.Cut(text, ":")
			return text
		}
	}
	return ""
}

// expiredForms are how drivers recognise an error after which the transaction must not be tried again.
//
// Sources: amazon-qldb-driver-go, -nodejs, -python, -java.
var expiredForms = map[string]*regexp.Regexp{
	"Go":      regexp.MustCompile(`Transaction\s.*\shas\sexpired`),
	"Node.js": regexp.MustCompile(`Transaction .* has expired`),
	"Python":  regexp.MustCompile(`Transaction .* has expired`),
	"Java":    regexp.MustCompile(`^Transaction.*has expired.*$`),
}

// failure is one kind of error: how to get one from the service.
type failure struct {
	name, code string
	status     int
	final      bool // drivers must not try the transaction again
	do         func(*testing.T, *world) *http.Response
}

// inSession posts a command of a session that has an open transaction with a table t.
func inSession(prepare func(*testing.T, *world, *client), command string) func(*testing.T, *world) *http.Response {
	return func(t *testing.T, w *world) *http.Response {
		c := w.connect(t)
		c.transact("CREATE TABLE t", "INSERT INTO t {'n': 1}")
		c.begin()
		if prepare != nil {
			prepare(t, w, c)
		}
		return w.post(c.fill(`{"SessionToken":"T",` + command + `}`))
	}
}

func failures() []failure {
	const (
		startSession = `{"StartSession":{"LedgerName":"vehicles"}}`
		select1      = `"ExecuteStatement":{"TransactionId":"X","Statement":"SELECT * FROM t"}`
	)
	execute := func(statement string) string {
		return `"ExecuteStatement":{"TransactionId":"X","Statement":` + quote(statement) + `}`
	}
	later := func(d time.Duration) func(*testing.T, *world, *client) {
		return func(_ *testing.T, w *world, _ *client) { w.clock.Advance(d) }
	}
	set := func(change func(*ledgers)) func(*testing.T, *world) *http.Response {
		return func(_ *testing.T, w *world) *http.Response {
			w.ledgers.set(change)
			return w.post(startSession)
		}
	}
	post := func(body string) func(*testing.T, *world) *http.Response {
		return func(_ *testing.T, w *world) *http.Response { return w.post(body) }
	}
	return []failure{
		{"malformed request", bad, 400, false, post(`{}`)},
		{"missing ledger", bad, 400, false, post(`{"StartSession":{"LedgerName":"NoSuchLedger"}}`)},
		{"syntax", bad, 400, false, inSession(nil, execute("Person"))},
		{"table that exists", bad, 400, false, inSession(nil, execute("CREATE TABLE t"))},
		{"table that does not", bad, 400, false, inSession(nil, execute("DELETE FROM NonExistentTable"))},
		{"runtime", bad, 400, false, inSession(nil, execute("SELECT n / 0 FROM t"))},
		{"second transaction", bad, 400, false, inSession(nil, `"StartTransaction":{}`)},
		{"wrong digest", bad, 400, false, inSession(nil, `"CommitTransaction":{"TransactionId":"X","CommitDigest":"AAAA"}`)},
		{"expired transaction", invalid, 400, true, inSession(later(31*time.Second), select1)},
		{"expired transaction, commit", invalid, 400, true, inSession(later(40*time.Second),
			`"CommitTransaction":{"TransactionId":"X","CommitDigest":"AAAA"}`)},
		{"expired session", invalid, 400, false, inSession(later(18*time.Minute), select1)},
		{"ended session", invalid, 400, false, inSession(func(t *testing.T, _ *world, c *client) {
			wantFault(t, c.end(), "", "")
		}, select1)},
		{"conflict", occ, 400, false, func(t *testing.T, w *world) *http.Response {
			c := w.connect(t)
			c.transact("CREATE TABLE t", "INSERT INTO t {'n': 1}")
			c.begin()
			c.run("SELECT * FROM t")
			w.connect(t).transact("UPDATE t SET n = 2")
			return w.post(c.fill(`{"SessionToken":"T","CommitTransaction":{"TransactionId":"X","CommitDigest":` +
				quote(c.digest[:]) + `}}`))
		}},
		{"too many sessions", "LimitExceededException", 400, false, func(t *testing.T, w *world) *http.Response {
			for range maxSessions {
				w.connect(t)
			}
			return w.post(startSession)
		}},
		{"impaired", "AccessDeniedException", 400, false, set(func(l *ledgers) {
			l.impaired = wire.Faultf("AccessDeniedException", "no key")
		})},
		{"denied", "AccessDeniedException", 400, false, set(func(l *ledgers) {
			l.denied = wire.Faultf("AccessDeniedException", "no right")
		})},
		{"throttled", "RateExceededException", 400, false, set(func(l *ledgers) { l.impaired = wire.ErrThrottled })},
		{"defect", "InternalFailure", 500, false, set(func(l *ledgers) { l.impaired = errors.New("a disk") })},
		{"stopping", "ServiceUnavailable", 503, false, func(_ *testing.T, w *world) *http.Response {
			w.Close()
			return w.post(startSession)
		}},
	}
}

// maxSessions is the quota of the worlds below.
const maxSessions = 3

// W80 to W95: every SDK generation finds the type of every error, and every driver knows which are final.
func TestErrorsForEverySDK(t *testing.T) {
	t.Parallel()
	for _, f := range failures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *session.Config) { c.MaxSessions = maxSessions })
			r := f.do(t, w)
			body := members(t, r)
			if r.StatusCode != f.status {
				t.Errorf("status: got %d, want %d", r.StatusCode, f.status)
			}
			for name, resolve := range resolvers {
				if got := resolve(r.Header.Get("X-Amzn-Errortype"), body); got != f.code {
					t.Errorf("%s takes it for %q, want %s; body %v", name, got, f.code, body)
				}
			}
			message, _ := body["Message"].(string)
			if _, lower := body["message"]; lower || message == "" && f.status < 500 {
				t.Errorf("the text is not in Message alone: %v", body)
			}
			for name, form := range expiredForms {
				if got := form.MatchString(message); got != f.final {
					t.Errorf("%s takes %q for the end: %t, want %t", name, message, got, f.final)
				}
			}
		})
	}
}

// W92, W93: the service's numbers confuse the oldest SDK and no other, which is why they are left out by default.
func TestNumbersConfuseTheOldestSDK(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *session.Config) { c.StatementCodes = true })
	r := inSession(nil, `"ExecuteStatement":{"TransactionId":"X","Statement":"CREATE TABLE t"}`)(t, w)
	body := members(t, r)
	for name, resolve := range resolvers {
		want := bad
		switch name {
		case "Go qldbsession 1.13":
			want = "412"
		}
		if got := resolve(r.Header.Get("X-Amzn-Errortype"), body); got != want {
			t.Errorf("%s takes it for %q, want %s", name, got, want)
		}
	}
}
