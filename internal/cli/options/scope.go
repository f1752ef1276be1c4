package options

import (
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
)

// Scopes says where the profiles of targets are that do not say it themselves.
type Scopes struct {
	// Project of targets that name none; empty for the tenant.
	Project string
	// Tenant is the user's word that they are of the tenant, whatever Project is.
	Tenant bool
	// unknown is why Project is not known, where a login that cannot be read may say it.
	unknown error
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
	return p.scopes(inv, config.Palette, cliLogin(inv)), nil
}

// scopes needs the login only where nothing else says what it would say.
func (p *Palette) scopes(inv *invocation.Invocation, config userconfig.Palette, login paletteLogin) Scopes {
	s := Scopes{Project: first(p.Project, inv.Getenv(projectVariable), config.Project), Tenant: p.Tenant}
	if s.Project == "" && !p.Tenant {
		s.Project, s.unknown = login.project, login.err
	}
	return s
}

func (p *Palette) checkScope() error {
	if p.Tenant && p.Project != "" {
		return failure.Usage("give one of them", "--tenant and --project exclude each other")
	}
	return nil
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
