// Package once asks for a thing once for all who want it, and keeps what came of it.
package once

import (
	"context"
	"sync"
)

// Answers keeps what was asked for, by keys. The zero value is ready; it is safe for
// concurrent use. Nobody may change a value.
type Answers[V any] struct {
	mu    sync.Mutex
	known map[string]*answer[V]
}

type answer[V any] struct {
	over    chan struct{} // closed when it is there
	cancel  context.CancelFunc
	waiting int
	value   V
	err     error
	broken  any // the panic of who asked
}

// Get returns what is kept under a key, a failure as well, while it is good; else it asks.
// Asking goes on as long as anybody waits for it, whose context may end before another's.
// A panic is that of the one who began it, and the next one asks.
func (a *Answers[V]) Get(ctx context.Context, key string, good func(V, error) bool, ask func(context.Context) (V, error)) (V, error) {
	for {
		one, mine := a.join(ctx, key, good, ask)
		select {
		case <-one.over:
		case <-ctx.Done():
			a.leave(key, one)
			var none V
			return none, ctx.Err()
		}
		switch {
		case one.broken == nil:
			return one.value, one.err
		case mine:
			panic(one.broken)
		}
	}
}

// join returns the answer to wait for, and whether it was begun here.
func (a *Answers[V]) join(ctx context.Context, key string, good func(V, error) bool, ask func(context.Context) (V, error)) (one *answer[V], mine bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one = a.known[key]
	if mine = one == nil || one.isOver() && (one.broken != nil || !good(one.value, one.err)); mine {
		one = a.start(ctx, key, ask)
	}
	one.waiting++
	return one, mine
}

// Put replaces what is kept under a key.
func (a *Answers[V]) Put(key string, value V) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := &answer[V]{over: make(chan struct{}), value: value}
	close(one.over)
	a.keep(key, one)
}

func (a *Answers[V]) keep(key string, one *answer[V]) {
	if a.known == nil {
		a.known = map[string]*answer[V]{}
	}
	a.known[key] = one
}

// start asks in the name of nobody: who began it may leave first.
func (a *Answers[V]) start(ctx context.Context, key string, ask func(context.Context) (V, error)) *answer[V] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	one := &answer[V]{over: make(chan struct{}), cancel: cancel}
	a.keep(key, one)
	go func() {
		defer close(one.over)
		defer cancel()
		defer func() { one.broken = recover() }()
		one.value, one.err = ask(ctx)
	}()
	return one
}

// leave ends what the last one leaves, and waits for that: a program that was started
// must not outlive the call.
func (a *Answers[V]) leave(key string, one *answer[V]) {
	a.mu.Lock()
	one.waiting--
	last := one.waiting == 0 && !one.isOver()
	if last && a.known[key] == one {
		delete(a.known, key)
	}
	a.mu.Unlock()
	if last {
		one.cancel()
		<-one.over
	}
}

func (a *answer[V]) isOver() bool {
	select {
	case <-a.over:
		return true
	default:
		return false
	}
}
