package render_test

import (
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/render"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[render.Options]{New: render.NewCommand}
	command.Makes(t, map[string]func(*render.Options){
		"": func(o *render.Options) {
			o.Format, o.TerraformShape, o.ConfigMap.Name, o.Run.Host.Timeout = "values", "data", "byoos-values", 5*time.Minute
		},
		"a b -f s.yaml":                  func(o *render.Options) { o.Packs, o.Run.Spec.File = []string{"a", "b"}, "s.yaml" },
		"--locked":                       func(o *render.Options) { o.Lock.Locked = true },
		"--out-dir x":                    func(o *render.Options) { o.OutDir = "x" },
		"--out-dir x --force":            func(o *render.Options) { o.OutDir, o.Force = "x", true },
		"--out-dir x --format terraform": func(o *render.Options) { o.OutDir, o.Format = "x", "terraform" },
		"--out-dir x --format terraform-json": func(o *render.Options) {
			o.OutDir, o.Format = "x", "terraform-json"
		},
		"--values v":            func(o *render.Options) { o.ValuesFile = "v" },
		"--in-place --values v": func(o *render.Options) { o.ValuesFile, o.InPlace = "v", true },
		"--format configmap --configmap-name c -n n": func(o *render.Options) {
			o.Format, o.ConfigMap.Name, o.ConfigMap.Namespace = "configmap", "c", "n"
		},
		"--format tfexternal": func(o *render.Options) { o.Format = "tfexternal" },
		"--format profile":    func(o *render.Options) { o.Format = "profile" },
		"--format terraform --terraform-shape locals": func(o *render.Options) {
			o.Format, o.TerraformShape = "terraform", "locals"
		},
		"--project p --format terraform --terraform-shape profile": func(o *render.Options) {
			o.Palette.Project, o.Format, o.TerraformShape = "p", "terraform", "profile"
		},
		"--tenant --format terraform-json --terraform-shape profile": func(o *render.Options) {
			o.Palette.Tenant, o.Format, o.TerraformShape = true, "terraform-json", "profile"
		},
	})
}

// Flags that would do nothing are refused.
func TestFlagsWithoutEffect(t *testing.T) {
	clitest.Command[render.Options]{New: render.NewCommand}.Refuses(t, map[string]string{
		"--format tf":                                "unknown format",
		"--out-dir x --format tfexternal":            "--out-dir goes with",
		"--out-dir x --format configmap":             "--out-dir goes with",
		"--out-dir x --values v":                     "exclude each other",
		"--force":                                    "--force goes with --out-dir only",
		"--in-place":                                 "needs --values",
		"--values v --format terraform":              "goes with --format values only",
		"--terraform-shape locals":                   "goes with --format terraform",
		"--terraform-shape nope --format terraform":  "unknown --terraform-shape",
		"--terraform-shape profile --format profile": "goes with --format terraform",
		"--namespace n":                              "goes with --format configmap",
		"--configmap-name byoos-values":              "goes with --format configmap",
		"--format configmap --configmap-name A":      `"A" cannot be a ConfigMap's name`,
		"--project p":                                "go with profiles only",
		"--tenant":                                   "go with profiles only",
		"--format terraform --tenant":                "go with profiles only",
		"--tenant --project p --format terraform --terraform-shape locals": "go with profiles only",
		"-o json": "unknown shorthand flag",
	})
}
