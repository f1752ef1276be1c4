package source

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// describe returns what a trusted plugin says of itself, from the cache when the
// file did not change.
func (h *Host) describe(ctx context.Context, p *Plugin) (*sourcev1.Description, error) {
	info, err := os.Stat(p.Path)
	switch {
	case isGone(err):
		return nil, gone(p)
	case err != nil:
		return nil, broken(p, "cannot be read", "", cause(err))
	}
	if b := h.cache.get(p.Path, info); b != nil {
		if d, err := parseDescription(p, b); err == nil {
			return d, nil
		}
	}
	d, printed, err := h.runDescribe(ctx, p)
	if err != nil {
		return nil, err
	}
	h.cache.put(p.Path, info, printed)
	return d, nil
}

// runDescribe executes `describe` with the base environment only. It returns what
// was printed as well.
func (h *Host) runDescribe(ctx context.Context, p *Plugin) (*sourcev1.Description, []byte, error) {
	printed, words, err := h.runner.Describe(ctx, h.programWith(p, nil, nil))
	switch {
	case ctx.Err() != nil:
		return nil, nil, interrupted(ctx)
	case err != nil:
		return nil, nil, err
	}
	d, err := parseDescription(p, printed)
	if err == nil {
		// Here alone: a description that was kept need not be judged again.
		err = checkSchema(d.GetConfigSchema())
	}
	if err != nil {
		e := broken(p, "cannot be used: "+err.Error(), run.SeeDescribe(p.Path), nil)
		e.Details = words.Last()
		if first := firstLine(words, printed); first != "" && errors.Is(err, errNotDescription) {
			e.Details = append([]string{"it printed: " + first}, e.Details...)
		}
		return nil, nil, e
	}
	return d, printed, nil
}

var errNotDescription = errors.New("`describe` did not print a description as JSON")

// parseDescription reads and checks a description. Fields of a later protocol are
// ignored.
func parseDescription(p *Plugin, b []byte) (*sourcev1.Description, error) {
	var d sourcev1.Description
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, errNotDescription
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, &d); err != nil {
		return nil, errNotDescription
	}
	switch {
	case d.GetName() == "":
		return nil, errors.New("its description has no name")
	case d.GetName() != p.Type:
		return nil, fmt.Errorf("it says that it is %q", d.GetName())
	case !slices.Contains(d.GetProtocolVersions(), handshake.ProtocolVersion):
		return nil, fmt.Errorf("it speaks protocol version %s, and this kubectl-byoos speaks %d",
			versionList(d.GetProtocolVersions()), handshake.ProtocolVersion)
	}
	if !isSchema(d.GetConfigSchema()) {
		return nil, errors.New("the schema of its configuration is neither a JSON object nor true or false")
	}
	return &d, nil
}

// checkSchema refuses a schema that no configuration can be checked by.
func checkSchema(text string) error {
	if _, err := schemacheck.Compile([]byte(cmp.Or(text, "{}"))); err != nil {
		return fmt.Errorf("it describes its configuration by what is %w", err)
	}
	return nil
}

// isSchema holds for JSON that may be a JSON Schema, and for none at all.
func isSchema(text string) bool {
	var schema any
	if text == "" {
		return true
	}
	if json.Unmarshal([]byte(text), &schema) != nil {
		return false
	}
	switch schema.(type) {
	case map[string]any, bool:
		return true
	}
	return false
}

func versionList(versions []uint32) string {
	if len(versions) == 0 {
		return "none"
	}
	return strings.Trim(fmt.Sprint(versions), "[]")
}

// firstLine returns the first line of an output, fit for a terminal.
func firstLine(t *run.Tail, b []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	return t.Clean(string(line))
}
