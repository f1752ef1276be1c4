package pipeline

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// templateOf returns what a pack that is a template makes of images.
func templateOf(p spec.Pack) selection.Template {
	template := selection.Template{
		Values: p.Values,
		Leads:  func(img *image.Image) (spec.Lead, error) { return pack.Leads(pack.Input{Pack: p, Image: img}) },
	}
	if p.Edge != nil {
		template.Versions = p.Edge.KubernetesVersions
	}
	return template
}

// setsTag tells whether values set what a template leads to, or where.
func setsTag(v spec.Values) bool {
	return v.Registry+v.Repo+v.K8sDistribution+v.PEVersion+v.CustomTag != ""
}

// LockedSubjects are what a pack was given of a lock: the image, and where its template is
// for versions of Kubernetes, those beside it that it leads to. Nothing but their ids and
// what the pack selects is known of these, and that the machines which use the locked image
// can use them.
func (p *Pipeline) LockedSubjects(of spec.Pack, locked image.Image) ([]Subject, error) {
	subjects := []Subject{{Pack: of.Name, Source: locked.Source, Image: locked}}
	if !of.IsTemplate() {
		return subjects, nil
	}
	template := templateOf(of)
	lead, _ := template.Leads(&locked)
	if lead.ID == nil {
		return subjects, nil // rendering says why
	}
	if !lead.Own {
		subjects[0].against = "the template leads to " + lead.ID(locked.KubernetesVersion) + ", and not to it"
		return subjects, nil
	}
	rule, err := selection.Compile(of.Select)
	if err != nil {
		return nil, err
	}
	rule = rule.Templated(template)
	for _, version := range template.Versions {
		img := image.Image{
			ID: lead.ID(version), Provider: locked.Provider, Region: locked.Region, KubernetesVersion: strings.TrimPrefix(version, "v"),
			NewestBy: locked.NewestBy, Source: locked.Source, Architecture: locked.Architecture,
		}
		if img.ID != locked.ID {
			subjects = append(subjects, Subject{Pack: of.Name, Source: img.Source, Image: img, rule: rule})
		}
	}
	return subjects, nil
}

// judgeTemplates adds what is wrong with images as those of templates: that the template does
// not lead to one, or that the pack's rules speak against one that it leads to.
func (p *Pipeline) judgeTemplates(verifications []Verification) {
	var given Verification // of the lock, before those beside it
	only := ""             // architecture that an image of the same template is for
	for i := range verifications {
		v := &verifications[i]
		switch {
		case v.rule == nil:
			given, only = *v, onlyFor(v.now)
			if v.against != "" {
				v.speakAgainst(v.against)
			}
		case v.now != nil:
			for _, reason := range v.rule.Against(v.now, untold(given), p.Now) {
				v.speakAgainst(reason.Reason)
			}
			own := onlyFor(v.now)
			if only != "" && own != "" && own != only {
				v.speakAgainst("it is for " + own + " alone, and another image that the template leads to is for " + only + " alone")
			}
			only = cmp.Or(only, own)
		}
	}
}

// onlyFor is the architecture of an image whose tag is for no other; of an index that is not
// known.
func onlyFor(img *image.Image) string {
	if img == nil || img.Digest == "" || img.Attributes["platformDigest"] != img.Digest {
		return ""
	}
	return img.Architecture
}

func (v *Verification) speakAgainst(reason string) {
	if v.Status == StatusOK {
		v.Status = StatusStale
	}
	if !slices.Contains(v.Reasons, reason) {
		v.Reasons = append(v.Reasons, reason)
	}
}

// untold are the facts of an image that was picked which nobody tells when it is verified,
// as what is read from inside an image: nothing can be said of the same facts of others.
func untold(picked Verification) []string {
	if picked.now == nil {
		return nil
	}
	var facts []string
	for _, fact := range [...]string{"architecture", "kubernetesVersion", "os.name", "os.version"} {
		if *picked.Image.Fact(fact) != "" && *picked.now.Fact(fact) == "" {
			facts = append(facts, fact)
		}
	}
	return facts
}
