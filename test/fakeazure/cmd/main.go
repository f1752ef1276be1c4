// Command cmd runs the fake Azure of package fakeazure on loopback. With a command
// it runs that one against it, and ends with it:
//
//	go run ./test/fakeazure/cmd -estate examples/azure/estate.json kubectl byoos images -f examples/azure/byoos.yaml
//
// Without one it prints the variables that make byoos-source-azure use it, and
// serves until it is interrupted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		os.Exit(failed.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	o, ca, err := options()
	if err != nil {
		return err
	}
	if ca == "" {
		dir, err := os.MkdirTemp("", "fakeazure")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		ca = filepath.Join(dir, "ca.pem")
	}
	s := fakeazure.Start(o)
	defer s.Close()
	if err := s.WriteCA(ca); err != nil {
		return err
	}
	env := s.Environment(ca)
	if flag.NArg() > 0 {
		return command(ctx, env)
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Printf("export %s=%s\n", name, env[name])
	}
	<-ctx.Done()
	return nil
}

// command runs the command of the arguments with env.
func command(ctx context.Context, env map[string]string) error {
	cmd := exec.CommandContext(ctx, flag.Arg(0), flag.Args()[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd.Run()
}

func options() (o fakeazure.Options, ca string, err error) {
	estate := flag.String("estate", "", "JSON file with the resources")
	flag.StringVar(&ca, "ca", "", "file to write the certificate to (default: a temporary one)")
	galleries := flag.Int("galleries", 0, "generate that many galleries in subscription S, resource group RG")
	definitions := flag.Int("definitions", 100, "definitions in each generated gallery")
	versions := flag.Int("versions", 10, "versions of each generated definition")
	flag.IntVar(&o.PageSize, "page-size", 100, "items on a page of a list")
	flag.StringVar(&o.Secret, "secret", "", "client secret that is accepted (default: any)")
	flag.Func("fault", `JSON of a fault: {"match": "/galleries/a/", "status": 429, "retryAfter": "1", "times": 3}`, func(raw string) error {
		var f fakeazure.Fault
		err := json.Unmarshal([]byte(raw), &f)
		o.Faults = append(o.Faults, f)
		return err
	})
	flag.Parse()
	o.Estate = fakeazure.Generate("S", "RG", *galleries, *definitions, *versions)
	if *estate == "" {
		return o, ca, nil
	}
	text, err := os.ReadFile(*estate)
	if err != nil {
		return o, ca, err
	}
	o.Estate, err = fakeazure.ParseEstate(text)
	return o, ca, err
}
