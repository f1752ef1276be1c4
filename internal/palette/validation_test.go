package palette_test

import (
	"net/http"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
)

// What Palette says of the layer stops an apply; what it says of others is told.
func TestVerdictOfPalette(t *testing.T) {
	const silent = "palette did not say whether the values are good"
	for name, c := range map[string]struct {
		results           string
		details, warnings []string
		validated         bool
	}{
		"good": {`{"name": "generic-byoi"}`, nil, nil, true},
		"of another": {`{"name": "generic-byoi"}, {"name": "kubernetes", "errors": [{"code": "E", "message": "no"}, {"message": "not at all"}]}`, nil,
			[]string{"palette says besides: kubernetes: no (E)", "palette says besides: kubernetes: not at all"}, true},
		"of another alone":               {`{"displayName": "Kubernetes", "errors": [{"message": "no"}]}`, nil, []string{"palette says besides: Kubernetes: no", silent}, false},
		"of the profile":                 {`{"errors": [{"message": "no layer of the network"}]}`, nil, []string{"palette says besides: the profile: no layer of the network", silent}, false},
		"bad":                            {`{"name": "generic-byoi", "errors": [{"code": "Bad", "message": "a\nb"}]}`, []string{"generic-byoi: a b (Bad)"}, nil, false},
		"bad, by the name that is shown": {`{"displayName": "generic-byoi", "errors": [{"message": "no"}]}`, []string{"generic-byoi: no"}, nil, false},
		"a name that is shown alone":     {`{"name": "other", "displayName": "generic-byoi", "errors": [{"message": "no"}]}`, nil, []string{"palette says besides: other: no", silent}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			client := between(t, w, "v1ClusterProfilesUidValidatePacks", false, other{"", 200, "application/json", `{"packs": {"results": [` + c.results + `]}}`}.write)
			report, err := client.Apply(t.Context(), planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{}), palette.Options{DryRun: palette.DryRunServer})
			sameList(t, "warnings", report.Warnings, c.warnings)
			if c.details == nil {
				if err != nil || report.Validated != c.validated {
					t.Errorf("got %v, %+v", err, report)
				}
				return
			}
			e := wantFailure(t, err, `palette refuses the values for profile "rhel-prod" 1.2.0 of project "Default"`)
			sameList(t, "details", e.Details, c.details)
		})
	}
}

// A validation that is refused stops a run before anything is written.
func TestValidationThatIsRefused(t *testing.T) {
	w := newWorld(t)
	client := between(t, w, "v1ClusterProfilesUidValidatePacks", false, other{"", http.StatusForbidden, "application/json", `{"code": "Forbidden", "message": "no"}`}.write)
	report, err := client.Apply(t.Context(), planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{}), palette.Options{})
	wantFailure(t, err, `cannot have the values for profile "rhel-prod" 1.2.0 of project "Default" validated: palette answered 403`)
	sameList(t, "writes", w.writes(), nil)
	sameList(t, "steps", progress(report), nil)
}
