package session_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	amazonion "github.com/amzn/ion-go/ion"
)

type pair struct{ A, B int }

// TestDriverIonTypes writes values of Go types and finds them again, inserted and by update.
func TestDriverIonTypes(t *testing.T) {
	t.Parallel()
	_, url := driverWorld(t)
	d := newDriver(t, url, ledger, 10, 4)
	now := time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC)
	stamp := amazonion.NewTimestampWithFractionalSeconds(now, amazonion.TimestampPrecisionNanosecond,
		amazonion.TimezoneUTC, 9)
	cases := map[string]any{
		"struct": pair{42, 2}, "ion.Timestamp": stamp, "bool": true, "int": 5, "float32": float32(math.MaxFloat32),
		"float64": math.MaxFloat64, "ints": []int{2, 3, 4}, "strings": []string{"Hello", "How", "Are"},
	}
	const find = "SELECT VALUE Name FROM " + driverTable + " WHERE Name = ?"
	found := func(name string, want any) {
		t.Helper()
		row := d.rows(1, find, want)[0]
		got := reflect.New(reflect.TypeOf(want))
		if err := amazonion.Unmarshal(row, got.Interface()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got.Elem().Interface(), want) {
			t.Errorf("%s: got %v, want %v", name, got.Elem(), want)
		}
	}
	for name, value := range cases {
		d.rows(1, "INSERT INTO "+driverTable+" ?", map[string]any{"Name": value})
		found("insert "+name, value)
		d.rows(1, "DELETE FROM "+driverTable)
	}
	d.rows(1, "INSERT INTO "+driverTable+" ?", named[time.Time]{now})
	if got := decode[amazonion.Timestamp](t, d.rows(1, find, now)[0]); !got.GetDateTime().Equal(now) {
		t.Errorf("time.Time: got %v, want %v", got, now)
	}
	for name, value := range cases {
		d.rows(1, "UPDATE "+driverTable+" SET Name = ?", value)
		found("update "+name, value)
	}
	d.rows(1, "UPDATE "+driverTable+" SET Name = ?", nil)
	row := d.rows(1, "SELECT VALUE Name FROM "+driverTable+" WHERE Name IS NULL")[0]
	if got := decode[string](t, row); got != "" {
		t.Errorf("nil: got %q", got)
	}
}
