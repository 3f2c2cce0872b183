package wire_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// rawGames are heads of requests that no HTTP client sends: each could mean two requests, or none. SIGNED stands for
// the headers of a good request but for Host and Content-Length, whose body is {"KeyId":"k"}.
var rawGames = map[string]string{
	"two hosts":                    "Host: HOST\r\nHost: other.example\r\nSIGNEDContent-Length: 13\r\n",
	"no host":                      "SIGNEDContent-Length: 13\r\n",
	"two lengths":                  "Host: HOST\r\nSIGNEDContent-Length: 13\r\nContent-Length: 2\r\n",
	"negative length":              "Host: HOST\r\nSIGNEDContent-Length: -13\r\n",
	"length of letters":            "Host: HOST\r\nSIGNEDContent-Length: 0xd\r\n",
	"unknown encoding":             "Host: HOST\r\nSIGNEDTransfer-Encoding: gzip, chunked\r\n",
	"two encodings":                "Host: HOST\r\nSIGNEDTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
	"blank before colon":           "Host: HOST\r\nSIGNEDContent-Length : 13\r\nContent-Length: 13\r\n",
	"a header with a nul":          "Host: HOST\r\nSIGNEDX-Note: a\x00b\r\nContent-Length: 13\r\n",
	"a name in brackets":           "Host: HOST\r\nSIGNED[X-Note]: a\r\nContent-Length: 13\r\n",
	"length shorter than the body": "Host: HOST\r\nSIGNEDContent-Length: 5\r\n",
	"length and encoding":          "Host: HOST\r\nSIGNEDContent-Length: 13\r\nTransfer-Encoding: chunked\r\n",
}

// TestRawRequests: what an HTTP client would not send is refused, and no operation runs, neither of it nor of what
// follows on the connection.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	for name, head := range rawGames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			host := strings.TrimPrefix(h.url, "http://")
			good := "Host: HOST\r\nSIGNEDContent-Length: 13\r\n"
			if got := sendRaw(t, host, good); got != http.StatusOK || h.count() != 1 {
				t.Fatalf("a good request: got %d, %d operations", got, h.count())
			}
			if got := sendRaw(t, host, head); got < 400 || got > 501 || got == 500 {
				t.Errorf("got %d, want a refusal", got)
			}
			if n := h.count(); n != 1 {
				t.Errorf("%d operations ran, want only the good one", n)
			}
		})
	}
}

// sendRaw sends a head with the body of a good request, and returns the status of the first answer.
func sendRaw(t *testing.T, host, head string) int {
	t.Helper()
	q := kmsRequest()
	r, err := http.NewRequestWithContext(t.Context(), q.method, "http://"+host+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	q.sign(t, r)
	var signed strings.Builder
	if err := r.Header.Write(&signed); err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", host, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	body := q.body
	if strings.Contains(head, "chunked") {
		body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	}
	head = strings.NewReplacer("HOST", host, "SIGNED", signed.String()).Replace(head)
	if _, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\n%s\r\n%s", head, body); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
