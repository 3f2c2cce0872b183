package provider_test

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// A core speaks to the provider as Terraform does, without Terraform.
type core struct {
	t      *testing.T
	server tfprotov6.ProviderServer
	schema *tfprotov6.GetProviderSchemaResponse
}

func newCore(t *testing.T, opts ...provider.Option) *core {
	t.Helper()
	server := providerserver.NewProtocol6(provider.New("test", opts...)())()
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatalf("get provider schema: %v", err)
	}
	if text := printed(schema.Diagnostics); text != "" {
		t.Fatalf("get provider schema:\n%s", text)
	}
	return &core{t: t, server: server, schema: schema}
}

// unknown stands for a value that is known only after apply.
type unknown struct{}

// value makes a value of ty from Go's maps, slices, strings, bools and ints; what a map leaves out is null.
func value(ty tftypes.Type, from any) tftypes.Value {
	if _, ok := from.(unknown); ok {
		return tftypes.NewValue(ty, tftypes.UnknownValue)
	}
	if from == nil {
		return tftypes.NewValue(ty, nil)
	}
	switch ty := ty.(type) {
	case tftypes.Object:
		members := map[string]tftypes.Value{}
		given := from.(map[string]any)
		for name, member := range ty.AttributeTypes {
			members[name] = value(member, given[name])
		}
		for name := range given {
			if _, ok := ty.AttributeTypes[name]; !ok {
				panic("no attribute " + name)
			}
		}
		return tftypes.NewValue(ty, members)
	case tftypes.Map:
		members := map[string]tftypes.Value{}
		for name, member := range from.(map[string]any) {
			members[name] = value(ty.ElementType, member)
		}
		return tftypes.NewValue(ty, members)
	case tftypes.List:
		return tftypes.NewValue(ty, elements(ty.ElementType, from))
	case tftypes.Set:
		return tftypes.NewValue(ty, elements(ty.ElementType, from))
	}
	return tftypes.NewValue(ty, from)
}

func elements(ty tftypes.Type, from any) []tftypes.Value {
	var all []tftypes.Value
	for _, e := range from.([]any) {
		all = append(all, value(ty, e))
	}
	return all
}

func (c *core) dynamic(schema *tfprotov6.Schema, from map[string]any) *tfprotov6.DynamicValue {
	c.t.Helper()
	ty := schema.ValueType()
	v, err := tfprotov6.NewDynamicValue(ty, value(ty, from))
	if err != nil {
		c.t.Fatalf("encode %v: %v", from, err)
	}
	return &v
}

// validate is what "terraform validate" says about a provider block.
func (c *core) validate(block map[string]any) []*tfprotov6.Diagnostic {
	c.t.Helper()
	resp, err := c.server.ValidateProviderConfig(c.t.Context(), &tfprotov6.ValidateProviderConfigRequest{
		Config: c.dynamic(c.schema.Provider, block),
	})
	if err != nil {
		c.t.Fatalf("validate provider config: %v", err)
	}
	return resp.Diagnostics
}

func (c *core) configure(block map[string]any) []*tfprotov6.Diagnostic {
	c.t.Helper()
	resp, err := c.server.ConfigureProvider(c.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: c.dynamic(c.schema.Provider, block),
	})
	if err != nil {
		c.t.Fatalf("configure provider: %v", err)
	}
	return resp.Diagnostics
}

func (c *core) validateData(name string, config map[string]any) []*tfprotov6.Diagnostic {
	c.t.Helper()
	resp, err := c.server.ValidateDataResourceConfig(c.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: name, Config: c.dynamic(c.schema.DataSourceSchemas[name], config),
	})
	if err != nil {
		c.t.Fatalf("validate %s: %v", name, err)
	}
	return resp.Diagnostics
}

// read reads a data source. The result is plain: maps, slices, strings and bools, numbers as strings, nulls left out.
func (c *core) read(ctx context.Context, name string, config map[string]any) (map[string]any, []*tfprotov6.Diagnostic) {
	c.t.Helper()
	schema := c.schema.DataSourceSchemas[name]
	resp, err := c.server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{
		TypeName: name, Config: c.dynamic(schema, config),
	})
	if err != nil {
		c.t.Fatalf("read %s: %v", name, err)
	}
	if resp.State == nil {
		return nil, resp.Diagnostics
	}
	state, err := resp.State.Unmarshal(schema.ValueType())
	if err != nil {
		c.t.Fatalf("decode %s: %v", name, err)
	}
	result, _ := plain(c.t, state).(map[string]any)
	return result, resp.Diagnostics
}

func plain(t *testing.T, v tftypes.Value) any {
	t.Helper()
	if v.IsNull() {
		return nil
	}
	if !v.IsKnown() {
		t.Fatalf("an unknown value was returned: %s", v)
	}
	var err error
	switch {
	case v.Type().Is(tftypes.String):
		var s string
		err = v.As(&s)
		return s
	case v.Type().Is(tftypes.Bool):
		var b bool
		err = v.As(&b)
		return b
	case v.Type().Is(tftypes.Number):
		var n big.Float
		err = v.As(&n)
		return n.Text('f', -1)
	case v.Type().Is(tftypes.List{}), v.Type().Is(tftypes.Set{}):
		var all []tftypes.Value
		err = v.As(&all)
		result := []any{}
		for _, e := range all {
			result = append(result, plain(t, e))
		}
		return result
	}
	var members map[string]tftypes.Value
	if err = v.As(&members); err != nil {
		t.Fatalf("decode %s: %v", v, err)
	}
	result := map[string]any{}
	for name, m := range members {
		if p := plain(t, m); p != nil {
			result[name] = p
		}
	}
	return result
}

// printed is diagnostics as a person reads them.
func printed(diags []*tfprotov6.Diagnostic) string {
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&b, "%s: %s\n", map[tfprotov6.DiagnosticSeverity]string{
			tfprotov6.DiagnosticSeverityError: "Error", tfprotov6.DiagnosticSeverityWarning: "Warning",
		}[d.Severity], d.Summary)
		if d.Attribute != nil && len(d.Attribute.Steps()) > 0 {
			fmt.Fprintf(&b, "on %s\n", d.Attribute)
		}
		fmt.Fprintf(&b, "\n%s\n\n", d.Detail)
	}
	return b.String()
}
