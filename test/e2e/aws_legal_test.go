package e2e

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

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
