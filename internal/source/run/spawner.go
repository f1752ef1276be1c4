package run

import (
	"runtime"
	"sync"
)

// spawner starts processes from one thread that lives as long as the host. Linux
// can end a child when the thread that started it ends, which covers a host that
// was killed; on a pooled thread that would end children at random.
type spawner struct {
	work   chan func()
	closed chan struct{} // nothing is started any more
	done   chan struct{} // the thread ends
	once   sync.Once
	shut   sync.Once
	stop   sync.Once
}

func newSpawner() *spawner {
	return &spawner{work: make(chan func()), closed: make(chan struct{}), done: make(chan struct{})}
}

// run calls f on the thread and waits for it. It reports false after close.
func (s *spawner) run(f func()) bool {
	s.once.Do(func() { go s.loop() })
	select {
	case <-s.closed: // the thread may still take it
		return false
	default:
	}
	finished := make(chan struct{})
	select {
	case s.work <- func() { defer close(finished); f() }:
		<-finished
		return true
	case <-s.closed:
		return false
	}
}

func (s *spawner) loop() {
	// Never unlocked: the thread ends with the loop.
	runtime.LockOSThread()
	for {
		select {
		case f := <-s.work:
			f()
		case <-s.done:
			return
		}
	}
}

// close has nothing started any more.
func (s *spawner) close() { s.shut.Do(func() { close(s.closed) }) }

// end ends the thread, and on Linux what was started from it and goes on.
func (s *spawner) end() { s.stop.Do(func() { close(s.done) }) }
