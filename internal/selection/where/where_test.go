package where_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection/where"
)

func now() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }

func sample() *image.Image {
	created := now().Add(-48 * time.Hour)
	return &image.Image{
		ID: "ami-1", Provider: "aws", Name: "rhel-8-golden", Region: "us-east-1", Architecture: "amd64",
		OS: image.OS{Name: "rhel", Version: "8.8"}, Owner: "self", CreatedAt: &created, State: image.Available,
		Tags:      map[string]string{"team": "platform", "a-b": "c"},
		Reference: &image.Reference{Kind: "packer-run-uuid", Value: "u1"},
	}
}

func TestHolds(t *testing.T) {
	tests := []struct {
		expression string
		want       bool
		wantError  string
	}{
		{`image.owner == "self" && age < duration("2160h")`, true, ""},
		{`age > duration("47h") && age < duration("49h")`, true, ""},
		{`image.os.name == "rhel" && image.os.version.startsWith("8")`, true, ""},
		{`image.tags.team == "platform"`, true, ""},
		{`image.tags["a-b"] == "c" && "team" in image.tags`, true, ""},
		{`image.tags.absent == ""`, true, ""},
		{`has(image.tags.absent)`, false, ""},
		{`has(image.tags.team) && has(image.tags)`, true, ""},
		{`image.tags.exists(k, k.startsWith("te"))`, true, ""},
		{`image.tags == {"team": "platform", "a-b": "c"} && size(image.tags) == 2`, true, ""},
		{`{"team": "platform", "a-b": "c"} == image.tags && !({"team": "platform", "a-b": "c"} != image.tags)`, true, ""},
		{`{"team": "platform"} == image.tags || image.tags == {"team": "platform"} || {"x": "y"} == image.attributes`, false, ""},
		{`image.digest == "" && !has(image.digest)`, true, ""},
		{`!image.public && !has(image.public) && !image.excludedFromLatest`, true, ""},
		{`has(image.os) && has(image.os.name) && has(image.reference)`, true, ""},
		{`image.reference.value == "u1"`, true, ""},
		{`image.tags == {"team": "platform", "a-b": "x"} || image.tags == {"team": "platform", "x": "c"}`, false, ""},
		{`image.tags == image.tags && image.tags != image.attributes && image.attributes == {}`, true, ""},
		{`image == image && image.os == image.os && dyn(image) != dyn(image.os) && dyn(image.tags) != dyn(image)`, true, ""},
		{`type(image) == type(image) && type(image) != type(image.os) && type(image.tags) != type(image)`, true, ""},
		{`dyn(1) in image.tags`, false, ""},
		{`image.tags[dyn(1)] == ""`, false, "a key is text, not int"},
		{`google.protobuf.Int32Value{value: 1} == 1`, true, ""},
		{`byoos.Image{id: "x"} == image`, false, "unknown type"},
		{`has(image.createdAt) && has(image.tags) && !has(image.attributes)`, true, ""},
		{`image.createdAt < now && now - image.createdAt == age`, true, ""},
		{`image.createdAt > timestamp("2026-08-01T00:00:00Z")`, true, ""},
		{`has(image.deprecatedAt)`, false, ""},
		{`image.deprecatedAt > now`, false, "deprecatedAt: the time is unknown"},
		{`image.name.matches("^rhel-[0-9]+-")`, true, ""},
		{`int(image.version) > 1`, false, "type conversion error"},
		{`image.attributes.bootMode in ["uefi", ""]`, true, ""},
	}
	var compiler where.Compiler
	for _, test := range tests {
		t.Run(test.expression, func(t *testing.T) {
			program, err := compiler.Compile(test.expression)
			if err != nil {
				t.Fatal(err)
			}
			got, err := program.Holds(sample(), now())
			switch {
			case test.wantError == "" && err != nil:
				t.Fatal(err)
			case test.wantError != "" && (err == nil || !strings.Contains(err.Error(), test.wantError)):
				t.Fatalf("got error %v, want %q in it", err, test.wantError)
			case got != test.want:
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestTagWithoutAName(t *testing.T) {
	var compiler where.Compiler
	program, err := compiler.Compile(`"" in image.tags && !(dyn(1) in image.tags)`)
	if err != nil {
		t.Fatal(err)
	}
	if holds, err := program.Holds(&image.Image{Tags: map[string]string{"": "x"}}, now()); !holds || err != nil {
		t.Error(holds, err)
	}
}

func TestUnknownAge(t *testing.T) {
	var compiler where.Compiler
	img := sample()
	img.CreatedAt = nil
	for expression, want := range map[string]string{
		`age < duration("1h")`:                           "creation time is unknown",
		`image.owner == "self" || age < duration("1h")`:  "", // the answer does not need the age
		`!has(image.createdAt) || age < duration("1h")`:  "",
		`image.createdAt < now && image.owner == "self"`: "createdAt: the time is unknown",
	} {
		program, err := compiler.Compile(expression)
		if err != nil {
			t.Fatal(expression, err)
		}
		_, err = program.Holds(img, now())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got error %v, want %q", expression, err, want)
		}
	}
}

func TestNothingIsKnown(t *testing.T) {
	var compiler where.Compiler
	program, err := compiler.Compile(`!has(image.os) && !has(image.reference) && image.reference.kind + image.reference.value == "" && !has(image.createdAt)`)
	if err != nil {
		t.Fatal(err)
	}
	if holds, err := program.Holds(new(image.Image), now()); !holds || err != nil {
		t.Error(holds, err)
	}
}

// Packs have their expressions in common, and each is compiled once.
func TestEqualExpressionsAreOneProgram(t *testing.T) {
	var compiler where.Compiler
	programs := map[*where.Program]bool{}
	for _, expression := range []string{"true", "true", "!false", strings.Repeat(" ", 4092) + "true"} {
		program, err := compiler.Compile(expression)
		if err != nil {
			t.Fatal(err)
		}
		programs[program] = true
	}
	if len(programs) != 3 {
		t.Errorf("%d programs", len(programs))
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct{ expression, want string }{
		{`image.ownr == "self"`, `column 6 of the expression: undefined field 'ownr': did you mean "owner"?`},
		{`image.os.nam == "x"`, `did you mean "name"?`},
		{`owner == "self"`, `did you mean image.owner?`},
		{`imag.owner == "self"`, `did you mean "image"?`},
		{`image.owner`, `gives string; true or false is wanted`},
		{`image.owner = "self"`, `compare with ==`},
		{`image.owner == "self" and age > duration("1h")`, `&&`},
		{`int("abc") == 1`, `type conversion error`},
		{`image.owner == "self" or image.public`, `||`},
		{`image.owner == “self”`, `straight quotes`},
		{`age < duration("90d")`, `2160h`},
		{`image.public == "yes"`, `no matching overload`},
		{`image.name.matches("(")`, `RE2`},
		{`timestamp("yesterday") < now`, `RFC 3339`},
		{strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300), ``},
		{strings.Repeat("true && ", 2000) + "true", `longer than`},
	}
	var compiler where.Compiler
	for _, test := range tests {
		_, err := compiler.Compile(test.expression)
		var invalid *where.Error
		if !errors.As(err, &invalid) {
			t.Errorf("%.60s: got %v, want a *where.Error", test.expression, err)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.60s: got %q, want %q in it", test.expression, err, test.want)
		}
		if strings.Contains(invalid.Message, "\n") || invalid.Column < 1 || invalid.Line < 1 {
			t.Errorf("%.60s: bad message or place: %+v", test.expression, invalid)
		}
	}
}

func TestCostIsLimited(t *testing.T) {
	var compiler where.Compiler
	list := "[" + strings.Repeat("1,", 200) + "1]"
	program, err := compiler.Compile(list + ".all(a, " + list + ".all(b, " + list + ".all(c, a+b+c > 0)))")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := program.Holds(sample(), now()); err == nil || !strings.Contains(err.Error(), "cost") {
		t.Errorf("got %v, want the cost limit", err)
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{`image.owner == "self" && age < duration("2160h")`, `has(image.tags.a) || image.tags["b"] in ["x"]`, `image == image && image.os == image.os`, `[1,2].map(x, x*x).exists(y, y > now.getHours())`, `image.tags.all(k, k != "")`, `string(image.reference) == ""`, `type(image) == type(now)`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		var compiler where.Compiler
		program, err := compiler.Compile(expression)
		var invalid *where.Error
		if err != nil {
			if !errors.As(err, &invalid) || invalid.Line < 1 || invalid.Column < 1 {
				t.Fatalf("got %v, want a *where.Error with a place", err)
			}
			return
		}
		first, firstErr := program.Holds(sample(), now())
		second, secondErr := program.Holds(sample(), now())
		if first != second || (firstErr == nil) != (secondErr == nil) {
			t.Errorf("%s: %v %v, then %v %v", expression, first, firstErr, second, secondErr)
		}
	})
}

func BenchmarkFirstCompile(b *testing.B) {
	for b.Loop() {
		var compiler where.Compiler
		if _, err := compiler.Compile(`image.owner == "self" && age < duration("2160h")`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHolds(b *testing.B) {
	var compiler where.Compiler
	program, err := compiler.Compile(`image.owner == "self" && age < duration("2160h") && image.tags.team == "platform"`)
	if err != nil {
		b.Fatal(err)
	}
	img := sample()
	for b.Loop() {
		if holds, err := program.Holds(img, now()); !holds || err != nil {
			b.Fatal(holds, err)
		}
	}
}

func TestMayHold(t *testing.T) {
	img := image.Image{ID: "r/os:k3s-1.30.9-v4.7.0", Name: "k3s-1.30.9-v4.7.0", Provider: "oci", KubernetesVersion: "1.30.9",
		Attributes: map[string]string{"peVersion": "v4.7.0"}}
	unknown := [][]string{{"createdAt"}, {"tags"}, {"os"}, {"architecture"}, {"digest"}, {"attributes", "platform"}}
	for expression, want := range map[string]bool{
		`image.os.name == "ubuntu"`: true,
		`image.os.name == "ubuntu" && image.attributes.peVersion == "v4.6.0"`:     false,
		`image.os.name == "ubuntu" && image.attributes.peVersion == "v4.7.0"`:     true,
		`image.attributes.peVersion == "v4.6.0" || image.tags.team == "edge"`:     true,
		`image.attributes.peVersion == "v4.6.0"`:                                  false,
		`image.attributes["peVersion"] == "v4.7.0"`:                               true,
		`image.attributes.platform == "linux/amd64"`:                              true,
		`!has(image.attributes.customTag)`:                                        true,
		`has(image.attributes.customTag)`:                                         false,
		`has(image.tags.team)`:                                                    true,
		`!has(image.tags.team)`:                                                   true,
		`"team" in image.tags`:                                                    true,
		`image.tags.exists(k, k == "team")`:                                       true,
		`image.name.startsWith("k3s")`:                                            true,
		`image.name.startsWith("rke2") && has(image.createdAt)`:                   false,
		`age < duration("24h")`:                                                   true,
		`has(image.createdAt) && now - image.createdAt < duration("24h")`:         true,
		`image.architecture in ["amd64"] && image.kubernetesVersion == "1.30.9"`:  true,
		`image.architecture in ["amd64"] && image.kubernetesVersion == "1.30.10"`: false,
		`{"team": "edge"} == image.tags`:                                          true,
		`image.tags == {"team": "edge"} && image.name == "other"`:                 false,
		`(image.digest == "" ? image.name == "x" : image.name == "y")`:            true,
		`image.digest.startsWith("sha256") && false`:                              false,
		`image.os == image.os`:                                                    true,
		`timestamp("2026-01-01T00:00:00Z") > now`:                                 false,
		`image.tags[dyn(1)] == "" && image.name == "k3s-1.30.9-v4.7.0"`:           true,
		`image.attributes[dyn(1)] == "" && image.os.name == "ubuntu"`:             true,
		`image.attributes[dyn(1)] == ""`:                                          false,
	} {
		program, err := new(where.Compiler).Compile(expression)
		if err != nil {
			t.Fatal(expression, err)
		}
		if got := program.MayHold(&img, unknown, now()); got != want {
			t.Errorf("%s: %v", expression, got)
		}
	}
}
