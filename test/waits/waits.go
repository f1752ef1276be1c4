// Package waits has a clock for tests of what waits.
package waits

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Clock goes on by what is waited, and by nothing else. The zero value is ready; it is safe
// for concurrent use.
type Clock struct {
	mu  sync.Mutex
	all []time.Duration
}

// Now returns the time of the clock, which begins in 2026.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	for _, d := range c.all {
		at = at.Add(d)
	}
	return at
}

// Wait notes a wait, and fails when the context has ended.
func (c *Clock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, d)
	return ctx.Err()
}

// All returns the waits in order.
func (c *Clock) All() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}
