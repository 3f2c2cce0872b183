package acctest

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

// A Core speaks to the provider as Terraform does, without Terraform: thousands of cases in the time of a few runs.
type Core struct {
	h      *Harness
	server tfprotov6.ProviderServer
	schema *tfprotov6.GetProviderSchemaResponse
}

// An Object is a resource instance in a state. Nil is one that does not exist.
type Object struct {
	Type     string
	state    *tfprotov6.DynamicValue
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	values   map[string]any
}

// Get is a top-level attribute: a string, a bool, a number as a string, a list, a map, or nil for null.
func (o *Object) Get(name string) any { return o.values[name] }

// Diagnostics are what a call said.
type Diagnostics []*tfprotov6.Diagnostic

// Failed says whether there is an error among them.
func (d Diagnostics) Failed() bool {
	for _, one := range d {
		if one.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

// String is what a person would read.
func (d Diagnostics) String() string {
	var b strings.Builder
	for _, one := range d {
		kind := "Warning"
		if one.Severity == tfprotov6.DiagnosticSeverityError {
			kind = "Error"
		}
		fmt.Fprintf(&b, "%s: %s\n", kind, one.Summary)
		if one.Attribute != nil && len(one.Attribute.Steps()) > 0 {
			fmt.Fprintf(&b, "on %s\n", one.Attribute)
		}
		fmt.Fprintf(&b, "\n%s\n\n", one.Detail)
	}
	return b.String()
}

// Core is a configured provider. Its waiters poll every ten milliseconds.
func (h *Harness) Core() *Core {
	h.t.Helper()
	server := providerserver.NewProtocol6(provider.New("test",
		provider.WithHTTPTransport(h.Transport), provider.WithPolling(10*time.Millisecond, 1))())()
	c := &Core{h: h, server: server}
	ctx := h.t.Context()
	schema, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	c.must("get the schema", err)
	c.schema = schema
	block := map[string]any{
		"region": Region, "access_key": h.AccessKeyID, "secret_key": h.SecretKey, "max_retries": 0,
		"endpoints": map[string]any{
			"kms": endpoint, "qldb": endpoint, "qldb_session": endpoint, "sts": endpoint, "cloudtrail": endpoint,
		},
	}
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: c.dynamic(schema.Provider.ValueType(), block),
	})
	c.must("configure", err)
	if len(resp.Diagnostics) > 0 {
		h.t.Fatalf("configure:\n%s", Diagnostics(resp.Diagnostics))
	}
	return c
}

func (c *Core) must(what string, err error) {
	c.h.t.Helper()
	if err != nil {
		c.h.t.Fatalf("%s: %v", what, err)
	}
}

func (c *Core) dynamic(ty tftypes.Type, from any) *tfprotov6.DynamicValue {
	c.h.t.Helper()
	v, err := tfprotov6.NewDynamicValue(ty, valueOf(ty, from))
	c.must("encode", err)
	return &v
}

// valueOf makes a value of ty from Go's maps, slices, strings, bools and ints; what a map leaves out is null.
func valueOf(ty tftypes.Type, from any) tftypes.Value {
	if from == nil {
		return tftypes.NewValue(ty, nil)
	}
	switch ty := ty.(type) {
	case tftypes.Object:
		members, given := map[string]tftypes.Value{}, from.(map[string]any)
		for name, member := range ty.AttributeTypes {
			members[name] = valueOf(member, given[name])
		}
		return tftypes.NewValue(ty, members)
	case tftypes.Map:
		members := map[string]tftypes.Value{}
		for name, member := range from.(map[string]any) {
			members[name] = valueOf(ty.ElementType, member)
		}
		return tftypes.NewValue(ty, members)
	case tftypes.List:
		var all []tftypes.Value
		for _, e := range from.([]any) {
			all = append(all, valueOf(ty.ElementType, e))
		}
		return tftypes.NewValue(ty, all)
	}
	return tftypes.NewValue(ty, from)
}

// Validate is what "terraform validate" says of a resource.
func (c *Core) Validate(ctx context.Context, name string, config map[string]any) Diagnostics {
	c.h.t.Helper()
	resp, err := c.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
		TypeName: name, Config: c.dynamic(c.schema.ResourceSchemas[name].ValueType(), config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	c.must("validate", err)
	return resp.Diagnostics
}

// Apply validates, plans and applies a configuration over an object, nil for none; a nil configuration destroys, and a
// plan that asks for a replacement destroys and creates. between runs after the plan, if it is not nil. The result is
// what Terraform would save: nil for nothing.
func (c *Core) Apply(
	ctx context.Context, name string, config map[string]any, prior *Object, between func(),
) (*Object, Diagnostics) {
	c.h.t.Helper()
	ty := c.schema.ResourceSchemas[name].ValueType()
	var said Diagnostics
	if config != nil {
		if said = c.Validate(ctx, name, config); said.Failed() {
			return prior, said
		}
	}
	if prior == nil {
		prior = &Object{Type: name, state: c.dynamic(ty, nil)}
	}
	settings := c.dynamic(ty, anyOf(config))
	plan, err := c.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: prior.state, PriorPrivate: prior.private, PriorIdentity: prior.identity,
		Config: settings, ProposedNewState: c.proposed(name, config, prior),
	})
	c.must("plan", err)
	said = append(said, plan.Diagnostics...)
	if said.Failed() {
		return prior, said
	}
	if between != nil {
		between()
	}
	if len(plan.RequiresReplace) > 0 && config != nil && prior.values != nil {
		left, more := c.Apply(ctx, name, nil, prior, nil)
		if said = append(said, more...); said.Failed() {
			return left, said
		}
		made, more := c.Apply(ctx, name, config, nil, nil)
		return made, append(said, more...)
	}
	done, err := c.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: name, PriorState: prior.state, PlannedState: plan.PlannedState, PlannedPrivate: plan.PlannedPrivate,
		PlannedIdentity: plan.PlannedIdentity, Config: settings,
	})
	c.must("apply", err)
	return c.object(name, done.NewState, done.Private, done.NewIdentity), append(said, done.Diagnostics...)
}

// anyOf keeps a nil map nil, which an interface would hide.
func anyOf(config map[string]any) any {
	if config == nil {
		return nil
	}
	return config
}

// proposed is what Terraform proposes: the configuration, with the prior values of computed attributes it leaves out.
func (c *Core) proposed(name string, config map[string]any, prior *Object) *tfprotov6.DynamicValue {
	c.h.t.Helper()
	schema := c.schema.ResourceSchemas[name]
	if config == nil {
		return c.dynamic(schema.ValueType(), nil)
	}
	var configured, before map[string]tftypes.Value
	c.must("propose", valueOf(schema.ValueType(), config).As(&configured))
	old, err := prior.state.Unmarshal(schema.ValueType())
	c.must("propose", err)
	c.must("propose", old.As(&before))
	for _, a := range schema.Block.Attributes {
		was, existed := before[a.Name]
		switch {
		case a.WriteOnly:
			configured[a.Name] = tftypes.NewValue(a.Type, nil)
		case a.Computed && configured[a.Name].IsNull() && existed:
			configured[a.Name] = was
		}
	}
	v, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), configured))
	c.must("propose", err)
	return &v
}

// Refresh reads an object. The result is nil when it is gone.
func (c *Core) Refresh(ctx context.Context, o *Object) (*Object, Diagnostics) {
	c.h.t.Helper()
	resp, err := c.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: o.Type, CurrentState: o.state, Private: o.private, CurrentIdentity: o.identity,
	})
	c.must("read", err)
	return c.object(o.Type, resp.NewState, resp.Private, resp.NewIdentity), resp.Diagnostics
}

// ValidateData is what "terraform validate" says of a data source.
func (c *Core) ValidateData(ctx context.Context, name string, config map[string]any) Diagnostics {
	c.h.t.Helper()
	resp, err := c.server.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: name, Config: c.dynamic(c.schema.DataSourceSchemas[name].ValueType(), config),
	})
	c.must("validate", err)
	return resp.Diagnostics
}

// Look validates and reads a data source. The result is as that of Object.Get, by name; nil after an error.
func (c *Core) Look(ctx context.Context, name string, config map[string]any) (map[string]any, Diagnostics) {
	c.h.t.Helper()
	said, ty := c.ValidateData(ctx, name, config), c.schema.DataSourceSchemas[name].ValueType()
	if said.Failed() {
		return nil, said
	}
	resp, err := c.server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{
		TypeName: name, Config: c.dynamic(ty, config),
	})
	c.must("read", err)
	if said = append(said, resp.Diagnostics...); said.Failed() {
		return nil, said
	}
	v, err := resp.State.Unmarshal(ty)
	c.must("decode", err)
	values, _ := c.plain(v).(map[string]any)
	return values, said
}

// Import imports by id and reads.
func (c *Core) Import(ctx context.Context, name, id string) (*Object, Diagnostics) {
	c.h.t.Helper()
	return c.imported(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: name, ID: id})
}

func (c *Core) imported(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*Object, Diagnostics) {
	c.h.t.Helper()
	resp, err := c.server.ImportResourceState(ctx, req)
	c.must("import", err)
	said := Diagnostics(resp.Diagnostics)
	if said.Failed() {
		return nil, said
	}
	in := resp.ImportedResources[0]
	o, more := c.Refresh(ctx, &Object{Type: req.TypeName, state: in.State, private: in.Private, identity: in.Identity})
	return o, append(said, more...)
}

func (c *Core) object(
	name string, state *tfprotov6.DynamicValue, private []byte, identity *tfprotov6.ResourceIdentityData,
) *Object {
	c.h.t.Helper()
	v, err := state.Unmarshal(c.schema.ResourceSchemas[name].ValueType())
	c.must("decode the state", err)
	if v.IsNull() {
		return nil
	}
	values, _ := c.plain(v).(map[string]any)
	return &Object{Type: name, state: state, private: private, identity: identity, values: values}
}

func (c *Core) plain(v tftypes.Value) (result any) {
	c.h.t.Helper()
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	switch ty := v.Type(); {
	case ty.Is(tftypes.String):
		var s string
		c.must("decode", v.As(&s))
		return s
	case ty.Is(tftypes.Bool):
		var b bool
		c.must("decode", v.As(&b))
		return b
	case ty.Is(tftypes.Number):
		var n big.Float
		c.must("decode", v.As(&n))
		return n.Text('f', -1)
	case ty.Is(tftypes.List{}), ty.Is(tftypes.Set{}):
		var all []tftypes.Value
		c.must("decode", v.As(&all))
		list := []any{}
		for _, e := range all {
			list = append(list, c.plain(e))
		}
		return list
	}
	var members map[string]tftypes.Value
	c.must("decode", v.As(&members))
	values := map[string]any{}
	for name, m := range members {
		values[name] = c.plain(m)
	}
	return values
}
