package iam

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// checks collects what is wrong with the members of an input, in the words of the service.
type checks []string

func (c *checks) add(value, member, constraint string, args ...any) {
	*c = append(*c, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, member,
		fmt.Sprintf(constraint, args...)))
}

// length wants value to have between least and most characters.
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

func (c *checks) within(member string, value, least, most int) {
	quoted := fmt.Sprintf("'%d'", value)
	switch {
	case value < least:
		c.add(quoted, member, "Member must have value greater than or equal to %d", least)
	case value > most:
		c.add(quoted, member, "Member must have value less than or equal to %d", most)
	}
}

func (c *checks) oneOf(member, value string, values ...string) {
	for _, v := range values {
		if v == value {
			return
		}
	}
	c.add("'"+value+"'", member, "Member must satisfy enum value set: [%s]", strings.Join(values, ", "))
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

var (
	nameForm = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathForm = regexp.MustCompile(`^/([\x21-\x7e]*/)?$`)
)

// The longest names. Source: IAM User Guide, "IAM and AWS STS quotas".
var longestName = map[kind]int{user: 64, role: 64, group: 128, profile: 128}

const longestPolicyName = 128

// checkName wants value to be the name of something: member is such as "roleName".
func checkName(member, value string, longest int) error {
	var c checks
	c.length(member, value, 1, longest)
	if err := c.err(); err != nil {
		return err
	}
	if !nameForm.MatchString(value) {
		return errValidation("The specified value for %s is invalid. It must contain only alphanumeric characters "+
			"and/or the following: +=,.@_-", member)
	}
	return nil
}

// checkPath returns the path that is meant.
func checkPath(path string) (string, error) {
	if path == "" {
		return "/", nil
	}
	var c checks
	c.length("path", path, 1, 512)
	if err := c.err(); err != nil {
		return "", err
	}
	if !pathForm.MatchString(path) {
		return "", errValidation("The specified value for path is invalid. It must begin and end with / and contain " +
			"only alphanumeric characters and/or / characters.")
	}
	return path, nil
}
