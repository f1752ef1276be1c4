package pipeline

import (
	"fmt"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/freshness"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Locked returns the picks that a lock holds for packs, without asking any
// source. A pack that the lock lacks is a usage error; so is one whose spec
// changed since, unless staleOK.
func (p *Pipeline) Locked(packs []spec.Pack, file *lock.File, staleOK bool) ([]Pick, error) {
	picks := make([]Pick, len(packs))
	var missing, stale []string
	for i, pack := range packs {
		picks[i] = Pick{Pack: pack}
		if !pack.NeedsImage() {
			continue
		}
		entry, ok := file.Entry(pack.Name)
		if !ok {
			missing = append(missing, fmt.Sprintf("%s: not in the lock", pack.Name))
			continue
		}
		digest, err := lock.Fingerprint(pack, p.Document.Set.Sources)
		if err != nil {
			return nil, err
		}
		if digest != entry.SpecDigest {
			const text = "its selection or its sources changed"
			stale = append(stale, pack.Name+": "+text)
			picks[i].Outcome.Notes = append(picks[i].Outcome.Notes, text+" since the lock was written; the locked image is used all the same")
		}
		picks[i].Image = &entry.Image
		for _, reason := range freshness.Judge(image.Image{}, entry.Image, p.Now) {
			picks[i].Outcome.Notes = append(picks[i].Outcome.Notes, "the locked image is no longer good, by what the lock knows: "+reason)
		}
	}
	if staleOK {
		stale = nil
	}
	if len(missing)+len(stale) == 0 {
		return picks, nil
	}
	next := "bring the lock up to date with `update`, or leave it aside with --ignore-lock"
	if len(missing) == 0 {
		next += ", or use it as it is with --stale-ok"
	}
	return nil, &failure.Error{
		Code: failure.ExitUsage, Summary: "the spec changed since the lock was written",
		Details: slices.Concat(missing, stale), Next: next,
	}
}

// Strays returns the names of packs that a lock has and the spec lacks.
func (p *Pipeline) Strays(file *lock.File) ([]string, error) {
	packs, err := p.Packs(nil)
	if err != nil {
		return nil, err
	}
	has := make(map[string]bool, len(packs))
	for _, pack := range packs {
		has[pack.Name] = pack.NeedsImage()
	}
	return slices.DeleteFunc(file.Names(), func(name string) bool { return has[name] }), nil
}

// Entries returns the lock entries of picks that were just made. A pack without
// a pick is an error, and so is one that cannot be rendered; one that needs no image
// has no entry. Where AllowPartial goes on without packs whose source failed, left says why.
func (p *Pipeline) Entries(picks []Pick, results []source.Result) (entries []lock.Entry, left, err error) {
	if p.AllowPartial {
		picks, left = Heard(picks)
	}
	if _, err := Values(picks); err != nil {
		return nil, nil, failure.Join(err, left)
	}
	plugins := map[string]lock.Plugin{}
	for _, result := range results {
		if result.Plugin != nil {
			plugins[result.Source] = lock.Plugin{
				Type: result.Plugin.Type, Version: result.Plugin.Description.GetVersion(), Digest: result.Plugin.FileDigest(),
			}
		}
	}
	for _, pick := range picks {
		if pick.Image == nil {
			continue
		}
		digest, err := lock.Fingerprint(pick.Pack, p.Document.Set.Sources)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, lock.Entry{
			Name: pick.Pack.Name, Pack: pick.Pack.Pack, SpecDigest: digest, Image: *pick.Image, Plugin: plugins[pick.Image.Source],
		})
	}
	return entries, left, nil
}
