package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// typePattern is what a plugin's type may look like. Anything else in a plugin
// directory, such as a receipt, is no plugin.
var typePattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// place is a directory that is searched for plugins.
type place struct {
	dir    string
	origin Origin
}

// places returns the directories in the order of precedence. The working
// directory and PATH are never among them: a cloned repository must not choose
// what is executed.
func (h *Host) places() []place {
	var places []place
	add := func(dir string, origin Origin) {
		if dir != "" && !slices.ContainsFunc(places, func(p place) bool { return p.dir == dir }) {
			places = append(places, place{dir, origin})
		}
	}
	for _, dir := range h.options.PluginDirs {
		if abs, err := filepath.Abs(dir); err == nil { // not of "", see checkNames
			add(abs, OriginFlag)
		}
	}
	add(h.userDir(), OriginUser)
	if h.options.ExecutablePath != "" {
		// krew puts a symlink on PATH; the plugins are beside its target.
		if file, err := filepath.EvalSymlinks(h.options.ExecutablePath); err == nil {
			add(filepath.Join(filepath.Dir(file), "plugins"), OriginBundled)
			add(filepath.Dir(file), OriginBundled)
		}
	}
	return places
}

// userDir is where installed plugins are; empty when there is no such place.
func (h *Host) userDir() string {
	if h.options.DataDir == "" {
		return ""
	}
	return filepath.Join(h.options.DataDir, "byoos", "plugins")
}

// found returns every plugin file, the ones that win before those they hide. No
// file is opened. A folder that the user named and that cannot be read is a usage
// error: to pass over it would find another plugin than was meant. The other
// places need not be there.
func (h *Host) found() ([]*Plugin, error) {
	if err := h.checkNames(); err != nil {
		return nil, err
	}
	var all []*Plugin
	first := map[string]*Plugin{}
	for _, place := range h.places() {
		entries, err := entriesOf(place.dir)
		if err != nil {
			if err := h.unreadable(place, err); err != nil {
				return nil, err
			}
			continue
		}
		for _, p := range pluginsOf(place, entries) {
			if winner := first[p.Type]; winner == nil {
				first[p.Type] = p
			} else if winner.Path == p.Path {
				continue
			} else {
				p.ShadowedBy = winner.Path
				winner.hides = append(winner.hides, p)
			}
			all = append(all, p)
		}
	}
	return all, nil
}

const correctDirs = "correct --plugin-dir, or pluginDirs in your configuration file"

// checkNames refuses a folder without a name, as a variable that is not set
// leaves it: it would be the working directory.
func (h *Host) checkNames() error {
	for _, dir := range h.options.PluginDirs {
		if strings.TrimSpace(dir) == "" {
			return failure.Usage(correctDirs, "a plugin directory has no name, which would be the working directory")
		}
	}
	return nil
}

// unreadable tells of a place that is not searched; the error is for one that the
// user named.
func (h *Host) unreadable(place place, err error) error {
	switch {
	case place.origin == OriginFlag && isGone(err):
		return failure.Usage(correctDirs, "plugin directory %s: no such directory", place.dir)
	case place.origin == OriginFlag:
		return failure.Usage(correctDirs, "plugin directory %s: %s", place.dir, err)
	case place.origin == OriginUser && errors.Is(cause(err), syscall.ENOTDIR) && !isThere(place.dir):
		// A home of /dev/null is that of a user who has none.
	case place.origin == OriginUser && !isGone(err):
		h.note("cannot read the plugins in %s, which come before others: %s", place.dir, err)
	case !isGone(err):
		h.log.Warn("cannot read plugin directory", "dir", place.dir, "error", err)
	}
	return nil
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// pluginsOf returns the plugins among the entries of a folder.
func pluginsOf(place place, entries []fs.DirEntry) []*Plugin {
	var plugins []*Plugin
	for _, entry := range entries {
		typ, ok := typeOf(entry.Name())
		if !ok {
			continue
		}
		p := &Plugin{Type: typ, Path: filepath.Join(place.dir, entry.Name()), Origin: place.origin}
		p.entry = p.Path
		if target, err := filepath.EvalSymlinks(p.Path); err == nil {
			p.Path = target
		}
		plugins = append(plugins, p)
	}
	return plugins
}

// installed returns the plugin of a type in the user's data directory, also when
// another is used; nil when there is none.
func (h *Host) installed(typ string) *Plugin {
	dir := h.userDir()
	entries, err := entriesOf(dir)
	if err != nil {
		return nil
	}
	for _, p := range pluginsOf(place{dir, OriginUser}, entries) {
		if p.Type == typ {
			return p
		}
	}
	return nil
}

// typeOf returns the type of the plugin that a file name stands for.
func typeOf(file string) (string, bool) {
	typ, ok := strings.CutPrefix(file, handshake.FilePrefix)
	if runtime.GOOS == "windows" {
		var exe bool
		typ, exe = strings.CutSuffix(strings.ToLower(typ), ".exe")
		ok = ok && exe
	}
	return typ, ok && typePattern.MatchString(typ)
}

// List returns all plugins of this machine, sorted by type and precedence;
// broken, untrusted and hidden ones are among them, with the reason.
func (h *Host) List(ctx context.Context) ([]Plugin, error) {
	found, err := h.found()
	if err != nil {
		return nil, err
	}
	plugins := make([]Plugin, len(found))
	limit := make(chan struct{}, max(2, runtime.NumCPU()))
	var wg sync.WaitGroup
	for i, p := range found {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			plugins[i] = h.told(ctx, p)
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, interrupted(ctx)
	}
	slices.SortStableFunc(plugins, func(a, b Plugin) int { return strings.Compare(a.Type, b.Type) })
	return plugins, nil
}

// told returns a copy of a plugin with all that is known of it: once examined, it
// may be what calls at the same time use.
func (h *Host) told(ctx context.Context, p *Plugin) Plugin {
	examined, err := h.examined(ctx, p)
	told := *p
	if err != nil {
		told.Broken = err
	} else {
		told.Trust, told.Description, told.Digest, told.sum = examined.Trust, examined.Description, examined.Digest, examined.sum
	}
	if told.Digest == "" {
		told.Digest = digestText(ctx, p.Path)
	}
	return told
}

// Find returns the plugin of a type, trusted and described. The error is an
// *failure.Error that says where it was looked for.
func (h *Host) Find(ctx context.Context, typ string) (*Plugin, error) {
	found, err := h.found()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(found, func(p *Plugin) bool { return p.Type == typ && p.ShadowedBy == "" })
	if i < 0 {
		return nil, h.notFound(typ, found)
	}
	return h.examined(ctx, found[i])
}

// verdict is what was found out about a plugin's file, for all the sources of
// its type. The digest is checked again before every execution.
type verdict struct {
	mu     sync.Mutex
	file   cacheEntry
	plugin *Plugin // nil: nothing yet
}

// examined returns a plugin with trust and description. Sources that ask at the
// same time wait for one examination.
func (h *Host) examined(ctx context.Context, p *Plugin) (*Plugin, error) {
	h.mu.Lock()
	// Two links may lead to one file, which is of one type.
	key := p.Type + " " + p.Path
	v := h.verdicts[key]
	if v == nil {
		v = &verdict{}
		h.verdicts[key] = v
	}
	h.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	info, err := permitted(p)
	if err != nil {
		return nil, err
	}
	if v.plugin == nil || !same(v.file, entryOf(info)) || v.plugin.entry != p.entry {
		h.examine(ctx, p)
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		v.file, v.plugin = entryOf(info), p
	}
	if v.plugin.Broken != nil {
		return nil, v.plugin.Broken
	}
	h.tellHidden(v.plugin)
	return v.plugin, nil
}

// tellHidden says which plugins are not used for p. One of another author in place
// of one of ours is told on every run.
func (h *Host) tellHidden(p *Plugin) {
	for _, hidden := range p.hides {
		if hidden.Origin == OriginBundled && p.Origin != OriginBundled {
			h.note("plugin %s is %s (%s), not the one that comes with kubectl-byoos, %s", p.Type, p.Path, p.Trust, hidden.Path)
			continue
		}
		h.log.Warn("plugin hides another of the same type", "plugin", p.Path, "hidden", hidden.Path)
	}
}

// examine fills in trust and description, or why there is none. A file that is
// not trusted is not executed.
func (h *Host) examine(ctx context.Context, p *Plugin) {
	if p.Broken = h.trust(ctx, p); p.Broken != nil {
		return
	}
	description, err := h.describe(ctx, p)
	if err != nil {
		p.Broken = err
		return
	}
	p.Description = description
}

// bundledTypes are the types of the plugins that come with kubectl-byoos.
func bundledTypes() []string { return []string{"packer", "aws", "azure", "oci"} }

// putBack is the next step when a bundled plugin is not there.
func (h *Host) putBack() string {
	as := ""
	for _, place := range h.places() {
		if place.origin == OriginBundled && filepath.Base(place.dir) == "plugins" {
			as = ", as " + place.dir
		}
	}
	return "it comes with kubectl-byoos: its folder plugins belongs beside the program" + as +
		"; put it back, or install again (from the source: make install)"
}

func (h *Host) notFound(typ string, found []*Plugin) error {
	e := &failure.Error{
		Code:    failure.ExitSource,
		Summary: fmt.Sprintf("no plugin for source type %q", typ),
		Next:    fmt.Sprintf("install one with `kubectl byoos plugin install FILE`, where FILE is a %s%s you trust", handshake.FilePrefix, typ),
	}
	var types []string
	for _, p := range found {
		if !slices.Contains(types, p.Type) {
			types = append(types, p.Type)
		}
	}
	near := text.Nearest(typ, append(bundledTypes(), types...))
	switch {
	case slices.Contains(bundledTypes(), typ):
		e.Next = h.putBack()
	case near != "":
		e.Summary += "; " + text.Meant(near)
		e.Next = fmt.Sprintf("write `type: %s`", near)
	}
	if len(types) > 0 {
		e.Details = append(e.Details, "plugins of this machine: "+strings.Join(types, ", "))
	}
	for _, place := range h.places() {
		detail := fmt.Sprintf("looked in %s (%s)", place.dir, place.origin)
		if _, err := os.Stat(place.dir); isGone(err) {
			detail += ": no such directory"
		}
		e.Details = append(e.Details, detail)
	}
	return e
}
