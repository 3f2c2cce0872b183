package acctest

import (
	"io"
	"net/http"
	"net/http/httptest"
)

// direct hands each request to h in this process: SDK clients that never open a port.
type direct struct{ h http.Handler }

// RoundTrip implements http.RoundTripper. A connection that h drops is an unexpected EOF, as on a socket.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context()) // a handler must not see client-side state
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	recorder, served := httptest.NewRecorder(), make(chan bool, 1)
	go func() {
		answered := false
		defer func() {
			if thrown := recover(); thrown != nil && thrown != http.ErrAbortHandler {
				panic(thrown)
			}
			served <- answered
		}()
		d.h.ServeHTTP(recorder, in)
		answered = true
	}()
	select {
	case answered := <-served:
		if !answered {
			return nil, io.ErrUnexpectedEOF
		}
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	response := recorder.Result()
	response.Request = r
	return response, nil
}
