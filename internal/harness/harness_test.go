package harness_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

var start = time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)

func config(dir string) harness.Config {
	return harness.Config{
		DataDir: dir, Clock: clock.NewFrozen(start), SignatureNow: time.Now, Rand: rand.Reader, NoSync: true,
	}
}

// open starts a harness behind a loopback port, closed with the test.
func open(t *testing.T, cfg harness.Config) (*harness.Harness, *httptest.Server) {
	t.Helper()
	h, err := harness.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.Close()
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return h, server
}

func sdk(h *harness.Harness, server *httptest.Server, region string) aws.Config {
	env := h.Env()
	return aws.Config{
		Region: region, BaseEndpoint: &server.URL,
		HTTPClient:  &http.Client{Transport: plainBodies{server.Client().Transport}},
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// plainBodies hides that the SDK's request bodies are io.WriterTo. They report an error when the transport looks for
// their end after the SDK has closed them, and the transport then gives up the connection while the answer is read.
// The SDK retries this, but drivers switch retries off. Source: issue 2737 of aws-sdk-go-v2.
type plainBodies struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.RoundTripper.RoundTrip(r)
}

func makeKey(t *testing.T, client *kms.Client) (arn string) {
	t.Helper()
	out, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.KeyMetadata.Arn)
}

func advance(t *testing.T, h *harness.Harness, d time.Duration) {
	t.Helper()
	if err := h.Advance(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// status is the encryption status of a ledger and the key it names.
func status(t *testing.T, client *qldb.Client, name string) (types.EncryptionStatus, string) {
	t.Helper()
	out, err := client.DescribeLedger(t.Context(), &qldb.DescribeLedgerInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return out.EncryptionDescription.EncryptionStatus, aws.ToString(out.EncryptionDescription.KmsKeyArn)
}

func wantStatus(t *testing.T, client *qldb.Client, want types.EncryptionStatus, wantKey string) {
	t.Helper()
	if got, key := status(t, client, "orders"); got != want || key != wantKey {
		t.Errorf("ledger: got %s under %s, want %s under %s", got, key, want, wantKey)
	}
}

func createLedger(t *testing.T, client *qldb.Client, key string) {
	t.Helper()
	_, err := client.CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: types.PermissionsModeStandard, KmsKey: &key,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLedgerFollowsItsKeys(t *testing.T) {
	t.Parallel()
	h, server := open(t, config(t.TempDir()))
	keys, ledgers := kms.NewFromConfig(sdk(h, server, "eu-west-2")), qldb.NewFromConfig(sdk(h, server, "eu-west-2"))
	first, second := makeKey(t, keys), makeKey(t, keys)
	createLedger(t, ledgers, first)
	advance(t, h, 2*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, first)
	wantGrants(t, keys, first, 1)

	if _, err := ledgers.UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{
		Name: aws.String("orders"), KmsKey: &second,
	}); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, ledgers, types.EncryptionStatusUpdating, second)
	wantGrants(t, keys, first, 1)
	advance(t, h, 3*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, second)
	wantGrants(t, keys, first, 0)
	wantGrants(t, keys, second, 1)

	if _, err := keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &second}); err != nil {
		t.Fatal(err)
	}
	advance(t, h, 6*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusKmsKeyInaccessible, second)
	if _, err := keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &second}); err != nil {
		t.Fatal(err)
	}
	advance(t, h, 6*time.Second)
	wantStatus(t, ledgers, types.EncryptionStatusEnabled, second)
}

func wantGrants(t *testing.T, client *kms.Client, key string, want int) {
	t.Helper()
	out, err := client.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Grants) != want {
		t.Errorf("grants on %s: got %d, want %d", key, len(out.Grants), want)
	}
}

func TestDataDirectoryKeepsEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h, server := open(t, config(dir))
	keys := kms.NewFromConfig(sdk(h, server, "eu-west-2"))
	key := makeKey(t, keys)
	sealed, err := keys.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	createLedger(t, qldb.NewFromConfig(sdk(h, server, "eu-west-2")), key)
	before := h.Env()["AWS_ACCESS_KEY_ID"]

	_, err = harness.New(t.Context(), config(dir))
	var inUse *local.InUseError
	if !errors.As(err, &inUse) {
		t.Fatalf("a second harness over the directory: got %v, want an InUseError", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	h, server = open(t, config(dir))
	if after := h.Env()["AWS_ACCESS_KEY_ID"]; after != before {
		t.Errorf("root access key after a restart: got %s, want %s", after, before)
	}
	opened, err := kms.NewFromConfig(sdk(h, server, "eu-west-2")).Decrypt(t.Context(), &kms.DecryptInput{
		CiphertextBlob: sealed.CiphertextBlob,
	})
	if err != nil || string(opened.Plaintext) != "hello" {
		t.Errorf("decrypt after a restart: got %v, %v", opened, err)
	}
	advance(t, h, 2*time.Second)
	wantStatus(t, qldb.NewFromConfig(sdk(h, server, "eu-west-2")), types.EncryptionStatusEnabled, key)
}

func TestAccountsAndRegionsAreApart(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.Credentials = []harness.Credential{{
		Account: "444455556666", AccessKeyID: "AKIAOTHERACCOUNT0001", SecretAccessKey: "another secret",
	}}
	h, server := open(t, cfg)
	key := makeKey(t, kms.NewFromConfig(sdk(h, server, "eu-west-2")))
	foreign := sdk(h, server, "eu-west-2")
	foreign.Credentials = credentials.NewStaticCredentialsProvider("AKIAOTHERACCOUNT0001", "another secret", "")
	for name, client := range map[string]*kms.Client{
		"Region":  kms.NewFromConfig(sdk(h, server, "us-east-1")),
		"account": kms.NewFromConfig(foreign),
	} {
		out, err := client.ListKeys(t.Context(), &kms.ListKeysInput{})
		if err != nil || len(out.Keys) != 0 {
			t.Errorf("keys of another %s: got %v, %v, want none", name, out, err)
		}
		if _, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key}); err == nil {
			t.Errorf("describe a key from another %s: got no error", name)
		}
	}
	who, err := sts.NewFromConfig(foreign).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(who.Arn) != "arn:aws:iam::444455556666:root" {
		t.Errorf("caller: got %v, %v", who, err)
	}
}

func TestListenRefusesOthersWithoutAuthentication(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.AuthOff = true
	h, _ := open(t, cfg)
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "nonsense"} {
		if err := h.Listen(addr); err == nil {
			t.Errorf("listen on %q without authentication: got no error", addr)
		}
	}
	if err := h.Listen("127.0.0.1:0"); err != nil {
		t.Error(err)
	}
}

func TestAdminAnswersThisMachineOnly(t *testing.T) {
	t.Parallel()
	h, _ := open(t, config(t.TempDir()))
	for _, tc := range []struct {
		name         string
		method, path string
		body         string
		change       func(*http.Request)
		want         int
		text         string
	}{
		{name: "state", method: "GET", path: "state", want: 200, text: `"Ledgers":[]`},
		{name: "clock moved", method: "POST", path: "clock", body: `{"advance": "1h"}`, want: 200, text: "11:15:00"},
		{name: "clock backwards", method: "POST", path: "clock", body: `{"advance": "-1h"}`, want: 400, text: "want a duration"},
		{name: "misspelt", method: "POST", path: "clock", body: `{"advanced": "1h"}`, want: 400, text: "advanced"},
		{name: "no JSON", method: "POST", path: "faults", body: `{`, want: 400, text: "body"},
		{name: "unknown fault kind", method: "POST", path: "faults", body: `{"operation": "X", "kind": "y"}`, want: 400},
		{name: "fault of another name", method: "POST", path: "faults/clear", body: `{"id": "zz"}`, want: 400, text: "zz"},
		{name: "key store", method: "POST", path: "keystores", body: `{"id": "cks-0"}`, want: 400},
		{name: "unknown path", method: "POST", path: "nothing", want: 404, text: "no such path"},
		{name: "GET changes nothing", method: "GET", path: "probe", want: 405, text: "POST"},
		{name: "too long", method: "POST", path: "clock", body: strings.Repeat(" ", 70_000), want: 413},
		{
			name: "another machine", method: "GET", path: "state", want: 403, text: "this machine only",
			change: func(r *http.Request) { r.RemoteAddr = "192.0.2.1:4000" },
		},
		{
			name: "a page in a browser", method: "POST", path: "clock", want: 403,
			change: func(r *http.Request) { r.Header.Set("Origin", "http://example.com") },
		},
		{
			name: "a name that was made to lead here", method: "POST", path: "clock", want: 403,
			change: func(r *http.Request) { r.Host = "example.com:4566" },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(context.Background(), tc.method, "/_harness/"+tc.path,
				strings.NewReader(tc.body))
			r.RemoteAddr, r.Host = "127.0.0.1:4000", "localhost:4566"
			if tc.change != nil {
				tc.change(r)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tc.want || !strings.Contains(w.Body.String(), tc.text) {
				t.Errorf("got %d %s, want %d with %q", w.Code, w.Body, tc.want, tc.text)
			}
		})
	}
}
