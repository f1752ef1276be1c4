package options

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// statusLine rewrites one line of a terminal, at most ten times a second, so
// that a chatty source costs nothing.
type statusLine struct {
	out io.Writer

	mu     sync.Mutex
	text   string
	shown  string
	ticker *time.Ticker
	cancel context.CancelFunc
	ended  chan struct{}
}

func newStatusLine(ctx context.Context, out io.Writer) *statusLine {
	ctx, cancel := context.WithCancel(ctx)
	l := &statusLine{out: out, ticker: time.NewTicker(100 * time.Millisecond), cancel: cancel, ended: make(chan struct{})}
	go l.run(ctx)
	return l
}

func (l *statusLine) set(words string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text.HarmlessLine(words)
}

func (l *statusLine) run(ctx context.Context) {
	defer close(l.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.ticker.C:
			l.draw()
		}
	}
}

func (l *statusLine) draw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text == l.shown {
		return
	}
	// \r to the line's start, ESC[K clears what an older, longer text left.
	fmt.Fprintf(l.out, "\r%s\x1b[K", l.text)
	l.shown = l.text
}

// stop clears the line; nothing is drawn after it returns.
func (l *statusLine) stop() {
	l.ticker.Stop()
	l.cancel()
	<-l.ended
	if l.shown != "" {
		fmt.Fprint(l.out, "\r\x1b[K")
		l.shown = ""
	}
}
