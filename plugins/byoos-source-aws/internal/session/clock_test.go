package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestClock: the time for which it is stopped does not count.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		c := newClock(t.Context(), 10*time.Second)
		defer c.close()
		check := func(what string, left time.Duration, goes bool) {
			t.Helper()
			at, has := c.Deadline()
			if c.left() != left || has != goes || has && !at.Equal(time.Now().Add(left)) || c.Err() != nil {
				t.Errorf("%s: %s left, deadline %s (%v), %v", what, c.left(), at.Sub(begin), has, c.Err())
			}
		}
		check("at first", 10*time.Second, true)
		<-time.After(3 * time.Second)
		check("later", 7*time.Second, true)
		c.start()
		check("started twice", 7*time.Second, true)
		c.stop()
		c.stop()
		<-time.After(time.Minute)
		check("stopped", 7*time.Second, false)
		c.start()
		check("going on", 7*time.Second, true)
		<-c.Done()
		if !errors.Is(c.Err(), context.DeadlineExceeded) || time.Since(begin) != 70*time.Second {
			t.Errorf("it ended after %s: %v", time.Since(begin), c.Err())
		}
		c.start()
		c.stop()
		if c.left() > 0 {
			t.Errorf("%s left when it is over", c.left())
		}
	})
}

// TestClockOfACall: it ends with what it is derived from, and with the call.
func TestClockOfACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		at, _ := parent.Deadline()
		for _, limit := range []time.Duration{time.Second, time.Hour} {
			c := newClock(parent, limit)
			if got, ok := c.Deadline(); !ok || !got.Equal(time.Now().Add(min(limit, 5*time.Second))) {
				t.Errorf("%s: deadline %s (%v)", limit, got, ok)
			}
			c.stop()
			if got, ok := c.Deadline(); !ok || !got.Equal(at) {
				t.Errorf("%s: deadline %s (%v) while it stands", limit, got, ok)
			}
			c.close()
			if _, open := <-c.Done(); open || !errors.Is(c.Err(), context.Canceled) {
				t.Errorf("%s: closed with %v", limit, c.Err())
			}
			c.start()
		}
		ended, end := context.WithCancelCause(t.Context())
		c := newClock(ended, time.Hour)
		defer c.close()
		end(nil)
		<-c.Done()
		if !errors.Is(c.Err(), context.Canceled) {
			t.Errorf("got %v", c.Err())
		}
		late := newClock(parent, time.Hour)
		defer late.close()
		<-late.Done()
		if !errors.Is(late.Err(), context.DeadlineExceeded) {
			t.Errorf("got %v", late.Err())
		}
	})
}

// TestOutOfTime has the last attempt's error; another end of a call has not.
func TestOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Session{Timeout: 3 * time.Second}
		slow, broken := errors.New("slow"), errors.New("broken")
		for _, test := range []struct {
			name     string
			call     func(context.Context) error
			last     bool
			deadline bool
		}{
			{"out of time", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, true, true},
			{"broken", func(context.Context) error { return broken }, false, false},
			{"good in the end", func(ctx context.Context) error { <-ctx.Done(); return nil }, false, false},
		} {
			err := s.Do(t.Context(), func(ctx context.Context) error {
				known, ok := ctx.Value(attemptsKey{}).(*attempts)
				if !ok {
					t.Fatal("a call without what is known of it")
				}
				if err := known.failed(slow); err != nil {
					t.Fatal(err)
				}
				return test.call(ctx)
			})
			if errors.Is(err, slow) != test.last || errors.Is(err, context.DeadlineExceeded) != test.deadline || (err == nil) != (test.name == "good in the end") {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		begin := time.Now()
		err := s.Do(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, slow) || time.Since(begin) != 3*time.Second {
			t.Errorf("without an attempt: %v after %s", err, time.Since(begin))
		}
	})
}
