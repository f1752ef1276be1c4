package spec

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection/where"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// validator checks what a schema cannot say.
type validator struct {
	document *Document
	where    where.Compiler
	problems []yamldoc.Problem
}

func (d *Document) validate() []yamldoc.Problem {
	v := &validator{document: d}
	v.sources()
	names := map[string]int{}
	for i, pack := range d.Set.Packs {
		at := path{"packs", i}
		if first, twice := names[pack.Name]; twice {
			v.report(at.to("name"), fmt.Sprintf("%q is already the name of packs[%d]", pack.Name, first), "names are unique")
		} else {
			names[pack.Name] = i
		}
		v.pack(at, pack)
	}
	if len(v.problems) == 0 {
		v.expansion()
	}
	return v.problems
}

// path leads to a value of the spec.
type path []any

func (p path) to(steps ...any) path { return append(slices.Clone(p), steps...) }

func (p path) String() string {
	text := ""
	for _, step := range p {
		switch step := step.(type) {
		case int:
			text += fmt.Sprintf("[%d]", step)
		case string:
			text += "." + step
		}
	}
	return strings.TrimPrefix(text, ".")
}

func (v *validator) report(at path, message, suggestion string) {
	v.problems = append(v.problems, v.document.problem(at, message, suggestion))
}

func (v *validator) sources() {
	names := map[string]int{}
	for i, source := range v.document.Set.Sources {
		if first, twice := names[source.Name]; twice {
			v.report(path{"sources", i, "name"}, fmt.Sprintf("%q is already the name of sources[%d]", source.Name, first), "names are unique")
			continue
		}
		names[source.Name] = i
	}
}

func (v *validator) pack(at path, pack Pack) {
	v.sourcesOf(at, pack)
	v.selection(at, pack)
	v.matrix(at, pack)
	v.checkKind(at, pack)
	v.target(at, pack)
}

func (v *validator) sourcesOf(at path, pack Pack) {
	if len(v.document.Set.Sources) == 0 {
		v.noSources(at, pack)
		return
	}
	var names []string
	for _, source := range v.document.Set.Sources {
		names = append(names, source.Name)
	}
	for i, name := range pack.Sources {
		if !slices.Contains(names, name) {
			v.report(at.to("sources", i), fmt.Sprintf("there is no source %q", name), text.DidYouMean(name, names))
		}
	}
}

func (v *validator) noSources(at path, pack Pack) {
	if !pack.NeedsImage() {
		return
	}
	next := "add sources"
	if pack.Pack.Traits().HasEdge {
		next += ", or set edge.agentMode: true"
	}
	v.report(at, fmt.Sprintf("pack %s needs an image, and the spec has no sources", pack.Name), next)
}

func (v *validator) selection(at path, pack Pack) {
	sel := pack.Select
	v.kubernetesRange(at.to("select", "kubernetesVersion"), sel.KubernetesVersion)
	v.architecture(at.to("select", "architecture"), sel.Architecture)
	if _, unnamed := sel.Tags[""]; unnamed {
		v.report(at.to("select", "tags"), "a tag has no name", "write name: value")
	}
	if sel.Where == "" {
		return
	}
	var invalid *where.Error
	if _, err := v.where.Compile(sel.Where); errors.As(err, &invalid) {
		v.report(at.to("select", "where"), fmt.Sprintf("column %d of the expression: %s", invalid.Column, invalid.Message), invalid.Suggestion)
	}
}

func (v *validator) kubernetesRange(at path, text string) {
	if text == "" {
		return
	}
	if _, err := semver.NewConstraint(text); err != nil {
		v.report(at, fmt.Sprintf("%q is not a semver range", text), `write "~1.30" or ">=1.29 <1.31"`)
	}
}

// architecture refuses the other names of architectures: images have Go's, and
// nothing would match.
func (v *validator) architecture(at path, name string) {
	spellings := map[string]string{
		"x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "amd64": "amd64",
		"aarch64": "arm64", "arm64": "arm64", "arm64/v8": "arm64", "arm64v8": "arm64",
		"i386": "386", "i686": "386", "x86": "386",
	}
	if want, known := spellings[strings.ToLower(name)]; known && want != name {
		v.report(at, fmt.Sprintf("%q is not how architectures are spelled here", name), "write "+want)
	}
}

func (v *validator) matrix(at path, pack Pack) {
	for _, axis := range pack.Matrix.axes() {
		key := at.to("matrix", axis.key)
		if axis.get(pack.Select) != "" {
			v.report(key, fmt.Sprintf("%s is in select too", axis.key), "keep it in one of them")
		}
		v.apart(key, axis)
		for i, value := range axis.values {
			if namePart(value) == "" {
				v.report(key.to(i), fmt.Sprintf("%q has nothing that a pack's name can be made of", value), "")
			}
			switch axis.key {
			case "kubernetesVersion":
				v.kubernetesRange(key.to(i), value)
			case "architecture":
				v.architecture(key.to(i), value)
			}
		}
	}
}

// apart refuses values of a matrix that selection takes for one, and those that
// make packs of one name.
func (v *validator) apart(at path, axis axis) {
	const next = "keep one of them"
	meanings, names := map[string]string{}, map[string]string{}
	for i, value := range axis.values {
		// As selection compares providers, regions and architectures.
		meaning, part := image.RegionKey(value), namePart(value)
		if other, twice := meanings[meaning]; twice {
			v.report(at.to(i), fmt.Sprintf("%q and %q are one %s", other, value, axis.key), next)
		} else if other, twice := names[part]; twice && part != "" {
			v.report(at.to(i), fmt.Sprintf("%q and %q give packs one name, with %q in it", other, value, part), next+", or make a pack of its own")
		}
		meanings[meaning], names[part] = value, value
	}
}

func (v *validator) edge(at path, pack Pack) {
	edge := *pack.Edge
	if edge.AgentMode {
		v.agentMode(at, pack)
	}
	if len(edge.KubernetesVersions) > 0 && pack.EdgeOrDefault().Reference != ReferenceTemplate {
		v.report(at.to("edge", "kubernetesVersions"), "it has no effect with reference: "+edge.Reference, "remove it, or use reference: template")
	}
	for i, version := range edge.KubernetesVersions {
		if _, err := semver.NewVersion(version); err != nil {
			v.report(at.to("edge", "kubernetesVersions", i), fmt.Sprintf("%q is not a version", version), "write versions such as 1.30.4, not ranges")
		}
	}
}

// agentMode refuses what chooses an image: in agent mode there is none.
func (v *validator) agentMode(at path, pack Pack) {
	has := []struct {
		key string
		is  bool
	}{
		{"select", !isZeroSelect(pack.Select)},
		{"matrix", len(pack.Matrix.axes()) > 0},
		{"sources", len(pack.Sources) > 0},
	}
	for _, h := range has {
		if h.is {
			v.report(at.to(h.key), "edge.agentMode needs no image, so nothing is selected", "remove "+h.key+" or edge.agentMode")
		}
	}
}

// isZeroSelect tells whether nothing is selected by, whatever keys there come to be.
func isZeroSelect(s Select) bool {
	if len(s.Tags) == 0 {
		s.Tags = nil
	}
	return reflect.ValueOf(s).IsZero()
}

func (v *validator) target(at path, pack Pack) {
	if pack.Target == nil {
		return
	}
	t, at := *pack.Target, at.to("target")
	v.templates(at, pack)
	if t.Scope == ScopeTenant && t.Project != "" {
		v.report(at.to("project"), "a profile of the tenant is in no project", "remove project, or scope: tenant")
	}
	if t.Version != "" && t.Version != VersionLatest && !isTemplate(t.Version) && !IsProfileVersion(t.Version) {
		v.report(at.to("version"), fmt.Sprintf("%q is not a version of a profile", t.Version), "write three numbers, as 1.2.0, or latest")
	}
	if t.Registry != "" && t.RegistryUID != "" {
		v.report(at.to("registryUid"), "registry names the registry already", "keep one of them")
	}
	if t.PackVersion != "" && !isPackVersion(t.PackVersion) {
		v.report(at.to("packVersion"), fmt.Sprintf("%q is not a version of a pack", t.PackVersion), "write 1.0.0, or 1.0.x for the newest of these")
	}
}

// IsProfileVersion tells whether a text is a version as profiles have them: three
// numbers.
func IsProfileVersion(text string) bool {
	_, err := semver.StrictNewVersion(text)
	return err == nil
}

// isPackVersion accepts a version, and x for its last numbers, as the packs'
// documentation writes it.
func isPackVersion(text string) bool {
	for strings.HasSuffix(text, ".x") {
		text = strings.TrimSuffix(text, ".x")
	}
	_, err := semver.NewVersion(text)
	return err == nil
}

// expansion finds what only shows when the matrices are expanded.
func (v *validator) expansion() {
	if _, misfit := v.document.Set.expand(); misfit != nil {
		v.report(path{"packs", misfit.index, misfit.key}, misfit.message, misfit.next)
	}
}
