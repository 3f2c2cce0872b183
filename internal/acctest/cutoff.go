package acctest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
)

// CutOff lets the next commit of the provider happen, but its answer go unheard: then runs, and the request ends as one
// that was cancelled does. Providers made from now on meet it; restore ends it.
func (h *Harness) CutOff(then func()) (restore func()) {
	before := h.Transport
	h.Transport = &cutOff{next: before, then: then}
	return func() { h.Transport = before }
}

type cutOff struct {
	next http.RoundTripper
	once sync.Once
	then func()
}

// RoundTrip implements http.RoundTripper.
func (c *cutOff) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if r.Body == nil {
		return c.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err = c.next.RoundTrip(r)
	if bytes.Contains(body, []byte("CommitDigest")) {
		c.once.Do(func() {
			if err == nil {
				resp.Body.Close()
			}
			c.then()
			resp, err = nil, context.Canceled
		})
	}
	return resp, err
}
