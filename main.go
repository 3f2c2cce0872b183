// Command terraform-provider-qldbkms serves the qldbkms provider to Terraform or OpenTofu.
//
// Terraform starts it. With -debug it runs on its own and prints the TF_REATTACH_PROVIDERS value to export where
// terraform runs, so that a debugger can be attached. QLDBKMS_POLL_INTERVAL, which the harness sets for the commands
// it runs, makes waiters ask that often and believe the first answer: right for a service that is consistent at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

// version is set by the linker for a release.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run on its own and print how to attach Terraform to it")
	flag.Parse()
	options, err := fromEnvironment(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	err = providerserver.Serve(context.Background(), provider.New(version, options...), providerserver.ServeOpts{
		Address: "registry.terraform.io/qldbkms/qldbkms",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}

func fromEnvironment(env func(string) string) ([]provider.Option, error) {
	text := env("QLDBKMS_POLL_INTERVAL")
	if text == "" {
		return nil, nil
	}
	interval, err := time.ParseDuration(text)
	if err != nil || interval <= 0 {
		return nil, fmt.Errorf("QLDBKMS_POLL_INTERVAL %q: want a positive duration such as 100ms", text)
	}
	return []provider.Option{provider.WithPolling(interval, 1)}, nil
}
