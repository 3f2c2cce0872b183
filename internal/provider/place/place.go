// Package place names the Region in which an object inside a ledger lives.
//
// Every such object has an argument region that falls back to the provider's Region, and is imported by an id that may
// begin with one: "orders/Vehicle" or "eu-west-2/orders/Vehicle".
package place

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// Attribute is the argument region. consequence is a sentence on what a change does.
func Attribute(consequence string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		Validators:          []validator.String{validate.Region()},
		MarkdownDescription: "AWS Region of the ledger. Default: the provider's. " + consequence,
	}
}

// Identity is the member region of an identity.
func Identity() identityschema.StringAttribute {
	return identityschema.StringAttribute{
		OptionalForImport: true, Description: "Region of the ledger. Default: the provider's Region.",
	}
}

// Plan plans the Region: the configured one, else the provider's, else, while that is not known, what the state says. A
// Region other than the state's replaces the object.
func Plan(
	ctx context.Context, api awsclient.API, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) types.String {
	at := path.Root("region")
	var configured, before types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &configured)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, at, &before)...)
	}
	planned := configured
	switch {
	case !configured.IsNull():
	case api != nil && api.Region() != "":
		planned = types.StringValue(api.Region())
	case before.ValueString() != "":
		planned = before
	default:
		planned = types.StringUnknown()
	}
	if before.ValueString() != "" && !planned.Equal(before) {
		resp.RequiresReplace = append(resp.RequiresReplace, at)
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, at, planned)...)
	return planned
}

// ParseID takes an import id of count parts apart, with or without a Region before them. region is "" without.
// No part is empty. What follows the last slash counted may hold slashes itself.
func ParseID(id string, count int) (region string, parts []string, ok bool) {
	if first, rest, found := strings.Cut(id, "/"); found && awsclient.ValidRegion(first) {
		if parts, ok := split(rest, count); ok {
			return first, parts, true
		}
	}
	parts, ok = split(id, count)
	return "", parts, ok
}

func split(id string, count int) ([]string, bool) {
	parts := strings.SplitN(id, "/", count)
	for _, p := range parts {
		if p == "" {
			return nil, false
		}
	}
	return parts, len(parts) == count
}

// Resolve is region, or the provider's where it is empty. It says so when there is none.
func Resolve(region string, api awsclient.API, what string) (types.String, diag.Diagnostics) {
	var diags diag.Diagnostics
	if region != "" {
		return types.StringValue(region), nil
	}
	if api == nil || api.Region() == "" {
		diags.AddError("Region of the "+what+" not known",
			"The import names no Region and the provider's is not known yet. Put the Region in front of the import id, such "+
				"as eu-west-2/, or set region in the identity.")
		return types.StringNull(), diags
	}
	return types.StringValue(api.Region()), nil
}

// Clients takes what the provider hands to an object: nil during validation and while the provider block is unknown.
func Clients(data any) (awsclient.API, diag.Diagnostics) {
	var diags diag.Diagnostics
	if data == nil {
		return nil, nil
	}
	api, ok := data.(awsclient.API)
	if !ok {
		diags.AddError("The provider handed over no AWS clients", fmt.Sprintf(
			"Expected an awsclient.API, got %T. Please report this to the provider's developers.", data))
	}
	return api, diags
}
