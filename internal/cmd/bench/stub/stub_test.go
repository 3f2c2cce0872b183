package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/amzn/ion-go/ion"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession/types"
	"github.com/aws/smithy-go"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
)

// memory is a disk that counts.
type memory struct {
	bytes.Buffer
	syncs int
}

func (m *memory) Sync() error { m.syncs++; return nil }

// plainBodies keeps request bodies from being io.WriterTo. Source: issue 2737 of aws-sdk-go-v2.
type plainBodies struct{ http.RoundTripper }

func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Body = struct{ io.ReadCloser }{r.Body}
	return p.RoundTripper.RoundTrip(r)
}

// start serves a stub, whose clock is off by skew, and returns a client that signs with secret.
func start(t *testing.T, secret string, skew time.Duration) (*qldbsession.Client, *memory) {
	t.Helper()
	log := &memory{}
	row, err := ion.MarshalBinary(map[string]int{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	keys := &signer{id: "AKIDEXAMPLE", secret: "right", now: func() time.Time { return time.Now().Add(skew) }}
	server := httptest.NewServer(newStub(keys, log, row))
	t.Cleanup(server.Close)
	return qldbsession.New(qldbsession.Options{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{},
		HTTPClient: &http.Client{Transport: plainBodies{server.Client().Transport}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret}, nil
		}),
	}), log
}

func TestDriver(t *testing.T) {
	t.Parallel()
	client, log := start(t, "right", 0)
	driver, err := qldbdriver.New("any", client, func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driver.Shutdown(context.Background()) })
	for _, c := range []struct {
		statement string
		parameter any
		entries   int // so far
	}{
		{"SELECT * FROM T WHERE id = ?", "x\x0b\x0c\x0ey", 1},
		{"INSERT INTO T ?", map[string]any{"id": "x", "n": []int{1, 2}}, 2},
		{"INSERT INTO \x0e T ?", 1, 3},
	} {
		n, err := driver.Execute(t.Context(), func(tx qldbdriver.Transaction) (any, error) {
			result, err := tx.Execute(c.statement, c.parameter)
			if err != nil {
				return nil, err
			}
			rows, err := tx.BufferResult(result)
			if err != nil {
				return nil, err
			}
			n := 0
			for rows.Next() {
				n++
			}
			return n, nil
		})
		if err != nil {
			t.Fatalf("%q: %v", c.statement, err)
		}
		if n != 1 || log.Len() != c.entries*entryBytes || log.syncs != c.entries {
			t.Errorf("%q: got %v rows, %d bytes, %d syncs, want 1, %d, %d", c.statement, n, log.Len(), log.syncs,
				c.entries*entryBytes, c.entries)
		}
	}
}

func TestSignatureRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, secret string
		skew         time.Duration
		want         error
	}{
		{"another secret", "wrong", 0, errSignature},
		{"an hour old", "right", time.Hour, errOld},
		{"an hour early", "right", -time.Hour, errOld},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client, _ := start(t, c.secret, c.skew)
			_, err := client.SendCommand(t.Context(), &qldbsession.SendCommandInput{
				StartSession: &types.StartSessionRequest{LedgerName: aws.String("any")},
			})
			var fault smithy.APIError
			if !errors.As(err, &fault) || fault.ErrorCode() != "InvalidSignatureException" ||
				fault.ErrorMessage() != c.want.Error() {
				t.Errorf("got %v, want InvalidSignatureException: %v", err, c.want)
			}
		})
	}
}

// tampering changes the body after it was signed; its length stays.
type tampering struct{ http.RoundTripper }

func (p tampering) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte("any"), []byte("all"))))
	return p.RoundTripper.RoundTrip(r)
}

func TestSignatureCoversBody(t *testing.T) {
	t.Parallel()
	client, _ := start(t, "right", 0)
	_, err := client.SendCommand(t.Context(), &qldbsession.SendCommandInput{
		StartSession: &types.StartSessionRequest{LedgerName: aws.String("any")},
	}, func(o *qldbsession.Options) { o.HTTPClient = &http.Client{Transport: tampering{http.DefaultTransport}} })
	var fault smithy.APIError
	if !errors.As(err, &fault) || fault.ErrorMessage() != errSignature.Error() {
		t.Errorf("got %v, want %v", err, errSignature)
	}
}

func TestDigestRefused(t *testing.T) {
	t.Parallel()
	client, log := start(t, "right", 0)
	send := func(in *qldbsession.SendCommandInput) (*qldbsession.SendCommandOutput, error) {
		return client.SendCommand(t.Context(), in)
	}
	session, err := send(&qldbsession.SendCommandInput{
		StartSession: &types.StartSessionRequest{LedgerName: aws.String("any")},
	})
	if err != nil {
		t.Fatal(err)
	}
	token := session.StartSession.SessionToken
	begun, err := send(&qldbsession.SendCommandInput{
		SessionToken: token, StartTransaction: &types.StartTransactionRequest{},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := begun.StartTransaction.TransactionId
	if _, err := send(&qldbsession.SendCommandInput{SessionToken: token, ExecuteStatement: &types.ExecuteStatementRequest{
		TransactionId: id, Statement: aws.String("INSERT INTO T {}"),
	}}); err != nil {
		t.Fatal(err)
	}
	alone := hashString(*id) // as if nothing had run
	_, err = send(&qldbsession.SendCommandInput{SessionToken: token, CommitTransaction: &types.CommitTransactionRequest{
		TransactionId: id, CommitDigest: alone[:],
	}})
	var refused *types.BadRequestException
	if !errors.As(err, &refused) || refused.ErrorMessage() != "Digests don't match" {
		t.Errorf("got %v, want BadRequestException: Digests don't match", err)
	}
	if log.Len() != 0 {
		t.Errorf("got %d bytes written, want none", log.Len())
	}
}

// The vectors are what Amazon's Go and Node.js drivers both compute.
func TestDigestVector(t *testing.T) {
	t.Parallel()
	param, err := ion.MarshalBinary(map[string]int{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	first, err := hashIon(param)
	if err != nil {
		t.Fatal(err)
	}
	digest := dot(hashString("I1pH6SCujBW0JYpPoLQT02"), dot(dot(hashString("SELECT 1"), first), hashString("x")))
	digest = dot(digest, hashString("it''s"))
	const want = "F0P6uNLc0zKEa3sFWdQdNYpZF+/5Jzc3vukgtXIRqqc="
	if got := base64.StdEncoding.EncodeToString(digest[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
