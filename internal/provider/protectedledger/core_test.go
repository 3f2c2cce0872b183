package protectedledger_test

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// obj is an object or a map of an attribute tree.
type obj = map[string]any

// unknown stands for a value that is known only after apply.
type unknown struct{}

const typeName = "qldbkms_protected_ledger"

// A bench is one account with a provider in front of it. Its clock is the provider's alone: it moves by what the
// provider sleeps, while the harness does its asynchronous work within milliseconds of real time.
type bench struct {
	*acctest.Harness
	t       *testing.T
	server  tfprotov6.ProviderServer
	ty      tftypes.Object
	schema  *tfprotov6.Schema
	clock   *clock
	private []byte
	config  awsclient.Config
	hits    int // 0: one; below 0: as for AWS
}

// clock is a clock that only moves when somebody sleeps. after runs once, when time has come this far.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	start time.Time
	slept func(since time.Duration)
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.now = c.now.Add(d)
	since, slept := c.now.Sub(c.start), c.slept
	c.mu.Unlock()
	if slept != nil {
		slept(since)
	}
	pause := time.NewTimer(2 * time.Millisecond)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-pause.C:
		return nil
	}
}

// each calls f with the provider's time after every sleep.
func (c *clock) each(f func(since time.Duration)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start, c.slept = c.now, f
}

func newBench(t *testing.T, options ...acctest.Option) *bench {
	t.Helper()
	return newBenchWith(t, awsclient.Config{}, options...)
}

func newBenchWith(t *testing.T, config awsclient.Config, options ...acctest.Option) *bench {
	t.Helper()
	b := &bench{
		Harness: acctest.Start(t, options...), t: t,
		clock: &clock{now: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)},
	}
	none := 0
	config.Region, config.AccessKey, config.SecretKey = acctest.Region, b.AccessKeyID, b.SecretKey
	config.Transport = b.Transport
	config.Backoff = func(int) time.Duration { return time.Millisecond }
	if config.MaxRetries == nil {
		config.MaxRetries = &none
	}
	if config.Endpoints.KMS == "" {
		const at = "http://harness.invalid"
		config.Endpoints = awsclient.Endpoints{KMS: at, QLDB: at, STS: at, IAM: at}
	}
	b.config = config
	b.serve(&config)
	return b
}

// serve starts a provider over the account; nil: one whose block is not known yet.
func (b *bench) serve(config *awsclient.Config) {
	b.t.Helper()
	p := &stand{opts: protectedledger.Options{Hits: b.hits + 1, Now: b.clock.Now, Sleep: b.clock.Sleep}}
	if config != nil {
		api, err := awsclient.New(b.t.Context(), *config)
		if err != nil {
			b.t.Fatalf("make AWS clients: %v", err)
		}
		p.api = api
	}
	b.server = providerserver.NewProtocol6(p)()
	schema, err := b.server.GetProviderSchema(b.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		b.t.Fatalf("get schema: %v", err)
	}
	b.fatal("get schema", schema.Diagnostics)
	b.schema = schema.ResourceSchemas[typeName]
	b.ty = b.schema.ValueType().(tftypes.Object)
	empty := tftypes.NewValue(schema.Provider.ValueType(), map[string]tftypes.Value{})
	dynamic, err := tfprotov6.NewDynamicValue(schema.Provider.ValueType(), empty)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.server.ConfigureProvider(b.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: &dynamic})
	if err != nil {
		b.t.Fatalf("configure: %v", err)
	}
	b.fatal("configure", resp.Diagnostics)
}

// stand is a provider with the resource under test alone.
type stand struct {
	opts protectedledger.Options
	api  awsclient.API
}

func (p *stand) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "qldbkms"
}
func (p *stand) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}
func (p *stand) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	if p.api != nil {
		resp.ResourceData = p.api
	}
}
func (p *stand) DataSources(context.Context) []func() datasource.DataSource { return nil }
func (p *stand) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return protectedledger.New(p.opts) }}
}

func (b *bench) fatal(what string, diags []*tfprotov6.Diagnostic) {
	b.t.Helper()
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			b.t.Fatalf("%s:\n%s", what, printed(diags))
		}
	}
}

// printed is what a person reads of diagnostics.
func printed(diags []*tfprotov6.Diagnostic) string {
	var text strings.Builder
	for _, d := range diags {
		at := ""
		if d.Attribute != nil && len(d.Attribute.Steps()) > 0 {
			at = " (" + strings.TrimPrefix(d.Attribute.String(), "AttributeName") + ")"
		}
		fmt.Fprintf(&text, "%s: %s%s\n\n%s\n\n", strings.ToUpper(d.Severity.String()), d.Summary, at, d.Detail)
	}
	return strings.TrimSpace(text.String())
}

func (b *bench) dynamic(v tftypes.Value) *tfprotov6.DynamicValue {
	b.t.Helper()
	d, err := tfprotov6.NewDynamicValue(b.ty, v)
	if err != nil {
		b.t.Fatalf("encode: %v", err)
	}
	return &d
}

func (b *bench) value(d *tfprotov6.DynamicValue) tftypes.Value {
	b.t.Helper()
	if d == nil {
		return tftypes.NewValue(b.ty, nil)
	}
	v, err := d.Unmarshal(b.ty)
	if err != nil {
		b.t.Fatalf("decode: %v", err)
	}
	return v
}

// outcome is what a step of Terraform's left.
type outcome struct {
	state   obj // planned or new; nil for none
	raw     tftypes.Value
	diags   []*tfprotov6.Diagnostic
	replace []string
}

func (o outcome) failed() bool {
	for _, d := range o.diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

func (o outcome) text() string { return printed(o.diags) }

// validate is terraform validate.
func (b *bench) validate(cfg obj) outcome {
	b.t.Helper()
	resp, err := b.server.ValidateResourceConfig(b.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: typeName, Config: b.dynamic(toValue(b.ty, cfg)),
	})
	if err != nil {
		b.t.Fatalf("validate: %v", err)
	}
	return outcome{diags: resp.Diagnostics}
}

// plan is what terraform plan does after its refresh. A nil cfg destroys.
func (b *bench) plan(cfg, prior obj) outcome {
	b.t.Helper()
	config, state := toValue(b.ty, any(cfg)), toValue(b.ty, any(prior))
	if cfg == nil {
		config = tftypes.NewValue(b.ty, nil)
	}
	if prior == nil {
		state = tftypes.NewValue(b.ty, nil)
	}
	proposed := config
	if cfg != nil {
		proposed = propose(b.schema.Block, config, state)
	}
	resp, err := b.server.PlanResourceChange(b.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, Config: b.dynamic(config), PriorState: b.dynamic(state),
		ProposedNewState: b.dynamic(proposed), PriorPrivate: b.private,
	})
	if err != nil {
		b.t.Fatalf("plan: %v", err)
	}
	o := outcome{raw: b.value(resp.PlannedState), diags: resp.Diagnostics}
	o.state, _ = toNative(o.raw).(obj)
	for _, p := range resp.RequiresReplace {
		o.replace = append(o.replace, p.String())
	}
	return o
}

// apply is terraform apply of one planned change: it plans once more, as Terraform does, and then applies. The new
// state must agree with the plan wherever the plan was known.
func (b *bench) apply(cfg, prior obj) outcome {
	b.t.Helper()
	return b.applyContext(b.t.Context(), cfg, prior)
}

// destroyWithoutPlan destroys as Terraform does with a tainted object: no plan had a say.
func (b *bench) destroyWithoutPlan(prior obj) outcome {
	b.t.Helper()
	return b.applyPlanned(b.t.Context(), nil, prior, outcome{raw: tftypes.NewValue(b.ty, nil)})
}

func (b *bench) applyContext(ctx context.Context, cfg, prior obj) outcome {
	b.t.Helper()
	planned := b.plan(cfg, prior)
	if planned.failed() {
		planned.state = prior
		return planned
	}
	return b.applyPlanned(ctx, cfg, prior, planned)
}

func (b *bench) applyPlanned(ctx context.Context, cfg, prior obj, planned outcome) outcome {
	b.t.Helper()
	config, state := toValue(b.ty, any(cfg)), toValue(b.ty, any(prior))
	if cfg == nil {
		config = tftypes.NewValue(b.ty, nil)
	}
	if prior == nil {
		state = tftypes.NewValue(b.ty, nil)
	}
	resp, err := b.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeName, Config: b.dynamic(config), PriorState: b.dynamic(state),
		PlannedState: b.dynamic(planned.raw), PlannedPrivate: b.private,
	})
	if err != nil {
		b.t.Fatalf("apply: %v", err)
	}
	o := outcome{raw: b.value(resp.NewState), diags: resp.Diagnostics}
	o.state, _ = toNative(o.raw).(obj)
	if !o.failed() && cfg != nil {
		b.consistent(planned.state, o.state, "")
	}
	if !o.raw.IsFullyKnown() {
		b.t.Errorf("the new state holds unknown values: %v", o.state)
	}
	return o
}

// consistent fails when the new state is not what the plan said.
func (b *bench) consistent(planned, got any, at string) {
	b.t.Helper()
	switch p := planned.(type) {
	case unknown:
	case obj:
		g, ok := got.(obj)
		if !ok {
			b.t.Errorf("inconsistent result: %s is %v, planned %v", at, got, planned)
			return
		}
		for k, v := range p {
			b.consistent(v, g[k], at+"."+k)
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(p) {
			b.t.Errorf("inconsistent result: %s is %v, planned %v", at, got, planned)
			return
		}
		for i := range p {
			b.consistent(p[i], g[i], fmt.Sprintf("%s[%d]", at, i))
		}
	default:
		if !reflect.DeepEqual(planned, got) {
			b.t.Errorf("inconsistent result: %s is %v, planned %v", at, got, planned)
		}
	}
}

// refresh is Terraform's refresh of one object, without any identity in the state.
func (b *bench) refresh(state obj) outcome {
	b.t.Helper()
	resp, err := b.server.ReadResource(b.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: b.dynamic(toValue(b.ty, any(state))), Private: b.private,
	})
	if err != nil {
		b.t.Fatalf("refresh: %v", err)
	}
	o := outcome{raw: b.value(resp.NewState), diags: resp.Diagnostics}
	o.state, _ = toNative(o.raw).(obj)
	return o
}

// mustApply creates or changes, refreshes, and makes sure that the next plan is empty.
func (b *bench) mustApply(cfg, prior obj) obj {
	b.t.Helper()
	o := b.apply(cfg, prior)
	if o.failed() {
		b.t.Fatalf("apply:\n%s", o.text())
	}
	return b.settled(cfg, o.state)
}

// settled makes sure that refresh and plan find nothing to do.
func (b *bench) settled(cfg, state obj) obj {
	b.t.Helper()
	fresh := b.refresh(state)
	b.fatal("refresh", fresh.diags)
	again := b.plan(cfg, fresh.state)
	b.fatal("plan again", again.diags)
	if !reflect.DeepEqual(again.state, fresh.state) {
		b.t.Errorf("the plan after the apply is not empty:\n%s", differences(fresh.state, again.state, ""))
	}
	return fresh.state
}

func differences(from, to any, at string) string {
	a, okA := from.(obj)
	z, okZ := to.(obj)
	if okA && okZ {
		var text string
		for k := range z {
			text += differences(a[k], z[k], at+"."+k)
		}
		return text
	}
	if reflect.DeepEqual(from, to) {
		return ""
	}
	return fmt.Sprintf("%s: %v -> %v\n", at, from, to)
}

// propose merges configuration and prior state as Terraform does: what is computed and not configured keeps its value.
func propose(block *tfprotov6.SchemaBlock, config, prior tftypes.Value) tftypes.Value {
	return tftypes.NewValue(config.Type(), proposeAttributes(block.Attributes, config, prior, true))
}

func proposeAttributes(
	attributes []*tfprotov6.SchemaAttribute, config, prior tftypes.Value, blocks bool,
) map[string]tftypes.Value {
	var configured map[string]tftypes.Value
	mustAs(config, &configured)
	members := maps.Clone(configured) // As hands out the value's own map
	before := map[string]tftypes.Value{}
	if !prior.IsNull() && prior.IsKnown() {
		mustAs(prior, &before)
	}
	for _, a := range attributes {
		c := members[a.Name]
		p, has := before[a.Name]
		switch {
		case c.IsNull() && a.Computed && has:
			members[a.Name] = p
		case !c.IsNull() && c.IsKnown() && a.NestedType != nil &&
			a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			if !has {
				p = tftypes.NewValue(c.Type(), nil)
			}
			members[a.Name] = tftypes.NewValue(c.Type(), proposeAttributes(a.NestedType.Attributes, c, p, blocks))
		}
	}
	return members
}

func mustAs(v tftypes.Value, to any) {
	if err := v.As(to); err != nil {
		panic(err)
	}
}

// toValue makes a value of ty from maps, slices, strings, bools and ints; what a map leaves out is null.
func toValue(ty tftypes.Type, from any) tftypes.Value {
	if _, ok := from.(unknown); ok {
		return tftypes.NewValue(ty, tftypes.UnknownValue)
	}
	if from == nil {
		return tftypes.NewValue(ty, nil)
	}
	switch ty := ty.(type) {
	case tftypes.Object:
		given, members := from.(obj), map[string]tftypes.Value{}
		if given == nil {
			return tftypes.NewValue(ty, nil)
		}
		for name, member := range ty.AttributeTypes {
			members[name] = toValue(member, given[name])
		}
		for name := range given {
			if _, ok := ty.AttributeTypes[name]; !ok {
				panic("no attribute " + name)
			}
		}
		return tftypes.NewValue(ty, members)
	case tftypes.Map:
		members := map[string]tftypes.Value{}
		for name, member := range from.(obj) {
			members[name] = toValue(ty.ElementType, member)
		}
		return tftypes.NewValue(ty, members)
	case tftypes.List:
		return tftypes.NewValue(ty, toValues(ty.ElementType, from))
	case tftypes.Set:
		return tftypes.NewValue(ty, toValues(ty.ElementType, from))
	}
	return tftypes.NewValue(ty, from)
}

func toValues(ty tftypes.Type, from any) []tftypes.Value {
	members := []tftypes.Value{}
	for _, member := range from.([]any) {
		members = append(members, toValue(ty, member))
	}
	return members
}

func toNative(v tftypes.Value) any {
	if !v.IsKnown() {
		return unknown{}
	}
	if v.IsNull() {
		return nil
	}
	switch ty := v.Type(); {
	case ty.Is(tftypes.Object{}), ty.Is(tftypes.Map{}):
		members, out := map[string]tftypes.Value{}, obj{}
		mustAs(v, &members)
		for k, member := range members {
			out[k] = toNative(member)
		}
		return out
	case ty.Is(tftypes.List{}), ty.Is(tftypes.Set{}):
		members, out := []tftypes.Value{}, []any{}
		mustAs(v, &members)
		for _, member := range members {
			out = append(out, toNative(member))
		}
		return out
	case ty.Is(tftypes.Bool):
		var is bool
		mustAs(v, &is)
		return is
	case ty.Is(tftypes.Number):
		n := new(big.Float)
		mustAs(v, &n)
		whole, _ := n.Int64()
		return whole
	}
	var s string
	mustAs(v, &s)
	return s
}
