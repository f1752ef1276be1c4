// Command removals leaves out pieces of the program, one at a time, and runs the
// tests of the piece's package: a piece whose loss no test notices needs a test, or
// is not needed.
//
// It removes what make mutate does not: statements, fields of literals,
// cases, sorts, and operands of && and ||. Nothing in the folders changes: each
// build sees its file through an overlay.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "removals:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("removals [flags] FOLDER...", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "which removals are tried, and in which order")
	count := flags.Int("n", 30, "how many removals that compile are tried; 0 tries all")
	allowed := flags.Int("survive", 10, "how many of 100 may go unnoticed")
	workers := flags.Int("workers", 2, "how many are tried at once")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var all []removal
	limit := 20 * time.Second
	for _, folder := range flags.Args() {
		start := time.Now()
		if out, err := test(ctx, folder, "-count=1"); err != nil {
			return fmt.Errorf("the tests of %s fail without any removal: %w\n%s", folder, err, out)
		}
		limit = max(limit, 5*time.Since(start))
		found, err := ofFolder(folder)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	random := rand.New(rand.NewPCG(*seed, 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	tried, survived, err := tryAll(ctx, all, limit, *count, *workers, stdout)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "seed %d: %d of %d removals went unnoticed\n", *seed, survived, tried)
	if tried == 0 || survived*100 > tried**allowed {
		return fmt.Errorf("at most %d in 100 may go unnoticed", *allowed)
	}
	return nil
}

// tryAll tries removals in their order until count of them compiled, and prints each
// that no test noticed. What workers begin beyond the count is given up.
func tryAll(ctx context.Context, all []removal, limit time.Duration, count, workers int, stdout io.Writer) (tried, survived int, err error) {
	next, verdicts := make(chan int, len(all)), make([]chan verdict, len(all))
	for i := range all {
		next <- i
		verdicts[i] = make(chan verdict, 1)
	}
	close(next)
	var running sync.WaitGroup
	defer running.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for range workers {
		running.Go(func() {
			for i := range next {
				verdicts[i] <- try(ctx, all[i], limit)
			}
		})
	}
	for i, r := range all {
		if count > 0 && tried == count {
			break
		}
		v := <-verdicts[i]
		if v.err != nil {
			return tried, survived, v.err
		}
		if !v.compiles {
			continue
		}
		tried++
		if !v.noticed {
			survived++
			fmt.Fprintln(stdout, r)
		}
	}
	return tried, survived, nil
}
