package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

const self = "111122223333"

// now is the host's clock in tests.
func now() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }

// Values that must never be seen again.
const (
	canaryKey    = "AKIACANARYCANARY0000"
	canarySecret = "canary/secret+access/key"
	canaryToken  = "canary-session-token-that-is-long"
)

// recorder keeps what a plugin sends.
type recorder struct {
	mu          sync.Mutex
	images      []sdk.Image
	results     []sdk.Result
	diagnostics []sdk.Diagnostic
	log         bytes.Buffer
}

func (r *recorder) Images(images ...sdk.Image) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.images = append(r.images, images...)
	return nil
}

func (r *recorder) Results(results ...sdk.Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = append(r.results, results...)
	return nil
}

func (r *recorder) Progress(int64, int64, string) error { return nil }

func (r *recorder) Report(d sdk.Diagnostic) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.diagnostics = append(r.diagnostics, d)
	return nil
}

// Write takes the log.
func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

// text is everything that could be shown to a user, as the SDK sends it.
func (r *recorder) text(t testing.TB) string {
	t.Helper()
	all, err := json.Marshal(map[string]any{"images": r.images, "results": r.results, "diagnostics": r.diagnostics})
	if err != nil {
		t.Fatal(err)
	}
	return new(sdk.Secrets).Clean(string(all) + r.log.String())
}

// find returns the image of an id.
func (r *recorder) find(t testing.TB, id string) sdk.Image {
	t.Helper()
	for _, img := range r.images {
		if img.ID == id {
			return img
		}
	}
	t.Fatalf("no image %s: %s", id, r.text(t))
	return sdk.Image{}
}

// usable returns the images that the host would pick from, by region.
func (r *recorder) usable(now time.Time) map[string][]string {
	out := map[string][]string{}
	for _, img := range r.images {
		deprecated := !img.DeprecatedAt.IsZero() && !img.DeprecatedAt.After(now)
		if img.State == sdk.Available && img.Withheld == "" && !deprecated {
			out[img.Region] = append(out[img.Region], img.ID)
		}
	}
	return out
}

func (r *recorder) errors() []sdk.Diagnostic {
	var out []sdk.Diagnostic
	for _, d := range r.diagnostics {
		if d.Severity == sdk.Error {
			out = append(out, d)
		}
	}
	return out
}

// oneError returns the only error there is.
func (r *recorder) oneError(t testing.TB) sdk.Diagnostic {
	t.Helper()
	all := r.errors()
	if len(all) != 1 {
		t.Fatalf("want one error, got %s", r.text(t))
	}
	return all[0]
}

func (r *recorder) noErrors(t testing.TB) {
	t.Helper()
	if len(r.errors()) > 0 {
		t.Fatalf("unexpected errors: %+v", r.errors())
	}
}

// offline sets the environment of the AWS SDK to the fake at url and nothing
// else: no file, no instance metadata.
func offline(t testing.TB, url string) {
	t.Helper()
	setenv := func(key, value string) { t.(interface{ Setenv(string, string) }).Setenv(key, value) }
	empty := t.TempDir()
	for _, key := range session.Environment() {
		setenv(key, "")
	}
	setenv("AWS_CONFIG_FILE", filepath.Join(empty, "config"))
	setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(empty, "credentials"))
	setenv("AWS_EC2_METADATA_DISABLED", "true")
	setenv("AWS_ACCESS_KEY_ID", canaryKey)
	setenv("AWS_SECRET_ACCESS_KEY", canarySecret)
	setenv("AWS_SESSION_TOKEN", canaryToken)
	setenv("AWS_REGION", "us-east-1")
	for _, service := range []string{"EC2", "IMAGEBUILDER", "SSM", "STS"} {
		setenv("AWS_ENDPOINT_URL_"+service, url)
	}
}

// config reads a configuration the way the SDK hands it over.
func config(t testing.TB, text string) settings.Config {
	t.Helper()
	var c settings.Config
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if c.ImageBuilder != nil { // the schema's default
		c.ImageBuilder.Owner = cmp.Or(c.ImageBuilder.Owner, settings.Self)
	}
	return c
}

type call struct {
	config   string
	hints    []string
	regions  []string
	settings map[string]any
	refs     []sdk.Ref
}

// run discovers, and turns an error that ends the call into a diagnostic, as the
// SDK does. A cancelled context is a failure of the test.
func run(t testing.TB, c call) *recorder {
	t.Helper()
	out := &recorder{}
	err := discover(context.Background(), nil, sdk.DiscoverRequest[settings.Config]{
		Source: "golden", Config: config(t, c.config), Now: now(), Hints: sdk.Hints{Regions: c.hints}, Regions: c.regions,
		UserSettings: c.settings, Secrets: &sdk.Secrets{}, Log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, out)
	out.add(t, err)
	return out
}

func (r *recorder) add(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var d *sdk.Diagnostic
	if !errors.As(err, &d) {
		t.Fatalf("not a diagnostic: %v", err)
	}
	r.diagnostics = append(r.diagnostics, *d)
}

func runVerify(t testing.TB, c call) *recorder {
	t.Helper()
	out := &recorder{}
	err := verify(context.Background(), nil, sdk.VerifyRequest[settings.Config]{
		Source: "golden", Config: config(t, c.config), Now: now(), Refs: c.refs, Regions: c.hints, UserSettings: c.settings,
		Secrets: &sdk.Secrets{}, Log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, out)
	out.add(t, err)
	return out
}

func start(t testing.TB, w fakeaws.World) *fakeaws.Server {
	t.Helper()
	fake, url := fakeaws.Start(t, w)
	offline(t, url)
	return fake
}

// withinLimits runs a test of a call's time limit with longer ones as long as it is not
// ok: on a busy machine all that does not hang may need more time.
func withinLimits(ok func(limit string) bool) {
	for _, limit := range []string{"3s", "15s", "1m15s"} {
		if ok(limit) {
			return
		}
	}
}

func count(calls []fakeaws.Call, action string) int {
	n := 0
	for _, c := range calls {
		if c.Action == action {
			n++
		}
	}
	return n
}
