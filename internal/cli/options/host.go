package options

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
)

// Host says how source plugins are found and called.
type Host struct {
	PluginDirs   []string
	Timeout      time.Duration
	AllowPartial bool
	Verbosity    int

	calls bool // the command has a timeout
}

// AddFindFlags adds the flags that say where plugins are.
func (h *Host) AddFindFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&h.PluginDirs, "plugin-dir", nil, "look for source plugins here first; may be repeated")
	flags.CountVarP(&h.Verbosity, "verbose", "v", "show what plugins log, on stderr; -vv for more")
}

// AddFlags adds the flags of commands that call plugins.
func (h *Host) AddFlags(flags *pflag.FlagSet) {
	h.AddFindFlags(flags)
	h.calls = true
	flags.DurationVar(&h.Timeout, "timeout", 5*time.Minute, "give up on a source after this long")
	flags.BoolVar(&h.AllowPartial, "allow-partial", false, "go on with what was found when a source fails")
}

// New returns the host; the caller closes it.
func (h *Host) New(inv *invocation.Invocation) (*source.Host, error) {
	if h.calls && h.Timeout <= 0 {
		return nil, failure.Usage("give a duration such as 90s", "--timeout %s leaves a source no time", h.Timeout)
	}
	config, err := LoadUserConfig(inv)
	if err != nil {
		return nil, err
	}
	dirs := make([]string, 0, len(h.PluginDirs)+len(config.PluginDirs))
	for _, dir := range h.PluginDirs {
		dirs = append(dirs, inv.Path(dir))
	}
	dirs = append(dirs, config.PluginDirs...)
	return source.New(source.Options{
		PluginDirs:     dirs,
		DataDir:        DataDir(inv),
		CacheDir:       CacheDir(inv),
		ExecutablePath: inv.Executable,
		Environ:        func() []string { return inv.Environ },
		Now:            inv.Now,
		Log:            h.logger(inv.ErrOut),
		Note:           func(note string) { fmt.Fprintf(inv.ErrOut, "note: %s\n", text.HarmlessLine(note)) },
		CallTimeout:    h.Timeout,
		UserSettings:   config.Plugins,
	}), nil
}

func (h *Host) logger(errOut io.Writer) *slog.Logger {
	level := slog.LevelError + 4
	switch {
	case h.Verbosity == 1:
		level = slog.LevelInfo
	case h.Verbosity > 1:
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: level}))
}

// LoadUserConfig reads the user's own configuration file; it need not exist.
func LoadUserConfig(inv *invocation.Invocation) (*userconfig.Config, error) {
	path := UserConfigFile(inv)
	if path == "" {
		return &userconfig.Config{}, nil
	}
	return userconfig.Load(path)
}

// addMirrors tells a spec where this machine reads and renders images of registries.
func addMirrors(inv *invocation.Invocation, document *spec.Document) error {
	config, err := LoadUserConfig(inv)
	if err != nil {
		return err
	}
	rules, err := mirror.Read(config.Plugins["oci"])
	if err != nil {
		return failure.Usage("see docs/sources/oci.md for what can be set there", "plugins.oci in your configuration file: %s", err)
	}
	document.Set.Mirrors = rules
	return nil
}

// UserConfigFile is the absolute path of the user's own configuration file; empty
// for a user without a home. It is never below the working directory by default:
// a cloned repository must not configure anything.
func UserConfigFile(inv *invocation.Invocation) string {
	dir := userDir(inv, "XDG_CONFIG_HOME", ".config", "APPDATA")
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "byoos", "config.yaml")
}

// DataDir is where user-installed plugins are: a folder byoos/plugins below it.
func DataDir(inv *invocation.Invocation) string {
	return userDir(inv, "XDG_DATA_HOME", filepath.Join(".local", "share"), "LOCALAPPDATA")
}

// CacheDir is where plugin descriptions are cached: a folder byoos below it.
func CacheDir(inv *invocation.Invocation) string {
	return userDir(inv, "XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")
}

// userDir follows the XDG base directory specification, which asks to ignore
// relative values. It is absolute, or empty for a user without a home.
func userDir(inv *invocation.Invocation, variable, fallback, windows string) string {
	if dir := inv.Getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	base := inv.Getenv("HOME")
	if runtime.GOOS == "windows" {
		base, fallback = inv.Getenv(windows), ""
	}
	if !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, fallback)
}

// ShowProgress returns a function that shows progress on a terminal's stderr,
// and one that clears the line; both do nothing elsewhere.
func ShowProgress(ctx context.Context, inv *invocation.Invocation) (show func(source.Event), done func()) {
	if !inv.StderrTerminal {
		return func(source.Event) {}, func() {}
	}
	line := newStatusLine(ctx, inv.ErrOut)
	show = func(e source.Event) {
		line.set(progressText(e))
		if e == (source.Event{}) {
			line.draw() // before anything else is told
		}
	}
	return show, line.stop
}

func progressText(e source.Event) string {
	if e == (source.Event{}) {
		return ""
	}
	text := e.Source + ": " + e.Message
	switch {
	case e.Total > 0:
		text += fmt.Sprintf(" (%d of %d)", e.Done, e.Total)
	case e.Done > 0:
		text += fmt.Sprintf(" (%d)", e.Done)
	}
	return text
}
