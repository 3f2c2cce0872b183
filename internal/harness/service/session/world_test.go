package session_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Numbers such as W60 in these tests are those of the rules of the data plane that the project keeps: W for the wire,
// D for digests, O for concurrency. Each is said in words as well.

const (
	account = "111122223333"
	region  = "us-east-2"
	ledger  = "vehicles"
)

var start = time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)

// ledgers is a fixed set of ledgers whose health a test can change.
type ledgers struct {
	mu       sync.Mutex
	open     map[string]session.Ledger
	impaired error
	denied   error
	onFind   func()
	checks   int // of callers
}

func (l *ledgers) Find(_ context.Context, c *wire.Call, name string) (session.Ledger, error) {
	l.mu.Lock()
	found, ok := l.open[name]
	impaired, onFind := l.impaired, l.onFind
	l.mu.Unlock()
	if onFind != nil {
		onFind()
	}
	if !ok || c.Caller.Account != account || c.Region != region {
		return session.Ledger{}, session.ErrNoLedger
	}
	return found, impaired
}

func (l *ledgers) CheckCaller(context.Context, *wire.Call, session.Ledger) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checks++
	return l.denied
}

// set changes l between commands.
func (l *ledgers) set(change func(*ledgers)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

// world is a service over one real ledger in temporary directories, on a clock that stands still.
type world struct {
	*session.Service
	clock   *clock.Movable
	ledgers *ledgers
	log     *logLines
	raw     *wire.Server // takes every caller for the root
	n       int          // requests so far
	nMu     sync.Mutex
}

func newWorld(t testing.TB, changes ...func(*session.Config)) *world {
	t.Helper()
	w := &world{clock: clock.NewFrozen(start), log: &logLines{}, ledgers: &ledgers{open: map[string]session.Ledger{}}}
	w.ledgers.open[ledger] = openLedger(t, w.clock, ledger)
	cfg := session.Config{Ledgers: w.ledgers, Clock: w.clock, Rand: rand.Reader}
	for _, change := range changes {
		change(&cfg)
	}
	var err error
	if w.Service, err = session.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	w.raw = w.serve(t, func(c *wire.Config) {
		c.AuthOff = true
		c.AuthOffCaller = root
		c.Region = region
	})
	return w
}

var root = wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account}

func (w *world) serve(t testing.TB, change func(*wire.Config)) *wire.Server {
	t.Helper()
	cfg := wire.Config{
		Services: []wire.Service{w.Wire()}, Now: w.clock.Now, Rand: rand.Reader, MaxBody: session.MaxBody,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	change(&cfg)
	server, err := wire.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func openLedger(t testing.TB, c clock.Clock, name string) session.Ledger {
	t.Helper()
	id := [16]byte{1}
	log, err := ledgerlog.Open(t.Context(), t.TempDir(), id, ledgerlog.Options{NoSync: true, SegmentBytes: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	view, err := index.Open(t.TempDir(), id, index.Options{CacheBytes: 1 << 20, MemoryBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	l, err := engine.Open(t.Context(), engine.Config{Log: log, Index: view, Clock: c.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(l.Close(), view.Close(), log.Close()); err != nil {
			t.Errorf("close ledger: %v", err)
		}
	})
	return session.Ledger{
		ID: l.StrandID(), Name: name, ARN: "arn:aws:qldb:" + region + ":" + account + ":ledger/" + name,
		Mode: session.AllowAll, Engine: l,
	}
}

// logLines keeps what the server logs.
type logLines struct {
	mu   sync.Mutex
	text []byte
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// call is a call of the root, as wire makes it.
func (w *world) call() *wire.Call {
	w.nMu.Lock()
	defer w.nMu.Unlock()
	w.n++
	return &wire.Call{
		Service: "qldb", Operation: "SendCommand", Action: "qldb:SendCommand", Partition: "aws", Region: region,
		RequestID: "request-" + string(rune('a'+w.n%26)), Time: w.clock.Now(), Caller: root,
	}
}

// client is a driver made by hand: it keeps token, transaction and commit digest.
type client struct {
	t      testing.TB
	w      *world
	token  string
	id     string // of the session
	tx     string
	digest [32]byte
}

// connect starts a session.
func (w *world) connect(t testing.TB) *client {
	t.Helper()
	c := w.call()
	out, err := w.SendCommand(t.Context(), c, &session.SendCommandInput{
		StartSession: &session.StartSessionRequest{LedgerName: ledger},
	})
	if err != nil {
		t.Fatalf("StartSession: %v", err)
	}
	return &client{t: t, w: w, token: out.StartSession.SessionToken, id: c.RequestID}
}

// tryConnect starts a session only to see whether that is possible.
func (w *world) tryConnect() error {
	_, err := w.SendCommand(context.Background(), w.call(), &session.SendCommandInput{
		StartSession: &session.StartSessionRequest{LedgerName: ledger},
	})
	return err
}

func (c *client) send(in session.SendCommandInput) (*session.SendCommandOutput, error) {
	in.SessionToken = &c.token
	return c.w.SendCommand(c.t.Context(), c.w.call(), &in)
}

func (c *client) start() error {
	out, err := c.send(session.SendCommandInput{StartTransaction: &wire.Empty{}})
	if err != nil {
		return err
	}
	c.tx = out.StartTransaction.TransactionID
	c.digest = ion.Hash(ion.String(c.tx))
	return nil
}

// begin is start without an error.
func (c *client) begin() {
	c.t.Helper()
	if err := c.start(); err != nil {
		c.t.Fatalf("StartTransaction: %v", err)
	}
}

// execute runs a statement, which counts for the digest before it is sent, as in drivers.
func (c *client) execute(statement string, params ...ion.Value) (*session.ExecuteStatementResult, error) {
	in := &session.ExecuteStatementRequest{TransactionID: c.tx, Statement: statement}
	hash := ion.Hash(ion.String(statement))
	for _, p := range params {
		in.Parameters = append(in.Parameters, session.ValueHolder{IonBinary: ion.EncodeBinary(p)})
		hash = ion.Dot(hash, ion.Hash(p))
	}
	c.digest = ion.Dot(c.digest, hash)
	out, err := c.send(session.SendCommandInput{ExecuteStatement: in})
	if err != nil {
		return nil, err
	}
	return out.ExecuteStatement, nil
}

// run is execute without an error.
func (c *client) run(statement string, params ...ion.Value) *session.ExecuteStatementResult {
	c.t.Helper()
	out, err := c.execute(statement, params...)
	if err != nil {
		c.t.Fatalf("ExecuteStatement %q: %v", statement, err)
	}
	return out
}

func (c *client) fetch(token string) (*session.FetchPageResult, error) {
	out, err := c.send(session.SendCommandInput{
		FetchPage: &session.FetchPageRequest{TransactionID: c.tx, NextPageToken: token},
	})
	if err != nil {
		return nil, err
	}
	return out.FetchPage, nil
}

func (c *client) commit() error {
	_, err := c.send(session.SendCommandInput{
		CommitTransaction: &session.CommitTransactionRequest{TransactionID: c.tx, CommitDigest: c.digest[:]},
	})
	return err
}

func (c *client) abort() error {
	_, err := c.send(session.SendCommandInput{AbortTransaction: &wire.Empty{}})
	return err
}

func (c *client) end() error {
	_, err := c.send(session.SendCommandInput{EndSession: &wire.Empty{}})
	return err
}

// transact runs statements in a transaction of its own.
func (c *client) transact(statements ...string) {
	c.t.Helper()
	c.begin()
	for _, s := range statements {
		c.run(s)
	}
	if err := c.commit(); err != nil {
		c.t.Fatalf("CommitTransaction after %q: %v", statements, err)
	}
}

// wantFault checks an error's type and text; "" is no error.
func wantFault(t testing.TB, err error, code, message string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	var fault *wire.Fault
	if !errors.As(err, &fault) {
		t.Errorf("got %v, want %s: %s", err, code, message)
		return
	}
	if fault.Code != code || fault.Message != message {
		t.Errorf("got %s: %s, want %s: %s", fault.Code, fault.Message, code, message)
	}
}

const (
	bad     = "BadRequestException"
	invalid = "InvalidSessionException"
	occ     = "OccConflictException"
)

// listen puts a server that checks signatures behind a port.
func (w *world) listen(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(w.serve(t, func(c *wire.Config) {
		c.Credentials = keyring{}
		c.SignatureNow = time.Now
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const (
	accessKey = "AKIALEDGERADMIN00001"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// keyring holds the one access key of the root.
type keyring struct{}

func (keyring) Lookup(_ context.Context, id string) (wire.Credential, bool, error) {
	return wire.Credential{Secret: secretKey, Caller: root, Active: true}, id == accessKey, nil
}
