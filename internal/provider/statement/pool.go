package statement

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
)

const (
	// maxSessions is how many sessions are open with one ledger. Terraform works on ten objects at a time.
	maxSessions = 10
	// conflictRetries is how often the driver runs a transaction again that met another one: after 20 ms, 40 ms and so
	// on, 10 s in all.
	conflictRetries = 8
)

// A pool is the driver of one ledger, cut into drivers with one session each.
//
// One driver with many sessions answers with an error when all are taken, where objects of an apply have to wait. And
// when two goroutines see the last idle session, the one that loses waits for the next without looking at its context;
// if the other's session breaks, there is no next.
type pool struct {
	ledger string
	client *qldbsession.Client
	free   chan struct{} // a token for each session that is not in use

	mu   sync.Mutex
	idle []*qldbdriver.QLDBDriver // last in, first out, so that few sessions serve few objects
}

func newPool(ledger string, client *qldbsession.Client) *pool {
	p := &pool{ledger: ledger, client: exact(client), free: make(chan struct{}, maxSessions)}
	for range maxSessions {
		p.free <- struct{}{}
	}
	return p
}

// execute runs fn in a transaction, as often as it takes to commit it.
func (p *pool) execute(ctx context.Context, fn func(qldbdriver.Transaction) (any, error)) error {
	select {
	case <-p.free:
		defer func() { p.free <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	d, err := p.take()
	if err != nil {
		return err
	}
	defer p.put(d)
	_, err = d.Execute(ctx, fn)
	return err
}

func (p *pool) take() (*qldbdriver.QLDBDriver, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		d := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return d, nil
	}
	return qldbdriver.New(p.ledger, p.client, func(o *qldbdriver.DriverOptions) {
		o.MaxConcurrentTransactions = 1
		o.LoggerVerbosity = qldbdriver.LogOff // its log holds whole commands: documents
		o.RetryPolicy = qldbdriver.RetryPolicy{
			MaxRetryLimit: conflictRetries,
			Backoff:       qldbdriver.ExponentialBackoffStrategy{SleepBase: 10 * time.Millisecond, SleepCap: 5 * time.Second},
		}
	})
}

func (p *pool) put(d *qldbdriver.QLDBDriver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, d)
}
