package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

// awsCase is an action whose answers are varied in one way.
type awsCase struct {
	operation string
	variation legal.Variation
	firstOnly bool
}

// name is that of the variation, without the action.
func (c awsCase) name() string {
	if c.firstOnly {
		return c.variation.Name + " in the first"
	}
	return c.variation.Name
}

// awsCases are all variations of the answers that a plain run got.
func awsCases(t *testing.T, answers map[string][][]byte) []awsCase {
	t.Helper()
	var cases []awsCase
	for _, operation := range sortedKeys(answers) {
		for _, firstOnly := range []bool{false, true} {
			variations, err := legal.Variations(awsOptions(operation, firstOnly), answers[operation]...)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range variations {
				if firstOnly && (!strings.Contains(v.Name, "[]") || operation == "imagebuilder:ListImagePipelines") {
					continue // the same as before, or a list of one
				}
				cases = append(cases, awsCase{operation, v, firstOnly})
			}
		}
	}
	return cases
}

// tells are the variations that may change what the program says: all that takes away
// an id, a place or the word that an image is there. No other may.
var tells = regexp.MustCompile(`^(` + strings.Join([]string{
	`unknown value of (.*\.state\.status|imagesSet\[\]\.(architecture|imageState))`,
	`without (image|.*outputResources|.*outputResources\.amis|.*outputResources\.amis\[\]\.image)`,
	`without (imagesSet|imageSummaryList|imagePipelineList|imageVersionList|regionInfo|Parameters|AssumeRoleResult)`,
	`without (image(Pipeline|Version)List\[\]\.arn|regionInfo\[\]\.regionName|Parameters\[\]\.Value|AssumeRoleResult\.Credentials)`,
	`without imagesSet\[\]\.(creationDate|imageId|imageState)`,
}, "|") + `)$`)

// awsGroups puts cases together that may be tried at once: of one action, and of places
// of one depth, so that none takes away the place of another. One that tells is alone.
func awsGroups(cases []awsCase) map[string][]awsCase {
	groups := map[string][]awsCase{}
	for _, c := range cases {
		if tells.MatchString(c.variation.Name) {
			groups[c.operation+" "+c.name()] = []awsCase{c}
			continue
		}
		kind, _, _ := strings.Cut(c.variation.Name, " ")
		name := fmt.Sprintf("%s %s %d", c.operation, kind, strings.Count(c.variation.Name, "."))
		if c.firstOnly {
			name += " in the first"
		}
		groups[name] = append(groups[name], c)
	}
	return groups
}

// awsTrial tries cases of one service.
type awsTrial struct {
	dir, home string
	before    map[string]awsImage
	counts    *tally
}

// try runs the main path once for up to a dozen cases. Where all of them change nothing
// together, each of them does not; else it tries fewer, and at last each case alone.
func (a awsTrial) try(t *testing.T, cases []awsCase) {
	t.Helper()
	const atOnce = 12
	if len(cases) > atOnce || len(cases) > 1 && !a.nothingChanges(t, cases) {
		a.try(t, cases[:len(cases)/2])
		a.try(t, cases[len(cases)/2:])
		return
	}
	if len(cases) > 1 {
		for _, c := range cases {
			a.counts.add(c.operation, c.name(), "right")
		}
		return
	}
	c := cases[0]
	run, changed := a.run(t, cases)
	verdict := run.judge(c.operation, c.variation.Name, a.before, packsOf(c.operation))
	a.counts.add(c.operation, c.name(), verdict)
	if verdict == "told" && !tells.MatchString(c.variation.Name) {
		t.Errorf("%s %s changes what the program says", c.operation, c.name())
	}
	for _, fault := range run.faults {
		t.Errorf("%s %s: %s", c.operation, c.name(), fault)
	}
	if !changed() {
		t.Errorf("%s %s: no answer was varied", c.operation, c.name())
	}
}

// nothingChanges tells whether all commands give the same with all cases at once.
func (a awsTrial) nothingChanges(t *testing.T, cases []awsCase) bool {
	t.Helper()
	run, changed := a.run(t, cases)
	operation := cases[0].operation
	return run.judge(operation, "", a.before, packsOf(operation)) == "right" && !run.spoke && len(run.faults) == 0 && changed()
}

// run is a run against a service that answers as all cases say. changed tells whether
// each case changed an answer.
func (a awsTrial) run(t *testing.T, cases []awsCase) (run *awsRun, changed func() bool) {
	t.Helper()
	var all []*legal.Varied
	server := serve(t, awsWorld(), func(fake http.Handler) http.Handler {
		next := fakeaws.Complete(fake)
		for _, c := range cases {
			varied := &legal.Varied{Next: next, Variation: c.variation, Match: func(r *http.Request) bool { return fakeaws.Operation(r) == c.operation }}
			next, all = varied, append(all, varied)
		}
		return next
	})
	return &awsRun{t: t, dir: a.dir, server: server, home: a.home}, func() bool {
		return !slices.ContainsFunc(all, func(v *legal.Varied) bool { return v.Changed() == 0 })
	}
}
