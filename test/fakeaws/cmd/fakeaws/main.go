// Command fakeaws serves a World (see package fakeaws) on loopback, for test
// scripts and benchmarks:
//
//	fakeaws -world world.json -url-file url.txt &
//	export AWS_ENDPOINT_URL_EC2=$(cat url.txt)
//
// It listens on 127.0.0.1 only, ends on SIGINT or SIGTERM, or when its parent
// has ended and -with-parent is set.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fakeaws:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("fakeaws", flag.ContinueOnError)
	worldFile := flags.String("world", "", "JSON file with the world to serve")
	urlFile := flags.String("url-file", "", "file to write the address to, once it is served")
	port := flags.Int("port", 0, "port to listen on; 0 for any")
	generate := flags.String("generate", "", "REGION=COUNT[,REGION=COUNT...]: AMIs to make up")
	withParent := flags.Bool("with-parent", false, "end when the parent process ends")
	if err := flags.Parse(args); err != nil {
		return err
	}
	world, err := load(*worldFile, *generate)
	if err != nil {
		return err
	}
	fake, err := fakeaws.New(world, time.Now)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	if *urlFile != "" {
		if err := renameio.WriteFile(filepath.Clean(*urlFile), []byte(url+"\n"), 0o600); err != nil {
			return err
		}
	}
	fmt.Println(url)
	return serve(ctx, fake, listener, *withParent)
}

func load(file, generate string) (fakeaws.World, error) {
	var world fakeaws.World
	if file != "" {
		data, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return world, err
		}
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&world); err != nil {
			return world, fmt.Errorf("%s: %w", file, err)
		}
	}
	for part := range strings.SplitSeq(generate, ",") {
		if part == "" {
			continue
		}
		region, count, _ := strings.Cut(part, "=")
		n := 0
		if _, err := fmt.Sscan(count, &n); err != nil || n < 1 {
			return world, fmt.Errorf("-generate %q: want REGION=COUNT", part)
		}
		world.Generate = append(world.Generate, fakeaws.Generate{Region: region, Count: n})
	}
	return world, nil
}

func serve(ctx context.Context, fake *fakeaws.Server, listener net.Listener, withParent bool) error {
	server := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case <-ctx.Done():
	case <-orphaned(ctx, withParent):
	case err := <-failed:
		return err
	}
	fake.Close()
	if err := server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// orphaned is closed when the parent process has ended. A nil channel, for when
// nobody asked, blocks for ever.
func orphaned(ctx context.Context, watch bool) <-chan struct{} {
	if !watch {
		return nil
	}
	parent, gone := os.Getppid(), make(chan struct{})
	go func() {
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if os.Getppid() != parent {
					close(gone)
					return
				}
			}
		}
	}()
	return gone
}
