package harness

import (
	"context"
	"errors"
	"testing"
	"time"
)

// What looks at the state alone is not called for every request, but for every change, when its time has come, after a
// failure and when the clock went back.
func TestOverState(t *testing.T) {
	t.Parallel()
	start := time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)
	now, version, calls := start, uint64(7), 0
	next, failure := start.Add(time.Hour), error(nil)
	look := overState(func() uint64 { return version }, func() time.Time { return now },
		func(context.Context) (time.Time, error) { calls++; return next, failure })
	broken := errors.New("disk")
	for _, step := range []struct {
		what  string
		do    func()
		calls int
	}{
		{"first", func() {}, 1},
		{"nothing happened", func() {}, 0},
		{"a moment passed", func() { now = now.Add(time.Minute) }, 0},
		{"the state changed", func() { version++ }, 1},
		{"nothing happened again", func() {}, 0},
		{"its time came", func() { now, next = next, time.Time{} }, 1},
		{"it never wants to be called", func() { now = now.Add(time.Hour) }, 0},
		{"the clock went back", func() { now = start }, 1},
		{"it fails", func() { version++; failure = broken }, 1},
		{"it failed last time", func() {}, 1},
		{"it works again", func() { failure = nil }, 1},
		{"all is quiet", func() {}, 0},
	} {
		step.do()
		calls = 0
		at, err := look(t.Context())
		if calls != step.calls || !at.Equal(next) || !errors.Is(err, failure) {
			t.Errorf("%s: called %d times, next %v, error %v; want %d, %v, %v",
				step.what, calls, at, err, step.calls, next, failure)
		}
	}
}
