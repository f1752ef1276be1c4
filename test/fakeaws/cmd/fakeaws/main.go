// Command fakeaws serves a World (see package fakeaws) on loopback, for test
// scripts and benchmarks. With a command it sets the endpoint variables of the
// AWS SDKs and dummy keys, runs the command, and ends as the command does:
//
//	fakeaws -world world.json -- kubectl byoos images -f byoos.yaml
//
// Without one it prints its address and serves until it is interrupted.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "fakeaws:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("fakeaws", flag.ContinueOnError)
	worldFile := flags.String("world", "", "JSON file with the world to serve")
	generate := flags.String("generate", "", "REGION=COUNT[,REGION=COUNT...]: AMIs to make up")
	latency := flags.Duration("latency", 0, "how long every answer takes")
	callsFile := flags.String("calls", "", "file to write the calls to, as JSON, when the command has ended")
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: delayed(fake, *latency), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	defer server.Close()
	defer fake.Close()
	url := "http://" + listener.Addr().String()
	if flags.NArg() > 0 {
		return errors.Join(command(ctx, url, flags.Args()), writeCalls(fake, *callsFile))
	}
	fmt.Println(url)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// delayed answers as a service does that is far away or slow.
func delayed(h http.Handler, latency time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(latency):
		case <-r.Context().Done():
			return
		}
		h.ServeHTTP(w, r)
	})
}

func command(ctx context.Context, url string, args []string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "AWS_PROFILE=") || strings.HasPrefix(kv, "AWS_ENDPOINT_URL")
	})
	for _, service := range []string{"EC2", "IMAGEBUILDER", "SSM", "STS"} {
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_"+service+"="+url)
	}
	for _, kv := range []string{"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=dummy-secret-access-key"} {
		if name, _, _ := strings.Cut(kv, "="); os.Getenv(name) == "" {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	return cmd.Run()
}

func writeCalls(fake *fakeaws.Server, file string) error {
	if file == "" {
		return nil
	}
	data, err := json.Marshal(fake.Calls())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Clean(file), data, 0o600)
}

func load(file, generate string) (fakeaws.World, error) {
	var world fakeaws.World
	if file != "" {
		data, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return world, err
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&world); err != nil {
			return world, fmt.Errorf("%s: %w", file, err)
		}
		if err := readRecorded(filepath.Dir(file), world.Recorded); err != nil {
			return world, err
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

// readRecorded reads the answers that are in files of their own.
func readRecorded(dir string, recorded []fakeaws.Recorded) error {
	for i := range recorded {
		r := &recorded[i]
		if r.File == "" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(r.File)))
		if err != nil {
			return err
		}
		r.Answer = data
	}
	return nil
}
