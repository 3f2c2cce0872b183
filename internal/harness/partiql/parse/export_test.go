package parse

import (
	"maps"
	"slices"
)

// ReservedWords are all of them, sorted.
func ReservedWords() []string { return slices.Sorted(maps.Keys(reserved)) }
