package preflight

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Compiled at the first use: a provider is started several times for one plan, and most starts need none.
var (
	accountIDs  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b[0-9]{12}\b`) })
	regionNames = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\b[a-z]{2,4}(?:-[a-z]+)+-[0-9]\b`)
	})
)

// manyPlaces bounds the places that Anywhere tries.
const manyPlaces = 64

// A place that no text names.
const (
	noAccount = "000000000000"
	noRegion  = "eu-none-1"
)

// Anywhere judges a key policy while its account or its Region is not known, "" in in: it gives the findings of Check
// that are there whatever they are, about the same statement and the same principal. Where the words tell account or
// Region, "<account id>" or "<region>" stands in them. What hinges on the place is left to Check.
//
// It is enough to try the accounts and Regions that the text names and some that it does not: rules only compare them.
// A text that names more than a few dozen pairs gives no findings here.
func Anywhere(in Input) []Finding {
	accounts, regions := []string{in.Account}, []string{in.Region}
	if in.Account == "" {
		accounts = once(append(accountIDs().FindAllString(in.Policy, -1), noAccount))
	}
	if in.Region == "" {
		regions = once(append(regionNames().FindAllString(in.Policy, -1), noRegion, "cn-none-1", "us-gov-none-1"))
	}
	if len(accounts)*len(regions) > manyPlaces {
		return nil
	}
	at := func(account, region string) []Finding {
		there := in
		there.Account, there.Region, there.Partition = account, region, PartitionOf(region)
		return Check(there)
	}
	unnamed := func(known, none string) string {
		if known != "" {
			return known
		}
		return none
	}
	common := at(unnamed(in.Account, noAccount), unnamed(in.Region, noRegion))
	for _, account := range accounts {
		for _, region := range regions {
			if len(common) == 0 {
				return nil
			}
			found := at(account, region)
			common = slices.DeleteFunc(common, func(f Finding) bool { return !slices.ContainsFunc(found, f.Same) })
		}
	}
	open := strings.NewReplacer(noAccount, "<account id>", noRegion, "<region>")
	for i := range common {
		f := &common[i]
		f.Detail, f.Fix, f.Witness = open.Replace(f.Detail), open.Replace(f.Fix), open.Replace(f.Witness)
	}
	return common
}

// Same tells whether two findings are of one rule, about one statement and principal, whatever their words.
func (f Finding) Same(as Finding) bool {
	return f.Rule == as.Rule && f.Severity == as.Severity && f.Statement == as.Statement &&
		f.Principal == as.Principal && f.Action == as.Action
}

func once(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
