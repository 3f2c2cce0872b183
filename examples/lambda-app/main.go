// Command lambda-app serves the record functions on this machine, as they would run behind an API gateway.
//
//	LEDGER=qldb-kms-ledger-poc CREATE_ROLE_ARN=arn:aws:iam::111122223333:role/qldb-kms-create-record-role \
//	GET_ROLE_ARN=arn:aws:iam::111122223333:role/qldb-kms-get-record-role go run ./examples/lambda-app
//
// Endpoint, Region and credentials come from the environment, as "qldbkms-harness env" prints them. Without the two
// role ARNs both functions use those credentials themselves.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/qldbkms/terraform-provider-qldbkms/examples/lambda-app/record"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}

// serve answers requests until ctx ends. It writes where to out.
func serve(ctx context.Context, env func(string) string, out io.Writer) error {
	ledger, listen := env("LEDGER"), env("LISTEN")
	if ledger == "" {
		return errors.New("LEDGER is not set: name the ledger that holds table Test")
	}
	if listen == "" {
		listen = "127.0.0.1:8080"
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("read the AWS settings of the environment: %w", err)
	}
	create, err := record.Open(ledger, as(cfg, env("CREATE_ROLE_ARN")))
	if err != nil {
		return err
	}
	defer create.Close(context.WithoutCancel(ctx))
	get, err := record.Open(ledger, as(cfg, env("GET_ROLE_ARN")))
	if err != nil {
		return err
	}
	defer get.Close(context.WithoutCancel(ctx))
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("LISTEN %s: %w", listen, err)
	}
	server := &http.Server{Handler: record.Handler(create, get), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	fmt.Fprintf(out, "records of ledger %s: http://%s/record\n", ledger, listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", listen, err)
	}
	return <-stopped
}

// as is cfg with the rights of a role, or cfg itself when no role is named.
func as(cfg aws.Config, role string) aws.Config {
	if role == "" {
		return cfg
	}
	assumed := cfg.Copy()
	assumed.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role))
	return assumed
}
