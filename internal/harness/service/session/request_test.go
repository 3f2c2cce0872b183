package session_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// post sends a body as it is.
func (w *world) post(body string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, "//", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "QLDBSession.SendCommand")
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	answer := httptest.NewRecorder()
	w.raw.ServeHTTP(answer, r)
	return answer.Result()
}

// members is the body of an answer.
func members(t *testing.T, r *http.Response) map[string]any {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("body of the answer: %v", err)
	}
	return m
}

func quote(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// requestID is the form of ids of the data plane (W4).
var requestID = regexp.MustCompile(`^[0-9A-Za-z]{22}$`)

// W1, W4, W7, W20, W21, W22, W25, W26: the answers of a whole session, member by member.
func TestAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	timing := `"TimingInformation":{"ProcessingTimeMilliseconds":1}`
	ios := `"ConsumedIOs":{"ReadIOs":%d,"WriteIOs":0}`
	check := func(body, want string) map[string]any {
		t.Helper()
		r := w.post(body)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/x-amz-json-1.0" ||
			!requestID.MatchString(r.Header.Get("X-Amzn-Requestid")) {
			t.Errorf("status %d, header %v", r.StatusCode, r.Header)
		}
		got := members(t, r)
		var wanted map[string]any
		d := json.NewDecoder(strings.NewReader(want))
		d.UseNumber()
		if err := d.Decode(&wanted); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("answer to %.100s (-want +got):\n%s", body, diff)
		}
		return got
	}
	started := members(t, w.post(`{"StartSession":{"LedgerName":"vehicles"},"Unknown":{"a":[1]}}`))
	result, _ := started["StartSession"].(map[string]any)
	token, _ := result["SessionToken"].(string)
	if diff := cmp.Diff(map[string]any{"StartSession": map[string]any{"SessionToken": token,
		"TimingInformation": map[string]any{"ProcessingTimeMilliseconds": json.Number("1")}}}, started); diff != "" {
		t.Errorf("StartSession (-want +got):\n%s", diff)
	}
	if _, err := base64.StdEncoding.DecodeString(token); err != nil || len(token) < 4 || len(token) > 1024 {
		t.Errorf("session token %q is not standard base64 of 4 to 1024 characters", token) // W12
	}
	prefix := `{"SessionToken":` + quote(token) + `,`
	begun := members(t, w.post(prefix+`"StartTransaction":{}}`))
	result, _ = begun["StartTransaction"].(map[string]any)
	tx, _ := result["TransactionId"].(string)
	if len(tx) != 22 || len(result) != 2 {
		t.Errorf("StartTransaction: got %v", begun)
	}
	in := `"TransactionId":` + quote(tx)
	made := members(t, w.post(prefix+`"ExecuteStatement":{`+in+`,"Statement":"CREATE TABLE t","Parameters":[]}}`))
	result, _ = made["ExecuteStatement"].(map[string]any)
	page, _ := result["FirstPage"].(map[string]any)
	values, _ := page["Values"].([]any)
	if len(values) != 1 || len(page) != 1 {
		t.Fatalf("CREATE TABLE: got %v, want one value and no token", page)
	}
	holder, _ := values[0].(map[string]any)
	raw, err := base64.StdEncoding.DecodeString(fmt.Sprint(holder["IonBinary"]))
	if err != nil || len(holder) != 1 || !strings.HasPrefix(string(raw), "\xe0\x01\x00\xea") {
		t.Errorf("value %v is not one Ion value with its own version marker: %v", holder, err)
	}
	check(prefix+`"ExecuteStatement":{`+in+`,"Statement":"SELECT * FROM t"}}`,
		`{"ExecuteStatement":{"FirstPage":{"Values":[]},`+timing+`,`+fmt.Sprintf(ios, 0)+`}}`)
	hash := ion.Hash(ion.String(tx))
	for _, statement := range []string{"CREATE TABLE t", "SELECT * FROM t"} {
		hash = ion.Dot(hash, ion.Hash(ion.String(statement)))
	}
	digest := base64.StdEncoding.EncodeToString(hash[:])
	check(prefix+`"CommitTransaction":{`+in+`,"CommitDigest":`+quote(digest)+`}}`,
		`{"CommitTransaction":{`+in+`,"CommitDigest":`+quote(digest)+`,`+timing+`,`+fmt.Sprintf(ios, 0)+`}}`)
	check(prefix+`"AbortTransaction":{}}`, `{"AbortTransaction":{`+timing+`}}`)
	check(prefix+`"EndSession":{}}`, `{"EndSession":{`+timing+`}}`)
}

// W25: what took a part of a millisecond took one, and a clock that went back makes nothing negative.
func TestTiming(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for spent, want := range map[time.Duration]int64{
		-time.Minute: 1, 0: 1, time.Microsecond: 1, time.Millisecond: 1, 1001 * time.Microsecond: 2, time.Second: 1000,
	} {
		call := w.call()
		call.Time = w.clock.Now().Add(-spent)
		out, err := w.SendCommand(t.Context(), call, &session.SendCommandInput{
			StartSession: &session.StartSessionRequest{LedgerName: ledger},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.StartSession.TimingInformation.ProcessingTimeMilliseconds; got != want {
			t.Errorf("%v: got %d ms, want %d", spent, got, want)
		}
	}
}

// W11 to W17: what is not a request. T stands for a session token, X for the id of its open transaction.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	c.begin()
	const one = "Exactly one command must be specified"
	invalidOne := func(name string) string { return "The parameter " + name + " is not valid" }
	execute := func(members string) string {
		return `{"SessionToken":"T","ExecuteStatement":{"TransactionId":"X",` + members + `}}`
	}
	param := func(holder string) string { return execute(`"Statement":"SELECT 1","Parameters":[` + holder + `]`) }
	long := func(n int) string { return strings.Repeat("é", n) }
	blob := func(raw string) string { return quote(base64.StdEncoding.EncodeToString([]byte(raw))) }
	holds := func(parameter, values int) string {
		return fmt.Sprintf("Parameter %d must hold exactly one Ion value, but holds %d", parameter, values)
	}
	const bvm = "\xe0\x01\x00\xea"
	for body, want := range map[string]string{
		``: one, `{}`: one, `{"SessionToken":"T"}`: one, `{"StartSession":null}`: one,
		`{"SessionToken":"T","AbortTransaction":{},"EndSession":{}}`:       one,
		`{"StartSession":{"LedgerName":"vehicles"},"StartTransaction":{}}`: one,

		`{"SessionToken":"T","StartSession":{"LedgerName":"vehicles"}}`: invalidOne("SessionToken"),
		`{"StartTransaction":{}}`:                                              invalidOne("SessionToken"),
		`{"SessionToken":"","AbortTransaction":{}}`:                            invalidOne("SessionToken"),
		`{"SessionToken":"AAA","AbortTransaction":{}}`:                         invalidOne("SessionToken"),
		`{"SessionToken":"AA_A","AbortTransaction":{}}`:                        invalidOne("SessionToken"),
		`{"SessionToken":"AAAA","AbortTransaction":{}}`:                        invalidOne("SessionToken"),
		`{"SessionToken":"` + strings.Repeat("A", 1028) + `","EndSession":{}}`: invalidOne("SessionToken"),

		`{"StartSession":{}}`:                                               invalidOne("LedgerName"),
		`{"StartSession":{"LedgerName":"a--b"}}`:                            invalidOne("LedgerName"),
		`{"StartSession":{"LedgerName":"-ab"}}`:                             invalidOne("LedgerName"),
		`{"StartSession":{"LedgerName":"ab-"}}`:                             invalidOne("LedgerName"),
		`{"StartSession":{"LedgerName":"123"}}`:                             invalidOne("LedgerName"),
		`{"StartSession":{"LedgerName":"a_b"}}`:                             invalidOne("LedgerName"),
		`{"StartSession":{"LedgerName":"` + strings.Repeat("a", 33) + `"}}`: invalidOne("LedgerName"),
		`{"StartSession":{"LedgerName":"` + strings.Repeat("a", 32) + `"}}`: "No such ledger: " + strings.Repeat("a", 32),

		`{"SessionToken":"T","ExecuteStatement":{"Statement":"SELECT 1"}}`:                  invalidOne("TransactionId"),
		`{"SessionToken":"T","ExecuteStatement":{"TransactionId":"short","Statement":"a"}}`: invalidOne("TransactionId"),
		`{"SessionToken":"T","FetchPage":{"TransactionId":"","NextPageToken":"AAAA"}}`:      invalidOne("TransactionId"),
		`{"SessionToken":"T","FetchPage":{"TransactionId":"X"}}`:                            invalidOne("NextPageToken"),
		`{"SessionToken":"T","FetchPage":{"TransactionId":"X","NextPageToken":"AAAA"}}`:     invalidOne("NextPageToken"),
		`{"SessionToken":"T","CommitTransaction":{"TransactionId":"X"}}`:                    invalidOne("CommitDigest"),
		`{"SessionToken":"T","CommitTransaction":{"CommitDigest":"AAAA"}}`:                  invalidOne("TransactionId"),

		execute(`"Parameters":[]`):                     invalidOne("Statement"),
		execute(`"Statement":""`):                      invalidOne("Statement"),
		execute(`"Statement":"` + long(100_001) + `"`): invalidOne("Statement"),
		execute(`"Statement":"` + long(100_000) + `"`): "Unsupported PartiQL Statement, Errors at:\nline 1, column 1",
		param(`{}`): invalidOne("Parameters"),
		param(`{"IonText":"1","IonBinary":"4AEA6oF4"}`):                   invalidOne("Parameters"),
		param(`{"IonText":""}`):                                           invalidOne("IonText"),
		param(`{"IonText":"` + long(1<<20+1) + `"}`):                      invalidOne("IonText"),
		param(`{"IonBinary":""}`):                                         invalidOne("IonBinary"),
		param(`{"IonBinary":` + blob(strings.Repeat("a", 1<<17+1)) + `}`): invalidOne("IonBinary"),
		param(`{"IonText":"1 2"}`):                                        holds(1, 2),
		param(`{"IonText":" "}`):                                          holds(1, 0),
		param(`{"IonText":"1"},{"IonBinary":` + blob(bvm) + `}`):          holds(2, 0),
	} {
		r := w.post(c.fill(body))
		got := members(t, r)
		if r.StatusCode != 400 || got["__type"] != bad || got["Message"] != want ||
			!requestID.MatchString(r.Header.Get("X-Amzn-Requestid")) {
			t.Errorf("%.90s: got %d %v, want %q", body, r.StatusCode, got, want)
		}
	}
	for name, holder := range map[string]string{
		"broken text": `{"IonText":"{a:"}`, "broken binary": `{"IonBinary":` + blob(bvm+"\x85a") + `}`,
		"binary without version marker": `{"IonBinary":` + blob("\x20") + `}`,
	} {
		got := members(t, w.post(c.fill(param(holder))))
		const prefix = "Parameter 1 is not valid Ion: "
		if text, _ := got["Message"].(string); got["__type"] != bad || !strings.HasPrefix(text, prefix) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	for _, body := range []string{`[]`, `{`, `{"StartSession":3}`, `{"SessionToken":"T","StartTransaction":"x"}`} {
		if got := members(t, w.post(body)); got["__type"] != "SerializationException" {
			t.Errorf("%s: got %v, want SerializationException", body, got)
		}
	}
	c.transactAfterFailures()
}

// fill puts the client's session token in place of "T" and its transaction id in place of "X".
func (c *client) fill(body string) string {
	return strings.NewReplacer(`"T"`, quote(c.token), `"X"`, quote(c.tx)).Replace(body)
}

// transactAfterFailures shows that nothing refused before it reached the transaction counts for its digest.
func (c *client) transactAfterFailures() {
	c.t.Helper()
	const long = 100_000
	c.digest = ion.Dot(c.digest, ion.Hash(ion.String(strings.Repeat("é", long))))
	wantFault(c.t, c.commit(), "", "")
}

// D2: a parameter may be text; the digest is of the value. W8: it may be large.
func TestParameters(t *testing.T) {
	t.Parallel()
	c := newWorld(t).connect(t)
	c.transact("CREATE TABLE t")
	c.begin()
	const statement = "INSERT INTO t ?"
	send := func(holder session.ValueHolder, value ion.Value) error {
		c.digest = ion.Dot(c.digest, ion.Dot(ion.Hash(ion.String(statement)), ion.Hash(value)))
		_, err := c.send(session.SendCommandInput{ExecuteStatement: &session.ExecuteStatementRequest{
			TransactionID: c.tx, Statement: statement, Parameters: []session.ValueHolder{holder},
		}})
		return err
	}
	text := "\n{ a : 1 }\n"
	one := ion.Struct(ion.F("a", ion.Int(1)))
	wantFault(t, send(session.ValueHolder{IonText: &text}, one), "", "")
	padded, err := base64.StdEncoding.DecodeString("4AEA6ueBg9SHsoFh04ohAQ==") // as ion-js sends it
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, send(session.ValueHolder{IonBinary: padded}, one), "", "")
	big := ion.Struct(ion.F("a", ion.String(strings.Repeat("x", 1<<17-64))))
	wantFault(t, send(session.ValueHolder{IonBinary: ion.EncodeBinary(big)}, big), "", "")
	wantFault(t, c.commit(), "", "")
	c.begin()
	if got := c.run("SELECT * FROM t"); len(got.FirstPage.Values) != 3 {
		t.Errorf("got %d documents, want 3", len(got.FirstPage.Values))
	}
}

// W80 to W82, W90 to W93: how an error travels, without and with the service's numbers.
func TestErrorEnvelope(t *testing.T) {
	t.Parallel()
	for _, codes := range []bool{false, true} {
		w := newWorld(t, func(c *session.Config) { c.StatementCodes = codes })
		c := w.connect(t)
		c.transact("CREATE TABLE t")
		c.begin()
		post := func(statement string) (*http.Response, map[string]any) {
			r := w.post(`{"SessionToken":` + quote(c.token) + `,"ExecuteStatement":{"TransactionId":` + quote(c.tx) +
				`,"Statement":` + quote(statement) + `}}`)
			return r, members(t, r)
		}
		for statement, want := range map[string]map[string]any{
			"CREATE TABLE t": {"Message": "Table with name: USER.t already exists", "Code": "412"},
			"DELETE FROM NonExistentTable": {"Message": "Semantic Error: at line 1, column 13: No such variable named " +
				"'NonExistentTable'; No such variable named 'NonExistentTable'", "Code": "432"},
			"Person": {"Message": "Unsupported PartiQL Statement, Errors at:\nline 1, column 1"},
		} {
			want["__type"] = bad
			if !codes {
				delete(want, "Code")
			}
			r, got := post(statement)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("codes %v: %s (-want +got):\n%s", codes, statement, diff)
			}
			if r.StatusCode != 400 || r.Header.Get("X-Amzn-Errortype") != bad || r.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("%s: status %d, header %v", statement, r.StatusCode, r.Header)
			}
		}
	}
}

// An impaired ledger is said before a missing permission, whatever the command; what ends things ends them.
func TestImpairedAndDenied(t *testing.T) {
	t.Parallel()
	const impaired = "Amazon QLDB does not have grant access on the AWS KMS customer managed key of the ledger. " +
		"Restore the grant on the key for the ledger."
	const denied = "The user does not have permissions to use the customer managed KMS key of the ledger"
	const code = "AccessDeniedException"
	w := newWorld(t)
	c, idle := w.connect(t), w.connect(t)
	c.transact("CREATE TABLE t")
	c.begin()
	c.run("INSERT INTO t {'a': 1}")

	w.ledgers.set(func(l *ledgers) { l.denied = wire.Faultf(code, denied) })
	wantFault(t, w.tryConnect(), code, denied)
	wantFault(t, idle.start(), code, denied)
	c.run("SELECT * FROM t") // only starting asks for the caller's right
	w.ledgers.set(func(l *ledgers) { l.impaired = wire.Faultf(code, impaired) })
	wantFault(t, w.tryConnect(), code, impaired)
	wantFault(t, idle.start(), code, impaired)
	_, err := c.execute("SELECT * FROM t")
	wantFault(t, err, code, impaired)
	_, err = c.fetch("AAAA")
	wantFault(t, err, code, impaired)
	wantFault(t, c.commit(), code, impaired)
	wantFault(t, c.abort(), code, impaired)
	wantFault(t, idle.end(), code, impaired)

	w.ledgers.set(func(l *ledgers) { l.impaired, l.denied = nil, nil })
	wantFault(t, c.commit(), bad, "No open transaction")
	wantFault(t, idle.start(), invalid, "No such session")
	c.begin()
	if got := c.run("SELECT * FROM t"); len(got.FirstPage.Values) != 0 {
		t.Error("an aborted transaction left a document")
	}
}

// Statements are permitted one by one, with the call that brought them; a denied one has no effect but counts.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	const denied = "Access denied. Unable to run the statement due to insufficient permissions or an improper variable " +
		"reference"
	var w *world
	var allowed map[string]bool
	var asked []string
	w = newWorld(t, func(c *session.Config) {
		c.Authorize = func(_ context.Context, c *wire.Call, l session.Ledger, need engine.Need) error {
			asked = append(asked, need.Action+" "+c.SourceIP+" "+string(l.Mode))
			if allowed[need.Action] {
				return nil
			}
			return wire.Faultf(bad, denied)
		}
	})
	w.ledgers.set(func(l *ledgers) {
		changed := l.open[ledger]
		changed.Mode = session.Standard
		l.open[ledger] = changed
	})
	c := w.connect(t)
	c.begin()
	_, err := c.execute("CREATE TABLE t")
	wantFault(t, err, bad, denied)
	allowed = map[string]bool{"qldb:PartiQLCreateTable": true}
	c.run("CREATE TABLE t")
	_, err = c.execute("INSERT INTO t {'a': 1}")
	wantFault(t, err, bad, denied)
	wantFault(t, c.commit(), "", "")
	const create, insert = "qldb:PartiQLCreateTable  STANDARD", "qldb:PartiQLInsert  STANDARD"
	want := []string{create, create, insert}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}

	asked = nil
	allowed["qldb:PartiQLSelect"] = true
	c.begin()
	call := w.call()
	call.SourceIP = "192.0.2.7"
	if _, err := w.SendCommand(t.Context(), call, &session.SendCommandInput{
		SessionToken:     &c.token,
		ExecuteStatement: &session.ExecuteStatementRequest{TransactionID: c.tx, Statement: "SELECT * FROM t"},
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"qldb:PartiQLSelect 192.0.2.7 STANDARD"}, asked); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := session.Config{Ledgers: w.ledgers, Clock: w.clock, Rand: strings.NewReader("")}
	for name, change := range map[string]func(*session.Config){
		"no ledgers": func(c *session.Config) { c.Ledgers = nil },
		"no clock":   func(c *session.Config) { c.Clock = nil },
		"no rand":    func(c *session.Config) { c.Rand = nil },
		"quota":      func(c *session.Config) { c.MaxSessions = -1 },
	} {
		cfg := full
		change(&cfg)
		if _, err := session.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	s, err := session.New(full)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SendCommand(t.Context(), w.call(), &session.SendCommandInput{
		StartSession: &session.StartSessionRequest{LedgerName: ledger},
	}); err == nil {
		t.Error("a session was started without randomness")
	}
}
