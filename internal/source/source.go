// Package source is the host side of source plugins: it finds them, decides
// whether they are trusted, asks what they are, starts them with the environment
// they declared, calls them and ends them on every way out.
package source

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Options says where plugins are and how they are treated. Zero durations and
// functions mean the default.
type Options struct {
	// PluginDirs are searched first, in this order.
	PluginDirs []string
	// DataDir is the user's data directory: installed plugins are in
	// byoos/plugins below it. Empty means that there is none.
	DataDir string
	// CacheDir is the user's cache directory: descriptions are kept in byoos
	// below it. Empty means no cache.
	CacheDir string
	// ExecutablePath is this program's own file, as os.Executable returns it.
	// Plugins beside it are trusted as it is.
	ExecutablePath string
	// Environ returns this program's environment.
	Environ func() []string
	Now     func() time.Time
	Log     *slog.Logger
	// Note tells the user, on every run, that a plugin is another than may be
	// expected. It may be called from several goroutines, one at a time.
	Note func(text string)
	// StartTimeout is how long a plugin may take to start, 10 seconds by default.
	StartTimeout time.Duration
	// DescribeTimeout is how long `describe` may take, 5 seconds by default.
	DescribeTimeout time.Duration
	// CallTimeout is how long one source may take, 5 minutes by default; the other
	// two are no longer.
	CallTimeout time.Duration
	// UserSettings are the user's own settings for plugins, by type.
	UserSettings map[string]map[string]any
}

const (
	defaultStartTimeout    = 10 * time.Second
	defaultDescribeTimeout = 5 * time.Second
	defaultCallTimeout     = 5 * time.Minute
	// maxCalls bounds how many sources are asked at once. They mostly wait for a
	// network, so it is well above the number of cores.
	maxCalls = 32
	// maxAnswer bounds one answer, in bytes. A plugin that reads the same page again and
	// again must not fill the memory, which takes some three times as much.
	maxAnswer = 1 << 30
)

// Host runs plugins. Its methods are safe for concurrent use.
type Host struct {
	options Options
	log     *slog.Logger
	cache   *cache
	runner  *run.Runner

	maxAnswer int64

	// life ends with Close, and with it what is being started or called.
	life context.Context
	end  context.CancelFunc

	mu       sync.Mutex
	verdicts map[string]*verdict // by type and path
	noted    map[string]bool     // what the user was told
}

// New returns a Host. The caller closes it.
func New(o Options) *Host {
	if o.Environ == nil {
		o.Environ = os.Environ
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	o.StartTimeout = orDefault(o.StartTimeout, defaultStartTimeout)
	o.DescribeTimeout = orDefault(o.DescribeTimeout, defaultDescribeTimeout)
	o.CallTimeout = orDefault(o.CallTimeout, defaultCallTimeout)
	o.StartTimeout, o.DescribeTimeout = min(o.StartTimeout, o.CallTimeout), min(o.DescribeTimeout, o.CallTimeout)
	life, end := context.WithCancel(context.Background())
	return &Host{
		life: life, end: end,
		options: o,
		log:     o.Log,
		cache:   newCache(o.CacheDir),
		runner:  run.New(o.Log, run.Limits{Start: o.StartTimeout, Describe: o.DescribeTimeout, Call: o.CallTimeout}),

		maxAnswer: maxAnswer,
		verdicts:  map[string]*verdict{}, noted: map[string]bool{},
	}
}

// Close ends all plugins. It may be called more than once; a closed Host starts
// nothing.
func (h *Host) Close() {
	h.end()
	h.runner.Close()
}

// note tells the user something, once.
func (h *Host) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.noted[text] {
		h.noted[text] = true
		h.options.Note(text)
	}
}

// within returns a context that also ends with the host.
func (h *Host) within(ctx context.Context) (context.Context, context.CancelFunc) {
	both, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(h.life, cancel)
	return both, func() { unlink(); cancel() }
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Origin tells where a plugin was found.
type Origin string

// Origins, in the order of precedence.
const (
	OriginFlag    Origin = "flag"    // --plugin-dir
	OriginUser    Origin = "user"    // the user's data directory
	OriginBundled Origin = "bundled" // beside this program
)

// Plugin is a plugin of this machine.
type Plugin struct {
	// Type is the part of the file name after byoos-source-.
	Type string
	// Path is the file that is run, symlinks resolved.
	Path   string
	Origin Origin
	// Trust says in words why the plugin may run.
	Trust string
	// Description is what the plugin says of itself; nil for a broken one.
	Description *sourcev1.Description
	// Digest is sha256:hex of the file; empty when it could not be read.
	Digest string
	// Broken is why the plugin cannot be used, an *failure.Error; nil when it can.
	Broken error
	// ShadowedBy is the path of the plugin of the same type that is used instead.
	ShadowedBy string

	// entry is the name in the folder where it was found: Path, or a link to it.
	entry string
	// hides are the plugins of the same type that this one comes before.
	hides []*Plugin
	// sum is the digest in hex that the receipt demands; empty for other origins.
	sum string
}

// ConfigSchema returns the JSON Schema of the plugin's configuration, as JSON; that
// of a plugin which has none takes anything.
func (p *Plugin) ConfigSchema() string { return cmp.Or(p.Description.GetConfigSchema(), "{}") }

// CheckSchema refuses a plugin whose schema the host cannot check configurations
// by; no source of it could be used.
func (p *Plugin) CheckSchema() error {
	if _, err := schemacheck.Compile([]byte(p.ConfigSchema())); err != nil {
		return broken(p, "describes its configuration by a schema that cannot be used", "report this to its author", err)
	}
	return nil
}

// Hints tell a source what will be selected later.
type Hints struct {
	Providers, Regions, Architectures []string
	// KubernetesVersions are semver ranges.
	KubernetesVersions, K8sDistributions, CustomTags []string
	// NewestOnly says that nothing else is selected by, and the newest is picked.
	NewestOnly bool
}

// Request asks one source for its images.
type Request struct {
	// Source is the source's name in the spec.
	Source string
	// Plugin is the one that Find returned for the source's type.
	Plugin *Plugin
	// Config is the source's configuration: JSON-like values.
	Config map[string]any
	// BaseDir is the absolute directory that relative paths start from.
	BaseDir string
	Hints   Hints
	// Regions that packs of the source select, whatever the hints leave out.
	Regions []string
	// KubernetesVersions are the ranges that packs of the source select, also when Hints
	// has none because others take any.
	KubernetesVersions []string
	// IDs are of images that the source listed without all that it can tell: it tells it
	// of these alone. None stand for the whole list.
	IDs []string
	// Reads says that what matters of the answer will be asked for by IDs.
	Reads bool
}

// Result is the answer to a Request.
type Result struct {
	Source string
	// Plugin is that of the Request; nil when none was found.
	Plugin *Plugin
	// Images that came, also when Err is set.
	Images      []image.Image
	Diagnostics []Diagnostic
	// Err is an *failure.Error: the answer is not complete.
	Err error
}

// VerifyRequest asks one source what became of images.
type VerifyRequest struct {
	Source  string
	Plugin  *Plugin
	Config  map[string]any
	BaseDir string
	Refs    []image.Ref
	// Regions that packs of the source select, for refs that carry none.
	Regions []string
}

// Presence is what a source knows of an image's existence.
type Presence string

// Presences of an image.
const (
	Found      Presence = "found"
	NotFound   Presence = "notFound"
	NotVisible Presence = "notVisible"
	Unknown    Presence = "unknown"
)

// Verified is the answer for one reference.
type Verified struct {
	Ref      image.Ref
	Presence Presence
	// Image as it is now, when Presence is Found.
	Image *image.Image
	// Reason, for every Presence but Found; then what else is known of the image.
	Reason string
	// Evidence is how the source knows the presence.
	Evidence image.Evidence
}

// Event is progress of a source.
type Event struct {
	Source, Plugin string
	Message        string
	// Done of Total; Total is 0 when unknown.
	Done, Total int64
}

// Severity of a Diagnostic.
type Severity string

// Severities of a Diagnostic.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityInfo    Severity = "info"
)

// Diagnostic is what a source has to say to the user.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	// Source is the source's name in the spec, Plugin its type.
	Source string `json:"source"`
	Plugin string `json:"plugin"`
	// Summary says what happened, in one line.
	Summary string `json:"summary"`
	// Detail says why.
	Detail string `json:"detail,omitempty"`
	// ConfigPath is the configuration key it is about.
	ConfigPath string `json:"configPath,omitempty"`
	NextStep   string `json:"nextStep,omitempty"`
	// Scope is the part of the answer it is about, when not all: a region.
	Scope string `json:"scope,omitempty"`
}

// Text returns scope, summary and detail as one sentence.
func (d Diagnostic) Text() string {
	text := cmp.Or(strings.TrimSpace(d.Summary), "the plugin did not say what happened")
	if d.Scope != "" {
		text = d.Scope + ": " + text
	}
	if d.ConfigPath != "" {
		text = d.ConfigPath + ": " + text
	}
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	return text
}
