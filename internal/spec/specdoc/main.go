// Command specdoc writes the JSON Schema of byoos.yaml and its reference page from
// the types of package spec and their comments. It runs in the folder of that
// package, by go generate.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	schemaFile := flag.String("schema", "", "write the JSON Schema to this file")
	markdownFile := flag.String("markdown", "", "write the reference page to this file")
	flag.Parse()
	if err := run(*schemaFile, *markdownFile); err != nil {
		fmt.Fprintln(os.Stderr, "specdoc:", err)
		os.Exit(1)
	}
}

func run(schemaFile, markdownFile string) error {
	schema, err := reflectSchema(".")
	if err != nil {
		return err
	}
	text, err := schemaText(schema)
	if err != nil {
		return err
	}
	if err := write(schemaFile, text); err != nil {
		return err
	}
	return write(markdownFile, markdown(schema))
}

func write(name string, data []byte) error {
	if name == "" {
		return nil
	}
	return os.WriteFile(name, data, 0o644) //nolint:gosec // a file of the repository
}
