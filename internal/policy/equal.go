package policy

import (
	"fmt"
	"slices"
)

// Structural tells whether a and b are the same policy in different spellings, Sids and Id included. Order and
// repetition of statements do not matter.
func Structural(a, b *Policy, ctx Context) bool {
	return a.Canonical(ctx).Structural(b.Canonical(ctx))
}

// Semantic tells whether a and b permit and prohibit the same, as far as spelling alone decides it: Structural
// without Sids and Id. False does not mean that some request is answered differently.
func Semantic(a, b *Policy, ctx Context) bool {
	return a.Canonical(ctx).Semantic(b.Canonical(ctx))
}

// Structural is the function of that name for policies that are canonical already, both in one Context.
func (c *Canonical) Structural(other *Canonical) bool {
	return c.Version == other.Version && c.ID == other.ID && slices.Equal(c.structural, other.structural)
}

// Semantic is the function of that name for policies that are canonical already, both in one Context.
func (c *Canonical) Semantic(other *Canonical) bool {
	return c.Version == other.Version && slices.Equal(c.semantic, other.semantic)
}

// EqualText is Structural for two texts. Identical texts are equal whether or not they are policies; otherwise the
// error is that of Parse, wrapped, for the first text that is none.
func EqualText(a, b string, ctx Context) (bool, error) {
	if a == b {
		return true, nil
	}
	pa, err := Parse(a)
	if err != nil {
		return false, fmt.Errorf("compare first policy: %w", err)
	}
	pb, err := Parse(b)
	if err != nil {
		return false, fmt.Errorf("compare second policy: %w", err)
	}
	return Structural(pa, pb, ctx), nil
}
