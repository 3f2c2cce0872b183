package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
)

// maxSessions is how many sessions a figure may use.
const maxSessions = 16

// maxDocuments is the most that one transaction may insert.
const maxDocuments = 40

// plainBodies keeps the SDK's request bodies from being io.WriterTo. Those report an error when the transport looks for
// their end after the SDK has closed them, and a server that is near answers early enough for that; the driver switches
// retries off.
//
// Source: issue 2737 of aws-sdk-go-v2.
type plainBodies struct{ client *http.Client }

// Do implements aws.HTTPClient.
func (p plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.client.Do(r)
}

// clients returns clients of s for both planes.
func clients(s *server) (*qldb.Client, *qldbsession.Client) {
	cfg := s.sdk()
	cfg.HTTPClient = plainBodies{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * maxSessions}}}
	return qldb.NewFromConfig(cfg), qldbsession.NewFromConfig(cfg)
}

// ledger is one ledger as a driver's user sees it. Each session is a driver of its own: one driver with many sessions
// answers with an error when two goroutines want the last.
type ledger struct {
	name    string
	control *qldb.Client
	drivers []*qldbdriver.QLDBDriver
	next    atomic.Int64 // number of the next document to insert
}

// connect opens a ledger of s. It sends nothing yet.
func connect(s *server, name string) (*ledger, error) {
	control, session := clients(s)
	l := &ledger{name: name, control: control}
	for range maxSessions {
		d, err := qldbdriver.New(name, session, func(o *qldbdriver.DriverOptions) {
			o.MaxConcurrentTransactions, o.LoggerVerbosity = 1, qldbdriver.LogOff
		})
		if err != nil {
			return nil, fmt.Errorf("make driver of %s: %w", name, err)
		}
		l.drivers = append(l.drivers, d)
	}
	return l, nil
}

// create makes the ledger with a table of count documents, indexed by id.
func (l *ledger) create(ctx context.Context, count int) error {
	if _, err := l.control.CreateLedger(ctx, &qldb.CreateLedgerInput{
		Name: &l.name, PermissionsMode: "STANDARD", DeletionProtection: aws.Bool(false),
	}); err != nil {
		return err
	}
	for {
		found, err := l.control.DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: &l.name})
		if err != nil {
			return err
		}
		if found.State == "ACTIVE" {
			break
		}
	}
	for _, statement := range []string{"CREATE TABLE Registration", "CREATE INDEX ON Registration (id)"} {
		if _, err := query(ctx, l.drivers[0], statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return l.fill(ctx, count)
}

// fill inserts count documents, as many as a transaction takes at once, in all sessions side by side.
func (l *ledger) fill(ctx context.Context, count int) error {
	var (
		group    sync.WaitGroup
		from     atomic.Int64 // number of the first document that nobody has taken yet
		inserted atomic.Int64
		failed   [maxSessions]error
	)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for i, driver := range l.drivers {
		group.Go(func() {
			for ctx.Err() == nil {
				first := int(from.Add(maxDocuments)) - maxDocuments
				if first >= count {
					return
				}
				batch := make([]document, min(maxDocuments, count-first))
				for n := range batch {
					batch[n] = newDocument(first+n, padding)
				}
				if _, err := query(ctx, driver, "INSERT INTO Registration ?", batch); err != nil {
					failed[i] = fmt.Errorf("insert documents %d to %d: %w", first, first+len(batch), err)
					stop() // for the others
					return
				}
				progress("%s: %d of %d documents", l.name, inserted.Add(int64(len(batch))), count)
			}
		})
	}
	group.Wait()
	l.next.Store(int64(count))
	progress("")
	return errors.Join(failed[:]...)
}

// query runs one statement in a transaction of its own and returns its rows in binary Ion.
func query(ctx context.Context, d *qldbdriver.QLDBDriver, statement string, parameters ...any) ([][]byte, error) {
	var rows [][]byte
	_, err := d.Execute(ctx, func(tx qldbdriver.Transaction) (any, error) {
		rows = nil
		result, err := tx.Execute(statement, parameters...)
		if err != nil {
			return nil, err
		}
		for result.Next(tx) {
			rows = append(rows, result.GetCurrentData())
		}
		return nil, result.Err()
	})
	return rows, err
}

// insert adds one document.
func (l *ledger) insert(ctx context.Context, d *qldbdriver.QLDBDriver, _ int) error {
	n := int(l.next.Add(1)) - 1
	_, err := query(ctx, d, "INSERT INTO Registration ?", newDocument(n, padding))
	return err
}

// selectOne reads one of the first count documents by its id.
func (l *ledger) selectOne(ctx context.Context, d *qldbdriver.QLDBDriver, n int) error {
	rows, err := query(ctx, d, "SELECT * FROM Registration WHERE id = ?", documentID(n))
	if err == nil && len(rows) != 1 {
		err = fmt.Errorf("document %d: got %d rows, want 1", n, len(rows))
	}
	return err
}

// operation is what is measured. n is different from call to call and never reaches the size of the table.
type operation func(ctx context.Context, d *qldbdriver.QLDBDriver, n int) error

// rate is how often per second op is done in d by some sessions at once.
func (l *ledger) rate(ctx context.Context, sessions, size int, d time.Duration, op operation) (float64, error) {
	var (
		group sync.WaitGroup
		done  atomic.Int64
		fail  = make([]error, sessions)
	)
	start := time.Now()
	for i, driver := range l.drivers[:sessions] {
		group.Go(func() {
			for n := i; time.Since(start) < d && fail[i] == nil; n += stride {
				fail[i] = op(ctx, driver, n%size)
				done.Add(1)
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), errors.Join(fail...)
}

// stride spreads what is read over the whole table; no size that is a multiple of ten shares a factor with it.
const stride = 7919
