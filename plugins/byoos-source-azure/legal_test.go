package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

// Every answer that the plugin reads is varied, one thing at a time, within what
// Azure's models leave open; render must then pick no wrong image, call nothing
// unusable that Azure calls available, and lose nothing without a word.
//
// The estate of testdata/legal has, in each place, a wanted image, an older one that
// is good, and others that are newer and bad. The wanted one comes first.

// legalPlace is a kind of place that a source reads, and what it reads there.
type legalPlace struct {
	config config
	// wanted is the id of the wanted image, and older that of the next best. S stands
	// for the subscription.
	wanted, older string
	// calls are those whose answers the source reads, with the path of one answer.
	// Some are those of verify alone.
	calls map[string]string
	// where tells the wanted image from others that are as new.
	where string
}

const (
	legalGroup   = "/subscriptions/S/resourceGroups/images/providers/Microsoft.Compute"
	legalPublic  = "/CommunityGalleries/public-1/Images/ubuntu/Versions/"
	legalUnique  = "/SharedGalleries/unique-1/Images/ubuntu/Versions/"
	legalBuilder = "/subscriptions/S/resourceGroups/images/providers/Microsoft.VirtualMachineImages/imageTemplates/golden"
	legalRegion  = "/subscriptions/S/providers/Microsoft.Compute/locations/westus2"
)

func legalPlaces() map[string]legalPlace {
	const (
		definition = legalGroup + "/galleries/prod/images/ubuntu"
		wanted     = definition + "/versions/1.2.10"
		older      = definition + "/versions/1.2.9"
		community  = legalRegion + "/communityGalleries/public-1/images"
		shared     = legalRegion + "/sharedGalleries/unique-1/images"
	)
	return map[string]legalPlace{
		"galleries": {
			config{"gallery": "pr*"}, wanted, older,
			map[string]string{
				"GalleriesClient.NewListPager":                          "/subscriptions/S/providers/Microsoft.Compute/galleries",
				"GalleryImagesClient.NewListByGalleryPager":             legalGroup + "/galleries/prod/images",
				"GalleryImageVersionsClient.NewListByGalleryImagePager": definition + "/versions",
				"GalleryImageVersionsClient.Get":                        wanted,
			},
			"",
		},
		"galleries of a group": {
			config{"gallery": "pr*", "resourceGroup": "images"}, wanted, older,
			map[string]string{"GalleriesClient.NewListByResourceGroupPager": legalGroup + "/galleries"},
			"",
		},
		"definition": {
			config{"gallery": "prod", "resourceGroup": "images", "definition": "ubuntu"}, wanted, older,
			map[string]string{"GalleryImagesClient.Get": definition},
			"",
		},
		"template": {
			config{"template": "golden", "resourceGroup": "images"}, wanted, legalGroup + "/images/old",
			map[string]string{
				"VirtualMachineImageTemplatesClient.Get":                    legalBuilder,
				"VirtualMachineImageTemplatesClient.NewListRunOutputsPager": legalBuilder + "/runOutputs",
				"GalleryImageVersionsClient.Get":                            wanted,
				"GalleryImagesClient.Get":                                   definition,
			},
			`image.attributes.runOutput == "gallery"`,
		},
		"managed": {
			config{"resourceGroup": "images"}, legalGroup + "/images/new", legalGroup + "/images/old",
			map[string]string{
				"ImagesClient.NewListByResourceGroupPager": legalGroup + "/images",
				"ImagesClient.Get":                         legalGroup + "/images/new",
			},
			"",
		},
		"managed of a subscription": {
			config{"namePattern": "*"}, legalGroup + "/images/new", legalGroup + "/images/old",
			map[string]string{"ImagesClient.NewListPager": "/subscriptions/S/providers/Microsoft.Compute/images"},
			"",
		},
		"community": {
			config{"communityGallery": "public-1", "locations": []any{"westus2"}}, legalPublic + "1.2.10", legalPublic + "1.2.9",
			map[string]string{
				"CommunityGalleryImagesClient.NewListPager":        community,
				"CommunityGalleryImageVersionsClient.NewListPager": community + "/ubuntu/versions",
			},
			"",
		},
		"community definition": {
			config{"communityGallery": "public-1", "locations": []any{"westus2"}, "definition": "ubuntu"}, legalPublic + "1.2.10", legalPublic + "1.2.9",
			map[string]string{
				"CommunityGalleryImagesClient.Get":        community + "/ubuntu",
				"CommunityGalleryImageVersionsClient.Get": community + "/ubuntu/versions/1.2.10",
			},
			"",
		},
		"shared": {
			config{"sharedGallery": "unique-1", "locations": []any{"westus2"}}, legalUnique + "1.2.10", legalUnique + "1.2.9",
			map[string]string{
				"SharedGalleryImagesClient.NewListPager":        shared,
				"SharedGalleryImageVersionsClient.NewListPager": shared + "/ubuntu/versions",
			},
			"",
		},
		"shared definition": {
			config{"sharedGallery": "unique-1", "locations": []any{"westus2"}, "definition": "ubuntu"}, legalUnique + "1.2.10", legalUnique + "1.2.9",
			map[string]string{
				"SharedGalleryImagesClient.Get":        shared + "/ubuntu",
				"SharedGalleryImageVersionsClient.Get": shared + "/ubuntu/versions/1.2.10",
			},
			"",
		},
	}
}

// legalShapes are the models of the answers.
func legalShapes() map[string]legal.Shape {
	return map[string]legal.Shape{
		"GalleriesClient.NewListPager":                              legal.ShapeOf[armcompute.GalleryList](nil),
		"GalleriesClient.NewListByResourceGroupPager":               legal.ShapeOf[armcompute.GalleryList](nil),
		"GalleryImagesClient.NewListByGalleryPager":                 legal.ShapeOf[armcompute.GalleryImageList](nil),
		"GalleryImagesClient.Get":                                   legal.ShapeOf[armcompute.GalleryImage](nil),
		"GalleryImageVersionsClient.NewListByGalleryImagePager":     legal.ShapeOf[armcompute.GalleryImageVersionList](nil),
		"GalleryImageVersionsClient.Get":                            legal.ShapeOf[armcompute.GalleryImageVersion](nil),
		"ImagesClient.NewListPager":                                 legal.ShapeOf[armcompute.ImageListResult](nil),
		"ImagesClient.NewListByResourceGroupPager":                  legal.ShapeOf[armcompute.ImageListResult](nil),
		"CommunityGalleryImagesClient.NewListPager":                 legal.ShapeOf[armcompute.CommunityGalleryImageList](nil),
		"CommunityGalleryImagesClient.Get":                          legal.ShapeOf[armcompute.CommunityGalleryImage](nil),
		"CommunityGalleryImageVersionsClient.NewListPager":          legal.ShapeOf[armcompute.CommunityGalleryImageVersionList](nil),
		"SharedGalleryImagesClient.NewListPager":                    legal.ShapeOf[armcompute.SharedGalleryImageList](nil),
		"SharedGalleryImagesClient.Get":                             legal.ShapeOf[armcompute.SharedGalleryImage](nil),
		"SharedGalleryImageVersionsClient.NewListPager":             legal.ShapeOf[armcompute.SharedGalleryImageVersionList](nil),
		"ImagesClient.Get":                                          legal.ShapeOf[armcompute.Image](nil),
		"CommunityGalleryImageVersionsClient.Get":                   legal.ShapeOf[armcompute.CommunityGalleryImageVersion](nil),
		"SharedGalleryImageVersionsClient.Get":                      legal.ShapeOf[armcompute.SharedGalleryImageVersion](nil),
		"VirtualMachineImageTemplatesClient.Get":                    legal.ShapeOf[vmib.ImageTemplate](nil),
		"VirtualMachineImageTemplatesClient.NewListRunOutputsPager": legal.ShapeOf[vmib.RunOutputCollection](nil),
	}
}

// legalCase is one variation, tried by one source and one pack, both of which have
// the name of its subscription.
type legalCase struct {
	name   string // of the subscription
	place  string
	vary   *fakeazure.Varied
	change string
	// harmless changes leave every fact as it is: nothing may change at all.
	harmless bool
}

func (c legalCase) String() string { return c.place + ": " + c.vary.Call + " " + c.change }

// ofVerify says whether verify asks for the answer that is varied.
func (c legalCase) ofVerify() bool {
	return strings.HasSuffix(c.vary.Call, ".Get") && !strings.HasPrefix(c.vary.Call, "VirtualMachineImageTemplates")
}

// saidByList says whether the list of versions has what the answer for one leaves
// out: all but its replication status.
func (c legalCase) saidByList() bool {
	return c.place == "galleries" && c.vary.Call == "GalleryImageVersionsClient.Get" &&
		strings.HasPrefix(c.change, "without ") && !strings.Contains(c.change, "replicationStatus") && !strings.HasSuffix(c.change, " properties")
}

// hasKubernetes says whether the images of a place tell their Kubernetes version, so that
// packs can select by it.
func (c legalCase) hasKubernetes() bool {
	return strings.HasPrefix(c.place, "galleries") || c.place == "definition"
}

func (c legalCase) id(s string) string {
	return strings.ReplaceAll(s, "/subscriptions/S/", "/subscriptions/"+c.name+"/")
}

func legalEstate(t *testing.T, bad bool) *fakeazure.Estate {
	t.Helper()
	text, err := os.ReadFile("testdata/legal/estate.json")
	if err != nil {
		t.Fatal(err)
	}
	e, err := fakeazure.ParseEstate(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bad {
		withoutBad(e)
	}
	// The rest of each model's fields, so that each is there to be left out.
	for _, v := range e.Galleries {
		for _, d := range v.Definitions {
			fill(d.Image)
			fill(d.Versions)
		}
	}
	for _, g := range e.CommunityGalleries {
		for _, d := range g.Definitions {
			fill(d.Image)
			fill(d.Versions)
		}
	}
	for _, g := range e.SharedGalleries {
		for _, d := range g.Definitions {
			fill(d.Image)
			fill(d.Versions)
		}
	}
	fill(e.Images)
	for _, template := range e.Templates {
		fill(template.Template)
		fill(template.Outputs)
		for _, o := range template.Outputs {
			o.Properties.ArtifactURI = nil // an output is one or the other
		}
	}
	return e
}

// withoutBad keeps the wanted images and the older ones.
func withoutBad(e *fakeazure.Estate) {
	e.Galleries = e.Galleries[:1]
	for i := range e.Galleries {
		e.Galleries[i].Definitions = e.Galleries[i].Definitions[:1]
		d := &e.Galleries[i].Definitions[0]
		d.Versions = d.Versions[:2]
	}
	for i := range e.CommunityGalleries {
		g := &e.CommunityGalleries[i]
		g.Definitions = g.Definitions[:1]
		g.Definitions[0].Versions = g.Definitions[0].Versions[:2]
	}
	for i := range e.SharedGalleries {
		g := &e.SharedGalleries[i]
		g.Definitions = g.Definitions[:1]
		g.Definitions[0].Versions = g.Definitions[0].Versions[:2]
	}
	e.Images = e.Images[:2]
}

// fill sets every field of a model that has no value. What lies deeper than any
// field that a source reads comes and goes with what holds it.
func fill(model any) { fillValue(reflect.ValueOf(model), 0) }

func fillValue(v reflect.Value, depth int) {
	const deepest = 9
	if depth > deepest {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			if !v.CanSet() {
				return
			}
			v.Set(reflect.New(v.Type().Elem()))
			if v.Elem().Type() == reflect.TypeFor[time.Time]() {
				v.Elem().Set(reflect.ValueOf(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)))
				return
			}
			if v.Elem().Kind() == reflect.String {
				v.Elem().SetString("x")
				return
			}
		}
		fillValue(v.Elem(), depth+1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fillValue(v.Field(i), depth+1)
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() && v.Type().Elem().Kind() == reflect.Pointer {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			fillValue(v.Index(i), depth+1)
		}
	case reflect.Map:
		if v.IsNil() && v.CanSet() && v.Type().Elem().Kind() == reflect.Pointer {
			value := reflect.New(v.Type().Elem()).Elem()
			fillValue(value, depth+1)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf("x").Convert(v.Type().Key()), value)
		}
	}
}

// answer asks the fake for one answer.
func answer(t *testing.T, w *world, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL()+path+"?api-version=1&%24expand=ReplicationStatus", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer fake-azure-token")
	resp, err := w.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", path, resp.Status, err, body)
	}
	return body
}

// legalCases are all variations of all answers. firstOnly varies the wanted image
// alone; else all of them are varied alike.
func legalCases(t *testing.T, w *world, firstOnly bool) []legalCase {
	t.Helper()
	places, shapes := legalPlaces(), legalShapes()
	var cases []legalCase
	add := func(place, change string, harmless bool, v *fakeazure.Varied) {
		c := legalCase{fmt.Sprintf("v%d", len(cases)), place, v, change, harmless}
		if apply := v.Apply; apply != nil {
			v.Apply = func(body []byte) ([]byte, error) {
				changed, err := apply(body)
				return []byte(c.id(string(changed))), err
			}
		}
		cases = append(cases, c)
	}
	for _, place := range slices.Sorted(maps.Keys(places)) {
		p := places[place]
		for _, call := range slices.Sorted(maps.Keys(p.calls)) {
			shape, known := shapes[call]
			if !known {
				t.Fatalf("no model for %s", call)
			}
			body := answer(t, w, p.calls[call])
			o := shape.Options()
			o.FirstOnly = firstOnly
			o.Required = func(path string) bool { return path == "value" }
			o.Loose = func(path string) bool { return shape[path].Enum || looseText(path) }
			if foreign := legalForeign()[call]; firstOnly && foreign != nil {
				o.Foreign = map[string][]string{"value": foreign}
			}
			variations, err := legal.Variations(o, body)
			if err != nil {
				t.Fatalf("%s: %v", call, err)
			}
			for _, v := range variations {
				if !firstOnly && !strings.HasPrefix(v.Name, "without ") {
					continue // nothing that the other estate does not try
				}
				harmless := !strings.HasPrefix(v.Name, "without ") && !strings.HasPrefix(v.Name, "unknown value ")
				varied := &fakeazure.Varied{Call: call, Apply: v.Apply}
				if firstOnly && strings.HasSuffix(call, ".Get") {
					varied.Path = path.Base(p.calls[call])
				}
				add(place, v.Name, harmless, varied)
			}
			if firstOnly && strings.HasSuffix(call, "Pager") {
				add(place, "one item a page", true, &fakeazure.Varied{Call: call, PageSize: 1})
				add(place, "an empty page before each", true, &fakeazure.Varied{Call: call, PageSize: 1, EmptyPages: true})
			}
		}
	}
	return cases
}

// legalForeign are objects of other places, newer than the wanted image, that stand
// beside those that were asked for.
func legalForeign() map[string][]string {
	const version = `,"name":"9.9.9","location":"westus2","properties":{"provisioningState":"Succeeded",` +
		`"publishingProfile":{"publishedDate":"2026-07-01T00:00:00Z","targetRegions":[{"name":"westus2"}]}}}`
	const linux = `,"location":"westus2","properties":{"osType":"Linux","osState":"Generalized"}}`
	const managed = `,"name":"newer","location":"westus2","systemData":{"createdAt":"2026-07-01T00:00:00Z"},` +
		`"properties":{"provisioningState":"Succeeded","storageProfile":{"osDisk":{"osType":"Linux","osState":"Generalized"}}}}`
	const shared = `,"name":"9.9.9","location":"westus2","properties":{"publishedDate":"2026-07-01T00:00:00Z"}}`
	otherGroup := strings.Replace(legalGroup, "/images/", "/other/", 1)
	otherSubscription := strings.Replace(legalGroup, "/S/", "/T/", 1)
	return map[string][]string{
		"GalleriesClient.NewListByResourceGroupPager": {`{"id":"` + otherGroup + `/galleries/prod2","name":"prod2","location":"westus2"}`},
		"GalleryImagesClient.NewListByGalleryPager":   {`{"id":"` + otherGroup + `/galleries/lab/images/ubuntu2","name":"ubuntu2"` + linux},
		"GalleryImageVersionsClient.NewListByGalleryImagePager": {
			`{"id":"` + legalGroup + `/galleries/prod/images/other/versions/9.9.9"` + version,
			`{"id":"` + otherGroup + `/galleries/prod/images/ubuntu/versions/9.9.9"` + version,
		},
		"ImagesClient.NewListByResourceGroupPager": {`{"id":"` + otherGroup + `/images/newer"` + managed, `{"id":"` + otherSubscription + `/images/newer"` + managed},
		"ImagesClient.NewListPager":                {`{"id":"` + otherSubscription + `/images/newer"` + managed},
		"CommunityGalleryImageVersionsClient.NewListPager": {
			`{"identifier":{"uniqueId":"/CommunityGalleries/public-1/Images/other/Versions/9.9.9"}` + shared,
			`{"identifier":{"uniqueId":"/CommunityGalleries/public-2/Images/ubuntu/Versions/9.9.9"}` + shared,
		},
		"SharedGalleryImageVersionsClient.NewListPager": {`{"identifier":{"uniqueId":"/SharedGalleries/unique-2/Images/ubuntu/Versions/9.9.9"}` + shared},
		"VirtualMachineImageTemplatesClient.NewListRunOutputsPager": {
			`{"id":"` + strings.Replace(legalBuilder, "/golden", "/other", 1) + `/runOutputs/x","name":"x","properties":{"provisioningState":"Succeeded","artifactId":"` +
				legalGroup + `/images/new"}}`,
		},
	}
}

// looseText tells which texts that are no enum in the models Azure writes in any
// letter case: ids, regions, and states that the models have as plain texts.
func looseText(path string) bool {
	for _, end := range []string{".id", "Id", "ID", "location", "region", "targetRegions[].name", "provisioningState", "type", "features[].value", "features[].name"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return path == "id"
}

type legalPick struct {
	Name    string
	Picked  *image.Image
	Ranked  []image.Image
	Dropped []struct {
		Image        image.Image
		Rule, Reason string
	}
	Notes []string
	Error string
}

// legalRun runs kubectl-byoos in dir.
func legalRun(t *testing.T, w *world, dir string, args ...string) (stdout []byte, stderr string) {
	t.Helper()
	stdout, stderr, _ = legalExit(t, w, dir, args...)
	return stdout, stderr
}

// legalExit is legalRun with the exit code.
func legalExit(t *testing.T, w *world, dir string, args ...string) (stdout []byte, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "kubectl-byoos"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &err
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var exit *exec.ExitError
	if failed := cmd.Run(); failed != nil && !errors.As(failed, &exit) {
		t.Fatalf("%s: %v", args[0], failed)
	}
	return out.Bytes(), err.String(), cmd.ProcessState.ExitCode()
}

func legalItems[T any](t *testing.T, text []byte) []T {
	t.Helper()
	var list struct{ Items []T }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	return list.Items
}

// legalSpec writes a spec with a source and a pack for each case.
func legalSpec(t *testing.T, dir string, cases []legalCase) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "byoos.yaml"), legalText(t, cases), 0o600); err != nil {
		t.Fatal(err)
	}
}

func legalText(t *testing.T, cases []legalCase) []byte {
	t.Helper()
	type object = map[string]any
	var sources, packs []object
	places := legalPlaces()
	for _, c := range cases {
		conf := maps.Clone(places[c.place].config)
		conf["subscription"] = c.name
		sources = append(sources, object{"name": c.name, "type": "azure", "config": conf})
		sel := object{"provider": "azure", "region": "westus2", "architecture": "amd64"}
		if c.hasKubernetes() {
			sel["kubernetesVersion"] = "~1.31"
		}
		if where := places[c.place].where; where != "" {
			sel["where"] = where
		}
		packs = append(packs, object{
			"name": c.name, "pack": "generic-byoi", "sources": []string{c.name},
			"select": sel, "values": object{"osName": "ubuntu", "osVersion": "24.04"},
		})
	}
	text, err := json.Marshal(object{"apiVersion": "byoos.dev/v1alpha1", "kind": "ImageSet", "sources": sources, "packs": packs})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestLegalAnswers(t *testing.T) {
	for name, tt := range map[string]struct{ bad, firstOnly bool }{
		"the wanted image among bad ones": {true, true},
		"all images alike":                {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{Estate: legalEstate(t, tt.bad)}, nil)
			cases := legalCases(t, w, tt.firstOnly)
			asked := slices.DeleteFunc(slices.Clone(cases), func(c legalCase) bool { return !tt.firstOnly || !c.ofVerify() })
			var wanted map[string]image.Image
			if len(asked) > 0 {
				wanted = pickAll(t, w, asked)
			}
			varied := map[string]*fakeazure.Varied{}
			for _, c := range cases {
				varied[c.name] = c.vary
			}
			w.Vary(varied)
			if len(asked) > 0 {
				checkVerify(t, w, wanted, asked)
			}
			dir := t.TempDir()
			legalSpec(t, dir, cases)
			checkPicks(t, w, dir, cases)
			if tt.firstOnly {
				checkUnused(t, w)
				checkSame(t, w, cases)
			}
			t.Logf("%d variations: %s", len(cases), kinds(cases))
		})
	}
}

// kinds counts the changes by their kind.
func kinds(cases []legalCase) string {
	count := map[string]int{}
	for _, c := range cases {
		kind, _, _ := strings.Cut(c.change, " ")
		if before, _, found := strings.Cut(c.change, " of "); found {
			kind = before
		}
		count[kind]++
	}
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		all = append(all, fmt.Sprintf("%s %d", kind, count[kind]))
	}
	return strings.Join(all, ", ")
}

// pickAll returns the wanted image of every case, as it is while nothing is varied yet.
func pickAll(t *testing.T, w *world, cases []legalCase) map[string]image.Image {
	t.Helper()
	dir := t.TempDir()
	legalSpec(t, dir, cases)
	plain := map[string]*fakeazure.Varied{}
	for _, c := range cases {
		plain[c.name] = &fakeazure.Varied{}
	}
	w.Vary(plain)
	out, stderr := legalRun(t, w, dir, "explain", "-o", "json")
	wanted := map[string]image.Image{}
	for _, p := range legalItems[legalPick](t, out) {
		if p.Picked == nil {
			t.Fatalf("%s: nothing is picked: %s", p.Name, stderr)
		}
		wanted[p.Name] = *p.Picked
	}
	return wanted
}

// checkUnused fails where a variation was never seen: it proves nothing.
func checkUnused(t *testing.T, w *world) {
	t.Helper()
	if unused := w.Unused(); len(unused) > 0 {
		t.Errorf("%d variations met no answer, such as %v", len(unused), unused[:min(5, len(unused))])
	}
}

// checkPicks holds what is picked, and what is rendered, against the invariant.
func checkPicks(t *testing.T, w *world, dir string, cases []legalCase) {
	t.Helper()
	began := time.Now()
	out, stderr := legalRun(t, w, dir, "explain", "--ignore-lock", "--allow-partial", "-o", "json")
	t.Logf("explain took %s", time.Since(began).Round(time.Millisecond))
	picks := map[string]legalPick{}
	for _, p := range legalItems[legalPick](t, out) {
		picks[p.Name] = p
	}
	spoken := map[string]string{}
	for _, line := range strings.Split(stderr, "\n") {
		if strings.HasSuffix(line, "that are not Linux: windows") {
			continue // said without any variation
		}
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ':' || r == ',' || r == '"' }) {
			if _, is := picks[word]; is {
				spoken[word] += line + "\n"
			}
		}
	}
	for _, c := range cases {
		if problem := c.check(picks[c.name], spoken[c.name]); problem != "" {
			t.Errorf("%s (%s): %s\nsaid: %s\nnotes: %v", c, c.name, problem, spoken[c.name], picks[c.name].Notes)
		}
	}
}

func (c legalCase) check(p legalPick, said string) string {
	place := legalPlaces()[c.place]
	wanted, older := c.id(place.wanted), c.id(place.older)
	is := func(img *image.Image, id string) bool { return img != nil && strings.EqualFold(img.ID, id) }
	// What explain alone has is no word to somebody who renders; an error, which ends that, is.
	told := said != "" || len(p.Notes) > 0 || p.Error != ""
	state, reason := "", ""
	for _, d := range p.Dropped {
		if is(&d.Image, wanted) && d.Image.Region == "westus2" {
			state, reason = string(d.Image.State), d.Rule+": "+d.Reason
		}
	}
	switch {
	case p.Picked != nil && !is(p.Picked, wanted) && !is(p.Picked, older):
		return "a wrong pick: " + p.Picked.ID
	case c.harmless && !is(p.Picked, wanted):
		return fmt.Sprintf("nothing was taken away, and the wanted image is not picked, but %v: %s", p.Picked, p.Error)
	case c.saidByList() && !is(p.Picked, wanted):
		return fmt.Sprintf("the list says what was taken away, and the wanted image is not picked, but %v: %s", p.Picked, p.Error)
	case c.harmless && p.Picked.State != image.Available:
		return "the wanted image is " + string(p.Picked.State) + ": " + p.Picked.StateReason
	case c.harmless && said != "" && !strings.HasPrefix(c.change, "foreign element"):
		return "something is told where nothing is wrong"
	case !is(p.Picked, wanted) && !told:
		return fmt.Sprintf("the wanted image is lost without a word (%s); picked %v", reason, p.Picked)
	case !strings.HasPrefix(c.change, "unknown value") && slices.Contains([]string{"failed", "disabled", "gone", "unusable"}, state):
		return "what Azure calls available is " + state
	case p.Picked != nil && p.Picked.State == image.StateUnset && p.Picked.StateReason == "":
		return "the state is unknown, and no reason is told"
	}
	return ""
}

// checkSame runs images and render for some of the cases: they know what explain
// knows, so all cases need not be tried again.
func checkSame(t *testing.T, w *world, cases []legalCase) {
	t.Helper()
	const every = 100
	dir := t.TempDir()
	var few []legalCase
	for i := 0; i < len(cases); i += every {
		few = append(few, cases[i])
	}
	legalSpec(t, dir, few)
	found := map[string]map[string]bool{}
	out, _ := legalRun(t, w, dir, "images", "--all", "--allow-partial", "-o", "json")
	for _, i := range legalItems[image.Image](t, out) {
		if found[i.Source] == nil {
			found[i.Source] = map[string]bool{}
		}
		found[i.Source][strings.ToLower(i.ID)] = true
	}
	out, _ = legalRun(t, w, dir, "explain", "--allow-partial", "-o", "json")
	for _, p := range legalItems[legalPick](t, out) {
		if p.Picked == nil {
			continue
		}
		if !found[p.Name][strings.ToLower(p.Picked.ID)] {
			t.Errorf("%s: images does not list %s, which explain picks", p.Name, p.Picked.ID)
		}
		rendered, stderr := legalRun(t, w, dir, "render", "--allow-partial", p.Name)
		if !strings.Contains(string(rendered), `"`+p.Picked.ID+`"`) {
			t.Errorf("%s: render gives not %s, which explain picks, but\n%s%s", p.Name, p.Picked.ID, rendered, stderr)
		}
		for _, note := range p.Notes {
			if !strings.Contains(stderr, note) {
				t.Errorf("%s: render does not say %q", p.Name, note)
			}
		}
	}
}

// checkVerify asks what became of the wanted images: they are all there, and none is
// called stale. One of which the answer leaves out how it is may be open. Each case has
// a spec of its own, as all sources of one are asked for an image.
func checkVerify(t *testing.T, w *world, wanted map[string]image.Image, cases []legalCase) {
	t.Helper()
	began := time.Now()
	for _, c := range cases {
		document, err := spec.Parse("byoos.yaml", legalText(t, []legalCase{c}), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		p := &pipeline.Pipeline{Document: document, Plugins: w.host, Now: began, Report: func(source.Diagnostic) {}}
		got, err := p.Verify(t.Context(), w.host, []pipeline.Subject{{Pack: c.name, Source: c.name, Image: wanted[c.name]}})
		if err != nil {
			t.Errorf("%s: %v", c, err)
			continue
		}
		v := got[0]
		unsaid := strings.HasPrefix(c.change, "without") && v.Status == pipeline.StatusUnknown &&
			len(v.Reasons) == 1 && strings.HasPrefix(v.Reasons[0], "whether it is available is not known: ")
		if v.Status == pipeline.StatusOK || unsaid || strings.HasPrefix(c.change, "unknown value") && len(v.Reasons) > 0 {
			continue
		}
		t.Errorf("%s: verify says %s %v", c, v.Status, v.Reasons)
	}
	t.Logf("verify took %s", time.Since(began).Round(time.Millisecond))
}
