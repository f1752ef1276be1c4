package once

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func always(int, error) bool { return true }

// What was asked for is kept, a failure as well, while it is good; and what is put in its
// place.
func TestKept(t *testing.T) {
	var answers Answers[int]
	asked := 0
	ask := func(context.Context) (int, error) { asked++; return asked, errors.New("no") }
	for i, good := range []func(int, error) bool{always, always, func(n int, err error) bool { return n > 1 || err == nil }, always} {
		want := []int{1, 1, 2, 2}[i]
		if got, err := answers.Get(t.Context(), "k", good, ask); got != want || err == nil {
			t.Errorf("%d: got %d, %v", i, got, err)
		}
	}
	answers.Put("k", 9)
	if got, err := answers.Get(t.Context(), "k", always, ask); got != 9 || err != nil || asked != 2 {
		t.Errorf("got %d, %v of %d", got, err, asked)
	}
	if got, _ := answers.Get(t.Context(), "other", always, ask); got != 3 {
		t.Errorf("another key has %d", got)
	}
}

// Who comes while one asks waits for that, whatever was kept before; what was asked for
// asks for nothing any more.
func TestAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers Answers[int]
		asked := 0
		var of context.Context
		arrives := make(chan int)
		ask := func(ctx context.Context) (int, error) {
			asked++
			of = ctx
			return <-arrives, nil
		}
		positive := func(n int, _ error) bool { return n > 0 }
		results := make(chan int)
		for range 3 {
			go func() {
				got, _ := answers.Get(t.Context(), "k", positive, ask)
				results <- got
			}()
			synctest.Wait()
		}
		arrives <- 7
		for range 3 {
			if got := <-results; got != 7 || asked != 1 {
				t.Errorf("got %d, asked %d", got, asked)
			}
		}
		if of.Err() == nil {
			t.Error("the context of what was asked goes on")
		}
	})
}

// One that leaves takes the answer from nobody: not from those who come after it while
// another waits, nor what was put in its place.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers Answers[int]
		asked := 0
		arrives := make(chan int)
		ask := func(ctx context.Context) (int, error) {
			asked++
			select {
			case n := <-arrives:
				return n, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		results := make(chan int, 3)
		get := func(ctx context.Context) {
			got, _ := answers.Get(ctx, "k", always, ask)
			results <- got
		}
		ctx, leave := context.WithCancel(t.Context())
		go get(ctx)
		go get(t.Context())
		synctest.Wait()
		leave()
		<-results
		go get(t.Context())
		synctest.Wait()
		arrives <- 7
		if first, second := <-results, <-results; first != 7 || second != 7 || asked != 1 {
			t.Errorf("got %d and %d, asked %d", first, second, asked)
		}

		answers = Answers[int]{}
		ctx, leave = context.WithCancel(t.Context())
		go get(ctx)
		synctest.Wait()
		answers.Put("k", 9)
		leave()
		<-results
		for range 50 { // what is there and the end of a call come in any order
			answers.Put("k", 9)
			_, _ = answers.Get(ctx, "k", always, ask)
		}
		if got, err := answers.Get(t.Context(), "k", always, ask); got != 9 || err != nil || asked != 2 {
			t.Errorf("got %d, %v, asked %d", got, err, asked)
		}
	})
}

// Asking goes on as long as one waits for it, and ends with the last; the next one asks
// anew.
func TestLastOneEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers Answers[int]
		var asked, ended int
		ask := func(ctx context.Context) (int, error) {
			asked++
			<-ctx.Done()
			ended++
			return 0, ctx.Err()
		}
		for round := 1; round <= 2; round++ {
			results := make(chan error)
			var leave []context.CancelFunc
			for range 2 {
				ctx, cancel := context.WithCancel(t.Context())
				leave = append(leave, cancel)
				go func() {
					_, err := answers.Get(ctx, "k", always, ask)
					results <- err
				}()
			}
			synctest.Wait()
			for i, end := range leave {
				end()
				if err := <-results; !errors.Is(err, context.Canceled) || ended != round-1+i || asked != round {
					t.Errorf("round %d, %d left: asked %d, ended %d: %v", round, i+1, asked, ended, err)
				}
			}
		}
	})
}

// A panic is that of the one who asked. Another who waits asks for itself.
func TestPanicIsOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers Answers[int]
		waits := make(chan int)
		defer func() {
			if got := recover(); got != "broken" {
				t.Errorf("got %v", got)
			}
			if got := <-waits; got != 7 {
				t.Errorf("the other has %d", got)
			}
		}()
		_, _ = answers.Get(t.Context(), "k", always, func(context.Context) (int, error) {
			go func() {
				got, _ := answers.Get(t.Context(), "k", always, func(context.Context) (int, error) { return 7, nil })
				waits <- got
			}()
			synctest.Wait()
			panic("broken")
		})
	})
}
