// Command fakepalette serves a fake Palette on a loopback address, for trying
// the program out and for end-to-end tests:
//
//	fakepalette -key KEY -state state.json -address-file address
//
// It writes its URL to the address file, each request to -log, and its state to
// -dump after every one.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

type options struct{ key, state, address, log, dump, faults string }

func run() error {
	var o options
	flag.StringVar(&o.key, "key", "", "the API key that is accepted")
	flag.StringVar(&o.state, "state", "", "a file with the state to start from")
	flag.StringVar(&o.address, "address-file", "", "write the URL here once it answers")
	flag.StringVar(&o.log, "log", "", "append a line for each request here")
	flag.StringVar(&o.dump, "dump", "", "write the state here after each request")
	flag.StringVar(&o.faults, "faults", "", "requests that fail, such as 3=cut-after,5=500")
	flag.Parse()

	server, err := newServer(o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	if o.address != "" {
		if err := renameio.WriteFile(o.address, []byte(url+"\n"), 0o600); err != nil {
			return err
		}
	} else {
		fmt.Println(url)
	}
	serve := &http.Server{Handler: recorded(server, o), ReadHeaderTimeout: 10 * time.Second}
	return serve.Serve(listener)
}

func newServer(o options) (*fakepalette.Server, error) {
	if o.key == "" {
		return nil, errors.New("-key is missing")
	}
	var state fakepalette.State
	if o.state != "" {
		data, err := os.ReadFile(o.state)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &state); err != nil {
			return nil, fmt.Errorf("%s: %w", o.state, err)
		}
	}
	server, err := fakepalette.New(state)
	if err != nil {
		return nil, err
	}
	server.Key = o.key
	for _, fault := range strings.FieldsFunc(o.faults, func(r rune) bool { return r == ',' }) {
		number, kind, _ := strings.Cut(fault, "=")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("-faults %s: %w", fault, err)
		}
		server.Fail(n, fakepalette.Fault(kind))
	}
	return server, nil
}

// recorded writes down what happened before the client gets its answer.
func recorded(server *fakepalette.Server, o options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if err := record(server, o); err != nil {
				fmt.Fprintln(os.Stderr, "error:", err)
			}
		}()
		server.ServeHTTP(w, r)
	})
}

func record(server *fakepalette.Server, o options) error {
	if o.log != "" {
		var lines strings.Builder
		for _, call := range server.Calls() {
			fmt.Fprintf(&lines, "%s %s %d\n", call.Method, call.Path, call.Status)
		}
		for _, violation := range server.Violations() {
			fmt.Fprintf(&lines, "VIOLATION %s\n", violation)
		}
		if err := renameio.WriteFile(o.log, []byte(lines.String()), 0o600); err != nil {
			return err
		}
	}
	if o.dump == "" {
		return nil
	}
	data, err := json.MarshalIndent(server.State(), "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(o.dump, append(data, '\n'), 0o600)
}
