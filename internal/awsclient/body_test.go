package awsclient_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// writerTo tells whether a body that was sent is an io.WriterTo, and answers like a session service.
type writerTo struct{ seen *bool }

// RoundTrip implements http.RoundTripper.
func (w writerTo) RoundTrip(r *http.Request) (*http.Response, error) {
	_, *w.seen = r.Body.(io.WriterTo)
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader(`{"StartSession": {"SessionToken": "AAAA"}}`)),
	}, nil
}

func TestSessionBodiesCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	seen := true
	source, err := awsclient.New(t.Context(), awsclient.Config{
		Region: "eu-west-2", AccessKey: "AKIAEXAMPLE", SecretKey: "example", Transport: writerTo{&seen},
	})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := source.In("")
	if err != nil {
		t.Fatal(err)
	}
	name := "orders"
	_, err = clients.QLDBSession.SendCommand(t.Context(), &qldbsession.SendCommandInput{
		StartSession: &types.StartSessionRequest{LedgerName: &name},
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen {
		t.Error("the body that was sent is an io.WriterTo")
	}
}
