package options

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
)

// setting is a value, and where it is from.
type setting struct{ value, from string }

// host is a setting that names a Palette, as it would be asked.
type host struct {
	setting
	url *url.URL
	err error
}

func hostOf(s setting) host {
	asked, err := palette.ParseHost(s.value)
	return host{s, asked, err}
}

// name is the host for messages, which must not show what else was given with it.
func (h host) name() string {
	if h.err != nil {
		return "another Palette"
	}
	return h.url.Host
}

// is compares hosts as they are asked, whatever the spelling.
func (h host) is(other host) bool {
	return h.err == nil && other.err == nil && h.address() == other.address()
}

func (h host) address() string {
	port := cmp.Or(h.url.Port(), map[string]string{"http": "80", "https": "443"}[h.url.Scheme])
	return strings.TrimSuffix(strings.ToLower(h.url.Hostname()), ".") + ":" + port
}

// Where settings are from that no flag and no variable names.
const (
	fromConfig = "your configuration"
	fromLogin  = "the Palette CLI's login"
	// nowhere is where the default is from.
	nowhere = "nobody"
)

// place is the Palette that is talked to, and where in it.
type place struct {
	host   host
	scopes Scopes
}

// Scopes says where the profiles of targets are that do not say it themselves.
type Scopes struct {
	// Project of targets that name none; empty for the tenant.
	Project string
	// Tenant is the user's word that they are of the tenant, whatever Project is.
	Tenant bool
	// from is where Project is from, and flag the one that was given for it.
	from, flag string
	// unknown is why Project is not known: a login that cannot be read may say it, or
	// the one that was found is of another Palette.
	unknown error
	// note is what to know of a project that is used.
	note string
}

// Scopes returns what the flags, the environment and the user's configuration say.
// Nothing is asked of Palette.
func (p *Palette) Scopes(inv *invocation.Invocation) (Scopes, error) {
	if err := p.checkScope(); err != nil {
		return Scopes{}, err
	}
	config, err := LoadUserConfig(inv)
	if err != nil {
		return Scopes{}, err
	}
	return p.place(inv, config.Palette, cliLogin(inv)).scopes, nil
}

// place decides on host and project together. A project that the user's configuration
// or the Palette CLI's login names beside a host counts at that host: at another, the
// name is that of another project, or of none. Then neither it nor the tenant is taken.
func (p *Palette) place(inv *invocation.Invocation, config userconfig.Palette, login paletteLogin) place {
	host := hostOf(firstOf(
		setting{p.Host, "--palette-host"}, setting{inv.Getenv(hostVariable), hostVariable},
		setting{config.Host, fromConfig}, setting{login.host, fromLogin}, setting{palette.DefaultHost, nowhere}))
	scopes := Scopes{Tenant: p.Tenant, flag: p.scopeFlag()}
	named := firstOf(setting{p.Project, "--project"}, setting{inv.Getenv(projectVariable), projectVariable})
	switch {
	case p.Tenant:
		// No project is used, whatever names one.
	case named.value != "":
		scopes.Project, scopes.from = named.value, named.from
	case config.Project != "":
		scopes.takeBeside(setting{config.Project, fromConfig}, config.Host, host)
	case login.err != nil:
		scopes.unknown = login.err
	case login.project != "":
		scopes.takeBeside(setting{login.project, fromLogin}, login.host, host)
	}
	return place{host: host, scopes: scopes}
}

func firstOf(candidates ...setting) setting {
	for _, c := range candidates {
		if c.value != "" {
			return c
		}
	}
	return setting{}
}

// takeBeside takes a project that stands beside a host, which may be empty.
func (s *Scopes) takeBeside(project setting, beside string, host host) {
	if host.err != nil {
		s.unknown = host.err
		return
	}
	if there := hostOf(setting{value: beside}); beside != "" && !there.is(host) {
		s.unknown = failure.Usage("say with --project or --tenant what is meant at this host, or with target.project or target.scope",
			"the project %q of %s is one of %s, and the host is %s (of %s)",
			project.value, project.from, there.name(), host.name(), host.from)
		return
	}
	s.Project, s.from = project.value, project.from
	if beside == "" && host.from != nowhere {
		s.note = fmt.Sprintf("the project %q is of %s, and the host %s of %s", project.value, project.from, host.name(), host.from)
	}
}

// origin says where the host, the project and the key are from.
func (p place) origin(keyFrom string) string {
	text := fmt.Sprintf("the host %s is of %s", p.host.name(), p.host.from)
	if p.host.from == nowhere {
		text = fmt.Sprintf("the host %s is the one that is taken where none is named", p.host.name())
	}
	if p.scopes.from != "" {
		text += fmt.Sprintf(", the project %q of %s", p.scopes.Project, p.scopes.from)
	}
	return text + ", the key of " + keyFrom
}

func (p *Palette) checkScope() error {
	if p.Tenant && p.Project != "" {
		return failure.Usage("give one of them", "--tenant and --project exclude each other")
	}
	return nil
}

// scopeFlag is the flag for the scope that was given.
func (p *Palette) scopeFlag() string {
	switch {
	case p.Tenant:
		return "--tenant"
	case p.Project != "":
		return "--project"
	}
	return ""
}

// notes are what to know of the scopes of some targets.
func (s Scopes) notes(targets []spec.Target) []string {
	for _, t := range targets {
		if t.Scope != spec.ScopeTenant && t.Project == "" {
			if s.note == "" {
				return nil
			}
			return []string{s.note}
		}
	}
	if s.flag == "" {
		return nil
	}
	return []string{s.flag + " has no effect: every target says itself whether it is of a project, and of which, or of the tenant"}
}

// of returns the scope of a pack's target: its own word, else the flags' or the
// environment's, else the tenant.
func (s Scopes) of(pack string, target spec.Target) (palette.Scope, error) {
	switch {
	case target.Scope == spec.ScopeTenant:
		return palette.TenantScope(), nil
	case target.Project != "":
		return palette.ProjectScope(target.Project), nil
	case s.Project != "" && !s.Tenant:
		return palette.ProjectScope(s.Project), nil
	case s.unknown != nil:
		return palette.Scope{}, s.unknown
	case target.Scope == spec.ScopeProject:
		return palette.Scope{}, failure.Usage("set target.project, or give --project or "+projectVariable,
			"pack %s: its target is of a project, and none is named", pack)
	}
	return palette.TenantScope(), nil
}
