// Package doctor is the command that looks for what is wrong on this machine.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/version"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Spec       options.Spec
	Host       options.Host
	Print      options.Print
}

// Check is one thing that was looked at; it is one item of `-o json`.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
	Next   string `json:"next,omitempty"`
}

// Statuses of a check.
const (
	statusOK   = "ok"
	statusNote = "note"
	statusFail = "fail"
)

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:   "doctor",
		Short: "Look for what is wrong on this machine",
		Long: `Look at the program, its plugins, each of which is started, your configuration file
and the spec, without asking for any image. Exit code 1 when something needs fixing.`,
		Examples: []string{"doctor", "doctor -f production.yaml -o json"},
		Groups:   []options.Group{options.Flags(o.Host.AddFindFlags), &o.Print},
		Run:      o.run,
	}.New(inv, o, run)
	cmd.Flags().StringVarP(&o.Spec.File, "filename", "f", "", "the spec (default "+options.DefaultSpecFile+", when there is one)")
	return cmd
}

func (o *Options) run(ctx context.Context) error {
	checks := o.machine()
	host, err := o.Host.New(o.Invocation)
	if err == nil {
		defer host.Close()
		checks = slices.Concat(checks, o.plugins(ctx, host), o.spec(ctx, host))
	}
	if ctx.Err() != nil {
		return interrupt.Error(ctx)
	}
	if err := o.Print.List(list(checks)); err != nil {
		return err
	}
	for _, check := range checks {
		if check.Status == statusFail {
			return &failure.Error{Code: failure.ExitFailure, Summary: "something needs fixing: " + check.Name, Next: check.Next}
		}
	}
	return nil
}

func list(checks []Check) output.List {
	columns := []output.Column{{Name: "CHECK"}, {Name: "STATUS"}, {Name: "DETAIL"}, {Name: "NEXT", Wide: true}}
	return output.NewList("CheckList", columns, checks, func(c Check) (string, []string) {
		return c.Name, []string{c.Name, c.Status, c.Detail, c.Next}
	})
}

// machine looks at what is there without plugins and a spec.
func (o *Options) machine() []Check {
	return []Check{
		o.binary().of("program"),
		o.onPath().of("kubectl plugin"),
		o.userConfig().of("user configuration"),
		o.cacheDir().of("cache"),
		socketDir().of("temporary directory"),
	}
}

// of says what was looked at.
func (c Check) of(name string) Check {
	c.Name = name
	return c
}

func good(detail string) Check { return Check{Status: statusOK, Detail: detail} }

func noted(detail, next string) Check { return Check{Status: statusNote, Detail: detail, Next: next} }

func failed(err error) Check {
	check := Check{Status: statusFail, Detail: err.Error()}
	var f *failure.Error
	if errors.As(err, &f) {
		check.Detail = strings.Join(append([]string{check.Detail}, f.Details...), "; ")
		check.Next = f.Next
	}
	return check
}

func (o *Options) binary() Check {
	info := version.Read()
	return good(fmt.Sprintf("%s %s %s", info.Version, info.Platform, o.Invocation.Executable))
}

// onPath tells whether kubectl will find this program.
func (o *Options) onPath() Check {
	const name = "kubectl-byoos"
	for _, dir := range filepath.SplitList(o.Invocation.Getenv("PATH")) {
		found := filepath.Join(dir, name)
		if info, err := os.Stat(found); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			if wholefile.Same(found, o.Invocation.Executable) {
				return good(found)
			}
			return noted("`kubectl byoos` runs another file: "+found, "")
		}
	}
	return noted(name+" is not on PATH, so `kubectl byoos` does not work", "add "+filepath.Dir(o.Invocation.Executable)+" to PATH")
}

func (o *Options) userConfig() Check {
	if _, err := options.LoadUserConfig(o.Invocation); err != nil {
		return failed(err)
	}
	path := options.UserConfigFile(o.Invocation)
	if path == "" {
		return noted("none is read without HOME or XDG_CONFIG_HOME, as absolute paths", "")
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return good("none (" + path + ")")
	}
	return good(path)
}

func (o *Options) cacheDir() Check {
	const anew = "plugins are described anew each time"
	dir := options.CacheDir(o.Invocation)
	if dir == "" {
		return noted("no HOME: "+anew, "set HOME or XDG_CACHE_HOME")
	}
	dir = filepath.Join(dir, "byoos")
	if err := writable(dir); err != nil {
		return noted(fmt.Sprintf("cannot be written, so %s: %s", anew, err), "")
	}
	return good(dir)
}

func socketDir() Check {
	dir, err := os.MkdirTemp(run.SocketParent(), "byoos-doctor")
	if err != nil {
		return Check{
			Status: statusFail, Detail: "the sockets of plugins cannot be made: " + err.Error(),
			Next: "set TMPDIR to a directory that you may write, with a short path",
		}
	}
	_ = os.Remove(dir)
	return good(run.SocketParent())
}

// writable makes a folder and a file in it, as the cache is written.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (o *Options) plugins(ctx context.Context, host *source.Host) []Check {
	plugins, err := host.List(ctx)
	if err == nil && len(plugins) == 0 {
		_, err = host.Find(ctx, "packer")
	}
	if err != nil {
		return []Check{failed(err).of("plugins")}
	}
	checks := make([]Check, len(plugins))
	for i, p := range plugins {
		checks[i] = o.plugin(ctx, host, &p).of("plugin " + p.Type)
	}
	return checks
}

// plugin tells what a run would: it starts the plugin, since a description that was
// kept says nothing of that.
func (o *Options) plugin(ctx context.Context, host *source.Host, p *source.Plugin) Check {
	switch {
	case p.Broken != nil:
		return failed(p.Broken)
	case p.ShadowedBy != "":
		return noted(p.Path+" is hidden by "+p.ShadowedBy, "")
	}
	err := p.CheckSchema()
	if err == nil {
		err = host.Try(ctx, p)
	}
	if err != nil {
		return failed(err)
	}
	detail := p.Description.GetVersion() + " " + p.Path
	if set := o.environment(p.Description.GetEnvironment()); len(set) > 0 {
		detail += "; gets " + strings.Join(set, " ")
	}
	return good(detail)
}

// environment returns the names, never the values, of the variables that are
// set and that a plugin declared.
func (o *Options) environment(declared []string) []string {
	var set []string
	for _, kv := range o.Invocation.Environ {
		name, _, _ := strings.Cut(kv, "=")
		if source.Declared(declared, name) {
			set = append(set, name)
		}
	}
	return set
}

func (o *Options) spec(ctx context.Context, host *source.Host) []Check {
	document, err := o.Spec.Load(ctx, o.Invocation)
	if err != nil {
		check := failed(err)
		if _, missing := os.Stat(o.Invocation.Path(options.DefaultSpecFile)); o.Spec.File == "" && errors.Is(missing, fs.ErrNotExist) {
			check = noted("no "+options.DefaultSpecFile+" here", o.Invocation.DisplayName()+" init")
		}
		return []Check{check.of("spec")}
	}
	checks := []Check{good(document.Set.File).of("spec")}
	for _, s := range document.Set.Sources {
		check := good("type " + s.Type + ", configuration valid; its images were not asked for")
		plugin, err := host.Find(ctx, s.Type)
		if err == nil {
			_, err = document.CheckConfig(s.Name, plugin.ConfigSchema())
		}
		if err != nil {
			check = failed(err)
		}
		checks = append(checks, check.of("source "+s.Name))
	}
	return append(checks, o.lock(ctx, document).of("lock"))
}

// lock tells whether a lock beside the spec can be used.
func (o *Options) lock(ctx context.Context, document *spec.Document) Check {
	path, file := (&options.Lock{}).Path(o.Invocation, document)
	loaded, err := lock.Load(ctx, path, file)
	if errors.Is(err, fs.ErrNotExist) {
		return good("none")
	}
	pipe := &pipeline.Pipeline{Document: document, Now: o.Invocation.Now()}
	var packs []spec.Pack
	if err == nil {
		packs, err = pipe.Packs(nil)
	}
	if err == nil {
		_, err = pipe.Locked(packs, loaded, false)
	}
	if err != nil {
		return failed(err)
	}
	return good(fmt.Sprintf("%s, %d image(s)", file, len(loaded.Names())))
}
