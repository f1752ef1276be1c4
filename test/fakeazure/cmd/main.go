// Command cmd runs the fake Azure of package fakeazure on loopback until it is
// interrupted, and prints the variables that make byoos-source-azure use it:
//
//	go run ./test/fakeazure/cmd -estate examples/azure/estate.json -ca /tmp/ca.pem > env &
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o fakeazure.Options
	estate := flag.String("estate", "", "JSON file with the resources")
	ca := flag.String("ca", "", "file to write the certificate to (required)")
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
	if *ca == "" {
		return fmt.Errorf("-ca is required")
	}
	o.Estate = fakeazure.Generate("S", "RG", *galleries, *definitions, *versions)
	if *estate != "" {
		text, err := os.ReadFile(*estate)
		if err != nil {
			return err
		}
		if o.Estate, err = fakeazure.ParseEstate(text); err != nil {
			return err
		}
	}
	s := fakeazure.Start(o)
	defer s.Close()
	if err := s.WriteCA(*ca); err != nil {
		return err
	}
	env := s.Environment(*ca)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Printf("export %s=%s\n", name, env[name])
	}
	<-ctx.Done()
	return nil
}
