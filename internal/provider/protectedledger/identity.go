package protectedledger

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// identity is what names a ledger for good. The key is no part of it: it changes.
type identity struct {
	Name   types.String `tfsdk:"name"`
	Region types.String `tfsdk:"region"`
}

// setIdentity must come first in every method: a state written by a Terraform without identities has none, and the
// framework then fails whatever the method did.
func setIdentity(ctx context.Context, to *tfsdk.ResourceIdentity, m model) diag.Diagnostics {
	if to == nil {
		return nil
	}
	return to.Set(ctx, identity{Name: m.Name, Region: m.Region})
}
