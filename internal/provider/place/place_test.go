package place_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/place"
)

var (
	parts = []string{"ledger", "table", "field"}
	all   = append([]string{"region"}, parts...)
)

// region is all that an import asks of the provider.
type region struct{ awsclient.API }

func (region) Region() string { return "eu-west-2" }

// An import puts the same into state and identity, whichever way it names the object.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id       string
		identity []string // region, ledger, table, field; "" is null
		plain    bool
		api      awsclient.API
		want     string // the four values, or the start of an error
	}{
		{id: "orders/Vehicle/VIN", api: region{}, want: "eu-west-2 orders Vehicle VIN"},
		{id: "us-east-1/orders/Vehicle/VIN", api: region{}, want: "us-east-1 orders Vehicle VIN"},
		{id: "us-east-1/orders/Vehicle/VIN", want: "us-east-1 orders Vehicle VIN"},
		{id: "us-east-1/Vehicle/VIN", api: region{}, want: "eu-west-2 us-east-1 Vehicle VIN"},
		{id: "orders/Vehicle/a/b", api: region{}, want: "eu-west-2 orders Vehicle a/b"},
		{identity: []string{"", "orders", "Vehicle", "VIN"}, api: region{}, want: "eu-west-2 orders Vehicle VIN"},
		{identity: []string{"us-east-1", "orders", "Vehicle", "VIN"}, want: "us-east-1 orders Vehicle VIN"},
		{id: "orders/Vehicle/a/b", plain: true, api: region{}, want: "not understood: "},
		{id: "orders//VIN", api: region{}, want: `not understood: "orders//VIN" is neither a nor b.`},
		{id: "orders/Vehicle", api: region{}, want: "not understood: "},
		{id: "", api: region{}, want: `not understood: "" is neither a nor b.`},
		{id: "orders/Vehicle/VIN", want: "Region of the index not known: "},
		{identity: []string{"", "orders", "Vehicle", "VIN"}, want: "Region of the index not known: "},
	} {
		id := place.ID{Object: "index", Names: parts, Plain: c.plain, Refusal: "not understood", Forms: "a nor b"}
		req, resp := request(c.id, c.identity)
		id.Import(t.Context(), c.api, req, resp)
		if got := outcome(t, resp); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q %q: got %s, want %s", c.id, c.identity, got, c.want)
		}
	}
}

func request(id string, identity []string) (resource.ImportStateRequest, *resource.ImportStateResponse) {
	named, stored := identityschema.Schema{Attributes: map[string]identityschema.Attribute{}},
		schema.Schema{Attributes: map[string]schema.Attribute{}}
	values := map[string]tftypes.Value{}
	for i, name := range all {
		named.Attributes[name] = identityschema.StringAttribute{OptionalForImport: true}
		stored.Attributes[name] = schema.StringAttribute{Required: true}
		values[name] = tftypes.NewValue(tftypes.String, nil)
		if identity != nil && identity[i] != "" {
			values[name] = tftypes.NewValue(tftypes.String, identity[i])
		}
	}
	object := stored.Type().TerraformType(context.Background())
	none := tftypes.NewValue(object, nil)
	req := resource.ImportStateRequest{ID: id, Identity: &tfsdk.ResourceIdentity{Schema: named, Raw: none}}
	if identity != nil {
		req.Identity.Raw = tftypes.NewValue(object, values)
	}
	return req, &resource.ImportStateResponse{
		State:    tfsdk.State{Schema: stored, Raw: none},
		Identity: &tfsdk.ResourceIdentity{Schema: named, Raw: req.Identity.Raw.Copy()},
	}
}

// outcome is the first error, or what state and identity both hold.
func outcome(t *testing.T, resp *resource.ImportStateResponse) string {
	t.Helper()
	if resp.Diagnostics.HasError() {
		return resp.Diagnostics[0].Summary() + ": " + resp.Diagnostics[0].Detail()
	}
	var values []string
	for _, name := range all {
		var stored, named string
		resp.State.GetAttribute(t.Context(), path.Root(name), &stored)
		resp.Identity.GetAttribute(t.Context(), path.Root(name), &named)
		if stored != named {
			t.Errorf("%s is %q in the state, %q in the identity", name, stored, named)
		}
		values = append(values, stored)
	}
	return strings.Join(values, " ")
}
