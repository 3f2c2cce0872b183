package session_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// W60, W69, W72, W73: one transaction at a time, and what commands answer outside one.
func TestOneTransaction(t *testing.T) {
	t.Parallel()
	c := newWorld(t).connect(t)
	wantFault(t, c.abort(), "", "")
	c.tx = "0123456789abcdefghijkl"
	_, err := c.execute("SELECT 1 FROM t")
	wantFault(t, err, bad, "No open transaction")
	_, err = c.fetch("AAAA")
	wantFault(t, err, bad, "No open transaction")
	wantFault(t, c.commit(), bad, "No open transaction")

	c.begin()
	first := c.tx
	wantFault(t, c.start(), bad, "Transaction already open")
	if c.run("CREATE TABLE t"); c.tx != first {
		t.Error("the failed start changed the transaction")
	}
	other := *c
	other.tx = "0123456789abcdefghijkl"
	_, err = other.execute("SELECT * FROM t")
	wantFault(t, err, bad, "No open transaction")
	wantFault(t, c.commit(), "", "")
	wantFault(t, c.commit(), bad, "No open transaction")
	c.begin()
	if c.tx == first {
		t.Error("a transaction id was used twice")
	}
	if !regexp.MustCompile(`^[0-9A-Za-z]{22}$`).MatchString(c.tx) {
		t.Errorf("transaction id %q is not 22 letters and digits", c.tx)
	}
}

// W61, W74: a session ends by its age, in use or not, and is forgotten later.
func TestSessionLifetime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var clients []*client
	for range 40 {
		clients = append(clients, w.connect(t))
	}
	ended := map[time.Duration]int{}
	alive := clients
	for age := time.Duration(0); len(alive) > 0; age += 10 * time.Second {
		var still []*client
		for _, c := range alive {
			err := c.abort()
			if err == nil {
				still = append(still, c)
				continue
			}
			wantFault(t, err, invalid, fmt.Sprintf("Session %s has expired", c.id))
			if age < 13*time.Minute || age > 17*time.Minute+10*time.Second {
				t.Errorf("a session ended at the age of %v", age)
			}
			ended[age]++
		}
		alive = still
		w.clock.Advance(10 * time.Second)
	}
	if len(ended) < 5 {
		t.Errorf("sessions ended at only %d different ages", len(ended))
	}
	// Every command says so, whatever it is, even if the clock goes back.
	w.clock.Set(start)
	c := clients[0]
	wantFault(t, c.start(), invalid, "Session "+c.id+" has expired")
	wantFault(t, c.end(), invalid, "Session "+c.id+" has expired")

	w.clock.Set(start.Add(18 * time.Minute))
	tick(t, w)
	wantFault(t, c.start(), invalid, "Session "+c.id+" has expired")
	w.clock.Advance(15 * time.Minute)
	if next := tick(t, w); next.IsZero() {
		t.Error("Tick wants never to be called again while sessions are known")
	}
	wantFault(t, c.start(), invalid, "No such session")
	if next := tick(t, w); !next.IsZero() {
		t.Errorf("Tick wants to be called at %v though nothing is left", next)
	}
}

// A session that nobody uses stays until its age ends it.
func TestIdleSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	w.clock.Advance(12 * time.Minute)
	tick(t, w)
	wantFault(t, c.start(), "", "")
}

func tick(t *testing.T, w *world) time.Time {
	t.Helper()
	next, err := w.Tick(t.Context())
	if err != nil {
		t.Fatalf("Tick: %v", err)
	}
	return next
}

// W63: sessions that have ended or expired do not count.
func TestSessionLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *session.Config) { c.MaxSessions = 2 })
	first, _ := w.connect(t), w.connect(t)
	wantFault(t, w.tryConnect(), "LimitExceededException", "Exceeded the session limit")
	wantFault(t, first.end(), "", "")
	wantFault(t, w.tryConnect(), "", "")
	wantFault(t, w.tryConnect(), "LimitExceededException", "Exceeded the session limit")
	w.clock.Advance(17 * time.Minute)
	wantFault(t, w.tryConnect(), "", "")
	wantFault(t, w.tryConnect(), "", "")
	wantFault(t, w.tryConnect(), "LimitExceededException", "Exceeded the session limit")
}

// A clock that is set back does not let sessions and transactions that nobody uses live on until it is where it was.
func TestClockIsSetBack(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{time.Hour, 365 * 24 * time.Hour} {
		w := newWorld(t, func(c *session.Config) { c.MaxSessions = 1 })
		c := w.connect(t)
		c.transact("CREATE TABLE t")
		c.begin()
		w.clock.Set(start.Add(-by))
		tick(t, w)
		c.run("SELECT * FROM t")
		w.clock.Advance(31 * time.Second)
		_, err := c.execute("SELECT * FROM t")
		wantFault(t, err, invalid, "Transaction "+c.tx+" has expired")
		c.begin()
		wantFault(t, w.tryConnect(), "LimitExceededException", "Exceeded the session limit")
		w.clock.Advance(18 * time.Minute)
		wantFault(t, w.tryConnect(), "", "")
		wantFault(t, c.commit(), invalid, "Session "+c.id+" has expired")
	}
}

// W64, W65, W66: 30 seconds from the start, whatever happens in between; the session goes on.
func TestTransactionExpires(t *testing.T) {
	t.Parallel()
	for _, ticked := range []bool{false, true} {
		t.Run(fmt.Sprintf("ticked=%v", ticked), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := w.connect(t)
			c.transact("CREATE TABLE t")
			c.begin()
			c.run("INSERT INTO t {'a': 1}")
			w.clock.Advance(20 * time.Second)
			c.run("SELECT * FROM t")
			w.clock.Advance(11 * time.Second)
			if ticked {
				tick(t, w)
			}
			text := "Transaction " + c.tx + " has expired"
			for range 2 {
				_, err := c.execute("SELECT * FROM t")
				wantFault(t, err, invalid, text)
				_, err = c.fetch("AAAA")
				wantFault(t, err, invalid, text)
				wantFault(t, c.commit(), invalid, text)
			}
			if !regexp.MustCompile(`^Transaction\s.*\shas\sexpired$`).MatchString(text) {
				t.Errorf("drivers do not recognise %q", text)
			}
			wantFault(t, c.abort(), "", "")
			c.begin()
			if got := c.run("SELECT * FROM t"); len(got.FirstPage.Values) != 0 {
				t.Error("an expired transaction left a document")
			}
			wantFault(t, c.commit(), "", "")
		})
	}
}

// W65: a new transaction can be started over an expired one without aborting it; W66: no statement in between.
func TestStartOverExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	c.begin()
	w.clock.Advance(40 * time.Second)
	wantFault(t, c.commit(), invalid, "Transaction "+c.tx+" has expired")
	c.begin()
	w.clock.Advance(40 * time.Second)
	c.begin()
	wantFault(t, c.commit(), "", "")
}

// W67, D7: a statement that fails ends nothing, and counts for the digest.
func TestFailedStatement(t *testing.T) {
	t.Parallel()
	c := newWorld(t).connect(t)
	c.transact("CREATE TABLE t")
	c.begin()
	_, err := c.execute("INSERT INTO nowhere {'a': 1}")
	wantFault(t, err, bad,
		"Semantic Error: at line 1, column 13: No such variable named 'nowhere'; No such variable named 'nowhere'")
	_, err = c.execute("Person")
	wantFault(t, err, bad, "Unsupported PartiQL Statement, Errors at:\nline 1, column 1")
	_, err = c.execute("SELECT * FROM t WHERE a = ?")
	wantFault(t, err, bad, "Query expects 1 parameters, but statement has 0")
	c.run("INSERT INTO t {'a': 1}")
	wantFault(t, c.commit(), "", "")
	c.begin()
	if got := c.run("SELECT * FROM t"); len(got.FirstPage.Values) != 1 {
		t.Errorf("got %d documents, want 1", len(got.FirstPage.Values))
	}
}

// W24, D8, D10: the digest is checked and given back; a wrong one writes nothing and leaves the transaction open.
func TestCommitDigest(t *testing.T) {
	t.Parallel()
	c := newWorld(t).connect(t)
	c.transact("CREATE TABLE t")
	c.begin()
	c.run("INSERT INTO t ?", ion.Struct(ion.F("a", ion.Int(1))))
	right := c.digest
	c.digest[31] ^= 1
	wantFault(t, c.commit(), bad, "Digests don't match")
	_, err := c.send(session.SendCommandInput{
		CommitTransaction: &session.CommitTransactionRequest{TransactionID: c.tx, CommitDigest: right[:31]},
	})
	wantFault(t, err, bad, "Digests don't match")
	other := c.w.connect(t)
	other.begin()
	if got := other.run("SELECT * FROM t"); len(got.FirstPage.Values) != 0 {
		t.Error("a wrong digest committed")
	}
	out, err := c.send(session.SendCommandInput{
		CommitTransaction: &session.CommitTransactionRequest{TransactionID: c.tx, CommitDigest: right[:]},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := out.CommitTransaction
	if got.TransactionID != c.tx || !cmp.Equal(got.CommitDigest, right[:]) {
		t.Errorf("got id %q, digest %x, want %q, %x", got.TransactionID, got.CommitDigest, c.tx, right)
	}
}

// W68, O2, O11: a conflict closes the transaction, and the session starts the next one at once.
func TestConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.connect(t), w.connect(t)
	a.transact("CREATE TABLE t", "INSERT INTO t {'n': 1}")
	a.begin()
	a.run("SELECT * FROM t")
	b.transact("UPDATE t SET n = 2")
	wantFault(t, a.commit(), occ,
		"Optimistic concurrency control (OCC) failure encountered while committing the transaction")
	wantFault(t, a.commit(), bad, "No open transaction")
	a.transact("UPDATE t SET n = 3")
}

// W41, W70: a page belongs to its transaction and is given out once.
func TestPageTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	c.transact("CREATE TABLE t", "INSERT INTO t <<{'a': 1}, {'a': 2}, {'a': 3}>>")
	const many = "SELECT * FROM t a, t b, t c, t d, t e, t f"
	const text = "The parameter NextPageToken is not valid"
	c.begin()
	first := c.run(many)
	token := first.FirstPage.NextPageToken
	rows, reads := len(first.FirstPage.Values), first.ConsumedIOs.ReadIOs
	second := c.run(many) // W43: results side by side
	page, err := c.fetch(token)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.fetch(token)
	wantFault(t, err, bad, text)
	for {
		rows += len(page.Page.Values)
		reads += page.ConsumedIOs.ReadIOs
		if page.Page.NextPageToken == "" {
			break
		}
		if page, err = c.fetch(page.Page.NextPageToken); err != nil {
			t.Fatal(err)
		}
	}
	if rows != 729 || reads != 1092 { // W31, W40
		t.Errorf("got %d rows and %d reads, want 729 and 1092", rows, reads)
	}
	if n := len(first.FirstPage.Values); n != 200 || first.ConsumedIOs.ReadIOs == 0 { // W32
		t.Errorf("first page has %d rows and %d reads", n, first.ConsumedIOs.ReadIOs)
	}
	unread := second.FirstPage.NextPageToken
	wantFault(t, c.commit(), "", "") // W42, W45: what was read does not matter
	c.begin()
	_, err = c.fetch(unread)
	wantFault(t, err, bad, text)
	unread = c.run(many).FirstPage.NextPageToken
	wantFault(t, c.abort(), "", "")
	c.begin()
	_, err = c.fetch(unread)
	wantFault(t, err, bad, text)
}

// W71: the end of a session is the end of its transaction.
func TestEndSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	c.transact("CREATE TABLE t")
	c.begin()
	c.run("INSERT INTO t {'a': 1}")
	wantFault(t, c.end(), "", "")
	wantFault(t, c.commit(), invalid, "No such session")
	wantFault(t, c.end(), invalid, "No such session")
	other := w.connect(t)
	other.begin()
	if got := other.run("SELECT * FROM t"); len(got.FirstPage.Values) != 0 {
		t.Error("a transaction outlived its session")
	}
}

// W74, W75, W76: tokens that are none, and those of others.
func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	for _, token := range []string{
		"AAAA", "ATD4TjfCqS/0", c.token[:len(c.token)-4], c.token + "AAAA", "B" + c.token[1:], c.token[:8] + "AAAAAAAA" +
			c.token[16:],
	} {
		forged := *c
		forged.token = token
		wantFault(t, forged.start(), bad, "The parameter SessionToken is not valid")
	}
	other, err := base64.StdEncoding.DecodeString(c.token)
	if err != nil {
		t.Fatal(err)
	}
	other[0]++ // another version, with a check that fits
	sum := sha256.Sum256(other[:33])
	copy(other[33:], sum[:])
	forged := *c
	forged.token = base64.StdEncoding.EncodeToString(other)
	wantFault(t, forged.start(), bad, "The parameter SessionToken is not valid")
	stranger := newWorld(t).connect(t) // as after a restart
	stranger.w = w
	wantFault(t, stranger.start(), invalid, "No such session")

	in := &session.SendCommandInput{SessionToken: &c.token, StartTransaction: &wire.Empty{}}
	for name, change := range map[string]func(*wire.Call){
		"another principal": func(c *wire.Call) { c.Caller.ARN = "arn:aws:iam::" + account + ":user/eve" },
		"another Region":    func(c *wire.Call) { c.Region = "eu-west-2" },
	} {
		call := w.call()
		change(call)
		if _, err := w.SendCommand(t.Context(), call, in); err == nil {
			t.Errorf("%s may use the session", name)
		} else {
			wantFault(t, err, invalid, "No such session")
		}
	}
	wantFault(t, c.start(), "", "")
}

// W11, W79: no session without a ledger, nor with one that is deleted just now.
func TestMissingLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.SendCommand(t.Context(), w.call(), &session.SendCommandInput{
		StartSession: &session.StartSessionRequest{LedgerName: "NoSuchLedger"},
	})
	wantFault(t, err, bad, "No such ledger: NoSuchLedger")
	c := w.connect(t)
	w.ledgers.set(func(l *ledgers) { l.denied = session.ErrNoLedger })
	wantFault(t, w.tryConnect(), bad, "No such ledger: "+ledger)
	wantFault(t, c.start(), invalid, "No such session")
}
