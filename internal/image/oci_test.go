package image_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

func TestParseOCI(t *testing.T) {
	sha := "sha256:" + strings.Repeat("0f", 32)
	for _, tt := range []struct {
		in   string
		want image.OCIReference
		bad  bool
	}{
		{"ttl.sh/ubuntu:k3s-1.30", image.OCIReference{"ttl.sh", "ubuntu", "k3s-1.30", ""}, false},
		{"spectrocloud/ubuntu:v1", image.OCIReference{"", "spectrocloud/ubuntu", "v1", ""}, false},
		{"localhost:5000/a/b__c", image.OCIReference{"localhost:5000", "a/b__c", "", ""}, false},
		{"[::1]:5000/a:1@" + sha, image.OCIReference{"[::1]:5000", "a", "1", sha}, false},
		{"localhost/a:1", image.OCIReference{"localhost", "a", "1", ""}, false},
		{"a.io", image.OCIReference{"", "a.io", "", ""}, false},
		{"a_b.c/d", image.OCIReference{"", "a_b.c/d", "", ""}, false},
		{"@" + sha, image.OCIReference{}, true},
		{"-a.io/b:1", image.OCIReference{}, true},
		{"a.io/B:1", image.OCIReference{}, true},
		{"a.io/b:", image.OCIReference{}, true},
		{"a.io/b@sha256:0", image.OCIReference{}, true},
		{"", image.OCIReference{}, true},
		{"container://a.io/b:1", image.OCIReference{}, true},
	} {
		got, err := image.ParseOCI(tt.in)
		if (err != nil) != tt.bad || err == nil && got != tt.want {
			t.Errorf("image.ParseOCI(%q) = %+v, %v", tt.in, got, err)
		}
	}
}

func TestRepository(t *testing.T) {
	for id, want := range map[string]string{
		"a.io:5000/b/c:1": "a.io:5000/b/c", "b/c": "b/c", "a.io/b:1@sha256:" + strings.Repeat("0f", 32): "a.io/b",
		"a.io/B:1": "", "/subscriptions/1": "",
	} {
		if got := image.Repository(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

// TestRepositoriesOfMany: in whatever order they come, they are those of each id alone.
func TestRepositoriesOfMany(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0f", 32)
	ids := []string{
		"localhost:v1", "localhost:5000/edge/u", "localhost:5000", "localhost:5000/edge/u:1", "localhost", "u:1" + digest, "u" + digest, "u:2",
		"a.io/b", "a.io/b:1", "a.io/b:", "a.io/b@", "a.io/B:1", "[::1]:5000/a", "[::1]:5000/a:2", "",
	}
	for first := range ids {
		got, want := image.Repositories{}, image.Repositories{}
		for i := range ids {
			id := ids[(first+i*3)%len(ids)]
			got.Add(id)
			if name := image.Repository(id); name != "" {
				want[name] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("from %s, with %s: %s", ids[first], id, diff)
			}
		}
	}
}

func TestCheckOCI(t *testing.T) {
	for id, wrong := range map[string]string{
		"a.io/b:1": "", "container://a.io/b:1": "", "a.io/b@sha256:" + strings.Repeat("0f", 32): "",
		"a.io/b": "neither a tag nor a digest", "https://a.io/b:1": "no repository name",
	} {
		if err := image.CheckOCI(id); (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v, want %q", id, err, wrong)
		}
	}
}
