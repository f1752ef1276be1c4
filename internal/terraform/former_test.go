package terraform_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

// A profile version that is no longer rendered stays in Palette: Terraform is told
// to forget it, however often the file is written anew, and until it is rendered
// again.
func TestFormerVersionsAreLetGo(t *testing.T) {
	of := func(project, version string, create bool) []terraform.Pack {
		return []terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: "pack: {}\n", Profile: terraform.Profile{
			Context: terraform.ContextProject, Project: project, Name: "rhel", Version: version, Cloud: "aws", Create: create,
		}}}
	}
	for _, asJSON := range []bool{false, true} {
		var former []byte
		for _, step := range []struct {
			packs     []terraform.Pack
			shape     terraform.Shape
			forgotten []string
			projects  []string
		}{
			{of("Default", "1.0.0", true), terraform.ShapeProfile, nil, []string{"Default"}},
			{of("Default", "1.1.0", true), terraform.ShapeProfile, []string{"Default_rhel_1_0_0"}, []string{"Default"}},
			{of("Default", "1.2.0", false), terraform.ShapeProfile, []string{"Default_rhel_1_0_0", "Default_rhel_1_1_0"}, []string{"Default"}},
			{of("Default", "1.1.0", false), terraform.ShapeProfile, []string{"Default_rhel_1_0_0", "Default_rhel_1_2_0"}, []string{"Default"}},
			{of("a \"${b}", "1.1.0", true), terraform.ShapeProfile, []string{"Default_rhel_1_0_0", "Default_rhel_1_1_0", "Default_rhel_1_2_0"}, []string{"Default", "a \"${b}"}},
			{of("Default", "1.1.0", true), terraform.ShapeLocals, []string{
				"Default_rhel_1_0_0", "Default_rhel_1_1_0", "Default_rhel_1_2_0", "a____b__rhel_1_1_0_*",
			}, []string{"Default", "a \"${b}"}},
		} {
			out, err := terraform.Render(step.packs, terraform.Options{Shape: step.shape, JSON: asJSON, Former: former})
			if err != nil {
				t.Fatal(err)
			}
			read := readModule(t, providerSchema(t), parse(t, out, asJSON))
			if !slices.EqualFunc(read.Forgotten, step.forgotten, matches) || !slices.Equal(read.Projects, step.projects) {
				t.Errorf("forgotten are %q of %q, want %q of %q:\n%s", read.Forgotten, read.Projects, step.forgotten, step.projects, out)
			}
			former = out
		}
	}
}

// Two providers of one alias are an error of Terraform's: that of a project which goes by
// the same name in Terraform takes the place of the former one.
func TestFormerProviderOfTheSameAlias(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var former []byte
		for _, project := range []string{"team-a", "team_a"} {
			out, err := terraform.Render([]terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: "pack: {}\n", Profile: terraform.Profile{
				Context: terraform.ContextProject, Project: project, Name: "rhel", Version: "1.0.0", Cloud: "aws", Create: true,
			}}}, terraform.Options{Shape: terraform.ShapeProfile, JSON: asJSON, Former: former})
			if err != nil {
				t.Fatal(err)
			}
			if read := readModule(t, providerSchema(t), parse(t, out, asJSON)); !slices.Equal(read.Projects, []string{project}) {
				t.Errorf("providers of %q, want one of %q:\n%s", read.Projects, project, out)
			}
			former = out
		}
	}
}

// What Terraform is to forget is told when it is first written.
func TestNotesOfWhatIsLetGo(t *testing.T) {
	of := func(version string) []terraform.Pack {
		return []terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: "pack: {}\n", Profile: terraform.Profile{
			Context: terraform.ContextTenant, Name: "rhel", Version: version, Cloud: "aws", Create: true,
		}}}
	}
	for _, asJSON := range []bool{false, true} {
		var notes []string
		render := func(version string, former []byte) []byte {
			notes = nil
			out, err := terraform.Render(of(version), terraform.Options{
				Shape: terraform.ShapeProfile, JSON: asJSON, Former: former, Note: func(note string) { notes = append(notes, note) },
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		first := render("1.0.0", nil)
		second := render("1.1.0", first)
		const want = "Terraform lets go of spectrocloud_cluster_profile.rhel_1_0_0, which is no longer rendered; the profile stays in Palette"
		for name, c := range map[string]struct{ before, version, note string }{
			"none before": {"", "1.0.0", ""}, "raised": {string(first), "1.1.0", want}, "told before": {string(second), "1.1.0", ""},
			"unreadable": {"resource {", "1.0.0", "the earlier output cannot be read"},
		} {
			render(c.version, []byte(c.before))
			if told := strings.Join(notes, "\n"); !strings.HasPrefix(told, c.note) || (c.note == "") != (told == "") {
				t.Errorf("%s: got %q, want %q", name, told, c.note)
			}
		}
	}
}

// What would have to be computed, which may take hours, is nobody's project; and so is what
// is no text, another provider's, or without a name.
func TestProvidersOfFormer(t *testing.T) {
	const resource = "resource \"spectrocloud_cluster_profile\" \"gone\" {\n}\n"
	for _, c := range []struct{ name, alias, project, want string }{
		{"spectrocloud", `"a"`, `"b"`, "b"},
		{"spectrocloud", `"a"`, `"${"\r"}b $${x} ${"%%"}{"`, "\rb ${x} %%{"},
		{"spectrocloud", `"a"`, `"b${"c"}"`, "bc"},
		{"aws", `"a"`, `"b"`, ""},
		{"spectrocloud", `""`, `"b"`, ""},
		{"spectrocloud", `"a"`, `""`, ""},
		{"spectrocloud", `null`, `"b"`, ""},
		{"spectrocloud", `"a"`, `5`, ""},
		{"spectrocloud", `"a"`, `"b${true ? "c" : "d"}"`, ""},
		{"spectrocloud", `"a"`, `"b${x}"`, ""},
		{"spectrocloud", `"a"`, `"${5}"`, ""},
	} {
		former := "provider \"" + c.name + "\" {\n  alias = " + c.alias + "\n  project_name = " + c.project + "\n}\n" + resource
		checkProjects(t, former, false, c.want)
		object := fmt.Sprintf(`{"provider": {%q: [{"alias": %s, "project_name": %s}]}, "resource": {"spectrocloud_cluster_profile": {"gone": {}}}}`,
			c.name, inJSON(c.alias), inJSON(c.project))
		checkProjects(t, object, true, c.want)
	}
	deep := `"b` + strings.Repeat(`${\"c`, 1001) + strings.Repeat(`\"}`, 1001) + `"`
	for _, broken := range []string{`"b${"`, deep, `"${true ? \"b\" : \"c\"}"`, `["b"]`} {
		object := `{"provider": {"spectrocloud": [{"alias": "a", "project_name": ` + broken + `}]}, "resource": {"spectrocloud_cluster_profile": {"gone": {}}}}`
		checkProjects(t, object, true, "")
	}
	checkProjects(t, "provider \"spectrocloud\" {\n  alias = true ? \"a\" : \"b\"\n  project_name = \"b\"\n}\n"+resource, false, "")
	checkProjects(t, "provider \"spectrocloud\" {\n  project_name = \"b\"\n}\n"+resource, false, "")
}

// inJSON writes a text of HCL as JSON has it, which are templates, too.
func inJSON(text string) string {
	inner, quoted := strings.CutPrefix(text, `"`)
	if !quoted {
		return text
	}
	data, _ := json.Marshal(strings.TrimSuffix(inner, `"`))
	return string(data)
}

// checkProjects looks for the one project of an earlier output, whose profile is let go.
func checkProjects(t *testing.T, former string, asJSON bool, want string) {
	t.Helper()
	out, err := terraform.Render(nil, terraform.Options{Former: []byte(former), JSON: asJSON})
	if err != nil {
		t.Fatal(err)
	}
	read := readModule(t, providerSchema(t), parse(t, out, asJSON))
	if got := strings.Join(read.Projects, ", "); got != want || !slices.Equal(read.Forgotten, []string{"gone"}) || strings.Contains(string(out), "provider") != (want != "") {
		t.Errorf("projects %q, want %q, and %q is let go, after\n%s", got, want, read.Forgotten, former)
	}
}

func matches(text, pattern string) bool {
	start, open := strings.CutSuffix(pattern, "*")
	return text == pattern || open && strings.HasPrefix(text, start)
}

// What was never an output names no profile.
func TestFormerThatIsNone(t *testing.T) {
	pack := []terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: "pack: {}\n"}}
	want, err := terraform.Render(pack, terraform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, former := range []string{
		"", "{", "# nothing\n", "resource \"spectrocloud_cluster_profile\" {\n}\n", "removed {\n}\n", "removed {\n  from = x()\n}\n",
		"removed {\n  from = spectrocloud_cluster_profile.a[0]\n}\n", "removed {\n  from = spectrocloud_cluster_profile[\"a\"]\n}\n", "removed {\n  from = aws_instance.a\n}\n",
		"resource \"aws_instance\" \"a\" {\n}\n", "provider \"spectrocloud\" {\n  alias = var.x\n}\n", "data \"spectrocloud_cluster_profile\" \"a\" {\n}\n",
	} {
		got, err := terraform.Render(pack, terraform.Options{Former: []byte(former)})
		if err != nil || string(got) != string(want) {
			t.Errorf("after %q: got %q, %v", former, got, err)
		}
	}
}

// What is nested without end is no output either, and does not end the program. Its own
// outputs are far from that.
func TestFormerThatIsNested(t *testing.T) {
	nested := func(open, inner, end string) func(int) string {
		return func(n int) string { return "a = " + strings.Repeat(open, n) + inner + strings.Repeat(end, n) + "\n" }
	}
	for name, c := range map[string]struct {
		limit int
		text  func(int) string
	}{
		"()":   {1000, nested("(", "1", ")")},
		"[]":   {1000, nested("[", "1", "]")},
		"{}":   {1000, nested("{a=", "1", "}")},
		"${}":  {1000, nested("\"a${", "1", "}\"")},
		"%{}":  {1000, nested("\"%{if ", "true", "}%{endif}\"")},
		"!":    {20_000, nested("!", "true", "")},
		"-":    {20_000, nested("-", "1", "")},
		"?":    {20_000, nested("true ? 1 : ", "1", "")},
		"body": {1000, func(n int) string { return strings.Repeat("a {\n", n) + strings.Repeat("}\n", n) }},
	} {
		for n, read := range map[int]bool{c.limit: true, c.limit + 1: false} {
			if got := isRead(t, c.text(n), false); got != read {
				t.Errorf("%s, %d deep, is read: %v", name, n, got)
			}
		}
	}
	for _, wide := range []string{"(1)", "[]", "{}", "\"${1}\"", "\"%{ if true }%{ endif }\""} {
		if !isRead(t, "a = ["+strings.Repeat(wide+",", 1100)+"]\n", false) {
			t.Errorf("many of %s are not read", wide)
		}
	}
	if !isRead(t, nested("!", "true", "")(12_000)+strings.Replace(nested("!", "true", "")(12_000), "a", "b", 1), false) {
		t.Error("signs of several lines are not read")
	}
	for part, times := range map[string]int{"(": 400_000, "[": 2000, "{a=": 2000, "!": 30_000, "\"${": 2000, "a ? b : ": 30_000, "a {\n": 2000} {
		if isRead(t, "a = "+strings.Repeat(part, times), false) {
			t.Errorf("%q is read", part)
		}
	}
	for open, end := range map[string]string{"[": "]", `{"a":`: "}"} {
		if text := `{"a":` + strings.Repeat(open, 20_000) + "1" + strings.Repeat(end, 20_000) + "}"; isRead(t, text, true) {
			t.Errorf("%q is read", open)
		}
	}
}

// isRead tells whether an earlier output is read, of which a note tells that it is not.
func isRead(t *testing.T, former string, asJSON bool) bool {
	t.Helper()
	read := true
	note := func(text string) { read = read && !strings.Contains(text, "cannot be read") }
	if _, err := terraform.Render(nil, terraform.Options{Former: []byte(former), JSON: asJSON, Note: note}); err != nil {
		t.Fatal(err)
	}
	return read
}

// A profile that was imported has layers of others, which a resource of one that is
// made has not.
func TestImportedProfileIsNotMadeWithOneLayer(t *testing.T) {
	of := func(version string, create bool) []terraform.Pack {
		return []terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: "pack: {}\n", Profile: terraform.Profile{
			Context: terraform.ContextTenant, Name: "rhel", Version: version, Cloud: "aws", Create: create,
		}}}
	}
	for _, asJSON := range []bool{false, true} {
		options := terraform.Options{Shape: terraform.ShapeProfile, JSON: asJSON}
		former, err := terraform.Render(of("1.0.0", false), options)
		if err != nil {
			t.Fatal(err)
		}
		options.Former = former
		if _, err := terraform.Render(of("1.0.0", true), options); err == nil || !strings.Contains(err.Error(), "its other layers") {
			t.Errorf("got %v", err)
		}
		for _, packs := range [][]terraform.Pack{of("1.1.0", true), of("1.0.0", false)} {
			if _, err := terraform.Render(packs, options); err != nil {
				t.Errorf("another version, or imported again: %v", err)
			}
		}
	}
}
