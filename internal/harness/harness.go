// Package harness assembles the server: store, services, wire, clock.
//
// New opens a data directory and starts whatever was pending in it. A Harness is an http.Handler for all services, so
// tests use it without a port; Listen and Serve put it behind one. The services are wired to each other here, and
// only here. CONTRIBUTING.md follows a driver's call from ServeHTTP to the fsync.
package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/authorize"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/console"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/remotekms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/cloudtrail"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/sts"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// maxBody is in bytes: a statement with parameters of 128 KB each, in base64, is the largest request.
const maxBody = 16 << 20

// Harness is a running set of services over one data directory. Its methods may be called concurrently.
type Harness struct {
	cfg   Config
	store *local.Store
	iam   *iam.Service
	// authority decides every call.
	authority *authorize.Authority
	kms       *kms.Service
	remote    *remotekms.Keys // whose keys protect the ledgers; nil: kms's do
	qldb      *qldb.Service
	data      *journals
	session   *session.Service
	sts       *sts.Service
	trail     *cloudtrail.Service
	faults    *fault.Set
	wire      *wire.Server
	pace      *pacer
	// deliveries paces what waits for others: a slow S3 must not hold up the watch on keys.
	deliveries *pacer
	root       iam.AccessKey
	console    *console.Console
	judge      console.Judge

	mu       sync.Mutex
	listener net.Listener // nil until Listen
	closed   bool
}

// New opens cfg.DataDir, which no other process may have open, and starts the services in it.
// The caller must Close the Harness.
func New(ctx context.Context, cfg Config) (*Harness, error) {
	h, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	cfg = h.cfg
	h.console = console.New(h.look, cfg.Log)
	h.deliveries = newPacer(cfg.Clock, cfg.Log, h.qldb.Deliver)
	calm := func(t tick) tick { return overState(h.store.Version, cfg.Clock.Now, t) }
	h.pace = newPacer(cfg.Clock, cfg.Log, calm(h.kms.Tick), calm(h.qldb.Maintain), h.session.Tick, calm(h.iam.Tick),
		calm(h.trail.Tick), h.pokeDeliveries)
	return h, nil
}

// open is New without anything that happens by itself.
func open(ctx context.Context, cfg Config) (*Harness, error) {
	if err := cfg.complete(ctx); err != nil {
		return nil, err
	}
	cfg.Rand = &lockedReader{r: cfg.Rand}
	opened, err := local.Open(ctx, cfg.DataDir, local.Options{
		Rand: cfg.Rand, Log: cfg.Log, NoSync: cfg.NoSync, FS: cfg.FS, IndexFS: cfg.IndexFS,
	})
	if err != nil {
		return nil, err
	}
	h := &Harness{cfg: cfg, store: opened, faults: fault.NewSet()}
	if err := h.assemble(ctx); err != nil {
		return nil, errors.Join(err, h.closeTrail(), opened.Close())
	}
	return h, nil
}

func (h *Harness) assemble(ctx context.Context) error {
	cfg := h.cfg
	var err error
	if h.iam, err = iam.New(iam.Config{
		State: h.store, Sealer: h.store.Sealer(), Clock: cfg.Clock, Rand: cfg.Rand,
	}); err != nil {
		return err
	}
	h.authority = authorize.New(h.iam)
	if h.trail, err = h.newTrail(ctx); err != nil {
		return err
	}
	if h.kms, err = kms.New(kms.Config{
		State: h.store, Sealer: h.store.Sealer(), Authority: h.authority, Clock: cfg.Clock, Rand: cfg.Rand, Log: cfg.Log,
		StoreConnectDuration: cfg.Timing.StoreConnect, Events: h.recordEvent,
	}); err != nil {
		return err
	}
	h.data = &journals{
		store: h.store, clock: cfg.Clock, rand: cfg.Rand, log: cfg.Log, open: map[string]*openJournal{},
		gone: func(id string) { h.session.CloseLedger(id) },
	}
	keys, err := h.ledgerKeys()
	if err != nil {
		return err
	}
	objects, records := h.destinations()
	if h.qldb, err = qldb.New(qldb.Config{
		State: h.store, Keys: keys, Sealer: h.store.Sealer(), Clock: cfg.Clock, Rand: cfg.Rand, Log: cfg.Log,
		MaxLedgers:     cfg.MaxLedgers,
		Journals:       h.data,
		Objects:        objects,
		Records:        records,
		CreateDuration: cfg.Timing.LedgerCreate, DeleteDuration: cfg.Timing.LedgerDelete,
		RekeyDuration: cfg.Timing.KeyChange, KeyCacheTTL: cfg.Timing.KeyCache,
		RecoveryInterval: cfg.Timing.KeyRecovery,
	}); err != nil {
		return err
	}
	if err = h.qldb.CheckLedgers(ctx); err != nil {
		return err
	}
	if h.session, err = session.New(session.Config{
		Ledgers: sessionLedgers{h.qldb}, Authorize: h.permitStatement, Clock: cfg.Clock, Rand: cfg.Rand,
	}); err != nil {
		return err
	}
	if h.sts, err = sts.NewIssuer(sts.Config{Directory: directory{h.iam}, Clock: cfg.Clock}); err != nil {
		return err
	}
	if err := h.addCredentials(ctx); err != nil {
		return err
	}
	if err := h.newWire(); err != nil {
		return err
	}
	return h.plant(ctx)
}

// newWire puts the services behind one endpoint.
func (h *Harness) newWire() (err error) {
	cfg := h.cfg
	h.wire, err = wire.New(wire.Config{
		Services: []wire.Service{
			h.kms.Wire(), h.qldb.Wire(), h.session.Wire(), h.iam.Wire(), h.sts.Wire(), h.trail.Wire(),
		},
		Credentials:   h.iam,
		Now:           cfg.Clock.Now,
		SignatureNow:  cfg.SignatureNow,
		Rand:          cfg.Rand,
		Log:           cfg.Log,
		AuthOff:       cfg.AuthOff,
		AuthOffCaller: iam.Root(cfg.Account),
		Region:        cfg.Region,
		MaxBody:       maxBody,
		Authorize:     h.permit,
		Observe:       h.trail.Observe,
		Explain:       h.explain,
		Faults:        h.faults,
	})
	return err
}

// explain says what to do about a disk that failed, or lost something.
func (h *Harness) explain(err error) string {
	if lost, ok := errors.AsType[*cloudtrail.LostError](err); ok {
		return fmt.Sprintf("data directory %s: %v: restore it from a backup, or look up a time that leaves it out",
			h.cfg.DataDir, lost)
	}
	if failed, ok := errors.AsType[*local.FailedError](err); ok {
		return failed.Error()
	}
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO} {
		if errors.Is(err, errno) {
			return fmt.Sprintf("data directory %s: a write failed (%v): make sure the disk is sound and has space, then try "+
				"again; what was acknowledged is there", h.cfg.DataDir, errno)
		}
	}
	return ""
}

// addCredentials makes sure that the account has a root access key, and takes over the configured ones.
func (h *Harness) addCredentials(ctx context.Context) error {
	var err error
	if h.root, _, err = h.iam.EnsureRoot(ctx, h.cfg.Account); err != nil {
		return fmt.Errorf("root access key of account %s: %w", h.cfg.Account, err)
	}
	for _, c := range h.cfg.Credentials {
		if !accountForm.MatchString(c.Account) {
			return fmt.Errorf("credential %s: account %q: want 12 digits", c.AccessKeyID, c.Account)
		}
		if err := h.iam.Import(ctx, c.Account, c.AccessKeyID, c.SecretAccessKey); err != nil {
			return fmt.Errorf("credential %s: %w", c.AccessKeyID, err)
		}
	}
	return nil
}

// internalCall is a call between services, not yet addressed.
func (h *Harness) internalCall() *wire.Call {
	return &wire.Call{RequestID: h.wire.RequestID(), Time: h.cfg.Clock.Now()}
}

// lockedReader lets several goroutines share a source of randomness.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

// Read implements io.Reader.
func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// ServeHTTP implements http.Handler: the console and /_harness/ are ours, all else is AWS.
func (h *Harness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if console.Serves(r) {
		h.serveConsole(w, r)
		return
	}
	if isAdmin(r) {
		h.serveAdmin(w, r)
		return
	}
	h.wire.ServeHTTP(w, r)
	h.pace.poke()
}

// pokeDeliveries has a look at what a change of the ledgers' state allows to go on.
func (h *Harness) pokeDeliveries(context.Context) (time.Time, error) {
	h.deliveries.poke()
	return time.Time{}, nil
}

// Env is what a command needs in its environment to talk to this Harness. It holds the root secret access key.
func (h *Harness) Env() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":      h.Endpoint(),
		"AWS_ACCESS_KEY_ID":     h.root.ID,
		"AWS_SECRET_ACCESS_KEY": h.root.Secret,
		"AWS_REGION":            h.cfg.Region,
		"AWS_DEFAULT_REGION":    h.cfg.Region,
		// The provider need not wait for a consistency that is there at once.
		"QLDBKMS_POLL_INTERVAL": "25ms",
	}
}

// Advance moves the clock by d and returns when everything that became due by then has happened.
func (h *Harness) Advance(ctx context.Context, d time.Duration) error {
	h.cfg.Clock.Advance(d)
	return errors.Join(h.pace.settle(ctx), h.deliveries.settle(ctx))
}

// Faults are the failures on demand.
func (h *Harness) Faults() *fault.Set { return h.faults }

// Recorder holds the calls that were made.
func (h *Harness) Recorder() *wire.Recorder { return h.wire.Recorder() }

// Close stops listening, stops the clock-driven work and closes the data directory. It may be called twice.
func (h *Harness) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	listener := h.listener
	h.mu.Unlock()
	var errs []error
	if listener != nil {
		errs = append(errs, ignoreClosed(listener.Close()), h.withdraw())
	}
	h.pace.stop()
	h.deliveries.stop()
	return errors.Join(append(errs, h.closeServices())...)
}

func (h *Harness) closeServices() error {
	h.session.Close()
	return errors.Join(h.data.Close(), h.closeTrail(), h.store.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
