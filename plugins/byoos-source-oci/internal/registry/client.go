// Package registry reads repositories of OCI registries: their tags, manifests,
// image configurations and layers. It never asks for a registry's catalog.
package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/once"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// pageSize is how many tags are asked for at once: the most that ECR allows
// (Amazon ECR API, ListTagsForResource and the distribution API's n).
const pageSize = 1000

// Bounds of what is read of one repository.
const (
	MaxTags  = 1_000_000
	maxPages = 20_000
	// maxIdle is how many pages in a row may bring no tag: some registries leave tags
	// out of a page that was cut before.
	maxIdle = 100
)

// Settings are what the user's own configuration says of registries.
type Settings struct {
	// CAFiles by registry hold PEM certificates that are trusted there too.
	CAFiles map[string]string
	// PlainHTTP by registry.
	PlainHTTP map[string]Plain
}

// AllowPlain lets a registry be read over plain http, without credentials. The user's
// own word of it, also a no, stays.
func (s Settings) AllowPlain(host string) {
	if _, said := s.plain(host); !said {
		s.PlainHTTP[host] = PlainAnonymous
	}
}

// plain says how far plain http is allowed for a host, and whether that was said.
func (s Settings) plain(host string) (degree Plain, said bool) {
	for _, key := range hostKeys(host) {
		if degree, said = s.PlainHTTP[key]; said {
			break
		}
	}
	return degree, said
}

// Client reads from registries. It keeps connections and tokens per repository.
type Client struct {
	// Keychain finds credentials.
	Keychain Keychain
	Settings Settings
	// CertificateDirs hold a folder of *.crt files per registry, as docker and
	// podman have it (containers-certs.d(5)).
	CertificateDirs []string
	UserAgent       string
	// Secrets is told the credentials that are sent.
	Secrets *sdk.Secrets
	// Proxy is as in http.Transport.
	Proxy func(*http.Request) (*url.URL, error)
	Clock Clock

	mu    sync.Mutex
	hosts map[string]*host
}

type host struct {
	name     name.Registry
	guard    *guard
	patience *patience
	// origin tells where credentials came from, by repository.
	origins sync.Map
	puller  *remote.Puller
}

// Repository is one repository of a registry.
type Repository struct {
	// Name as the user spells it: registry/path.
	Name string
	// Registry and Path are its two parts.
	Registry, Path string

	repo name.Repository
	host *host
	// images are those that were read, by the digest of their manifest: the first of the
	// tags that lead to one reads it.
	images once.Map[Platform]
}

// registryName is a host, which may have a port.
var registryName = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$`)

// repositoryPath is the distribution specification's <name> ("Pulling manifests").
var repositoryPath = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)

// Split returns the registry and the path of a repository name. The registry
// must be named: a bare "ubuntu" would silently mean Docker Hub.
func Split(repository string) (registry, path string, err error) {
	shown := withoutLogin(repository)
	if scheme, rest, ok := strings.Cut(repository, "://"); ok {
		return "", "", fmt.Errorf("%q begins with %s://, which is no part of a repository's name: write %s", shown, scheme, withoutLogin(rest))
	}
	registry, path, _ = strings.Cut(repository, "/")
	hostLike := registry == "localhost" || strings.ContainsAny(registry, ".:")
	if !hostLike || !registryName.MatchString(registry) {
		return "", "", fmt.Errorf("%q does not begin with a registry, such as docker.io/ or registry.example.com:5000/", shown)
	}
	if strings.ContainsAny(path, ":@") {
		return "", "", fmt.Errorf("%q has a tag or a digest; name the repository only", shown)
	}
	if _, err := name.NewRepository(repository); err != nil || !repositoryPath.MatchString(path) {
		return "", "", fmt.Errorf("%q is not a repository name (lower-case letters, digits, and . _ - /)", shown)
	}
	return registry, path, nil
}

var login, digestSuffix = regexp.MustCompile(`(?s)^.*@`), regexp.MustCompile(`@sha\d+:\w*$`)

// withoutLogin hides what stands before a host, where people write a password.
func withoutLogin(repository string) string {
	digest := digestSuffix.FindString(repository)
	return login.ReplaceAllString(strings.TrimSuffix(repository, digest), "...@") + digest
}

// Repository returns a repository by name. It does no I/O but for reading
// certificates.
func (c *Client) Repository(repository string) (*Repository, error) {
	registry, path, err := Split(repository)
	if err != nil {
		return nil, err
	}
	h, err := c.host(registry)
	if err != nil {
		return nil, err
	}
	return &Repository{Name: repository, Registry: registry, Path: path, repo: h.name.Repo(path), host: h}, nil
}

func (c *Client) host(registry string) (*host, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.hosts[registry]; h != nil {
		return h, nil
	}
	plain := func(host string) Plain { degree, _ := c.Settings.plain(host); return degree }
	var options []name.Option
	if plain(registry) != PlainNever {
		options = append(options, name.Insecure)
	}
	parsed, _ := name.NewRegistry(registry, options...) // Split found it valid
	transport, err := c.transport(registry)
	if err != nil {
		return nil, err
	}
	h := &host{name: parsed, guard: &guard{
		registry:   parsed.RegistryStr(),
		begun:      make(chan struct{}),
		scheme:     parsed.Scheme(),
		plain:      plain,
		base:       transport,
		realms:     map[string]bool{},
		tokens:     map[string]bool{},
		tlsFailure: map[string]error{},
		secrets:    c.Secrets,
	}}
	h.patience = &patience{base: h.guard, clock: c.Clock}
	h.puller, err = remote.NewPuller(
		remote.WithTransport(h.patience),
		remote.WithAuthFromKeychain(hostKeychain{c.Keychain, h}),
		remote.WithPageSize(pageSize),
		remote.WithUserAgent(c.UserAgent),
		remote.WithRetryStatusCodes(), // patience does that
	)
	if c.hosts == nil {
		c.hosts = map[string]*host{}
	}
	c.hosts[registry] = h
	return h, err
}

func (c *Client) transport(registry string) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 c.Proxy,
		DialContext:           dialer().DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	files := c.certificates(registry)
	if len(files) == 0 {
		return t, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's certificates: %w", err)
	}
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the CA file of %s: %w", registry, err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the CA file of %s: %s has no PEM certificate", registry, file)
		}
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

func (c *Client) certificates(registry string) []string {
	var files []string
	for _, host := range hostKeys(registry) {
		for _, dir := range c.CertificateDirs {
			entries, _ := os.ReadDir(filepath.Join(dir, host)) // most registries have none
			for _, e := range entries {
				if strings.HasSuffix(e.Name(), ".crt") {
					files = append(files, filepath.Join(dir, host, e.Name()))
				}
			}
		}
		if file := c.Settings.CAFiles[host]; file != "" {
			files = append(files, file)
		}
	}
	return files
}

// hostKeychain gives a registry the credential that is stored for it, unless it
// may only be read anonymously.
type hostKeychain struct {
	Keychain
	host *host
}

// Resolve implements authn.Keychain.
func (k hostKeychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), target)
}

// ResolveContext implements authn.ContextKeychain.
func (k hostKeychain) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	if k.host.guard.isAnonymous() {
		return authn.Anonymous, nil
	}
	repo := target.(name.Repository) // a registry is asked for its catalog only
	c, err := k.Lookup(ctx, repo)
	if err != nil {
		return nil, err
	}
	k.host.origins.Store(repo.String(), c.Origin)
	return c.Authenticator, nil
}

// Tags returns the repository's tags in the order of the registry's pages, which
// may repeat some, and how many entries of its list cannot be tags. progress is told how
// many there are so far.
func (r *Repository) Tags(ctx context.Context, progress func(n int)) (tags []string, odd int, err error) {
	doing := "list the tags of " + r.Name
	lister, err := r.host.puller.Lister(ctx, r.repo)
	if err != nil {
		return nil, 0, r.Failed(doing, err)
	}
	pages := pages{seen: map[string]bool{}}
	for lister.HasNext() {
		page, err := lister.Next(ctx)
		if err == nil {
			err = pages.add(page)
		}
		if err != nil {
			return nil, 0, r.Failed(doing, err)
		}
		for _, name := range page.Tags {
			if !tag.IsTag(name) {
				odd++
				continue
			}
			tags = append(tags, name)
		}
		progress(len(tags))
	}
	return tags, odd, nil
}

// pages notices lists that do not end.
type pages struct {
	seen       map[string]bool // addresses
	last       []string
	idle, tags int
}

func (p *pages) add(page *remote.Tags) error {
	if p.seen[page.Next] {
		return errors.New("the registry's pages go in a circle")
	}
	p.seen[page.Next] = true
	p.idle++
	if slices.ContainsFunc(page.Tags, func(name string) bool { return !slices.Contains(p.last, name) }) {
		p.idle, p.last = 0, page.Tags
	}
	p.tags += len(page.Tags)
	switch {
	case p.idle > maxIdle:
		return fmt.Errorf("the registry's pages go on without an end: %d pages bring no tag", maxIdle)
	case p.tags > MaxTags:
		return fmt.Errorf("more than %d tags", MaxTags)
	case len(p.seen) > maxPages:
		return fmt.Errorf("more than %d pages", maxPages)
	}
	return nil
}

// Layer returns the packed content of a layer or another blob.
func (r *Repository) Layer(ctx context.Context, digest string) (io.ReadCloser, error) {
	l, err := r.host.puller.Layer(ctx, r.repo.Digest(digest))
	if err != nil {
		return nil, err
	}
	return l.Compressed()
}

// Failed returns err as one that says what failed, why, and what to do next.
func (r *Repository) Failed(doing string, err error) error {
	origin, _ := r.host.origins.Load(r.repo.String())
	e := &Error{Doing: doing, Registry: r.Registry, Err: err, secrets: r.host.guard.secrets}
	e.Origin, _ = origin.(string)
	e.schemes, e.noScheme = r.host.guard.unusable()
	if answer := answerOf(err); answer != nil {
		e.token = r.host.guard.isToken(firstRequest(answer.Request).URL)
	}
	e.unlogged = r.host.guard.isAnonymous()
	e.retryAfter = r.host.patience.refused()
	return e
}
