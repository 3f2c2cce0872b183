// Command terraform-provider-qldbkms serves the qldbkms provider to Terraform or OpenTofu.
//
// Terraform starts it. With -debug it runs on its own and prints the TF_REATTACH_PROVIDERS value to export where
// terraform runs, so that a debugger can be attached. QLDBKMS_POLL_INTERVAL, which the harness sets for the commands
// it runs, makes waiters ask that often and believe the first answer: right for a service that is consistent at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

// version is set by the linker for a release.
var version = "dev"

func main() {
	attach := flag.Bool("debug", false, "run on its own and print how to attach Terraform to it")
	flag.Parse()
	options, err := fromEnvironment(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	if err := quiet(os.Environ(), os.Setenv); err != nil {
		log.Fatal(err)
	}
	// A provider lives for seconds and holds little. Collecting less often takes a tenth off a plan of many ledgers.
	debug.SetGCPercent(400)
	err = providerserver.Serve(context.Background(), provider.New(version, options...), providerserver.ServeOpts{
		Address: "registry.terraform.io/qldbkms/qldbkms",
		Debug:   *attach,
	})
	if err != nil {
		log.Fatal(err)
	}
}

// quiet switches the framework's logs off unless somebody asked for logs. They would be written, sent to Terraform,
// parsed and dropped there, which is a fifth of the work of a plan without changes.
func quiet(environ []string, set func(name, value string) error) error {
	for _, pair := range environ {
		if strings.HasPrefix(pair, "TF_LOG") || strings.HasPrefix(pair, "TF_ACC_LOG") {
			return nil
		}
	}
	return errors.Join(set("TF_LOG_SDK", "off"), set("TF_LOG_PROVIDER", "off"))
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
