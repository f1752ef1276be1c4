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

// candidate is a profile that has the target's name.
type candidate struct {
	profileRef
	belongs belonging
	// scope is Palette's word for where it belongs.
	scope string
	// profile is what was read; nil when that was not needed, or err stopped it.
	profile *Profile
	err     error
}

// snapshot reads the profile, and the new version if it is there.
func (p *Plan) snapshot(ctx context.Context) (snapshot, error) {
	what := fmt.Sprintf("cannot read profile %q of %s from Palette", p.Target.Profile, p.Target.Scope)
	listed, err := p.scope.findProfiles(ctx, p.Target.Profile)
	if err != nil {
		return snapshot{}, failed(what, err)
	}
	found, err := p.learn(ctx, listed.refs, p.concerns)
	if err != nil {
		return snapshot{}, failed(what, err)
	}
	base, next, err := choose(here(found), p.Target, p.Goal)
	if err != nil {
		return snapshot{}, err
	}
	if base == nil && p.Target.Version != "" {
		if err := p.otherVersions(ctx, listed.refs, next != nil); err != nil {
			return snapshot{}, failed(what, err)
		}
	}
	s, err := p.load(ctx, base, next)
	if err != nil {
		return snapshot{}, failed(what, err)
	}
	s.nameless, s.alike = listed.nameless, listed.alike
	for _, c := range found {
		if c.belongs == belongsElsewhere {
			s.elsewhere = append(s.elsewhere, c.scope)
		}
	}
	return s, nil
}

// concerns tells whether a profile of the list may be the one that is meant; the
// list need not tell the version.
func (p *Plan) concerns(ref profileRef) bool {
	return ref.Version == "" || ref.Name == "" || p.Target.Version == "" || p.Target.Version == Latest ||
		sameVersion(ref.Version, p.Target.Version) || p.Goal.NewVersion != "" && sameVersion(ref.Version, p.Goal.NewVersion)
}

func anyProfile(profileRef) bool { return true }

// learn finds out where the profiles of a list belong: only reading one tells. What
// was learnt before is not asked again.
func (p *Plan) learn(ctx context.Context, refs []profileRef, wanted func(profileRef) bool) ([]candidate, error) {
	found := make([]candidate, len(refs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReads)
	for i, ref := range refs {
		found[i] = candidate{profileRef: ref, belongs: belongsElsewhere}
		if before, ok := p.known[ref.UID]; ok {
			found[i] = before
			continue
		}
		if !wanted(ref) {
			continue
		}
		group.Go(func() (err error) {
			found[i], err = p.readListed(ctx, ref)
			return err
		})
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
func (p *Plan) readListed(ctx context.Context, ref profileRef) (candidate, error) {
	c := candidate{profileRef: ref}
	profile, err := p.scope.profile(ctx, ref.UID)
	var answer *APIError
	if errors.As(err, &answer) && (answer.Status == http.StatusForbidden || answer.Status == http.StatusNotFound) {
		c.err, c.Version = err, cmp.Or(ref.Version, firstVersion)
		return c, nil
	}
	if err != nil {
		return c, err
	}
	p.told(profile, ref)
	c.profile, c.Version, c.belongs, c.scope = profile, profile.Version, p.scope.belongs(profile), profile.scope
	switch {
	case profile.Name != p.Target.Profile:
		c.belongs, c.scope = belongsElsewhere, ""
	case c.belongs == belongsUnknown && p.made == ref.UID:
		c.belongs = belongsHere
	}
	return c, nil
}

// told completes a profile from the list's entry. One without a version is from
// before there were versions.
func (p *Plan) told(profile *Profile, ref profileRef) {
	profile.Name = cmp.Or(profile.Name, ref.Name)
	profile.Version = cmp.Or(profile.Version, ref.Version, firstVersion)
	profile.nextVersion = cmp.Or(profile.nextVersion, ref.Version)
	profile.Kind.CloudType = cmp.Or(profile.Kind.CloudType, ref.CloudType)
}

// load reads the profiles that were chosen. What they have beside their layers is
// read first where it was read before, and the one that is edited last of all: the
// less lies between its reading and a write, the less of others' edits is missed.
func (p *Plan) load(ctx context.Context, chosen ...*candidate) (snapshot, error) {
	profiles, beside := make([]*Profile, len(chosen)), make([]attached, len(chosen))
	for i, c := range chosen {
		if c == nil {
			continue
		}
		if c.err != nil {
			return snapshot{}, c.err
		}
		names, again := p.attached[c.UID]
		var err error
		if !again {
			if profiles[i], err = p.reread(ctx, c); err != nil {
				return snapshot{}, err
			}
			names = profiles[i].withManifests()
		}
		if beside[i], err = p.scope.beside(ctx, c.UID, names); err != nil {
			return snapshot{}, err
		}
	}
	for i, c := range chosen {
		if c == nil {
			continue
		}
		if profiles[i] == nil {
			c.profile = nil
			var err error
			if profiles[i], err = p.reread(ctx, c); err != nil {
				return snapshot{}, err
			}
		}
		profiles[i].belongs = c.belongs
		profiles[i].complete(beside[i])
		p.attached[c.UID] = profiles[i].withManifests()
	}
	return snapshot{base: profiles[0], next: profiles[1]}, nil
}

// reread returns what learning read just now, or reads.
func (p *Plan) reread(ctx context.Context, c *candidate) (*Profile, error) {
	if c.profile != nil {
		return c.profile, nil
	}
	profile, err := p.scope.profile(ctx, c.UID)
	if err != nil {
		return nil, err
	}
	p.told(profile, c.profileRef)
	return profile, nil
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
func (p *Plan) otherVersions(ctx context.Context, refs []profileRef, cloned bool) error {
	found, err := p.learn(ctx, refs, anyProfile)
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
