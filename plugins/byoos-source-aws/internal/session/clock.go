package session

import (
	"context"
	"sync"
	"time"
)

// clock is a context with a time limit that can be stopped.
type clock struct {
	context.Context // what it is derived from
	done            chan struct{}
	unlink          func() bool

	mu      sync.Mutex
	rest    time.Duration
	started time.Time // zero while it is stopped
	timer   *time.Timer
	err     error
}

func newClock(parent context.Context, limit time.Duration) *clock {
	c := &clock{Context: parent, done: make(chan struct{}), rest: limit}
	c.start()
	c.unlink = context.AfterFunc(parent, func() { c.end(parent.Err()) })
	return c
}

// start lets time go on.
func (c *clock) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || !c.started.IsZero() {
		return
	}
	c.started = time.Now()
	c.timer = time.AfterFunc(c.rest, func() { c.end(context.DeadlineExceeded) })
}

// stop holds time until start.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started.IsZero() || !c.timer.Stop() {
		return // it stands, or time is over
	}
	c.rest -= time.Since(c.started)
	c.started = time.Time{}
}

// left is the time that remains.
func (c *clock) left() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started.IsZero() {
		return c.rest
	}
	return c.rest - time.Since(c.started)
}

// close ends the context when nobody needs it any more.
func (c *clock) close() {
	c.unlink()
	c.end(context.Canceled)
}

// end ends the context, once.
func (c *clock) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		c.timer.Stop()
		close(c.done)
	}
}

// Deadline is that of the clock, as long as it goes.
func (c *clock) Deadline() (time.Time, bool) {
	at, ok := c.Context.Deadline()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started.IsZero() {
		return at, ok
	}
	if own := c.started.Add(c.rest); !ok || own.Before(at) {
		return own, true
	}
	return at, ok
}

// Done is closed at the end of its time, or of what it is derived from.
func (c *clock) Done() <-chan struct{} { return c.done }

// Err says which of them it was.
func (c *clock) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
