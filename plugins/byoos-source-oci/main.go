// Command byoos-source-oci finds the provider images of edge clusters in OCI
// registries.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func main() {
	// HTTP clients log what a server sends unasked, word for word: a secret may be in it.
	log.SetOutput(io.Discard)
	// A run is over in less than a second: with the default, a list of ten thousand
	// tags is collected as garbage again and again. The limit is for millions.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(1 << 30)
	env := environment{
		getenv: os.Getenv, clock: registry.SystemClock(),
		certificateDirs: []string{"/etc/docker/certs.d", "/etc/containers/certs.d"},
	}
	// A relative home would be below the working directory, which may be a cloned
	// repository; without one, no file below it is looked for.
	if home, err := os.UserHomeDir(); err == nil && filepath.IsAbs(home) {
		env.home = home
		env.certificateDirs = append(env.certificateDirs, filepath.Join(home, ".config/containers/certs.d"))
	}
	sdk.Main(func() sdk.Source[config] { return source{env: env} })
}

// environment is what the plugin reads of its surroundings.
type environment struct {
	getenv          func(string) string
	home            string
	certificateDirs []string
	clock           registry.Clock
}

type source struct{ env environment }

// Describe says what the plugin is.
func (source) Describe() sdk.Info {
	return sdk.Info{
		Name:      "oci",
		Summary:   "Provider images of edge clusters (CanvOS, Kairos) in OCI registries",
		Providers: []string{provider},
		Homepage:  "https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/sources/oci.md",
		UsesHints: true,
		ReadsIDs:  true,
		Environment: []string{
			"DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME",
			"SSL_CERT_FILE", "SSL_CERT_DIR",
			// For the credential helpers that the user's docker configuration names:
			// ecr-login, gcr and gcloud, acr-env, secretservice, pass.
			"AWS_*", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_*", "AZURE_*",
			"DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME", "PASSWORD_STORE_DIR",
		},
	}
}

// Discover sends an image for each tag, and for each platform of a tag that was
// resolved.
func (s source) Discover(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	d, err := s.discovery(req, out)
	if err != nil {
		return err
	}
	return d.run(ctx)
}

func (s source) discovery(req sdk.DiscoverRequest[config], out sink) (*discovery, error) {
	a, err := s.prepare(req.Config, req.UserSettings, req.Secrets)
	if err != nil {
		return nil, err
	}
	a.now = req.Now
	return &discovery{
		access: a, out: out, wanted: newWanted(req.Hints),
		ids: req.IDs, hostReads: req.HostReads, maxListed: maxListed,
		inspector: &inspector{limit: int64(a.InspectLimit) << 20},
	}, nil
}

// Verify says what became of tags.
func (s source) Verify(ctx context.Context, req sdk.VerifyRequest[config], out *sdk.Results) error {
	return s.verify(ctx, req, out)
}

func (s source) verify(ctx context.Context, req sdk.VerifyRequest[config], out resultSink) error {
	a, err := s.prepare(req.Config, req.UserSettings, req.Secrets)
	if err != nil {
		return err
	}
	a.now = req.Now
	v := verification{access: a, out: out}
	return v.run(ctx, req.Refs)
}

func (s source) prepare(c config, user map[string]any, secrets *sdk.Secrets) (access, error) {
	set, err := readSettings(user, s.env.home)
	if err != nil {
		return access{}, err
	}
	for _, host := range c.PlainHTTP {
		set.AllowPlain(host)
	}
	p, err := newPlan(c, set.mirrors)
	if err != nil {
		return access{}, err
	}
	files, err := registry.CredentialFiles(s.env.getenv, s.env.home)
	if err != nil {
		return access{}, &sdk.Diagnostic{
			Summary: "cannot find your registry credentials", Detail: err.Error(),
			NextStep: "set an absolute path, or unset the variable",
		}
	}
	return access{plan: p, client: &registry.Client{
		Keychain:        registry.Keychain{Files: files},
		Settings:        set.Settings,
		CertificateDirs: s.env.certificateDirs,
		Proxy:           http.ProxyFromEnvironment,
		UserAgent:       "byoos-source-oci",
		Secrets:         secrets,
		Clock:           s.env.clock,
	}}, nil
}

// diagnose turns a failure into what the user reads.
func diagnose(err error, key, scope string) *sdk.Diagnostic {
	var d *sdk.Diagnostic
	if errors.As(err, &d) {
		return d
	}
	d = &sdk.Diagnostic{Summary: "cannot read " + scope, Detail: registry.Text(err), ConfigPath: key, Scope: scope}
	var e *registry.Error
	if errors.As(err, &e) {
		d.Summary, d.Detail, d.NextStep = "cannot "+e.Doing, e.Reason(), e.NextStep()
	}
	return d
}
