// Command terraform-provider-qldbkms serves the qldbkms provider to Terraform and OpenTofu.
//
// Terraform starts it. With -debug it runs on its own and prints the TF_REATTACH_PROVIDERS value to export where
// terraform runs, so that a debugger can be attached.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

// version is set by the linker for a release.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run on its own and print how to attach Terraform to it")
	flag.Parse()
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/qldbkms/qldbkms",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
