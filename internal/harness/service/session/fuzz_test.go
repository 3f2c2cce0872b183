package session_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// FuzzSendCommand sends bodies in which "T" stands for a session token and "X" for the id of its open transaction.
// Whatever they are, the answer is a result or an error of the client's, and the session can still be ended.
func FuzzSendCommand(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `[]`, `{"StartSession":{"LedgerName":"vehicles"}}`,
		`{"SessionToken":"T","StartTransaction":{}}`,
		`{"SessionToken":"T","AbortTransaction":{}}`,
		`{"SessionToken":"T","EndSession":{}}`,
		`{"SessionToken":"T","FetchPage":{"TransactionId":"X","NextPageToken":"AAAA"}}`,
		`{"SessionToken":"T","CommitTransaction":{"TransactionId":"X","CommitDigest":"AAAA"}}`,
		`{"SessionToken":"T","ExecuteStatement":{"TransactionId":"X","Statement":"INSERT INTO t ?",` +
			`"Parameters":[{"IonBinary":"4AEA6ueBg9SHsoFh04ohAQ=="}]}}`,
		`{"SessionToken":"T","ExecuteStatement":{"TransactionId":"X","Statement":"INSERT INTO t << ?, {'a': ?} >>",` +
			`"Parameters":[{"IonText":"{a: 1.50, b: [null.int, x::2007T]}"},{"IonText":"\"x\""}]}}`,
		`{"SessionToken":"T","ExecuteStatement":{"TransactionId":"X","Statement":"SELECT COUNT(*) FROM t AS x BY id"}}`,
		`{"SessionToken":"T","ExecuteStatement":{"TransactionId":"X","Statement":"UPDATE t SET a = a + 1 WHERE a IN (1,2)"}}`,
		`{"SessionToken":"T","ExecuteStatement":{"TransactionId":"X","Statement":"SELECT * FROM history(t, ` +
			"`2000T`" + `) AS h WHERE h.metadata.id = 'x'"}}`,
		`{"SessionToken":"T","ExecuteStatement":{"TransactionId":"X","Statement":"CREATE INDEX ON t (a)"}}`,
	} {
		f.Add([]byte(body))
	}
	for _, in := range fuzzed.Inputs(f) {
		f.Add([]byte(in[0]))
	}
	w := newWorld(f)
	w.connect(f).transact("CREATE TABLE t", "INSERT INTO t <<{'a': 1}, {'a': 2, 'b': [1, {'c': null}]}>>")
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := w.connect(t)
		c.begin()
		r := w.postInTime(t, c.fill(string(raw)))
		var answer map[string]any
		if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
			t.Fatalf("answer is not JSON: %v", err)
		}
		code, _ := answer["__type"].(string)
		known := []string{bad, invalid, "SerializationException"}
		switch {
		case r.StatusCode == http.StatusOK && len(answer) == 1:
			for _, result := range answer {
				if end, ok := result.(map[string]any); ok {
					w.endIfStarted(end)
				}
			}
		case r.StatusCode != 400 || !slices.Contains(known, code) || answer["Message"] == "":
			t.Fatalf("got %d %v\n%s", r.StatusCode, answer, w.log)
		}
		if err := c.end(); textOf(err) != "" && textOf(err) != invalid+": No such session" {
			t.Fatalf("end: %v", err)
		}
	})
}

// postInTime is post for a body that may take the server too long.
func (w *world) postInTime(t *testing.T, body string) *http.Response {
	t.Helper()
	answered := make(chan *http.Response, 1)
	go func() { answered <- w.post(body) }()
	select {
	case r := <-answered:
		return r
	case <-time.After(time.Minute):
		t.Fatal("no answer for a minute")
		return nil
	}
}

// endIfStarted ends the session that the answer of a StartSession is about, so that the quota is not reached.
func (w *world) endIfStarted(result map[string]any) {
	if token, ok := result["SessionToken"].(string); ok {
		_, _ = w.SendCommand(context.Background(), w.call(), &session.SendCommandInput{
			SessionToken: &token, EndSession: &wire.Empty{},
		})
	}
}
