package cloudtrail

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"

// The faults of LookupEvents. The codes are the service's; the words are ours, as its own are not published.
//
// Source: CloudTrail API reference, LookupEvents, Errors.

func errAttributes(format string, args ...any) error {
	return wire.Faultf("InvalidLookupAttributesException", format, args...)
}

func errTimeRange() error {
	return wire.Faultf("InvalidTimeRangeException", "Invalid time range: StartTime is after EndTime.")
}

func errMaxResults(n int) error {
	return wire.Faultf("InvalidMaxResultsException", "Invalid max results: %d is not between 1 and %d.", n, maxPage)
}

func errNextToken() error {
	return wire.Faultf("InvalidNextTokenException",
		"Invalid next token: it is garbage, or belongs to a request with other parameters.")
}

func errCategory(category string) error {
	return wire.Faultf("InvalidEventCategoryException", "Invalid event category: %q is not insight.", category)
}

func errRate() error { return wire.Faultf("ThrottlingException", "Rate exceeded") }
