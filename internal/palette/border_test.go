package palette_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

const notDescribed = "is not what Palette's API description says"

// other is an answer in place of the fake's.
type other struct {
	name   string
	status int
	media  string
	body   string
}

func (o other) write(w http.ResponseWriter) {
	w.Header()["Content-Type"] = nil
	if o.media != "" {
		w.Header().Set("Content-Type", o.media)
	}
	w.WriteHeader(o.status)
	_, _ = io.WriteString(w, o.body)
}

const page = "<html><head><title>Sign in</title></head><body>...</body></html>"

// between serves a world through something that answers an operation otherwise; with
// passing, the world carries it out nevertheless.
func between(t *testing.T, w *world, operation string, passing bool, answer func(http.ResponseWriter)) *palette.Client {
	t.Helper()
	return newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.Operation(r) != operation {
			w.ServeHTTP(rw, r)
			return
		}
		if passing {
			w.ServeHTTP(httptest.NewRecorder(), r)
		}
		answer(rw)
	}), canary)
}

// through plans and applies.
func through(t *testing.T, client *palette.Client, s scenario) (*palette.Report, error) {
	t.Helper()
	outcome := client.ApplyAll(t.Context(), client.PlanAll(t.Context(), []palette.Request{s.request}, s.goal, 1), 1,
		func(palette.Target) (palette.Options, error) { return palette.Options{}, nil })
	return outcome[0].Report, palette.Errors(outcome)
}

// named is the scenario of a name.
func scenarioNamed(t *testing.T, name string) scenario {
	t.Helper()
	for _, s := range scenarios(t) {
		if s.name == name {
			return s
		}
	}
	t.Fatalf("there is no scenario %s", name)
	return scenario{}
}

// What is no answer of Palette leads to no write.
func TestReadsThatAreNoAnswer(t *testing.T) {
	const media = "application/json"
	answers := []other{
		{"an error", 200, media, `{"code": "Internal", "message": "broken"}`}, {"null", 200, media, "null"}, {"a list", 200, media, "[]"},
		{"a text", 200, media, `"ok"`}, {"half of it", 200, media, `{"items": [`}, {"empty", 200, media, ""}, {"no content", 204, "", ""},
		{"a page", 200, "text/html; charset=utf-8", page}, {"a page as JSON", 200, media, page}, {"another type", 200, "text/plain", `{"items": []}`},
		{"items of another type", 200, media, `{"items": {}, "spec": 3, "variables": "none", "packs": []}`}, {"another status", 202, media, `{"items": []}`},
		{"two values", 200, media, `{"items": []} {"items": []}`}, {"letter case", 200, media, `{"Items": [], "Spec": {}, "Variables": [], "Packs": {}}`},
	}
	empty := other{"no fields", 200, media, "{}"}
	w := newWorld(t)
	for operation, name := range map[string]string{
		"v1ProjectsMetadata": "draft", "v1ClusterProfilesMetadata": "draft", "v1ClusterProfilesGet": "draft",
		"v1ClusterProfilesUidPacksUidManifests": "draft", "V1ClusterProfilesUidVariablesGet": "draft", "v1ClusterProfilesUidValidatePacks": "draft",
		"v1RegistriesMetadata": "create", "v1PacksSummaryList": "create", "v1ClusterProfilesValidatePacks": "create",
	} {
		all := answers
		if operation != "V1ClusterProfilesUidVariablesGet" && !strings.Contains(operation, "Validate") && operation != "v1ClusterProfilesGet" {
			all = append(all[:len(all):len(all)], empty)
		}
		for _, answer := range all {
			t.Run(operation+"/"+answer.name, func(t *testing.T) {
				w.Reset(baseState(t))
				client := between(t, w, operation, false, answer.write)
				_, err := through(t, client, scenarioNamed(t, name))
				if e := wantFailure(t, err, notDescribed); !strings.Contains(e.Next, "what stands before it") {
					t.Errorf("got next step %q", e.Next)
				}
				sameList(t, "writes", w.writes(), nil)
			})
		}
	}
}

// A page of a proxy in place of the answer to a write is neither done nor refused:
// what is read afterwards says which.
func TestWritesThatAreNotAnswered(t *testing.T) {
	const media = "application/json"
	updates := []other{{"a page", 200, "text/html", page}, {"empty", 200, "", ""}, {"JSON", 200, media, `{}`}, {"accepted", 202, "", ""}, {"login", 302, "text/html", page}, {"timeout", 408, "text/html", page}}
	makes := []other{
		{"a page", 200, "text/html", page}, {"a page with the status", 201, "text/html", page}, {"no uid", 201, media, `{}`}, {"null", 201, media, `null`},
		{"an empty uid", 201, media, `{"uid": ""}`}, {"empty", 201, media, ""}, {"another status", 200, media, `{"uid": "profile-rhel"}`}, {"no content", 204, "", ""},
	}
	w := newWorld(t)
	for operation, c := range map[string]struct {
		scenario string
		action   palette.Action
		answers  []other
	}{
		"v1ClusterProfilesUidPacksNameUpdate": {"draft", palette.ActionUpdate, updates}, "v1ClusterProfilesPublish": {"publish", palette.ActionPublish, updates},
		"v1ClusterProfilesCreate": {"create", palette.ActionCreate, makes}, "v1ClusterProfilesUidPacksAdd": {"add layer", palette.ActionAdd, makes},
		"v1ClusterProfilesUidClone": {"new version", palette.ActionClone, makes},
	} {
		s := scenarioNamed(t, c.scenario)
		for _, answer := range c.answers {
			for _, passing := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/%t", operation, answer.name, passing), func(t *testing.T) {
					w.Reset(baseState(t))
					report, err := through(t, between(t, w, operation, passing, answer.write), s)
					if passing {
						if err != nil {
							t.Errorf("it was done, and that can be read: %v", err)
						}
						return
					}
					wantFailure(t, err, "it is not known whether palette carried out the request")
					for _, step := range report.Steps {
						if step.Action == c.action && step.Done {
							t.Errorf("the report says that it was done: %+v", report)
						}
					}
				})
			}
		}
	}
}

// The answer is about the profile that was asked for.
func TestAnswerAboutAnotherProfile(t *testing.T) {
	for name, c := range map[string]struct{ metadata, want string }{
		"another uid":     {`{"uid": "profile-edge", "name": "rhel-prod"}`, "the answer is about profile-edge"},
		"no uid, no name": {`{"annotations": {"scope": "project", "projectUid": "project-1"}}`, "does not tell which profile"},
		"another name":    {`{"name": "stores"}`, "there is no profile"},
	} {
		w := newWorld(t)
		client := answering(t, w, "/v1/clusterprofiles/profile-rhel", `{"metadata": `+c.metadata+`, "spec": {"version": "1.2.0", "published": {"packs": []}}}`)
		if _, err := through(t, client, scenarioNamed(t, "draft")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		sameList(t, "writes", w.writes(), nil)
	}
}

// Validation changes nothing, so it is asked again as a read is.
func TestValidationIsARead(t *testing.T) {
	for _, fault := range []fakepalette.Fault{fakepalette.ServerError, fakepalette.CutAfter, fakepalette.CutBody, fakepalette.TooMany} {
		w := newWorld(t)
		plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{})
		w.Fail(1, fault)
		if report, err := w.client.Apply(t.Context(), plan, palette.Options{}); err != nil || !report.Validated {
			t.Errorf("%s: %v, %+v", fault, err, report)
		}
	}
}

// An answer without a judgement is no approval.
func TestNoJudgementIsNoApproval(t *testing.T) {
	for _, body := range []string{`{}`, `{"packs": {}}`, `{"packs": {"results": null}}`, `{"packs": {"results": []}}`, `{"packs": {"results": [{"name": "kubernetes"}]}}`, `{"packs": {"results": [{}]}}`} {
		w := newWorld(t)
		client := between(t, w, "v1ClusterProfilesUidValidatePacks", false, other{"", 200, "application/json", body}.write)
		plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		if err != nil {
			t.Fatal(err)
		}
		report, err := client.Apply(t.Context(), plan, palette.Options{DryRun: palette.DryRunServer})
		if err != nil || report.Validated || !strings.Contains(strings.Join(report.Warnings, "\n"), "did not say whether the values are good") {
			t.Errorf("%s: %v, %+v", body, err, report)
		}
	}
}

// A list of pages ends.
func TestEndlessPages(t *testing.T) {
	for name, c := range map[string]struct {
		next func(n int) string
		most int
		want string
	}{
		"always another": {func(n int) string { return fmt.Sprint(n) }, 100, "more than 100 pages"},
		"the same":       {func(int) string { return "again" }, 2, `page "again" comes again`},
		"in a circle":    {func(n int) string { return fmt.Sprint(n % 3) }, 4, "comes again"},
	} {
		t.Run(name, func(t *testing.T) {
			w, n := newWorld(t), 0
			client := between(t, w, "v1PacksSummaryList", false, func(rw http.ResponseWriter) {
				n++
				other{"", 200, "application/json", fmt.Sprintf(`{"items": [{}], "listmeta": {"continue": %q}}`, c.next(n))}.write(rw)
			})
			_, err := through(t, client, scenarioNamed(t, "create"))
			wantFailure(t, err, c.want)
			if n > c.most {
				t.Errorf("%d pages were asked for", n)
			}
		})
	}
}

// stalled waits for the client to give up, after the limit; asked tells how often it was
// asked.
func stalled(t *testing.T, w *world, operation string, limit time.Duration) (client *palette.Client, asked func() int32) {
	t.Helper()
	var count atomic.Int32
	client = newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.Operation(r) != operation {
			w.ServeHTTP(rw, r)
			return
		}
		count.Add(1)
		<-r.Context().Done()
	}), canary, func(c *palette.Config) { c.Retries, c.RequestTimeout = 1, limit })
	return client, count.Load
}

// A deadline is named; a write that outlives it is not known to have failed.
func TestNoAnswerInTime(t *testing.T) {
	for operation, want := range map[string]int32{"v1ClusterProfilesGet": 2, "v1ClusterProfilesUidPacksNameUpdate": 1} {
		synctest.Test(t, func(t *testing.T) {
			client, asked := stalled(t, newWorld(t), operation, 20*time.Second)
			_, err := through(t, client, scenarioNamed(t, "draft"))
			if e := wantFailure(t, err, "no answer within 20s"); e.Next == "" || asked() != want {
				t.Errorf("%s: %d requests, next step %q", operation, asked(), e.Next)
			}
		})
	}
}

// A project that cannot be told means no request, as one without a uid is the tenant's.
func TestProjectThatCannotBeTold(t *testing.T) {
	for body, want := range map[string]string{
		`{"items": []}`:   `has 0 projects named "Default"`,
		`{"items": null}`: `has 0 projects named "Default"`,
		`{"items": [{"metadata": {"name": "Default-2", "uid": "project-2"}}, {"metadata": {"name": "default", "uid": "x"}}]}`:       `has 0 projects named "Default"`,
		`{"items": [{"metadata": {"name": "Default"}}]}`:                                                                            "does not tell the uid",
		`{"items": [{"metadata": {"name": "Default", "uid": ""}}]}`:                                                                 "does not tell the uid",
		`{"items": [{"metadata": {"name": "Default", "uid": "project-1"}}, {"metadata": {"name": "Default", "uid": "project-2"}}]}`: `has 2 projects named "Default"`,
		`{"items": [{"metadata": {"name": "Default", "uid": "project-1"}}, {"metadata": {"name": "Default"}}]}`:                     `has 2 projects named "Default"`,
		`{"items": [{"metadata": {"uid": "project-1"}}]}`:                                                                           `has 0 projects named "Default"`,
	} {
		w := newWorld(t)
		_, err := through(t, answering(t, w, "/v1/dashboard/projects/metadata", body), scenarioNamed(t, "publish"))
		wantFailure(t, err, want)
		if got := w.Count(); got != 0 {
			t.Errorf("%s: %d requests were sent", body, got)
		}
	}
}

// A run of several targets looks up a project once.
func TestProjectIsLookedUpOnce(t *testing.T) {
	w := newWorld(t)
	requests := []palette.Request{request(t, "rhel-prod", newAMI), edgeRequest(t, "v9"), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create = true })}
	for _, outcome := range w.client.PlanAll(t.Context(), requests, palette.Goal{}, 4) {
		if outcome.Err != nil {
			t.Error(outcome.Err)
		}
	}
	n := 0
	for _, call := range w.Calls() {
		if strings.HasSuffix(call.Path, "/projects/metadata") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the project was looked up %d times", n)
	}
}

// Names that have the key in them are shown without it, wherever; a profile with it in
// what goes back is refused.
func TestKeyInNames(t *testing.T) {
	shown := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(data) + fmt.Sprintf("%+v", v)
	}
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Clusters[0].Name = "web-" + canary
		s.Registries[0].Name = "mirror-" + canary
		s.Projects[1].Name = "Default-" + canary
	})
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	report, err := w.client.Apply(t.Context(), plan, palette.Options{})
	if err != nil {
		t.Fatal(err)
	}
	noCanary(t, shown(report)+shown(plan.Difference(palette.SideDraft))+strings.Join(plan.Notes, "\n"))
	_, err = w.client.Plan(t.Context(), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.Registry = true, "Mine" }), palette.Goal{})
	wantFailure(t, err, "has no registry named")
	noCanary(t, wordsOf(t, err))

	for name, adjust := range map[string]func(*fakepalette.Profile){
		"layer":                   func(p *fakepalette.Profile) { p.Published[1].Name = "k8s-" + canary },
		"label":                   func(p *fakepalette.Profile) { p.Labels = map[string]string{"key": canary} },
		"label that is called so": func(p *fakepalette.Profile) { p.Labels = map[string]string{"apiKey": canary, "team": "os"} },
		"name of a label":         func(p *fakepalette.Profile) { p.Labels = map[string]string{canary: "password"} },
		"layer that is called so": func(p *fakepalette.Profile) { p.Published[1].Name = "password=" + canary },
	} {
		w := newWorld(t, func(s *fakepalette.State) { adjust(ours(s)) })
		_, err := through(t, w.client, scenarioNamed(t, "draft"))
		if e := wantFailure(t, err, "has the API key in"); strings.Contains(e.Error(), notDescribed) || !strings.HasPrefix(e.Next, "take it out there") {
			t.Errorf("got %v, next step %q", e, e.Next)
		}
		noCanary(t, wordsOf(t, err))
		sameList(t, "writes of "+name, w.writes(), nil)
	}
	// Values are the user's: an edit leaves them byte for byte.
	w = newWorld(t, func(s *fakepalette.State) { ours(s).Published[1].Values += "# " + canary + "\n" })
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	state := w.State()
	if got := ours(&state).Published[1].Values; !strings.Contains(got, canary) {
		t.Errorf("the values became %q", got)
	}
}

func TestKeyAsHost(t *testing.T) {
	secret, err := palette.NewSecret(canary)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{canary, "https://" + canary, canary + ".example.com"} {
		_, err := palette.NewClient(palette.Config{Host: host, Secret: secret})
		if failure.Code(err) != failure.ExitUsage {
			t.Errorf("got %v", err)
		}
		noCanary(t, wordsOf(t, err))
	}
}

// The next step after an answer of 4xx is not the same again.
func TestNextStepOfARefusal(t *testing.T) {
	for status, want := range map[int]string{
		400: "correct the values or the target", 401: "the API key is wrong", 403: "ask for a role", 404: "check the host, the project", 405: "does not take this request", 407: "proxy variables",
		409: "who else changes the profile", 413: "limit", 414: "what stands before it", 418: "what stands before it", 421: "what stands before it", 422: "correct the values or the target",
		429: "wait a minute", 500: "run the command again", 501: "does not take this request", 503: "run the command again", 302: "a page to log in",
	} {
		w := newWorld(t)
		client := between(t, w, "v1ClusterProfilesUidPacksNameUpdate", false, other{"", status, "application/json", `{"code": "Some", "message": "no"}`}.write)
		_, err := through(t, client, scenarioNamed(t, "draft"))
		page := between(t, newWorld(t), "v1ProjectsMetadata", false, other{"", status, "text/html", page}.write)
		if _, err := through(t, page, scenarioNamed(t, "draft")); slices.Contains([]int{400, 401, 403, 404, 409}, status) {
			if e := wantFailure(t, err, "a web page titled"); !strings.Contains(e.Next, "a page to log in") {
				t.Errorf("a page with %d: got next step %q", status, e.Next)
			}
		}
		if e := wantFailure(t, err, fmt.Sprintf("palette answered %d", status)); !strings.Contains(e.Next, want) || status < 500 && strings.Contains(e.Next, "run the command again") {
			t.Errorf("%d: got next step %q", status, e.Next)
		}
	}
}
