package statement_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

func open(t *testing.T, h *acctest.Harness, ledger string) (*statement.Ledger, *awsclient.Source) {
	t.Helper()
	const at = "http://harness.invalid"
	api, err := awsclient.New(t.Context(), awsclient.Config{
		Region: acctest.Region, AccessKey: h.AccessKeyID, SecretKey: h.SecretKey, Transport: h.Transport,
		Endpoints: awsclient.Endpoints{KMS: at, QLDB: at, QLDBSession: at, STS: at},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := statement.Open(api, "", ledger, statement.Options{PollInterval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return l, api
}

// However many objects work on a ledger at once, they share ten sessions; those that find none free wait.
func TestSessionsAreShared(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	h.Statement("orders", "CREATE TABLE Vehicle")
	_, api := open(t, h, "orders")
	h.ForgetCalls()
	var all sync.WaitGroup
	for n := range 60 {
		all.Go(func() {
			l, err := statement.Open(api, acctest.Region, "orders", statement.Options{})
			if err == nil {
				err = l.Do(t.Context(), func(tx *statement.Tx) error {
					_, err := tx.Run("INSERT INTO Vehicle ?", ion.Struct(ion.F("n", ion.Int(int64(n)))))
					return err
				})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	sessions := 0
	for _, c := range h.Calls() {
		if c.Target == "orders" { // only a start of a session names the ledger
			sessions++
		}
	}
	if sessions < 1 || sessions > 10 {
		t.Errorf("%d sessions were started, want 1 to 10", sessions)
	}
	if got := len(h.Statement("orders", "SELECT n FROM Vehicle")); got != 60 {
		t.Errorf("%d documents, want 60", got)
	}
}

// Parameters arrive as they are, whatever the driver's Ion library would make of them, and rows come back so.
func TestParametersAreExact(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	l, _ := open(t, h, "orders")
	for _, text := range []string{
		`2007-02-23T12:14:33.0791234567890123-08:00`, `2007T`, `2007-02-23T12:14-00:00`, `$ion::'$5'::'$10'`, `null.clob`,
		`-0.00`, `1d-400`, `-0e0`, `nan`, `a::b::{c: 1, c: 2}`, `(1 + "x")`, `{{"clob"}}`, `{{AAEC}}`,
		`123456789012345678901234567890123456789`, `"\U0001F600"`, `[]`, `{'': ''::null}`,
	} {
		want, err := ion.ParseOne(text, ion.Options{})
		if err != nil {
			t.Fatalf("parse %s: %v", text, err)
		}
		var rows []ion.Value
		err = l.Do(t.Context(), func(tx *statement.Tx) (err error) {
			rows, err = tx.Run("SELECT VALUE x FROM << ? >> AS x", want)
			return err
		})
		if err != nil || len(rows) != 1 || !rows[0].Equal(want) {
			t.Errorf("%s came back as %v, %v", text, rows, err)
		}
	}
}

// An error of the function aborts the transaction and comes out as it is; pages are read to the end, or as far as
// asked.
func TestRowsAndErrors(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	h.Statement("orders", "CREATE TABLE Vehicle")
	l, _ := open(t, h, "orders")
	mine := errors.New("mine")
	err := l.Do(t.Context(), func(tx *statement.Tx) error {
		if _, err := tx.Run("INSERT INTO Vehicle {'n': 0}"); err != nil {
			return err
		}
		return mine
	})
	if !errors.Is(err, mine) {
		t.Errorf("got %v, want the function's error", err)
	}
	for batch := range 10 {
		if err := l.Do(t.Context(), func(tx *statement.Tx) error {
			for n := range 40 {
				if _, err := tx.Run("INSERT INTO Vehicle ?", ion.Struct(ion.F("n", ion.Int(int64(40*batch+n))))); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	var rows []ion.Value
	if err := l.Do(t.Context(), func(tx *statement.Tx) (err error) {
		rows, err = tx.Run("SELECT n FROM Vehicle")
		return err
	}); err != nil || len(rows) != 400 {
		t.Errorf("got %d rows, %v, want 400", len(rows), err)
	}
	h.ForgetCalls()
	if err := l.Do(t.Context(), func(tx *statement.Tx) error {
		found, err := tx.Any("SELECT n FROM Vehicle")
		if err == nil && !found {
			err = errors.New("nothing found")
		}
		return err
	}); err != nil || len(h.Calls()) > 4 {
		t.Errorf("%v after %d calls, want no more pages than needed", err, len(h.Calls()))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	l, api := open(t, h, "orders")
	run := func(l *statement.Ledger, ctx context.Context, text string) error {
		return l.DoIn(ctx, "Vehicle", func(tx *statement.Tx) error {
			_, err := tx.Run(text)
			return err
		})
	}
	var noTable *statement.NoTableError
	if err := run(l, t.Context(), "SELECT * FROM Vehicle"); !errors.As(err, &noTable) || !statement.IsGone(err) {
		t.Errorf("no table: %v", err)
	}
	none, err := statement.Open(api, "", "audit", statement.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var noLedger *statement.NoLedgerError
	if err := run(none, t.Context(), "SELECT * FROM Vehicle"); !errors.As(err, &noLedger) || !statement.IsGone(err) {
		t.Errorf("no ledger: %v", err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(l, stopped, "CREATE TABLE Vehicle"); !errors.Is(err, context.Canceled) || !statement.IsAmbiguous(err) {
		t.Errorf("canceled: %v", err)
	}
	h.Statement("orders", "CREATE TABLE Vehicle")
	err = run(l, t.Context(), "SELEC")
	if err == nil || statement.IsGone(err) || statement.IsNotReady(err) || statement.IsAmbiguous(err) {
		t.Errorf("syntax: %v", err)
	}
	if got, want := statement.Quote(`a"b`), `"a""b"`; got != want {
		t.Errorf("quote: got %s, want %s", got, fmt.Sprint(want))
	}
}
