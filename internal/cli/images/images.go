// Package images is the command that lists what the sources have.
package images

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Run        options.Run
	Print      options.Print
	// All lists what no pack can use, and what its source does not offer, as well.
	All bool
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:     "images",
		Aliases: []string{"image"},
		Short:   "List the images that the sources have",
		Long: `List the images that the sources of a spec have, newest first.

Artifacts that no pack can use (a volume, a local file, a bare name) are counted
on stderr and listed with --all.`,
		Examples: []string{
			"images",
			"images -f production.yaml -o wide",
			"images --source packer --set manifest=packer-manifest.json -o name",
			"images -o jsonpath='{.items[*].id}'",
			"images -o custom-columns=ID:.id,OS:.os.name,REGION:.region",
		},
		Groups: []options.Group{&o.Run, &o.Print},
		Check:  o.valuesSelectNothing,
		Run:    o.run,
	}.New(inv, o, run)
	cmd.Flags().BoolVarP(&o.All, "all", "A", false, "list what no pack can use, and what its source does not offer, as well")
	return cmd
}

func (o *Options) run(ctx context.Context) error {
	session, err := o.Run.Open(ctx, o.Invocation)
	if err != nil {
		return err
	}
	defer session.Close()
	// A spec lists all that its sources have; flags ask for what they select.
	var wanted []spec.Pack
	if o.Run.Spec.Source != "" {
		if wanted, err = session.Packs(nil); err != nil {
			return err
		}
	}
	found, _, err := session.Discover(ctx, wanted)
	session.Close()
	if err != nil {
		return err
	}
	found, err = interrupt.Run(ctx, func() ([]image.Image, error) {
		ordered := selection.Order(found)
		if wanted == nil {
			return ordered, nil
		}
		return fitting(ordered, wanted, session.Now)
	})
	if err != nil {
		return err
	}
	shown := found
	if !o.All {
		shown = usable(found)
	}
	if hidden := len(found) - len(shown); hidden > 0 && o.Print.ForPeople() {
		fmt.Fprintf(o.Invocation.ErrOut, "%d more that no pack can use, or that their source does not offer; --all lists them with the reason\n", hidden)
	}
	return o.Print.List(list(shown, o.Invocation.Now()))
}

// valuesSelectNothing refuses flags that set values of a pack: a list would have the
// images that they leave in.
func (o *Options) valuesSelectNothing() error {
	values := o.Run.Spec.Pack.Values
	for _, f := range []struct{ flag, value, field string }{
		{"os-name", values.OSName, "os.name"}, {"os-version", values.OSVersion, "os.version"},
	} {
		if f.value != "" {
			return failure.Usage(fmt.Sprintf("with --source, select by --where 'image.%s == %q'", f.field, f.value), "--%s sets a value of a pack, and selects no image", f.flag)
		}
	}
	return nil
}

// fitting returns the images that packs allow, in their order; those
// that are only deprecated or not available are still listed.
func fitting(images []image.Image, packs []spec.Pack, now time.Time) ([]image.Image, error) {
	pool := selection.Prepare(images)
	fit := map[image.Place][]*image.Image{}
	for _, pack := range packs {
		rule, err := selection.Compile(pack.Select)
		if err != nil {
			return nil, err
		}
		outcome := rule.Explain(pool, now)
		for _, img := range outcome.Ranked {
			fit[img.Place()] = append(fit[img.Place()], img)
		}
		for _, drop := range outcome.Dropped {
			if drop.OnlyByState() {
				fit[drop.Image.Place()] = append(fit[drop.Image.Place()], drop.Image)
			}
		}
	}
	var some []image.Image
	for _, img := range images {
		if slices.ContainsFunc(fit[img.Place()], func(other *image.Image) bool { return image.Same(&img, other) }) {
			some = append(some, img)
		}
	}
	return some, nil
}

func usable(images []image.Image) []image.Image {
	some := make([]image.Image, 0, len(images))
	for _, img := range images {
		if img.State != image.Unusable && img.Withheld == "" {
			some = append(some, img)
		}
	}
	return some
}

func list(images []image.Image, now time.Time) output.List {
	l := output.NewList("ImageList", []output.Column{
		{Name: "SOURCE"}, {Name: "NAME"}, {Name: "PROVIDER"}, {Name: "REGION"}, {Name: "ARCH"}, {Name: "OS"},
		{Name: "KUBERNETES"}, {Name: "AGE"}, {Name: "STATE"},
		{Name: "VERSION", Wide: true}, {Name: "OWNER", Wide: true}, {Name: "PUBLIC", Wide: true},
		{Name: "DIGEST", Wide: true}, {Name: "REFERENCE", Wide: true}, {Name: "ID"},
		{Name: "REASON", Wide: true},
	}, images, func(img image.Image) (string, []string) { return img.ID, row(img, now) })
	l.Table.Empty = "no images found"
	return l
}

func row(img image.Image, now time.Time) []string {
	return []string{
		img.Source, img.Name, img.Provider, img.Region, img.Architecture, img.OS.String(),
		img.KubernetesVersion, age(img, now), img.Condition(now),
		img.Version, owner(img), fmt.Sprint(img.Public), img.Digest, reference(img), img.ID, cmp.Or(img.Withheld, img.StateReason),
	}
}

func age(img image.Image, now time.Time) string {
	if img.CreatedAt == nil {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(*img.CreatedAt))
}

func owner(img image.Image) string {
	if img.OwnerID == "" || img.OwnerID == img.Owner {
		return img.Owner
	}
	return img.Owner + " (" + img.OwnerID + ")"
}

func reference(img image.Image) string {
	if img.Reference == nil {
		return ""
	}
	return img.Reference.Kind + ":" + img.Reference.Value
}
