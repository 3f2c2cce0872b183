package protectedledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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
	if req.ID != "" || req.Identity == nil || req.Identity.Raw.IsNull() {
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
		if strings.HasPrefix(req.ID, "arn:") && !r.sameAccount(ctx, id, req.ID, &resp.Diagnostics) {
			return
		}
	} else {
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

// sameAccount says whether the ledger that the calls of this resource lead to is the one the ARN names. What cannot be
// found out is left to the read that follows an import.
func (r *Resource) sameAccount(ctx context.Context, id identity, arn string, diags *diag.Diagnostics) bool {
	if r.API == nil {
		return true
	}
	c, err := r.calls(model{Name: id.Name, Region: id.Region}, readTimeout)
	if err != nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	found, err := c.findLedger(ctx)
	if err != nil || found.ARN == arn {
		return true
	}
	otherAccount(c.name, arn, found.ARN).fail(diags)
	return false
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
