package apply

import (
	"context"
	"io"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// planned is the plan of a profile that two clusters use, with these values.
func planned(t *testing.T, values string, adjust ...func(*fakepalette.Profile)) []palette.Outcome {
	t.Helper()
	profile := &fakepalette.Profile{
		UID: "profile-1", Name: "rhel-prod", Version: "1.2.0", CloudType: "aws", Type: "cluster",
		Clusters: []fakepalette.Cluster{{Name: "web", UID: "cluster-1"}, {Name: "batch", UID: "cluster-2"}},
		Published: []fakepalette.Layer{
			{Name: "generic-byoi", Layer: "os", Type: "spectro", Tag: "1.0.0", PackUID: "byoi-100", RegistryUID: "reg-public", Values: "pack: {osImageOverride: old}\n"},
		},
	}
	for _, f := range adjust {
		f(profile)
	}
	server, err := fakepalette.New(fakepalette.State{Profiles: []*fakepalette.Profile{profile}})
	if err != nil {
		t.Fatal(err)
	}
	server.Key = "key"
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	secret, err := palette.NewSecret("key")
	if err != nil {
		t.Fatal(err)
	}
	client, err := palette.NewClient(palette.Config{Host: listener.URL, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return client.PlanAll(t.Context(), []palette.Request{{
		Target: palette.Target{Name: "aws-east", Pack: "generic-byoi", Scope: palette.TenantScope(), Profile: "rhel-prod"},
		Edit:   func([]byte) ([]byte, error) { return []byte(values), nil },
	}}, palette.Goal{Publish: true, IncludeDraft: true}, 1)
}

func asking(answer string) (*Options, *strings.Builder) {
	var asked strings.Builder
	return &Options{
		Invocation: &invocation.Invocation{
			IOStreams:     genericiooptions.IOStreams{In: strings.NewReader(answer), Out: io.Discard, ErrOut: &asked},
			StdinTerminal: true, StderrTerminal: true,
		},
		Goal: palette.Goal{Publish: true}, DryRun: string(palette.DryRunNone),
	}, &asked
}

func TestPublishAsks(t *testing.T) {
	const question = "This publishes in HOST\n" +
		"  aws-east: profile \"rhel-prod\" 1.2.0 of the tenant: used by batch, web\n" +
		"Publish? Only yes is accepted: "
	for answer, code := range map[string]int{"yes\n": failure.ExitOK, "yes": failure.ExitOK, "y\n": failure.ExitFailure, "\n": failure.ExitFailure, "": failure.ExitFailure} {
		o, asked := asking(answer)
		err := o.confirm(t.Context(), planned(t, "pack: {osImageOverride: new}\n"))
		if failure.Code(err) != code || regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(asked.String(), "HOST") != question {
			t.Errorf("%q: got %v, code %d, and was asked %q", answer, err, failure.Code(err), asked)
		}
	}
}

// Names come from others: they write nothing to the terminal but themselves. Whose
// edits are published along is asked too.
func TestQuestionIsWhole(t *testing.T) {
	o, asked := asking("no\n")
	err := o.confirm(t.Context(), planned(t, "pack: {osImageOverride: new}\n", func(p *fakepalette.Profile) {
		p.Version = "1.2.0\x1b[2K\rnothing"
		p.Clusters[0].Name = "web\x1b[1A"
		p.Draft = append(slices.Clone(p.Published), fakepalette.Layer{Name: "cni", Layer: "cni", Type: "spectro", PackUID: "x"})
	}))
	if failure.Code(err) != failure.ExitFailure {
		t.Errorf("got %v", err)
	}
	if text := asked.String(); strings.ContainsAny(text, "\x1b\r") || !strings.Contains(text, "unpublished edits of somebody else in cni") {
		t.Errorf("was asked %q", text)
	}
}

func TestPublishAsksNothing(t *testing.T) {
	for name, adjust := range map[string]func(*Options){
		"a draft": func(o *Options) { o.Goal.Publish = false },
		"agreed":  func(o *Options) { o.Yes = true },
		"dry run": func(o *Options) { o.DryRun = string(palette.DryRunServer) },
	} {
		o, asked := asking("")
		adjust(o)
		if err := o.confirm(t.Context(), planned(t, "pack: {osImageOverride: new}\n")); err != nil || asked.Len() > 0 {
			t.Errorf("%s: got %v, and was asked %q", name, err, asked)
		}
	}
	o, asked := asking("")
	if err := o.confirm(t.Context(), planned(t, "pack: {osImageOverride: old}\n")); err != nil || asked.Len() > 0 {
		t.Errorf("nothing to do: got %v, and was asked %q", err, asked)
	}
}

// What was done is told, also where the template for it fails.
func TestTemplateThatFails(t *testing.T) {
	o, told := asking("")
	o.Print.Output = "go-template={{range .nope}}{{end}}{{.items.nope}}"
	if err := o.Print.Open(t.Context(), o.Invocation); err != nil {
		t.Fatal(err)
	}
	outcomes := []palette.Outcome{{Report: &palette.Report{Subject: palette.Subject{Name: "aws-east", Profile: "rhel"}, State: palette.StatePublished,
		Steps: []palette.Step{{Action: palette.ActionPublish, Text: "publish it", Progress: palette.ProgressSeen, Done: true}}}}}
	if err := o.print(outcomes); failure.Code(err) != failure.ExitFailure || !strings.Contains(told.String(), "done: publish it") {
		t.Errorf("got %v, told %q", err, told)
	}
}

func TestPublishNeedsATerminalOrYes(t *testing.T) {
	for name, adjust := range map[string]func(*Options){
		"no stdin":                func(o *Options) { o.Invocation.StdinTerminal = false },
		"no stderr":               func(o *Options) { o.Invocation.StderrTerminal = false },
		"key from stdin":          func(o *Options) { o.Palette.KeyFile = "-" },
		"spec from stdin":         func(o *Options) { o.Run.Spec.File = "-" },
		"a new version published": func(o *Options) { o.Goal.NewVersion = "1.3.0" },
		"others' drafts alone":    func(o *Options) { o.Goal = palette.Goal{IncludeDraft: true} },
		"the OS layer alone":      func(o *Options) { o.Goal = palette.Goal{OSLayerAlone: true} },
		"new version form":        func(o *Options) { o.Goal = palette.Goal{NewVersion: "1.3"} },
	} {
		o, _ := asking("yes\n")
		adjust(o)
		if err := o.validate(); failure.Code(err) != failure.ExitUsage {
			t.Errorf("%s: got %v", name, err)
		}
	}
	o, _ := asking("yes\n")
	if err := o.validate(); err != nil {
		t.Errorf("on a terminal: got %v", err)
	}
}

func TestQuestionEndsWithTheRun(t *testing.T) {
	o, _ := asking("")
	silent, _ := io.Pipe()
	o.Invocation.In = silent
	outcomes := planned(t, "pack: {osImageOverride: new}\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.confirm(ctx, outcomes); failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v", err)
	}
}
