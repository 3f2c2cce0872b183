package protectedledger

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// observeTags shows the tags of ledger and key as one map. Of two different readings the one that is not what was last
// applied is shown, so that a change on either side becomes a difference in the plan.
func (c *calls) observeTags(now *model, st model, s sight) {
	applied, _ := stringMap(st.TagsAll)
	seen := maps.Clone(applied)
	read := false
	if s.ledgerErr == nil && s.tagsErr == nil && s.ledgerTags != nil {
		seen, read = c.managed(s.ledgerTags), true
	}
	if st.ownKey() != "" && s.keyErr == nil && s.keyTagsErr == nil && s.keyTags != nil {
		seen, read = mergeReadings(seen, c.managed(s.keyTags), applied), true
	}
	if !read {
		return
	}
	now.TagsAll = mapValue(seen)
	now.Tags = c.configuredTags(st.Tags, seen)
}

func mergeReadings(ledger, key, applied map[string]string) map[string]string {
	merged := map[string]string{}
	all := maps.Clone(ledger)
	maps.Copy(all, key)
	maps.Copy(all, applied)
	for k := range all {
		fromLedger, onLedger := ledger[k]
		fromKey, onKey := key[k]
		want, wanted := applied[k]
		value, has := fromLedger, onLedger
		if onLedger == wanted && fromLedger == want {
			value, has = fromKey, onKey // the ledger is as applied: if anything differs, it is the key
		}
		if has {
			merged[k] = value
		}
	}
	return merged
}

// configuredTags is what of the tags seen belongs into tags: all but those that default_tags explain.
func (c *calls) configuredTags(before types.Map, seen map[string]string) types.Map {
	configured, _ := stringMap(before)
	defaults := c.api.TagsAll(nil)
	tags := map[string]string{}
	for k, v := range seen {
		_, own := configured[k]
		if fallback, isDefault := defaults[k]; own || !isDefault || fallback != v {
			tags[k] = v
		}
	}
	for k, v := range configured {
		if c.api.Ignored(k) {
			tags[k] = v
		}
	}
	if len(tags) == 0 && before.IsNull() {
		return before
	}
	return mapValue(tags)
}
