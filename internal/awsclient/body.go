package awsclient

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// plainBodies sends requests whose bodies can only be read.
//
// The SDK's own bodies are io.WriterTo as well, and report an error when the transport looks for their end after the
// SDK has closed them, which it does as soon as an answer begins. The transport then gives up the connection while the
// answer is being read. A server that is near answers early enough for that. The SDK retries it, but the QLDB driver
// switches retries off.
//
// Source: issue 2737 of aws-sdk-go-v2.
type plainBodies struct{ client aws.HTTPClient }

// Do implements aws.HTTPClient.
func (p plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.client.Do(r)
}
