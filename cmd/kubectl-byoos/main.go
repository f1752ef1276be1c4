// Command kubectl-byoos finds OS images and renders them into the BYOOS packs of
// Spectro Cloud Palette. kubectl runs it as `kubectl byoos`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)

	inv, err := invocation.FromProcess()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return failure.ExitFailure
	}
	return cli.Run(ctx, inv, os.Args[1:])
}
