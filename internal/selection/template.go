package selection

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

// Template is what a pack makes of images whose Kubernetes version is filled in later,
// by the cluster: it stands for one image of each version.
type Template struct {
	// Versions of Kubernetes that it must lead to an image for, each of which the pack
	// accepts. Without any, the ones that there are will do.
	Versions []string
	// AgentIsNamed says that the pack names the agent's version, so that a pre-release
	// will do.
	AgentIsNamed bool
	// Leads returns what the template of an image leads to. The error says why there
	// is none.
	Leads func(*image.Image) (Lead, error)
}

// Lead is where the template of an image leads.
type Lead struct {
	// Agent is the version of the agent in the images that it leads to.
	Agent string
	// ID returns the id of the image for a version of Kubernetes.
	ID func(kubernetesVersion string) string
}

// Templated returns a rule for a pack that is a template: the newest agent comes first,
// then Kubernetes, and none of which the template does not lead to an image for each of
// its versions.
func (r *Rule) Templated(template Template) *Rule {
	with := *r
	with.template = &template
	if template.AgentIsNamed {
		with.checks = slices.DeleteFunc(slices.Clone(r.checks), func(c check) bool { return c.rule == agentRule })
	}
	return &with
}

// versionsRule is the rule on what a template leads to.
const versionsRule = "kubernetesVersions"

// way is where the template of an entry leads.
type way struct {
	agent versions.Version
	id    func(kubernetesVersion string) string
	// why it leads nowhere.
	why string
}

func (w way) leadsNowhere() bool { return w.why != "" }

// follow leaves of what fits the images whose template leads to all that the pack asks
// for, the newest agent first.
func (t *trial) follow() {
	if t.rule.template == nil {
		return
	}
	t.ways, t.accepted = map[*entry]way{}, map[string]bool{}
	for _, e := range t.fit {
		t.accepted[e.ID] = true
	}
	some := false
	for _, e := range t.fit {
		w := t.way(e)
		some = some || w.id != nil
		if w.id != nil {
			w.why = t.missing(e, w, t.accepted)
		}
		t.ways[e] = w
	}
	if !some {
		// What is missing of the pick is told when it is rendered.
		clear(t.ways)
		return
	}
	t.fit = slices.DeleteFunc(t.fit, func(e *entry) bool { return t.ways[e].leadsNowhere() })
	t.sortByAgent(t.fit)
}

func (t *trial) way(e *entry) way {
	lead, err := t.rule.template.Leads(e.Image)
	if err != nil {
		return way{why: err.Error()}
	}
	return way{agent: versions.Parse(lead.Agent), id: lead.ID}
}

// sortByAgent puts the newest agent first where versions come first: Kubernetes is not
// the template's to choose.
func (t *trial) sortByAgent(some []*entry) {
	if !slices.ContainsFunc(some, func(e *entry) bool { return e.NewestBy != image.NewestByVersion }) {
		slices.SortStableFunc(some, func(a, b *entry) int { return t.ways[b].agent.Compare(t.ways[a].agent) })
	}
}

// missing says what the template of an entry does not lead to, or that it leads past the
// entry itself.
func (t *trial) missing(e *entry, w way, has map[string]bool) string {
	wanted := t.rule.template.Versions
	if len(wanted) == 0 {
		return ""
	}
	var missing []string
	own := false
	for _, version := range wanted {
		id := w.id(version)
		own = own || id == e.ID
		if !has[id] {
			missing = append(missing, fmt.Sprintf("%s for Kubernetes %s", id, version))
		}
	}
	switch {
	case len(missing) > 0:
		return "its template leads to no image that fits: " + strings.Join(limited(missing), ", ")
	case !own:
		return fmt.Sprintf("Kubernetes %s is none of edge.kubernetesVersions", cmp.Or(e.KubernetesVersion, "of an unknown version"))
	}
	return ""
}

// openWays leaves out what no template leads to that could lead to all, and puts the
// newest agent first.
func (t *trial) openWays(open []*entry) []*entry {
	could := maps.Clone(t.accepted)
	for _, e := range open {
		could[e.ID] = true
	}
	some := open[:0:0]
	for _, e := range open {
		if w := t.way(e); w.id != nil && t.missing(e, w, could) == "" {
			if _, known := t.ways[e]; !known { // else it is known where it leads as yet
				t.ways[e] = w
			}
			some = append(some, e)
		}
	}
	if len(some) == 0 && len(t.ways) == 0 {
		return open // no template is known of any image
	}
	t.sortByAgent(some)
	return some
}

// noteLeads tells to which versions of Kubernetes the pick's template leads, where the
// pack names none.
func (o *Outcome) noteLeads(t *trial) {
	if t.rule.template == nil || len(t.rule.template.Versions) > 0 {
		return
	}
	way := t.ways[t.fit[0]]
	if way.id == nil {
		return
	}
	var some []string
	for _, e := range t.fit {
		if version := e.KubernetesVersion; version != "" && way.id(version) == e.ID && !slices.Contains(some, version) {
			some = append(some, version)
		}
	}
	slices.SortFunc(some, compareVersions)
	if len(some) > 0 {
		o.note("the template leads to images for Kubernetes %s, and the pack names no version: set edge.kubernetesVersions to be sure of those of your clusters",
			strings.Join(limited(some), ", "))
	}
}
