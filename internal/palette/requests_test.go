package palette_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
	"github.com/kubectl-byoos/kubectl-byoos/test/golden"
)

// toldCall is a request with its body, of which the values are left out.
func toldCall(t *testing.T, call fakepalette.Call) string {
	t.Helper()
	text := call.Method + " " + call.Path
	if call.Query != "" {
		text += "?" + call.Query
	}
	if call.Body == "" {
		return text
	}
	var body any
	if err := json.Unmarshal([]byte(call.Body), &body); err != nil {
		t.Fatal(err)
	}
	var short func(v any)
	short = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if values, ok := v["values"].(string); ok {
				v["values"] = fmt.Sprintf("%.5s... %t", values, strings.Contains(values, newAMI))
			}
			for _, inner := range v {
				short(inner)
			}
		case []any:
			for _, inner := range v {
				short(inner)
			}
		}
	}
	short(body)
	data, _ := json.Marshal(body)
	return text + " " + string(data)
}

// What each way of an apply sends, and what it tells of it.
func TestRequestsOfAnApply(t *testing.T) {
	create := func(t *palette.Target) { t.Create, t.CloudType, t.Version = true, "aws", palette.Latest }
	var got strings.Builder
	for _, s := range []scenario{
		{"update", request(t, "rhel-prod", newAMI), palette.Goal{}},
		{"clone", request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"}},
		{"create", request(t, "fresh", newAMI, create), palette.Goal{}},
		{"add", request(t, "no-os", newAMI, create), palette.Goal{}},
		{"replace", request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{}},
	} {
		w := newWorld(t, func(s *fakepalette.State) {
			p := s.Profile("ubuntu", "1.0.0")
			p.Published, p.Labels = append(p.Published, ours(s).Published[2]), map[string]string{"team": "platform"}
		})
		report := w.apply(t, s.request, s.goal)
		fmt.Fprintf(&got, "# %s\n", s.name)
		for _, call := range w.Calls() {
			if asks := call.Query != "" || call.Method != http.MethodGet; asks {
				fmt.Fprintln(&got, toldCall(t, call))
			}
		}
		told, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s\n", told)
	}
	golden.Check(t, "testdata/requests.golden", got.String())
}

// At most so many targets of a scope, and profiles of a target, are asked for at once.
func TestRequestsAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		limit int
		path  string
		want  time.Duration
	}{
		"one target": {1, "/v1/dashboard/clusterprofiles/metadata", 3 * time.Second}, "none is one": {0, "/v1/dashboard/clusterprofiles/metadata", 3 * time.Second},
		"two targets": {2, "/v1/dashboard/clusterprofiles/metadata", 2 * time.Second}, "three targets": {3, "/v1/dashboard/clusterprofiles/metadata", time.Second},
		"nine profiles": {3, "/v1/clusterprofiles/other-", 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				for i := range 9 {
					other := *ours(s)
					other.UID, other.ProjectUID = fmt.Sprintf("other-%d", i), "project-2"
					s.Profiles = append([]*fakepalette.Profile{&other}, s.Profiles...)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if strings.HasPrefix(r.URL.Path, c.path) && !strings.Contains(strings.TrimPrefix(r.URL.Path, c.path), "/") {
						<-time.After(time.Second)
					}
					w.ServeHTTP(rw, r)
				}), canary)
				requests := []palette.Request{request(t, "rhel-prod", newAMI), edgeRequest(t, "v9"), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create = true })}
				if strings.Contains(c.path, "other") {
					requests = requests[:1]
				}
				planned := client.PlanAll(t.Context(), requests, palette.Goal{}, c.limit)
				if took := time.Since(start); palette.Errors(planned) != nil || took != c.want {
					t.Errorf("it took %s; %v", took, palette.Errors(planned))
				}
				if !strings.Contains(c.path, "other") {
					return
				}
				// What was learnt of the others is not asked again.
				w.Forget()
				if report, err := client.Apply(t.Context(), planned[0].Plan, palette.Options{}); err != nil {
					t.Errorf("got %+v, %v", report, err)
				}
				if slices.ContainsFunc(w.Calls(), func(c fakepalette.Call) bool { return strings.Contains(c.Path, "other-") }) {
					t.Error("another project's profile was read again")
				}
			})
		})
	}
}
