package console_test

import (
	"context"
	encoding "encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/browsertest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/console"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func ptr[T any](v T) *T { return &v }

func base64(raw []byte) string { return encoding.StdEncoding.EncodeToString(raw) }

const hostile = `"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script><b>bold</b>'`

// fill puts text into every string that v reaches, and one element into every list.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), text)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Struct:
		if at, ok := v.Addr().Interface().(*time.Time); ok {
			*at = time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(3)
	}
}

// TestMarkupIsText shows states whose every text is markup, with each way a card can look.
func TestMarkupIsText(t *testing.T) {
	t.Parallel()
	var shown atomic.Pointer[console.State]
	handler := console.New(func(context.Context) (console.State, error) { return *shown.Load(), nil }, quiet())
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	var page *browsertest.Page
	for i, change := range []func(*console.State){
		func(*console.State) {},
		func(s *console.State) { s.Ledgers[0].Next, s.Ledgers[0].Unread = nil, "" },
		func(s *console.State) { s.Ledgers[0].EncryptionStatus = "KMS_KEY_INACCESSIBLE" },
		func(s *console.State) {
			s.Ledgers[0].EncryptionStatus, s.Keys[0].State = "KMS_KEY_INACCESSIBLE", "PendingDeletion"
		},
		func(s *console.State) { s.Ledgers[0].EncryptionStatus = "UPDATING" },
		func(s *console.State) { s.Keys = []console.Key{} },
		func(s *console.State) { s.Keys, s.KMS = []console.Key{}, "" },
		func(s *console.State) { s.Ledgers = []console.Ledger{} },
	} {
		state := console.State{}
		fill(reflect.ValueOf(&state).Elem(), hostile)
		state.DataDir += string(rune('a' + i))
		change(&state)
		shown.Store(&state)
		if page == nil {
			page = browsertest.Open(t, server.URL+"/", browsertest.View{})
		}
		page.WaitText("#foot", state.DataDir)
		if n := browsertest.Eval[int](page, "document.querySelectorAll('script').length"); n != 1 {
			t.Errorf("state %d: %d scripts, want the page's own", i, n)
		}
		if n := browsertest.Eval[int](page, "document.querySelectorAll('img, b').length"); n != 1 {
			t.Errorf("state %d: %d images, want the page's own", i, n)
		}
		if browsertest.Eval[bool](page, "window.pwned === 1") {
			t.Fatalf("state %d: markup ran", i)
		}
	}
	if got := page.Text("#record-list"); !strings.Contains(got, hostile) {
		t.Errorf("audit records: got %q, want the markup as text", got)
	}
	page.Screenshot("hostile")
}

// TestHierarchy draws a ledger with all its nodes, at rest and on the move: every text stays in its box.
func TestHierarchy(t *testing.T) {
	t.Parallel()
	arn := func(id string) string { return "arn:aws:kms:eu-west-2:111122223333:key/" + id }
	root := console.Node{
		KeyARN: arn("71a6cf38-2890-4f0d-b47b-25201cbbfe36"), GrantID: strings.Repeat("a1b0d0e9", 8),
		ID: "5gCeuNnExyeC8F5pWOBg0R", Version: 12,
	}
	branches := []console.Branch{
		{Role: "strand", ID: "2SxO4dWtWxo1rEDKthgixr", Version: 12},
		{Role: "index", ID: "AAAAAAAAAAAAAAAAAAAAAA", Version: 1},
		{Role: "catalog", ID: "WWWWWWWWWWWWWWWWWWWWWW", Version: 12},
	}
	next := root
	next.KeyARN, next.Version = arn("mrk-0d2c30e9a8214dadaba70d674e202bef"), 13
	state := console.State{Keys: []console.Key{}, Events: []console.Event{}, Operations: []console.Operation{}, KMS: "x"}
	for _, l := range []console.Ledger{
		{Name: "rests", EncryptionStatus: "ENABLED"}, {Name: "moves", EncryptionStatus: "UPDATING", Next: &next},
		{Name: "shut", EncryptionStatus: "KMS_KEY_INACCESSIBLE"},
	} {
		l.Root, l.Branches, l.Unread = root, branches, "not read"
		l.InaccessibleSince, l.KeyChangeDue = time.Unix(1, 0), time.Unix(2, 0)
		state.Ledgers = append(state.Ledgers, l)
	}
	server := httptest.NewServer(console.New(
		func(context.Context) (console.State, error) { return state, nil }, quiet()))
	t.Cleanup(server.Close)
	page := browsertest.Open(t, server.URL+"/", browsertest.View{Width: 360, Height: 740})
	page.Wait("document.querySelectorAll('svg.picture').length === 3")
	outside := browsertest.Eval[[]string](page, `[...document.querySelectorAll('.picture .box')].flatMap(box => {
		const edge = box.querySelector('rect').getBBox()
		return [...box.querySelectorAll('text')].filter(t => { const b = t.getBBox()
			return b.x < edge.x + 2 || b.x + b.width > edge.x + edge.width - 2 || b.y < edge.y ||
				b.y + b.height > edge.y + edge.height
		}).map(t => t.textContent)
	})`)
	if len(outside) > 0 {
		t.Errorf("texts that leave their boxes: %q", outside)
	}
	words := browsertest.Eval[string](page, "document.querySelector('svg.picture').getAttribute('aria-label')")
	if !strings.Contains(words, "the catalog node WWWWWWWWWWWWWWWWWWWWWW version 12") {
		t.Errorf("the picture in words: %q", words)
	}
	page.Screenshot("hierarchy")
}

func failing(context.Context) (console.State, error) { return console.State{}, errors.New("no") }

// TestMarkupIsRefused tries what a fault of the page's scripts would do: the browser refuses it.
func TestMarkupIsRefused(t *testing.T) {
	t.Parallel()
	handler := console.New(failing, quiet())
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	page := browsertest.Open(t, server.URL+"/", browsertest.View{})
	refused := browsertest.Eval[bool](page, `(() => {
		try { document.body.innerHTML = '<img src=x onerror="window.pwned=1">'; return false } catch { return true } })()`)
	if !refused {
		t.Error("the browser took markup")
	}
	page.Problems() // the refusal, and the error of the state
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestTheHarnessGoes shows a page whose harness stops, errs and comes back.
func TestTheHarnessGoes(t *testing.T) {
	t.Parallel()
	var gone, wrong atomic.Bool
	handler := console.New(func(context.Context) (console.State, error) {
		if wrong.Load() {
			return console.State{}, errors.New("the <b>disk</b> is on fire")
		}
		return console.State{Ledgers: []console.Ledger{}, Keys: []console.Key{}, Events: []console.Event{},
			Operations: []console.Operation{}}, nil
	}, quiet())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gone.Load() {
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	page := browsertest.Open(t, server.URL+"/", browsertest.View{})
	page.WaitText("#link", "live")
	gone.Store(true)
	page.WaitText("#trouble", "does not answer since")
	page.WaitText("#link", "not answering")
	page.Screenshot("gone-light-wide")
	gone.Store(false)
	page.WaitText("#link", "live")
	page.Wait("document.getElementById('trouble').hidden")
	wrong.Store(true)
	page.WaitText("#trouble", "could not show its state: the <b>disk</b> is on fire")
	wrong.Store(false)
	page.WaitText("#link", "live")
	if problems := page.Problems(); len(problems) == 0 {
		t.Error("the browser saw no failed request")
	}
}

// TestWhoIsAnswered sends what browsers, other pages and AWS clients send to the root of the port.
func TestWhoIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	host := strings.TrimPrefix(w.Endpoint(), "http://")
	for name, tt := range map[string]struct {
		method, path string
		remote, host string
		header       http.Header
		status       int
		text         string
	}{
		"page":                 {path: "/", status: 200, text: "<title>qldbkms harness</title>"},
		"by name":              {path: "/", host: "localhost:4566", status: 200, text: "<title>"},
		"head":                 {method: "HEAD", path: "/", status: 200},
		"script":               {path: "/_harness/console/dom.js", status: 200, text: "export"},
		"state":                {path: "/_harness/console/state", status: 200, text: `"ledgers":[]`},
		"rebound name":         {path: "/", host: "evil.example:4566", status: 403, text: "this machine only"},
		"state, rebound name":  {path: "/_harness/console/state", host: "evil.example", status: 403, text: "this machine"},
		"another machine":      {path: "/", remote: "192.0.2.1:1234", status: 403, text: "this machine only"},
		"state, other machine": {path: "/_harness/console/state", remote: "[2001:db8::1]:1", status: 403, text: "this"},
		"state, other page": {
			path: "/_harness/console/state", header: http.Header{"Origin": {"https://evil.example"}}, status: 403,
		},
		"post":         {method: "POST", path: "/_harness/console/state", status: 405, text: "send GET"},
		"no such file": {path: "/_harness/console/../console/console.go", status: 404},
		"folder":       {path: "/_harness/console/", status: 404},
		"KMS": {
			method: "POST", path: "/", header: http.Header{"X-Amz-Target": {"TrentService.ListKeys"}}, status: 400,
			text: "MissingAuthenticationTokenException",
		},
		"STS": {
			path: "/?Action=GetCallerIdentity&Version=2011-06-15", status: 403, text: "MissingAuthenticationToken",
		},
		"signed":       {path: "/", header: http.Header{"Authorization": {"AWS4-HMAC-SHA256 x"}}, status: 404},
		"ledgers":      {path: "/ledgers", status: 403, text: "Missing Authentication Token"},
		"admin as was": {path: "/_harness/clock", status: 200, text: "now"},
	} {
		r := httptest.NewRequest("GET", tt.path, http.NoBody)
		if tt.method != "" {
			r.Method = tt.method
		}
		r.RemoteAddr, r.Host = "127.0.0.1:1234", host
		if tt.remote != "" {
			r.RemoteAddr = tt.remote
		}
		if tt.host != "" {
			r.Host = tt.host
		}
		for key, values := range tt.header {
			r.Header[key] = values
		}
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, r)
		if answer.Code != tt.status || !strings.Contains(answer.Body.String(), tt.text) {
			t.Errorf("%s: got %d %s, want %d with %q", name, answer.Code, answer.Body, tt.status, tt.text)
		}
		if answer.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: sets a cookie", name)
		}
		if answer.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: lets other pages read it", name)
		}
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	calls := []wire.Record{
		{ID: 1, Service: "kms", Operation: "Decrypt", Status: 200, Took: 4 * time.Millisecond},
		{ID: 2, Service: "kms", Operation: "Decrypt", Status: 400, Took: time.Millisecond},
		{ID: 3, Service: "kms", Operation: "Decrypt", Took: 9 * time.Millisecond},
		{ID: 4, Service: "kms", Operation: "Decrypt", InFlight: true},
		{ID: 5, Service: "qldb", Operation: "SendCommand", Command: "StartSession", Status: 200, Took: 1234567},
		{ID: 6, Status: 404}, // names no operation
		{ID: 7, Service: "qldb", Operation: "SendCommand", Command: "CommitTransaction", Status: 200},
		{ID: 8, Service: "qldb", Operation: "SendCommand", Command: "CommitTransaction", Status: 400},
	}
	want := []console.Operation{
		{
			Service: "kms", Name: "Decrypt", Count: 3, Failed: 2, P50: 4, P99: 9, Max: 9,
			Recent: []console.Point{{MS: 4}, {MS: 1, Failed: true}, {MS: 9, Failed: true}},
		},
		{Service: "qldb", Name: "CommitTransaction", Count: 2, Failed: 1, Recent: []console.Point{{}, {Failed: true}}},
		{Service: "qldb", Name: "StartSession", Count: 1, P50: 1.235, P99: 1.235, Max: 1.235,
			Recent: []console.Point{{MS: 1.235}}},
	}
	if diff := cmp.Diff(want, console.Operations(calls)); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestCondense(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)
	decrypt := console.Event{Name: "Decrypt", Resources: []string{"k"}}
	var records []console.Event
	for i, name := range []string{"Decrypt", "Decrypt", "CreateKey", "Decrypt", "Decrypt", "DisableKey", "EnableKey"} {
		e := decrypt
		e.ID, e.Name, e.Time = string(rune('g'-i)), name, at.Add(-time.Duration(i)*time.Second)
		if i == 4 {
			e.Error = "DisabledException"
		}
		records = append(records, e)
	}
	var got []string
	for _, e := range console.Condense(records, 5) {
		got = append(got, fmt.Sprintf("%s %s %s x%d %s", e.ID, e.Time.Format("05"), e.Name, e.Times, e.Error))
	}
	want := []string{
		"f 00 Decrypt x2 ", "e 58 CreateKey x1 ", "d 57 Decrypt x1 ", "c 56 Decrypt x1 DisabledException",
		"b 55 DisableKey x1 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("condensed (-want +got):\n%s", diff)
	}
}
