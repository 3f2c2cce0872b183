package clock_test

import (
	"encoding/json"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
)

var noon = time.Date(2025, 7, 31, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// pass lets d go by inside a synctest bubble, where it takes no time.
func pass(d time.Duration) { <-time.After(d) }

func want(t *testing.T, c clock.Clock, at time.Time) {
	t.Helper()
	if got := c.Now(); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("got %v, want %v", got, at)
	}
}

func TestFrozenClockMovesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := clock.NewFrozen(noon.In(time.FixedZone("elsewhere", 3600)))
		reached, stop := c.Until(noon.Add(30 * day))
		defer stop()
		pass(60 * day)
		want(t, c, noon)
		c.Advance(30*day - 1)
		if closed(reached) {
			t.Error("reached a nanosecond early")
		}
		if got := c.Advance(1); !got.Equal(noon.Add(30 * day)) {
			t.Errorf("got %v from Advance", got)
		}
		if !closed(reached) {
			t.Error("not reached")
		}
		c.Advance(-day)
		want(t, c, noon.Add(30*day))
		c.Set(noon)
		want(t, c, noon)
	})
}

func TestRunningClockReachesByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(time.Now)
		start := c.Now()
		reached, stop := c.Until(start.Add(time.Hour))
		defer stop()
		pass(59 * time.Minute)
		synctest.Wait()
		if closed(reached) {
			t.Error("reached early")
		}
		pass(time.Minute)
		synctest.Wait()
		if !closed(reached) {
			t.Error("not reached")
		}
		want(t, c, start.Add(time.Hour))
	})
}

func TestFreezeAndThaw(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(time.Now)
		start := c.Now()
		reached, stop := c.Until(start.Add(time.Hour))
		defer stop()
		c.Thaw() // a running clock is left alone
		c.Freeze()
		pass(2 * time.Hour)
		synctest.Wait()
		if closed(reached) {
			t.Error("reached while frozen")
		}
		want(t, c, start)
		c.Thaw()
		want(t, c, start)
		pass(time.Hour)
		synctest.Wait()
		if !closed(reached) {
			t.Error("not reached after thawing")
		}
		c.Set(noon)
		pass(time.Second)
		want(t, c, noon.Add(time.Second))
	})
}

// The machine's clock may jump while a wait goes on.
func TestJumpOfTheBaseIsNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		base := noon
		c := clock.New(func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return base
		})
		reached, stop := c.Until(noon.Add(30 * day))
		defer stop()
		mu.Lock()
		base = noon.Add(31 * day)
		mu.Unlock()
		pass(time.Minute)
		synctest.Wait()
		if !closed(reached) {
			t.Error("not noticed within a minute")
		}
	})
}

func TestUntil(t *testing.T) {
	t.Parallel()
	c := clock.NewFrozen(noon)
	past, stop := c.Until(noon)
	if !closed(past) {
		t.Error("a moment that has come is not reached")
	}
	stop()
	stop()
	stopped, stop := c.Until(noon.Add(1))
	stop()
	c.Advance(day)
	if closed(stopped) {
		t.Error("a stopped wait was reached")
	}
	stop()
}

func TestFarTimes(t *testing.T) {
	t.Parallel()
	zero := clock.NewFrozen(time.Time{})
	want(t, zero, time.Time{})
	zero.Advance(time.Second)
	want(t, zero, time.Time{}.Add(time.Second))

	c := clock.New(func() time.Time { return noon })
	before := c.Now()
	for range 3 {
		now := c.Advance(math.MaxInt64)
		if now.Before(before) {
			t.Errorf("Advance went back from %v to %v", before, now)
		}
		before = now
	}
}

func TestNowEqualsItselfAfterStorage(t *testing.T) {
	t.Parallel()
	c := clock.New(time.Now)
	now := c.Now()
	raw, err := json.Marshal(now)
	if err != nil {
		t.Fatal(err)
	}
	var got time.Time
	if err := json.Unmarshal(raw, &got); err != nil || got != now {
		t.Errorf("got %#v, %v, want %#v", got, err, now)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := clock.New(time.Now)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				reached, stop := c.Until(c.Now().Add(time.Duration(i) * time.Hour))
				c.Advance(time.Duration(i) * time.Hour)
				<-reached
				stop()
				c.Freeze()
				c.Thaw()
			}
		})
	}
	wg.Wait()
}
