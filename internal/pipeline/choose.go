package pipeline

import (
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// rulesOf compiles what packs select; nil for one that needs no image.
func rulesOf(packs []spec.Pack) ([]*selection.Rule, error) {
	var compiler selection.Compiler
	rules := make([]*selection.Rule, len(packs))
	for i, pack := range packs {
		if !pack.NeedsImage() {
			continue
		}
		rule, err := compiler.Compile(pack.Select)
		if err != nil {
			return nil, err
		}
		rules[i] = rule.Rendering(rendering(pack))
		if pack.IsTemplate() {
			rules[i] = rules[i].Templated(templateOf(pack))
		}
	}
	return rules, nil
}

// choose picks an image for each pack, by its rule. A pack without a pick carries its
// error; the others are not held up by it. canAsk tells of what was listed by name alone
// whether its source can be asked for the rest.
func (p *Pipeline) choose(packs []spec.Pack, rules []*selection.Rule, images []image.Image, canAsk func(*image.Image) bool) []Pick {
	pools := map[string]*selection.Pool{}
	picks := make([]Pick, len(packs))
	for i, pack := range packs {
		picks[i] = Pick{Pack: pack}
		rule := rules[i]
		if rule == nil {
			continue
		}
		key := strings.Join(pack.Sources, "\x00")
		if pools[key] == nil {
			pools[key] = selection.PrepareFrom(images, pack.Sources, canAsk)
		}
		pool, decide := pools[key], rule.Decide
		if p.Explain {
			decide = rule.Explain
		}
		picks[i].drops = func() []selection.Drop { return rule.Explain(pool, p.Now).Dropped }
		picks[i].Outcome = decide(pool, p.Now)
		picks[i].Image, picks[i].Err = picks[i].Outcome.Resolve(pack.Name)
	}
	return picks
}

// rendering returns what a pack makes of an image.
func rendering(p spec.Pack) selection.Render {
	return func(img *image.Image) (string, error) {
		values, err := pack.Build(pack.Input{Pack: p, Image: img})
		if err != nil {
			return "", err
		}
		return string(values.Render()), nil
	}
}
