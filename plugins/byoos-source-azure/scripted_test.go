package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

// scripted is an Azure whose answers are written out, by their paths. One that begins with a
// status and a code is a refusal; what is not there does not exist.
type scripted map[string]string

// Do answers one request.
func (s scripted) Do(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, "/subscriptions/") {
		return azure{}.Do(r)
	}
	body, there := s[r.URL.Path]
	if !there {
		body = "404 ResourceNotFound"
	}
	var status int
	var code string
	if n, _ := fmt.Sscanf(body, "%d %s", &status, &code); n == 2 {
		return azure{arm: reply{status, fmt.Sprintf(`{"error":{"code":%q,"message":"no"}}`, code)}}.Do(r)
	}
	return azure{arm: reply{200, body}}.Do(r)
}

// Paths of the tests' things.
const (
	inS  = "/subscriptions/S/providers/Microsoft.Compute"
	inRG = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute"
	inT  = "/subscriptions/T/providers/Microsoft.Compute"
	inTG = "/subscriptions/T/resourceGroups/RG/providers/Microsoft.Compute"
)

// now is the host's clock.
func now() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }

func (s scripted) source() func() sdk.Source[config] {
	return func() sdk.Source[config] {
		return source{getenv: os.Getenv, transport: s, credentials: &signin.Store{}, answers: &arm.Answers{}}
	}
}

// discover returns all that the host gets, a line for each: what is told, then the images.
func (s scripted) discover(t *testing.T, c config, hints sdk.Hints) []string {
	t.Helper()
	images, said, err := sdktest.Discover(t.Context(), s.source(), c, sdktest.Now(now()), sdktest.Hints(hints))
	if err != nil {
		t.Fatal(err)
	}
	lines := toldLines(said)
	var shown []string
	for _, i := range images {
		line := fmt.Sprintf("image %s | %s | %s", i.ID, i.Region, stateNames()[i.State])
		for _, more := range []string{i.StateReason, i.Withheld} {
			if more != "" {
				line += " | " + more
			}
		}
		shown = append(shown, line)
	}
	slices.Sort(shown)
	return append(lines, shown...)
}

func toldLines(said []sdk.Diagnostic) []string {
	var lines []string
	for _, d := range said {
		severity := map[sdk.Severity]string{sdk.Error: "error", sdk.Warning: "warning", sdk.Notice: "notice"}[d.Severity]
		lines = append(lines, strings.Join([]string{severity, d.ConfigPath, d.Scope, d.Summary, d.Detail, d.NextStep}, " | "))
	}
	slices.Sort(lines)
	return lines
}

func stateNames() map[sdk.State]string {
	return map[sdk.State]string{
		sdk.StateUnknown: "?", sdk.Available: "available", sdk.Pending: "pending", sdk.Failed: "failed",
		sdk.Disabled: "disabled", sdk.Gone: "gone", sdk.Unusable: "unusable",
	}
}

// answered is what is asked of a scripted Azure.
type answered struct {
	config config
	hints  sdk.Hints
	azure  scripted
}

// checkAnswers holds all that the host gets against a file of testdata/words.
func checkAnswers(t *testing.T, file string, tests map[string]answered) {
	t.Helper()
	signsIn(t, "EnvironmentCredential", nil)
	got := map[string][]string{}
	for name, tt := range tests {
		got[name] = tt.azure.discover(t, tt.config, tt.hints)
	}
	checkWords(t, file, got)
}

// checkWords compares lines by their names with a file. UPDATE_SCRIPTS=1 writes it.
func checkWords(t *testing.T, file string, got map[string][]string) {
	t.Helper()
	file = filepath.Join("testdata", "words", file+".txt")
	var text txtar.Archive
	for _, name := range slices.Sorted(maps.Keys(got)) {
		lines := strings.Join(append(got[name], ""), "\n")
		text.Files = append(text.Files, txtar.File{Name: name, Data: []byte(lines)})
	}
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(file, txtar.Format(&text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(&text))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// list is an answer with items.
func list(items ...string) string { return `{"value":[` + strings.Join(items, ",") + `]}` }

// Things of the tests: Linux definitions, versions and managed images of one region.
const (
	definitionD = `{"name":"d","properties":{"osType":"Linux","osState":"Generalized"}}`
	windows     = `{"name":"w","properties":{"osType":"Windows","osState":"Generalized"}}`
	versionOne  = `{"name":"1.0.0","location":"westus2","properties":{"provisioningState":"Succeeded","publishingProfile":{"publishedDate":"2026-01-01T00:00:00Z"},"replicationStatus":{"aggregatedState":"Completed"}}}`
	imageOne    = `{"id":"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/images/one","name":"one","location":"westus2","tags":{"Team":"platform"},"properties":{"provisioningState":"Succeeded","storageProfile":{"osDisk":{"osType":"Linux","osState":"Generalized"}}}}`
)
