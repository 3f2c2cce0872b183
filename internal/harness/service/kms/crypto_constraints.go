package kms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// constraints collects what an input breaks of the API model, so that one ValidationException can name all of it.
// Members are named as the service names them: Plaintext is 'plaintext'.
type constraints struct{ broken []string }

func (c *constraints) add(format string, args ...any) {
	c.broken = append(c.broken, fmt.Sprintf(format, args...))
}

// given requires that a member is there.
func (c *constraints) given(member string, present bool) {
	if !present {
		c.add("Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	}
}

// keyID requires a key reference of 1 to 2048 characters; an optional one may be absent.
func (c *constraints) keyID(member string, ref *string, required bool) {
	if ref == nil {
		c.given(member, !required)
		return
	}
	c.text(member, *ref, 1, 2048)
}

// text requires low to high characters.
func (c *constraints) text(member, value string, low, high int) {
	switch n := len([]rune(value)); {
	case n < low:
		c.add("Value '%s' at '%s' failed to satisfy constraint: Member must have length greater than or equal to %d",
			value, member, low)
	case n > high:
		c.add("Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d",
			value, member, high)
	}
}

// blob requires low to high bytes and never shows them: they may be secret.
func (c *constraints) blob(member string, value []byte, low, high int) {
	switch {
	case value == nil:
		c.given(member, false)
	case len(value) < low:
		c.add("Value at '%s' failed to satisfy constraint: Member must have length greater than or equal to %d",
			member, low)
	case len(value) > high:
		c.add("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d",
			member, high)
	}
}

// number requires low to high; nil is an absent member and fine.
func (c *constraints) number(member string, value *int, low, high int) {
	switch {
	case value == nil:
	case *value < low:
		c.add("Value '%d' at '%s' failed to satisfy constraint: Member must have value greater than or equal to %d",
			*value, member, low)
	case *value > high:
		c.add("Value '%d' at '%s' failed to satisfy constraint: Member must have value less than or equal to %d",
			*value, member, high)
	}
}

// enum requires one of allowed; "" is an absent member and fine.
func (c *constraints) enum(member, value string, allowed []string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.add("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
			value, member, strings.Join(allowed, ", "))
	}
}

// grantTokens requires at most ten.
func (c *constraints) grantTokens(tokens []string) {
	if len(tokens) > 10 {
		c.add("Value at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
}

// err is a ValidationException that names everything broken, or nil.
func (c *constraints) err() error {
	switch len(c.broken) {
	case 0:
		return nil
	case 1:
		return wire.Faultf("ValidationException", "1 validation error detected: %s", c.broken[0])
	default:
		return wire.Faultf("ValidationException", "%d validation errors detected: %s",
			len(c.broken), strings.Join(c.broken, "; "))
	}
}
