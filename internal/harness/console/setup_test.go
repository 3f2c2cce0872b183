package console_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
)

// world is a harness behind a port, with clients of its account's root.
type world struct {
	*harness.Harness
	cfg  aws.Config
	kms  *kms.Client
	qldb *qldb.Client
}

// newWorld starts a harness whose clock runs. Its asynchronous things take an hour: tests move the clock.
func newWorld(t *testing.T) world {
	t.Helper()
	h, err := harness.New(t.Context(), harness.Config{
		DataDir: t.TempDir(), Clock: clock.New(time.Now), SignatureNow: time.Now, Rand: rand.Reader, NoSync: true,
		Timing: harness.Timing{
			LedgerCreate: time.Hour, LedgerDelete: time.Hour, KeyChange: time.Hour, KeyCache: time.Hour,
			KeyRecovery: time.Hour, StoreConnect: time.Hour,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	env := h.Env()
	cfg := aws.Config{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(h.Endpoint()),
		HTTPClient: &http.Client{Transport: plainBodies{http.DefaultTransport.(*http.Transport).Clone()}},
		Credentials: credentials.NewStaticCredentialsProvider(
			env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	return world{Harness: h, cfg: cfg, kms: kms.NewFromConfig(cfg), qldb: qldb.NewFromConfig(cfg)}
}

// plainBodies hides that the SDK's request bodies are io.WriterTo, see issue 2737 of aws-sdk-go-v2.
type plainBodies struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.RoundTripper.RoundTrip(r)
}

// must fails the test for an error of an API call.
func must[Out any](t *testing.T) func(Out, error) Out {
	return func(out Out, err error) Out {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// key makes a key with an alias; policy may be "".
func (w world) key(t *testing.T, description, alias, policy string) string {
	t.Helper()
	in := &kms.CreateKeyInput{Description: &description}
	if policy != "" {
		in.Policy = &policy
	}
	arn := *must[*kms.CreateKeyOutput](t)(w.kms.CreateKey(t.Context(), in)).KeyMetadata.Arn
	must[*kms.CreateAliasOutput](t)(w.kms.CreateAlias(t.Context(),
		&kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &arn}))
	return arn
}

// ledger makes a ledger, ACTIVE, under a key, or under the AWS owned key for "".
func (w world) ledger(t *testing.T, name, key string) {
	t.Helper()
	in := &qldb.CreateLedgerInput{Name: &name, PermissionsMode: types.PermissionsModeStandard}
	if key != "" {
		in.KmsKey = &key
	}
	must[*qldb.CreateLedgerOutput](t)(w.qldb.CreateLedger(t.Context(), in))
	w.advance(t, 2*time.Hour)
}

// tables makes tables with a few documents in each.
func (w world) tables(t *testing.T, ledger string, names ...string) {
	t.Helper()
	driver, err := qldbdriver.New(ledger, qldbsession.NewFromConfig(w.cfg), func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
	})
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Shutdown(context.WithoutCancel(t.Context()))
	run := func(statement string, parameters ...any) {
		_, err := driver.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
			return txn.Execute(statement, parameters...)
		})
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, name := range names {
		run("CREATE TABLE " + name)
		for n := range 5 {
			run("INSERT INTO "+name+" ?", map[string]any{"n": n, "secret": "telltale"})
		}
	}
}

// advance moves the clock; what is due by then has happened when it returns.
func (w world) advance(t *testing.T, d time.Duration) {
	t.Helper()
	if err := w.Advance(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// disable switches a key off and lets the ledgers notice.
func (w world) disable(t *testing.T, key string) {
	t.Helper()
	must[*kms.DisableKeyOutput](t)(w.kms.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key}))
	w.advance(t, 2*time.Hour)
}
