// Package place names the Region in which an object inside a ledger lives.
//
// Every such object has an argument region that falls back to the provider's Region, and is imported by an id that may
// begin with one: "orders/Vehicle" or "eu-west-2/orders/Vehicle".
package place

import (
	"context"
	"fmt"
	"slices"
	"strings"

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

// An ID is how an object inside a ledger is named for import.
type ID struct {
	Object string   // for messages, such as "table"
	Names  []string // of the arguments in the id, outermost first: "ledger", "name"
	Plain  bool     // the last part holds no slash
	// How another id is refused: the summary, and what follows "<id> is neither " in the detail.
	Refusal, Forms string
}

// Import puts an import id, with or without a Region before it, or an identity into state and identity. It says so when
// the id is not understood, or no Region is known.
func (d ID) Import(
	ctx context.Context, api awsclient.API, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	names, values := append([]string{"region"}, d.Names...), make([]types.String, len(d.Names)+1)
	if req.ID != "" || req.Identity == nil || req.Identity.Raw.IsNull() {
		parts, ok := d.parse(req.ID)
		if !ok {
			resp.Diagnostics.AddError(d.Refusal, fmt.Sprintf("%q is neither %s.", req.ID, d.Forms))
			return
		}
		for i, part := range parts {
			values[i] = types.StringValue(part)
		}
	} else {
		for i, name := range names {
			resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(name), &values[i])...)
		}
	}
	if values[0].ValueString() == "" {
		if api == nil || api.Region() == "" {
			resp.Diagnostics.AddError("Region of the "+d.Object+" not known",
				"The import names no Region and the provider's is not known yet. Put the Region in front of the import id, such "+
					"as eu-west-2/, or set region in the identity.")
			return
		}
		values[0] = types.StringValue(api.Region())
	}
	for i, name := range names {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), values[i])...)
		if resp.Identity != nil {
			resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root(name), values[i])...)
		}
	}
}

// parse takes an id apart, the Region first, which is empty without one. No other part is.
func (d ID) parse(id string) ([]string, bool) {
	region, rest, _ := strings.Cut(id, "/")
	if awsclient.ValidRegion(region) {
		if parts, ok := d.split(rest); ok {
			return append([]string{region}, parts...), true
		}
	}
	parts, ok := d.split(id)
	return append([]string{""}, parts...), ok
}

func (d ID) split(id string) ([]string, bool) {
	parts := strings.SplitN(id, "/", len(d.Names))
	last := parts[len(parts)-1]
	return parts, len(parts) == len(d.Names) && !slices.Contains(parts, "") && !(d.Plain && strings.Contains(last, "/"))
}
