// Package conformance checks a plugin's binary, whatever language it is written
// in, by running it as kubectl byoos does:
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, binary, conformance.Case{Name: "one image", Config: map[string]any{"path": "testdata/one.json"}})
//	}
package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Case is a configuration that the plugin must answer.
type Case struct {
	// Name of the case in messages.
	Name string
	// Config is valid by the plugin's schema, unless WantError is set.
	Config map[string]any
	// BaseDir is where relative paths in Config start; the working directory
	// when empty.
	BaseDir string
	// Env are variables as NAME=value. Only those that the plugin declares reach it.
	Env []string
	// UserSettings are the user's own settings for the plugin.
	UserSettings map[string]any
	// MinImages is how many images are wanted at least.
	MinImages int
	// WantError says that the plugin must report an error.
	WantError bool
}

// Limits of a check: of a call, and of the end of a process, which takes less than a
// second but for a busy machine.
const (
	callLimit = time.Minute
	endLimit  = 30 * time.Second
)

// Run reports each problem of the binary as a failure of t.
func Run(t *testing.T, binary string, cases ...Case) {
	t.Helper()
	for _, problem := range Check(t.Context(), binary, cases...) {
		t.Error(problem)
	}
}

// Check returns the problems of the binary; none means that it conforms. The
// file must be named byoos-source-<type>.
func Check(ctx context.Context, binary string, cases ...Case) []error {
	c, err := newChecker(ctx, binary)
	if err != nil {
		return []error{err}
	}
	defer c.close()
	if !c.description() {
		return c.problems // nothing else can work
	}
	c.byHand()
	alone := make([]source.Result, len(cases))
	for i, one := range cases {
		alone[i] = c.discover(one)
		c.cancel(one)
	}
	c.together(cases, alone)
	c.unknownKey(cases)
	c.orphan()
	return c.problems
}

type checker struct {
	ctx      context.Context
	binary   string // absolute
	work     string // a private directory
	now      time.Time
	plugin   *source.Plugin
	schema   *jsonschema.Schema
	problems []error
}

func newChecker(ctx context.Context, binary string) (*checker, error) {
	absolute, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(absolute); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "byoos-check")
	if err != nil {
		return nil, err
	}
	c := &checker{ctx: ctx, binary: filepath.Join(work, "p", filepath.Base(absolute)), work: work, now: time.Now()}
	// A copy in a directory of its own: the host refuses one that others may
	// write to, and takes nothing else for this plugin.
	if err := copyFile(absolute, c.binary); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func copyFile(from, to string) error {
	program, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, program, 0o700) //nolint:gosec // it is run
}

func (c *checker) close() { _ = os.RemoveAll(c.work) }

func (c *checker) fail(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

func (c *checker) host(one Case) *source.Host {
	o := source.Options{
		PluginDirs: []string{filepath.Dir(c.binary)}, CallTimeout: callLimit,
		Now:     func() time.Time { return c.now },
		Environ: func() []string { return append(os.Environ(), one.Env...) },
	}
	if c.plugin != nil {
		o.UserSettings = map[string]map[string]any{c.plugin.Type: one.UserSettings}
	}
	return source.New(o)
}

var (
	variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*\*?$`)
	providerPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)
)

// description checks `describe`. It reports false when there is none.
func (c *checker) description() bool {
	h := c.host(Case{})
	defer h.Close()
	plugins, err := h.List(c.ctx)
	if err != nil || len(plugins) != 1 {
		c.fail("%s: name the file %s<type>, the type in lower case", filepath.Base(c.binary), sdk.FilePrefix)
		return false
	}
	if plugins[0].Broken != nil {
		c.fail("describe: %s", explain(plugins[0].Broken))
		return false
	}
	c.plugin = &plugins[0]
	d := c.plugin.Description
	if _, err := semver.StrictNewVersion(d.GetVersion()); err != nil {
		c.fail("describe: version %q is not semver without a leading v", d.GetVersion())
	}
	if d.GetSummary() == "" {
		c.fail("describe: there is no summary for `plugin list`")
	}
	for _, name := range slices.Concat(d.GetEnvironment(), d.GetSecretEnvironment()) {
		if !variablePattern.MatchString(name) {
			c.fail("describe: %q is no name of an environment variable", name)
		}
	}
	for _, provider := range d.GetProviders() {
		if !providerPattern.MatchString(provider) {
			c.fail("describe: provider %q is not in lower case", provider)
		}
	}
	c.compileSchema(d.GetConfigSchema())
	return true
}

// byHand starts the plugin without a host: it must say so, and print nothing
// that a host could take for a handshake.
func (c *checker) byHand() {
	ctx, cancel := context.WithTimeout(c.ctx, endLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.binary)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		c.fail("started by hand, it does not end")
	case err == nil || stderr.Len() == 0:
		c.fail("started by hand, it must say on stderr what it is, and end with an exit status that is not 0")
	}
	if stdout.Len() > 0 {
		c.fail("started by hand, it prints on stdout: %q", stdout.String())
	}
}

// discover checks the answer to one configuration, and returns it.
func (c *checker) discover(one Case) source.Result {
	if err := c.validate(one.Config); err != nil && !one.WantError {
		c.fail("%s: the configuration is not valid by the plugin's own schema: %w", one.Name, err)
	}
	h := c.host(one)
	defer h.Close()
	result := h.Discover(c.ctx, []source.Request{c.request(one)}, nil)[0]
	switch {
	case result.Err == nil && one.WantError:
		c.fail("%s: it reports no error", one.Name)
	case result.Err != nil && !one.WantError:
		c.fail("%s: %s", one.Name, explain(result.Err))
	case result.Err != nil && !slices.ContainsFunc(result.Diagnostics, isError):
		c.fail("%s: it fails instead of reporting an error: %s", one.Name, explain(result.Err))
	}
	for _, d := range result.Diagnostics {
		if d.Summary == "" || strings.Contains(d.Summary, "\n") {
			c.fail("%s: a diagnostic needs a summary of one line, not %q", one.Name, d.Summary)
		}
	}
	if len(result.Images) < one.MinImages {
		c.fail("%s: %d images, want at least %d", one.Name, len(result.Images), one.MinImages)
	}
	for _, i := range result.Images {
		c.image(one.Name, i)
	}
	return result
}

// together asks for several cases at once, as the host does for the sources of a
// spec: an answer must not change for it. alone are the answers to each case.
func (c *checker) together(cases []Case, alone []source.Result) {
	var indexes []int
	for i, one := range cases {
		if alone[i].Err == nil && (indexes == nil || sameSurroundings(cases[indexes[0]], one)) {
			indexes = append(indexes, i)
		}
	}
	if len(indexes) == 0 {
		return
	}
	if len(indexes) == 1 {
		indexes = append(indexes, indexes[0])
	}
	reqs := make([]source.Request, len(indexes))
	for i, index := range indexes {
		reqs[i] = c.request(cases[index])
	}
	h := c.host(cases[indexes[0]])
	defer h.Close()
	for i, result := range h.Discover(c.ctx, reqs, nil) {
		name := cases[indexes[i]].Name
		if result.Err != nil {
			c.fail("%s: asked together with other configurations, it fails: %s", name, explain(result.Err))
		} else if got, want := answerText(result.Images), answerText(alone[indexes[i]].Images); !slices.Equal(got, want) {
			c.fail("%s: asked together with other configurations, its answer is another than alone: "+
				"what belongs to one call must not be kept where other calls see it", name)
		}
	}
}

// sameSurroundings tells whether one process can answer both cases.
func sameSurroundings(a, b Case) bool {
	return slices.Equal(a.Env, b.Env) && reflect.DeepEqual(a.UserSettings, b.UserSettings)
}

// answerText returns images as sorted text. When a service was asked is another
// time at each call, and left out.
func answerText(images []image.Image) []string {
	lines := make([]string, len(images))
	for i, img := range images {
		img.ObservedAt = nil
		line, _ := json.Marshal(img) //nolint:errchkjson // it holds text, times and maps of text
		lines[i] = string(line)
	}
	slices.Sort(lines)
	return lines
}

func isError(d source.Diagnostic) bool { return d.Severity == source.SeverityError }

func (c *checker) image(name string, i image.Image) {
	label := fmt.Sprintf("%s: image %q", name, i.ID)
	switch i.State {
	case image.Unusable:
		if i.StateReason == "" {
			c.fail("%s: it is unusable, but no reason is given", label)
		}
		return
	case image.StateUnset:
		c.fail("%s: it has no state", label)
	}
	if !providerPattern.MatchString(i.Provider) {
		c.fail("%s: provider %q is not in lower case", label, i.Provider)
	}
	if strings.HasPrefix(i.KubernetesVersion, "v") {
		c.fail("%s: Kubernetes version %q has a leading v", label, i.KubernetesVersion)
	}
	if slices.Contains([]string{"x86_64", "aarch64", "x64"}, i.Architecture) {
		c.fail("%s: architecture %q; spell it as Go does: amd64, arm64", label, i.Architecture)
	}
}

// unknownKey is a key that no plugin has.
const unknownKey = "byoos-conformance-unknown-key"

// unknownKey gives the plugin a key that it does not know. The host checks the
// schema before, but a plugin must not rely on it.
func (c *checker) unknownKey(cases []Case) {
	one := Case{Name: "unknown key", Config: map[string]any{}}
	if i := slices.IndexFunc(cases, func(c Case) bool { return !c.WantError }); i >= 0 {
		one = cases[i]
		one.Name, one.WantError, one.MinImages = "unknown key", true, 0
	}
	config := map[string]any{unknownKey: true}
	for k, v := range one.Config {
		config[k] = v
	}
	one.Config, one.WantError = config, true
	c.discover(one)
}

// cancel ends a call soon after it began; the plugin must be gone in time.
func (c *checker) cancel(one Case) {
	h := c.host(one)
	ctx, cancel := context.WithTimeout(c.ctx, 20*time.Millisecond)
	defer cancel()
	h.Discover(ctx, []source.Request{c.request(one)}, nil)
	began := time.Now()
	h.Close()
	if took := time.Since(began); took > endLimit {
		c.fail("%s: %s after its call was cancelled it was not gone", one.Name, took.Round(time.Millisecond))
	}
}

func (c *checker) request(one Case) source.Request {
	dir := one.BaseDir
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return source.Request{Source: "conformance", Plugin: c.plugin, Config: one.Config, BaseDir: dir}
}

// explain returns a failure with its details.
func explain(err error) string {
	var f *failure.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	return strings.Join(append([]string{f.Error()}, f.Details...), "\n\t")
}
