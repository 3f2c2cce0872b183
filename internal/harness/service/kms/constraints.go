package kms

import (
	"strconv"
	"unicode/utf8"
)

// length is text for members that are too long or too private to be shown.
func (c *constraints) length(member, value string, low, high int) {
	switch n := utf8.RuneCountInString(value); {
	case n < low:
		c.add("Value at '%s' failed to satisfy constraint: Member must have length greater than or equal to %d",
			member, low)
	case n > high:
		c.add("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d",
			member, high)
	}
}

// optional requires low to high characters of a member that may be absent.
func (c *constraints) optional(member string, value *string, low, high int) {
	if value != nil {
		c.text(member, *value, low, high)
	}
}

// required requires a member of low to high characters.
func (c *constraints) required(member string, value *string, low, high int) {
	c.given(member, value != nil)
	c.optional(member, value, low, high)
}

// page checks Limit and Marker.
func (c *constraints) page(limit *int, most int, marker *string) {
	c.number("limit", limit, 1, most)
	c.optional("marker", marker, 1, 1024)
}

// tags checks the lengths of names and values.
func (c *constraints) tags(tags []Tag) {
	for i, tag := range tags {
		member := "tags." + strconv.Itoa(i+1) + ".member."
		c.text(member+"tagKey", tag.TagKey, 1, 128)
		c.text(member+"tagValue", tag.TagValue, 0, 256)
	}
}
