// Package children finds programs that outlive the one that started them.
package children

import (
	"context"
	"io"
	"os"
	"testing"
	"time"
)

// Script is what a program does in a shell that waits for a child: that holds a named pipe,
// which ends with the last of them.
func Script(fifo string) string { return "sleep 3600 >" + fifo + " & wait" }

// EndWith has run start a program with Script and reports a child that goes on when it has
// returned. Where interrupted, run's context ends when the child runs. began is false when
// the program was ended before that.
func EndWith(t *testing.T, fifo string, interrupted bool, run func(context.Context) error) (began bool, err error) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	done, opened := make(chan error, 1), make(chan *os.File, 1)
	go func() { done <- run(ctx) }()
	go func() {
		reader, err := os.Open(fifo) // waits for the child
		if err != nil {
			t.Error(err)
		}
		opened <- reader
	}()
	var reader *os.File
	select {
	case reader = <-opened:
	case err := <-done:
		release(t, fifo, opened)
		return false, err
	}
	defer func() { _ = reader.Close() }()
	if interrupted {
		end()
	}
	err = <-done
	if err := reader.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(reader); err != nil {
		t.Errorf("its child goes on: %v", err)
	}
	return true, err
}

// release lets the one who waits for a child go.
func release(t *testing.T, fifo string, opened <-chan *os.File) {
	t.Helper()
	both, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = (<-opened).Close()
	_ = both.Close()
}
