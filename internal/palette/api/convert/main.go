// Command convert writes Palette's API description as OpenAPI 3, which the
// client's generator reads; the description itself is Swagger 2.0.
//
//	go run ./convert contract/openapi.json
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/renameio/v2"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api/contract"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: convert FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func write(file string) error {
	doc, err := contract.Document()
	if err != nil {
		return err
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, data, "", " "); err != nil {
		return err
	}
	indented.WriteByte('\n')
	return renameio.WriteFile(file, indented.Bytes(), 0o644)
}
