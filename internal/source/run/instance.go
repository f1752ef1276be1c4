package run

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// slot holds the one process of a plugin's file, which all sources of its type
// share.
type slot struct {
	mu     sync.Mutex
	shared *instance   // the one for the next call, when it takes it
	all    []*instance // that were started
	failed error       // why it could not be started; it is not tried again

	again chan struct{} // bounds the processes for a single call
}

// instance is a running plugin.
type instance struct {
	client  *plugin.Client
	service sourcev1.ImageSourceClient
	process *process
	claimed *os.File // the socket directory; nil where it could not be locked
	cut     func()   // ends the process and the connection, for which go-plugin has no limit
	closing sync.Once
	retired chan struct{} // closed when it takes no more calls: it answers those that it has

	mu     sync.Mutex
	calls  int
	peak   int  // how many calls it had at once
	panics bool // it is known which call it ended for
}

// slotOf returns the slot of a plugin's file.
func (r *Runner) slotOf(p Program) *slot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.running[p.Path]
	if s == nil {
		s = &slot{again: make(chan struct{}, maxAlone)}
		r.running[p.Path] = s
	}
	return s
}

// take returns the plugin's process with one call more, starting it when there is
// none, or it ended, or takes no more calls; alone makes it one for this call
// only. The caller releases it.
func (r *Runner) take(ctx context.Context, s *slot, p Program, alone bool) (*instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return nil, s.failed
	}
	if !alone && s.shared != nil && s.shared.take() {
		return s.shared, nil
	}
	started, err := r.start(ctx, p)
	if err != nil {
		if ctx.Err() == nil {
			s.failed = err
		}
		return nil, err
	}
	started.take()
	s.all = append(s.all, started)
	if alone {
		started.retire()
	} else {
		s.shared = started
	}
	return started, nil
}

// close ends all processes of the slot.
func (s *slot) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.all {
		i.close()
	}
}

// take counts a call; it is false when the process takes no more.
func (i *instance) take() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.isRetired() {
		return false
	}
	i.calls++
	i.peak = max(i.peak, i.calls)
	return true
}

// release ends a call; a retired process ends with its last one.
func (i *instance) release() {
	i.mu.Lock()
	i.calls--
	i.mu.Unlock()
	if i.isRetired() && i.idle() {
		i.close()
	}
}

// shared reports whether the process had several calls at once, and whether one
// of them is known to have ended it.
func (i *instance) shared() (several, known bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.peak > 1, i.panics
}

func (i *instance) idle() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.calls == 0
}

// panicked retires the process, whose state is not to be trusted any more.
func (i *instance) panicked() {
	i.mu.Lock()
	i.panics = true
	i.mu.Unlock()
	i.retire()
}

// retire has the process take no more calls.
func (i *instance) retire() {
	i.mu.Lock()
	if !i.isRetired() {
		close(i.retired)
	}
	i.mu.Unlock()
}

func (i *instance) isRetired() bool {
	select {
	case <-i.retired:
		return true
	default:
		return false
	}
}

// gone reports whether the process takes no more calls, as one that has ended, waiting
// up to d for it.
func (i *instance) gone(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-i.retired:
		return true
	case <-timer.C:
		return false
	}
}

// connect starts the process and proves that it answers: go-plugin's own start
// returns before the connection stands.
func (i *instance) connect() error {
	client, err := i.client.Client()
	if err == nil {
		err = client.Ping()
	}
	if err != nil {
		return err
	}
	raw, err := client.Dispense(handshake.ServiceName)
	if err == nil {
		i.service = raw.(sourcev1.ImageSourceClient)
	}
	return err
}

// close asks the process to end, and ends it when it does not. It returns when it
// has ended.
func (i *instance) close() { i.closing.Do(i.end) }

func (i *instance) end() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// It waits 2 seconds for the process, and without limit for an answer.
		i.client.Kill()
	}()
	timer := time.NewTimer(exitGrace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	i.cut()
	<-done
	_ = i.claimed.Close() // nil will do
}

// closesWith returns options of connections that are closed, and their calls with
// them, when life ends. go-plugin gives up one that fails, which leaves it to connect
// again and again, and makes another to end the process by. They are known by their
// calls.
func closesWith(life context.Context) []grpc.DialOption {
	closing := func(cc *grpc.ClientConn) { context.AfterFunc(life, func() { _ = cc.Close() }) }
	unary := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		closing(cc)
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	stream := func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		closing(cc)
		return open(ctx, desc, cc, method, opts...)
	}
	return []grpc.DialOption{grpc.WithUnaryInterceptor(unary), grpc.WithStreamInterceptor(stream)}
}
