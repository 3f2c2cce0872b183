// Command stub is the least a server of QLDB drivers can do: the yardstick of the data plane.
//
// It decodes commands, verifies their Signature Version 4, checks the commit digest, appends 512 bytes for each
// transaction, selects included as in a journal, then syncs the file. What it answers is canned: it keeps no documents.
// It imports nothing else of this module, so that no slowness of ours slows it down.
//
// The access key comes from the environment. Its first line of output is its endpoint.
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	file := flag.String("file", "", "file to append to, created if missing")
	row := flag.String("row", "", "what a SELECT answers: one document in binary Ion, in base64")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *file, *row); err != nil {
		fmt.Fprintln(os.Stderr, "stub:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file, row string) error {
	document, err := base64.StdEncoding.DecodeString(row)
	if err != nil {
		return fmt.Errorf("-row: %w", err)
	}
	log, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	keys := &signer{id: os.Getenv("AWS_ACCESS_KEY_ID"), secret: os.Getenv("AWS_SECRET_ACCESS_KEY"), now: time.Now}
	server := &http.Server{Handler: newStub(keys, log, document), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
