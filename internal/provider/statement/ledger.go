// Package statement runs PartiQL statements on a ledger for the objects of the provider.
//
// A Ledger is shared by all objects of a provider instance that name it: they share its sessions, of which there are at
// most ten. Do runs a function in a transaction, through Amazon's driver, which runs it again when the transaction met
// another one. Do itself goes on where the driver gives up although waiting helps: a ledger that is still being
// created, one whose KMS key is out of reach, a service that asks to slow down, a connection that broke.
//
// So a function given to Do may run several times, and an earlier run may have been committed although its answer was
// lost. It has to look before it writes.
package statement

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Options change how long things are waited for. The zero value is right for AWS.
type Options struct {
	// PollInterval is the time between two looks at a ledger or an index. Zero: one second growing to ten.
	PollInterval time.Duration
	// Now and Sleep are the clock. Nil: the machine's.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// WithDefaults fills in the machine's clock.
func (o Options) WithDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Pause waits before look number n (0, 1, ...).
func (o Options) Pause(ctx context.Context, n int) error {
	d := o.PollInterval
	if d == 0 {
		d = min(time.Second<<min(n, 4), 10*time.Second)
	}
	return o.Sleep(ctx, d)
}

// A Ledger runs statements on one ledger. Its methods may be called from many goroutines.
type Ledger struct {
	Name    string
	Region  string
	clients *awsclient.Clients
	opts    Options
	*shared
}

// shared is what all objects of one provider instance have in common for one ledger.
type shared struct {
	pool  *pool
	locks locks

	mu     sync.Mutex
	tables map[string]Table // as seen last, by name, see Indexed
}

type ledgerKey struct{ name string }

// Open returns the ledger called name. It does no network. The error is that of API.In.
func Open(api awsclient.API, region, name string, opts Options) (*Ledger, error) {
	clients, err := api.In(region)
	if err != nil {
		return nil, err
	}
	common := clients.Shared(ledgerKey{name}, func() any {
		return &shared{pool: newPool(name, clients.QLDBSession), tables: map[string]Table{}}
	}).(*shared)
	return &Ledger{
		Name: name, Region: clients.Region, clients: clients, opts: opts.WithDefaults(), shared: common,
	}, nil
}

// Clients are the SDK clients of the ledger's Region.
func (l *Ledger) Clients() *awsclient.Clients { return l.clients }

// A Tx is a transaction inside Do.
type Tx struct {
	driver qldbdriver.Transaction
	x      *exchange
}

// ID is the transaction's id, which metadata.txId of its revisions shows.
func (t *Tx) ID() string { return t.driver.ID() }

// Run runs a statement and returns its rows. There is one parameter for each ? in text.
func (t *Tx) Run(text string, parameters ...ion.Value) ([]ion.Value, error) {
	var rows []ion.Value
	err := t.Each(text, parameters, func(row ion.Value) bool {
		rows = append(rows, row)
		return true
	})
	return rows, err
}

// Any says whether a SELECT has a row, and reads no more pages than it takes to know.
func (t *Tx) Any(text string, parameters ...ion.Value) (found bool, err error) {
	err = t.Each(text, parameters, func(ion.Value) bool {
		found = true
		return false
	})
	return found, err
}

// Each runs a statement and hands its rows to fn one by one, until it returns false. Pages that are not needed for that
// are not read.
func (t *Tx) Each(text string, parameters []ion.Value, fn func(ion.Value) bool) error {
	t.x.with(text, parameters)
	result, err := t.driver.Execute(text)
	if err != nil {
		return err
	}
	for n := 0; result.Next(t.driver); n++ {
		row, err := ion.DecodeOne(result.GetCurrentData(), ion.Stored())
		if err != nil {
			return fmt.Errorf("read row %d: %w", n, err)
		}
		if !fn(row) {
			return nil
		}
	}
	return result.Err()
}

// How often a transaction is run again within one Do.
const (
	maxBroken = 3  // broken connections
	maxBusy   = 10 // answers that ask to slow down
)

// Do runs fn in a transaction and commits it. An error of fn aborts the transaction and is returned as it is; an error
// of a statement must be passed on, for Do to know it.
//
// Errors beside those: *NotReadyError, *NoLedgerError, and what the service says.
func (l *Ledger) Do(ctx context.Context, fn func(*Tx) error) error {
	var broken, busy int
	second := false // the ledger was seen ready after an error: it may have become so just then
	for {
		x := &exchange{}
		err := l.pool.execute(context.WithValue(ctx, exchangeKey{}, x), func(tx qldbdriver.Transaction) (any, error) {
			return nil, fn(&Tx{tx, x})
		})
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return l.stopped(ctx, err)
		case isBusy(err) && busy < maxBusy:
			busy++
			tflog.SubsystemInfo(ctx, "session", "the service asks to slow down", map[string]any{"ledger": l.Name})
			if l.opts.Pause(ctx, busy) != nil {
				return l.stopped(ctx, err)
			}
		case isBroken(err) && broken < maxBroken:
			broken++
			if l.opts.Pause(ctx, 0) != nil {
				return l.stopped(ctx, err)
			}
		case !isRefused(err):
			return err
		default:
			waited, notReady := l.awaitReady(ctx, err)
			if notReady != nil {
				return notReady
			}
			if !waited && (x.began || second) {
				return err
			}
			second = !waited
		}
	}
}

// stopped words an error that came because the time was over, unless it says more by itself.
func (l *Ledger) stopped(ctx context.Context, err error) error {
	look, cancel := LastLook(ctx)
	defer cancel()
	if s, lookErr := l.look(look); lookErr == nil && !s.ready() {
		return &NotReadyError{Ledger: l.Name, Status: s, Interrupted: interrupted(ctx), Err: err}
	}
	return err
}

func interrupted(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }
