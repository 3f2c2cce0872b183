package eval

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// local is the date and time of day of t as written, in a time.Time that ignores the offset.
func local(t ion.Timestamp) time.Time {
	x := t.Time()
	return time.Date(x.Year(), x.Month(), x.Day(), x.Hour(), x.Minute(), x.Second(), 0, time.UTC)
}

// written is the timestamp whose local date and time of day are x, with the offset and the fraction given.
// ok is false outside the years 1 to 9999.
func written(x time.Time, p ion.Precision, offset string, fraction string) (t ion.Timestamp, ok bool) {
	if x.Year() < 1 || x.Year() > 9999 {
		return t, false
	}
	var text string
	switch p {
	case ion.Year:
		text = x.Format("2006T")
	case ion.Month:
		text = x.Format("2006-01T")
	case ion.Day:
		text = x.Format("2006-01-02T")
	case ion.Minute:
		text = x.Format("2006-01-02T15:04") + offset
	default:
		text = x.Format("2006-01-02T15:04:05")
		if fraction != "" {
			text += "." + fraction
		}
		text += offset
	}
	t, err := ion.ParseTimestamp(text)
	return t, err == nil
}

// offsetText is the offset of t in Ion's notation.
func offsetText(t ion.Timestamp) string {
	minutes, ok := t.Offset()
	switch {
	case !ok:
		return "-00:00"
	case minutes == 0:
		return "Z"
	case minutes < 0:
		return fmt.Sprintf("-%02d:%02d", -minutes/60, -minutes%60)
	default:
		return fmt.Sprintf("+%02d:%02d", minutes/60, minutes%60)
	}
}

// partPrecision is how precise a timestamp must be to show a part.
var partPrecision = map[string]ion.Precision{
	"year": ion.Year, "month": ion.Month, "day": ion.Day, "hour": ion.Minute, "minute": ion.Minute, "second": ion.Second,
}

// maxDateSteps is more than the seconds from the year 1 to 9999.
const maxDateSteps = 400_000_000_000

// dateAdd is DATE_ADD(part, n, t). The result shows the part, and a day beyond the end of its month is its last.
func dateAdd(c *ast.Call, args []value) (value, error) {
	n, err := whole(c, args, 0)
	if err != nil {
		return missing, err
	}
	t, err := stamp(c, args, 1)
	if err != nil {
		return missing, err
	}
	ok := n > -maxDateSteps && n < maxDateSteps
	if ok {
		p := max(t.Precision(), partPrecision[c.Part])
		t, ok = written(addPart(local(t), c.Part, n), p, offsetText(t), t.Fraction())
	}
	if !ok {
		return missing, fault(c.Pos, "the result is out of range")
	}
	return of(t.Value()), nil
}

func addPart(x time.Time, part string, n int64) time.Time {
	const tooFar = 10_000
	switch part {
	case "year", "month":
		if part == "year" && (n > tooFar || n < -tooFar) || n > 12*tooFar || n < -12*tooFar {
			return time.Time{}.AddDate(-tooFar, 0, 0)
		}
		months := n
		if part == "year" {
			months *= 12
		}
		first := time.Date(x.Year(), x.Month()+time.Month(months), 1, x.Hour(), x.Minute(), x.Second(), 0, time.UTC)
		last := first.AddDate(0, 1, -1).Day()
		return first.AddDate(0, 0, min(x.Day(), last)-1)
	case "day":
		n *= 24 * 60 * 60
	case "hour":
		n *= 60 * 60
	case "minute":
		n *= 60
	}
	return time.Unix(x.Unix()+n, 0).UTC()
}

// dateDiff is DATE_DIFF(part, t1, t2): the whole parts from t1 to t2.
func dateDiff(c *ast.Call, args []value) (value, error) {
	a, err := stamp(c, args, 0)
	if err != nil {
		return missing, err
	}
	b, err := stamp(c, args, 1)
	if err != nil {
		return missing, err
	}
	sign := int64(1)
	if a.Compare(b) > 0 {
		a, b, sign = b, a, -1
	}
	x, y := a.Time().UTC(), b.Time().UTC()
	var n int64
	switch c.Part {
	case "year", "month":
		n = int64(y.Year()-x.Year())*12 + int64(y.Month()-x.Month())
		// x moved into y's month, which AddDate would normalize into the next one.
		dx, dy := x.Day(), y.Day()
		if dy < dx || dy == dx && secondsOfDay(a, x) > secondsOfDay(b, y) {
			n--
		}
		if c.Part == "year" {
			n /= 12
		}
	default:
		n = y.Unix() - x.Unix()
		if fractionKey(b) < fractionKey(a) {
			n--
		}
		switch c.Part {
		case "day":
			n /= 24 * 60 * 60
		case "hour":
			n /= 60 * 60
		case "minute":
			n /= 60
		}
	}
	return of(ion.Int(sign * n)), nil
}

func fractionKey(t ion.Timestamp) string { return strings.TrimRight(t.Fraction(), "0") }

// secondsOfDay orders times of day, with all digits of the fraction.
func secondsOfDay(t ion.Timestamp, x time.Time) string {
	return x.Format("15:04:05") + fractionKey(t)
}

// extract is EXTRACT(part FROM t): of the local time, as written.
func extract(c *ast.Call, args []value) (value, error) {
	t, err := stamp(c, args, 0)
	if err != nil {
		return missing, err
	}
	x := local(t)
	offset, _ := t.Offset()
	n := 0
	switch c.Part {
	case "year":
		n = x.Year()
	case "month":
		n = int(x.Month())
	case "day":
		n = x.Day()
	case "hour":
		n = x.Hour()
	case "minute":
		n = x.Minute()
	case "timezone_hour":
		n = offset / 60
	case "timezone_minute":
		n = offset % 60
	case "second":
		n = x.Second()
		if f := t.Fraction(); f != "" {
			d, err := ion.ParseDecimal(strconv.Itoa(n) + "." + f)
			return of(d.Value()), err
		}
	}
	return of(ion.Int(int64(n))), nil
}
