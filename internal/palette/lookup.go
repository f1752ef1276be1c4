package palette

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// snapshot reads the profile, and the new version if it is there.
func (p *Plan) snapshot(ctx context.Context) (snapshot, error) {
	what := fmt.Sprintf("cannot read profile %q from Palette", p.Target.Profile)
	refs, err := p.scope.findProfiles(ctx, p.Target.Profile)
	if err != nil {
		return snapshot{}, failed(what, err)
	}
	base, next, err := choose(refs, p.Target, p.Goal)
	if err != nil {
		return snapshot{}, err
	}
	var s snapshot
	if s.base, err = p.readRef(ctx, base); err != nil {
		return snapshot{}, failed(what, err)
	}
	if s.next, err = p.readRef(ctx, next); err != nil {
		return snapshot{}, failed(what, err)
	}
	return s, nil
}

func (p *Plan) readRef(ctx context.Context, ref *profileRef) (*Profile, error) {
	if ref == nil {
		return nil, nil
	}
	profile, err := p.scope.profile(ctx, ref.UID)
	if err != nil {
		return nil, err
	}
	if profile.Version == "" {
		profile.Version = ref.Version
	}
	if profile.Kind.CloudType == "" {
		profile.Kind.CloudType = ref.CloudType
	}
	return profile, nil
}

// choose picks the versions that a target and a goal mean.
func choose(refs []profileRef, t Target, goal Goal) (base, next *profileRef, err error) {
	var candidates []profileRef
	for _, ref := range refs {
		switch {
		case goal.NewVersion != "" && ref.Version == goal.NewVersion:
			if next != nil {
				return nil, nil, ambiguous(t, refs)
			}
			next = &ref
		case t.Version == "" || ref.Version == t.Version:
			candidates = append(candidates, ref)
		}
	}
	if goal.NewVersion != "" && goal.NewVersion == t.Version {
		return nil, nil, failure.Usage("give a version that is not there yet",
			"pack %s: the new version %s is the one that target.version names", t.Name, goal.NewVersion)
	}
	switch {
	case len(candidates) > 1:
		return nil, nil, ambiguous(t, candidates)
	case len(candidates) == 1:
		return &candidates[0], next, nil
	case len(refs) > 0 && t.Version != "":
		return nil, nil, noVersion(t, goal, refs, next != nil)
	}
	return nil, next, nil
}

// noVersion is the error for a version that a profile lacks. target.create does
// not make it: it would have the OS layer alone, beside versions with all layers.
func noVersion(t Target, goal Goal, refs []profileRef, cloned bool) error {
	hint := "set target.version to one of them"
	if version := cmp.Or(goal.NewVersion, t.Version); !cloned {
		hint += fmt.Sprintf("; `apply --new-version %[1]s` then makes version %[1]s from it", version)
	}
	return refused(hint, "profile %q has no version %s; it has %s", t.Profile, t.Version, versions(refs))
}

func ambiguous(t Target, refs []profileRef) error {
	return refused("set target.version, and target.project to leave out the profiles of other scopes",
		"%d profiles are named %q: %s", len(refs), t.Profile, versions(refs))
}

func versions(refs []profileRef) string {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = fmt.Sprintf("%s (uid %s)", ref.Version, ref.UID)
	}
	slices.Sort(names)
	return joined(names)
}

// joined joins names for a message, the first ten of them.
func joined(names []string) string {
	if len(names) > 10 {
		return strings.Join(names[:10], ", ") + fmt.Sprintf(" and %d more", len(names)-10)
	}
	return strings.Join(names, ", ")
}

// lookUpPack finds the pack in its registry when a profile or layer has to be
// made from it.
func (p *Plan) lookUpPack(ctx context.Context) error {
	profile := p.Profile()
	cloudType := p.Target.CloudType
	if profile != nil {
		if _, ok := findLayer(profile.working(), p.Target.Pack); ok {
			return nil
		}
		cloudType = profile.Kind.CloudType
		if other, ok := osLayer(profile.working()); ok {
			return refused("take another profile, or put the "+p.Target.Pack+" pack into this one in Palette",
				"the OS layer of %s is %s, not %s", p.label(), other.Name, p.Target.Pack)
		}
		if !p.Target.Create {
			return refused("set target.create: true to add it", "%s has no %s layer", p.label(), p.Target.Pack)
		}
	} else if err := mayCreate(p.Target, p.Goal); err != nil {
		return err
	}
	what := fmt.Sprintf("cannot look up pack %s in Palette", p.Target.Pack)
	registry, err := p.scope.registryUID(ctx, p.Target.Registry)
	if err != nil {
		return failed(what, err)
	}
	packs, err := p.scope.packs(ctx, p.Target.Pack)
	if err != nil {
		return failed(what, err)
	}
	p.fresh, err = choosePack(packs, p.Target, registry, cloudType)
	return err
}

func mayCreate(t Target, goal Goal) error {
	switch {
	case !t.Create:
		return refused("check target.profile and target.project, or set target.create: true", "there is no profile %q", t.Profile)
	case goal.NewVersion != "":
		return refused("apply once without --new-version",
			"there is no profile %q that version %s could be cloned from", t.Profile, goal.NewVersion)
	case t.CloudType == "":
		return failure.Usage("set target.cloudType: aws, azure, gcp, vsphere, edge-native, ...",
			"pack %s: profile %q has to be created, and target.cloudType is missing", t.Name, t.Profile)
	}
	return nil
}
