package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/amzn/ion-go/ion"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
)

const (
	poolSize = 10 // sessions of one function
	retries  = 4  // of a transaction that met a conflict or a server error
)

// A Record is a document of table Test.
type Record struct {
	ID        int    `ion:"id" json:"id"`
	FirstName string `ion:"firstName" json:"firstName"`
	LastName  string `ion:"lastName" json:"lastName"`
	Email     string `ion:"email" json:"email"`
	Street    string `ion:"street" json:"street"`
	Postcode  string `ion:"postcode" json:"postcode"`
}

// ErrNotFound is returned by Get when no record has the id.
var ErrNotFound = errors.New("record not found")

// A Store reads or writes records with the rights of one role. Its methods may be called concurrently.
type Store struct {
	driver *qldbdriver.QLDBDriver
	// slots has one element per transaction under way. The Go driver refuses a transaction when its pool is empty,
	// where the drivers of other languages wait.
	slots chan struct{}
}

// Open makes a Store over a ledger. cfg says where QLDB is and which role asks. The caller must Close it.
func Open(ledger string, cfg aws.Config) (*Store, error) {
	client := qldbsession.NewFromConfig(cfg, func(o *qldbsession.Options) {
		o.HTTPClient = plainBodies{o.HTTPClient}
	})
	driver, err := qldbdriver.New(ledger, client, func(o *qldbdriver.DriverOptions) {
		o.MaxConcurrentTransactions = poolSize
		o.LoggerVerbosity = qldbdriver.LogOff
		o.RetryPolicy = qldbdriver.RetryPolicy{
			MaxRetryLimit: retries,
			Backoff: qldbdriver.ExponentialBackoffStrategy{
				SleepBase: 10 * time.Millisecond, SleepCap: 5 * time.Second,
			},
		}
	})
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", ledger, err)
	}
	return &Store{driver: driver, slots: make(chan struct{}, poolSize)}, nil
}

// Close ends the sessions.
func (s *Store) Close(ctx context.Context) { s.driver.Shutdown(ctx) }

// Create adds r. Errors of QLDB are returned as they are, because callers show their name and text.
func (s *Store) Create(ctx context.Context, r Record) error {
	_, err := s.execute(ctx, func(txn qldbdriver.Transaction) (any, error) {
		return txn.Execute("INSERT INTO Test ?", r)
	})
	return err
}

// Get finds a record by its id. The error is ErrNotFound, or QLDB's as it is.
func (s *Store) Get(ctx context.Context, id int) (Record, error) {
	found, err := s.execute(ctx, func(txn qldbdriver.Transaction) (any, error) {
		result, err := txn.Execute("SELECT * FROM Test WHERE id = ?", id)
		if err != nil {
			return nil, err
		}
		if !result.Next(txn) {
			return nil, result.Err()
		}
		var r Record
		if err := ion.Unmarshal(result.GetCurrentData(), &r); err != nil {
			return nil, fmt.Errorf("decode record %d: %w", id, err)
		}
		return r, nil
	})
	if err != nil {
		return Record{}, err
	}
	r, ok := found.(Record)
	if !ok {
		return Record{}, ErrNotFound
	}
	return r, nil
}

// execute waits for a session and runs one transaction.
func (s *Store) execute(ctx context.Context, do func(qldbdriver.Transaction) (any, error)) (any, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
		return s.driver.Execute(ctx, do)
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a session: %w", context.Cause(ctx))
	}
}

// plainBodies sends requests whose bodies can only be read. The SDK's own bodies report an error when the transport
// looks for their end after the SDK has closed them, as happens with a server that is near, and the driver switches
// the SDK's retries off.
//
// Source: issue 2737 of aws-sdk-go-v2.
type plainBodies struct{ client qldbsession.HTTPClient }

// Do implements qldbsession.HTTPClient.
func (p plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.client.Do(r)
}
