package fault

import (
	"context"
	"time"
)

// NewSleeping returns an empty Set that waits with sleep.
func NewSleeping(sleep func(context.Context, time.Duration) error) *Set { return &Set{sleep: sleep} }
