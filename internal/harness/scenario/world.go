package scenario

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"

	"github.com/qldbkms/terraform-provider-qldbkms/examples/lambda-app/record"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
)

// What the stack of examples/scenarios is called.
const (
	account = harness.DefaultAccount
	region  = harness.DefaultRegion
	ledger  = "qldb-kms-ledger-poc"
	alias   = "alias/qldb-kms-poc"
)

// world is a harness with everything around it: clients of an administrator, Terraform, and the application.
type world struct {
	cfg     Config
	harness *harness.Harness
	served  chan error
	stop    context.CancelFunc

	root aws.Config // the account root, as which the operator acts
	kms  *kms.Client
	qldb *qldb.Client
	iam  *iam.Client
	tf   *terraform

	// Set once the stack is there, see prepare.
	app    string // base URL of the functions
	server *http.Server
	stores []*record.Store
	http   *http.Client
	spare  map[string]string // ARNs of the keys beside the stack, by what they are for
}

// open starts the harness. The caller must close the world.
func open(ctx context.Context, cfg Config) (*world, error) {
	h, err := harness.New(ctx, harness.Config{
		DataDir: filepath.Join(cfg.Dir, "harness"), Account: account, Region: region,
		Clock: clock.New(cfg.Now), SignatureNow: cfg.Now, Rand: cfg.Rand, Log: cfg.Log, Timing: cfg.timing(),
	})
	if err != nil {
		return nil, err
	}
	if err := h.Listen("127.0.0.1:0"); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	w := &world{cfg: cfg, harness: h, served: make(chan error, 1), stop: stop}
	go func() { w.served <- h.Serve(serving) }()
	env := h.Env()
	w.root = aws.Config{
		Region: region, BaseEndpoint: aws.String(h.Endpoint()),
		HTTPClient:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}},
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	}
	w.kms, w.qldb, w.iam = kms.NewFromConfig(w.root), qldb.NewFromConfig(w.root), iam.NewFromConfig(w.root)
	w.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	if w.tf, err = newTerraform(cfg, env); err != nil {
		return nil, errors.Join(err, w.close(context.WithoutCancel(ctx)))
	}
	return w, nil
}

// close stops the application, then the harness.
func (w *world) close(ctx context.Context) error {
	var errs []error
	if w.server != nil {
		errs = append(errs, w.server.Shutdown(ctx))
	}
	for _, store := range w.stores {
		store.Close(ctx)
	}
	w.http.CloseIdleConnections()
	if client, ok := w.root.HTTPClient.(*http.Client); ok {
		client.CloseIdleConnections()
	}
	w.stop()
	return errors.Join(append(errs, <-w.served, w.harness.Close())...)
}

// serve puts the functions behind a port, each with the rights of its role.
func (w *world) serve(user aws.Config) error {
	for _, role := range []record.Role{record.CreateRole(), record.GetRole()} {
		store, err := record.Open(ledger, assume(user, role))
		if err != nil {
			return err
		}
		w.stores = append(w.stores, store)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve the functions: %w", err)
	}
	w.app = "http://" + listener.Addr().String()
	w.server = &http.Server{
		Handler: record.Handler(w.stores[0], w.stores[1]), ReadHeaderTimeout: requestTimeout,
	}
	go func() {
		if err := w.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.cfg.Log.Error("the functions are no longer served", "error", err)
		}
	}()
	return nil
}

// creates and reads are how many requests arrive per second.
func (w *world) creates() float64 { return w.cfg.Rate * w.cfg.Speedup }
func (w *world) reads() float64   { return 2 * w.creates() }

// pollInterval is how often the ledger is looked at.
func (w *world) pollInterval() time.Duration {
	return min(max(time.Duration(float64(time.Second)/w.cfg.Speedup), 20*time.Millisecond), 250*time.Millisecond)
}

// watch notes the status of the ledger until ctx ends.
func (w *world) watch(ctx context.Context, r *recorder) {
	again := time.NewTicker(w.pollInterval())
	defer again.Stop()
	for {
		status, _, err := w.status(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			status = "unknown"
		}
		r.status(status)
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// noLedger is the status when there is none.
const noLedger = "no ledger"

// status is the encryption status of the ledger while it is ACTIVE, else its state, or noLedger.
func (w *world) status(ctx context.Context) (string, *qldb.DescribeLedgerOutput, error) {
	out, err := w.qldb.DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: aws.String(ledger)})
	if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
		return noLedger, nil, nil
	}
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("look at ledger %s: %w", ledger, err)
	case out.State != types.LedgerStateActive || out.EncryptionDescription == nil:
		return string(out.State), out, nil
	}
	return string(out.EncryptionDescription.EncryptionStatus), out, nil
}

// patience bounds every wait for a status.
const patience = 2 * time.Minute

// await waits until the ledger has a status, and returns what it showed then. The error names what it had instead.
func (w *world) await(ctx context.Context, want string) (*qldb.DescribeLedgerOutput, error) {
	limit, cancel := context.WithTimeoutCause(ctx, patience+w.cfg.timing().KeyChange, errors.New("no longer waited for"))
	defer cancel()
	again := time.NewTicker(w.pollInterval())
	defer again.Stop()
	for {
		status, out, err := w.status(limit)
		switch {
		case err != nil:
			return nil, err
		case status == want:
			return out, nil
		}
		select {
		case <-again.C:
		case <-limit.Done():
			return nil, fmt.Errorf("ledger %s: status %s, want %s: %w", ledger, status, want, context.Cause(limit))
		}
	}
}
