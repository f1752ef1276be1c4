package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

const (
	awsOld      = "ami-00000000000000001"
	awsOlder    = "ami-00000000000000004"
	awsWanted   = "ami-00000000000000002"
	awsDisabled = "ami-00000000000000003"
	awsStranger = "ami-00000000000000006"
)

// awsWorld has a pipeline of three builds of two versions, and what stands beside it: another
// pipeline and image, a newer AMI that is disabled, and a stranger's newest.
func awsWorld() fakeaws.World {
	tags := func(kubernetes string) map[string]string {
		return map[string]string{"team": "x", "distribution": "Ubuntu", "distribution_version": "24.04", "kubernetes_version": kubernetes}
	}
	ami := func(id, name, created string) fakeaws.AMI {
		return fakeaws.AMI{Region: "us-east-1", ID: id, Name: name, CreationDate: created, Tags: tags("v1.30.2")}
	}
	disabled := ami(awsDisabled, "golden-3", "2026-06-03T00:00:00.000Z")
	disabled.State = "disabled"
	stranger := ami(awsStranger, "golden-6", "2026-06-06T00:00:00.000Z")
	stranger.Owner, stranger.Public = "666666666666", true
	build := func(pipeline, name, version string, n int, id, created string) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Pipeline: pipeline, Name: name, Version: version, Build: n, OSVersion: "Ubuntu 24", DateCreated: created,
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id}},
		}
	}
	return fakeaws.World{
		Regions:   []fakeaws.Region{{Name: "us-east-1"}, {Name: "eu-west-1"}},
		Roles:     []fakeaws.Role{{ARN: "arn:aws:iam::111122223333:role/reader"}},
		Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "Golden"}, {Region: "us-east-1", Name: "Other"}},
		Builds: []fakeaws.Build{
			build("Golden", "golden", "1.0.0", 1, awsOlder, "2026-05-31T00:00:00Z"),
			build("Golden", "golden", "1.1.0", 1, awsOld, "2026-06-01T00:00:00Z"), build("Golden", "golden", "1.1.0", 2, awsWanted, "2026-06-02T00:00:00Z"),
			build("Other", "other", "1.0.0", 9, "ami-00000000000000009", "2026-06-05T00:00:00Z"),
		},
		AMIs: []fakeaws.AMI{
			ami(awsOlder, "golden-0", "2026-05-31T00:00:00.000Z"), ami(awsOld, "golden-1", "2026-06-01T00:00:00.000Z"), ami(awsWanted, "golden-2", "2026-06-02T00:00:00.000Z"),
			ami("ami-00000000000000009", "other-9", "2026-06-05T00:00:00.000Z"), disabled, stranger,
		},
		Parameters: []fakeaws.Parameter{{Region: "us-east-1", Name: "/aws/service/golden", Value: awsWanted}},
	}
}

const awsSpec = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: search, type: aws, config: {regions: all-enabled, ami: {namePattern: "golden-*"}, callTimeout: 20s}}
  - {name: pipeline, type: aws, config: {imageBuilder: {pipeline: Golden, region: us-east-1}, callTimeout: 20s}}
  - {name: image, type: aws, config: {imageBuilder: {image: golden, region: us-east-1}, callTimeout: 20s}}
  - {name: build, type: aws, config: {imageBuilder: {image: "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.1.0/2"}, callTimeout: 20s}}
  - {name: parameter, type: aws, config: {regions: us-east-1, ssmParameter: /aws/service/golden, roleArn: "arn:aws:iam::111122223333:role/reader", callTimeout: 20s}}
packs:
`

// awsRun is one run of the program's main path against one way to answer.
type awsRun struct {
	t      *testing.T
	dir    string
	server *httptest.Server
	home   string
	// spoke says that a command wrote a message.
	spoke  bool
	faults []string
}

func (r *awsRun) errorf(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *awsRun) byoos(pack string, args ...string) (stdout, stderr string, code int) {
	r.t.Helper()
	bin := os.Getenv("BYOOS_E2E_BIN")
	cmd := exec.CommandContext(r.t.Context(), filepath.Join(bin, "kubectl-byoos"), append(args, "-f", filepath.Join(r.dir, pack+".yaml"))...)
	cmd.Env = []string{
		"HOME=" + r.home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=dummy-secret-access-key", "AWS_MAX_ATTEMPTS=2",
	}
	for _, service := range []string{"EC2", "IMAGEBUILDER", "SSM", "STS"} {
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_"+service+"="+r.server.URL)
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	r.spoke = r.spoke || errOut.Len() > 0
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// awsImage is what the test looks at in images -o json.
type awsImage struct {
	ID, Source, State, StateReason, Withheld string
}

// refused says that the image is no candidate.
func (i awsImage) refused() bool { return i.State != "available" && i.State != "" || i.Withheld != "" }

func (r *awsRun) images() (map[string]awsImage, string, int) {
	r.t.Helper()
	out, errOut, code := r.byoos("all", "images", "--all", "-o", "json")
	var list struct{ Items []awsImage }
	if code == 0 {
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			r.t.Fatalf("%v: %s", err, out)
		}
	}
	images := map[string]awsImage{}
	for _, img := range list.Items {
		images[img.Source+" "+img.ID] = img
	}
	return images, errOut, code
}

var overrideForm = regexp.MustCompile(`osImageOverride: "?([^"\n]*)`)

// refusal is a variation in which the service itself does not say that an AMI is
// available any more, so it need not be.
var refusal = regexp.MustCompile(`^(` + strings.Join([]string{
	`unknown value of imagesSet\[\]\.(imageState|architecture)`, // a state or a machine that nobody knows yet
	`without imagesSet(\[\]\.imageId)?`,                         // EC2 shows nothing, or nothing by that id
	`without imageSummaryList`,                                  // there is no build
	`unknown value of .*\.state\.status`,
}, "|") + `)$`)

// nothing is a variation in which the service says that there is none: a list that
// is absent is an empty one.
var nothing = regexp.MustCompile(`^without (imagesSet|imageSummaryList)$`)

// judge runs images, render and verify and returns how the right answer or the
// word on its lack came about.
func (r *awsRun) judge(operation, variation string, before map[string]awsImage, packs []string) string {
	r.t.Helper()
	images, errOut, code := r.images()
	r.told("images", errOut, code)
	if code == 0 {
		r.judgeImages(variation, before, images, errOut)
	}
	verdict := "right"
	for _, pack := range packs {
		out, errOut, code := r.byoos(pack, "render")
		r.told("render", errOut, code)
		if code != 0 {
			verdict = "told"
			continue
		}
		picked := overrideForm.FindStringSubmatch(out)
		switch {
		case picked == nil, !slices.Contains(allowed(variation), picked[1]):
			r.errorf("%s: wrong pick: %s%s", pack, out, errOut)
		case picked[1] != awsWanted && strings.TrimSpace(errOut) == "": // the plain run writes no message
			r.errorf("%s: another image is picked without a word: %s", pack, out)
		case picked[1] != awsWanted:
			verdict = "told"
		}
	}
	if service, _, _ := strings.Cut(operation, ":"); service != "ec2" && operation != "imagebuilder:GetImage" && service != "" {
		return verdict // verify does not ask it
	}
	out, errOut, code := r.byoos("all", "verify")
	r.told("verify", errOut+out, code)
	if code != 0 {
		verdict = "told"
	}
	if code == 1 && strings.Contains(out, " stale ") && !refusal.MatchString(variation) {
		r.errorf("verify calls an available image stale: %s%s", out, errOut)
	}
	return verdict
}

// allowed are the picks that a variation may lead to: the wanted one, an older one where
// something is told, or one of which EC2 no longer says that it is disabled.
func allowed(variation string) []string {
	ids := []string{awsWanted, awsOld, awsOlder}
	if variation == "without imagesSet[].imageState" {
		ids = append(ids, awsDisabled)
	}
	return ids
}

func (r *awsRun) judgeImages(variation string, before, after map[string]awsImage, errOut string) {
	for key, was := range before {
		is, there := after[key]
		switch {
		case !there && errOut == "" && !nothing.MatchString(variation):
			r.errorf("images: %s is lost without a word", key)
		case !there:
		case !was.refused() && is.refused() && !refusal.MatchString(variation):
			r.errorf("images: %s is %s: %s%s", key, is.State, is.StateReason, is.Withheld)
		case !was.refused() && is.refused() && is.StateReason+is.Withheld == "":
			r.errorf("images: %s is %s without a reason", key, is.State)
		case was.ID == awsStranger && is.Withheld == "":
			r.errorf("images: the stranger's AMI is offered: %q", is.State)
		}
	}
}

// told fails when a command that did not succeed says nothing, or too much.
func (r *awsRun) told(command, said string, code int) {
	r.t.Helper()
	if code != 0 && strings.TrimSpace(said) == "" {
		r.errorf("%s ends with %d without a word", command, code)
	}
	if strings.Contains(said, "panic") || strings.Contains(said, "goroutine ") {
		r.errorf("%s: %s", command, said)
	}
}

func awsPacks() []string { return []string{"search", "pipeline", "image", "build", "parameter"} }

// packsOf are the packs whose sources use an action.
func packsOf(operation string) []string {
	switch operation {
	case "ec2:DescribeImages":
		return []string{"search", "pipeline", "parameter"}
	case "ec2:DescribeRegions":
		return []string{"search"}
	case "imagebuilder:GetImage":
		return []string{"build"}
	case "imagebuilder:ListImagePipelines", "imagebuilder:ListImagePipelineImages":
		return []string{"pipeline"}
	case "imagebuilder:ListImages", "imagebuilder:ListImageBuildVersions":
		return []string{"image"}
	case "sts:GetCallerIdentity":
		return []string{"search", "pipeline"}
	}
	return []string{"parameter"}
}

func awsFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var all strings.Builder
	for _, pack := range awsPacks() {
		line := fmt.Sprintf("  - {name: %s, pack: generic-byoi, sources: [%s], select: {provider: aws, region: us-east-1}, values: {osName: ubuntu, osVersion: \"24.04\"}}\n", pack, pack)
		all.WriteString(line)
		if err := os.WriteFile(filepath.Join(dir, pack+".yaml"), []byte(awsSpec+line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(awsSpec+all.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func serve(t *testing.T, world fakeaws.World, wrap func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	fake, err := fakeaws.New(world, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wrap(fake))
	t.Cleanup(server.Close)
	t.Cleanup(fake.Close)
	return server
}

// awsOptions are what the description of an action leaves open.
func awsOptions(operation string, firstOnly bool) legal.Options {
	options := fakeaws.Shape(operation).Options()
	options.FirstOnly = firstOnly
	switch operation {
	case "imagebuilder:ListImagePipelines":
		options.Foreign = map[string][]string{"imagePipelineList": {
			`{"arn": "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/golden-two", "name": "Golden two"}`, `{}`,
		}}
	case "imagebuilder:ListImages":
		options.Foreign = map[string][]string{"imageVersionList": {
			`{"arn": "arn:aws:imagebuilder:us-east-1:111122223333:image/golden-two/9.0.0", "name": "golden two", "version": "9.0.0"}`, `{}`,
		}}
	case "imagebuilder:ListImagePipelineImages", "imagebuilder:ListImageBuildVersions":
		options.Foreign = map[string][]string{"imageSummaryList": {
			`{"arn": "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.0.0/3", "type": "DOCKER", "version": "1.0.0/3"}`, `{}`,
		}}
	}
	return options
}

// tally counts what became of the variations of an action.
type tally struct {
	mu    sync.Mutex
	rows  map[string]map[string]int
	named map[string][]string
}

func (c *tally) add(operation, variation, verdict string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows[operation] == nil {
		c.rows[operation] = map[string]int{}
	}
	c.rows[operation][verdict]++
	if verdict == "told" {
		c.named[operation] = append(c.named[operation], variation)
	}
}

func (c *tally) log(t *testing.T) {
	t.Helper()
	t.Log("| action | variations | the right pick | told |")
	for _, operation := range sortedKeys(c.rows) {
		row := c.rows[operation]
		t.Logf("| %s | %d | %d | %d |", operation, row["right"]+row["told"], row["right"], row["told"])
		slices.Sort(c.named[operation])
		t.Logf("  told: %s", strings.Join(c.named[operation], "; "))
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// TestAWSLegalAnswers runs images, render and verify while AWS answers with all
// that its description leaves open. What changes what the program says is tried
// one thing at a time.
func TestAWSLegalAnswers(t *testing.T) {
	trial := awsTrial{dir: awsFiles(t), home: t.TempDir(), counts: &tally{rows: map[string]map[string]int{}, named: map[string][]string{}}}
	cases := trial.plain(t)
	t.Run("variations", func(t *testing.T) {
		for name, group := range awsGroups(cases) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				trial.try(t, group)
			})
		}
		trial.listings(t)
	})
	trial.counts.log(t)
}

// plain runs the main path as the service usually answers, and returns what may vary.
func (a *awsTrial) plain(t *testing.T) []awsCase {
	t.Helper()
	var recorder *legal.Recorder
	plain := &awsRun{t: t, dir: a.dir, home: a.home, server: serve(t, awsWorld(), func(fake http.Handler) http.Handler {
		recorder = &legal.Recorder{Next: fakeaws.Complete(fake), Operation: fakeaws.Operation}
		return recorder
	})}
	before, errOut, code := plain.images()
	if code != 0 || errOut != "" {
		t.Fatalf("images: %d %s", code, errOut)
	}
	if _, errOut, code := plain.byoos("all", "lock"); code != 0 {
		t.Fatalf("lock: %d %s", code, errOut)
	}
	plain.spoke = false // of the file that it wrote
	if verdict := plain.judge("", "", before, awsPacks()); verdict != "right" || plain.spoke || len(plain.faults) > 0 {
		t.Fatalf("as the service usually answers: %s, %v", verdict, plain.faults)
	}
	a.before = before
	return awsCases(t, recorder.Answers())
}

// listings tries lists in other pages and another order.
func (a awsTrial) listings(t *testing.T) {
	t.Helper()
	for name, change := range map[string]func(*fakeaws.World){
		"short pages":           func(w *fakeaws.World) { w.PageSize = 1 },
		"empty pages":           func(w *fakeaws.World) { w.EmptyPages = true },
		"short and empty pages": func(w *fakeaws.World) { w.PageSize, w.EmptyPages = 1, true },
		"another order":         func(w *fakeaws.World) { w.Seed = 7 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := awsWorld()
			change(&world)
			run := &awsRun{t: t, dir: a.dir, server: serve(t, world, fakeaws.Complete), home: a.home}
			verdict := run.judge("", name, a.before, awsPacks())
			a.counts.add("every listing", name, verdict)
			if verdict != "right" || len(run.faults) > 0 {
				t.Error(verdict, run.faults)
			}
		})
	}
}
