package main_test

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	plugin "github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

const (
	subscription = "00000000-0000-0000-0000-0000000000aa"
	group        = "/subscriptions/" + subscription + "/resourceGroups/images/providers/Microsoft.Compute"
	prod         = group + "/galleries/prod/images/"
)

// bin returns a folder that has kubectl-byoos, and plugins/byoos-source-azure, as an
// install has them. Only tests that run processes need it.
var bin func() string

const binary = "byoos-source-azure"

// TestMain runs the tests, or the plugin when it is started by its name: the binary
// of the tests is the plugin's, too, so that it has what the tests were built with
// (-race, -cover, -overlay).
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == binary {
		plugin.Main()
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "byoos-azure")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = sync.OnceValue(func() string { return build(dir) })
	if err := trustFakes(filepath.Join(dir, "ca.pem")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// trustFakes makes this process trust and sign in to a fake Azure, and to nothing that the
// machine is set up for: all fakes have one certificate, and azidentity reads the process's
// environment.
func trustFakes(ca string) error {
	for _, name := range plugin.Environment() {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	fake := fakeazure.Start(fakeazure.Options{Estate: &fakeazure.Estate{}})
	defer fake.Close()
	if err := fake.WriteCA(ca); err != nil {
		return err
	}
	for key, value := range fake.Environment(ca) {
		switch key {
		case "SSL_CERT_FILE", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET":
			if err := os.Setenv(key, value); err != nil {
				return err
			}
		}
	}
	// Go reads the certificates once: before a test sets other variables.
	_, err := x509.SystemCertPool()
	return err
}

func build(dir string) string {
	if err := copySelf(filepath.Join(dir, "plugins")); err != nil {
		panic(err)
	}
	text, err := exec.Command("go", "build", "-o", filepath.Join(dir, "kubectl-byoos"), "../../cmd/kubectl-byoos").CombinedOutput()
	if err != nil {
		panic(fmt.Sprintf("building kubectl-byoos: %v\n%s", err, text))
	}
	return dir
}

// copySelf puts the running binary into a folder, by the plugin's name.
func copySelf(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, binary), text, 0o700)
}

func estate(t testing.TB) *fakeazure.Estate {
	t.Helper()
	text, err := os.ReadFile("../../examples/azure/estate.json")
	if err != nil {
		t.Fatal(err)
	}
	e, err := fakeazure.ParseEstate(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// world is a fake Azure and a host that asks the plugin for what it has.
type world struct {
	*fakeazure.Server
	env  map[string]string
	host pipeline.Plugins
}

// start is a world whose host has the plugin in this process.
func start(t testing.TB, o fakeazure.Options, settings map[string]any) *world {
	t.Helper()
	w := startFake(t, o)
	w.host = inProcess{service: plugin.Service(func(key string) string { return w.env[key] }), settings: settings}
	return w
}

// startProcess is a world whose host runs the plugin as a process, with the world's environment.
func startProcess(t testing.TB, o fakeazure.Options, settings map[string]any) *world {
	t.Helper()
	w := startFake(t, o)
	host := source.New(source.Options{
		PluginDirs: []string{filepath.Join(bin(), "plugins")},
		Environ: func() []string {
			var pairs []string
			for k, v := range w.env {
				pairs = append(pairs, k+"="+v)
			}
			return pairs
		},
		// A busy machine may take long to start a program.
		StartTimeout: 2 * time.Minute, DescribeTimeout: 2 * time.Minute, CallTimeout: 10 * time.Minute,
		UserSettings: map[string]map[string]any{"azure": settings},
	})
	t.Cleanup(host.Close)
	w.host = host
	return w
}

func startFake(t testing.TB, o fakeazure.Options) *world {
	t.Helper()
	if o.Estate == nil {
		o.Estate = estate(t)
	}
	w := &world{Server: fakeazure.Start(o)}
	t.Cleanup(w.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := w.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	w.env = w.Environment(ca)
	w.env["AZURE_SUBSCRIPTION_ID"] = subscription
	w.env["HOME"] = t.TempDir()
	w.env["PATH"] = "/usr/bin:/bin"
	return w
}

// plugin is what a host finds before it asks.
func (w *world) plugin() *source.Plugin {
	p, err := w.host.Find(context.Background(), "azure")
	if err != nil {
		panic(err)
	}
	return p
}

type config = map[string]any

func (w *world) discover(ctx context.Context, c config) source.Result {
	return w.host.Discover(ctx, []source.Request{{Source: "azure", Plugin: w.plugin(), Config: c, BaseDir: "/"}}, nil)[0]
}

// good discovers, and fails the test when the source failed.
func (w *world) good(t *testing.T, c config) source.Result {
	t.Helper()
	r := w.discover(t.Context(), c)
	if r.Err != nil {
		t.Fatalf("%v", r.Err)
	}
	for _, i := range r.Images {
		checkStatement(t, i)
	}
	return r
}

// checkStatement checks what every image says beside its facts: how it is known, whose
// it is, and which one. Only what a template alone has of its outputs is a record.
func checkStatement(t *testing.T, i image.Image) {
	t.Helper()
	recorded := i.Attributes["runOutput"] != "" && (i.State == image.Unusable && i.OwnerID == "" || i.State == image.Pending && i.Attributes["imageType"] == "")
	if !recorded && (i.Evidence != image.Asked || i.OwnerID == "") ||
		recorded && i.Evidence != image.Recorded {
		t.Errorf("%s: evidence %q, owner %q", i.ID, i.Evidence, i.OwnerID)
	}
	if kind := i.Attributes["imageType"]; kind != "" && i.SpansRegions != (kind == "galleryVersion") {
		t.Errorf("%s: a %s is good in several regions: %v", i.ID, kind, i.SpansRegions)
	}
	if relative := strings.HasPrefix(i.ID, "galleries/"); relative != (i.FullID != "") || relative && !strings.HasSuffix(i.FullID, "/"+i.ID) {
		t.Errorf("%s: full id %q", i.ID, i.FullID)
	}
}

// lines writes images as "id region state", without the long beginning of ids. The
// state is "?" when it is not known.
func lines(images []image.Image) []string {
	var out []string
	for _, i := range images {
		line := strings.TrimPrefix(i.ID, group+"/") + " " + i.Region + " " + cmp.Or(string(i.State), "?")
		if i.ExcludedFromLatest {
			line += " excluded"
		}
		if i.Withheld != "" {
			line += " withheld"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func said(r source.Result) string {
	var all []string
	for _, d := range r.Diagnostics {
		all = append(all, fmt.Sprintf("%v: %s next: %s", d.Severity, d.Text(), d.NextStep))
	}
	return strings.Join(all, "\n")
}

func wants(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("missing %q in:\n%s", w, got)
		}
	}
}

func writeSpec(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "byoos.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
