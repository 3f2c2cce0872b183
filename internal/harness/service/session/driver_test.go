package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	amazonion "github.com/amzn/ion-go/ion"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession/types"
	"github.com/aws/smithy-go"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
)

// These tests are Amazon's Go driver as applications use it, over HTTP with signatures. They expect what the driver's
// own integration tests expected of the service.

const driverTable = "GoIntegrationTestTable"

// sdk is a client for the server at url.
func sdk(t *testing.T, url string) *qldbsession.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return qldbsession.New(qldbsession.Options{
		Region: region, BaseEndpoint: &url, HTTPClient: &http.Client{Transport: plainBodies{transport}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
		}),
	})
}

// plainBodies hides that the SDK's request bodies are io.WriterTo. They report an error when the transport looks for
// their end after the SDK has closed them, which it does as soon as an answer begins; the transport then gives up the
// connection while the answer is read. Servers as near as this one answer early enough. The SDK itself retries this
// error, but drivers switch retries off.
//
// Source: issue 2737 of aws-sdk-go-v2.
type plainBodies struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.RoundTripper.RoundTrip(r)
}

type driver struct {
	*qldbdriver.QLDBDriver
	t *testing.T
}

func newDriver(t *testing.T, url, ledger string, concurrent, retries int) *driver {
	t.Helper()
	d, err := qldbdriver.New(ledger, sdk(t, url), func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
		o.MaxConcurrentTransactions = concurrent
		o.RetryPolicy = qldbdriver.RetryPolicy{MaxRetryLimit: retries, Backoff: noDelay{}}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Shutdown(context.Background()) })
	return &driver{d, t}
}

type noDelay struct{}

func (noDelay) Delay(int) time.Duration { return 0 }

// query runs one statement in a transaction and returns its rows.
func (d *driver) query(statement string, params ...any) ([][]byte, error) {
	out, err := d.Execute(d.t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		result, err := txn.Execute(statement, params...)
		if err != nil {
			return nil, err
		}
		var rows [][]byte
		for result.Next(txn) {
			rows = append(rows, result.GetCurrentData())
		}
		return rows, result.Err()
	})
	rows, _ := out.([][]byte)
	return rows, err
}

// rows is query for a statement that must return n rows.
func (d *driver) rows(n int, statement string, params ...any) [][]byte {
	d.t.Helper()
	rows, err := d.query(statement, params...)
	if err != nil {
		d.t.Fatalf("%s: %v", statement, err)
	}
	if len(rows) != n {
		d.t.Fatalf("%s: got %d rows, want %d", statement, len(rows), n)
	}
	return rows
}

func decode[T any](t *testing.T, row []byte) T {
	t.Helper()
	var v T
	if err := amazonion.Unmarshal(row, &v); err != nil {
		t.Fatalf("decode %x: %v", row, err)
	}
	return v
}

func sorted(t *testing.T, rows [][]byte) []string {
	t.Helper()
	var all []string
	for _, row := range rows {
		all = append(all, decode[string](t, row))
	}
	slices.Sort(all)
	return all
}

type named[T any] struct {
	Name T `ion:"Name"`
}

// driverWorld is a world behind a port, with the table of the driver's tests.
func driverWorld(t *testing.T) (w *world, url string) {
	t.Helper()
	w = newWorld(t)
	url = w.listen(t)
	newDriver(t, url, ledger, 10, 4).rows(1, "CREATE TABLE "+driverTable)
	return w, url
}

func TestDriverSessions(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)

	t.Run("a ledger that does not exist", func(t *testing.T) {
		t.Parallel()
		_, err := newDriver(t, url, "NoSuchLedger", 10, 4).GetTableNames(t.Context())
		var refused *types.BadRequestException
		if !errors.As(err, &refused) || refused.ErrorMessage() != "No such ledger: NoSuchLedger" {
			t.Errorf("got %v, want a BadRequestException", err)
		}
	})
	t.Run("a pool with room", func(t *testing.T) {
		t.Parallel()
		d := newDriver(t, url, ledger, 10, 4)
		for range 2 { // the second takes the session of the first
			if _, err := d.GetTableNames(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a pool without room", func(t *testing.T) {
		t.Parallel()
		d := newDriver(t, url, ledger, 1, 4)
		_, err := d.Execute(t.Context(), func(qldbdriver.Transaction) (any, error) {
			_, err := d.GetTableNames(t.Context())
			return nil, err
		})
		if err == nil {
			t.Error("got no error from a pool of one session that is in use")
		}
	})
	t.Run("a driver that was shut down", func(t *testing.T) {
		t.Parallel()
		d := newDriver(t, url, ledger, 1, 4)
		d.Shutdown(t.Context())
		if _, err := d.GetTableNames(t.Context()); err == nil {
			t.Error("got no error")
		}
	})
}

func TestDriverTables(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)
	d := newDriver(t, url, ledger, 10, 4)
	names := func() []string {
		t.Helper()
		names, err := d.GetTableNames(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	d.rows(1, "CREATE TABLE GoIntegrationTestCreateTable")
	if got := names(); !slices.Contains(got, "GoIntegrationTestCreateTable") {
		t.Errorf("tables: got %q", got)
	}
	d.rows(1, "DROP TABLE GoIntegrationTestCreateTable")
	if diff := cmp.Diff([]string{driverTable}, names()); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	for _, statement := range []string{"CREATE TABLE " + driverTable, "DELETE FROM NonExistentTable"} {
		rows, err := d.query(statement)
		var refused *types.BadRequestException
		var api smithy.APIError
		if rows != nil || !errors.As(err, &refused) || !errors.As(err, &api) {
			t.Errorf("%s: got %v, %v, want a BadRequestException", statement, rows, err)
		}
	}
	d.rows(1, "CREATE INDEX ON "+driverTable+" (Name)")
	rows := d.rows(1, "SELECT VALUE indexes[0] FROM information_schema.user_tables WHERE status = 'ACTIVE' "+
		"AND name = '"+driverTable+"'")
	type expression struct {
		Expr string `ion:"expr"`
	}
	if got, want := decode[expression](t, rows[0]).Expr, "[Name]"; got != want {
		t.Errorf("index: got %q, want %q", got, want)
	}
}

func TestDriverDocuments(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)
	d := newDriver(t, url, ledger, 10, 4)
	const byName = "SELECT VALUE Name FROM " + driverTable + " WHERE Name = ?"
	type count struct {
		Count int `ion:"_1"`
	}
	empty := func() {
		t.Helper()
		rows := d.rows(1, "SELECT COUNT(*) FROM "+driverTable)
		if got := decode[count](t, rows[0]).Count; got != 0 {
			t.Errorf("got %d documents, want none", got)
		}
	}
	d.rows(0, "SELECT * from "+driverTable)
	d.rows(1, "INSERT INTO "+driverTable+" ?", named[string]{"SingleDocumentValue"})
	for _, query := range []string{byName, `SELECT VALUE Name FROM "` + driverTable + `" WHERE Name = ?`} {
		if got := decode[string](t, d.rows(1, query, "SingleDocumentValue")[0]); got != "SingleDocumentValue" {
			t.Errorf("%s: got %q", query, got)
		}
	}
	d.rows(1, "DELETE FROM "+driverTable+" WHERE Name = ?", "SingleDocumentValue")
	empty()
	d.rows(2, "INSERT INTO "+driverTable+" <<?, ?>>", named[string]{"One"}, named[string]{"Two"})
	rows := d.rows(2, "SELECT VALUE Name FROM "+driverTable+" WHERE Name IN (?,?)", "One", "Two")
	if diff := cmp.Diff([]string{"One", "Two"}, sorted(t, rows)); diff != "" {
		t.Errorf("IN (-want +got):\n%s", diff)
	}
	d.rows(2, "DELETE FROM "+driverTable)
	empty()
	id, err := d.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		_, err := txn.Execute("SELECT * FROM " + driverTable)
		return txn.ID(), err
	})
	if err != nil || id == "" {
		t.Errorf("transaction id: got %q, %v", id, err)
	}
}

func TestDriverConflict(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)
	d := newDriver(t, url, ledger, 10, 0)
	d.rows(1, "INSERT INTO "+driverTable+" ?", named[string]{"dummy"})
	attempt := func(d *driver) (calls int, err error) {
		_, err = d.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
			calls++
			if _, err := txn.Execute("SELECT VALUE Name FROM " + driverTable); err != nil {
				return nil, err
			}
			if calls == 1 {
				d.rows(1, "UPDATE "+driverTable+" SET Name = ?", 5)
			}
			return nil, nil
		})
		return calls, err
	}
	_, err := attempt(d)
	var conflict *types.OccConflictException
	if !errors.As(err, &conflict) {
		t.Errorf("got %v, want an OccConflictException", err)
	}
	if calls, err := attempt(newDriver(t, url, ledger, 10, 4)); err != nil || calls != 2 {
		t.Errorf("with retries: got %d attempts, %v, want 2 and success", calls, err)
	}
}

// As in the tests of the Java driver: values stand in the statement, and who was overtaken in every attempt gives up
// with the conflict, after which everything works.
func TestDriverConflictToTheEnd(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)
	d := newDriver(t, url, ledger, 10, 4)
	d.rows(1, "INSERT INTO "+driverTable+" {'Name': 'SingleDocumentValue'}")
	const query = "SELECT VALUE Name FROM " + driverTable + " WHERE Name = 'SingleDocumentValue'"
	d.rows(1, query)
	calls := 0
	_, err := d.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		calls++
		if _, err := txn.Execute("SELECT * FROM " + driverTable); err != nil {
			return nil, err
		}
		d.rows(1, "UPDATE "+driverTable+" SET n = ?", calls)
		return txn.Execute("UPDATE "+driverTable+" SET n = ?", -1)
	})
	var conflict *types.OccConflictException
	if !errors.As(err, &conflict) || calls != 5 {
		t.Errorf("got %v after %d attempts, want an OccConflictException after 5", err, calls)
	}
	d.rows(1, query)
	d.rows(1, "UPDATE "+driverTable+" SET n = 7 WHERE Name = 'SingleDocumentValue'")
	if got := decode[int](t, d.rows(1, "SELECT VALUE n FROM "+driverTable)[0]); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
}

// As in the tests of the Node.js driver: one session begins, reads and aborts for as long as it is asked to.
func TestOneSessionBeginsAndAborts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(t)
	c.transact("CREATE TABLE t")
	for n := range 2000 {
		c.begin()
		c.run("SELECT * FROM t")
		if err := c.abort(); err != nil {
			t.Fatalf("abort %d: %v", n, err)
		}
	}
	c.transact("INSERT INTO t {'a': 1}")
}

// Many drivers' transactions on one document: each increment happens once.
func TestDriverConcurrentUpdates(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)
	d := newDriver(t, url, ledger, 8, 1000)
	d.rows(1, "INSERT INTO "+driverTable+" ?", named[int]{0})
	var all sync.WaitGroup
	const each, clients = 5, 4
	for range clients {
		all.Go(func() {
			for range each {
				if _, err := d.query("UPDATE " + driverTable + " SET Name = Name + 1"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := decode[int](t, d.rows(1, "SELECT VALUE Name FROM "+driverTable)[0]); got != each*clients {
		t.Errorf("got %d, want %d", got, each*clients)
	}
}

func TestDriverMetrics(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)
	d := newDriver(t, url, ledger, 10, 4)
	one := named[string]{"SingleDocumentValue"}
	d.rows(3, "INSERT INTO "+driverTable+" <<?, ?, ?>>", one, one, one)
	const joins = "SELECT * FROM " + driverTable + " as a, " + driverTable + " as b, " + driverTable + " as c, " +
		driverTable + " as d, " + driverTable + " as e, " + driverTable + " as f"
	const want = 3 + 9 + 27 + 81 + 243 + 729
	type metrics interface {
		GetConsumedIOs() *qldbdriver.IOUsage
		GetTimingInformation() *qldbdriver.TimingInformation
	}
	positive := func(m metrics) (reads int64) {
		t.Helper()
		ios, timing := m.GetConsumedIOs(), m.GetTimingInformation()
		if ios == nil || timing == nil || *ios.GetReadIOs() <= 0 || *timing.GetProcessingTimeMilliseconds() <= 0 {
			t.Fatalf("got %v and %v, want positive metrics", ios, timing)
		}
		return *ios.GetReadIOs()
	}
	_, err := d.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		result, err := txn.Execute(joins)
		if err != nil {
			return nil, err
		}
		rows, reads := 0, int64(0)
		for result.Next(txn) {
			rows++
			reads = positive(result)
		}
		if rows != 729 || reads != want {
			t.Errorf("stream: got %d rows and %d reads, want 729 and %d", rows, reads, want)
		}
		return nil, result.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	buffered, err := d.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		result, err := txn.Execute(joins)
		if err != nil {
			return nil, err
		}
		return txn.BufferResult(result)
	})
	if err != nil {
		t.Fatal(err)
	}
	if reads := positive(buffered.(metrics)); reads != want {
		t.Errorf("buffered: got %d reads, want %d", reads, want)
	}
}

// The driver does not run a function again whose transaction has expired, but does when its session is gone.
func TestDriverExpiry(t *testing.T) {
	t.Parallel()
	w, url := driverWorld(t)
	d := newDriver(t, url, ledger, 10, 4)
	calls := 0
	_, err := d.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		calls++
		w.clock.Advance(40 * time.Second)
		return nil, nil
	})
	var ended *types.InvalidSessionException
	if !errors.As(err, &ended) || calls != 1 {
		t.Errorf("got %v after %d calls, want an InvalidSessionException after one", err, calls)
	}
	d.rows(0, "SELECT * FROM "+driverTable)
	w.clock.Advance(18 * time.Minute) // the pooled session is too old now
	d.rows(0, "SELECT * FROM "+driverTable)
	w.CloseLedger(w.ledgers.open[ledger].ID) // and now unknown, as after a restart
	d.rows(0, "SELECT * FROM "+driverTable)
}

// An error that is nobody's fault is tried again.
func TestDriverInternalFailure(t *testing.T) {
	t.Parallel()
	w, url := driverWorld(t)
	d := newDriver(t, url, ledger, 10, 4)
	d.rows(0, "SELECT * FROM "+driverTable)
	w.ledgers.set(func(l *ledgers) {
		l.impaired = errors.New("a disk with a secret")
		l.onFind = func() { w.ledgers.set(func(l *ledgers) { l.impaired, l.onFind = nil, nil }) }
	})
	d.rows(0, "SELECT * FROM "+driverTable)
	if !strings.Contains(w.log.String(), "a disk with a secret") {
		t.Error("the failure was not logged")
	}
}

// The unique-constraint recipe: whoever looks for a value and inserts it if it is not there never makes it twice.
func TestDriverUniqueInserts(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)
	d := newDriver(t, url, ledger, 8, 1000)
	d.rows(1, "CREATE INDEX ON "+driverTable+" (Name)")
	var all sync.WaitGroup
	const values = 25
	for range 4 {
		all.Go(func() {
			for value := range values {
				_, err := d.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
					result, err := txn.Execute("SELECT * FROM "+driverTable+" WHERE Name = ?", value)
					if err != nil || result.Next(txn) {
						return nil, err
					}
					return txn.Execute("INSERT INTO "+driverTable+" ?", named[int]{value})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	d.rows(values, "SELECT * FROM "+driverTable)
}

var _ session.Ledgers = (*ledgers)(nil)
