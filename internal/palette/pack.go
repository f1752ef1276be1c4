package palette

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// lookUpPack finds the pack in its registry when a profile or layer has to be
// made from it, or when Palette does not tell which pack a layer is.
func (p *Plan) lookUpPack(ctx context.Context) error {
	target, cloudType, profile := p.Target, CloudType(p.Target), p.Profile()
	var layer Layer
	isThere := false
	if profile != nil {
		cloudType = profile.Kind.CloudType
		layer, isThere = p.ours(profile.working())
	}
	switch {
	case isThere:
		p.tellUnused(ctx, layer)
		if layer.PackUID != "" {
			return nil
		}
		target.PackVersion = cmp.Or(layer.Version, layer.Tag)
		target.RegistryUID = cmp.Or(layer.RegistryUID, target.RegistryUID)
	case profile == nil:
		if err := p.mayCreate(); err != nil {
			return err
		}
	default:
		if err := p.mayAdd(profile); err != nil {
			return err
		}
		if p.fresh = p.lostLayer(); p.fresh != nil {
			return nil
		}
	}
	found, err := p.registryLayer(ctx, target, cloudType)
	switch {
	case err != nil:
		return failed(fmt.Sprintf("cannot look up pack %s in Palette", target.Pack), err)
	case isThere:
		p.packUID = found.PackUID
	default:
		p.fresh = found
	}
	return nil
}

// lostLayer is the layer that a draft lost, or a clone of it: it comes back with the
// keys that it had. Nil when nothing published has it.
func (p *Plan) lostLayer() *Layer {
	for _, profile := range []*Profile{p.Profile(), p.read.base} {
		if profile == nil {
			return nil // a version without the one that it would be cloned from
		}
		if lost, ok := p.ours(profile.Published); ok && lost.PackUID != "" {
			return &lost
		}
	}
	return nil
}

// tellUnused notes what a target says of the pack, where the layer is there already and
// is of another version or registry.
func (p *Plan) tellUnused(ctx context.Context, layer Layer) {
	t := p.Target
	note := func(setting, value, have string) {
		p.lookupNotes = append(p.lookupNotes, fmt.Sprintf("target.%s %s has no effect: layer %s is there already, and is of %s", setting, value, layer.Name, have))
	}
	if have := cmp.Or(layer.Version, layer.Tag); t.PackVersion != "" && have != "" &&
		!versionFits(t.PackVersion, layer.Version) && !versionFits(t.PackVersion, layer.Tag) && (layer.Tag == "" || !versionFits(layer.Tag, t.PackVersion)) {
		note("packVersion", t.PackVersion, "version "+have)
	}
	switch {
	case layer.RegistryUID == "":
	case t.RegistryUID != "" && t.RegistryUID != layer.RegistryUID:
		note("registryUid", t.RegistryUID, "the registry "+layer.RegistryUID)
	case t.Registry != "":
		named, err := p.scope.registries(ctx, t.Registry)
		its := func(r api.V1RegistryMetadata) bool { return r.Uid == layer.RegistryUID }
		if err != nil || !slices.ContainsFunc(named, its) {
			note("registry", fmt.Sprintf("%q", t.Registry), "the registry with the uid "+layer.RegistryUID)
		}
	}
}

// mayAdd tells whether a profile without the layer may get it.
func (p *Plan) mayAdd(profile *Profile) error {
	other, taken := first(profile.working(), isOS)
	switch {
	case taken && !p.Target.Replace:
		return refused("take another profile, or set target.replace: true to put "+p.Target.Pack+" in its place",
			"the OS layer of %s is %s, not %s", p.labelOf(profile.Version), other.Name, p.Target.Pack)
	case !taken && !p.Target.Create:
		return refused("set target.create: true to add it", "%s has no %s layer", p.labelOf(profile.Version), p.Target.Pack)
	}
	return nil
}

// registryLayer returns the layer that the target's registry has. Where several
// registries have the name, it is the one that has the pack.
func (p *Plan) registryLayer(ctx context.Context, t Target, cloudType string) (*Layer, error) {
	candidates := []api.V1RegistryMetadata{{Uid: t.RegistryUID, Name: t.RegistryUID}}
	if t.RegistryUID == "" {
		var err error
		if candidates, err = p.scope.registries(ctx, cmp.Or(t.Registry, DefaultRegistry)); err != nil {
			return nil, err
		}
	}
	var found []*Layer
	var names []string
	var errs []error
	for _, registry := range candidates {
		layer, err := p.packOf(ctx, t, registry, cloudType)
		var lacks *failure.Error
		switch {
		case err == nil:
			found = append(found, layer)
			names = append(names, described(registry))
		case errors.As(err, &lacks):
			errs = append(errs, err)
		default:
			return nil, err
		}
	}
	switch {
	case len(found) == 0:
		return nil, errs[0]
	case len(found) > 1:
		return nil, refused("set target.registryUid to the uid of one, in place of target.registry",
			"%d registries named %q have pack %s: %s", len(found), candidates[0].Name, t.Pack, text.List(names, maxNamed))
	case len(candidates) > 1:
		p.lookupNotes = append(p.lookupNotes, fmt.Sprintf("of %d registries named %q, %s is the one that has pack %s",
			len(candidates), candidates[0].Name, names[0], t.Pack))
	}
	return found[0], nil
}

func described(r api.V1RegistryMetadata) string {
	about := "uid " + r.Uid
	for _, text := range []string{r.Kind, r.Scope} {
		if text != "" {
			about += ", " + oneLine(text)
		}
	}
	return fmt.Sprintf("%s (%s)", r.Name, about)
}

func (p *Plan) packOf(ctx context.Context, t Target, registry api.V1RegistryMetadata, cloudType string) (*Layer, error) {
	if registry.Uid == "" {
		return nil, refused("set target.registryUid", "palette %s does not tell the uid of registry %q", p.scope.Host(), registry.Name)
	}
	packs, err := p.scope.packs(ctx, t.Pack, registry.Uid)
	if err != nil {
		return nil, err
	}
	pack, err := choosePack(packs, t, registry, cloudType)
	if err != nil {
		return nil, err
	}
	if n := len(slices.DeleteFunc(packs, usable)); n > 0 {
		p.lookupNotes = append(p.lookupNotes, fmt.Sprintf("palette does not tell the version or uid of %d packs %s, which were left out", n, t.Pack))
	}
	if disabled(*pack) {
		p.lookupNotes = append(p.lookupNotes, fmt.Sprintf("palette has disabled pack %s %s", t.Pack, pack.Spec.Version))
	}
	layer := Layer{
		Name: t.Pack, Layer: cmp.Or(canonical(string(pack.Spec.Layer)), layerOS), Type: string(pack.Spec.Type),
		Tag: pack.Spec.Version, Version: pack.Spec.Version, PackUID: pack.Metadata.Uid,
		RegistryUID: registry.Uid, Values: pack.Spec.Values,
	}
	if layer.Values == "" {
		p.lookupNotes = append(p.lookupNotes, fmt.Sprintf("palette does not tell the values that pack %s comes with; the layer has the rendered ones alone", t.Pack))
	}
	return &layer, nil
}

// choosePack picks a version of the pack: the one named, or the newest.
func choosePack(packs []api.V1PackSummary, t Target, registry api.V1RegistryMetadata, cloudType string) (*api.V1PackSummary, error) {
	var wanted []api.V1PackSummary
	var known []string
	for _, pack := range packs {
		foreign := pack.Spec.Name != t.Pack && pack.Spec.Name != "" || pack.Spec.RegistryUid != registry.Uid && pack.Spec.RegistryUid != ""
		if foreign || !usable(pack) {
			continue
		}
		version := pack.Spec.Version
		known = append(known, version)
		if versionFits(t.PackVersion, version) && (!disabled(pack) || isWhole(t.PackVersion)) {
			wanted = append(wanted, pack)
		}
	}
	unfit := func(pack api.V1PackSummary) bool { return !supports(pack.Spec.CloudTypes, cloudType) }
	top := newest(wanted)
	fit := slices.DeleteFunc(slices.Clone(top), unfit)
	switch {
	case len(top) == 0:
		return nil, noPack(packs, t, registry, known)
	case len(fit) == 1:
		return &fit[0], nil
	case len(fit) == 0:
		next := "check target.cloudType and target.profile"
		if older := newest(slices.DeleteFunc(wanted, unfit)); len(older) > 0 {
			next = fmt.Sprintf("set target.packVersion: %s, which is for it; or %s", older[0].Spec.Version, next)
		}
		return nil, refused(next, "pack %s %s is for %s, not for cloud type %s", t.Pack, top[0].Spec.Version, text.List(top[0].Spec.CloudTypes, maxNamed), cloudType)
	}
	return nil, refused("ask for one of them with target.packVersion, or take another registry",
		"registry %q has pack %s %s (uid %s) and %s (uid %s), and none is newer", registry.Name, t.Pack,
		fit[0].Spec.Version, fit[0].Metadata.Uid, fit[1].Spec.Version, fit[1].Metadata.Uid)
}

// newest keeps the packs than which none is newer.
func newest(packs []api.V1PackSummary) []api.V1PackSummary {
	if len(packs) == 0 {
		return nil
	}
	top := slices.MaxFunc(packs, byPackVersion)
	return slices.DeleteFunc(slices.Clone(packs), func(pack api.V1PackSummary) bool { return byPackVersion(pack, top) < 0 })
}

// byPackVersion has what is no version before all versions.
func byPackVersion(a, b api.V1PackSummary) int {
	va, vb := packVersion(a.Spec.Version), packVersion(b.Spec.Version)
	switch {
	case va == nil && vb == nil:
		return 0
	case va == nil:
		return -1
	case vb == nil:
		return 1
	}
	return va.Compare(vb)
}

func noPack(packs []api.V1PackSummary, t Target, registry api.V1RegistryMetadata, known []string) error {
	e := refused("check target.registry and target.packVersion",
		"registry %q has no pack %s", registry.Name, strings.TrimSpace(t.Pack+" "+t.PackVersion))
	if len(known) > 0 {
		e.Details = append(e.Details, "it has the versions "+text.List(known, maxNamed))
	}
	if slices.ContainsFunc(packs, disabled) {
		e.Details = append(e.Details, "palette has disabled some of these; target.packVersion takes one by its whole version")
	}
	if slices.ContainsFunc(packs, func(pack api.V1PackSummary) bool { return !usable(pack) }) {
		e.Details = append(e.Details, "of some, Palette does not tell the version or the uid")
	}
	return e
}

// usable tells whether a pack can be chosen and named to Palette.
func usable(pack api.V1PackSummary) bool { return pack.Metadata.Uid != "" && pack.Spec.Version != "" }

// disabled tells whether Palette has taken a pack from what new profiles may have;
// those that have it keep it. The API description leaves the status open.
// https://docs.spectrocloud.com/integrations/maintenance-policy
func disabled(pack api.V1PackSummary) bool { return pack.Status["disabled"] == true }

// supports tells whether a pack is for a cloud type, as far as both are known. The
// profile of an add-on is for all clouds.
func supports(types []string, cloudType string) bool {
	cloud := canonical(cloudType)
	return len(types) == 0 || cloud == "" || cloud == allClouds ||
		slices.ContainsFunc(types, func(t string) bool { return canonical(t) == cloud || canonical(t) == allClouds })
}

// isWhole tells whether a version is wanted by its whole name.
func isWhole(wanted string) bool { return wanted != "" && !strings.HasSuffix(wanted, ".x") }

// versionFits compares with a version, or with one whose last numbers are x, as
// the packs' documentation has it: 1.0.x. A pre-release fits its own name alone.
func versionFits(wanted, version string) bool {
	parsed := packVersion(version)
	prefix, open := strings.CutSuffix(wanted, ".x")
	switch {
	case wanted == version:
		return true
	case wanted != "" && !open:
		return sameVersion(wanted, version)
	case parsed != nil && parsed.Prerelease() != "":
		return false
	case wanted == "":
		return true
	}
	for strings.HasSuffix(prefix, ".x") {
		prefix = strings.TrimSuffix(prefix, ".x")
	}
	return strings.HasPrefix(strings.TrimPrefix(version, "v"), strings.TrimPrefix(prefix, "v")+".")
}
