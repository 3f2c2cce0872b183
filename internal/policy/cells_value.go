package policy

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// limits reads the values of all tests with parse and sorts them.
func limits[T any](v *variableKey, parse func(string) (T, bool), compare func(T, T) int) []T {
	var list []T
	for _, t := range v.tests {
		for _, text := range t.values {
			if limit, ok := parse(text); ok && t.kind != existence {
				list = append(list, limit)
			}
		}
	}
	slices.SortFunc(list, compare)
	return slices.CompactFunc(list, func(a, b T) bool { return compare(a, b) == 0 })
}

// numbers are every limit, one number between each two, one below and one above, and no number. Those a person would
// write come first.
func (v *variableKey) numbers() []string {
	list := limits(v, parseDecimal, decimal.compare)
	if len(list) == 0 {
		return []string{"1", "x"}
	}
	var near, exact []string
	digits := 0 // after the point, more than any limit has
	for _, d := range list {
		digits = max(digits, len(d.decimal)+1)
	}
	for i, d := range list {
		near = append(near, d.String())
		if n, err := strconv.Atoi(d.String()); err == nil {
			near = append(near, strconv.Itoa(n-1), strconv.Itoa(n+1))
		}
		if i > 0 {
			exact = append(exact, between(list[i-1], d, digits))
		}
	}
	first, last := list[0], list[len(list)-1]
	below := decimal{negative: true, whole: "1" + strings.Repeat("0", len(first.whole))}
	above := decimal{whole: "1" + strings.Repeat("0", len(last.whole))}
	return append(append(near, exact...), below.String(), above.String(), "x")
}

// between is a number between low and high that has more digits than either.
func between(low, high decimal, digits int) string {
	switch {
	case low.negative && !high.negative && high != (decimal{}):
		return "0"
	case low.negative: // towards zero from high would pass it, so away from it
		return decimal{negative: true, whole: high.whole, decimal: smallest(high, digits)}.String()
	}
	return decimal{whole: low.whole, decimal: smallest(low, digits)}.String()
}

// smallest are the decimal digits of d, and then a last one.
func smallest(d decimal, digits int) string {
	return d.decimal + strings.Repeat("0", digits-len(d.decimal)) + "1"
}

// String writes the number without superfluous zeros.
func (d decimal) String() string {
	s := d.whole
	if s == "" {
		s = "0"
	}
	if d.decimal != "" {
		s += "." + d.decimal
	}
	if d.negative {
		s = "-" + s
	}
	return s
}

// dates are every limit with what is one second and one nanosecond before and after it, and no date.
func (v *variableKey) dates() []string {
	list := []string{"2000-01-01T00:00:00Z"}
	for _, d := range limits(v, parseDate, compareDates) {
		for _, step := range [...]time.Duration{0, -time.Second, time.Second, -1, 1} {
			list = append(list, dateText(d.Add(step)))
		}
	}
	return append(list, strings.Repeat("9", maxEpochDigits), "x")
}

// dateText writes a date as ISO 8601 where that has a year of four digits, else in seconds since 1970.
func dateText(t time.Time) string {
	if t = t.UTC(); t.Year() >= 0 && t.Year() <= 9999 {
		return t.Format(time.RFC3339Nano)
	}
	return strconv.FormatInt(t.Unix(), 10)
}

// addresses are the first address of each network and the first after it: every class begins at one of them, or at
// the first address of all, or after the IPv6 addresses that stand for IPv4. The first candidate is for display: an
// address that no one has.
func (v *variableKey) addresses() []string {
	list := []string{"198.51.100.1", "0.0.0.0", "::", "::1:0:0:0"}
	networks := limits(v, parseNetwork, netip.Prefix.Compare)
	for _, n := range networks {
		list = append(list, n.Addr().String())
		if after := lastAddress(n).Next(); after.IsValid() {
			list = append(list, after.String())
		}
	}
	return append(list, "x")
}

func lastAddress(n netip.Prefix) netip.Addr {
	b := n.Addr().AsSlice()
	for i := n.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// binaries are every value, and one that is longer than all.
func (v *variableKey) binaries() []string {
	longest := ""
	var list []string
	for _, b := range limits(v, parseBinary, strings.Compare) {
		list = append(list, base64.StdEncoding.EncodeToString([]byte(b)))
		if len(b) > len(longest) {
			longest = b
		}
	}
	return append(list, base64.StdEncoding.EncodeToString([]byte(longest+"x")))
}
