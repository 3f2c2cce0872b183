package sts

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// The words of the faults below are those that clients of the live service see; tools match on them.
// Source: STS API reference, section "Errors" of each operation, and recorded answers of the service.

func errDenied(text string) error {
	return &wire.Fault{Code: "AccessDenied", Status: 403, Message: text}
}

func errValidation(format string, args ...any) error {
	return wire.Faultf("ValidationError", format, args...)
}

func errValue(format string, args ...any) error {
	return wire.Faultf("InvalidParameterValue", format, args...)
}

// errRole answers for a role that does not exist as for one that does not trust the caller.
func errRole(c *wire.Call, action, arn string) error {
	return errDenied(fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", c.Caller.ARN, action, arn))
}

func errMFA() error {
	return errDenied("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial " +
		"number is valid and associated with this user.")
}

// checks collects what is wrong with the members of an input, in the words of the service.
type checks []string

func (c *checks) add(value, member, constraint string, args ...any) {
	*c = append(*c, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, member,
		fmt.Sprintf(constraint, args...)))
}

func (c *checks) length(member, value string, least, most int) {
	switch n := utf8.RuneCountInString(value); {
	case n == 0 && least > 0:
		c.add("null", member, "Member must not be null")
	case n < least:
		c.add("'"+value+"'", member, "Member must have length greater than or equal to %d", least)
	case n > most:
		c.add("'"+value+"'", member, "Member must have length less than or equal to %d", most)
	}
}

// form wants all of value to match the pattern, which the service repeats.
func (c *checks) form(member, value, pattern string) {
	if !regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(value) {
		c.add("'"+value+"'", member, "Member must satisfy regular expression pattern: %s", pattern)
	}
}

func (c *checks) within(member string, value, least, most int) {
	quoted := fmt.Sprintf("'%d'", value)
	switch {
	case value < least:
		c.add(quoted, member, "Member must have value greater than or equal to %d", least)
	case value > most:
		c.add(quoted, member, "Member must have value less than or equal to %d", most)
	}
}

// err is nil if nothing was found.
func (c checks) err() error {
	if len(c) == 0 {
		return nil
	}
	noun := "errors"
	if len(c) == 1 {
		noun = "error"
	}
	return errValidation("%d validation %s detected: %s", len(c), noun, strings.Join(c, "; "))
}
