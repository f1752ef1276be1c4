package azureapi

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// fresh is how long an answer is taken for what Azure says now: the time that one command
// needs to ask all of its sources, which it does one after the other where it must.
const fresh = time.Minute

// Answers keeps what Azure answered, so that sources that are asked for one image ask once.
// The zero value is ready; it is safe for concurrent use.
type Answers struct {
	mu    sync.Mutex
	known map[string]*kept
}

type kept struct {
	at    time.Time
	done  chan struct{} // closed when it is there
	cut   bool          // the call that asked ended before
	value any
	err   error
}

// remembered reads one thing, or returns what came of reading it before. Nobody may change
// the value.
func remembered[T any](ctx context.Context, a *API, read func() (*T, error), id ...string) (*T, error) {
	key := fmt.Sprintf("%s %T %s", a.scope, *new(T), strings.ToLower(strings.Join(id, "/")))
	value, err := a.answers.get(ctx, a.now, key, func() (any, error) { return read() })
	if value == nil {
		return nil, err
	}
	return value.(*T), err
}

func (a *Answers) get(ctx context.Context, now time.Time, key string, read func() (any, error)) (any, error) {
	for {
		one, mine := a.claim(now, key)
		if mine {
			return a.read(ctx, key, one, read)
		}
		select {
		case <-one.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if !one.cut {
			return one.value, one.err
		}
	}
}

func (a *Answers) read(ctx context.Context, key string, one *kept, read func() (any, error)) (any, error) {
	one.cut = true // also when read panics
	defer func() {
		if one.cut {
			a.forget(key)
		}
		close(one.done)
	}()
	one.value, one.err = read()
	one.cut = one.err != nil && ctx.Err() != nil
	return one.value, one.err
}

// claim returns the answer of a key, and whether the caller is to read it.
func (a *Answers) claim(now time.Time, key string) (one *kept, mine bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one = a.known[key]; one != nil && now.Sub(one.at) < fresh {
		return one, false
	}
	if a.known == nil {
		a.known = map[string]*kept{}
	}
	one = &kept{at: now, done: make(chan struct{})}
	a.known[key] = one
	return one, true
}

func (a *Answers) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, key)
}
