package palette

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/Masterminds/semver/v3"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// candidate is a profile that has the target's name. The list need not tell its version.
type candidate struct {
	UID, Name, Version, CloudType string

	belongs belonging
	// scope is Palette's word for where it belongs.
	scope string
	// profile is what was read; nil when that was not needed, or err stopped it.
	profile *Profile
	err     error
}

// snapshot reads the profile, and the new version if it is there.
func (p *Plan) snapshot(ctx context.Context) (snapshot, error) {
	s, err := p.readAll(ctx)
	if err != nil {
		return snapshot{}, failed(fmt.Sprintf("cannot read profile %q of %s from Palette", p.Target.Profile, p.Target.Scope), err)
	}
	return s, nil
}

func (p *Plan) readAll(ctx context.Context) (s snapshot, err error) {
	listed, err := p.scope.findProfiles(ctx, p.Target.Profile, &s)
	if err != nil {
		return s, err
	}
	found, err := p.learn(ctx, listed, p.concerns)
	if err != nil {
		return s, err
	}
	base, next, err := choose(here(found), p.Target, p.Goal)
	if err != nil {
		return s, err
	}
	if base == nil && p.Target.Version != "" {
		if err := p.otherVersions(ctx, listed, next != nil); err != nil {
			return s, err
		}
	}
	for _, c := range found {
		if c.belongs == belongsElsewhere {
			s.elsewhere = append(s.elsewhere, c.scope)
		}
	}
	if err := p.load(ctx, base, next); err != nil {
		return s, err
	}
	if base != nil {
		s.base = base.profile
	}
	if next != nil {
		s.next = next.profile
	}
	return s, nil
}

// concerns tells whether a profile of the list may be the one that is meant; the
// list need not tell the version.
func (p *Plan) concerns(c candidate) bool {
	return c.Version == "" || c.Name == "" || p.Target.Version == "" || p.Target.Version == Latest ||
		sameVersion(c.Version, p.Target.Version) || p.Goal.NewVersion != "" && sameVersion(c.Version, p.Goal.NewVersion)
}

func anyProfile(candidate) bool { return true }

// learn finds out where the profiles of a list belong: only reading one tells. What
// was learnt before is not asked again.
func (p *Plan) learn(ctx context.Context, listed []candidate, wanted func(candidate) bool) ([]candidate, error) {
	found := slices.Clone(listed)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReads)
	for i := range found {
		c := &found[i]
		if before, ok := p.known[c.UID]; ok {
			*c = before
			continue
		}
		c.belongs = belongsElsewhere
		if wanted(*c) {
			group.Go(func() error { return p.readListed(ctx, c) })
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, c := range found {
		if c.profile != nil {
			c.profile = nil
			p.known[c.UID] = c
		}
	}
	return found, nil
}

// readListed reads one profile of a list. One that is refused, or that is gone by now,
// must not cost the others.
func (p *Plan) readListed(ctx context.Context, c *candidate) error {
	err := p.reread(ctx, c)
	var answer *APIError
	switch {
	case errors.As(err, &answer) && (answer.Status == http.StatusForbidden || answer.Status == http.StatusNotFound):
		c.err, c.Version, c.belongs = err, cmp.Or(c.Version, firstVersion), belongsUnknown
		return nil
	case err != nil:
		return err
	}
	c.Version, c.belongs, c.scope = c.profile.Version, p.scope.belongs(c.profile), c.profile.scope
	switch {
	case c.profile.Name != p.Target.Profile:
		c.belongs, c.scope = belongsElsewhere, ""
	case c.belongs == belongsUnknown && p.made == c.UID:
		c.belongs = belongsHere
	}
	return nil
}

// reread reads a profile, unless learning read it just now, and completes it from the
// list's entry. One without a version is from before there were versions.
func (p *Plan) reread(ctx context.Context, c *candidate) error {
	if c.profile != nil {
		return nil
	}
	profile, err := p.scope.profile(ctx, c.UID)
	if err != nil {
		return err
	}
	profile.Name = cmp.Or(profile.Name, c.Name)
	profile.Version = cmp.Or(profile.Version, c.Version, firstVersion)
	profile.nextVersion = cmp.Or(profile.nextVersion, c.Version)
	profile.Kind.CloudType = cmp.Or(profile.Kind.CloudType, c.CloudType)
	c.profile = profile
	return nil
}

// load reads the profiles that were chosen. What they have beside their layers is
// read first where it was read before, and the one that is edited last of all: the
// less lies between its reading and a write, the less of others' edits is missed.
func (p *Plan) load(ctx context.Context, chosen ...*candidate) error {
	chosen = slices.DeleteFunc(chosen, func(c *candidate) bool { return c == nil })
	beside := make([]attached, len(chosen))
	for i, c := range chosen {
		if c.err != nil { // it was chosen by what is not known of it; another reading may tell
			return c.err
		}
		names, again := p.attached[c.UID]
		if !again {
			if err := p.reread(ctx, c); err != nil {
				return err
			}
			names = c.profile.withManifests()
		}
		var err error
		if beside[i], err = p.scope.beside(ctx, c.UID, names); err != nil {
			return err
		}
	}
	for i, c := range chosen {
		if err := p.reread(ctx, c); err != nil {
			return err
		}
		c.profile.belongs = c.belongs
		c.profile.complete(beside[i])
		p.attached[c.UID] = c.profile.withManifests()
	}
	return nil
}

// here are the profiles that are in the target's scope, or may be. One whose scope
// is not known is not, where the scope has its version already: a name and version
// is there once.
func here(found []candidate) []candidate {
	var sure, all []candidate
	for _, c := range found {
		if c.belongs == belongsHere {
			sure = append(sure, c)
		}
	}
	all = append(all, sure...)
	for _, c := range found {
		same := func(other candidate) bool { return sameVersion(c.Version, other.Version) }
		if c.belongs == belongsUnknown && !slices.ContainsFunc(sure, same) {
			all = append(all, c)
		}
	}
	return all
}

// choose picks the versions that a target and a goal mean.
func choose(found []candidate, t Target, goal Goal) (base, next *candidate, err error) {
	if goal.NewVersion != "" && sameVersion(goal.NewVersion, t.Version) {
		return nil, nil, failure.Usage("give a version that is not there yet",
			"the new version %s is the one that target.version names", goal.NewVersion)
	}
	var fit []candidate
	for _, c := range found {
		switch {
		case goal.NewVersion != "" && sameVersion(c.Version, goal.NewVersion):
			if next != nil {
				return nil, nil, ambiguous(t, found)
			}
			next = &c
		case t.Version == "" || t.Version == Latest || sameVersion(c.Version, t.Version):
			fit = append(fit, c)
		}
	}
	if t.Version == Latest {
		fit = latest(fit)
	}
	switch len(fit) {
	case 0:
		return nil, next, nil
	case 1:
		return &fit[0], next, nil
	}
	return nil, nil, ambiguous(t, fit)
}

// latest keeps those of the highest version, or all when they cannot be ordered.
func latest(found []candidate) []candidate {
	var top *semver.Version
	for _, c := range found {
		v, err := semver.NewVersion(c.Version)
		if err != nil {
			return found
		}
		if top == nil || v.GreaterThan(top) {
			top = v
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(c candidate) bool { return !sameVersion(c.Version, top.Original()) })
}

// otherVersions is the error for a version that a profile lacks; nil when there is
// no profile of that name at all. target.create does not make a further version: it
// would have the OS layer alone, beside versions with all layers.
func (p *Plan) otherVersions(ctx context.Context, listed []candidate, cloned bool) error {
	found, err := p.learn(ctx, listed, anyProfile)
	if err != nil {
		return err
	}
	there := here(found)
	if len(there) == 0 {
		return nil
	}
	if p.Target.Version == Latest && p.Goal.NewVersion != "" {
		return refused("choose another version, or drop --new-version to change one that is there",
			"profile %q has no other version that %s could be cloned from; it has %s", p.Target.Profile, p.Goal.NewVersion, versions(there))
	}
	hint := "set target.version to one of them"
	if version := cmp.Or(p.Goal.NewVersion, p.Target.Version); !cloned && version != Latest {
		hint += fmt.Sprintf("; `apply --new-version %[1]s` then makes version %[1]s from it", version)
	}
	return refused(hint, "profile %q has no version %s; it has %s", p.Target.Profile, p.Target.Version, versions(there))
}

func ambiguous(t Target, found []candidate) error {
	return refused("set target.version to one of them, or to latest",
		"%d profiles of %s are named %q: %s", len(found), t.Scope, t.Profile, versions(found))
}

// maxNamed is how many names a message lists.
const maxNamed = 10

func versions(found []candidate) string {
	names := make([]string, len(found))
	for i, c := range found {
		names[i] = fmt.Sprintf("%s (uid %s)", c.Version, c.UID)
		if c.belongs == belongsUnknown {
			names[i] = fmt.Sprintf("%s (uid %s, Palette does not tell its scope)", c.Version, c.UID)
		}
	}
	slices.Sort(names)
	return text.List(names, maxNamed)
}

// noProfile says that there is none, and which other scopes have one of that name.
func (p *Plan) noProfile() error {
	hint := "check target.profile and target.project, or set target.create: true"
	switch {
	case slices.Contains(p.read.elsewhere, scopeTenant):
		hint += "; the tenant has one of that name, which scope: tenant in the target means"
	case slices.Contains(p.read.elsewhere, scopeProject):
		hint += "; a project has one of that name, which target.project names"
	case p.read.alike != "":
		hint = fmt.Sprintf("palette has %q, which is another name: write target.profile so, and check target.project", p.read.alike)
	}
	e := refused(hint, "there is no profile %q in %s", p.Target.Profile, p.Target.Scope)
	if p.read.nameless > 0 {
		e.Details = []string{fmt.Sprintf("of %d profiles, Palette's list tells neither name nor uid", p.read.nameless)}
	}
	return e
}

func (p *Plan) mayCreate() error {
	t := p.Target
	switch {
	case !t.Create:
		return p.noProfile()
	case p.Goal.NewVersion != "":
		return refused("apply once without --new-version",
			"there is no profile %q in %s that version %s could be cloned from", t.Profile, t.Scope, p.Goal.NewVersion)
	case t.CloudType == "" && t.Type != typeAddOn:
		return failure.Usage("set target.cloudType: aws, azure, gcp, vsphere, edge-native, ...",
			"profile %q has to be created, and target.cloudType is missing", t.Profile)
	}
	return nil
}
