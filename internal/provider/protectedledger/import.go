package protectedledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// ImportState takes a ledger's name, Region/name, ARN, or identity. It cannot see the configuration, so the ledger
// comes in with its key as a referenced one; key.adopt takes the key over later.
func (r *Resource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	var id identity
	if req.ID != "" {
		name, region, ok := parseImportID(req.ID)
		if !ok {
			resp.Diagnostics.AddError("Import id of a ledger not understood", fmt.Sprintf(
				"%q is none of the three forms: a name (orders), Region/name (eu-west-2/orders), or the ledger's ARN "+
					"(arn:aws:qldb:eu-west-2:111122223333:ledger/orders).", req.ID))
			return
		}
		id.Name = types.StringValue(name)
		id.Region = types.StringNull()
		if region != "" {
			id.Region = types.StringValue(region)
		}
	} else if req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	if id.Region.ValueString() == "" {
		if r.API == nil || r.API.Region() == "" {
			resp.Diagnostics.AddError("Region of the ledger not known",
				"The import id names no Region and the provider's is not known yet. Import Region/name instead, such as "+
					"eu-west-2/"+id.Name.ValueString()+".")
			return
		}
		id.Region = types.StringValue(r.API.Region())
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), id.Name)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("region"), id.Region)...)
	if resp.Identity != nil {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, id)...)
	}
}

// parseImportID takes the three forms apart. region is "" for a bare name.
func parseImportID(id string) (name, region string, ok bool) {
	if strings.HasPrefix(id, "arn:") {
		resourceID, isLedger := strings.CutPrefix(arnPart(id, 5), "ledger/")
		region = arnPart(id, 3)
		ok = isLedger && arnPart(id, 2) == "qldb" && awsclient.ValidRegion(region) && ledgerName(resourceID)
		return resourceID, region, ok
	}
	region, name, found := strings.Cut(id, "/")
	if !found {
		return id, "", ledgerName(id)
	}
	return name, region, awsclient.ValidRegion(region) && ledgerName(name)
}

func ledgerName(s string) bool {
	return len(s) >= 1 && len(s) <= 32 && strings.Trim(s,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
