package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// server is a server in a process of its own.
type server struct {
	cmd *exec.Cmd
	env map[string]string // for its clients: endpoint, access key, Region
}

// launch starts program and returns its first line of output, which it prints once it serves.
func launch(ctx context.Context, env []string, program string, args ...string) (*server, string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stderr, cmd.Env = os.Stderr, env
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("start %s (is it built?): %w", program, err)
	}
	s := &server{cmd: cmd}
	output := bufio.NewReader(pipe)
	line, err := output.ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s did not start: %w", program, err), cmd.Wait())
	}
	go io.Copy(io.Discard, output) //nolint:errcheck // ends with the server
	return s, strings.TrimSpace(line), nil
}

func (s *server) close() {
	err := errors.Join(s.cmd.Process.Signal(os.Interrupt), s.cmd.Wait())
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: stop the server:", err)
	}
}

// serveHarness starts the harness that was built, with its data below dir and more flags.
func serveHarness(ctx context.Context, root, dir string, more ...string) (*server, error) {
	program, data := filepath.Join(root, "build/qldbkms-harness"), filepath.Join(dir, "data")
	s, _, err := launch(ctx, nil, program, append([]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", data,
		"--max-ledgers", "100000", "--ledger-create", "10ms", "--ledger-delete", "10ms"}, more...)...)
	if err != nil {
		return nil, err
	}
	exports, err := exec.CommandContext(ctx, program, "env", "--data-dir", data).Output()
	if err != nil {
		s.close()
		return nil, fmt.Errorf("ask the harness for its environment: %w", err)
	}
	s.env = map[string]string{}
	for line := range strings.Lines(string(exports)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		s.env[name] = strings.Trim(value, "'")
	}
	return s, nil
}

// sdk is the configuration of the server's clients.
func (s *server) sdk() aws.Config {
	return aws.Config{
		Region: s.env["AWS_REGION"], BaseEndpoint: aws.String(s.env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(
			s.env["AWS_ACCESS_KEY_ID"], s.env["AWS_SECRET_ACCESS_KEY"], ""),
	}
}

// serveStub starts the yardstick of the data plane. It takes the access key of like and answers selects with row.
func serveStub(ctx context.Context, root, dir, row string, like *server) (*server, error) {
	program := filepath.Join(dir, "stub")
	if err := build(ctx, root, "./internal/cmd/bench/stub", program); err != nil {
		return nil, err
	}
	env := os.Environ()
	for name, value := range like.env {
		env = append(env, name+"="+value)
	}
	s, url, err := launch(ctx, env, program, "-file", filepath.Join(dir, "stub.log"), "-row", row)
	if err != nil {
		return nil, err
	}
	s.env = map[string]string{}
	for name, value := range like.env {
		s.env[name] = value
	}
	s.env["AWS_ENDPOINT_URL"] = url
	return s, nil
}

// build compiles a program of the repository the way its own are.
func build(ctx context.Context, root, folder, program string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, folder)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s: %w", folder, err)
	}
	return nil
}
