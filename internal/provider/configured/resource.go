package configured

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// A Resource is embedded in a resource, which adds the rest.
type Resource struct {
	API awsclient.API // nil until Configure was given one

	name string
}

// NewResource makes the resource that is called name after the provider's prefix, such as "table".
func NewResource(name string) Resource { return Resource{name: name} }

// Metadata names the resource type.
func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.name
}

// Configure takes the AWS clients.
func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.API = clients(req.ProviderData, &resp.Diagnostics)
}

// Configured says whether there are AWS clients; if not, diags has the reason.
func (r *Resource) Configured(diags *diag.Diagnostics) bool {
	if r.API == nil {
		diags.AddError("The provider is not configured",
			"A part of the provider block was not known, so there are no AWS credentials to work with. Nothing was changed. "+
				"Apply what the provider block depends on first.")
	}
	return r.API != nil
}

// Begin bounds an operation that asks AWS, by what timeout makes of the default patience. It says whether the operation
// can go on; if not, diags has the reason, and there is nothing to cancel.
func (r *Resource) Begin(
	ctx context.Context, timeout func(context.Context, time.Duration) (time.Duration, diag.Diagnostics),
	patience time.Duration, diags *diag.Diagnostics,
) (bounded context.Context, cancel context.CancelFunc, ok bool) {
	limit, wrong := timeout(ctx, patience)
	diags.Append(wrong...)
	if diags.HasError() {
		return nil, nil, false
	}
	if !r.Configured(diags) {
		return nil, nil, false
	}
	bounded, cancel = context.WithTimeout(ctx, limit)
	return bounded, cancel, true
}
