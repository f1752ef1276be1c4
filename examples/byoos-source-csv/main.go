// Command byoos-source-csv is a source plugin that reads images from a CSV file
// with the columns id, provider, region, architecture, osName, osVersion and
// createdAt (RFC 3339). docs/plugins.md walks through it.
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

type source struct{}

// config is the source's `config` in a spec; the host checks it by the JSON
// Schema that the SDK makes from the tags.
type config struct {
	File string `json:"file" jsonschema:"required,description=CSV file to read"`
}

func (source) Describe() sdk.Info {
	return sdk.Info{
		Name:      "csv",
		Version:   "0.1.0",
		Summary:   "Reads images from a CSV file",
		Providers: []string{"aws", "azure", "gcp"},
	}
}

func (source) Discover(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	path := req.Config.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(req.BaseDir, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return &sdk.Diagnostic{
			Summary:    "cannot read " + req.Config.File,
			Detail:     err.Error(),
			ConfigPath: "file",
			NextStep:   "check the path; it starts at the folder of the spec",
		}
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.FieldsPerRecord = 7
	for ctx.Err() == nil {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", req.Config.File, err)
		}
		created, err := time.Parse(time.RFC3339, row[6])
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", req.Config.File, err)
		}
		line, _ := rows.FieldPos(0)
		err = out.Images(sdk.Image{
			ID: row[0], Provider: row[1], Region: row[2], Architecture: row[3],
			OSName: row[4], OSVersion: row[5], CreatedAt: created,
			State: sdk.Available, Evidence: sdk.Recorded, Owner: "self",
			Reference: &sdk.Reference{Kind: "csv-line", Value: fmt.Sprint(line)},
			Provenance: map[string]sdk.Provenance{
				"os.name":    {From: "csv", Key: "osName"},
				"os.version": {From: "csv", Key: "osVersion"},
			},
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func newSource() sdk.Source[config] { return source{} }

func main() { sdk.Main(newSource) }
