package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// explain profiles the harness while f is measured once more, keeps the profile below build/ and prints where its time
// goes: the functions that were running, or were called by, most often while a request was answered.
func (f *figure) explain(ctx context.Context, out io.Writer, s *settings, harness *server) error {
	progress("%s: profile", f.name)
	defer progress("")
	done := make(chan error, 1)
	go func() {
		_, err := f.ours(ctx)
		done <- err
	}()
	raw, err := harness.profile(ctx, s.time)
	if err := errors.Join(err, <-done); err != nil {
		return fmt.Errorf("%s: profile: %w", f.name, err)
	}
	name := filepath.Join("build", f.name+".pprof")
	file := filepath.Join(s.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, raw, 0o644)); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-cum", "-nodecount=25", "-focus=ServeHTTP",
		"-show=qldbkms/|^crypto|^encoding|^syscall|^runtime.mallocgc$", file)
	cmd.Stderr = os.Stderr
	table, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	fmt.Fprintf(out, "# %s is below %.2f; where the server's time goes (%s):\n", f.name, aim, name)
	at := max(strings.Index(string(table), "      flat"), 0) // what comes before it tells of the profile as a whole
	for line := range strings.Lines(string(table[at:])) {
		fmt.Fprint(out, "# "+strings.Replace(line, "github.com/qldbkms/terraform-provider-qldbkms/internal/", "", 1))
	}
	return nil
}

// profile is a CPU profile of the harness over d.
func (s *server) profile(ctx context.Context, d time.Duration) ([]byte, error) {
	body := fmt.Sprintf(`{"duration":%q}`, d)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.env["AWS_ENDPOINT_URL"]+"/_harness/profile",
		bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Profile []byte `json:"profile"`
		Error   string `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Error)
	}
	return answer.Profile, nil
}
