package pipeline

import (
	"context"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// requests checks every source's configuration against its plugin's schema
// before any plugin starts. A source without a plugin is a failure of its own when
// others may fail.
func (p *Pipeline) requests(ctx context.Context, packs []spec.Pack) (requests []source.Request, unfound []source.Result, err error) {
	all, err := p.Packs(nil)
	if err != nil {
		return nil, nil, err
	}
	var invalid []error
	for _, s := range p.Document.Set.Sources {
		if ctx.Err() != nil {
			return nil, nil, interrupt.Error(ctx)
		}
		users := usersOf(s.Name, packs)
		if len(packs) > 0 && len(users) == 0 {
			continue
		}
		plugin, err := p.Plugins.Find(ctx, s.Type)
		if err != nil && p.AllowPartial {
			unfound = append(unfound, source.Result{Source: s.Name, Err: err})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		config, err := p.Document.CheckConfig(s.Name, plugin.ConfigSchema())
		if err != nil {
			invalid = append(invalid, err)
			continue
		}
		requests = append(requests, source.Request{
			Source: s.Name, Plugin: plugin, Config: config, BaseDir: p.Document.Set.Dir, Hints: hints(users),
			Regions:            named(usersOf(s.Name, all), selectedRegion),
			KubernetesVersions: named(usersOf(s.Name, all), func(s spec.Select) string { return s.KubernetesVersion }),
		})
	}
	return requests, unfound, failure.Join(invalid...)
}

// usersOf returns the packs that pick from a source.
func usersOf(name string, packs []spec.Pack) []spec.Pack {
	var users []spec.Pack
	for _, pack := range packs {
		if picksFrom(pack, name) {
			users = append(users, pack)
		}
	}
	return users
}

// hints are the union of what packs select; one pack that takes anything lifts
// the hint for all.
func hints(packs []spec.Pack) source.Hints {
	return source.Hints{
		// Selection ignores case, and plugins compare with their own name.
		Providers:          union(packs, func(s spec.Select) string { return strings.ToLower(s.Provider) }),
		Regions:            union(packs, selectedRegion),
		Architectures:      union(packs, func(s spec.Select) string { return strings.ToLower(s.Architecture) }),
		KubernetesVersions: kubernetesVersions(packs),
		K8sDistributions:   union(packs, func(s spec.Select) string { return strings.ToLower(s.K8sDistribution) }),
		CustomTags:         union(packs, func(s spec.Select) string { return s.CustomTag }),
	}
}

// narrowedBySuffix finds terms that fit versions by their suffix alone: to semver,
// which sources narrow by, suffixes are equal, and >1.30.4+rke2r1 lacks 1.30.4+rke2r2.
var narrowedBySuffix = regexp.MustCompile(`(?:!=|[<>])\s*[^\s,|<>=~^]+\+`)

// kubernetesVersions are the ranges that packs select; of a template that names versions
// these, as it is made of no others. One that sources would narrow by more than selection
// does lifts the hint.
func kubernetesVersions(packs []spec.Pack) []string {
	var versions []string
	for _, pack := range packs {
		switch wanted := pack.Select.KubernetesVersion; {
		case pack.IsTemplate() && pack.Edge != nil && len(pack.Edge.KubernetesVersions) > 0:
			versions = append(versions, pack.Edge.KubernetesVersions...)
		case wanted == "" || narrowedBySuffix.MatchString(wanted):
			return nil
		default:
			versions = append(versions, wanted)
		}
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}

func union(packs []spec.Pack, field func(spec.Select) string) []string {
	if slices.ContainsFunc(packs, func(pack spec.Pack) bool { return field(pack.Select) == "" }) {
		return nil
	}
	return named(packs, field)
}

// named are all that packs name; one that takes any adds none.
func named(packs []spec.Pack, field func(spec.Select) string) []string {
	var values []string
	for _, pack := range packs {
		if value := field(pack.Select); value != "" {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

func selectedRegion(s spec.Select) string { return s.Region }

// newestOnly tells whether packs need nothing of a source but the newest images of
// what the hints say.
func newestOnly(packs []spec.Pack) bool {
	return !slices.ContainsFunc(packs, func(pack spec.Pack) bool {
		rest := pack.Select
		if strings.Contains(rest.KubernetesVersion, "+") {
			return true // to semver, which sources narrow by, suffixes are equal
		}
		rest.Provider, rest.Region, rest.Architecture = "", "", ""
		rest.KubernetesVersion, rest.K8sDistribution, rest.CustomTag = "", "", ""
		if rest.Pick == spec.PickNewest {
			rest.Pick = ""
		}
		return !reflect.ValueOf(rest).IsZero() || pack.Edge != nil && len(pack.Edge.KubernetesVersions) > 0 || pack.IsTemplate() && setsTag(pack.Values)
	})
}
