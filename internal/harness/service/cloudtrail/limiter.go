package cloudtrail

import (
	"sync"
	"time"
)

// limiter bounds how often something may be done in a second, by name.
type limiter struct {
	perSecond int // 0: no bound
	mu        *sync.Mutex
	latest    map[string][]time.Time // at most perSecond each
}

func newLimiter(perSecond int) limiter {
	return limiter{perSecond: perSecond, mu: &sync.Mutex{}, latest: map[string][]time.Time{}}
}

// admit counts one more at now, or refuses it.
func (l limiter) admit(name string, now time.Time) bool {
	if l.perSecond == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	times := l.latest[name]
	if len(times) == l.perSecond {
		if now.Sub(times[0]) < time.Second {
			return false
		}
		times = times[1:]
	}
	l.latest[name] = append(times, now)
	return true
}
