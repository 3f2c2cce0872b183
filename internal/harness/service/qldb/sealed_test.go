package qldb_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// insertOne commits one document and says whether that was acknowledged.
func (d *delivered) insertOne(id int) error {
	found, err := d.service.FindActive(d.t.Context(), call(), "orders")
	if err != nil {
		return err
	}
	tx, err := found.Engine.Begin(d.t.Context(), nil)
	if err != nil {
		return err
	}
	if _, err := tx.Execute(d.t.Context(), fmt.Sprintf("INSERT INTO Test VALUE {'id': %d}", id), nil); err != nil {
		return err
	}
	return tx.Commit(d.t.Context(), tx.Digest())
}

// rows counts the documents of a table, or says why it cannot.
func (d *delivered) rows() (int, error) {
	found, err := d.service.FindActive(d.t.Context(), call(), "orders")
	if err != nil {
		return 0, err
	}
	return count(d.t.Context(), found.Engine)
}

func count(ctx context.Context, opened *engine.Ledger) (int, error) {
	tx, err := opened.Begin(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Abort()
	page, err := tx.Execute(ctx, "SELECT VALUE t.id FROM Test AS t", nil)
	return len(page.Values), err
}

func (d *delivered) wantRows(want int) {
	d.t.Helper()
	if got, err := d.rows(); err != nil || got != want {
		d.t.Errorf("documents: got %d, %v, want %d", got, err, want)
	}
}

const impairedText = "Amazon QLDB does not have grant access on the AWS KMS customer managed key of the ledger. " +
	"Restore the grant on the key for the ledger."

// wantRefused checks that a command of the data plane got the service's words.
func wantRefused(t *testing.T, what string, err error) {
	t.Helper()
	if want := "AccessDeniedException 400 null\n" + impairedText; faultOf(err) != want {
		t.Errorf("%s: got %s, want %s", what, faultOf(err), want)
	}
}

// However requests fall, and whether or not the harness itself looks: from the moment the key is disabled no more than
// the time of the cache passes until the first refusal, and from then on everything is refused until it is enabled.
func TestRefusedWithinTheCacheTime(t *testing.T) {
	t.Parallel()
	const step = 100 * time.Millisecond
	for _, looks := range []bool{true, false} {
		for offset := time.Duration(0); offset < 5*time.Second; offset += 700 * time.Millisecond {
			d := newDelivered(t)
			d.ledger("orders")
			if err := d.insertOne(1); err != nil {
				t.Fatal(err)
			}
			for spent := time.Duration(0); spent < 5*time.Second+offset; spent += step {
				d.clock.Advance(step)
				d.wantRows(1)
			}
			d.keys.setState(mainKey, "Disabled")
			var refused time.Duration
			for spent := time.Duration(0); spent <= 6*time.Second; spent += step {
				_, err := d.rows()
				switch {
				case err != nil && refused == 0:
					refused = spent
				case err == nil && refused > 0:
					t.Errorf("offset %v: answered %v after it was refused", offset, spent-refused)
				}
				if err != nil {
					wantRefused(t, "query", err)
				}
				d.clock.Advance(step)
				if looks {
					d.tick()
				}
			}
			if refused == 0 || refused > 5*time.Second {
				t.Errorf("offset %v, looks %v: first refused after %v, want at most 5s", offset, looks, refused)
			}
			if got := d.status("orders"); !strings.HasPrefix(got, "KMS_KEY_INACCESSIBLE "+mainKey) {
				t.Errorf("status: got %q", got)
			}
			d.keys.setState(mainKey, "Enabled")
			d.pass(5 * time.Second)
			d.wantRows(1)
		}
	}
}

// A transaction that is open when the key goes away loses nothing: each statement and the commit are refused without
// effect, and go through when the key is back.
func TestTransactionOutlastsItsKey(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	if err := d.insertOne(0); err != nil {
		t.Fatal(err)
	}
	opened := d.engine("orders")
	tx, err := opened.Begin(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Execute(t.Context(), "INSERT INTO Test VALUE {'id': 1}", nil); err != nil {
		t.Fatal(err)
	}
	d.keys.setState(mainKey, "Disabled")
	d.pass(5 * time.Second)
	_, err = tx.Execute(t.Context(), "SELECT * FROM Test", nil)
	wantRefused(t, "statement", err)
	wantRefused(t, "commit", tx.Commit(t.Context(), tx.Digest()))
	if _, _, err := opened.Block(t.Context(), d.tip(opened), nil); err == nil {
		t.Error("a block was read without the key")
	}
	if err := opened.Err(); err != nil {
		t.Errorf("the engine was given up: %v", err)
	}
	d.keys.setState(mainKey, "Enabled")
	d.pass(5 * time.Second)
	if err := tx.Commit(t.Context(), tx.Digest()); err != nil {
		t.Errorf("commit after the key came back: %v", err)
	}
	d.wantRows(2)
}

// While KMS gives no answer the ledger goes on until its keys expire. Then it asks to be tried again, its status does
// not change, and it works as soon as KMS does.
func TestKMSWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for name, break_ := range map[string]func(*fakeKeys){
		"unreachable": func(f *fakeKeys) { f.before = failing("Decrypt " + mainKey) },
		"throttled": func(f *fakeKeys) {
			f.before = func(string) error { return fault("ThrottlingException", "Rate exceeded") }
		},
		"faulty": func(f *fakeKeys) {
			f.before = func(string) error { return fault("KMSInternalException", "try again") }
		},
		"garbage":     func(f *fakeKeys) { f.garble = func(_ string, b []byte) []byte { return b[1:] } },
		"another key": func(f *fakeKeys) { f.garble = func(string, []byte) []byte { return make([]byte, 32) } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDelivered(t)
			d.ledger("orders")
			if err := d.insertOne(1); err != nil {
				t.Fatal(err)
			}
			d.tick()
			break_(d.keys)
			d.clock.Advance(3 * time.Second)
			d.wantRows(1)
			d.clock.Advance(2 * time.Second)
			_, err := d.rows()
			if got := faultOf(err); !strings.HasPrefix(got, "ServiceUnavailable") || !strings.Contains(got, " 503 ") {
				t.Errorf("after the keys expired: got %s, want a ServiceUnavailable", got)
			}
			if err := d.service.ProbeNow(t.Context()); err == nil {
				t.Error("probe: got no error, want what is wrong with KMS")
			}
			d.wantStatus("orders", "ENABLED "+mainKey)
			err = d.operation(t.Context(), "GetDigest")
			if got := faultOf(err); !strings.Contains(got, " 503 ") {
				t.Errorf("digest: got %s, want status 503", got)
			}
			d.keys.before, d.keys.garble = nil, nil
			d.wantRows(1)
		})
	}
}

// A trouble is what KMS may do to one call.
type trouble struct {
	name    string
	refused bool // the key seems unusable then
	apply   func(d *delivered, call string) error
	garble  func([]byte) []byte
}

func troubles() []trouble {
	return []trouble{
		{name: "throttled", apply: func(*delivered, string) error { return fault("ThrottlingException", "Rate exceeded") }},
		{name: "unreachable", apply: func(*delivered, string) error { return errBroken }},
		{name: "refused", refused: true,
			apply: func(*delivered, string) error { return fault("DisabledException", "it is disabled") }},
		{name: "slow", apply: func(d *delivered, _ string) error {
			d.clock.Advance(7 * time.Second)
			return nil
		}},
		{name: "cut short", garble: func(b []byte) []byte { return b[:16] }},
		{name: "another key", garble: func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) }},
	}
}

// Each call to KMS in the life of a ledger goes wrong once, in each way. Requests may fail and are made again; nothing
// that was acknowledged is lost, and in the end the ledger is under the key it was told to be under.
func TestTroubleAtEveryCallToKMS(t *testing.T) {
	t.Parallel()
	for _, tr := range troubles() {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				if !troubledLife(t, tr, n) {
					t.Logf("%d calls troubled", n-1)
					return
				}
			}
		})
	}
}

// troubledLife reports whether there was an nth call.
func troubledLife(t *testing.T, tr trouble, n int) (reached bool) {
	d := newDelivered(t)
	calls := 0
	hit := func() bool {
		calls++
		reached = reached || calls == n
		return calls == n
	}
	if tr.garble == nil {
		d.keys.before = func(call string) error {
			if hit() {
				return tr.apply(d, call)
			}
			return nil
		}
	} else {
		d.keys.garble = func(_ string, b []byte) []byte {
			if hit() {
				return tr.garble(b)
			}
			return b
		}
	}
	again := func(what string, do func() error) {
		t.Helper()
		var err error
		for range 4 {
			if err = do(); err == nil || code(err) == "ResourceAlreadyExistsException" {
				return
			}
			d.clock.Advance(5 * time.Second)
			_, _ = d.service.Tick(t.Context()) // its error is the trouble
		}
		t.Errorf("call %d: %s: %v", n, what, err)
	}
	acknowledged := 0
	insert := func() error {
		err := d.insertOne(acknowledged)
		if err == nil {
			acknowledged++
		}
		return err
	}
	again("create", func() error {
		_, err := d.service.CreateLedger(t.Context(), call(), createInput("orders", mainKey))
		return err
	})
	d.clock.Advance(time.Second)
	again("create table", func() error { return d.run("CREATE TABLE Test") })
	again("insert", insert)
	again("change the key", func() error {
		_, err := d.rekey("orders", otherKey)
		return err
	})
	again("insert during the change", insert)
	for range 3 {
		d.clock.Advance(5 * time.Second)
		_, _ = d.service.Tick(t.Context())
	}
	again("insert after the change", insert)
	d.wantRows(acknowledged)
	d.wantStatus("orders", "ENABLED "+otherKey)
	d.keys.before, d.keys.garble = nil, nil
	d.settled(fmt.Sprintf("%s, call %d", tr.name, n), true)
	if calls := d.keys.called(); calls[len(calls)-1] != "Decrypt "+otherKey {
		t.Errorf("call %d: the last call was %s", n, calls[len(calls)-1])
	}
	return reached
}

// run commits one statement.
func (d *delivered) run(statement string) error {
	found, err := d.service.FindActive(d.t.Context(), call(), "orders")
	if err != nil {
		return err
	}
	tx, err := found.Engine.Begin(d.t.Context(), nil)
	if err != nil {
		return err
	}
	if _, err := tx.Execute(d.t.Context(), statement, nil); err != nil {
		return err
	}
	return tx.Commit(d.t.Context(), tx.Digest())
}

// Two key changes at once: one is made, the other is refused, and reads and writes go on throughout.
func TestKeyChangesAtOnce(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	var all sync.WaitGroup
	var made atomic.Int32
	for _, key := range []string{otherKey, thirdKey, otherKey, thirdKey} {
		all.Go(func() {
			_, err := d.rekey("orders", key)
			switch {
			case err == nil:
				made.Add(1)
			case code(err) != "InvalidParameterException":
				t.Errorf("change to %s: %v", key, err)
			}
		})
	}
	all.Go(func() {
		for i := range 50 {
			if err := d.insertOne(i); err != nil && !errors.Is(err, engine.ErrConflict) {
				t.Errorf("insert during the change: %v", err)
			}
			if _, err := d.rows(); err != nil {
				t.Errorf("read during the change: %v", err)
			}
		}
	})
	all.Wait()
	if got := made.Load(); got < 1 || got > 2 { // two if both asked for the same key
		t.Errorf("changes made: got %d, want one", got)
	}
	target := strings.TrimPrefix(d.status("orders"), "UPDATING ")
	d.pass(2 * time.Second)
	d.wantStatus("orders", "ENABLED "+target)
	d.wantRows(50)
	d.wantGrants(target)
}

// The digest says the same before, during and after a key change, and proofs made under one key hold under the other.
func TestDigestThroughAKeyChange(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	d.insert("orders", 1, 5)
	digest := func() string {
		t.Helper()
		out, err := d.service.GetDigest(t.Context(), call(), &qldb.GetDigestInput{Name: "orders"})
		if err != nil {
			t.Fatal(err)
		}
		block, err := d.service.GetBlock(t.Context(), call(), &qldb.GetBlockInput{
			Name: "orders", BlockAddress: &out.DigestTipAddress, DigestTipAddress: &out.DigestTipAddress,
		})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x %s %s", out.Digest, block.Block.IonText, block.Proof.IonText)
	}
	before := digest()
	d.mustRekey("orders", otherKey)
	d.wantStatus("orders", "UPDATING "+otherKey)
	if diff := cmp.Diff(before, digest()); diff != "" {
		t.Errorf("during the change (-before +during):\n%s", diff)
	}
	d.pass(2 * time.Second)
	d.wantStatus("orders", "ENABLED "+otherKey)
	if diff := cmp.Diff(before, digest()); diff != "" {
		t.Errorf("after the change (-before +after):\n%s", diff)
	}
	d.keys.setState(mainKey, "Disabled") // the former key is not needed any more
	d.pass(5 * time.Second)
	d.wantRows(5)
	d.mustRekey("orders", awsOwned)
	d.pass(2 * time.Second)
	d.keys.setState(otherKey, "Disabled")
	d.pass(time.Hour)
	d.wantStatus("orders", "ENABLED "+awsOwned)
	if diff := cmp.Diff(before, digest()); diff != "" {
		t.Errorf("under the AWS owned key (-before +after):\n%s", diff)
	}
	d.mustRekey("orders", thirdKey)
	d.pass(2 * time.Second)
	d.wantStatus("orders", "ENABLED "+thirdKey)
	if diff := cmp.Diff(before, digest()); diff != "" {
		t.Errorf("under a customer's key again (-before +after):\n%s", diff)
	}
	if calls := d.keys.called(); slices.Contains(calls[len(calls)-4:], "Decrypt "+mainKey) {
		t.Errorf("the first key is still used: %v", calls[len(calls)-4:])
	}
}

// The work of a key change does not depend on how much is in the ledger.
func TestKeyChangeMovesNoData(t *testing.T) {
	t.Parallel()
	type work struct{ Calls, StateBytes, LedgerBytes int }
	measure := func(documents int) work {
		d := newDelivered(t)
		d.ledger("orders")
		for from := 0; from < documents; from += 40 {
			var values []string
			for id := from; id < min(from+40, documents); id++ {
				values = append(values, fmt.Sprintf("{'id': %d}", id))
			}
			if err := d.run("INSERT INTO Test <<" + strings.Join(values, ",") + ">>"); err != nil {
				t.Fatal(err)
			}
		}
		calls, state, kept := len(d.keys.called()), d.state.(*memory).written(), d.journals.bytes(t)
		d.mustRekey("orders", otherKey)
		d.pass(2 * time.Second)
		d.wantStatus("orders", "ENABLED "+otherKey)
		w := work{len(d.keys.called()) - calls, d.state.(*memory).written() - state, d.journals.bytes(t) - kept}
		d.wantRows(min(documents, 200)) // a page
		return w
	}
	few, many := measure(100), measure(5000)
	t.Logf("100 documents: %+v; 5000 documents: %+v", few, many)
	if few.Calls != many.Calls || few.LedgerBytes != many.LedgerBytes {
		t.Errorf("work of a key change: got %+v for 5000 documents, %+v for 100", many, few)
	}
	if diff := many.StateBytes - few.StateBytes; diff < -300 || diff > 300 {
		t.Errorf("bytes written: got %d for 5000 documents, %d for 100", many.StateBytes, few.StateBytes)
	}
}

// The clock may jump: keys are not used longer than they may be, whichever way.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	d.pass(48 * time.Hour)
	base := d.clock.Now()
	for _, to := range []time.Duration{time.Hour, -2 * time.Hour, 0, 24 * 365 * time.Hour} {
		d.clock.Set(base.Add(to))
		if err := d.insertOne(1); err != nil {
			t.Errorf("clock at %v: %v", to, err)
		}
		d.keys.setState(mainKey, "Disabled")
		d.clock.Set(base.Add(to - 24*time.Hour))
		_, err := d.rows()
		wantRefused(t, fmt.Sprintf("clock at %v, then set back", to), err)
		d.keys.setState(mainKey, "Enabled")
		if err := d.service.ProbeNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d.wantRows(4)
}

// A ledger from before the key hierarchy is told of by name, before anything is tried with it.
func TestLedgerWithoutHierarchy(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	if err := d.service.CheckLedgers(t.Context()); err != nil {
		t.Fatal(err)
	}
	const key = "qldb/ledger/" + account + "/eu-west-2/orders"
	err := d.state.Update(t.Context(), func(w store.Writer) error {
		raw, _, err := w.Get(key)
		if err != nil {
			return err
		}
		return w.Put(key, regexp.MustCompile(`,"Nodes":\[[^]]*\]`).ReplaceAll(raw, nil))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.service.CheckLedgers(t.Context())
	if !errors.Is(err, envelope.ErrNoHierarchy) || !strings.Contains(err.Error(), "ledger/orders") {
		t.Errorf("got %v, want ErrNoHierarchy with the ledger's name", err)
	}
}
