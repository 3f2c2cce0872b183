package awsclient

import (
	"maps"
	"slices"
	"strings"
)

// TagsAll merges the provider's default_tags with a resource's tags; the resource wins.
func (s *Source) TagsAll(tags map[string]string) map[string]string {
	all := make(map[string]string, len(s.config.DefaultTags)+len(tags))
	maps.Copy(all, s.config.DefaultTags)
	maps.Copy(all, tags)
	return all
}

// Ignored says whether ignore_tags hides the tag key from drift.
func (s *Source) Ignored(tagKey string) bool {
	return slices.Contains(s.config.IgnoredTagKeys, tagKey) ||
		slices.ContainsFunc(s.config.IgnoredTagPrefixes, func(p string) bool { return strings.HasPrefix(tagKey, p) })
}
