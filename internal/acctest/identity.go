package acctest

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// identityType is the type of what names a resource.
func (c *Core) identityType(name string) tftypes.Type {
	c.h.t.Helper()
	resp, err := c.server.GetResourceIdentitySchemas(c.h.t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	c.must("get the identity schemas", err)
	return resp.IdentitySchemas[name].ValueType()
}

// Identity is what names an object for import.
func (c *Core) Identity(o *Object) map[string]any {
	c.h.t.Helper()
	if o.identity == nil {
		return nil
	}
	v, err := o.identity.IdentityData.Unmarshal(c.identityType(o.Type))
	c.must("decode the identity", err)
	values, _ := c.plain(v).(map[string]any)
	return values
}

// WithoutIdentity is the object as a Terraform below 1.12 keeps it.
func (o *Object) WithoutIdentity() *Object {
	plain := *o
	plain.identity = nil
	return &plain
}

// ImportBy imports by identity, of which what is left out is null, and reads.
func (c *Core) ImportBy(ctx context.Context, name string, identity map[string]any) (*Object, Diagnostics) {
	c.h.t.Helper()
	return c.imported(ctx, &tfprotov6.ImportResourceStateRequest{
		TypeName: name,
		Identity: &tfprotov6.ResourceIdentityData{IdentityData: c.dynamic(c.identityType(name), identity)},
	})
}
