package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Listen opens addr, such as 127.0.0.1:4566; port 0 takes a free one. Without authentication only loopback will do.
func (h *Harness) Listen(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("address %q: want HOST:PORT, such as 127.0.0.1:4566", addr)
	}
	if h.cfg.AuthOff && !isLoopback(host) {
		return fmt.Errorf("address %q is not a loopback address: with authentication off anybody who reaches it is "+
			"the account root; listen on 127.0.0.1, or leave authentication on", addr)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	h.mu.Lock()
	h.listener = listener
	h.mu.Unlock()
	return h.announce()
}

// isLoopback says that host is a loopback address or localhost. The empty host means all interfaces.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Endpoint is the base URL of a Harness that listens. Where it listens on all interfaces, loopback is named.
func (h *Harness) Endpoint() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listener == nil {
		return ""
	}
	addr, ok := h.listener.Addr().(*net.TCPAddr)
	if !ok {
		return "http://" + h.listener.Addr().String()
	}
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// Serve answers requests until ctx ends, then lets those in flight finish for up to ten seconds.
func (h *Harness) Serve(ctx context.Context) error {
	h.mu.Lock()
	listener := h.listener
	h.mu.Unlock()
	if listener == nil {
		return errors.New("serve: nothing is listened on")
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	ctx, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	err := server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) {
		defer stop()
		return <-stopped
	}
	stop() // requests in flight may finish all the same
	return errors.Join(fmt.Errorf("serve: %w", err), <-stopped)
}

// announcement is what a running server leaves in its data directory for RunningEnv. It holds the root secret access
// key, so the file has mode 0600, like the root secret beside it.
type announcement struct {
	PID int               `json:"pid"`
	Env map[string]string `json:"env"`
}

func announcementFile(dataDir string) string { return filepath.Join(dataDir, "running.json") }

func (h *Harness) announce() error {
	raw, err := json.Marshal(announcement{PID: os.Getpid(), Env: h.Env()})
	if err != nil {
		return err
	}
	// Removed first: a file that exists would keep its mode.
	if err := h.withdraw(); err != nil {
		return err
	}
	if err := os.WriteFile(announcementFile(h.cfg.DataDir), raw, 0o600); err != nil {
		return fmt.Errorf("announce the endpoint: %w", err)
	}
	return nil
}

func (h *Harness) withdraw() error {
	err := os.Remove(announcementFile(h.cfg.DataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// RunningEnv is the Env of the harness that runs over dataDir in another process. It asks that harness for a sign of
// life, so that what a killed one left behind is not handed out.
func RunningEnv(ctx context.Context, dataDir string) (map[string]string, error) {
	none := fmt.Errorf("no harness is running over %s: start one with \"qldbkms-harness serve --data-dir %s\"",
		dataDir, dataDir)
	raw, err := os.ReadFile(announcementFile(dataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	var a announcement
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("read %s: %w", announcementFile(dataDir), err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Env["AWS_ENDPOINT_URL"]+"/_harness/clock", nil)
	if err != nil {
		return nil, none
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, none
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, none
	}
	return a.Env, nil
}
