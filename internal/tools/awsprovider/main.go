// Command awsprovider plans and applies a configuration with the core of Terraform 0.11 and a binary of the AWS
// provider: no later Terraform starts one that speaks protocol 4.
//
//	awsprovider PROVIDER DIR plan|apply|destroy
//
// PROVIDER is the binary, DIR has the configuration and the state. It writes the changes to standard output, nothing
// when there are none.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform/config/module"
	"github.com/hashicorp/terraform/plugin"
	"github.com/hashicorp/terraform/plugin/discovery"
	"github.com/hashicorp/terraform/terraform"
)

func main() {
	log.SetOutput(io.Discard)
	err := errors.New("usage: awsprovider PROVIDER DIR plan|apply|destroy")
	if len(os.Args) == 4 {
		err = run(os.Args[1], os.Args[2], os.Args[3])
	}
	goplugin.CleanupClients()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(provider, dir, command string) error {
	path := filepath.Join(dir, "terraform.tfstate")
	state, err := read(path)
	if err != nil {
		return err
	}
	tree, err := module.NewTreeModule("", dir)
	if err != nil {
		return err
	}
	if err := tree.Load(module.NewStorage(filepath.Join(dir, ".terraform"), nil)); err != nil {
		return err
	}
	core, err := terraform.NewContext(&terraform.ContextOpts{
		Destroy: command == "destroy", Module: tree, State: state, Meta: &terraform.ContextMeta{Env: "default"},
		ProviderResolver: terraform.ResourceProviderResolverFixed(
			map[string]terraform.ResourceProviderFactory{"aws": func() (terraform.ResourceProvider, error) {
				return start(provider)
			}}),
	})
	if err != nil {
		return err
	}
	if said := core.Validate(); said.HasErrors() {
		return said.Err()
	}
	if _, err := core.Refresh(); err != nil {
		return err
	}
	plan, err := core.Plan()
	if err != nil {
		return err
	}
	if !plan.Diff.Empty() {
		fmt.Fprintln(os.Stdout, plan.Diff)
	}
	if command == "plan" {
		return nil
	}
	state, err = core.Apply()
	return errors.Join(err, write(path, state))
}

// start runs the provider's binary.
func start(binary string) (terraform.ResourceProvider, error) {
	config := plugin.ClientConfig(discovery.PluginMeta{Name: "aws", Path: binary})
	config.Logger = hclog.New(&hclog.LoggerOptions{Output: io.Discard})
	client, err := goplugin.NewClient(config).Client()
	if err != nil {
		return nil, err
	}
	served, err := client.Dispense(plugin.ProviderPluginName)
	if err != nil {
		return nil, err
	}
	return served.(terraform.ResourceProvider), nil
}

func read(path string) (*terraform.State, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return terraform.NewState(), nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return terraform.ReadState(file)
}

func write(path string, state *terraform.State) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(terraform.WriteState(state, file), file.Close())
}
