package cloudtrail

import (
	"maps"
	"slices"
)

// values lists what events can be looked up by, so that a chunk without it need not be read.
type values map[string][]string // by keys of attributes, and "home" for account/Region

// maxValues is how many different values of one attribute are listed. A chunk with more may hold any.
const maxValues = 64

// valuesOf lists the values of events. Ids are not listed, as each event has one of its own.
func valuesOf(events []event) values {
	seen := map[string]map[string]bool{}
	add := func(key, value string) {
		if seen[key] == nil {
			seen[key] = map[string]bool{}
		}
		if len(seen[key]) <= maxValues {
			seen[key][value] = true
		}
	}
	for i := range events {
		e := &events[i]
		add("home", home(e.Account, e.Region))
		add("EventName", e.Name)
		add("EventSource", e.Source)
		add("Username", e.Username)
		add("AccessKeyId", e.AccessKeyID)
		for _, r := range e.Resources {
			add("ResourceType", r.Type)
			add("ResourceName", r.Name)
		}
	}
	list := values{}
	for key, set := range seen {
		if len(set) <= maxValues {
			list[key] = slices.Sorted(maps.Keys(set))
		}
	}
	return list
}

func home(account, region string) string { return account + "/" + region }

// lack says that no event has this value.
func (v values) lack(key, value string) bool {
	list, listed := v[key]
	if !listed {
		return false
	}
	_, found := slices.BinarySearch(list, value)
	return !found
}
