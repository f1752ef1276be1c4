package selection

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

// Template is what a pack makes of images whose Kubernetes version is filled in later,
// by the cluster: it stands for one image of each version.
type Template struct {
	// Versions of Kubernetes that it must lead to an image for, each of which the pack
	// accepts. Without any, the ones that there are will do.
	Versions []string
	// Values are those of the pack. Parts of the tag that they set are a condition of the
	// pick, as the template leads to no other image.
	Values spec.Values
	// Leads returns what the template of an image leads to. The error says why there
	// is none.
	Leads func(*image.Image) (spec.Lead, error)
}

// Templated returns a rule for a pack that is a template: the newest agent comes first,
// then Kubernetes, and none of which the template does not lead to the image itself, and
// to one for each of its versions.
func (r *Rule) Templated(template Template) *Rule {
	with := *r
	with.template = &template
	if versions.Parse(template.Values.PEVersion).PreRelease() != "" {
		with.checks = slices.DeleteFunc(slices.Clone(r.checks), func(c check) bool { return c.rule == agentRule })
	}
	return &with
}

// The rules on what a template leads to.
const (
	versionsRule = "kubernetesVersions"
	valuesRule   = "values"
)

// way is where the template of an entry leads.
type way struct {
	spec.Lead
	agent versions.Version
	// lost is why it does not lead where it has to; empty for one that does.
	lost Reason
}

func (w way) leadsNowhere() bool { return w.lost != Reason{} }

// follow leaves of what fits the images whose template leads to all that the pack asks
// for, the newest agent first.
func (t *trial) follow() {
	if t.rule.template == nil {
		return
	}
	t.ways, t.accepted = map[*entry]way{}, landing{}
	for _, e := range t.fit {
		t.accepted.add(e, e.Architecture)
	}
	some := false
	for _, e := range t.fit {
		w := t.way(e)
		some = some || w.ID != nil
		if w.ID != nil {
			w.lost = t.astray(e, w, t.accepted, e.Architecture)
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
		return way{lost: Reason{valuesRule, err.Error()}}
	}
	return way{Lead: lead, agent: versions.Parse(lead.Agent)}
}

// sortByAgent puts the newest agent first where versions come first: Kubernetes is not
// the template's to choose.
func (t *trial) sortByAgent(some []*entry) {
	if !slices.ContainsFunc(some, func(e *entry) bool { return e.NewestBy != image.NewestByVersion }) {
		slices.SortStableFunc(some, func(a, b *entry) int { return t.ways[b].agent.Compare(t.ways[a].agent) })
	}
}

// astray says by which rule, and why, the template of an entry does not lead to all that it
// has to: the entry itself, in the repository that the values name, and one that fits for
// each version, of one architecture.
func (t *trial) astray(e *entry, w way, has landing, architecture string) Reason {
	if !w.Own {
		return Reason{valuesRule, t.otherParts(e, w)}
	}
	if t.pool.repositories[w.Elsewhere] {
		return Reason{valuesRule, fmt.Sprintf("values.registry and values.repo lead to %s, and it is not there", w.Elsewhere)}
	}
	wanted := t.rule.template.Versions
	if len(wanted) == 0 {
		return Reason{}
	}
	var missing []string
	own := false
	for _, version := range wanted {
		id := w.ID(version)
		own = own || id == e.ID
		if has[id] == nil {
			missing = append(missing, fmt.Sprintf("%s for Kubernetes %s", id, version))
		}
	}
	switch {
	case len(missing) > 0:
		return Reason{versionsRule, "its template leads to no image that fits: " + strings.Join(limited(missing), ", ")}
	case !own:
		return Reason{versionsRule, fmt.Sprintf("Kubernetes %s is none of edge.kubernetesVersions", cmp.Or(e.KubernetesVersion, "of an unknown version"))}
	}
	if why := has.unshared(w, wanted, architecture); why != "" {
		return Reason{versionsRule, why}
	}
	return Reason{}
}

// part is a part of the tag that the values of a pack set.
type part struct{ key, value, attribute string }

func (p part) of(e *entry) string { return e.Attributes[p.attribute] }

func (t *trial) parts() []part {
	values := t.rule.template.Values
	return slices.DeleteFunc([]part{
		{"k8sDistribution", values.K8sDistribution, image.AttributeK8sDistribution},
		{"peVersion", values.PEVersion, image.AttributePEVersion},
		{"customTag", values.CustomTag, image.AttributeCustomTag},
	}, func(p part) bool { return p.value == "" })
}

// otherParts says what the values make of an entry's tag.
func (t *trial) otherParts(e *entry, w way) string {
	var set, differ []string
	for _, part := range t.parts() {
		text := fmt.Sprintf("values.%s is %s", part.key, part.value)
		set = append(set, text)
		if has := part.of(e); has != part.value {
			differ = append(differ, fmt.Sprintf("%s, and it has %s", text, cmp.Or(has, "none")))
		}
	}
	if differ == nil {
		differ = set
	}
	why := fmt.Sprintf("its template leads to %s, and not to it", w.ID(cmp.Or(e.KubernetesVersion, "VERSION")))
	if differ != nil {
		why += ": " + strings.Join(differ, "; ")
	}
	return why
}

// nextParts says of images that fit but for what values set which part of the tag there is
// not, and what there is.
func (t *trial) nextParts() string {
	const build = ": correct it, or build and push such images"
	which := "the images that fit"
	if len(t.astrays) > 0 {
		which += ", or may once they are read,"
	}
	var all []string
	for _, part := range t.parts() {
		found := map[string]bool{}
		for _, ways := range []map[*entry]way{t.ways, t.astrays} {
			for e, w := range ways {
				if w.ID != nil {
					found[cmp.Or(part.of(e), "none")] = true
				}
			}
		}
		all = append(all, fmt.Sprintf("values.%s %s", part.key, part.value))
		if found[part.value] {
			continue
		}
		has := sortedVersions(found)
		return fmt.Sprintf("values.%s is %s, and %s have %s", part.key, part.value, which, strings.Join(limited(has), ", ")) + build
	}
	if len(all) == 0 {
		return "build and push these images, or set packs[].edge.reference: tag for a plain reference"
	}
	return "none of " + which + " has " + strings.Join(all, " and ") + build
}

// openWays leaves out what no template leads to that could lead to all, and puts the
// newest agent first.
func (t *trial) openWays(open []*entry) []*entry {
	could := maps.Clone(t.accepted)
	for _, e := range open {
		could.add(e, laterArchitecture(e))
	}
	for e, w := range t.ways {
		if w.lost.Rule == versionsRule && t.astray(e, w, could, e.Architecture) == (Reason{}) {
			t.waiting = append(t.waiting, e)
		}
	}
	t.astrays = map[*entry]way{}
	some := open[:0:0]
	templates := len(t.ways) > 0
	for _, e := range open {
		w := t.way(e)
		templates = templates || w.ID != nil
		if w.ID == nil {
			continue
		}
		_, known := t.ways[e]
		if w.lost = t.astray(e, w, could, laterArchitecture(e)); w.leadsNowhere() {
			if !known {
				t.astrays[e] = w
			}
			continue
		}
		if !known { // else it is known where it leads as yet
			t.ways[e] = w
		}
		some = append(some, e)
	}
	if !templates {
		return open // none is known of any image
	}
	t.sortByAgent(some)
	return some
}

// mayLead tells whether the template of an entry of no pool leads to all that it has to.
func (t *trial) mayLead(e *entry) bool {
	if t.rule.template == nil {
		return true
	}
	w, has := t.way(e), maps.Clone(t.accepted)
	has.add(e, e.Architecture)
	return w.ID != nil && t.astray(e, w, has, e.Architecture) == Reason{}
}

// noteElsewhere tells of a template that leads to a mirror which no source lists.
func (o *Outcome) noteElsewhere(t *trial) {
	if to := t.ways[t.fit[0]].Elsewhere; to != "" {
		o.note("values lead to %s, of which no source of the pack lists an image: whether it has these images is not known", to)
	}
}

// led are the entries that the pick's template leads to, by version of Kubernetes.
func (t *trial) led() (all []string, of map[string][]*entry) {
	pick, wanted := t.fit[0], t.mustLead(t.fit[:1], t.versions())
	of = map[string][]*entry{}
	for _, e := range t.fit {
		version := t.ways[e].Kubernetes
		if version != "" && t.id(pick, version) == e.ID && (len(wanted) == 0 || wanted[e.ID]) {
			of[version] = append(of[version], e)
		}
	}
	return sortedVersions(of), of
}

// noteLeads tells to which versions of Kubernetes the pick's template leads, where the
// pack names none, and where the images of these are not alike.
func (o *Outcome) noteLeads(t *trial) {
	if !t.ofTemplates() {
		return
	}
	o.noteElsewhere(t)
	all, of := t.led()
	if len(all) > 0 && len(t.rule.template.Versions) == 0 {
		o.note("the template leads to images for Kubernetes %s, and the pack names no version: set edge.kubernetesVersions to be sure of those of your clusters",
			strings.Join(limited(all), ", "))
	}
	o.noteUnlike(all, of, "architectures", "select.architecture", func(e *entry) string { return e.Architecture })
	systems := o.noteUnlike(all, of, "operating systems", "select.os", func(e *entry) string { return e.OS.Name })
	if systems {
		return
	}
	o.noteUnlike(all, of, "releases of an operating system", "select.os.version", func(e *entry) string {
		if e.OS.Version == "" || osname.Partial(e.OS.Name, e.OS.Version) {
			return ""
		}
		return e.OS.String()
	})
}

// noteUnlike tells of a template that leads to images which differ in what is rendered of
// none: one pick stands for all.
func (o *Outcome) noteUnlike(led []string, of map[string][]*entry, what, key string, fact func(*entry) string) bool {
	all, told := map[string]bool{}, []string(nil)
	for _, version := range led {
		facts := map[string]bool{}
		for _, e := range of[version] {
			facts[fact(e)] = true
		}
		if facts[""] {
			continue // not known
		}
		text := strings.Join(slices.Sorted(maps.Keys(facts)), " and ")
		all[text] = true
		told = append(told, text+" for Kubernetes "+version)
	}
	if len(all) > 1 {
		o.note("the template leads to images of several %s: %s: set %s to be sure", what, strings.Join(limited(told), ", "), key)
	}
	return len(all) > 1
}
