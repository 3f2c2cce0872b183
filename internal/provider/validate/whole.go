package validate

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Whole is the type of an attribute that takes whole numbers. The framework's own cannot read any other number, and
// says that the provider is at fault. allowed is what is allowed, as the end of a sentence: "must be ...".
func Whole(allowed string) basetypes.Int64Typable { return whole{allowed: allowed} }

type whole struct {
	basetypes.Int64Type
	allowed string
}

// Equal says whether o has the same values: those of the framework's type have, too.
func (w whole) Equal(o attr.Type) bool {
	_, ok := o.(whole)
	return ok || w.Int64Type.Equal(o)
}

// ValueFromTerraform reads a number. One that is refused by Validate reads as not known, so that everything else can
// be looked at, too.
func (w whole) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	if n, ok := number(in); ok && !fits(n) {
		return basetypes.NewInt64Unknown(), nil
	}
	return w.Int64Type.ValueFromTerraform(ctx, in)
}

// Validate refuses numbers with a fraction, and those that are beyond 64 bits.
func (w whole) Validate(_ context.Context, in tftypes.Value, at path.Path) (diags diag.Diagnostics) {
	n, ok := number(in)
	if !ok || fits(n) {
		return nil
	}
	diags.AddAttributeError(at, "Invalid "+at.String(), fmt.Sprintf("%s is not allowed: %s must be %s.", n.Text('g', 20),
		at, w.allowed))
	return diags
}

func number(in tftypes.Value) (n *big.Float, ok bool) {
	if !in.IsKnown() || in.IsNull() || in.As(&n) != nil {
		return nil, false
	}
	return n, true
}

func fits(n *big.Float) bool {
	_, accuracy := n.Int64()
	return n.IsInt() && accuracy == big.Exact
}
