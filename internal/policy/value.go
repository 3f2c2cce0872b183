package policy

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A decimal is a number as written, without superfluous zeros, so that no digit is lost however long it is.
type decimal struct {
	negative       bool
	whole, decimal string // digits before and after the point; both empty for zero
}

// parseDecimal reads digits with an optional sign and fraction.
func parseDecimal(s string) (d decimal, ok bool) {
	s, d.negative = strings.CutPrefix(s, "-")
	if !d.negative {
		s = strings.TrimPrefix(s, "+")
	}
	whole, fraction, point := strings.Cut(s, ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return decimal{}, false
	}
	d.whole, d.decimal = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	d.negative = d.negative && d.whole+d.decimal != ""
	return d, true
}

func isDigits(s string) bool { return s != "" && only(s, "0123456789") }

func (d decimal) compare(other decimal) int {
	switch {
	case d.negative != other.negative:
		if d.negative {
			return -1
		}
		return 1
	case d.negative:
		d, other = other, d
	}
	return cmp.Or(cmp.Compare(len(d.whole), len(other.whole)), strings.Compare(d.whole, other.whole),
		strings.Compare(d.decimal, other.decimal))
}

// dateLayouts are the forms of ISO 8601 in the W3C profile, which AWS names.
//
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators", Date condition operators.
var dateLayouts = [...]string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly, "2006-01", "2006"}

// parseDate reads a date of ISO 8601, or seconds since 1970. Four digits are a year.
func parseDate(s string) (time.Time, bool) {
	if len(s) != 4 && len(s) <= maxEpochDigits && isDigits(s) {
		seconds, err := strconv.ParseInt(s, 10, 64)
		return time.Unix(seconds, 0), err == nil
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func compareDates(a, b time.Time) int { return a.Compare(b) }

// maxEpochDigits keeps seconds where package time can still compare them.
const maxEpochDigits = 15

// parseNetwork reads an address or a CIDR block; an address is a block of itself.
func parseNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, ok := parseAddress(s)
	return netip.PrefixFrom(a, a.BitLen()), ok
}

func parseAddress(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err == nil
}

func parseBinary(s string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err == nil
}

// parseBool reads the value of a Bool or a Null condition.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}
