package provider_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// A number that is not whole, or beyond all bounds, is refused in our words, wherever an argument takes numbers.
func TestNumbersAreWhole(t *testing.T) {
	t.Parallel()
	c := newCore(t)
	var names []string
	type validator func(*tfprotov6.DynamicValue) []*tfprotov6.Diagnostic
	check := func(name string, block *tfprotov6.SchemaBlock, validate validator) {
		ty := block.ValueType()
		for _, at := range numbers(block.Attributes) {
			names = append(names, name+"."+strings.Join(at, "."))
			for _, n := range []*big.Float{big.NewFloat(1.5), big.NewFloat(1e30), big.NewFloat(-0.5)} {
				config, err := tfprotov6.NewDynamicValue(ty, value(ty, at.holding(n)))
				if err != nil {
					t.Fatal(err)
				}
				text := printed(validate(&config))
				if want := "must be a whole number"; !strings.Contains(text, want) ||
					strings.Contains(text, "error in the provider") || strings.Count(text, "a whole number") != 1 {
					t.Errorf("%s.%s = %s: want one error that says %q, got:\n%s", name, strings.Join(at, "."), n, want, text)
				}
			}
		}
	}
	ctx := t.Context()
	check("provider", c.schema.Provider.Block, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
		resp, err := c.server.ValidateProviderConfig(ctx, &tfprotov6.ValidateProviderConfigRequest{Config: config})
		if err != nil {
			t.Fatal(err)
		}
		return resp.Diagnostics
	})
	for name, schema := range c.schema.ResourceSchemas {
		check(name, schema.Block, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
			resp, err := c.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
				TypeName: name, Config: config,
			})
			if err != nil {
				t.Fatal(err)
			}
			return resp.Diagnostics
		})
	}
	for name, schema := range c.schema.DataSourceSchemas {
		check("data."+name, schema.Block, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
			resp, err := c.server.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{
				TypeName: name, Config: config,
			})
			if err != nil {
				t.Fatal(err)
			}
			return resp.Diagnostics
		})
	}
	slices.Sort(names)
	if want := []string{
		"data.qldbkms_key_events.limit", "provider.max_retries", "qldbkms_protected_ledger.key.deletion_window_in_days",
		"qldbkms_protected_ledger.key.generation", "qldbkms_protected_ledger.key.rotation_period_in_days",
		"qldbkms_record.document_wo_version",
	}; !slices.Equal(names, want) {
		t.Errorf("the arguments that take numbers are %v, want %v", names, want)
	}
}

// argument is where an argument stands, from the outermost object.
type argument []string

// holding is the smallest configuration in which the argument has a value.
func (a argument) holding(v any) any {
	if len(a) == 0 {
		return v
	}
	return map[string]any{a[0]: a[1:].holding(v)}
}

// numbers are the arguments that take a number, those of nested objects included.
func numbers(attributes []*tfprotov6.SchemaAttribute) []argument {
	var list []argument
	for _, a := range attributes {
		switch {
		case !a.Optional && !a.Required:
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			for _, nested := range numbers(a.NestedType.Attributes) {
				list = append(list, append(argument{a.Name}, nested...))
			}
		case a.Type != nil && a.Type.Is(tftypes.Number):
			list = append(list, argument{a.Name})
		}
	}
	return list
}
