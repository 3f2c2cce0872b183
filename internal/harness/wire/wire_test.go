package wire_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	account   = "111122223333"
	accessKey = "AKIALEDGERADMIN00001"
	secret    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	session   = "ASIALEDGERSESSION001"
	expired   = "ASIALEDGERSESSION002"
	inactive  = "AKIALEDGERADMIN00002"
)

var start = time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)

// keyring is a fixed set of access keys.
type keyring map[string]wire.Credential

func (k keyring) Lookup(_ context.Context, id string) (wire.Credential, bool, error) {
	c, found := k[id]
	return c, found, nil
}

func keys() keyring {
	root := wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account}
	return keyring{
		accessKey: {Secret: secret, Caller: root, Active: true},
		inactive:  {Secret: secret, Caller: root},
		session:   {Secret: secret, Token: "token", Caller: root, Active: true, Expires: start.Add(time.Hour)},
		expired:   {Secret: secret, Token: "token", Caller: root, Active: true, Expires: start.Add(-time.Second)},
	}
}

// counter is a source of request ids that differ.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	c.n++
	for i := range p {
		p[i] = c.n
	}
	return len(p), nil
}

// world is a small table of operations and what they saw.
type world struct {
	mu    sync.Mutex
	calls []*wire.Call
	ins   []any
	block chan struct{} // EnableKey waits for it when set
}

func (w *world) saw(c *wire.Call, in any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.ins = append(w.calls, c), append(w.ins, in)
}

func (w *world) last(t *testing.T) (*wire.Call, any) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.calls) == 0 {
		t.Fatal("no operation was called")
	}
	return w.calls[len(w.calls)-1], w.ins[len(w.ins)-1]
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.calls)
}

type keyTag struct {
	TagKey   string `json:"TagKey"`
	TagValue string `json:"TagValue"`
}

type createKeyInput struct {
	Description string            `json:"Description"`
	MultiRegion *bool             `json:"MultiRegion"`
	Tags        []keyTag          `json:"Tags"`
	Limit       *int32            `json:"Limit"`
	Blob        []byte            `json:"Blob"`
	ValidTo     *wire.Time        `json:"ValidTo"`
	Context     map[string]string `json:"Context"`
}

type keyMetadata struct {
	KeyID        string     `json:"KeyId"`
	Description  string     `json:"Description"`
	CreationDate *wire.Time `json:"CreationDate"`
}

type createKeyOutput struct {
	KeyMetadata keyMetadata `json:"KeyMetadata"`
}

type keyInput struct {
	KeyID string `json:"KeyId"`
}

func (in *keyInput) Target() string { return in.KeyID }

type encryptInput struct {
	KeyID     string `json:"KeyId"`
	Plaintext []byte `json:"Plaintext"`
}

type encryptOutput struct {
	CiphertextBlob []byte `json:"CiphertextBlob"`
}

func (w *world) kms() wire.Service {
	return wire.Service{
		SigningName: "kms", Protocol: wire.AWSJSON11, TargetPrefix: "TrentService",
		Operations: wire.Table{
			"CreateKey": wire.Op("kms:CreateKey", wire.Write,
				func(_ context.Context, c *wire.Call, in *createKeyInput) (*createKeyOutput, error) {
					w.saw(c, in)
					return &createKeyOutput{keyMetadata{"id", in.Description, wire.At(c.Time)}}, nil
				}),
			"EnableKey": wire.Op("kms:EnableKey", wire.Write,
				func(ctx context.Context, c *wire.Call, in *keyInput) (*wire.Empty, error) {
					w.saw(c, in)
					if w.block != nil {
						<-w.block
					}
					return nil, ctx.Err()
				}),
			"DescribeKey": wire.Op("kms:DescribeKey", wire.Read, w.describeKey),
			"Encrypt": wire.Op("kms:Encrypt", wire.Write,
				func(_ context.Context, c *wire.Call, in *encryptInput) (*encryptOutput, error) {
					w.saw(c, in)
					return &encryptOutput{append([]byte("sealed:"), in.Plaintext...)}, nil
				}),
		},
	}
}

// describeKey fails in the way its input names.
func (w *world) describeKey(_ context.Context, c *wire.Call, in *keyInput) (*createKeyOutput, error) {
	w.saw(c, in)
	switch in.KeyID {
	case "panic":
		panic("a defect with a secret")
	case "broken":
		return nil, errors.New("a defect with a secret")
	case "denied":
		return nil, wire.Faultf("AccessDeniedException", "User is not authorized")
	case "silent":
		return nil, &wire.Fault{Code: "UnsupportedOperationException"}
	}
	return nil, wire.Faultf("NotFoundException", "Invalid keyId '%s'", in.KeyID)
}

type ledgerInput struct {
	Name      string             `path:"Name" json:"-"`
	Tags      map[string]*string `json:"Tags"`
	Protected *bool              `json:"DeletionProtection"`
}

func (in *ledgerInput) Target() string { return in.Name }

type ledgerOutput struct {
	Name string `json:"Name"`
}

type listInput struct {
	Max  *int32 `query:"max_results"`
	Next string `query:"next_token"`
}

type untagInput struct {
	ARN  string   `path:"ResourceArn"`
	Keys []string `query:"tagKeys"`
}

func (w *world) qldb() wire.Service {
	return wire.Service{SigningName: "qldb", Protocol: wire.RESTJSON, Operations: wire.Table{
		"UpdateLedger": wire.REST("PATCH", "/ledgers/{Name}", "qldb:UpdateLedger", wire.Write,
			func(_ context.Context, c *wire.Call, in *ledgerInput) (*ledgerOutput, error) {
				w.saw(c, in)
				return &ledgerOutput{in.Name}, nil
			}),
		"DescribeLedger": wire.REST("GET", "/ledgers/{Name}", "qldb:DescribeLedger", wire.Read,
			func(_ context.Context, c *wire.Call, in *ledgerInput) (*ledgerOutput, error) {
				w.saw(c, in)
				return nil, &wire.Fault{Code: "ResourceNotFoundException", Message: "Ledger not found", Status: 404,
					Members: map[string]string{"ResourceType": "Ledger", "ResourceName": in.Name}}
			}),
		"DeleteLedger": wire.REST("DELETE", "/ledgers/{Name}", "qldb:DeleteLedger", wire.Write,
			func(_ context.Context, c *wire.Call, in *ledgerInput) (*wire.Empty, error) {
				w.saw(c, in)
				return nil, nil
			}),
		"ListLedgers": wire.REST("GET", "/ledgers", "qldb:ListLedgers", wire.Read,
			func(_ context.Context, c *wire.Call, in *listInput) (*wire.Empty, error) {
				w.saw(c, in)
				return &wire.Empty{}, nil
			}),
		"UntagResource": wire.REST("DELETE", "/tags/{ResourceArn}", "qldb:UntagResource", wire.Write,
			func(_ context.Context, c *wire.Call, in *untagInput) (*wire.Empty, error) {
				w.saw(c, in)
				return &wire.Empty{}, nil
			}),
	}}
}

type formTag struct {
	Key   string `form:"Key" xml:"Key"`
	Value string `form:"Value" xml:"Value"`
}

type roleInput struct {
	Name  string            `form:"RoleName"`
	Tags  []formTag         `form:"Tags"`
	Max   *int32            `form:"MaxItems"`
	Since *wire.Time        `form:"Since"`
	Attrs map[string]string `form:"Attrs"`
	Deep  struct {
		On bool `form:"On"`
	} `form:"Deep"`
}

type roleOutput struct {
	Arn  string    `xml:"Arn"`
	Tags []formTag `xml:"Tags>member"`
}

func (w *world) sts() wire.Service {
	return wire.Service{
		SigningName: "sts", Protocol: wire.Query, Version: "2011-06-15",
		XMLNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Operations: wire.Table{
			"GetCallerIdentity": wire.Op("sts:GetCallerIdentity", wire.Read,
				func(_ context.Context, c *wire.Call, in *roleInput) (*roleOutput, error) {
					w.saw(c, in)
					return &roleOutput{Arn: c.Caller.ARN, Tags: in.Tags}, nil
				}),
			"NoResult": wire.Op("sts:NoResult", wire.Write,
				func(_ context.Context, c *wire.Call, in *wire.Empty) (*wire.Empty, error) {
					w.saw(c, in)
					return nil, nil
				}),
		},
	}
}

func (w *world) session() wire.Service {
	return wire.Service{SigningName: "qldb", Protocol: wire.AWSJSON10, TargetPrefix: "QLDBSession",
		Operations: wire.Table{
			"SendCommand": wire.Op("qldb:SendCommand", wire.Write,
				func(_ context.Context, c *wire.Call, in *keyInput) (*wire.Empty, error) {
					w.saw(c, in)
					return nil, wire.Faultf("BadRequestException", "Digests don't match")
				}),
		}}
}

// harness is a server over a world.
type harness struct {
	*world
	*wire.Server
	url string
	now atomic.Pointer[time.Time]
	log *logLines
}

// logLines collects what is logged.
type logLines struct {
	mu   sync.Mutex
	text string
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += string(p)
	return len(p), nil
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

func newHarness(t *testing.T, changes ...func(*wire.Config)) *harness {
	t.Helper()
	h := &harness{world: &world{}, log: &logLines{}}
	h.now.Store(&start)
	cfg := wire.Config{
		Services:    []wire.Service{h.kms(), h.qldb(), h.session(), h.sts()},
		Credentials: keys(),
		Now:         func() time.Time { return *h.now.Load() },
		Rand:        &counter{},
		Log:         slog.New(slog.NewTextHandler(h.log, nil)),
	}
	for _, change := range changes {
		change(&cfg)
	}
	server, err := wire.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	h.Server = server
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	h.url = front.URL
	return h
}

// config is an SDK configuration that reaches h as the root user.
func (h *harness) config() aws.Config {
	return aws.Config{
		Region:       "eu-west-2",
		BaseEndpoint: aws.String(h.url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}, nil
		}),
		RetryMaxAttempts: 2,
	}
}

func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return string(body)
}

func staticSecret(value string) func(context.Context) (aws.Credentials, error) {
	return func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: value}, nil
	}
}

// faultIn reads code and text of a fault as the SDKs do.
func faultIn(t *testing.T, service string, res *http.Response, body string) (code, text string) {
	t.Helper()
	if service == "sts" {
		var f struct {
			Error struct{ Type, Code, Message string }
		}
		if err := xml.Unmarshal([]byte(body), &f); err != nil {
			t.Fatalf("fault %q: %v", body, err)
		}
		return f.Error.Code, f.Error.Message
	}
	var f map[string]string
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		t.Fatalf("fault %q: %v", body, err)
	}
	text = f["message"]
	if text == "" {
		text = f["Message"]
	}
	return res.Header.Get("X-Amzn-Errortype"), text
}

// newServer returns a server without a listener.
func newServer(t testing.TB) *wire.Server {
	t.Helper()
	w := &world{}
	server, err := wire.New(wire.Config{
		Services:    []wire.Service{w.kms(), w.qldb(), w.session(), w.sts()},
		Credentials: keys(), Now: func() time.Time { return start }, Rand: &counter{},
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return server
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}
