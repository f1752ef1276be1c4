package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// stage builds this very program as if it were a plugin, for the modules in it.
func stage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(dir, "plugins", "byoos-source-x"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Equal input gives equal bytes, whatever the times, modes and folders of the files.
func TestRun(t *testing.T) {
	first := stage(t)
	second := t.TempDir()
	if err := os.CopyFS(second, os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	must(t, os.Chmod(filepath.Join(second, "LICENSE"), 0o644))
	must(t, os.Chtimes(filepath.Join(second, "LICENSE"), time.Unix(1, 0), time.Unix(1, 0)))
	var sums []string
	for _, dir := range []string{first, second} {
		o := options{version: "v1.2.3", stage: dir, out: filepath.Join(t.TempDir(), "x_linux"), epoch: 1700000000}
		must(t, run(t.Context(), o))
		for _, name := range []string{".tar.gz", ".cdx.json"} {
			sum, err := sumOf(o.out + name)
			must(t, err)
			sums = append(sums, sum)
		}
		checkArchive(t, o.out+".tar.gz")
		checkBill(t, o.out+".cdx.json")
	}
	if sums[0] != sums[2] || sums[1] != sums[3] {
		t.Errorf("bytes differ: %v", sums)
	}
}

func checkArchive(t *testing.T, name string) {
	t.Helper()
	file, err := os.Open(name)
	must(t, err)
	defer file.Close()
	zip, err := gzip.NewReader(file)
	must(t, err)
	if !zip.ModTime.IsZero() {
		t.Errorf("the archive has the time %v", zip.ModTime)
	}
	var got []string
	for reader := tar.NewReader(zip); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		got = append(got, header.FileInfo().Mode().String()+" "+header.Name)
		if header.ModTime.Unix() != 1700000000 || header.Uid != 0 || header.Uname != "" {
			t.Errorf("%s is of %v and user %d %s", header.Name, header.ModTime, header.Uid, header.Uname)
		}
		if header.Name == "THIRD_PARTY_NOTICES" {
			text, err := io.ReadAll(reader)
			must(t, err)
			checkNotices(t, string(text))
		}
	}
	want := []string{"-rw-r--r-- LICENSE", "-rw-r--r-- THIRD_PARTY_NOTICES", "drwxr-xr-x plugins/", "-rwxr-xr-x plugins/byoos-source-x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func checkNotices(t *testing.T, text string) {
	t.Helper()
	for _, want := range []string{
		"\ngithub.com/google/licensecheck v", ": BSD-3-Clause (plugins/byoos-source-x)\n",
		"\ngithub.com/CycloneDX/cyclonedx-go v", ": LICENSE\n", ": NOTICE\n",
		"\nstd go", ": PATENTS\n",
		"Copyright (c) 2019 The Go Authors", "Apache License",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the notices lack %q", want)
		}
	}
}

// The bill is valid by the schema that comes with the library, and tells what is
// in what.
func checkBill(t *testing.T, name string) {
	t.Helper()
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	must(t, err)
	compiler := jsonschema.NewCompiler()
	for id, file := range map[string]string{
		"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		addSchema(t, compiler, "http://cyclonedx.org/schema/"+id, filepath.Join(strings.TrimSpace(string(folder)), "schema", file))
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	must(t, err)
	data, err := os.ReadFile(name)
	must(t, err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	must(t, err)
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
	var bill struct {
		SerialNumber string
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	must(t, json.Unmarshal(data, &bill))
	if bill.SerialNumber != "" || len(bill.Dependencies) != 2 || !slices.Contains(bill.Dependencies[0].DependsOn, "plugins/byoos-source-x") ||
		!slices.ContainsFunc(bill.Dependencies[1].DependsOn, func(ref string) bool {
			return strings.HasPrefix(ref, "pkg:golang/github.com/google/licensecheck@v")
		}) {
		t.Errorf("%+v", bill)
	}
}

func addSchema(t *testing.T, compiler *jsonschema.Compiler, id, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	must(t, err)
	must(t, compiler.AddResource(id, schema))
}

const beerware = `"THE BEER-WARE LICENSE" (Revision 42):
phk@example.com wrote this file. As long as you retain this notice you can do
whatever you want with this stuff. If we meet some day, and you think this stuff
is worth it, you can buy me a beer in return Phk`

func TestLicences(t *testing.T) {
	bsd, err := os.ReadFile(filepath.Join(goroot(t), "LICENSE"))
	must(t, err)
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
		err   string
	}{
		{"at the top and above a package", map[string]string{
			"LICENSE": string(bsd), "a/b/COPYING.txt": string(bsd), "a/b/b.go": "", "a/NOTICE": "n", "c/LICENSE": "not linked",
			"LICENSE.docs": "of the documentation", "a/b/license.go": "package b",
		}, []string{"LICENSE", "a/NOTICE", "a/b/COPYING.txt"}, ""},
		{"none", map[string]string{"NOTICE": "n", "a/b/b.go": ""}, nil, "m has no licence file"},
		{"not known", map[string]string{"LICENSE": "You may use this on Sundays.", "a/b/b.go": ""}, nil, "LICENSE is no licence that is known"},
		{"not allowed", map[string]string{"LICENSE": beerware, "a/b/b.go": ""}, nil, "LICENSE is Beerware"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range test.files {
				must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700))
				must(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
			}
			licences, err := licencesOf("m", folder{root, []string{filepath.Join(root, "a", "b")}})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("%v, want %s", err, test.err)
				}
				return
			}
			must(t, err)
			var got []string
			for _, l := range licences {
				got = append(got, l.file)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

func TestRunErrors(t *testing.T) {
	for want, o := range map[string]options{
		"are needed":          {},
		"holds no Go program": {version: "v1.2.3", stage: t.TempDir(), out: "x", epoch: 1},
	} {
		if err := run(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
