package source

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// maxDescription bounds what a plugin may print for `describe`, in bytes.
const maxDescription = 1 << 20

// describe returns what a trusted plugin says of itself, from the cache when the
// file did not change.
func (h *Host) describe(ctx context.Context, p *Plugin) (*sourcev1.Description, error) {
	info, err := os.Stat(p.Path)
	if err != nil {
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
	if err := h.checkDigest(ctx, p); err != nil {
		return nil, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, h.options.DescribeTimeout)
	defer cancel()
	tail := newTail(h.log.With("plugin", p.Type), secrets(h.options.Environ(), nil, nil))
	stdout := &bounded{limit: maxDescription}
	cmd := exec.CommandContext(limited, p.Path, "describe")
	cmd.Env = environment(h.options.Environ(), nil)
	cmd.Stdout, cmd.Stderr = stdout, tail
	cmd.WaitDelay = pipeGrace
	setAttributes(cmd)
	cmd.Cancel = func() error { return subprocess.Kill(cmd.Process) }

	var err error
	if !h.spawn.run(func() { err = cmd.Start() }) {
		return nil, nil, broken(p, "cannot be started", "", errClosed)
	}
	if err != nil {
		return nil, nil, notStarted(p, err)
	}
	endGroup(cmd.Process)
	err = cmd.Wait()
	const next = "run `%s describe` to see what it prints; reinstall it or tell its author"
	fail := func(what string) *failure.Error {
		e := broken(p, what, fmt.Sprintf(next, p.Path), nil)
		e.Details = tail.last()
		return e
	}
	switch {
	case ctx.Err() != nil:
		return nil, nil, interrupted(ctx)
	case limited.Err() != nil:
		return nil, nil, fail(fmt.Sprintf("did not describe itself within %s", h.options.DescribeTimeout))
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return nil, nil, fail(fmt.Sprintf("cannot describe itself: `describe` ended with %s", cmd.ProcessState))
	}
	d, err := parseDescription(p, stdout.buffer.Bytes())
	if err == nil {
		// Here alone: a description that was kept need not be judged again.
		err = checkSchema(d.GetConfigSchema())
	}
	if err != nil {
		e := fail("cannot be used: " + err.Error())
		if first := firstLine(tail, stdout.buffer.Bytes()); first != "" && errors.Is(err, errNotDescription) {
			e.Details = append([]string{"it printed: " + first}, e.Details...)
		}
		return nil, nil, e
	}
	return d, stdout.buffer.Bytes(), nil
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
	case !slices.ContainsFunc(d.GetProtocolVersions(), func(v uint32) bool { return supported(int(v)) }):
		return nil, fmt.Errorf("it speaks protocol version %s, and this kubectl-byoos speaks %s",
			versionList(d.GetProtocolVersions()), versionList(protocolVersions()))
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
func firstLine(t *tail, b []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	return t.clean(string(line))
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	buffer bytes.Buffer
	limit  int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.buffer.Write(p[:min(len(p), b.limit-b.buffer.Len())])
	return len(p), nil
}
