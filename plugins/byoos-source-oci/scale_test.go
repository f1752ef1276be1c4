package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// paged lists tags in the order they have, in pages of the size that is asked
// for. Like ECR it refuses pages of more than 1000.
func paged(tags []string, requests *atomic.Int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.URL.Path == "/v2/" {
			return
		}
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			next.ServeHTTP(w, r)
			return
		}
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		if err != nil || n < 1 || n > 1000 {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"errors":[{"code":"UNSUPPORTED","message":"invalid parameter at 'maxResults'"}]}`)
			return
		}
		from, _ := strconv.Atoi(r.URL.Query().Get("next"))
		to := min(from+n, len(tags))
		if to < len(tags) {
			w.Header().Set("Link", fmt.Sprintf(`<%s?n=%d&next=%d>; rel="next"`, r.URL.Path, n, to))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"name": "edge/ubuntu", "tags": tags[from:to]})
	})
}

// manyTags returns n different tags, shuffled.
func manyTags(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		pre := ""
		if i%7 == 0 {
			pre = "-rc." + strconv.Itoa(i%13)
		}
		tags[i] = fmt.Sprintf("k3s-1.%d.%d-v4.%d.%d%s", 25+i/2000, i/200%10, i/20%10, i%20, pre)
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(n, func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	return tags
}

func TestTenThousandTags(t *testing.T) {
	var requests atomic.Int64
	const newest = "k3s-1.29.9-v4.9.19"
	host, _ := serve(t, paged(manyTags(10_000), &requests, anyTag(inMemory())))
	push(t, host+"/edge/ubuntu:seed", registry.Image{})
	requests.Store(0)
	out := clean(t, discover(t, call{config: config{Repository: host + "/edge/ubuntu"}}))
	if len(out.images) != 10_000 {
		t.Fatalf("%d images", len(out.images))
	}
	if out.images[0].Name != newest || out.images[0].Digest == "" || out.images[0].Architecture != "amd64" {
		t.Errorf("the newest is %+v", out.images[0])
	}
	// One ping, ten pages, and two requests for each of the tags it resolves.
	if n := requests.Load(); n > 1+10+2*defaultResolveLimit {
		t.Errorf("%d requests", n)
	}
}

// anyTag answers for every tag with the image that was pushed as "seed".
func anyTag(store http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before, tagName, ok := strings.Cut(r.URL.Path, "/manifests/"); ok && r.Method == http.MethodGet && !strings.HasPrefix(tagName, "sha256:") {
			r.URL.Path = before + "/manifests/seed"
		}
		store.ServeHTTP(w, r)
	})
}

// TestHostAgreesOnTheOrder gives the host's own selection the images without the
// plugin's order.
func TestHostAgreesOnTheOrder(t *testing.T) {
	var requests atomic.Int64
	tags := append(manyTags(3000), "latest", "v1.2.3", "1.2", "v1.2.3-rc.1", "kubeadm-fips-1.30.1-v4.4.0-beta.2",
		"k3s-1.30.1-v4.4.0-patch.9", "k3s-1.30.1-v4.4.0-patch.10", "k3s-1.30.1-v4.4.0", "k3s-1.30.1-v4.4.1")
	host, _ := serve(t, paged(tags, &requests, http.NotFoundHandler()))
	for _, grammar := range []string{"", `k3s-(?P<kubernetesVersion>[\d.]+)-(?P<version>v[\d.]+(?:-rc\.\d+)?)-(?P<customTag>.+)`} {
		out := clean(t, discover(t, call{config: config{Repository: host + "/edge/ubuntu", Resolve: "none", Grammar: grammar}}))
		var want []string
		var images []image.Image
		for _, img := range out.images {
			want = append(want, img.Name)
			images = append(images, image.Image{ID: img.ID, Name: img.Name, Version: img.Version})
		}
		random := rand.New(rand.NewPCG(3, 4))
		random.Shuffle(len(images), func(i, j int) { images[i], images[j] = images[j], images[i] })
		var got []string
		for _, img := range selection.Order(images) {
			got = append(got, img.Name)
		}
		for i := range want {
			if want[i] != got[i] {
				t.Fatalf("grammar %q: at %d the plugin has %s, the host %s", grammar, i, want[i], got[i])
			}
		}
		if last := got[len(got)-3:]; !slices.Equal(last, []string{"latest", "v1.2.3", "v1.2.3-rc.1"}) {
			t.Errorf("tags outside the grammar do not come last, but %q", last)
		}
	}
}

func BenchmarkDiscover(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var requests atomic.Int64
			server, _ := serve(b, paged(manyTags(n), &requests, http.NotFoundHandler()))
			b.ResetTimer()
			for range b.N {
				out := clean(b, discover(b, call{config: config{Repository: server + "/edge/ubuntu", Resolve: "none"}}))
				if len(out.images) != n {
					b.Fatal(len(out.images))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/tag")
		})
	}
}

// When the newest is all that is picked, older tags of a line that was read do not
// travel, unless a newer one lacks an architecture that is asked for.
func TestOnlyTheNewestTravel(t *testing.T) {
	s := registry.NewStore(t)
	var tags []string
	for i := range 5 {
		tags = append(tags, canvosTags(t, fmt.Sprintf("-v4.7.%d", i))...)
	}
	tagAll(t, s, tags)
	s.Image(t, repoName, "k3s-1.30.14-v4.7.4", registry.Manifest{Architecture: "arm64"})
	s.Image(t, repoName, "k3s-1.30.14-v4.7.3", registry.Manifest{Config: []byte("no JSON")})
	hints := sdk.Hints{KubernetesVersions: []string{">=1.20"}, Architectures: []string{"amd64"}, NewestOnly: true}
	c := call{config: config{Repository: s.Host + "/" + repoName, ResolveLimit: 300}, hints: hints}
	out := discover(t, c)
	says(t, out, "1050 of 1315 tags that packs can select are not listed")
	for _, name := range []string{"k3s-1.30.14-v4.7.4", "k3s-1.30.14-v4.7.3", "k3s-1.30.14-v4.7.2"} {
		if !slices.ContainsFunc(out.images, func(i sdk.Image) bool { return i.Name == name && i.Digest != "" }) {
			t.Errorf("%s is not read or not sent", name)
		}
	}
	if find(out.images, "k3s-1.30.14-v4.7.1", "") != nil {
		t.Error("k3s-1.30.14-v4.7.1 travels")
	}
	for name, change := range map[string]func(c *call){
		"more is selected by":              func(c *call) { c.hints.NewestOnly = false },
		"an architecture is not asked for": func(c *call) { c.hints.Architectures = nil },
		"what is read may be damaged":      func(c *call) { c.config.Inspect = true },
		"the limit comes first":            func(c *call) { c.config.ResolveLimit = 1 },
	} {
		other := c
		change(&other)
		out := discover(t, other)
		all := map[string]bool{}
		for _, img := range out.images {
			all[img.Name] = true
		}
		if want := len(tags); len(all) != want && (name != "the limit comes first" || len(all) != want-4) {
			t.Errorf("%s: %d of %d tags travel", name, len(all), want)
		}
	}
}
