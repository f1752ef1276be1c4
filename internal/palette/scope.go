package palette

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
)

// Scope is where a profile belongs: to one project, or to the whole tenant. The
// zero value is neither, so that a scope that was forgotten reaches nothing.
type Scope struct {
	kind    string
	project string
}

// Values of the annotation scope of a profile; there is system besides.
const (
	scopeProject = "project"
	scopeTenant  = "tenant"
	scopeSystem  = "system"
)

// Annotations that say what a profile belongs to.
const (
	annotationScope   = "scope"
	annotationProject = "projectUid"
)

// TenantScope is that of profiles which all projects see.
func TenantScope() Scope { return Scope{kind: scopeTenant} }

// ProjectScope is that of the profiles of a project, by its name.
func ProjectScope(name string) Scope { return Scope{kind: scopeProject, project: name} }

// IsZero tells whether no scope was chosen.
func (s Scope) IsZero() bool { return s.kind == "" }

// Kind is project or tenant.
func (s Scope) Kind() string { return s.kind }

// Project is the project's name; empty for the tenant.
func (s Scope) Project() string { return s.project }

// String names the scope in messages.
func (s Scope) String() string {
	if s.kind == scopeProject {
		return fmt.Sprintf("project %q", s.project)
	}
	return "the " + s.kind
}

// In returns the client of a scope; a project is found by its name.
func (c *Client) In(ctx context.Context, scope Scope) (*Client, error) {
	switch {
	case scope.IsZero():
		return nil, fmt.Errorf("the scope of a profile was not chosen")
	case scope.kind == scopeTenant:
		return newScoped(c.base, c.doer, scope, ""), nil
	}
	uid, err := c.findProject(ctx, scope)
	if err != nil {
		return nil, err
	}
	return newScoped(c.base, c.doer, scope, uid), nil
}

// findProject returns the uid of a project, which is never empty: requests without
// one would be the tenant's.
func (c *Client) findProject(ctx context.Context, scope Scope) (string, error) {
	do := read("/v1/dashboard/projects/metadata")
	do.query = url.Values{"name": {scope.project}}
	listed, err := send[api.V1ProjectsMetadata](ctx, c, do)
	if err != nil {
		return "", failed(fmt.Sprintf("cannot look up %s in Palette", scope), err)
	}
	var uids []string
	for _, item := range listed.Items {
		if item.Metadata.Name == scope.project {
			uids = append(uids, item.Metadata.Uid)
		}
	}
	if len(uids) != 1 {
		return "", refused("check target.project and what the API key may see",
			"palette %s has %d projects named %q", c.Host(), len(uids), scope.project)
	}
	if uids[0] == "" {
		return "", refused("run the command again", "palette %s does not tell the uid of %s", c.Host(), scope)
	}
	return uids[0], nil
}

// belonging is what is known of whether a profile is in a client's scope.
type belonging int

const (
	belongsUnknown belonging = iota
	belongsHere
	belongsElsewhere
)

// belongs judges by the annotations of a profile, as Palette's lists and reads give
// profiles of all scopes.
func (c *Client) belongs(p *Profile) belonging {
	switch {
	case !slices.Contains([]string{scopeProject, scopeTenant, scopeSystem}, p.scope):
		return belongsUnknown
	case p.scope != c.scope.kind:
		return belongsElsewhere
	case p.scope == scopeTenant || p.projectUID == c.projectUID:
		return belongsHere
	case p.projectUID == "":
		return belongsUnknown
	}
	return belongsElsewhere
}
