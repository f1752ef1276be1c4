package terraform_test

import (
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

// What would have to be computed is nobody's alias: it may take hours.
func TestFormerIsNotComputed(t *testing.T) {
	loop := `"x"`
	for range 9 {
		loop = "join(\"\", [for v in [" + strings.Repeat("1,", 100) + "] : " + loop + "])"
	}
	former := "provider \"spectrocloud\" {\n  alias = " + loop + "\n  project_name = \"a\"\n}\nresource \"spectrocloud_cluster_profile\" \"gone\" {\n}\n"
	out, err := terraform.Render(nil, terraform.Options{Former: []byte(former)})
	if err != nil || !strings.Contains(string(out), "spectrocloud_cluster_profile.gone") {
		t.Errorf("got %s, %v", out, err)
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
		"removed {\n  from = spectrocloud_cluster_profile.a[0]\n}\n", "removed {\n  from = aws_instance.a\n}\n",
		"resource \"aws_instance\" \"a\" {\n}\n", "provider \"spectrocloud\" {\n  alias = var.x\n}\n", "data \"spectrocloud_cluster_profile\" \"a\" {\n}\n",
	} {
		got, err := terraform.Render(pack, terraform.Options{Former: []byte(former)})
		if err != nil || string(got) != string(want) {
			t.Errorf("after %q: got %q, %v", former, got, err)
		}
	}
}

// What is nested without end is no output either, and does not end the program.
func TestFormerThatIsNested(t *testing.T) {
	pack := []terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: "pack: {}\n"}}
	for part, times := range map[string]int{"(": 400_000, "[": 2000, "{a=": 2000, "!": 30_000, "\"${": 2000, "a ? b : ": 30_000, "a {\n": 2000} {
		former := []byte("a = " + strings.Repeat(part, times))
		if _, err := terraform.Render(pack, terraform.Options{Former: former}); err != nil {
			t.Errorf("%q: %v", part, err)
		}
	}
	for _, part := range []string{"[", "{\"a\":"} {
		if _, err := terraform.Render(pack, terraform.Options{Former: []byte(strings.Repeat(part, 20_000)), JSON: true}); err != nil {
			t.Errorf("%q: %v", part, err)
		}
	}
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
		if _, err := terraform.Render(of("1.1.0", true), options); err != nil {
			t.Errorf("another version: %v", err)
		}
	}
}
