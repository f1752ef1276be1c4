// Command kubectl-byoos finds OS images and renders them into the BYOOS packs of
// Spectro Cloud Palette. kubectl runs it as `kubectl byoos`.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

func main() {
	os.Exit(run())
}

func run() int {
	// Go's HTTP client logs what a server sends unasked, word for word: the API key may
	// be in it.
	log.SetOutput(io.Discard)
	beforeChildren()
	ctx, stop := untilSignal()
	defer stop()
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)

	inv, err := invocation.FromProcess()
	if err != nil {
		options.PrintError(os.Stderr, "error", err)
		return failure.Code(err)
	}
	return cli.Run(ctx, inv, os.Args[1:])
}

// untilSignal returns a context that ends with a signal, but for those that the
// program was started to ignore, as nohup does.
func untilSignal() (context.Context, context.CancelFunc) {
	signals := slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
	if len(signals) == 0 { // which would stand for all signals below
		return context.WithCancel(context.Background())
	}
	return signal.NotifyContext(context.Background(), signals...)
}
