// Package provider is the qldbkms provider: its block, its configuration, its list of objects.
//
// It wires and decides nothing about AWS: each object has a package of its own below this one, and all of them
// reach AWS through the awsclient.API that Configure makes. Configure does no network, because Terraform starts
// the provider several times per command.
package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	sdkconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/digest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/functions"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/index"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/keyevents"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/keypolicy"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledger"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledgers"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/query"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/record"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/revision"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/table"
)

// typeName starts the name of every object.
const typeName = "qldbkms"

type qldbkms struct {
	version string
	options options
}

var (
	_ provider.Provider                   = (*qldbkms)(nil)
	_ provider.ProviderWithValidateConfig = (*qldbkms)(nil)
	_ provider.ProviderWithFunctions      = (*qldbkms)(nil)
)

// New returns what makes the provider. version is the release, for the user agent, or "dev".
func New(version string, opts ...Option) func() provider.Provider {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return func() provider.Provider { return &qldbkms{version: version, options: o} }
}

func (p *qldbkms) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = typeName, p.version
}

func (p *qldbkms) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = blockSchema()
}

// Configure hands an awsclient.API to every object. While a part of the block is unknown it hands out none:
// half a configuration could ask another account, or Amazon instead of a harness.
func (p *qldbkms) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	ctx = withLoggers(ctx)
	if unknown := unknownAttributes(req.Config); len(unknown) > 0 {
		resp.Diagnostics.AddWarning("The provider's configuration is not known yet", fmt.Sprintf(
			"Known only after apply: %s. Until then the provider asks AWS nothing: existing objects are not "+
				"refreshed, and checks that need AWS run during the apply.\n\nTo plan with all checks, apply what the "+
				"provider block depends on first, or write the value out.", strings.Join(unknown, ", ")))
		return
	}
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config := m.config()
	config.TerraformVersion, config.ProviderVersion = req.TerraformVersion, p.version
	config.Transport, config.LogContext = p.options.transport, withLoggers
	source, err := awsclient.New(ctx, config)
	if err != nil {
		addConfigError(resp, err)
		return
	}
	var api awsclient.API = source
	resp.DataSourceData, resp.ResourceData, resp.EphemeralResourceData = api, api, api
	resp.ActionData, resp.ListResourceData = api, api
}

// unknownAttributes are the names of the top-level arguments that hold an unknown value anywhere, sorted.
func unknownAttributes(config tfsdk.Config) []string {
	var block map[string]tftypes.Value
	if err := config.Raw.As(&block); err != nil {
		return nil
	}
	var unknown []string
	for name, v := range block { // the map belongs to the configuration: read it only
		if !v.IsFullyKnown() {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// addConfigError puts what New refused on the argument to blame. The value may come from the environment
// instead; the text names both places.
func addConfigError(resp *provider.ConfigureResponse, err error) {
	var region *awsclient.RegionError
	var profile sdkconfig.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &region):
		resp.Diagnostics.AddAttributeError(path.Root("region"), "Unknown AWS Region",
			fmt.Sprintf("%s. A Region looks like \"eu-west-2\". It comes from the region argument, AWS_REGION, "+
				"AWS_DEFAULT_REGION or the profile.", region))
	case errors.As(err, &profile):
		resp.Diagnostics.AddAttributeError(path.Root("profile"), "Unknown AWS profile",
			fmt.Sprintf("No shared configuration or credentials file has a profile %q. It comes from the profile "+
				"argument or AWS_PROFILE.", profile.Profile))
	default:
		resp.Diagnostics.AddError("The AWS configuration cannot be loaded", err.Error())
	}
}

func (p *qldbkms) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource {
			return protectedledger.New(protectedledger.Options{PollInterval: p.options.interval, Hits: p.options.hits})
		},
		func() resource.Resource { return table.New(p.statements()) },
		func() resource.Resource { return index.New(p.statements()) },
		func() resource.Resource { return record.New(p.statements()) },
	}
}

// statements are the options of the objects that run statements on a ledger.
func (p *qldbkms) statements() statement.Options {
	return statement.Options{PollInterval: p.options.interval}
}

func (p *qldbkms) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		ledger.New,
		func() datasource.DataSource { return query.New(p.statements()) },
		ledgers.New,
		func() datasource.DataSource { return digest.New(p.statements()) },
		func() datasource.DataSource { return revision.New(p.statements()) },
		keypolicy.New,
		keyevents.New,
	}
}

func (p *qldbkms) Functions(context.Context) []func() function.Function { return functions.All() }
