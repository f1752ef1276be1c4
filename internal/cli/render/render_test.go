package render

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

func invoke(t *testing.T) (*invocation.Invocation, *bytes.Buffer) {
	t.Helper()
	dir, out := t.TempDir(), &bytes.Buffer{}
	return &invocation.Invocation{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: &bytes.Buffer{}},
		Dir:       dir, Environ: []string{"HOME=" + dir}, Now: time.Now,
	}, out
}

// picked is a pack with its image.
func picked(t *testing.T, target *spec.Target) []pipeline.Rendered {
	t.Helper()
	rendered, err := pipeline.Values([]pipeline.Pick{{
		Pack: spec.Pack{
			Name: "east", Pack: spec.GenericBYOI, Values: spec.Values{OSName: "rhel", OSVersion: "8"},
			Target: target,
		},
		Image: &image.Image{ID: "ami-0123456789abcdef0", Provider: "aws", Region: "us-east-1"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

// A profile is all that its target says.
func TestProfilesOfTargets(t *testing.T) {
	for name, test := range map[string]struct {
		target spec.Target
		want   terraform.Profile
		refuse string
	}{
		"of a project": {
			target: spec.Target{Project: "a", Profile: "p", Version: "1.2.0"},
			want:   terraform.Profile{Context: terraform.ContextProject, Project: "a", Name: "p", Version: "1.2.0"},
		},
		"of a cloud that is said": {
			target: spec.Target{Project: "a", Profile: "p", Version: "1.2.0", CloudType: " EKS", Type: spec.ProfileInfra},
			want:   terraform.Profile{Context: terraform.ContextProject, Project: "a", Name: "p", Version: "1.2.0", Cloud: "eks", Type: "infra"},
		},
		"new": {
			target: spec.Target{Scope: spec.ScopeTenant, Profile: "p", Create: true, CloudType: "eks", Type: spec.ProfileInfra, Replace: true},
			want:   terraform.Profile{Context: terraform.ContextTenant, Name: "p", Cloud: "eks", Type: "infra", Create: true, Replace: true},
		},
		"of another cloud":        {target: spec.Target{Profile: "p", Create: true, CloudType: "azure"}, refuse: "azure"},
		"there, of another cloud": {target: spec.Target{Profile: "p", Version: "1.2.0", CloudType: "azure"}, refuse: "azure"},
		"of no project":           {target: spec.Target{Scope: spec.ScopeProject, Profile: "p"}, refuse: "none is named"},
	} {
		inv, _ := invoke(t)
		o := &Options{Invocation: inv, Format: FormatTerraform, TerraformShape: string(terraform.ShapeProfile)}
		rendered := picked(t, &test.target)
		packs := terraformPacks(rendered)
		err := o.addProfiles(packs, rendered)
		if test.refuse != "" {
			if failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), test.refuse) {
				t.Errorf("%s: got %v", name, err)
			}
			if out, err := text(o, rendered); err == nil {
				t.Errorf("%s: is written:\n%s", name, out)
			}
			continue
		}
		if misfits := packs[0].Profile.Misfits; slices.Contains(misfits, "aws") || slices.Contains(misfits, "vsphere") == test.target.Create {
			t.Errorf("%s: misfits are %q", name, misfits)
		}
		packs[0].Profile.Misfits = nil
		if diff := cmp.Diff(test.want, packs[0].Profile); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// A setting that changes nothing is told.
func TestSettingsWithoutEffect(t *testing.T) {
	all := spec.Target{Profile: "p", Version: "1.2.0", CloudType: "aws", PackVersion: "1.0.0", RegistryUID: "r", Replace: true}
	named := spec.Target{Profile: "p", Version: "1.2.0", Registry: "r"}
	made := all
	made.Create = true
	for name, test := range map[string]struct {
		target spec.Target
		want   string
	}{
		"there":      {all, "note: pack east: target.packVersion has no effect: the profile is imported with the layer that it has\n" + "note: pack east: target.registryUid has no effect: the profile is imported with the layer that it has\n"},
		"a registry": {named, "note: pack east: target.registry has no effect: the profile is imported with the layer that it has\n"},
		"made":       {made, "note: pack east: target.replace has no effect: Terraform makes the profile with target.create\n"},
	} {
		inv, _ := invoke(t)
		told := &bytes.Buffer{}
		inv.ErrOut = told
		o := &Options{Invocation: inv, Format: FormatTerraform, TerraformShape: string(terraform.ShapeProfile)}
		if _, err := text(o, picked(t, &test.target)); err != nil || told.String() != test.want {
			t.Errorf("%s: told %q, %v", name, told, err)
		}
	}
}

func TestProjectOrTenant(t *testing.T) {
	for args, want := range map[string]string{"--project=p --tenant": "exclude", "--project=p": "", "": ""} {
		inv, _ := invoke(t)
		o := &Options{Invocation: inv}
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		o.Palette.AddScopeFlags(flags)
		err := flags.Parse(strings.Fields(args))
		if err == nil {
			_, err = o.target(picked(t, &spec.Target{Profile: "p"})[0])
		}
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", args, err)
		}
	}
}

func TestConverted(t *testing.T) {
	inv, _ := invoke(t)
	target := &spec.Target{Profile: "p", Version: "1.0.0", CloudType: "aws", PackVersion: "1.0.0", Registry: "Mirror"}
	for format, want := range map[string]string{
		FormatTerraform:     `name = "Mirror"`,
		FormatTerraformJSON: `"name": "Mirror"`,
		FormatTFExternal:    `"east": "pack:`,
		FormatProfile:       `"name": "p"`,
	} {
		o := &Options{Invocation: inv, Format: format, TerraformShape: string(terraform.ShapeData)}
		out, err := text(o, picked(t, target))
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: got %s, %v", format, out, err)
		}
	}
	o := &Options{Invocation: inv, Format: FormatProfile}
	if _, err := text(o, append(picked(t, target), picked(t, target)...)); failure.Code(err) != failure.ExitUsage {
		t.Errorf("a profile of two packs: got %v", err)
	}
	if out, err := text(o, picked(t, nil)); err == nil {
		t.Errorf("a profile without a target: got %s", out)
	}
}

func TestOutDir(t *testing.T) {
	inv, out := invoke(t)
	for format, name := range map[string]string{
		FormatTerraform: "byoos.tf", FormatTerraformJSON: "byoos.tf.json", FormatValues: "east.yaml",
	} {
		o := &Options{Invocation: inv, Format: format, OutDir: "infra/new", TerraformShape: string(terraform.ShapeLocals)}
		if err := o.put(t.Context(), &options.Rendered{Packs: picked(t, nil)}); err != nil || out.Len() > 0 {
			t.Errorf("%s: %v, and on stdout %q", format, err, out)
		}
		got, err := os.ReadFile(filepath.Join(inv.Dir, "infra", "new", name))
		if err != nil || !strings.Contains(string(got), "ami-0123456789abcdef0") {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for _, format := range formatNames() {
		o := &Options{Invocation: inv, Format: format, TerraformShape: string(terraform.ShapeLocals), ConfigMap: output.ConfigMap{Name: "c"}}
		target := &spec.Target{Profile: "p", CloudType: "aws"}
		if err := o.put(t.Context(), &options.Rendered{Packs: picked(t, target)}); err != nil || !strings.Contains(out.String(), "ami-0123456789abcdef0") {
			t.Errorf("%s: got %q, %v", format, out, err)
		}
		out.Reset()
	}
	o := &Options{Invocation: inv, Format: FormatValues, OutDir: "infra/new/east.yaml"}
	if err := o.put(t.Context(), &options.Rendered{Packs: picked(t, nil)}); err == nil {
		t.Error("wrote into a file")
	}
}

// text is what packs are in the format of the options.
func text(o *Options, packs []pipeline.Rendered) ([]byte, error) {
	return formats()[o.Format].text(o, &options.Rendered{Packs: packs})
}
