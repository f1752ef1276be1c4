package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// config is what a spec says of a source of type oci.
type config struct {
	Repository   string       `json:"repository,omitempty" jsonschema:"description=Repository with its registry: registry.example.com/team/ubuntu.,example=ttl.sh/ubuntu"`
	Repositories []string     `json:"repositories,omitempty" jsonschema:"description=Several repositories; instead of repository or beside it."`
	Tags         []string     `json:"tags,omitempty" jsonschema:"description=Tags that count: shell patterns (k3s-*) or regular expressions between slashes; a leading ! leaves tags out. Default: all."`
	Grammar      string       `json:"grammar,omitempty" jsonschema:"description=What a tag says: canvos (default)\\, kairos\\, or a regular expression for a whole tag with named groups (k8sDistribution\\, kubernetesVersion\\, peVersion\\, customTag\\, osName\\, osVersion\\, architecture\\, version)."`
	Resolve      string       `json:"resolve,omitempty" jsonschema:"enum=newest,enum=all,enum=none,default=newest,description=Which tags to read beyond their names (digest\\, platforms\\, labels): the newest of each line\\, all\\, or none."`
	ResolveLimit int          `json:"resolveLimit,omitempty" jsonschema:"minimum=1,default=50,description=Most tags of a repository that resolve: newest reads."`
	NewestBy     sdk.NewestBy `json:"newestBy,omitempty" jsonschema:"enum=version,enum=created,default=version,description=What makes an image newer: the versions in its tag\\, or its creation time (reads every tag)."`
	Inspect      bool         `json:"inspect,omitempty" jsonschema:"description=Read /etc/kairos-release or /etc/os-release from the layers of images whose OS is not known otherwise."`
	InspectLimit int          `json:"inspectLimit,omitempty" jsonschema:"minimum=1,default=4096,description=Most that is unpacked of one image while looking for these files\\, in MiB."`
	Labels       labels       `json:"labels,omitempty" jsonschema:"description=Labels or annotations that hold OS facts."`
	PlainHTTP    []string     `json:"plainHTTP,omitempty" jsonschema:"description=Registries to read over plain http\\, without credentials. Loopback addresses need not be named."`
	Rewrite      []rewrite    `json:"rewrite,omitempty" jsonschema:"description=Mirrors: read and render an image under another name\\, on every machine."`
}

type labels struct {
	OSName            string `json:"osName,omitempty" jsonschema:"default=byoos.dev/os-name"`
	OSVersion         string `json:"osVersion,omitempty" jsonschema:"default=byoos.dev/os-version"`
	KubernetesVersion string `json:"kubernetesVersion,omitempty" jsonschema:"default=byoos.dev/kubernetes-version"`
}

type rewrite struct {
	From string `json:"from" jsonschema:"required,description=Registry or registry/path at the beginning of a repository's name."`
	To   string `json:"to" jsonschema:"required,description=What stands there instead."`
}

// Values of resolve.
const (
	resolveNewest = "newest"
	resolveAll    = "all"
	resolveNone   = "none"
)

const (
	defaultResolveLimit = 50
	defaultInspectLimit = 4096 // MiB
)

// plan is a checked config with its defaults.
type plan struct {
	config
	repositories []repositoryName
	filter       tag.Filter
	grammar      tag.Grammar
}

// repositoryName is the name that a repository has in the spec, the one that it has
// everywhere by the spec's own rules, which is in ids, and where this machine reads it.
type repositoryName struct{ original, name, actual string }

// newPlan checks c. mirrors are the user's own; they come after those of the spec.
func newPlan(c config, mirrors []mirror.Rule) (*plan, error) {
	c.Resolve = cmp.Or(c.Resolve, resolveNewest)
	c.NewestBy = cmp.Or(c.NewestBy, sdk.NewestByVersion)
	c.ResolveLimit = cmp.Or(c.ResolveLimit, defaultResolveLimit)
	c.InspectLimit = cmp.Or(c.InspectLimit, defaultInspectLimit)
	c.Labels.OSName = cmp.Or(c.Labels.OSName, "byoos.dev/os-name")
	c.Labels.OSVersion = cmp.Or(c.Labels.OSVersion, "byoos.dev/os-version")
	c.Labels.KubernetesVersion = cmp.Or(c.Labels.KubernetesVersion, "byoos.dev/kubernetes-version")
	if c.NewestBy == sdk.NewestByCreated {
		if c.Resolve == resolveNone {
			return nil, wrong("newestBy", "newestBy: created needs every tag's creation time, and resolve: none reads none",
				"omit resolve, or use newestBy: version")
		}
		c.Resolve = resolveAll
	}
	if c.Inspect && c.Resolve == resolveNone {
		return nil, wrong("inspect", "inspect needs an image to read, and resolve: none reads none", "omit resolve")
	}
	p := &plan{config: c}
	if err := p.compile(); err != nil {
		return nil, err
	}
	return p, p.nameRepositories(mirrors)
}

func (p *plan) compile() (err error) {
	if p.filter, err = tag.NewFilter(p.Tags); err != nil {
		return wrong("tags", err.Error(), "write a shell pattern such as k3s-*, or a regular expression between slashes")
	}
	if p.grammar, err = tag.Compile(p.Grammar); err != nil {
		return wrong("grammar", err.Error(), `write canvos, kairos, or a regular expression such as (?P<kubernetesVersion>\d+\.\d+\.\d+)-(?P<customTag>.+)`)
	}
	return nil
}

func (p *plan) nameRepositories(mirrors []mirror.Rule) error {
	rules := make([]mirror.Rule, len(p.Rewrite))
	for i, r := range p.Rewrite {
		rules[i] = mirror.Rule{From: r.From, To: r.To}
	}
	named := p.Repositories
	if p.Repository != "" {
		named = append([]string{p.Repository}, named...)
	}
	if len(named) == 0 {
		return wrong("repository", "no repository is named", "set repository: registry.example.com/team/ubuntu")
	}
	seen := map[string]bool{}
	for i, original := range named {
		name := mirror.Rewrite(original, rules)
		actual := mirror.Rewrite(name, mirrors)
		for _, one := range []string{name, actual} {
			if _, _, err := registry.Split(one); err != nil {
				return wrong(p.repositoryKey(i), err.Error(), "write registry/path, such as ttl.sh/ubuntu")
			}
		}
		// What is read at one place is one repository: a mirror beside its origin.
		if !seen[actual] {
			p.repositories = append(p.repositories, repositoryName{original, name, actual})
		}
		seen[actual] = true
	}
	return nil
}

func (p *plan) repositoryKey(i int) string {
	if p.Repository == "" {
		return fmt.Sprintf("repositories[%d]", i)
	}
	if i == 0 {
		return "repository"
	}
	return fmt.Sprintf("repositories[%d]", i-1)
}

func wrong(key, detail, next string) error {
	return &sdk.Diagnostic{
		Summary: "invalid configuration", Detail: detail, ConfigPath: key, NextStep: next,
	}
}

// settings are what the user's own configuration file says of this plugin. Only
// there can a registry get more trust.
type settings struct {
	registry.Settings
	mirrors []mirror.Rule
}

// readSettings takes in `registries: {<host>: {caFile, plainHTTP}}` and
// `rewrite: [{from, to}]`.
func readSettings(user map[string]any, home string) (settings, error) {
	s := settings{Settings: registry.Settings{
		CAFiles: map[string]string{}, PlainHTTP: map[string]registry.Plain{},
	}}
	for key, value := range user {
		var err error
		switch key {
		case "registries":
			err = s.readRegistries(value, home)
		case "rewrite":
			s.mirrors, err = mirror.Read(user)
		default:
			err = fmt.Errorf("unknown key %q, known are registries and rewrite", key)
		}
		if err != nil {
			return settings{}, &sdk.Diagnostic{
				Summary:  "invalid settings for the plugin oci in your configuration file",
				Detail:   err.Error(),
				NextStep: "see docs/sources/oci.md for what can be set there",
			}
		}
	}
	return s, nil
}

func (s *settings) readRegistries(value any, home string) error {
	hosts, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("registries must map a registry's host to its settings")
	}
	for host, value := range hosts {
		keys, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("registries.%s must be a mapping", host)
		}
		for key, value := range keys {
			if err := s.readRegistry(host, key, value, home); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *settings) readRegistry(host, key string, value any, home string) error {
	switch key {
	case "caFile":
		file, ok := value.(string)
		if rest, tilde := strings.CutPrefix(file, "~/"); tilde {
			file = filepath.Join(home, rest)
		}
		if !ok || !filepath.IsAbs(file) {
			return fmt.Errorf("registries.%s.caFile must be an absolute path", host)
		}
		s.CAFiles[host] = file
	case "plainHTTP":
		allowed, ok := value.(bool)
		if !ok {
			return fmt.Errorf("registries.%s.plainHTTP must be true or false", host)
		}
		s.PlainHTTP[host] = registry.PlainNever
		if allowed {
			s.PlainHTTP[host] = registry.PlainTrusted
		}
	default:
		return fmt.Errorf("unknown key registries.%s.%s, known are caFile and plainHTTP", host, key)
	}
	return nil
}
