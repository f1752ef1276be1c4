package terraform_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclwrite"
	tfjson "github.com/hashicorp/terraform-json"
	"golang.org/x/text/unicode/norm"

	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

// hostile are pieces that make trouble in strings of HCL.
var hostile = []string{
	"${", "$${", "$$${", "$", "%{", "%%{", "%", "{", "}", "${var.x}", "%{ if true }", "\\", "\\n", "\"", "'", "\n", "\r\n", "\r", "\t", " ",
	"EOT", "\nEOT\n", "<<EOT", "<<-EOT\n", "#", "//", "/*", "é", "日本", "\u2028", "\x00", "\x1b[31m", "\ufeff", "😀", "key: value\n", "~}", "${~", "\u00a0", "\v", "\f", "\u0085",
}

func hostileText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(hostile[r.IntN(len(hostile))])
	}
	if r.IntN(2) == 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// Each piece stands beside each other one, in text that is a heredoc and in text that is not.
func TestHostilePairs(t *testing.T) {
	schema := providerSchema(t)
	for _, end := range []string{"", "\n", "$"} {
		for _, printable := range []bool{false, true} {
			var all strings.Builder
			for _, one := range hostile {
				for _, other := range hostile {
					if pair := one + other; !printable || fits(pair) {
						all.WriteString(pair + "x")
					}
				}
			}
			values := norm.NFC.String(all.String() + end)
			out := rendered(t, values)
			if heredoc := strings.Contains(out, `"a" = <<EOT`) || strings.Contains(out, `"a" = chomp(<<EOT`); heredoc != printable {
				t.Errorf("a heredoc %v for printable %v, ending in %q", heredoc, printable, end)
			}
			roundTrip(t, schema, []terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: values, Profile: terraform.Profile{
				Context: terraform.ContextTenant, Name: "p", Cloud: "aws", Create: true,
			}}})
		}
	}
}

// fits tells what a heredoc can hold.
func fits(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) })
}

func rendered(t *testing.T, values string) string {
	t.Helper()
	out, err := terraform.Render([]terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: values}}, terraform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// People read values in several lines as such, with the end that they have.
func TestHeredoc(t *testing.T) {
	for values, want := range map[string]string{
		"a: $$5 %%d\n":  "<<EOT\na: $$5 %%d\nEOT\n",
		"a\u00a0\nb":    `    "a" = "a\u00a0\nb"`,
		"a: b":          "    \"a\" = \"a: b\"\n",
		"a: b\n":        "    \"a\" = <<EOT\na: b\nEOT\n",
		"a:\n\t- b":     "    \"a\" = chomp(<<EOT\na:\n\t- b\nEOT\n    )\n",
		"EOT\n EOT2 \n": "    \"a\" = <<EOT3\nEOT\n EOT2 \nEOT3\n",
		"a\u00a0\nb\n":  `    "a" = "a\u00a0\nb\n"`,
	} {
		if got := rendered(t, values); !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %s", values, got, want)
		}
	}
}

// Whatever the values are, they are read back the same, and the file is
// formatted and valid.
func TestHostileValues(t *testing.T) {
	schema := providerSchema(t)
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		packs := []terraform.Pack{hostilePack(r, "a-"+fmt.Sprint(r.IntN(10))), hostilePack(r, "b."+fmt.Sprint(r.IntN(10)))}
		roundTrip(t, schema, packs)
		if t.Failed() {
			t.Fatalf("seed %d: %#v", seed, packs)
		}
	}
}

func hostilePack(r *rand.Rand, name string) terraform.Pack {
	text := func() string { return withoutMark(norm.NFC.String(hostileText(r))) }
	scope, project := terraform.ContextProject, name+text()
	if r.IntN(3) == 0 {
		scope, project = terraform.ContextTenant, ""
	}
	p := terraform.Pack{
		Name: name, Pack: "generic-byoi", Version: text(), Registry: name + text(), Values: text(),
		Profile: terraform.Profile{
			Context: scope, Project: project, Name: name + text(), Version: "v" + text(), Cloud: "c" + text(), Type: text(), Create: r.IntN(2) == 0,
		},
	}
	if r.IntN(3) == 0 {
		p.Registry, p.RegistryUID = "", "r"+text()
	}
	if r.IntN(4) == 0 {
		p.Registry = ""
	}
	if !p.Profile.Create {
		// Imports cannot have such names.
		p.Profile.Name = strings.TrimSpace(strings.ReplaceAll(p.Profile.Name, ":", ""))
		// It is of what is there.
		p.Profile.Cloud, p.Profile.Type = "", ""
	}
	return p
}

// withoutMark takes a byte order mark away that is first, or first once white space is
// taken away.
func withoutMark(text string) string {
	if !strings.HasPrefix(strings.TrimSpace(text), "\ufeff") {
		return text
	}
	return strings.TrimLeftFunc(text, func(r rune) bool { return r == '\ufeff' || unicode.IsSpace(r) })
}

func FuzzRoundTrip(f *testing.F) {
	for _, piece := range hostile {
		f.Add("a", piece, piece+"\n")
	}
	schema := providerSchema(f)
	f.Fuzz(func(t *testing.T, name, registry, values string) {
		packs := []terraform.Pack{{Name: name, Pack: "generic-byoi", Registry: registry, Values: values, Profile: terraform.Profile{Context: terraform.ContextTenant, Name: "p" + registry, Cloud: "aws", Create: true}}}
		if _, err := terraform.Render(packs, terraform.Options{}); err != nil {
			return
		}
		roundTrip(t, schema, packs)
	})
}

func roundTrip(t *testing.T, schema *tfjson.ProviderSchema, packs []terraform.Pack) {
	t.Helper()
	for _, shape := range terraform.Shapes() {
		for _, asJSON := range []bool{false, true} {
			out, err := terraform.Render(packs, terraform.Options{Shape: terraform.Shape(shape), JSON: asJSON})
			if err != nil {
				t.Fatal(err)
			}
			if !asJSON && !bytes.Equal(hclwrite.Format(out), out) {
				t.Errorf("the formatter changes %s:\n%s", shape, out)
			}
			module := readModule(t, schema, parse(t, out, asJSON))
			if diff := cmp.Diff(wantModule(packs, terraform.Shape(shape)), module); diff != "" {
				t.Errorf("%s, read back (-want +got):\n%s\n%s", shape, diff, out)
			}
		}
	}
}
