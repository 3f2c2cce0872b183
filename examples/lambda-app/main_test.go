package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// TestServe starts the application as main does. It cannot be parallel: settings come from the process's environment.
func TestServe(t *testing.T) {
	h := acctest.Start(t)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := h.Transport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(endpoint.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint.URL, "AWS_REGION": acctest.Region, "AWS_ACCESS_KEY_ID": h.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": h.SecretKey, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	settings := map[string]string{"LEDGER": "no-such-ledger", "LISTEN": "127.0.0.1:0"}
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, func(name string) string { return settings[name] }, write)
		_ = write.Close()
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("the application did not say where it serves: %v; %v", err, <-ended)
	}
	_, url, _ := strings.Cut(strings.TrimSpace(line), ": ")
	answer, err := http.Get(url + "/1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	const want = `{"status":500,"title":"BadRequestException","detail":"No such ledger: no-such-ledger"}`
	if err != nil || string(body) != want {
		t.Errorf("a ledger that is not there: got %s, %v; want %s", body, err, want)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the application ended with %v", err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string]map[string]string{
		"LEDGER is not set":    {},
		"LISTEN 127.0.0.1:-1:": {"LEDGER": "x", "LISTEN": "127.0.0.1:-1"},
	} {
		err := serve(t.Context(), func(name string) string { return settings[name] }, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", settings, err, want)
		}
	}
}
